//! `kship seal --merge-into`: values go into a SealedSecret that exists.

use camino::{Utf8Path, Utf8PathBuf};

use super::args::Settled;
use super::commands::Command;
use super::{Seal, SyntaxName, random, read_text, shown};
use crate::cli::{Env, Exit, Failure, Ui};
use crate::fs::{self, DASH};
use crate::limits;
use crate::seal::{self, MergeError, Merged, MergedObject, Sealer, SecretSealError};

/// The flag of a merge.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// Seal the values of the Secret for the SealedSecret in FILE, and write them there; its scope, name and namespace count,
    /// and nothing else of FILE changes. With --sealed-secret-file the result goes there, and FILE stays
    /// [env: SEALED_SECRETS_MERGE_INTO]
    #[arg(long, value_name = "FILE", conflicts_with = "raw")]
    merge_into: Option<Utf8PathBuf>,
}

impl Seal {
    /// The file to merge into, if that is what is asked for.
    pub(super) fn merge_target(&self, command: Command, env: &Env) -> Result<Option<Utf8PathBuf>, Failure> {
        let variable = || env.sealing.variables.get("merge-into").map(Utf8PathBuf::from);
        let Some(target) = self.merge.merge_into.clone().or_else(variable) else {
            return Ok(None);
        };
        if command != Command::Seal {
            return Err(Failure::usage(MergeAlone));
        }
        if target == DASH {
            return Err(Failure::usage(MergeNeedsFile));
        }
        Ok(Some(target))
    }

    /// Merges the input into a file.
    pub(super) fn merge_into(
        &self,
        target: &Utf8Path,
        settled: &Settled,
        env: &Env,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let mut inputs = self.inputs(env)?;
        if inputs.len() > 1 {
            return Err(Failure::usage(SeveralInputs));
        }
        let input = inputs.pop().unwrap_or_else(|| DASH.into());
        let before = fs::read_text(target, limits::FILE_BYTES)?;
        let fetched = self.certificate(&settled.certificate, true, env, ui)?;
        let sealer = Sealer {
            key: fetched.certificate.key(),
            scope: settled.scope,
            name: settled.name.clone(),
            namespace: settled.namespace.clone(),
            default_namespace: None,
            allow_empty: settled.allow_empty,
        };
        let merged = if self.from.makes_secret() {
            seal::merge_secrets(&before, &[self.create(env)?], &sealer, &mut random)
        } else {
            seal::merge(&before, &read_text(&input, env)?, &sealer, &mut random)
        };
        let merged = merged.map_err(|source| failure(target, &input, source))?;
        for note in &merged.notes {
            ui.warning(format_args!("{}:{}: {}", shown(&input), note.position, note.what));
        }
        tell(target, &merged, ui);
        let is_json = before
            .trim_start_matches('\u{feff}')
            .trim_ascii_start()
            .starts_with('{');
        if matches!(
            (settled.format, is_json),
            (Some(SyntaxName::Yaml), true) | (Some(SyntaxName::Json), false)
        ) {
            ui.warning(format_args!("{target} stays in its format, whatever --format says"));
        }
        match self.output_path(env) {
            Some(path) => super::give(Some(&path), merged.text.as_bytes(), false, ui)?,
            None if merged.text == before => {}
            None => {
                fs::write_atomic(target, Some(before.as_bytes()), merged.text.as_bytes())?;
                ui.status(format_args!("wrote {target}"));
            }
        }
        Ok(Exit::Ok)
    }
}

/// Says what was merged: keys only.
fn tell(target: &Utf8Path, merged: &Merged, ui: &mut Ui) {
    for one in &merged.objects {
        let MergedObject {
            object,
            replaced,
            added,
            metadata,
            ignored,
        } = one;
        let parts = [
            ("replaced", replaced),
            ("added", added),
            ("set in the template", metadata),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what} {}", names.join(", ")))
            .collect();
        let what = if parts.is_empty() {
            "nothing to merge".to_owned()
        } else {
            parts.join("; ")
        };
        ui.status(format_args!("{target}: {object}: {what}"));
        for field in ignored {
            ui.warning(format_args!(
                "{target}: {object} keeps its own {field}, whatever the Secret says"
            ));
        }
    }
}

fn failure(target: &Utf8Path, input: &Utf8Path, source: MergeError) -> Failure {
    let place = match &source {
        MergeError::Input { position, .. } => format!("{}:{position}", shown(input)),
        MergeError::NoSecret | MergeError::Seal(SecretSealError::Empty) => shown(input).into_string(),
        MergeError::Target(error) => format!("{target}:{}", error.position),
        _ => target.to_string(),
    };
    Failure::new(Unmergeable { place, source })
}

#[derive(Debug, thiserror::Error)]
#[error("--merge-into is a command of its own: expected no other")]
struct MergeAlone;

#[derive(Debug, thiserror::Error)]
#[error("--merge-into changes a file in place: expected a path, not `-`")]
struct MergeNeedsFile;

#[derive(Debug, thiserror::Error)]
#[error("--merge-into takes one input: expected one --secret-file, or standard input")]
struct SeveralInputs;

#[derive(Debug, thiserror::Error)]
#[error("{place}: nothing was merged")]
struct Unmergeable {
    place: String,
    source: MergeError,
}
