//! One of the `kvs`.
//!
//! A million of them stand in a row. So what etcdctl itself writes has a way of its own, which looks at every byte once; all
//! other JSON is left to serde.

use std::borrow::Cow;

use memchr::memchr2;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::DumpError;
use crate::encryption::source::{Age, Item, Value};
use crate::k8s::base64;

#[derive(Deserialize)]
struct KeyValue<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(default, borrow)]
    value: Cow<'a, str>,
    #[serde(default, deserialize_with = "number")]
    mod_revision: i64,
}

/// Reads an object.
///
/// # Errors
/// It is none, or its key is not base64. Whether its value is, [`Value::bytes`] tells.
pub(super) fn parse(json: &[u8], offset: u64) -> Result<Item, DumpError> {
    let pair: KeyValue<'_> = serde_json::from_slice(json).map_err(|source| DumpError::Item { offset, source })?;
    let (key, value) = (on_one_line(pair.key), on_one_line(pair.value));
    item(key.as_bytes(), value.as_bytes(), pair.mod_revision, offset)
}

/// Leaves out escaped line breaks, as Go does; JSON has no others within a string.
fn on_one_line(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return text;
    }
    text.replace(['\r', '\n'], "").into()
}

/// Reads the object that a text starts with, and says how long it is.
///
/// `None` where it is not whole, or not as etcdctl writes it: its fields in any order, without spaces and escapes.
///
/// # Errors
/// As [`parse`].
pub(super) fn parse_start(text: &[u8], offset: u64) -> Option<Result<(Item, usize), DumpError>> {
    let mut rest = text.strip_prefix(b"{")?;
    let (mut key, mut value, mut revision) = (None, None, None);
    loop {
        let name = take_string(&mut rest)?;
        rest = rest.strip_prefix(b":")?;
        let is_first = match name {
            b"key" => key.replace(take_string(&mut rest)?).is_none(),
            b"value" => value.replace(take_string(&mut rest)?).is_none(),
            b"mod_revision" => revision.replace(take_integer(&mut rest)?).is_none(),
            b"create_revision" | b"version" | b"lease" => take_integer(&mut rest).is_some(),
            _ => false,
        };
        let (&next, behind) = rest.split_first().filter(|_| is_first)?;
        rest = behind;
        match next {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    let length = text.len().saturating_sub(rest.len());
    let item = item(key?, value.unwrap_or_default(), revision.unwrap_or_default(), offset);
    Some(item.map(|item| (item, length)))
}

/// Takes a string without escapes, and gives what stands between its quotes.
fn take_string<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let inner = text.strip_prefix(b"\"")?;
    let (string, quote) = inner.split_at_checked(memchr2(b'"', b'\\', inner)?)?;
    *text = quote.strip_prefix(b"\"")?;
    Some(string)
}

/// Takes a number without sign, fraction and exponent.
fn take_integer(text: &mut &[u8]) -> Option<i64> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, behind) = text.split_at_checked(length)?;
    *text = behind;
    let is_json = digits.len() < 2 || !digits.starts_with(b"0");
    str::from_utf8(digits).ok()?.parse().ok().filter(|_| is_json)
}

fn item(key: &[u8], value: &[u8], revision: i64, offset: u64) -> Result<Item, DumpError> {
    let mut bytes = Vec::new();
    let length = base64::decode_into(key, &mut bytes)
        .ok_or(DumpError::Base64 { offset })?
        .len();
    bytes.truncate(length);
    Ok(Item {
        key: bytes,
        value: Value::Base64 {
            text: value.to_vec(),
            offset,
        },
        revision,
        age: Age::Current,
    })
}

/// A number, or a string that holds one.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WRITTEN: &str =
        r#"{"key":"YQ==","create_revision":2,"mod_revision":3,"version":1,"value":"djE=","lease":7587}"#;

    #[test]
    fn what_etcdctl_writes_is_read_at_once() {
        for text in [
            WRITTEN,
            r#"{"key":"YQ=="}"#,
            r#"{"value":"","mod_revision":0,"key":"YQ=="}"#,
        ] {
            let (item, length) = parse_start(format!("{text},{{").as_bytes(), 7).unwrap().unwrap();
            assert!(
                length == text.len() && item == parse(text.as_bytes(), 7).unwrap(),
                "{text}"
            );
        }
        let error = parse_start(br#"{"key":"Y"}"#, 7).unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the key at byte 7 is not base64");
    }

    #[test]
    fn line_breaks_are_skipped_only_where_json_has_them() {
        let escaped = br#"{"key":"Y\r\nQ==","value":"dj\nE="}"#;
        assert!(parse_start(escaped, 7).is_none());
        let item = parse(escaped, 7).unwrap();
        assert_eq!(item.key, b"a");
        assert_eq!(item.value.bytes(&mut Vec::new()), Ok(&b"v1"[..]));
        let (item, _) = parse_start(b"{\"key\":\"YQ==\",\"value\":\"dj\nE=\"}", 7)
            .unwrap()
            .unwrap();
        assert!(item.value.bytes(&mut Vec::new()).is_err());
    }

    #[test]
    fn all_else_is_left_to_serde() {
        for text in [
            "",
            "{}",
            "[1]",
            r#"{"key": "YQ=="}"#,
            r#"{"key":"YQ==","key":"YQ=="}"#,
            r#"{"key":"\u0059Q=="}"#,
            r#"{"key":"YQ==","mod_revision":"3"}"#,
            r#"{"key":"YQ==","mod_revision":03}"#,
            r#"{"key":"YQ==","mod_revision":-3}"#,
            r#"{"key":"YQ==","mod_revision":}"#,
            r#"{"key":"YQ==","mod_revision":9223372036854775808}"#,
            r#"{"key":"YQ==","x":{}}"#,
            r#"{"value":"YQ=="}"#,
            r#"{"key":"YQ=="]"#,
        ] {
            assert!(parse_start(text.as_bytes(), 7).is_none(), "{text}");
        }
        for end in 0..WRITTEN.len() {
            assert!(parse_start(&WRITTEN.as_bytes()[..end], 7).is_none(), "{end}");
        }
    }

    proptest! {
        /// Whatever the short way takes, and whose value can be decoded, serde takes as well, to the same end.
        #[test]
        fn both_ways_agree(at in 0..WRITTEN.len(), byte in prop::sample::select(&b"\"{}[]:,\\0-9.eaAQ=\n "[..])) {
            let mut text = WRITTEN.as_bytes().to_vec();
            text[at] = byte;
            if let Some(Ok((item, length))) = parse_start(&text, 7)
                && item.value.bytes(&mut Vec::new()).is_ok()
            {
                prop_assert!(item == parse(&text[..length], 7).unwrap());
            }
        }
    }
}
