//! `kship verify`: from flags to proof.

mod args;
mod output;

use camino::{Utf8Path, Utf8PathBuf};

use args::Settings;
pub(crate) use args::Verify;
use output::{Outcome, Wanted};

use super::input::{self, STDIN};
use super::{Env, Exit, Failure, Ui, interrupt};
use crate::fs;
use crate::images::{self, Filter, Options, Prefilter, Purpose, Scan};
use crate::limits;
use crate::oci::{Digest, Reference, ReferenceError};
use crate::parallel;
use crate::policy::Policy;
use crate::tree;
use crate::verify::{Bundle, Demand, EMBEDDED_SINCE, Message, Origin, Prover, Rejection, Signer};

impl Verify {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.trusted_root_info {
            return self.tell_root(env, ui);
        }
        let policy = args::policy(env)?;
        let settings = self.settle(&policy)?;
        if settings
            .signers
            .iter()
            .any(|signer| matches!(signer, Signer::Identity(_)))
        {
            self.warn_of_age(env, ui);
        }
        match &self.bundle {
            Some(bundle) => self.verify_file(bundle, &settings, ui),
            None => self.verify_images(&settings, &policy, env, ui),
        }
    }

    /// Tells whom the trusted root believes.
    fn tell_root(&self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let root = self.root()?;
        self.warn_of_age(env, ui);
        let text = output::root(&root, self.root_file().map(|path| path.as_path()));
        ui.product(&text)?;
        Ok(Exit::Ok)
    }

    /// Warns where the trusted root is built in and may not know the newest logs.
    fn warn_of_age(&self, env: &Env, ui: &mut Ui) {
        let days = EMBEDDED_SINCE.duration_until(env.today).as_hours() / 24;
        if self.root_file().is_none() && days > ROOT_IS_OLD_DAYS {
            ui.warning(format_args!(
                "the trusted root that is built in is {days} days old: it may not know newer logs and authorities"
            ));
            ui.hint("take a newer kship, or name a newer root with `--trusted-root`");
        }
    }

    /// Verifies one file against a bundle.
    fn verify_file(&self, bundle: &Utf8Path, settings: &Settings, ui: &mut Ui) -> Result<Exit, Failure> {
        let [subject] = self.subjects.as_slice() else {
            return Err(Failure::usage(OneFile {
                found: self.subjects.len(),
            }));
        };
        let artifact = Artifact::read(subject)?;
        let bytes = fs::read_bytes(bundle, limits::BUNDLE_BYTES)?;
        let parsed = Bundle::parse(&bytes, Origin::File).map_err(|source| UnusableBundle {
            path: bundle.to_owned(),
            source,
        })?;
        let result = demand(settings).verify_artifact(&parsed, artifact.message());
        let mut outcome = Outcome::new();
        outcome.add_file(subject, bundle, result);
        outcome.print(self, ui)
    }

    /// Verifies images, those of files too.
    fn verify_images(&self, settings: &Settings, policy: &Policy, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.subjects.is_empty() && self.paths.is_empty() {
            return Err(Failure::usage(NothingToVerify));
        }
        let mut outcome = Outcome::new();
        let mut wanted = Wanted::default();
        for (at, subject) in self.subjects.iter().enumerate() {
            let reference = Reference::parse(subject).map_err(|source| {
                Failure::usage(NotAnImage {
                    text: subject.clone(),
                    source,
                })
            })?;
            wanted.add_argument(&self.subjects, at, &reference);
        }
        if !self.paths.is_empty() {
            for scan in self.scan(settings, policy, env, ui, &mut outcome)? {
                wanted.add_scan(&scan);
                outcome.scanned(&scan);
            }
        }
        let demand = demand(settings);
        if !wanted.is_empty() {
            let registry = self.registry.open(env)?;
            let prover = Prover {
                registry: registry.as_ref(),
                map: &settings.map,
                demand: &demand,
            };
            let verdicts = interrupt::run(async {
                let progress = ui.progress("verifying", wanted.len());
                prover.prove_all(wanted.references(), || progress.step()).await
            })?;
            outcome.add(&wanted, &verdicts, &demand);
        }
        outcome.print(self, ui)
    }

    /// Searches the files for images; what cannot be read is a failure in the report.
    fn scan(
        &self,
        settings: &Settings,
        policy: &Policy,
        env: &Env,
        ui: &Ui,
        outcome: &mut Outcome,
    ) -> Result<Vec<Scan>, Failure> {
        let here = env.working_directory.clone().unwrap_or_default();
        let filter = Filter {
            purpose: Purpose::Prove,
            include: settings.include.clone(),
            exclude: settings.exclude.clone(),
            policy,
            root: here.clone(),
            here,
            today: env.today,
        };
        let options = Options::default();
        if input::is_stdin(&self.paths)? {
            let text = input::read_stdin(env)?;
            outcome.files += 1;
            return Ok(match Scan::new(Utf8Path::new(STDIN), text, &options, &filter) {
                Ok(scan) => vec![scan],
                Err(error) => {
                    outcome.fail_to_scan(&error);
                    Vec::new()
                }
            });
        }
        input::check(&self.paths)?;
        let tree = tree::list(&self.paths, |path| images::Format::of_path(path).is_some());
        outcome.tree(&tree);
        let prefilter = Prefilter::new(&options)?;
        let progress = ui.progress("reading", tree.files.len());
        let results = parallel::map(&tree.files, |path| {
            let text = fs::read_text(path, limits::FILE_BYTES).map_err(Unscanned::File)?;
            progress.step();
            if !prefilter.may_name_images(path, &text) {
                return Ok(None);
            }
            Scan::new(path, text, &options, &filter)
                .map(Some)
                .map_err(Unscanned::Scan)
        });
        drop(progress);
        let mut scans = Vec::new();
        for result in results {
            match result {
                Ok(scan) => scans.extend(scan),
                Err(Unscanned::Scan(error)) => outcome.fail_to_scan(&error),
                Err(Unscanned::File(error)) => outcome.fail(&error.into()),
            }
        }
        Ok(scans)
    }
}

fn demand(settings: &Settings) -> Demand<'_> {
    Demand {
        signers: &settings.signers,
        root: &settings.root,
        log: settings.log,
        claim: settings.claim.clone(),
        annotations: settings.annotations.clone(),
    }
}

/// After this long the public instance may sign with logs that a root does not know: it opens a new one once or twice a year.
const ROOT_IS_OLD_DAYS: i64 = 90;

/// What a bundle is about: a file, or its digest.
enum Artifact {
    Bytes(Vec<u8>),
    Digest(Digest),
}

impl Artifact {
    /// A text that is a digest and no file's name is a digest.
    fn read(text: &str) -> Result<Self, Failure> {
        let path = Utf8PathBuf::from(text);
        if !path.exists()
            && let Ok(digest) = text.parse()
        {
            return Ok(Self::Digest(digest));
        }
        Ok(Self::Bytes(fs::read_bytes(&path, limits::ARTIFACT_BYTES)?))
    }

    fn message(&self) -> Message<'_> {
        match self {
            Self::Bytes(bytes) => Message::Bytes(bytes),
            Self::Digest(digest) => Message::Digest(digest),
        }
    }
}

enum Unscanned {
    File(fs::Error),
    Scan(images::ScanError),
}

#[derive(Debug, thiserror::Error)]
#[error("`--bundle` is about one file: expected its path or `sha256:` digest, and there are {found}")]
struct OneFile {
    found: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("nothing to verify: expected images, or files with `-f`")]
struct NothingToVerify;

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not an image")]
struct NotAnImage {
    text: String,
    source: ReferenceError,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used as bundle")]
struct UnusableBundle {
    path: Utf8PathBuf,
    source: Rejection,
}
