//! Where a verb's files come from: paths, or standard input.

use std::sync::atomic::{AtomicUsize, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Env, Failure};
use crate::fs;
use crate::limits;

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

/// Maps every item, in order of the items, on as many threads as the machine has cores.
pub(super) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return mine };
            mine.push((at, work(item)));
        }
    };
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores.min(items.len())).map(|_| scope.spawn(worker)).collect();
        let mut all = worker();
        for other in others {
            match other.join() {
                Ok(mine) => all.extend(mine),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(
            in_parallel(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!(in_parallel(&[], |item: &u8| *item).is_empty());
    }
}
