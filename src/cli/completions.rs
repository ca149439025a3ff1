//! `kship completions` and `kship man`: what shells and `man` read, generated from the arguments themselves.

use camino::Utf8PathBuf;
use clap::{CommandFactory, ValueEnum};
use clap_complete::{Generator, Shell};

use super::{App, Exit, Failure, Ui};
use crate::{fs, limits};

/// Arguments of `kship completions`.
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.product(&script(self.shell)?)?;
        Ok(Exit::Ok)
    }
}

/// Arguments of `kship man`.
#[derive(clap::Args, Debug)]
pub struct Man {
    /// The directory; it must exist
    #[arg(value_name = "DIR")]
    directory: Utf8PathBuf,
}

impl Man {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        for (name, page) in man_pages()? {
            let path = self.directory.join(name);
            let before = if path.exists() {
                Some(fs::read_bytes(&path, limits::FILE_BYTES)?)
            } else {
                None
            };
            fs::write_atomic(&path, before.as_deref(), page.as_bytes())?;
            ui.status(format_args!("wrote {path}"));
        }
        Ok(Exit::Ok)
    }
}

/// The completion scripts as they are installed: file name and content, one for each shell.
///
/// # Errors
/// A script is not UTF-8, which is a defect.
pub fn scripts() -> Result<Vec<(String, String)>, Failure> {
    Shell::value_variants()
        .iter()
        .map(|shell| Ok((shell.file_name(NAME), script(*shell)?)))
        .collect()
}

/// The manual pages: file name and content, one for kship and one for each verb and what it can do.
///
/// # Errors
/// A page cannot be rendered, which is a defect.
pub fn man_pages() -> Result<Vec<(String, String)>, Failure> {
    let mut command = App::command();
    // `build` gives the verbs their whole names and the global options.
    command.build();
    let is_own = |command: &&clap::Command| command.get_name() != "help";
    let verbs = command.get_subcommands().filter(is_own);
    let below = verbs.flat_map(clap::Command::get_subcommands);
    std::iter::once(&command)
        .chain(command.get_subcommands())
        .chain(below.filter(is_own))
        .map(|command| {
            let name = command.get_display_name().unwrap_or(NAME);
            Ok((format!("{name}.1"), man_page(command)?))
        })
        .collect()
}

const NAME: &str = "kship";

fn script(shell: Shell) -> Result<String, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut super::command(), NAME, &mut out);
    Ok(String::from_utf8(out)?)
}

/// One page; `EXIT STATUS` is where manual pages have what the help says last.
fn man_page(command: &clap::Command) -> Result<String, Failure> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command.clone())
        .source(concat!("kship ", env!("CARGO_PKG_VERSION")))
        .manual("kship")
        .render(&mut out)?;
    let mut page = String::from_utf8(out)?;
    page.push_str(".SH \"EXIT STATUS\"\n");
    for exit in Exit::value_variants() {
        page.push_str(&format!(".TP\n{}\n{}\n", exit.code(), exit.meaning()));
    }
    Ok(page)
}
