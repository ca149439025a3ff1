//! Why a step of a rotation is not taken.

use crate::encryption::Refusal;
use crate::encryption::key_name::KeyName;
use crate::yaml::{self, EditError};

/// Why a step is not taken; the file stays as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// Encryption is off already.
    #[error("{resources}: nothing is encrypted any more, `identity` is the first provider")]
    AlreadyDisabled {
        /// The entry's resources.
        resources: String,
    },
    /// The promoted key would be promoted again.
    #[error("{resources}: `{writer}` encrypts already, and is younger than {others}")]
    AlreadyPromoted {
        /// The entry's resources.
        resources: String,
        /// What writes.
        writer: String,
        /// The keys behind it.
        others: String,
    },
    /// A name fits several keys.
    #[error("{resources}: `{name}` means {found}: expected one of them")]
    AmbiguousKey {
        /// The entry's resources.
        resources: String,
        /// What was asked for.
        name: String,
        /// What it means.
        found: String,
    },
    /// Stored values do not say which of two keys they need.
    #[error(
        "{resources}: two keys are called `{key}`, which nobody can tell apart in etcd: remove the one that opens nothing by hand"
    )]
    DuplicateName {
        /// The entry's resources.
        resources: String,
        /// The name of both.
        key: String,
    },
    /// The text leaves no way to change it safely.
    #[error("the file cannot be changed")]
    Edit(#[from] EditError),
    /// The plugin rotates its key by itself.
    #[error("{resources}: the key of the KMS plugin `{name}` is rotated in the plugin: nothing stands in this file")]
    Kms {
        /// The entry's resources.
        resources: String,
        /// The plugin's name.
        name: String,
    },
    /// The new key would pass for an older one.
    #[error("`{name}` does not name a younger key than `{than}`: expected a later date or number")]
    NameNotYounger {
        /// The new name.
        name: String,
        /// The key that writes.
        than: String,
    },
    /// A key of this name is there.
    #[error("there is a key `{name}` already: expected a name that stands nowhere in the file", name = .name.as_str())]
    NameTaken {
        /// The name.
        name: KeyName,
    },
    /// `identity` is not there, or is the only provider.
    #[error("{resources}: there is no `identity` behind the keys that could be removed")]
    NoIdentity {
        /// The entry's resources.
        resources: String,
    },
    /// A name fits no key.
    #[error("{resources}: {}: expected one of {found}", if *.writes { format!("`{}` is what encrypts", .name) } else { format!("there is no key `{}`", .name) })]
    NoKey {
        /// The entry's resources.
        resources: String,
        /// What was asked for.
        name: String,
        /// What there is.
        found: String,
        /// Whether it is the one that writes.
        writes: bool,
    },
    /// A provider without what the step is about.
    #[error("the list of keys or providers cannot be found in the text")]
    NoList,
    /// No entry names a resource.
    #[error("no entry is about `{resource}`: expected one of {found}")]
    NoResource {
        /// What was asked for.
        resource: String,
        /// All resources of the file.
        found: String,
    },
    /// The API server does not load the file as it is.
    #[error("the API server would not load the file")]
    NotLoaded(#[source] Refusal),
    /// Prune without older keys.
    #[error("{resources}: there is no older key than `{writer}`: nothing to prune")]
    NothingOld {
        /// The entry's resources.
        resources: String,
        /// What writes.
        writer: String,
    },
    /// Promote without prepare.
    #[error("{resources}: there is no younger key than `{writer}`: prepare one first")]
    NothingPrepared {
        /// The entry's resources.
        resources: String,
        /// What writes.
        writer: String,
    },
    /// Older keys are left from before.
    #[error("{resources}: {old} is left behind `{writer}`: prune what is older first")]
    OldKeysLeft {
        /// The entry's resources.
        resources: String,
        /// What writes.
        writer: String,
        /// The older keys.
        old: String,
    },
    /// One name for several keys.
    #[error("several keys are needed for {count} entries: expected no name, or one entry")]
    OneNameForSeveral {
        /// How many entries.
        count: usize,
    },
    /// The entries are not in the same phase.
    #[error("the entries are not in step: {phases}")]
    OutOfStep {
        /// Each entry with its phase.
        phases: String,
    },
    /// Nothing is encrypted.
    #[error("{resources}: nothing is encrypted, `identity` is the only provider: add one that encrypts first")]
    Plain {
        /// The entry's resources.
        resources: String,
    },
    /// Plaintext is written.
    #[error("{resources}: plaintext is written, although {others} can be read: promote it to encrypt")]
    PlaintextFirst {
        /// The entry's resources.
        resources: String,
        /// What encrypted values are read with.
        others: String,
    },
    /// Prune before promote.
    #[error("{resources}: `{next}` is prepared, and `{writer}` still encrypts: promote it before anything is pruned")]
    PruneBeforePromote {
        /// The entry's resources.
        resources: String,
        /// What writes.
        writer: String,
        /// The younger key.
        next: String,
    },
    /// No random bytes.
    #[error("the system gives no random bytes for a key")]
    Randomness(#[source] std::io::Error),
    /// The names do not say which key is younger.
    #[error("{resources}: the names do not tell which is younger, `{writer}` or {others}: say which one is meant")]
    Unclear {
        /// The entry's resources.
        resources: String,
        /// What writes.
        writer: String,
        /// The others.
        others: String,
    },
    /// The API server would not load the result.
    #[error("the API server would not load the changed file")]
    Unloadable(#[source] Refusal),
    /// kship's reader of YAML is stricter than the API server's.
    #[error("the file cannot be read")]
    Unreadable(#[from] yaml::Error),
    /// Prepare after prepare.
    #[error("{resources}: `{next}` is prepared already and waits to be promoted")]
    Waiting {
        /// The entry's resources.
        resources: String,
        /// The younger key.
        next: String,
    },
}
