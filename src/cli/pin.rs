//! `kship pin`: from flags to files.

mod args;
mod output;

use std::sync::atomic::{AtomicUsize, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

pub(crate) use args::Pin;
use args::Plan as Settled;
use output::Outcome;

use super::{Env, Exit, Failure, Ui, interrupt};
use crate::fs::{self, Staged};
use crate::limits;
use crate::pin::{self, Filter, Lock, Mode, Prefilter, Resolutions, Resolver, Scan, Standings, Tree};
use crate::report::{self, Format};

impl Pin {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let stdin = args::is_stdin(&self.paths)?;
        if (self.diff || self.stdout || stdin) && !self.check && self.format != Format::Human {
            return Err(Failure::usage(TwoProducts));
        }
        let (policy, settled) = self.settle(env)?;
        let filter = settled.filter(&policy, env.today);
        let mut lock = settled.lock.as_deref().map(LockFile::read).transpose()?;

        let mut outcome = Outcome::new(settled.mode);
        let scans = self.scan(stdin, &settled, &filter, env, ui, &mut outcome)?;
        // All or nothing: without every file there is nothing to ask.
        let scans = if outcome.report.failures.is_empty() || self.keep_going || self.check {
            scans
        } else {
            Vec::new()
        };
        let answers = self.ask(&scans, &settled, lock.as_ref(), env, ui)?;

        let mut files = Vec::new();
        for scan in scans {
            let plan = pin::plan(
                &scan,
                settled.mode,
                settled.style,
                &filter,
                &answers.tags,
                &answers.standings,
            );
            let spliced = if plan.changes.is_empty() {
                Ok(None)
            } else {
                pin::splice(&scan, &plan.changes, &settled.options).map(Some)
            };
            files.push(outcome.add(scan, plan, spliced));
        }
        let failed = !outcome.report.failures.is_empty();
        let write = !failed || self.keep_going;
        if let Some(lock) = &mut lock {
            lock.update(&answers.tags, &settled)?;
        }
        outcome.written = write && !(self.check || self.diff || self.stdout || stdin);
        if outcome.written {
            commit(&files, lock.as_ref(), self.locked)?;
        }
        outcome.print(&self, stdin, write, &files, ui)
    }

    /// Reads every file and searches it, on all cores; what cannot be read is a failure in the report.
    fn scan(
        &self,
        stdin: bool,
        settled: &Settled,
        filter: &Filter<'_>,
        env: &Env,
        ui: &Ui,
        outcome: &mut Outcome,
    ) -> Result<Vec<Scan>, Failure> {
        if stdin {
            return self.scan_stdin(settled, filter, env, outcome);
        }
        for path in &self.paths {
            path.metadata().map_err(|source| Unreadable {
                path: path.clone(),
                source,
            })?;
        }
        let Tree { files, links, errors } = pin::list(&self.paths);
        outcome.links(&links);
        errors
            .iter()
            .for_each(|error| outcome.report.failures.push(report::Failure::new(error)));
        let prefilter = Prefilter::new(&settled.options.rules)?;
        let progress = ui.progress("reading", files.len());
        let results = in_parallel(&files, |path| {
            let scanned = read(path, settled, filter, &prefilter, self.stdout);
            progress.step();
            scanned
        });
        drop(progress);
        let mut scans = Vec::new();
        for (path, result) in files.iter().zip(results) {
            match result {
                Ok(scan) => scans.extend(scan),
                Err(error) => outcome.fail(path, &error),
            }
        }
        outcome.files = files.len();
        Ok(scans)
    }

    fn scan_stdin(
        &self,
        settled: &Settled,
        filter: &Filter<'_>,
        env: &Env,
        outcome: &mut Outcome,
    ) -> Result<Vec<Scan>, Failure> {
        if env.stdin_is_terminal {
            return Err(Failure::usage(StdinIsTerminal));
        }
        let path = Utf8Path::new(STDIN);
        let text = fs::read_stream(std::io::stdin().lock(), path, limits::FILE_BYTES)?;
        outcome.files = 1;
        match Scan::new(path, text, &settled.options, filter) {
            Ok(scan) => Ok(vec![scan]),
            Err(error) => {
                outcome.fail(path, &error.into());
                Ok(Vec::new())
            }
        }
    }

    /// Asks what the tags of all files mean.
    fn ask(
        &self,
        scans: &[Scan],
        settled: &Settled,
        lock: Option<&LockFile>,
        env: &Env,
        ui: &Ui,
    ) -> Result<Answers, Failure> {
        let sites = || scans.iter().flat_map(|scan| &scan.sites);
        let locked_check = settled.mode == (Mode::Check { online: false }) && lock.is_some();
        let resolve: Vec<_> = sites()
            .filter(|site| settled.mode.resolves(site) || locked_check)
            .map(|site| &site.reference)
            .collect();
        let examine: Vec<_> = sites()
            .filter(|site| settled.mode.examines(site))
            .map(|site| &site.reference)
            .collect();
        if resolve.is_empty() && examine.is_empty() {
            return Ok(Answers::default());
        }
        let registry = self.registry.open(env)?;
        let resolver = Resolver {
            registry: registry.as_ref(),
            map: &settled.map,
            platform: settled.platform.as_ref(),
            lock: lock.map(|lock| &lock.lock),
            refresh: settled.mode == Mode::Update || settled.mode == (Mode::Check { online: true }),
            frozen: self.frozen || locked_check,
        };
        interrupt::run(async {
            let progress = ui.progress("resolving", resolve.len());
            let tags = resolver.resolve_all(resolve, || progress.step()).await;
            drop(progress);
            let progress = ui.progress("comparing", examine.len());
            let standings = resolver.examine_all(examine, &tags, || progress.step()).await;
            Answers { tags, standings }
        })
    }
}

/// What registries and the lock file said.
#[derive(Debug, Default)]
struct Answers {
    tags: Resolutions,
    standings: Standings,
}

/// How standard input is called in reports.
const STDIN: &str = "<stdin>";

/// Reads one file; `None` if it cannot name an image.
fn read(
    path: &Utf8Path,
    settled: &Settled,
    filter: &Filter<'_>,
    prefilter: &Prefilter,
    keep: bool,
) -> Result<Option<Scan>, ReadError> {
    let text = fs::read_text(path, limits::FILE_BYTES)?;
    if !prefilter.may_name_images(path, &text) {
        return Ok(keep.then(|| Scan::without_images(path, text)));
    }
    let scan = Scan::new(path, text, &settled.options, filter)?;
    Ok((keep || !scan.is_empty()).then_some(scan))
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error(transparent)]
    Scan(#[from] pin::ScanError),
}

/// A file with what will stand in it.
struct Ready {
    path: Utf8PathBuf,
    before: String,
    /// `None` if nothing changes, or nothing may be written.
    after: Option<String>,
}

/// Writes all files and the lock, or none.
fn commit(files: &[Ready], lock: Option<&LockFile>, locked: bool) -> Result<(), Failure> {
    let changed = files.iter().filter_map(|file| Some((file, file.after.as_ref()?)));
    let mut staged = changed
        .map(|(file, after)| fs::stage(&file.path, Some(file.before.as_bytes()), after.as_bytes()))
        .collect::<Result<Vec<Staged>, _>>()?;
    if let Some(lock) = lock
        && let Some(text) = lock.changed()
    {
        if locked {
            return Err(Failure::new(LockError::WouldChange {
                path: lock.path.clone(),
            })
            .hint("run without `--locked` and commit the lock file"));
        }
        staged.push(fs::stage(
            &lock.path,
            lock.before.as_deref().map(str::as_bytes),
            text.as_bytes(),
        )?);
    }
    Ok(fs::commit_all(staged)?)
}

/// A lock file as it was read, and as it will be.
struct LockFile {
    path: Utf8PathBuf,
    before: Option<String>,
    lock: Lock,
}

impl LockFile {
    fn read(path: &Utf8Path) -> Result<Self, Failure> {
        let before = if path.exists() {
            Some(fs::read_text(path, limits::FILE_BYTES)?)
        } else {
            None
        };
        let lock = match &before {
            Some(text) => Lock::parse(text).map_err(|source| LockError::Unreadable {
                path: path.to_owned(),
                source,
            })?,
            None => Lock::default(),
        };
        Ok(Self {
            path: path.to_owned(),
            before,
            lock,
        })
    }

    /// Notes what this run resolved; `references` in other files stay as they are.
    fn update(&mut self, tags: &Resolutions, settled: &Settled) -> Result<(), Failure> {
        let mut next = self.lock.clone();
        for (tagged, resolution) in tags {
            let (Ok(resolution), Ok(reference)) = (resolution, pin::parse(tagged)) else {
                continue;
            };
            next.insert(&reference, pin::locked(resolution, settled.platform.as_ref()));
        }
        if next != self.lock
            && let Some(tool) = self.lock.foreign()
        {
            return Err(LockError::Foreign {
                path: self.path.clone(),
                tool,
            }
            .into());
        }
        self.lock = next;
        Ok(())
    }

    /// The new text, if it differs from what is on the disk.
    fn changed(&self) -> Option<String> {
        if self.lock.foreign().is_some() {
            return None;
        }
        let text = self.lock.render();
        (self.before.as_ref() != Some(&text)).then_some(text)
    }
}

#[derive(Debug, thiserror::Error)]
enum LockError {
    #[error("{path} is a lock file of {tool}, which kship reads but does not write, and it does not know every tag")]
    Foreign { path: Utf8PathBuf, tool: &'static str },
    #[error("{path} cannot be used")]
    Unreadable { path: Utf8PathBuf, source: pin::LockError },
    #[error("{path} would change")]
    WouldChange { path: Utf8PathBuf },
}

#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read")]
struct Unreadable {
    path: Utf8PathBuf,
    source: std::io::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("standard input is a terminal: expected a manifest from a file or a pipe")]
struct StdinIsTerminal;

#[derive(Debug, thiserror::Error)]
#[error("--format concerns the report, but standard output holds the manifests or the diff: leave one out")]
struct TwoProducts;

/// Maps every item, in order of the items, on as many threads as the machine has cores.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len().max(1));
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let worker = || {
            let mut mine = Vec::new();
            while let Some((at, item)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
            {
                mine.push((at, work(item)));
            }
            mine
        };
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(worker)).collect();
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
