//! Where a verb's files come from: paths, or standard input.

use camino::{Utf8Path, Utf8PathBuf};

use super::{Env, Failure};
use crate::fs;
use crate::limits;
use crate::report::{self, Location, Report};
use crate::text::LineIndex;
use crate::tree::Tree;

/// How standard input is called in reports.
pub(super) const STDIN: &str = "<stdin>";

/// Whether the paths are the one that means standard input.
pub(super) fn is_stdin(paths: &[Utf8PathBuf]) -> Result<bool, Failure> {
    let dash = |path: &Utf8PathBuf| path == Utf8Path::new(fs::DASH);
    match paths {
        [path] if dash(path) => Ok(true),
        paths if paths.iter().any(dash) => Err(Failure::usage(DashIsAlone)),
        _ => Ok(false),
    }
}

/// Reads standard input whole; a person at a terminal is not waited for.
pub(super) fn read_stdin(env: &Env) -> Result<String, Failure> {
    if env.stdin_is_terminal {
        return Err(Failure::usage(StdinIsTerminal));
    }
    Ok(fs::read_stream(
        std::io::stdin().lock(),
        Utf8Path::new(STDIN),
        limits::FILE_BYTES,
    )?)
}

/// Refuses paths that are not there.
pub(super) fn check(paths: &[Utf8PathBuf]) -> Result<(), Failure> {
    for path in paths {
        path.metadata().map_err(|source| Unreadable {
            path: path.clone(),
            source,
        })?;
    }
    Ok(())
}

/// Records in a report what the listing of files met.
pub(super) fn record_listing(tree: &Tree, report: &mut Report) {
    for error in &tree.errors {
        report.failures.push(report::Failure::new(error));
    }
    for name in &tree.nameless {
        report
            .failures
            .push(report::Failure::new(&Nameless { name: name.clone() }));
    }
    for link in &tree.links {
        report.skips.push(report::Skip {
            code: "symbolic-link",
            reason: "a symbolic link to a folder, or out of the tree: what it leads to is not read here".to_owned(),
            location: Location::new(link, "", &LineIndex::new(""), 0..0),
            field: None,
            text: String::new(),
        });
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{name}` is not UTF-8: kship cannot name the file, and did not read it")]
struct Nameless {
    name: String,
}

#[derive(Debug, thiserror::Error)]
#[error("`-` stands for standard input and cannot be mixed with other paths")]
struct DashIsAlone;

#[derive(Debug, thiserror::Error)]
#[error("standard input is a terminal: expected a path, or a pipe")]
struct StdinIsTerminal;

#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read")]
struct Unreadable {
    path: Utf8PathBuf,
    source: std::io::Error,
}
