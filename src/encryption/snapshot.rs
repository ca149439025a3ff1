//! A snapshot of etcd, or the `member/snap/db` of one that is not running: every revision that no compaction has removed.
//!
//! The bucket `key` holds one entry for each revision. Its key is the revision, big-endian: `u64 _ u64`, and a `t` where it
//! deleted; its value is the `mvccpb.KeyValue`. Read backwards, the first entry of a key is what the key has now, and
//! everything after it is history: overwritten or deleted, and still there to be read by who has the file.
//!
//! `etcdctl snapshot save` appends the SHA-256 of the database, which is verified.
//!
//! Which keys were seen is remembered as a keyed hash of 64 bits for each, about 18 MB for a million keys.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use prost::Message;

use super::bolt::Bolt;
use super::source::{Age, Each, Extent, Item, Keys};

pub use super::bolt::{BoltError, is_bolt};

/// What is wrong with a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The database cannot be read.
    #[error(transparent)]
    Bolt(#[from] BoltError),
    /// The appended checksum is not that of the database.
    #[error("its SHA-256 is not the one that `etcdctl snapshot save` appended: it is damaged")]
    Checksum,
    /// Its length is neither that of a database nor that of one with a checksum.
    #[error("it has {length} bytes, which is no whole number of pages: was it cut off?")]
    Length {
        /// Its length.
        length: u64,
    },
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// An entry of the bucket is malformed.
    #[error("its entry of revision {revision} is malformed")]
    Revision {
        /// Which one; zero where not even that can be read.
        revision: i64,
    },
}

/// A snapshot whose checksum was verified, if it has one.
#[derive(Debug)]
pub struct Snapshot<R> {
    bolt: Bolt<R>,
    has_checksum: bool,
}

impl<R: Read + Seek> Snapshot<R> {
    /// Opens a snapshot, and verifies the checksum at its end; that reads it whole.
    ///
    /// # Errors
    /// It is damaged, no database of etcd, or cannot be read.
    pub fn open(mut file: R) -> Result<Self, SnapshotError> {
        let length = file.seek(SeekFrom::End(0))?;
        let digest_length = u64::try_from(SHA256_OUTPUT_LEN).unwrap_or(u64::MAX);
        // As etcd itself tells whether there is one: `etcdutl/snapshot/v3_snapshot.go`.
        let (database, has_checksum) = match length % 512 {
            0 => (length, false),
            rest if rest == digest_length => (length.saturating_sub(digest_length), true),
            _ => return Err(SnapshotError::Length { length }),
        };
        if has_checksum {
            verify_checksum(&mut file, database)?;
        }
        Ok(Self {
            bolt: Bolt::open(file, database)?,
            has_checksum,
        })
    }

    /// Whether a checksum was there, and fits. A database that was copied from a disk has none.
    #[must_use]
    pub const fn has_checksum(&self) -> bool {
        self.has_checksum
    }

    /// Hands out every value, those of the newest revision first.
    ///
    /// # Errors
    /// A page or an entry is damaged. What came before was handed out.
    pub fn read(&mut self, each: &mut Each<'_>) -> Result<Extent, SnapshotError> {
        let hasher = RandomState::new();
        let mut seen = HashSet::with_hasher(BuildHasherDefault::<Hashed>::default());
        let mut newest = 0;
        let mut malformed = None;
        self.bolt
            .read_backwards("key", &mut |key, value| match entry(key, value) {
                Ok(Entry {
                    key,
                    value,
                    revision,
                    deleted,
                }) => {
                    newest = newest.max(revision);
                    let first = seen.insert(hasher.hash_one(&key));
                    if deleted {
                        return Ok(ControlFlow::Continue(()));
                    }
                    let age = if first { Age::Current } else { Age::Superseded };
                    Ok(each(Item {
                        key,
                        value,
                        revision,
                        age,
                    }))
                }
                Err(revision) => {
                    malformed = Some(revision);
                    Ok(ControlFlow::Break(()))
                }
            })?;
        match malformed {
            Some(revision) => Err(SnapshotError::Revision { revision }),
            None => Ok(Extent {
                revision: newest,
                keys: Keys::Prefix(Vec::new()),
            }),
        }
    }
}

fn verify_checksum<R: Read + Seek>(file: &mut R, length: u64) -> Result<(), SnapshotError> {
    file.seek(SeekFrom::Start(0))?;
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; 1 << 16];
    let mut database = (&mut *file).take(length);
    loop {
        match database.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => context.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut appended = Vec::new();
    file.read_to_end(&mut appended)?;
    if context.finish().as_ref() == appended.as_slice() {
        Ok(())
    } else {
        Err(SnapshotError::Checksum)
    }
}

struct Entry {
    key: Vec<u8>,
    value: Vec<u8>,
    revision: i64,
    deleted: bool,
}

/// The part of `mvccpb.KeyValue` that is needed.
#[derive(Clone, Eq, Message, PartialEq)]
struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    value: Vec<u8>,
}

/// Reads an entry of the bucket; the error is the revision, as far as it can be read.
fn entry(key: &[u8], value: &[u8]) -> Result<Entry, i64> {
    let (main, rest) = key.split_first_chunk::<8>().ok_or(0)?;
    let revision = i64::from_be_bytes(*main);
    let deleted = match rest {
        [b'_', sub @ ..] if sub.len() == 8 => false,
        [b'_', sub @ .., b't'] if sub.len() == 8 => true,
        _ => return Err(revision),
    };
    let KeyValue { key, value } = KeyValue::decode(value).map_err(|_| revision)?;
    Ok(Entry {
        key,
        value,
        revision,
        deleted,
    })
}

/// Takes hashes as they are.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
