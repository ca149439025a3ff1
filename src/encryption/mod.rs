//! What `kship encryption` does, without the world: the API server's EncryptionConfiguration read, checked and changed, and
//! what etcd holds read with it.
//!
//! The reader takes and refuses what `encryptionconfig.LoadEncryptionConfig` of k8s.io/apiserver v0.37 does, with the same
//! message, in which keys are masked where upstream prints them.
//!
//! ```text
//! source     where stored values come from
//! etcd       stored values of a live etcd: the only code here that opens a connection
//! envelope   what stands before an encrypted value
//! cipher     one key: open, seal
//! transform  all keys of a resource: which of them wrote a value
//! place      the resource that a key of etcd belongs to
//! dump       what etcdctl printed
//! bolt       a bbolt database
//! snapshot   a snapshot of etcd, every revision of it
//! config              the configuration: resources, providers, keys, each with its bytes in the file
//! load                a file to a configuration, or the API server's refusal
//! json tree decode    its texts, values and fields; validate: what it checks of them; tabs: those it refuses
//! go endpoint         how Go writes values, and reads durations and addresses
//! check               what the API server does not see in it
//! secrecy             keeps keys out of messages
//! secrecy             keeps keys out of messages
//!
//! source              where stored values come from; dump: what etcdctl printed; snapshot, bolt: a snapshot of etcd
//! envelope cipher     what stands before an encrypted value; what one key makes of it
//! transform           all keys of a resource: which of them wrote a value
//! place               the resource that a key of etcd belongs to
//! audit               all of them together: what is stored, under which keys
//! init key_name       new keys, their names, new configurations
//! rotate              the phases of a rotation, and the edits that lead from one to the next
//! edit                one edit of a text, proven
//! static_pod          the API server's manifest: flags and mounts
//! metrics rewrite     what each API server runs; how stored objects are written anew
//! ```
//!
//! Keys live in [`zeroize::Zeroizing`]; no message, `Debug` or report holds one.

pub mod audit;
mod bolt;
pub mod check;
pub mod cipher;
mod config;
mod decode;
pub mod dump;
mod edit;
mod endpoint;
pub mod envelope;
pub mod etcd;
mod go;
pub mod init;
mod json;
pub mod key_name;
mod load;
pub mod metrics;
mod place;
pub mod proof;
pub mod rewrite;
pub mod rotate;
mod secrecy;
pub mod snapshot;
pub mod source;
pub mod static_pod;
mod tabs;
pub mod transform;
mod tree;
mod validate;

pub use audit::{Audit, Auditor, Group, Origin, RULES as AUDIT_RULES, SCHEMA as AUDIT_SCHEMA, State};
pub use config::{
    Configuration, GroupResource, Key, Kms, KmsVersion, Provider, ProviderKind, Resource, ResourceConfiguration,
    Spanned,
};
pub use dump::DumpError;
pub use etcd::{Etcd, EtcdError};
pub use load::{Loaded, Loader, Problem, Refusal, load};
pub use place::{Place, resource as resource_of};
pub use secrecy::{masked, shown};
pub use snapshot::{Snapshot, SnapshotError};
pub use source::{Age, Each, Extent, Item, Keys, Value, ValueError};
pub use transform::{Reading, Slot, Transformer};
