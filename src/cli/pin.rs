//! `kship pin`: from flags to files.

mod args;
mod lock;
mod output;

use std::collections::BTreeSet;

use camino::Utf8Path;

pub(crate) use args::Pin;
use args::Settings;
use lock::LockFile;
use output::{Outcome, Ready};

use super::input::{self, STDIN};
use super::{Env, Exit, Failure, Ui, interrupt};
use crate::fs::{self, Staged};
use crate::images::{self, Filter, Prefilter, Scan};
use crate::limits;
use crate::oci::Reference;
use crate::parallel;
use crate::pin::{self, Mode, Resolutions, Resolver, Standings};
use crate::report::Format;
use crate::tree::{self, Tree};

impl Pin {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let stdin = input::is_stdin(&self.paths)?;
        let prints = (self.diff || self.stdout || stdin) && !self.check;
        if prints && self.format != Format::Human {
            return Err(Failure::usage(TwoProducts));
        }
        let (policy, settings) = self.settle(env)?;
        let filter = settings.filter(&policy, env.today);
        let mut lock = settings.lock.as_deref().map(LockFile::read).transpose()?;

        let mut outcome = Outcome::new(settings.mode);
        let scans = if stdin {
            scan_stdin(&settings, &filter, env, &mut outcome)?
        } else {
            self.scan(&settings, &filter, ui, &mut outcome)?
        };
        let answers = if outcome.is_complete() || self.keep_going || self.check {
            self.ask(&scans, &settings, lock.as_ref(), env, ui, &mut outcome)?
        } else {
            // All or nothing: without every file there is nothing to ask for.
            Answers::default()
        };

        let mut files = Vec::new();
        for scan in scans {
            let Answers { tags, standings } = &answers;
            let plan = pin::plan(&scan, settings.mode, settings.style, &filter, tags, standings);
            let text = pin::splice(&scan, &plan.changes, &settings.options, settings.style);
            files.push(outcome.add(scan, plan, text));
        }
        if let Some(lock) = lock.as_mut().filter(|_| !self.check) {
            let updated = lock.update(&answers.tags, settings.platform.as_ref(), self.locked);
            updated.unwrap_or_else(|error| outcome.fail(&error.into()));
        }
        if !(outcome.is_complete() || self.keep_going) {
            files.iter_mut().for_each(Ready::discard);
            lock = None;
        }
        if !(self.check || self.diff) {
            let written: &[Ready] = if prints { &[] } else { &files };
            match commit(written, lock.as_ref()) {
                Ok(()) => outcome.written = written.iter().any(Ready::is_changed),
                Err(failure) => outcome.fail(&failure),
            }
        }
        outcome.print(&self, prints, &files, ui)
    }

    /// Reads every file and searches it, on all cores; what cannot be read is a failure in the report.
    fn scan(
        &self,
        settings: &Settings,
        filter: &Filter<'_>,
        ui: &Ui,
        outcome: &mut Outcome,
    ) -> Result<Vec<Scan>, Failure> {
        input::check(&self.paths)?;
        let tree = tree::list(&self.paths, |path| images::Format::of_path(path).is_some());
        outcome.tree(&tree);
        let Tree { files, .. } = tree;
        let prefilter = Prefilter::new(&settings.options)?;
        let progress = ui.progress("reading", files.len());
        let results = parallel::map(&files, |path| {
            let scan = read(path, settings, filter, &prefilter, self.stdout);
            progress.step();
            scan
        });
        drop(progress);
        let mut scans = Vec::new();
        for (path, result) in files.iter().zip(results) {
            match result {
                Ok(scan) => scans.extend(scan),
                Err(error) => outcome.fail_to_read(path, &error),
            }
        }
        Ok(scans)
    }

    /// Asks what the tags of all files mean; the lock file answers where it can.
    ///
    /// # Errors
    /// The user interrupts the run.
    fn ask(
        &self,
        scans: &[Scan],
        settings: &Settings,
        lock: Option<&LockFile>,
        env: &Env,
        ui: &Ui,
        outcome: &mut Outcome,
    ) -> Result<Answers, Failure> {
        let mode = settings.mode;
        let sites = || scans.iter().flat_map(|scan| &scan.sites);
        let offline = mode == (Mode::Check { online: false });
        let by_lock = offline && lock.is_some();
        let resolve: Vec<_> = sites()
            .filter(|site| by_lock || mode.resolves(site))
            .map(|site| &site.reference)
            .collect();
        let examine: Vec<_> = sites()
            .filter(|site| mode.examines(site))
            .map(|site| &site.reference)
            .collect();
        if resolve.is_empty() && examine.is_empty() {
            return Ok(Answers::default());
        }
        let registry = match self.registry.open(env) {
            Ok(registry) => registry,
            Err(failure) => {
                outcome.fail(&failure);
                return Ok(Answers::default());
            }
        };
        let resolver = Resolver {
            registry: registry.as_ref(),
            map: &settings.map,
            platform: settings.platform.as_ref(),
            lock: lock.map(LockFile::content),
            refresh: matches!(mode, Mode::Update | Mode::Check { online: true }),
            frozen: self.frozen || by_lock,
        };
        interrupt::run(async {
            let progress = ui.progress("resolving", distinct(&resolve, Reference::tagged));
            let tags = resolver.resolve_all(resolve, || progress.step()).await;
            drop(progress);
            let progress = ui.progress("comparing", distinct(&examine, pin::key));
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

fn distinct(references: &[&Reference], name: impl Fn(&Reference) -> String) -> usize {
    references
        .iter()
        .map(|reference| name(reference))
        .collect::<BTreeSet<_>>()
        .len()
}

fn scan_stdin(
    settings: &Settings,
    filter: &Filter<'_>,
    env: &Env,
    outcome: &mut Outcome,
) -> Result<Vec<Scan>, Failure> {
    let path = Utf8Path::new(STDIN);
    let text = input::read_stdin(env)?;
    outcome.files = 1;
    match Scan::new(path, text, &settings.options, filter) {
        Ok(scan) => Ok(vec![scan]),
        Err(error) => {
            outcome.fail_to_read(path, &error.into());
            Ok(Vec::new())
        }
    }
}

/// Reads one file; `None` if it cannot name an image and is not wanted for itself.
fn read(
    path: &Utf8Path,
    settings: &Settings,
    filter: &Filter<'_>,
    prefilter: &Prefilter,
    keep: bool,
) -> Result<Option<Scan>, ReadError> {
    let text = fs::read_text(path, limits::FILE_BYTES)?;
    if !prefilter.may_name_images(path, &text) {
        return Ok(keep.then(|| Scan::without_images(path, text, filter)));
    }
    let scan = Scan::new(path, text, &settings.options, filter)?;
    Ok((keep || !scan.is_empty()).then_some(scan))
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error(transparent)]
    Scan(#[from] images::ScanError),
}

/// Writes all files and the lock, or none; a signal meanwhile waits.
fn commit(files: &[Ready], lock: Option<&LockFile>) -> Result<(), Failure> {
    interrupt::shielded(|| {
        let changed = files.iter().filter_map(Ready::change);
        let mut staged = changed
            .map(|(path, before, after)| fs::stage(path, Some(before.as_bytes()), after.as_bytes()))
            .collect::<Result<Vec<Staged>, _>>()?;
        if let Some((path, before, after)) = lock.and_then(LockFile::change) {
            staged.push(fs::stage(path, before.map(str::as_bytes), after.as_bytes())?);
        }
        Ok(fs::commit_all(staged)?)
    })?
}

#[derive(Debug, thiserror::Error)]
#[error("--format concerns the report, but standard output holds the manifests or the diff: leave one out")]
struct TwoProducts;
