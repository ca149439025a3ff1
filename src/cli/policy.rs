//! Finding `kship.yaml`, for every verb.

use camino::Utf8PathBuf;

use super::{Env, Failure};
use crate::fs;
use crate::limits;
use crate::policy::{self, FILE_NAME, Policy};
use crate::report::{Rule, relative_path};
use crate::{encryption, pin, seal};

/// Reads `kship.yaml` from the working directory, or in a Git repository from the nearest folder above it that has one; tells
/// the folder too.
///
/// Beyond the repository nothing is looked for: a file in a folder that others can write must not weaken a check.
///
/// # Errors
/// The file cannot be read or has a mistake, or accepts findings that no verb knows.
pub(super) fn load(env: &Env) -> Result<(Policy, Utf8PathBuf), Failure> {
    let Some(here) = env.working_directory.as_deref() else {
        return Err(NoWorkingDirectory.into());
    };
    let top = here
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(here);
    let mut folders = here.ancestors().take_while(|folder| folder.starts_with(top));
    let Some(root) = folders.find(|folder| folder.join(FILE_NAME).symlink_metadata().is_ok()) else {
        return Ok((Policy::default(), here.to_owned()));
    };
    let path = root.join(FILE_NAME);
    let text = fs::read_text(&path, limits::POLICY_BYTES)?;
    let policy = policy::parse(&text).map_err(|source| Unusable {
        path: relative_path(&path, here),
        source,
    })?;
    if let Some(entry) = policy
        .ignore
        .iter()
        .find(|entry| rules().all(|rule| rule.code != entry.rule))
    {
        let mut known: Vec<&str> = rules().map(|rule| rule.code).collect();
        known.sort_unstable();
        return Err(UnknownFinding {
            path: relative_path(&path, here),
            rule: entry.rule.clone(),
            known: known.join(", "),
        }
        .into());
    }
    Ok((policy, root.to_owned()))
}

/// The rules of every verb: one file serves them all. Those of `verify` are not there: a missing signature is not waved through.
fn rules() -> impl Iterator<Item = &'static Rule> {
    let own = pin::rules::RULES.into_iter().chain(seal::check::rules::RULES);
    own.chain(encryption::check::rules::RULES)
}

#[derive(Debug, thiserror::Error)]
#[error("the working directory is gone, or its name is not UTF-8")]
struct NoWorkingDirectory;

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used")]
struct Unusable {
    path: Utf8PathBuf,
    source: policy::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("{path}: `ignore` names the finding `{rule}`, which there is none of: expected one of {known}")]
struct UnknownFinding {
    path: Utf8PathBuf,
    rule: String,
    known: String,
}
