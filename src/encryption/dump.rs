//! What `etcdctl get PREFIX --prefix -w json` prints, read as it comes.
//!
//! One answer is one object on one line, of any size:
//!
//! ```text
//! {"header":{"revision":7,...},"kvs":[{"key":"base64","mod_revision":7,"value":"base64",...},...],"more":false,"count":9}
//! ```
//!
//! Only one of the `kvs` is in memory at a time. Several answers may follow each other; numbers may be strings, as etcd's
//! JSON gateway writes them.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::memchr2;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::source::{Age, Each, Extent, Item, Keys};
use crate::k8s::base64;
use crate::limits;

/// What is wrong with the answers of `etcdctl`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// A key or value is not base64.
    #[error("the {field} at byte {offset} is not base64")]
    Base64 {
        /// `key` or `value`.
        field: &'static str,
        /// Where its object starts.
        offset: u64,
    },
    /// The text ends within an answer.
    #[error("it ends within an answer, after {offset} bytes: was the output of etcdctl cut off?")]
    Ends {
        /// Bytes of the text.
        offset: u64,
    },
    /// One of the `kvs` is not what it should be.
    #[error("the key and value at byte {offset} are malformed")]
    Item {
        /// Where its object starts.
        offset: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// No JSON as etcdctl writes it.
    #[error("byte {offset} is not as etcdctl writes it: expected {expected}")]
    Malformed {
        /// Where.
        offset: u64,
        /// What should stand there.
        expected: &'static str,
    },
    /// It holds keys, but not one value.
    #[error("none of its keys has a value: was it made with `--keys-only`?")]
    NoValues,
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The limit of [`limits`].
    #[error("the value at byte {offset} is larger than {limit} bytes", limit = limits::STORED_ITEM_BYTES)]
    TooLarge {
        /// Where it starts.
        offset: u64,
    },
}

/// Reads answers to the end of the stream.
///
/// # Errors
/// It is not JSON as etcdctl writes it, or cannot be read. What came before was handed out.
pub fn read(stream: impl Read, each: &mut Each<'_>) -> Result<Extent, DumpError> {
    let mut answers = Answers {
        text: Window::new(stream),
        revision: 0,
        runs: Vec::new(),
        has_keys: false,
        has_values: false,
    };
    let mut first = true;
    loop {
        match answers.text.peek()? {
            None if first => {
                return Err(DumpError::Malformed {
                    offset: 0,
                    expected: "a JSON object",
                });
            }
            None => break,
            Some(_) => {}
        }
        first = false;
        if answers.answer(each)?.is_break() {
            return Ok(answers.extent());
        }
    }
    if answers.has_keys && !answers.has_values {
        return Err(DumpError::NoValues);
    }
    Ok(answers.extent())
}

struct Answers<R> {
    text: Window<R>,
    revision: i64,
    runs: Vec<(Vec<u8>, Vec<u8>)>,
    has_keys: bool,
    has_values: bool,
}

#[derive(Deserialize)]
struct KeyValue<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(default, borrow)]
    value: Cow<'a, str>,
    #[serde(default, deserialize_with = "number")]
    mod_revision: i64,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "number")]
    revision: i64,
}

/// The keys of one answer.
#[derive(Default)]
struct Run {
    bounds: Option<(Vec<u8>, Vec<u8>)>,
    /// An answer that is cut off after its first keys is unbroken only if they came in their order.
    ascending: bool,
    count: i64,
}

impl<R: Read> Answers<R> {
    fn extent(self) -> Extent {
        Extent {
            revision: self.revision,
            keys: Keys::Runs(self.runs),
        }
    }

    fn answer(&mut self, each: &mut Each<'_>) -> Result<ControlFlow<()>, DumpError> {
        self.text.expect(b'{', "`{`")?;
        let mut run = Run {
            ascending: true,
            ..Run::default()
        };
        let (mut more, mut total) = (false, 0_i64);
        if self.text.take_if(b'}')? {
            return Ok(ControlFlow::Continue(()));
        }
        loop {
            let name = self.text.name()?;
            self.text.expect(b':', "`:`")?;
            if name == b"kvs" {
                if self.kvs(&mut run, each)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            } else {
                let offset = self.text.offset();
                let value = self.text.value()?;
                let malformed = |source| DumpError::Item { offset, source };
                match name.as_slice() {
                    b"header" => {
                        let Header { revision } = serde_json::from_slice(value).map_err(malformed)?;
                        self.revision = self.revision.max(revision);
                    }
                    b"more" => more = serde_json::from_slice(value).map_err(malformed)?,
                    b"count" => total = number(&mut serde_json::Deserializer::from_slice(value)).map_err(malformed)?,
                    _ => {}
                }
            }
            if !self.text.take_if(b',')? {
                self.text.expect(b'}', "`,` or `}`")?;
                break;
            }
        }
        // etcd counts what it was asked for before it filters: an answer that is not cut off and has another number of keys
        // was thinned out, by etcd or by who edited it.
        let unbroken = if more {
            run.ascending && total > run.count
        } else {
            total == run.count
        };
        self.runs.extend(run.bounds.filter(|_| unbroken));
        Ok(ControlFlow::Continue(()))
    }

    fn kvs(&mut self, run: &mut Run, each: &mut Each<'_>) -> Result<ControlFlow<()>, DumpError> {
        if self.text.peek()? == Some(b'n') {
            self.text.value()?;
            return Ok(ControlFlow::Continue(()));
        }
        self.text.expect(b'[', "`[`")?;
        if self.text.take_if(b']')? {
            return Ok(ControlFlow::Continue(()));
        }
        loop {
            self.text.peek()?;
            let offset = self.text.offset();
            let item = parse(self.text.value()?, offset)?;
            self.has_keys = true;
            self.has_values |= !item.value.is_empty();
            run.add(&item.key);
            if each(item).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if !self.text.take_if(b',')? {
                self.text.expect(b']', "`,` or `]`")?;
                return Ok(ControlFlow::Continue(()));
            }
        }
    }
}

impl Run {
    fn add(&mut self, key: &[u8]) {
        self.count = self.count.saturating_add(1);
        let Some((first, last)) = &mut self.bounds else {
            self.bounds = Some((key.to_vec(), key.to_vec()));
            return;
        };
        if key > last.as_slice() {
            last.clear();
            last.extend_from_slice(key);
        } else {
            self.ascending = false;
            if key < first.as_slice() {
                *first = key.to_vec();
            }
        }
    }
}

fn parse(json: &[u8], offset: u64) -> Result<Item, DumpError> {
    let item: KeyValue<'_> = serde_json::from_slice(json).map_err(|source| DumpError::Item { offset, source })?;
    let decode = |text: &str, field| {
        let mut bytes = base64::decode(text).ok_or(DumpError::Base64 { field, offset })?;
        Ok::<_, DumpError>(std::mem::take(&mut *bytes))
    };
    Ok(Item {
        key: decode(&item.key, "key")?,
        value: decode(&item.value, "value")?,
        revision: item.mod_revision,
        age: Age::Current,
    })
}

/// A number, or a string that holds one.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Number;
    impl Visitor<'_> for Number {
        type Value = i64;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number")
        }

        fn visit_i64<E>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
            i64::try_from(number).map_err(E::custom)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Number)
}

/// A window on a stream of JSON: what is behind it is gone, what is before it is not read yet.
struct Window<R> {
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
    const fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            at: 0,
            before: 0,
            ended: false,
        }
    }

    fn offset(&self) -> u64 {
        self.before.saturating_add(u64::try_from(self.at).unwrap_or(u64::MAX))
    }

    fn rest(&self) -> &[u8] {
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

    /// The next byte that is no space; `None` at the end.
    fn peek(&mut self) -> Result<Option<u8>, DumpError> {
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

    fn take_if(&mut self, byte: u8) -> Result<bool, DumpError> {
        let is = self.peek()? == Some(byte);
        self.at = self.at.saturating_add(usize::from(is));
        Ok(is)
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), DumpError> {
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
    fn name(&mut self) -> Result<Vec<u8>, DumpError> {
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
    fn value(&mut self) -> Result<&[u8], DumpError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(into.len()).min(self.0.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn all(text: &str) -> Result<(Vec<String>, Extent), DumpError> {
        let mut items = Vec::new();
        let extent = read(Drops(text.as_bytes(), 7), &mut |item| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            items.push(format!("{}={}@{}", text(&item.key), text(&item.value), item.revision));
            ControlFlow::Continue(())
        })?;
        Ok((items, extent))
    }

    const ONE: &str = r#"{"header":{"cluster_id":1,"revision":9},"kvs":[{"key":"YQ==","create_revision":2,"mod_revision":3,"version":1,"value":"djE="},{"key":"Yg==","mod_revision":4}],"count":2}"#;

    #[test]
    fn answers_are_read() {
        let (items, extent) = all(ONE).unwrap();
        assert_eq!(items, ["a=v1@3", "b=@4"]);
        assert_eq!(extent.revision, 9);
        assert_eq!(extent.keys, Keys::Runs(vec![(b"a".to_vec(), b"b".to_vec())]));
        let spaced = ONE.replace([',', ':'], " \n , ").replace(" \n , ", ",");
        assert!(all(&spaced).is_err());
        let gateway = r#" { "header" : {"revision":"9"} , "kvs" : [ {"key":"YQ==","mod_revision":"3","value":"djE=","x":{"y":["\"}"]}} ] , "more" : false , "count" : "1" } "#;
        let (items, extent) = all(&format!("{gateway}\n{ONE}\n")).unwrap();
        assert_eq!(items, ["a=v1@3", "a=v1@3", "b=@4"]);
        assert_eq!(extent.revision, 9);
    }

    #[test]
    fn an_answer_that_was_cut_vouches_for_what_it_holds_only() {
        let runs = |text: &str| match all(text).unwrap().1.keys {
            Keys::Runs(runs) => runs.len(),
            Keys::Prefix(_) => panic!(),
        };
        assert_eq!(runs(&ONE.replace("\"count\":2", "\"more\":true,\"count\":5")), 1);
        let swapped = ONE.replace("YQ==", "Yz==");
        assert_eq!(runs(&swapped), 1);
        assert_eq!(runs(&swapped.replace("\"count\":2", "\"count\":5")), 0);
        // Filtered by etcd, with `jq`, or by an editor.
        for count in [
            "\"count\":5",
            "\"count\":1",
            "\"more\":false",
            "\"more\":true,\"count\":2",
        ] {
            assert_eq!(runs(&ONE.replace("\"count\":2", count)), 0, "{count}");
        }
        assert_eq!(runs("{}"), 0);
        assert_eq!(runs(r#"{"header":{},"kvs":null}"#), 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, expected) in [
            ("", "byte 0 is not as etcdctl writes it: expected a JSON object"),
            ("/registry/a\nv", "byte 0 is not as etcdctl writes it: expected `{`"),
            (
                "{\"kvs\":[{\"key\":\"YQ==\"",
                "it ends within an answer, after 21 bytes: was the output of etcdctl cut off?",
            ),
            (
                "{\"kvs\":[{\"key\":\"YQ==\",\"value\":\"YQ==\"}",
                "it ends within an answer, after 37 bytes: was the output of etcdctl cut off?",
            ),
            ("{\"kvs\":[{\"key\":\"a\"}]}", "the key at byte 8 is not base64"),
            ("{\"kvs\":[7]}", "the key and value at byte 8 are malformed"),
            ("{\"kvs\":[{}]}", "the key and value at byte 8 are malformed"),
            ("{\"kvs\":7}", "byte 7 is not as etcdctl writes it: expected `[`"),
            ("{\"kvs\":[,]}", "byte 8 is not as etcdctl writes it: expected a value"),
            ("{\"a\" 1}", "byte 5 is not as etcdctl writes it: expected `:`"),
            (
                "{a:1}",
                "byte 1 is not as etcdctl writes it: expected the name of a field",
            ),
            (
                "{\"a\":1 \"b\":2}",
                "byte 7 is not as etcdctl writes it: expected `,` or `}`",
            ),
            (
                "{\"kvs\":[{\"key\":\"YQ==\"},{\"key\":\"Yg==\"}]}",
                "none of its keys has a value: was it made with `--keys-only`?",
            ),
        ] {
            assert_eq!(all(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn every_cut_is_an_error() {
        for end in 1..ONE.len() {
            assert!(all(&ONE[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn who_has_enough_stops() {
        let mut count = 0;
        read(ONE.as_bytes(), &mut |_| {
            count += 1;
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!(count, 1);
    }
}
