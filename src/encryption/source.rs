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

use crate::k8s::base64;

/// What takes the items of a source.
pub type Each<'a> = dyn FnMut(Item) -> ControlFlow<()> + 'a;

/// One key of etcd with one of its values.
#[derive(Clone, Eq, PartialEq)]
pub struct Item {
    /// The key, byte for byte: `/registry/secrets/shop/db`.
    pub key: Vec<u8>,
    /// The value.
    pub value: Value,
    /// The revision that wrote the value (`mod_revision`).
    pub revision: i64,
    /// Whether the key still has this value.
    pub age: Age,
}

/// A value as its source has it, so that decoding it is left to the thread that needs the bytes.
#[derive(Clone, Eq, PartialEq)]
pub enum Value {
    /// Base64 on one line.
    Base64 {
        /// The text.
        text: Vec<u8>,
        /// Where its object starts in the source.
        offset: u64,
    },
    /// The value, byte for byte.
    Bytes(Vec<u8>),
}

/// A value is not base64.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[error("the value at byte {offset} is not base64")]
pub struct ValueError {
    /// Where its object starts in the source.
    pub offset: u64,
}

impl Value {
    /// Bytes that it takes as the source has it.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Base64 { text, .. } => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, in `buffer` if they have to be decoded; what it held is lost.
    ///
    /// # Errors
    /// It is not base64.
    pub fn bytes<'a>(&'a self, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], ValueError> {
        match self {
            Self::Base64 { text, offset } => base64::decode_into(text, buffer).ok_or(ValueError { offset: *offset }),
            Self::Bytes(bytes) => Ok(bytes),
        }
    }
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
            value: Value::Bytes(b"hunter2".to_vec()),
            revision: 7,
            age: Age::Current,
        };
        assert_eq!(
            format!("{item:?}"),
            r#"Item { key: "/registry/secrets/a/b", value: [7 bytes], revision: 7, age: Current }"#
        );
    }

    #[test]
    fn base64_is_decoded_on_demand() {
        let mut buffer = vec![b'#'; 40];
        let text = |text: &[u8]| Value::Base64 {
            text: text.to_vec(),
            offset: 7,
        };
        for (value, bytes) in [
            (text(b"aHVudGVyMg=="), &b"hunter2"[..]),
            (text(b""), b""),
            (Value::Bytes(b"aHVu".to_vec()), b"aHVu"),
        ] {
            assert_eq!(value.bytes(&mut buffer), Ok(bytes));
            assert_eq!(value.is_empty(), bytes.is_empty());
        }
        for wrong in [&b"aHVudGVyMg"[..], b"a", b"\xff\xff\xff\xff", b"aHVu\ndGVy"] {
            let error = text(wrong).bytes(&mut buffer).unwrap_err();
            assert_eq!(error.to_string(), "the value at byte 7 is not base64");
        }
    }
}
