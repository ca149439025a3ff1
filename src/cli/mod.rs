//! The command line: flags, dispatch, exit codes. No stability promise; the library below has one.
//!
//! A verb is one file here: its arguments as the user typed them, and `run`, which turns them into the types of the
//! library, prints through [`Ui`], and returns the [`Exit`] or the [`Failure`].

pub mod completions;
mod encryption;
mod env;
mod failure;
mod input;
mod interrupt;
mod kubeseal;
mod password;
mod pin;
mod policy;
mod progress;
mod registry;
mod reseal;
mod seal;
mod ui;
mod unseal;
mod unseal_raw;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use env::Env;
pub use failure::{Failure, hints_for};
pub use progress::Progress;
pub use ui::{Color, Ui};

use crate::report::Answer;

/// Runs kship with the arguments of the process, its own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let env = Env::read();
    if kubeseal::is_called(&args) {
        return kubeseal::main(args, &env);
    }
    let parsed = command()
        .try_get_matches_from(&args)
        .and_then(|matches| App::from_arg_matches(&matches));
    match parsed {
        Ok(app) => {
            let mut ui = Ui::new(&env, app.global.color, app.global.quiet);
            let result = app.command.run(&env, &mut ui);
            conclude(result, &mut ui)
        }
        Err(error) => {
            let mut ui = Ui::new(&env, color_asked_for(&args), false);
            let result = refuse(&error, &mut ui);
            conclude(result, &mut ui)
        }
    }
    .into()
}

/// The arguments as clap sees them; completions, manual pages and the tests are made of it.
#[must_use]
pub fn command() -> clap::Command {
    use std::fmt::Write as _;

    let mut codes = "Exit codes:".to_owned();
    for exit in Exit::value_variants() {
        // Writing to a string does not fail.
        let _ = write!(codes, "\n  {}  {}", exit.code(), exit.meaning());
    }
    App::command().after_help(codes)
}

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "kship",
    version,
    about = "Keeps a Kubernetes supply chain honest",
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100
)]
struct App {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Print only the product, warnings and errors
    #[arg(long, short, global = true, display_order = 900)]
    quiet: bool,

    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        display_order = 901
    )]
    color: Color,
}

/// The verbs; each is a file beside this one.
#[derive(Debug, Subcommand)]
enum Command {
    /// Resolve image tags to digests and write them where they stand
    Pin(Box<pin::Pin>),
    /// Turn Secrets into SealedSecrets that only the cluster can open
    Seal(Box<seal::Seal>),
    /// Open SealedSecrets with the private keys of their cluster
    Unseal(Box<unseal::Unseal>),
    /// Move the values of SealedSecrets to the newest key of their cluster
    Reseal(Box<reseal::Reseal>),
    /// Write, check, rotate and prove the encryption of what etcd stores
    Encryption(Box<encryption::Encryption>),
    /// Prove who signed images and files, by key or by identity
    Verify(Box<verify::Verify>),
    /// Print the completion script of a shell
    Completions(completions::Completions),
    /// Write the manual pages into a directory
    Man(completions::Man),
}

impl Command {
    fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        match self {
            Self::Pin(verb) => verb.run(env, ui),
            Self::Seal(verb) => verb.run(env, ui),
            Self::Unseal(verb) => verb.run(env, ui),
            Self::Reseal(verb) => verb.run(env, ui),
            Self::Encryption(verb) => verb.run(env, ui),
            Self::Verify(verb) => verb.run(env, ui),
            Self::Completions(verb) => verb.run(ui),
            Self::Man(verb) => verb.run(ui),
        }
    }
}

/// What the exit code says; the README's table and the help are made of these lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Exit {
    /// Everything asked for holds.
    Ok,
    /// Checked, and the answer is no.
    Finding,
    /// Usage; nothing was attempted.
    Usage,
    /// Could not decide: I/O, network, registry, malformed input.
    Failure,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::Failure => 3,
        }
    }

    /// The sentence above, as a fragment in lower case without its period.
    #[must_use]
    pub fn meaning(self) -> String {
        let help = self
            .to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string));
        let mut characters = help.unwrap_or_default().chars().collect::<Vec<_>>().into_iter();
        characters
            .next()
            .map(|first| first.to_ascii_lowercase())
            .into_iter()
            .chain(characters)
            .collect()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<Answer> for Exit {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::Ok,
            Answer::No => Self::Finding,
            Answer::Undecided => Self::Failure,
        }
    }
}

/// The one place that turns a result into an exit code.
///
/// A finding stays a finding even if telling it fails: a definite no beats "could not decide".
fn conclude(result: Result<Exit, Failure>, ui: &mut Ui) -> Exit {
    let exit = result.unwrap_or_else(|failure| {
        ui.failure(&failure);
        failure.exit
    });
    match ui.finish() {
        Err(failure) if exit == Exit::Ok => {
            ui.failure(&failure);
            failure.exit
        }
        _ => exit,
    }
}

/// Help and versions that were asked for are a product; anything else that clap says is a refusal.
fn refuse(error: &clap::Error, ui: &mut Ui) -> Result<Exit, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            ui.help(&error.render())?;
            Ok(Exit::Ok)
        }
        _ => {
            ui.refusal(&error.render());
            Ok(Exit::Usage)
        }
    }
}

/// What `--color` asks for where the arguments as a whole do not parse.
fn color_asked_for(args: &[OsString]) -> Color {
    let mut args = args.iter().filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--color") {
            Some("") => args.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(color) = value.and_then(|value| Color::from_str(value, false).ok()) {
            return color;
        }
    }
    Color::Auto
}
