//! A bbolt database, read from its last key to its first, a page at a time.
//!
//! The file may be anybody's: every number in it is checked before it is followed. Keys must come strictly downwards, over
//! all pages, and no more bytes are read than a tree of distinct pages could have: so circles of pages, and pages that
//! overlap, end the reading instead of making it long.
//!
//! ```text
//! page     id u64, flags u16, count u16, overflow u32, then `count` elements of 16 bytes
//! branch   position u32, key size u32, page id u64           the position counts from the element
//! leaf     flags u32, position u32, key size u32, value size u32
//! meta     magic u32, version u32, page size u32, flags u32, root u64, sequence u64, freelist u64, end u64, transaction u64,
//!          FNV-1a of what is before it u64
//! ```
//!
//! Pages 0 and 1 hold a meta each, of which the later valid one counts. `go.etcd.io/bbolt`, `internal/common`.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use crate::limits;

/// What is wrong with the file of a bbolt database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoltError {
    /// There is no such bucket.
    #[error("it has no bucket `{name}`: it is no database of etcd")]
    Bucket {
        /// Its name.
        name: &'static str,
    },
    /// The tree is deeper than the limit.
    #[error("its tree is deeper than {} pages", limits::SNAPSHOT_DEPTH)]
    Depth,
    /// Neither meta page is valid.
    #[error("neither of its meta pages is valid: it is no bbolt database, or it is damaged")]
    Meta,
    /// A page contradicts itself or the pages before it.
    #[error("its page {page} is damaged: {what}")]
    Page {
        /// Its number.
        page: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// What takes the keys and values of a bucket.
type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, BoltError> + 'a;

/// What takes the keys, values and flags of a bucket, buckets within it included.
type EachEntry<'a> = dyn FnMut(&[u8], &[u8], u32) -> Result<ControlFlow<()>, BoltError> + 'a;

/// A database whose meta page was read.
#[derive(Debug)]
pub(super) struct Bolt<R> {
    file: R,
    page_size: u64,
    /// The first page that is none.
    end: u64,
    root: u64,
    /// Pages that may still be read in this walk.
    left: u64,
}

/// A place where a tree of pages starts.
enum Bucket {
    Page(u64),
    /// A small bucket stands within its parent's value.
    Inline(Vec<u8>),
}

const META_MAGIC: u32 = 0xED0C_DAED;
const META_OFFSET: u64 = 16;
const META_BYTES: usize = 64;
const HEADER: usize = 16;
const ELEMENT: usize = 16;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const IS_BUCKET: u32 = 1;

/// Whether a file that starts with these bytes may be a bbolt database; 24 bytes are enough.
#[must_use]
pub fn is_bolt(start: &[u8]) -> bool {
    start.get(16..).is_some_and(|meta| u32_at(meta, 0) == Some(META_MAGIC))
}

impl<R: Read + Seek> Bolt<R> {
    /// Reads the meta pages. `length` is how many bytes of the file belong to the database.
    ///
    /// # Errors
    /// Neither meta page is valid, or the file cannot be read.
    pub(super) fn open(mut file: R, length: u64) -> Result<Self, BoltError> {
        let first = meta(&mut file, META_OFFSET)?;
        // Without the first meta, the size of a page, and so where the second one stands, is not known.
        let sizes = first.as_ref().map_or_else(
            || (9..=16).map(|shift| 1_u64 << shift).collect(),
            |meta| vec![meta.page_size],
        );
        let mut latest = first;
        for size in sizes {
            if let Some(second) = meta(&mut file, size.saturating_add(META_OFFSET))?
                && second.page_size == size
                && latest
                    .as_ref()
                    .is_none_or(|first| second.transaction > first.transaction)
            {
                latest = Some(second);
                break;
            }
        }
        let Meta {
            page_size, root, end, ..
        } = latest.ok_or(BoltError::Meta)?;
        Ok(Self {
            file,
            page_size,
            end: end.min(length.checked_div(page_size).unwrap_or(0)),
            root,
            left: 0,
        })
    }

    /// Hands out the keys and values of a bucket, the last key first, until `each` has enough.
    ///
    /// # Errors
    /// There is no such bucket, a page is damaged, or `each` fails.
    pub(super) fn read_backwards(&mut self, bucket: &'static str, each: &mut Each<'_>) -> Result<(), BoltError> {
        let mut found = None;
        let root = Bucket::Page(self.root);
        self.walk(root, &mut |key, value, flags| {
            if key != bucket.as_bytes() {
                return Ok(ControlFlow::Continue(()));
            }
            if flags & IS_BUCKET != 0 {
                found = match u64_at(value, 0) {
                    Some(0) => value.get(HEADER..).map(|page| Bucket::Inline(page.to_vec())),
                    Some(page) => Some(Bucket::Page(page)),
                    None => None,
                };
            }
            Ok(ControlFlow::Break(()))
        })?;
        let found = found.ok_or(BoltError::Bucket { name: bucket })?;
        self.walk(found, &mut |key, value, _| each(key, value))
    }

    fn walk(&mut self, bucket: Bucket, each: &mut EachEntry<'_>) -> Result<(), BoltError> {
        self.left = self.end;
        let (top, is_page) = match bucket {
            Bucket::Page(page) => (self.page(page)?, true),
            Bucket::Inline(bytes) => (Page::parse(0, bytes)?, false),
        };
        let mut stack = vec![top];
        let mut last: Option<Vec<u8>> = None;
        while let Some(page) = stack.last_mut() {
            let Some(at) = page.left.checked_sub(1) else {
                stack.pop();
                continue;
            };
            page.left = at;
            if !page.is_leaf {
                let child = page
                    .child(at)
                    .filter(|_| is_page)
                    .ok_or(page.damaged("an element leads out of it"))?;
                if stack.len() >= limits::SNAPSHOT_DEPTH {
                    return Err(BoltError::Depth);
                }
                let child = self.page(child)?;
                // Only a bucket's first page may be empty; below it, empty pages could go on for ever.
                if child.left == 0 {
                    return Err(child.damaged("it is empty"));
                }
                stack.push(child);
                continue;
            }
            let (flags, key, value) = page.entry(at).ok_or(page.damaged("an element leads out of it"))?;
            if last.as_ref().is_some_and(|last| key >= last.as_slice()) {
                return Err(page.damaged("its keys are out of order"));
            }
            let last = last.get_or_insert_with(Vec::new);
            last.clear();
            last.extend_from_slice(key);
            if each(key, value, flags)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads a page with those that it overflows to.
    fn page(&mut self, number: u64) -> Result<Page, BoltError> {
        let damaged = |what| BoltError::Page { page: number, what };
        if number < 2 || number >= self.end {
            return Err(damaged("it lies outside the database"));
        }
        self.left = self.left.checked_sub(1).ok_or(damaged("it was read before"))?;
        let place = number
            .checked_mul(self.page_size)
            .ok_or(damaged("it lies outside the database"))?;
        let mut bytes = Vec::new();
        self.append(place, self.page_size, &mut bytes)?;
        let overflow = u64::from(u32_at(&bytes, 12).unwrap_or(0));
        if overflow > 0 {
            let more = overflow.saturating_mul(self.page_size);
            if number.saturating_add(overflow) >= self.end {
                return Err(damaged("it overflows the database"));
            }
            self.left = self.left.checked_sub(overflow).ok_or(damaged("it was read before"))?;
            if more > limits::SNAPSHOT_PAGE_BYTES {
                return Err(damaged("it is larger than any value of etcd"));
            }
            self.append(place.saturating_add(self.page_size), more, &mut bytes)?;
        }
        if u64_at(&bytes, 0) != Some(number) {
            return Err(damaged("it says that it is another one"));
        }
        Page::parse(number, bytes)
    }

    fn append(&mut self, place: u64, length: u64, bytes: &mut Vec<u8>) -> Result<(), BoltError> {
        self.file.seek(SeekFrom::Start(place))?;
        let read = (&mut self.file).take(length).read_to_end(bytes)?;
        if u64::try_from(read).ok() == Some(length) {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
        }
    }
}

/// A page, and how many of its elements are still to be visited.
struct Page {
    number: u64,
    bytes: Vec<u8>,
    is_leaf: bool,
    left: usize,
}

impl Page {
    fn parse(number: u64, bytes: Vec<u8>) -> Result<Self, BoltError> {
        let damaged = |what| BoltError::Page { page: number, what };
        let (flags, count) = u16_at(&bytes, 8)
            .zip(u16_at(&bytes, 10))
            .ok_or(damaged("it is cut off"))?;
        let is_leaf = match flags {
            LEAF => true,
            BRANCH => false,
            _ => return Err(damaged("it is neither branch nor leaf")),
        };
        Ok(Self {
            number,
            bytes,
            is_leaf,
            left: usize::from(count),
        })
    }

    const fn damaged(&self, what: &'static str) -> BoltError {
        BoltError::Page {
            page: self.number,
            what,
        }
    }

    fn element(&self, at: usize) -> Option<&[u8]> {
        self.bytes.get(at.checked_mul(ELEMENT)?.checked_add(HEADER)?..)
    }

    fn child(&self, at: usize) -> Option<u64> {
        u64_at(self.element(at)?, 8)
    }

    fn entry(&self, at: usize) -> Option<(u32, &[u8], &[u8])> {
        let element = self.element(at)?;
        let number = |offset| usize::try_from(u32_at(element, offset)?).ok();
        let (position, key_size, value_size) = (number(4)?, number(8)?, number(12)?);
        let key_end = position.checked_add(key_size)?;
        let key = element.get(position..key_end)?;
        let value = element.get(key_end..key_end.checked_add(value_size)?)?;
        Some((u32_at(element, 0)?, key, value))
    }
}

struct Meta {
    page_size: u64,
    root: u64,
    end: u64,
    transaction: u64,
}

/// The meta at a place in the file, if a valid one stands there.
fn meta<R: Read + Seek>(file: &mut R, place: u64) -> Result<Option<Meta>, BoltError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(place))?;
    file.take(64).read_to_end(&mut bytes)?;
    Ok(parse_meta(&bytes))
}

fn parse_meta(bytes: &[u8]) -> Option<Meta> {
    let summed = bytes.get(..META_BYTES.saturating_sub(8))?;
    let sound = u32_at(bytes, 0)? == META_MAGIC && u32_at(bytes, 4)? == 2 && u64_at(bytes, 56)? == fnv1a(summed);
    let page_size = u64::from(u32_at(bytes, 8)?);
    let plausible = page_size.is_power_of_two() && (512..=1 << 16).contains(&page_size);
    (sound && plausible).then_some(())?;
    Some(Meta {
        page_size,
        root: u64_at(bytes, 16)?,
        end: u64_at(bytes, 40)?,
        transaction: u64_at(bytes, 48)?,
    })
}

/// The 64-bit hash of Fowler, Noll and Vo, as Go's `hash/fnv` has it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
