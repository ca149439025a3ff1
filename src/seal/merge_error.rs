//! Why Secrets do not go into SealedSecrets that exist.

use super::document::Error;
use super::scope::Scope;
use super::sealed_secret::SecretSealError;
use super::targets::TargetError;
use crate::k8s::NameError;
use crate::text::Position;

/// What keeps Secrets from being merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The input cannot be read or sealed.
    #[error("the input cannot be sealed: {source}")]
    Input {
        /// Where.
        position: Position,
        /// Why.
        source: Error,
    },
    /// The input holds no Secret.
    #[error("the input holds no Secret: expected a document with `kind: Secret`")]
    NoSecret,
    /// The file holds no SealedSecret.
    #[error("the file to merge into holds no SealedSecret: expected a document with `kind: SealedSecret`")]
    NoTarget,
    /// No SealedSecret of the file is the one that is meant.
    #[error("no SealedSecret is called {wanted}, and which one is meant is not clear: the file has {}", candidates.join(", "))]
    NotFound {
        /// The name that was looked for, in backticks.
        wanted: String,
        /// Those of the file, in backticks.
        candidates: Vec<String>,
    },
    /// Another scope is asked for than the target has.
    #[error("the scope {asked} is asked for, but {object} has the scope {found}")]
    Scope {
        /// The one that is asked for.
        asked: Scope,
        /// The target.
        object: String,
        /// The target's.
        found: Scope,
    },
    /// A value cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SecretSealError),
    /// The target cannot be edited.
    #[error("the file to merge into cannot be edited")]
    Target(#[from] TargetError),
    /// Version 1 holds one value for all keys.
    #[error("{object} is of version 1, with one value for the whole Secret: seal it anew")]
    Version1 {
        /// The target.
        object: String,
    },
}

impl From<NameError> for MergeError {
    fn from(error: NameError) -> Self {
        Self::Seal(error.into())
    }
}
