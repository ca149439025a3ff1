//! `kship reseal`: the values of SealedSecrets move to the newest key of their cluster.

mod tally;

use std::sync::atomic::{AtomicBool, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use tally::{Tally, told};

use super::password::PasswordArgs;
use super::seal::{Checks, ClusterArgs, Source, random, shown};
use super::unseal::NoPrivateKey;
use super::{Env, Exit, Failure, Progress, Ui, input, interrupt};
use crate::fs::{self, DASH};
use crate::limits;
use crate::parallel;
use crate::seal::{
    self, ByController, Certificate, ControllerError, Fate, KeyFacts, KeyRing, Offline, ResealError, Resealer,
    SealedObject, SpliceError, Submission, TargetError,
};
use crate::text::Position;
use crate::tree;

/// Move the values of SealedSecrets to the newest key of their cluster
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Reseal {
    /// Files and folders; in folders those named *.yaml, *.yml and *.json, but what .gitignore and .kshipignore leave out
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<Utf8PathBuf>,

    /// Files with private keys, old and new: PEM, or a backup of the cluster's key Secrets
    /// [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]
    #[arg(
        long,
        visible_alias = "recovery-private-key",
        value_name = "FILE",
        value_delimiter = ','
    )]
    private_key: Vec<Utf8PathBuf>,

    #[command(flatten)]
    password: PasswordArgs,

    /// The certificate to seal for, in PEM: a file, `-` for standard input, or an address [env: SEALED_SECRETS_CERT]
    #[arg(long, value_name = "FILE|URL")]
    cert: Option<String>,

    /// Use the certificate only if this is its SHA-256 fingerprint
    #[arg(long, value_name = "HEX")]
    cert_sha256: Option<String>,

    /// Use the certificate even if it has expired
    #[arg(long)]
    allow_expired: bool,

    /// Reseal only values whose key has a certificate older than this one
    #[arg(long, value_name = "CERT")]
    older_than: Option<Utf8PathBuf>,

    /// The namespace of SealedSecrets that name none
    #[arg(short = 'n', long)]
    namespace: Option<String>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Have the controller of the cluster seal the values anew, without private keys here; it does so with all of them, every
    /// time
    #[arg(long, conflicts_with_all = ["private_key", "cert", "cert_sha256", "allow_expired", "older_than"])]
    controller: bool,

    #[command(flatten)]
    cluster: ClusterArgs,
}

const EXAMPLES: &str = "\
Every SealedSecret of every file is read. Values that are not sealed for the certificate yet are \
opened with the private keys, sealed anew, and written in their old place; every other byte stays.

A value stays as it is if the certificate's own key opens it, or the key of a newer certificate: \
give their private keys too, and a second run changes nothing. With --older-than a value also stays \
if the certificate of its key became valid no earlier than CERT did. A key whose certificate does \
not stand beside it, in its PEM file or as tls.crt in its Secret, counts as older.

Each file is written as soon as it is done, whole or not at all, so that a run that was interrupted \
can go on. A file with a value that does not open is left alone, and the others go on.

With --controller the cluster is asked instead, for one SealedSecret after the other.

Examples:
  kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml > backup.yaml
  kubeseal --fetch-cert > newest.crt
  kship reseal clusters/prod --private-key backup.yaml --cert newest.crt --dry-run
  kship reseal clusters/prod --private-key backup.yaml --cert newest.crt
  kship reseal clusters/prod --controller --context prod";

impl Reseal {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.paths.iter().any(|path| path == DASH) {
            return Err(Failure::usage(WritesInPlace));
        }
        if self.controller {
            return self.run_by_controller(env, ui);
        }
        let source = self.cert.as_deref().or(env.sealing.cert.as_deref());
        let source = source.ok_or_else(|| Failure::usage(NoCertificate))?;
        let source = Source::parse(Some(source))?;
        let keys = self.keys(&source, env, ui)?;
        let (bytes, place) = source.read(env)?;
        let checks = Checks {
            sha256: self.cert_sha256.as_deref(),
            allow_expired: self.allow_expired,
        };
        let certificate = checks.read(&bytes, &place, env, ui)?;
        let older_than = self.older_than(&certificate, env, ui)?;
        let is_newer = |facts: &&KeyFacts| facts.not_before.is_some_and(|since| since > certificate.not_before());
        if let Some(facts) = keys.facts().iter().find(is_newer) {
            ui.warning(format_args!(
                "{place}: {} has a newer certificate: what it opens stays as it is",
                told(facts)
            ));
        }
        let resealer = Offline {
            keys: &keys,
            certificate: &certificate,
            older_than: older_than.as_ref(),
            random: &random,
        };
        let tally = self.run_with(ui, |files, progress, stopped| {
            parallel::map(files, |path| self.file(path, &resealer, stopped, progress))
        })?;
        let knows_newest = keys
            .facts()
            .iter()
            .any(|facts| certificate.key().id() == Some(facts.id));
        if tally.unopened > 0 && !knows_newest {
            ui.hint("values that are sealed for the new certificate already open with its private key only: name it with `--private-key` too");
        }
        tally.conclude()
    }

    /// Has the controller do it, one SealedSecret after the other.
    fn run_by_controller(&self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let controller = match self.dry_run {
            true => None,
            false => Some(runtime.block_on(self.cluster.controller(env))?),
        };
        let tally = self.run_with(ui, |files, progress, stopped| {
            let rotate = |sealed: &Submission| {
                let Some(controller) = &controller else {
                    return Ok(sealed.values.clone());
                };
                runtime.block_on(async {
                    tokio::select! {
                        biased;
                        () = interrupt::set(stopped) => Err(ResealError::Interrupted),
                        values = controller.rotate(sealed) => Ok(values?),
                    }
                })
            };
            let resealer = ByController { rotate: &rotate };
            let mut results = Vec::new();
            for path in files {
                let result = self.file(path, &resealer, stopped, progress);
                let is_unreachable = matches!(&result, Err(error) if error.is_unreachable());
                results.push(result);
                if is_unreachable {
                    // The next file would wait for the same.
                    break;
                }
            }
            results
        })?;
        tally.conclude()
    }

    /// Lists the files, does them, and tells what came of it.
    fn run_with(
        &self,
        ui: &mut Ui,
        work: impl FnOnce(&[Utf8PathBuf], &Progress, &AtomicBool) -> Vec<Result<Option<Done>, FileError>>,
    ) -> Result<Tally, Failure> {
        input::check(&self.paths)?;
        let tree = tree::list(&self.paths, |path| {
            matches!(path.extension(), Some("yaml" | "yml" | "json"))
        });
        let mut tally = Tally::default();
        tally.tree(&tree, ui);
        let progress = ui.progress("resealing", tree.files.len());
        let (results, is_stopped) = interrupt::watched(|stopped| {
            let results = work(&tree.files, &progress, stopped);
            (results, stopped.load(Ordering::Relaxed))
        })?;
        drop(progress);
        let mut report = String::new();
        let untried = tree.files.len() - results.len();
        for (path, result) in tree.files.iter().zip(results) {
            tally.add(path, result, self.dry_run, &mut report, ui);
        }
        ui.product(&report)?;
        if is_stopped {
            ui.failure(&Failure::new(Interrupted));
            tally.failed = true;
        } else if untried > 0 {
            ui.error(format_args!("files that were not tried: {untried}"));
        }
        tally.tell(self.dry_run, ui);
        Ok(tally)
    }

    /// Reads the private keys, with their certificates.
    fn keys(&self, certificate: &Source, env: &Env, ui: &mut Ui) -> Result<KeyRing, Failure> {
        let from_env = env.sealing.private_keys.iter().map(Utf8PathBuf::from);
        let files: Vec<Utf8PathBuf> = from_env.chain(self.private_key.iter().cloned()).collect();
        if files.is_empty() {
            return Err(Failure::usage(NoPrivateKey).hint("`--controller` has the cluster do it, which has the keys"));
        }
        let others = self.older_than.iter();
        let dashes = files.iter().chain(others).filter(|path| *path == DASH).count();
        if dashes + usize::from(certificate.is_stdin()) + usize::from(self.password.reads_stdin()) > 1 {
            return Err(Failure::usage(StdinTwice));
        }
        let mut keys = KeyRing::default();
        self.password.each_file(&files, env, ui, |path, text, password| {
            keys.add(text, shown(path).as_str(), password)
        })?;
        Ok(keys)
    }

    fn older_than(&self, newest: &Certificate, env: &Env, ui: &mut Ui) -> Result<Option<Certificate>, Failure> {
        let Some(path) = &self.older_than else { return Ok(None) };
        let (bytes, place) = Source::File(path.clone()).read(env)?;
        // It seals nothing, so that its end does not matter.
        let checks = Checks {
            sha256: None,
            allow_expired: true,
        };
        let certificate = checks.read(&bytes, &place, env, ui)?;
        if certificate.not_before() > newest.not_before() {
            return Err(Failure::usage(NewerThanNewest { path: path.clone() }));
        }
        Ok(Some(certificate))
    }

    /// Does one file, unless the process is to stop.
    fn file(
        &self,
        path: &Utf8Path,
        resealer: &dyn Resealer,
        stopped: &AtomicBool,
        progress: &Progress,
    ) -> Result<Option<Done>, FileError> {
        if stopped.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let done = self.reseal(path, resealer);
        progress.step();
        match done {
            Err(FileError::Seal {
                source: ResealError::Interrupted,
                ..
            }) => Ok(None),
            done => done,
        }
    }

    fn reseal(&self, path: &Utf8Path, resealer: &dyn Resealer) -> Result<Option<Done>, FileError> {
        let bytes = fs::read_bytes(path, limits::FILE_BYTES)?;
        let Ok(text) = std::str::from_utf8(&bytes) else {
            // What is not UTF-8 cannot be searched; UTF-16 could be one.
            return match seal::decode(zeroize::Zeroizing::new(bytes)) {
                Ok(text) if !seal::may_hold_sealed_secrets(&text) => Ok(None),
                Ok(_) => Err(FileError::Utf16),
                Err(offset) => Err(FileError::File(fs::Error::NotUtf8 {
                    path: path.to_owned(),
                    offset,
                })),
            };
        };
        if !seal::may_hold_sealed_secrets(text) {
            return Ok(None);
        }
        let objects = seal::sealed_values(text, self.namespace.as_deref())?;
        let others = seal::names(&objects);
        let mut fates = Vec::with_capacity(objects.len());
        for object in &objects {
            let answer = resealer.reseal(object, &others);
            fates.push(answer.map_err(|source| FileError::Seal {
                position: object.position,
                source,
            })?);
        }
        let all = || fates.iter().flatten();
        let is_whole = !all().any(|fate| matches!(fate, Fate::Unopened { .. }));
        if is_whole && all().any(|fate| matches!(fate, Fate::Resealed { .. })) {
            let new = objects.iter().zip(&fates);
            let new: Vec<_> = new.map(|(object, fates)| seal::new_values(object, fates)).collect();
            let edited = seal::splice(text, &new)?;
            if !self.dry_run {
                fs::write_atomic(path, Some(&bytes), edited.as_bytes())?;
            }
        }
        Ok(Some(Done {
            objects,
            fates,
            is_whole,
        }))
    }
}

/// A file that has been read.
struct Done {
    objects: Vec<SealedObject>,
    fates: Vec<Vec<Fate>>,
    /// All its values open.
    is_whole: bool,
}

/// Why a file is left alone.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error("{source}")]
    Seal { position: Position, source: ResealError },
    #[error(transparent)]
    Splice(SpliceError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("it is UTF-16, which kship does not edit: expected UTF-8")]
    Utf16,
}

impl From<SpliceError> for FileError {
    fn from(error: SpliceError) -> Self {
        match error {
            SpliceError::Target(error) => Self::Target(error),
            error => Self::Splice(error),
        }
    }
}

impl FileError {
    /// Whether it holds for every other file as well.
    fn is_unreachable(&self) -> bool {
        let Self::Seal { source, .. } = self else { return false };
        matches!(source, ResealError::Controller(error) if matches!(**error, ControllerError::Cluster { .. }))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("interrupted: files that were done are written, the others are as they were")]
struct Interrupted;

#[derive(Debug, thiserror::Error)]
#[error("{path} is newer than the certificate to seal for")]
struct NewerThanNewest {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("no certificate to reseal for: name the newest with --cert or SEALED_SECRETS_CERT")]
struct NoCertificate;

#[derive(Debug, thiserror::Error)]
#[error("standard input is asked for twice")]
struct StdinTwice;

#[derive(Debug, thiserror::Error)]
#[error("kship reseal changes files in place: expected paths, not `-`")]
struct WritesInPlace;
