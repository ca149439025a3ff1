//! What the API server's EncryptionConfiguration says, and what etcd holds.

pub mod source;

pub use source::{Age, Each, Extent, Item, Keys};
