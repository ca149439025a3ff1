//! Where stored values come from, one at a time.
//!
//! A source hands each key and value of etcd to a callback and keeps none of them, so that a million keys need no more
//! memory than one. There are three: what `etcdctl` printed, a snapshot file, and a live etcd. A source is a function
//!
//! ```text
//! read(..., each: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Extent, its error>
//! ```
//!
//! which stops early, without an error, when `each` says [`ControlFlow::Break`], and says in its [`Extent`] what the items
//! were all of. Nothing but a source knows where an item came from.

use std::ops::ControlFlow;

/// What takes the items of a source.
pub type Each<'a> = dyn FnMut(Item) -> ControlFlow<()> + 'a;

/// One key of etcd with one of its values.
#[derive(Clone, Eq, PartialEq)]
pub struct Item {
    /// The key, byte for byte: `/registry/secrets/shop/db`.
    pub key: Vec<u8>,
    /// The value, byte for byte.
    pub value: Vec<u8>,
    /// The revision that wrote the value (`mod_revision`).
    pub revision: i64,
    /// Whether the key still has this value.
    pub age: Age,
}

/// Whether a key still has a value.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Age {
    /// It is the newest one, and what the API server reads.
    Current,
    /// It was overwritten or deleted, and no compaction has removed it yet.
    Superseded,
}

/// What the items of a source were all of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extent {
    /// The revision of the store that was read; zero where the source does not say.
    pub revision: i64,
    /// Which keys were read.
    pub keys: Keys,
}

/// Which keys a source has read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Keys {
    /// Every key that starts with these bytes; all keys at all, if there are none.
    Prefix(Vec<u8>),
    /// Unbroken runs of keys, each from its first to its last key, both included: what lies outside was not seen.
    Runs(Vec<(Vec<u8>, Vec<u8>)>),
}

/// The value may be a secret.
impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("key", &String::from_utf8_lossy(&self.key))
            .field("value", &format_args!("[{} bytes]", self.value.len()))
            .field("revision", &self.revision)
            .field("age", &self.age)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_shown() {
        let item = Item {
            key: b"/registry/secrets/a/b".to_vec(),
            value: b"hunter2".to_vec(),
            revision: 7,
            age: Age::Current,
        };
        assert_eq!(
            format!("{item:?}"),
            r#"Item { key: "/registry/secrets/a/b", value: [7 bytes], revision: 7, age: Current }"#
        );
    }
}
