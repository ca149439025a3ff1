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
use super::source::{Age, Each, Extent, Item, Keys, Value};

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
                        value: Value::Bytes(value),
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const SNAPSHOT: &[u8] = include_bytes!("../../fixtures/encryption/audit/snapshot.db");
    /// Without the checksum that every change would break.
    const LENGTH: usize = SNAPSHOT.len() - SHA256_OUTPUT_LEN;

    fn read(bytes: &[u8]) -> Result<(Vec<Item>, Extent), SnapshotError> {
        let mut items = Vec::new();
        let extent = Snapshot::open(Cursor::new(bytes))?.read(&mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        })?;
        Ok((items, extent))
    }

    #[test]
    fn every_revision_is_read_the_newest_first() {
        assert!(is_bolt(SNAPSHOT) && !is_bolt(b"{\"header\":{}}") && !is_bolt(b""));
        assert!(Snapshot::open(Cursor::new(SNAPSHOT)).unwrap().has_checksum());
        let (items, extent) = read(SNAPSHOT).unwrap();
        // 76 writes, of which one was a deletion; etcd's first revision is empty.
        assert_eq!((items.len(), extent.revision), (75, 77));
        assert!(items.is_sorted_by(|a, b| a.revision > b.revision));
        let of = |name: &str| -> Vec<(i64, Age)> {
            let key = format!("/registry/secrets/shop/{name}");
            let same = items.iter().filter(|item| item.key == key.as_bytes());
            same.map(|item| (item.revision, item.age)).collect()
        };
        use Age::{Current, Superseded};
        assert_eq!(of("db"), [(4, Current), (3, Superseded), (2, Superseded)]);
        assert_eq!(of("gone"), [(6, Superseded)]);
        let big = items.iter().find(|item| item.key.ends_with(b"/big")).unwrap();
        assert!(big.value.len() > 20_000, "{big:?}");
    }

    /// The dump was taken from the same etcd by its own client.
    #[test]
    fn what_is_current_is_what_etcdctl_says() {
        let mut expected = Vec::new();
        let dump = include_bytes!("../../fixtures/encryption/audit/dump.json");
        super::super::dump::read(&dump[..], &mut |mut item| {
            item.value = Value::Bytes(item.value.bytes(&mut Vec::new()).unwrap().to_vec());
            expected.push(item);
            ControlFlow::Continue(())
        })
        .unwrap();
        let (mut items, _) = read(SNAPSHOT).unwrap();
        items.retain(|item| item.age == Age::Current && item.key.starts_with(b"/"));
        items.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(items.len(), 71);
        assert!(items == expected);
    }

    #[test]
    fn damage_is_told() {
        for at in [0, 100, LENGTH / 2, LENGTH - 1, SNAPSHOT.len() - 1] {
            let mut bytes = SNAPSHOT.to_vec();
            bytes[at] ^= 1;
            assert!(matches!(read(&bytes), Err(SnapshotError::Checksum)), "{at}");
        }
        assert!(
            read(&SNAPSHOT[..LENGTH]).is_ok(),
            "a copy of the database has no checksum"
        );
        for (bytes, message) in [
            (
                &SNAPSHOT[..1000],
                "it has 1000 bytes, which is no whole number of pages: was it cut off?",
            ),
            (
                &[0; 4096],
                "neither of its meta pages is valid: it is no bbolt database, or it is damaged",
            ),
            (
                b"",
                "neither of its meta pages is valid: it is no bbolt database, or it is damaged",
            ),
        ] {
            assert_eq!(read(bytes).unwrap_err().to_string(), message);
        }
        assert!(read(&SNAPSHOT[..LENGTH / 8192 * 4096]).is_err(), "half of the pages");
    }

    #[test]
    fn one_valid_meta_page_is_enough() {
        for meta in [16, 4096 + 16] {
            let mut bytes = SNAPSHOT[..LENGTH].to_vec();
            bytes[meta..meta + 4].fill(0);
            // The other one may be a transaction older, in which etcd had fewer keys, but it is whole.
            assert!(read(&bytes).is_ok(), "{meta}");
        }
    }

    /// The pages of the fixture's tree, by what they are.
    fn pages(kind: u8) -> Vec<usize> {
        let pages = (2..LENGTH / 4096).map(|page| page * 4096);
        pages
            .filter(|&at| SNAPSHOT[at + 8] == kind && SNAPSHOT[at + 9] == 0)
            .collect()
    }

    #[test]
    fn circles_end() {
        let mut told = 0;
        for branch in pages(1) {
            let mut bytes = SNAPSHOT[..LENGTH].to_vec();
            let own = u64::try_from(branch / 4096).unwrap();
            bytes[branch + 16 + 8..branch + 16 + 16].copy_from_slice(&own.to_le_bytes());
            if let Err(error) = read(&bytes) {
                assert!(
                    matches!(error, SnapshotError::Bolt(BoltError::Depth | BoltError::Page { .. })),
                    "{error}"
                );
                told += 1;
            }
        }
        assert!(told > 0, "a branch that counts points at itself");
    }

    proptest! {
        #[test]
        fn no_damage_panics_or_goes_on_for_ever(changes in prop::collection::vec((0..LENGTH, any::<u8>()), 1..20)) {
            let mut bytes = SNAPSHOT[..LENGTH].to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            if let Ok((items, _)) = read(&bytes) {
                prop_assert!(items.len() <= LENGTH / 16);
            }
        }

        #[test]
        fn no_header_of_a_page_panics(page in 2..LENGTH / 4096, header in prop::collection::vec(any::<u8>(), 48)) {
            let mut bytes = SNAPSHOT[..LENGTH].to_vec();
            // The page keeps its number and is a branch or leaf, so that the rest is looked at.
            bytes[page * 4096 + 10..page * 4096 + 58].copy_from_slice(&header);
            let _ = read(&bytes);
        }
    }
}
