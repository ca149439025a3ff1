//! JSON as it comes: where a value ends, and what stands between values.

use std::io::Read;

use memchr::memchr2;

use super::DumpError;
use crate::limits;

/// A window on a stream of JSON: what is behind it is gone, what is before it is not read yet.
pub(super) struct Window<R> {
    stream: R,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer starts.
    at: usize,
    /// Bytes of the stream before the buffer.
    before: u64,
    ended: bool,
}

/// Bytes that are asked of the stream at once.
const CHUNK: usize = 256 << 10;

impl<R: Read> Window<R> {
    pub(super) const fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            at: 0,
            before: 0,
            ended: false,
        }
    }

    /// Bytes of the stream before the unread part.
    pub(super) fn offset(&self) -> u64 {
        self.before.saturating_add(u64::try_from(self.at).unwrap_or(u64::MAX))
    }

    /// What is there already of what comes next.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Reads more; whether there was any.
    fn fill(&mut self) -> Result<bool, DumpError> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.before = self.offset();
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        // A value that is larger than a chunk is not moved again for each chunk that it has.
        let wanted = CHUNK.max(self.buffer.len());
        let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
        let read = (&mut self.stream).take(limit).read_to_end(&mut self.buffer)?;
        self.ended = read == 0;
        Ok(read > 0)
    }

    /// Goes on behind so many bytes of the rest.
    pub(super) fn skip(&mut self, length: usize) {
        self.at = self.at.saturating_add(length);
    }

    /// The next byte that is no space; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, DumpError> {
        loop {
            let spaces = self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.at = self.at.saturating_add(spaces);
            if let Some(&byte) = self.rest().first() {
                return Ok(Some(byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the next byte that is no space, if it is this one.
    /// Takes the next byte that is no space, if it is this one.
    pub(super) fn take_if(&mut self, byte: u8) -> Result<bool, DumpError> {
        let is = self.peek()? == Some(byte);
        self.at = self.at.saturating_add(usize::from(is));
        Ok(is)
    }

    /// Takes this byte, spaces before it included.
    /// Takes this byte, and spaces before it.
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), DumpError> {
        if self.take_if(byte)? {
            return Ok(());
        }
        let offset = self.offset();
        Err(match self.peek()? {
            None => DumpError::Ends { offset },
            Some(_) => DumpError::Malformed { offset, expected },
        })
    }

    /// The name of a field, without its quotes. Names with escapes are none that matter.
    pub(super) fn name(&mut self) -> Result<Vec<u8>, DumpError> {
        if self.peek()? != Some(b'"') {
            self.expect(b'"', "the name of a field")?;
        }
        let quoted = self.value()?;
        Ok(quoted
            .get(1..quoted.len().saturating_sub(1))
            .unwrap_or_default()
            .to_vec())
    }

    /// A whole value, without looking closer than at its brackets and quotes.
    pub(super) fn value(&mut self) -> Result<&[u8], DumpError> {
        self.peek()?;
        let start = self.offset();
        let mut scan = Scan::default();
        let length = loop {
            if let Some(length) = scan.go(self.rest()) {
                break length;
            }
            if self.rest().len() > limits::STORED_ITEM_BYTES {
                return Err(DumpError::TooLarge { offset: start });
            }
            if !self.fill()? {
                return Err(DumpError::Ends {
                    offset: self
                        .offset()
                        .saturating_add(u64::try_from(self.rest().len()).unwrap_or(0)),
                });
            }
        };
        if length == 0 {
            return Err(DumpError::Malformed {
                offset: start,
                expected: "a value",
            });
        }
        let from = self.at;
        self.at = from.saturating_add(length);
        Ok(self.buffer.get(from..self.at).unwrap_or_default())
    }
}

/// Where a value ends, found as its bytes come.
#[derive(Default)]
struct Scan {
    at: usize,
    depth: usize,
    in_string: bool,
}

impl Scan {
    /// The length of the value that `text` starts with; `None` where it goes on behind the text.
    fn go(&mut self, text: &[u8]) -> Option<usize> {
        loop {
            if self.in_string {
                let rest = text.get(self.at..)?;
                let found = memchr2(b'"', b'\\', rest)?;
                if rest.get(found) == Some(&b'\\') {
                    // What it escapes has to be there before the search goes on.
                    rest.get(found.saturating_add(1))?;
                    self.at = self.at.saturating_add(found).saturating_add(2);
                    continue;
                }
                self.at = self.at.saturating_add(found).saturating_add(1);
                self.in_string = false;
                if self.depth == 0 {
                    return Some(self.at);
                }
            }
            match text.get(self.at)? {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' if self.depth > 1 => self.depth = self.depth.saturating_sub(1),
                b'}' | b']' if self.depth == 1 => return Some(self.at.saturating_add(1)),
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Some(self.at),
                _ => {}
            }
            self.at = self.at.saturating_add(1);
        }
    }
}
