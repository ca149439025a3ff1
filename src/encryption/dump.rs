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

mod pair;
mod window;

use std::io::{self, Read};
use std::ops::ControlFlow;

use serde::Deserialize;

use self::pair::number;
use self::window::Window;
use super::source::{Each, Extent, Keys};
use crate::limits;

/// What is wrong with the answers of `etcdctl`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// A key is not base64.
    #[error("the key at byte {offset} is not base64")]
    Base64 {
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
            let item = match pair::parse_start(self.text.rest(), offset) {
                Some(read) => {
                    let (item, length) = read?;
                    self.text.skip(length);
                    item
                }
                None => pair::parse(self.text.value()?, offset)?,
            };
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
            let mut buffer = Vec::new();
            let value = text(item.value.bytes(&mut buffer).unwrap());
            items.push(format!("{}={value}@{}", text(&item.key), item.revision));
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
