//! The only place that prints: the product on standard output, everything else on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::builder::StyledStr;
use zeroize::Zeroizing;

use super::env::Env;
use super::failure::Failure;
use super::progress::Progress;
use crate::report::{Format, Report, github, human, json, sarif, visible_lines};

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Standard output and standard error of one run.
///
/// A reader that goes away (`kship ... | head`) is no error: what would follow is dropped, and the run ends with the exit
/// code that its work deserves.
pub struct Ui {
    out: Stream,
    err: Stream,
    quiet: bool,
    width: usize,
}

struct Stream {
    to: Box<dyn Write + Send>,
    color: bool,
    terminal: bool,
    closed: bool,
}

impl fmt::Debug for Ui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ui")
            .field("quiet", &self.quiet)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl Ui {
    /// The streams of the process.
    #[must_use]
    pub fn new(env: &Env, color: Color, quiet: bool) -> Self {
        let choose = |auto: ColorChoice| match color {
            Color::Auto => auto != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            quiet,
            width: env.columns.or_else(terminal_width).unwrap_or(WIDTH).clamp(40, 160),
            out: Stream {
                color: choose(AutoStream::choice(&out)),
                terminal: out.is_terminal(),
                to: Box::new(AutoStream::always(out)),
                closed: false,
            },
            err: Stream {
                color: choose(AutoStream::choice(&err)),
                terminal: err.is_terminal(),
                to: Box::new(AutoStream::always(err)),
                closed: false,
            },
        }
    }

    /// Writes the product to standard output, byte for byte.
    ///
    /// # Errors
    /// It cannot be written; a reader that has gone away is no error.
    pub fn product(&mut self, text: &str) -> Result<(), Failure> {
        self.product_bytes(text.as_bytes())
    }

    /// As [`Self::product`], for what may be no text.
    ///
    /// # Errors
    /// It cannot be written; a reader that has gone away is no error.
    pub fn product_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out
            .write_bytes(bytes)
            .map_err(|error| Failure::new(OutputError(error)))
    }

    /// Writes a report to standard output; `explain` tells each skip to people.
    ///
    /// Failures are for [`Self::failures`], which comes before: on a terminal the counts stand last.
    ///
    /// # Errors
    /// As [`Self::product`].
    pub fn report(&mut self, report: &Report, format: Format, explain: bool) -> Result<(), Failure> {
        let text = match format {
            Format::Human if self.quiet && report.findings.is_empty() => String::new(),
            Format::Human => human::render(report, self.layout(self.out.color, explain)),
            Format::Json => json::render(report)?,
            Format::Sarif => sarif::render(report)?,
            Format::Github => github::render(report),
        };
        self.product(&text)
    }

    /// Tells a report on standard error, because standard output holds another product.
    pub fn report_aside(&mut self, report: &Report, explain: bool) {
        if !self.quiet || !report.findings.is_empty() {
            // Nothing can be done about a standard error that cannot be written.
            let _ = self
                .err
                .write(&human::render(report, self.layout(self.err.color, explain)));
        }
    }

    const fn layout(&self, color: bool, explain: bool) -> human::Layout {
        human::Layout {
            width: self.width,
            color,
            explain,
        }
    }

    /// Tells what a report could not decide, on standard error.
    pub fn failures(&mut self, report: &Report) {
        for failure in &report.failures {
            self.chain(&human::failure_lines(failure));
        }
    }

    /// Tells what happened, unless `--quiet` is given.
    pub fn status(&mut self, message: impl fmt::Display) {
        if !self.quiet {
            self.tell("", Style::new(), &message);
        }
    }

    /// Tells what the user should know although it is no error; `--quiet` does not silence it.
    pub fn warning(&mut self, message: impl fmt::Display) {
        self.tell("warning: ", AnsiColor::Yellow.on_default().bold(), &message);
    }

    /// Tells what failed.
    pub fn error(&mut self, message: impl fmt::Display) {
        self.tell("error: ", AnsiColor::Red.on_default().bold(), &message);
    }

    /// Tells what may help.
    pub fn hint(&mut self, message: impl fmt::Display) {
        self.tell("hint: ", AnsiColor::Cyan.on_default().bold(), &message);
    }

    /// Asks the person at the terminal for a password, without showing it; `None` if there is nobody to ask.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn ask_password(&mut self, question: impl fmt::Display) -> Result<Option<Zeroizing<String>>, Failure> {
        if !self.err.terminal {
            return Ok(None);
        }
        let question = question.to_string();
        let _ = self.err.write(&visible_lines(&question));
        let _ = self.err.flush();
        match rpassword::read_password() {
            Ok(password) => Ok(Some(Zeroizing::new(password))),
            Err(error) => Err(Failure::new(PasswordError(error))),
        }
    }

    /// Tells a failure: the error, its causes, its hints.
    pub fn failure(&mut self, failure: &Failure) {
        self.chain(&failure.chain());
        for hint in &failure.hints {
            self.hint(hint);
        }
    }

    /// Writes help that was asked for to standard output.
    pub(super) fn help(&mut self, text: &StyledStr) -> Result<(), Failure> {
        let text = styled(text, self.out.color);
        self.product(&text)
    }

    /// Writes what clap has against the arguments to standard error.
    pub(super) fn refusal(&mut self, text: &StyledStr) {
        let text = styled(text, self.err.color);
        let _ = self.err.write(&text);
    }

    /// A progress bar on standard error for `total` steps; `what` says what they do: `resolving`.
    ///
    /// Nothing is shown with `--quiet`, where standard error is no terminal, and for work under half a second. Drop it
    /// before anything else is printed.
    #[must_use]
    pub fn progress(&self, what: &'static str, total: usize) -> Progress {
        Progress::new(self.err.terminal && !self.quiet, what, total)
    }

    /// As [`Self::progress`], for work whose end is not known.
    #[must_use]
    pub fn progress_open(&self, what: &'static str) -> Progress {
        Progress::open(self.err.terminal && !self.quiet, what)
    }

    /// The width for text on standard output, in columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether standard output is coloured.
    #[must_use]
    pub fn color(&self) -> bool {
        self.out.color
    }

    /// Whether standard output is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.out.terminal
    }

    /// Whether `--quiet` is given.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Sends off what is still on its way.
    ///
    /// # Errors
    /// As [`Self::product`].
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| Failure::new(OutputError(error)))
    }

    /// Tells an error and its causes.
    fn chain(&mut self, chain: &[String]) {
        for (at, message) in chain.iter().enumerate() {
            if at == 0 {
                self.error(message);
            } else {
                self.tell("  caused by: ", Style::new(), message);
            }
        }
    }

    /// Nothing can be done about a standard error that cannot be written.
    fn tell(&mut self, label: &str, style: Style, message: &dyn fmt::Display) {
        let message = message.to_string();
        let message = visible_lines(&message);
        let text = if self.err.color && !label.is_empty() {
            format!("{style}{label}{style:#}{message}\n")
        } else {
            format!("{label}{message}\n")
        };
        let _ = self.err.write(&text);
    }
}

impl Stream {
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.write_bytes(text.as_bytes())
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.guard(|to| to.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guard(|to| to.flush())
    }

    fn guard(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        match write(self.to.as_mut()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => result,
        }
    }
}

fn styled(text: &StyledStr, color: bool) -> String {
    if color {
        text.ansi().to_string()
    } else {
        text.to_string()
    }
}

/// Text is this wide where there is no terminal to ask.
const WIDTH: usize = 100;

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width))
}

#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written")]
struct OutputError(#[source] io::Error);

#[derive(Debug, thiserror::Error)]
#[error("the password cannot be read from the terminal")]
struct PasswordError(#[source] io::Error);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A stream that keeps what it is given, or fails as told.
    #[derive(Clone, Default)]
    struct Sink {
        text: Arc<Mutex<Vec<u8>>>,
        failing: Option<io::ErrorKind>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.failing {
                Some(kind) => Err(kind.into()),
                None => self.text.lock().unwrap().write(bytes),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.failing.map_or(Ok(()), |kind| Err(kind.into()))
        }
    }

    impl Sink {
        fn failing(kind: io::ErrorKind) -> Self {
            Self {
                failing: Some(kind),
                ..Self::default()
            }
        }

        fn text(&self) -> String {
            String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
        }
    }

    fn ui(out: &Sink, err: &Sink, color: bool, quiet: bool) -> Ui {
        let stream = |sink: &Sink| Stream {
            to: Box::new(sink.clone()),
            color,
            terminal: false,
            closed: false,
        };
        Ui {
            out: stream(out),
            err: stream(err),
            quiet,
            width: 100,
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the \u{1b}[31mfile")]
    struct Unreadable(#[source] io::Error);

    #[test]
    fn the_product_and_the_talk_are_apart() {
        let (out, err) = (Sink::default(), Sink::default());
        let mut ui = ui(&out, &err, false, false);
        ui.product("image: \u{1b}x\n").unwrap();
        ui.status("wrote `a.yaml`");
        ui.warning("odd");
        ui.failure(&Failure::new(Unreadable(io::Error::other("gone"))).hint("look"));
        assert_eq!(out.text(), "image: \u{1b}x\n", "a product is given byte for byte");
        assert_eq!(
            err.text(),
            "wrote `a.yaml`\nwarning: odd\nerror: cannot read the \\u{1b}[31mfile\n  caused by: gone\nhint: look\n"
        );
    }

    #[test]
    fn quiet_silences_status_only() {
        let (out, err) = (Sink::default(), Sink::default());
        let mut ui = ui(&out, &err, true, true);
        ui.status("wrote");
        ui.warning("odd");
        assert_eq!(err.text(), "\u{1b}[1m\u{1b}[33mwarning: \u{1b}[0modd\n");
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
        let mut gone = ui(
            &Sink::failing(io::ErrorKind::BrokenPipe),
            &Sink::default(),
            false,
            false,
        );
        assert!(gone.product("a").is_ok() && gone.product("b").is_ok() && gone.finish().is_ok());
        let err = Sink::default();
        let mut full = ui(&Sink::failing(io::ErrorKind::StorageFull), &err, false, false);
        let failure = full.product("a").unwrap_err();
        assert_eq!(failure.exit, super::super::Exit::Failure);
        assert_eq!(
            failure.chain(),
            ["standard output cannot be written", "no storage space"]
        );
    }

    #[test]
    fn the_failures_of_a_report_are_told_beside_it() {
        use crate::report::Failure as Undecided;

        let mut report = Report::new("kship.pin/v1", &[]);
        report.failures = vec![Undecided::new(&Unreadable(io::Error::other("gone"))).at("a.yaml", None)];
        let (out, err) = (Sink::default(), Sink::default());
        let mut ui = ui(&out, &err, false, true);
        ui.failures(&report);
        let told = "error: a.yaml: cannot read the \\u{1b}[31mfile\n  caused by: gone\n";
        assert_eq!((err.text().as_str(), out.text().as_str()), (told, ""));
        ui.report(&report, Format::Json, false).unwrap();
        assert!(out.text().contains("cannot read the"));
        assert_eq!(err.text(), told);
    }
}
