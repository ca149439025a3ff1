//! `kship encryption rotate`: one step of a rotation, as an edit of the file.

mod redact;
mod scrape;
mod status;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Subcommand;
use zeroize::Zeroizing;

pub(in crate::cli) use scrape::ScrapeError;

use super::provider::{Asked, ProviderArgs, ProviderName};
use super::{next, random};
use crate::cli::{Env, Exit, Failure, Ui, interrupt};
use crate::encryption::Loader;
use crate::encryption::key_name::KeyName;
use crate::encryption::proof::{Proof, ProofError};
use crate::encryption::rotate::{Action, AddedProvider, Phase, Reader, RotateError, Rotation, Step, World, rotate};
use crate::fs::{self, DASH};
use crate::limits;

/// Exchange the key, or the provider, one step at a time
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_long_help = EXAMPLES)]
pub(crate) struct Rotate {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
The file alone says where a rotation stands:
  [A]      settled
  [A, B]   prepared: every API server reads B, none writes it
  [B, A]   promoted: B is written, A is read until everything is rewritten
  [B]      settled

Examples:
  kship encryption rotate prepare enc.yaml
  kship encryption rotate status enc.yaml \\
      --metrics https://192.0.2.10:6443/metrics --token-file token --ca-file ca.crt
  kship encryption rotate promote enc.yaml
  kship encryption rotate prune enc.yaml --proof audit.json";

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a new key behind the one that encrypts: every API server learns to read it
    Prepare(Prepare),
    /// Make the prepared key or provider the first: it encrypts from now on
    Promote(Promote),
    /// Remove the older keys, once nothing needs them
    Prune(Prune),
    /// Add another provider behind the first one, to be promoted like a key
    AddProvider(AddProvider),
    /// Make `identity` the first provider: what is written from now on is plaintext
    Disable(Disable),
    /// Tell where the file stands in a rotation, and which API servers run it
    Status(status::Status),
}

/// What every step takes.
#[derive(Debug, clap::Args)]
struct Target {
    /// The EncryptionConfiguration, in YAML or JSON; it is edited in place
    #[arg(value_name = "FILE")]
    file: Utf8PathBuf,

    /// Only the entry with this resource; without, all entries go in step
    #[arg(long, value_name = "RESOURCE")]
    resource: Vec<String>,

    /// Write nothing; print what would change, with keys masked
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct Prepare {
    #[command(flatten)]
    target: Target,

    /// The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]
    #[arg(long, value_name = "NAME", value_parser = KeyName::parse)]
    key_name: Option<KeyName>,

    /// Leave the keys of an earlier rotation in the file
    #[arg(long)]
    keep_old: bool,
}

#[derive(Debug, clap::Args)]
struct Promote {
    #[command(flatten)]
    target: Target,

    /// The key or KMS plugin, where names do not tell which is younger
    #[arg(long, value_name = "[PROVIDER/]NAME")]
    key: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Prune {
    #[command(flatten)]
    target: Target,

    /// Remove this one only
    #[arg(long, value_name = "[PROVIDER/]NAME")]
    key: Option<String>,

    /// Remove `identity` from behind the keys instead: plaintext in etcd is refused from then on
    #[arg(long, conflicts_with = "key")]
    identity: bool,

    /// The JSON of `kship encryption audit`, made with this very file, which says that nothing needs the key
    #[arg(long, value_name = "FILE", conflicts_with = "force")]
    proof: Option<Utf8PathBuf>,

    /// Remove without proof: what still needs the key is lost
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct AddProvider {
    #[command(flatten)]
    target: Target,

    /// What is to encrypt
    #[arg(long, value_enum, value_name = "PROVIDER")]
    provider: ProviderName,

    #[command(flatten)]
    new: ProviderArgs,

    /// Leave the keys of an earlier rotation in the file
    #[arg(long)]
    keep_old: bool,
}

#[derive(Debug, clap::Args)]
struct Disable {
    #[command(flatten)]
    target: Target,
}

/// What makes it safe to remove keys.
enum Evidence {
    Audit(Proof),
    Forced,
    /// None was given.
    None,
}

impl Rotate {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        match self.command {
            Command::Status(verb) => verb.run(env, ui),
            Command::Prepare(Prepare {
                target,
                key_name,
                keep_old,
            }) => target.take(&Step::Prepare { key_name, keep_old }, &Evidence::None, env, ui),
            Command::Promote(Promote { target, key }) => target.take(&Step::Promote { key }, &Evidence::None, env, ui),
            Command::Prune(prune) => {
                let evidence = prune.evidence()?;
                let Prune {
                    target, key, identity, ..
                } = prune;
                target.take(&Step::Prune { key, identity }, &evidence, env, ui)
            }
            Command::AddProvider(AddProvider {
                target,
                provider,
                new,
                keep_old,
            }) => {
                let with = match new.settle(provider)? {
                    Asked::Cipher(cipher, name) => AddedProvider::Cipher(cipher, name),
                    Asked::Kms(kms) => AddedProvider::Kms(kms),
                };
                target.take(&Step::AddProvider { with, keep_old }, &Evidence::None, env, ui)
            }
            Command::Disable(Disable { target }) => target.take(&Step::Disable, &Evidence::None, env, ui),
        }
    }
}

impl Prune {
    fn evidence(&self) -> Result<Evidence, Failure> {
        match &self.proof {
            Some(path) => {
                let text = fs::read_text(path, limits::FILE_BYTES)?;
                let proof = Proof::parse(&text).map_err(|source| Unproven {
                    path: path.clone(),
                    source,
                })?;
                Ok(Evidence::Audit(proof))
            }
            None if self.force => Ok(Evidence::Forced),
            None => Ok(Evidence::None),
        }
    }
}

impl Target {
    /// Takes a step, and says what comes next.
    fn take(&self, step: &Step, evidence: &Evidence, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let before = read(&self.file)?;
        let mut world = World {
            today: env.today,
            random: &mut random,
        };
        let loader = loader(&self.file);
        let rotation = rotate(&before, &loader, step, &self.resource, &mut world)
            .map_err(|source| Refused::failure(&self.file, source))?;
        let removed: Vec<Reader> = rotation
            .done
            .iter()
            .flat_map(|done| done.action.removed())
            .cloned()
            .collect();
        if let Evidence::Audit(proof) = evidence {
            let superseded = proof
                .check(&next::hash(before.as_bytes()), &removed)
                .map_err(|source| self.unproven(source))?;
            if superseded > 0 {
                ui.warning(format_args!(
                    "{superseded} superseded values in the audited file need what is removed: so do backups of that time"
                ));
            }
        }
        if self.dry_run {
            ui.product(&redact::diff(&self.file, &before, &rotation.text, &loader))?;
            tell(&rotation, &self.file, ui);
            ui.status("nothing was written: this was a dry run");
            return Ok(Exit::Ok);
        }
        if let (Evidence::None, false) = (evidence, removed.is_empty()) {
            return Err(Failure::usage(ProofNeeded {
                file: self.file.clone(),
            }));
        }
        interrupt::shielded(|| fs::write_atomic(&self.file, Some(before.as_bytes()), rotation.text.as_bytes()))??;
        if let Evidence::Forced = evidence {
            ui.warning(
                "nothing has proven that what was removed is not needed: if it is, a copy of the file from before helps",
            );
        }
        tell(&rotation, &self.file, ui);
        warn_of_mode(&self.file, ui);
        self.guide(&rotation).tell(ui);
        Ok(Exit::Ok)
    }

    fn unproven(&self, source: ProofError) -> Failure {
        let exit = match &source {
            ProofError::Needed { .. } => Exit::Finding,
            _ => Exit::Failure,
        };
        Failure {
            exit,
            ..Failure::new(NotPruned {
                file: self.file.clone(),
                source,
            })
        }
    }

    /// What to do after the step.
    fn guide(&self, rotation: &Rotation) -> next::Steps {
        let mut steps = next::Steps::default();
        let Some(first) = rotation.done.first() else {
            return steps;
        };
        let file = shell_word(&self.file);
        let again: String = self.resource.iter().map(|name| format!(" --resource {name}")).collect();
        let resources: Vec<String> = rotation
            .done
            .iter()
            .flat_map(|done| done.resources.iter().cloned())
            .collect();
        if let Action::Prepared { .. } = first.action {
            steps.add("keep a copy of the file away from the cluster");
        }
        steps.load(&rotation.text);
        steps.detail(&format!(
            "kship encryption rotate status {file} --metrics URL... compares them"
        ));
        match &first.action {
            Action::Prepared { key } => {
                steps.add("then, and not before:");
                let unclear = rotation
                    .after
                    .iter()
                    .any(|state| state.resources == first.resources && matches!(state.phase, Phase::Unclear { .. }));
                let key = if unclear {
                    format!(" --key {key}")
                } else {
                    String::new()
                };
                steps.detail(&format!("kship encryption rotate promote {file}{key}{again}"));
            }
            Action::Promoted { before, .. } => {
                steps.rewrite(&resources);
                steps.add("see that nothing needs the older key, then remove it:");
                steps.detail(&format!(
                    "kship encryption audit --config {file} --etcd URL --format json > audit.json"
                ));
                let what = if before == "identity" { " --identity" } else { "" };
                steps.detail(&format!(
                    "kship encryption rotate prune {file}{what}{again} --proof audit.json"
                ));
            }
            Action::Pruned { .. } => {
                steps.add("keep the removed key as long as a backup of etcd needs it");
            }
            Action::IdentityAdded => {
                steps.add("then, and not before:");
                steps.detail(&format!("kship encryption rotate disable {file}{again}"));
            }
            Action::Disabled { .. } => {
                steps.rewrite(&resources);
                steps.add("see that everything is plaintext:");
                steps.detail(&format!("kship encryption audit --config {file} --etcd URL"));
                steps.add("only then take --encryption-provider-config and the file away");
            }
        }
        steps
    }
}

/// Says what happened, or would happen.
fn tell(rotation: &Rotation, file: &Utf8Path, ui: &mut Ui) {
    for done in &rotation.done {
        let resources = done.resources.join(", ");
        match &done.action {
            Action::Prepared { key } => {
                ui.status(format_args!(
                    "{file}: {resources}: `{key}` is prepared; it reads, and does not encrypt yet"
                ));
            }
            Action::Promoted { key, before } => {
                ui.status(format_args!(
                    "{file}: {resources}: `{key}` encrypts from now on, in place of `{before}`"
                ));
            }
            Action::Pruned { keys } => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                ui.status(format_args!("{file}: {resources}: {} removed", keys.join(", ")));
            }
            Action::IdentityAdded => ui.status(format_args!(
                "{file}: {resources}: `identity` is added; plaintext can be read, and is not written yet"
            )),
            Action::Disabled { before } => ui.status(format_args!(
                "{file}: {resources}: plaintext is written from now on, in place of `{before}`"
            )),
        }
    }
    for state in &rotation.passed_by {
        let why = match state.phase {
            Phase::Plain => "is not encrypted",
            _ => "is encrypted by its KMS plugin, which rotates its own key",
        };
        ui.status(format_args!("{file}: {}: left alone, {why}", state.title()));
    }
}

/// Reads a configuration; it holds keys.
fn read(path: &Utf8Path) -> Result<Zeroizing<String>, Failure> {
    if path == DASH {
        return Err(Failure::usage(NotAStream));
    }
    Ok(Zeroizing::new(fs::read_text(path, limits::FILE_BYTES)?))
}

/// The loader of any API server: also of one that still takes KMS v1.
fn loader(path: &Utf8Path) -> Loader {
    Loader {
        kms_v1: true,
        ..Loader::new(path.as_str())
    }
}

/// A path as one word of a shell.
fn shell_word(path: &Utf8Path) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | ':' | '@' | ',');
    if !path.as_str().is_empty() && path.as_str().chars().all(plain) {
        path.to_string()
    } else {
        format!("'{}'", path.as_str().replace('\'', "'\\''"))
    }
}

/// A file with keys that others than its owner can read.
fn warn_of_mode(path: &Utf8Path, ui: &mut Ui) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Ok(metadata) = fs_err::metadata(path) else { return };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            ui.warning(format_args!(
                "{path} has mode {mode:04o}, which lets others than its owner read the keys: `chmod 600 {}`",
                shell_word(path)
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, ui);
}

/// A step that is refused.
#[derive(Debug, thiserror::Error)]
#[error("{file} was left alone")]
struct Refused {
    file: Utf8PathBuf,
    source: RotateError,
}

impl Refused {
    fn failure(file: &Utf8Path, source: RotateError) -> Failure {
        use RotateError as E;
        let exit = match &source {
            E::AlreadyDisabled { .. }
            | E::AlreadyPromoted { .. }
            | E::DuplicateName { .. }
            | E::Kms { .. }
            | E::NoIdentity { .. }
            | E::NothingOld { .. }
            | E::NothingPrepared { .. }
            | E::OldKeysLeft { .. }
            | E::OutOfStep { .. }
            | E::Plain { .. }
            | E::PlaintextFirst { .. }
            | E::PruneBeforePromote { .. }
            | E::Waiting { .. } => Exit::Finding,
            E::AmbiguousKey { .. }
            | E::NameNotYounger { .. }
            | E::NameTaken { .. }
            | E::NoKey { .. }
            | E::NoResource { .. }
            | E::OneNameForSeveral { .. }
            | E::Unclear { .. } => Exit::Usage,
            _ => Exit::Failure,
        };
        Failure {
            exit,
            ..Failure::new(Self {
                file: file.to_owned(),
                source,
            })
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a rotation edits a file in place, and keys are never printed: expected a path")]
struct NotAStream;

#[derive(Debug, thiserror::Error)]
#[error("{file} was left alone: nothing proves that the key can go")]
struct NotPruned {
    file: Utf8PathBuf,
    source: ProofError,
}

#[derive(Debug, thiserror::Error)]
#[error("{file} was left alone: what still needs the older key would be lost, and there is no proof that nothing does")]
pub(in crate::cli) struct ProofNeeded {
    file: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} proves nothing")]
struct Unproven {
    path: Utf8PathBuf,
    source: ProofError,
}
