//! JSON as `encoding/json` of Go reads it, with its messages, and the bytes where everything stands.

use std::ops::Range;

use zeroize::Zeroizing;

use super::go;
use super::tree::{Member, Tree, Value};
use crate::limits;

/// Why a text is no JSON, and the byte where that shows.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) offset: usize,
}

/// Reads one value and nothing behind it.
pub(super) fn parse(text: &str) -> Result<Tree, Fault> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let tree = reader.value()?;
    reader.blanks();
    match reader.peek() {
        None => Ok(tree),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The byte that comes is not what the grammar has here.
    fn unexpected(&self, context: &str) -> Fault {
        let message = match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {context}"),
            Some(b'"') => format!("invalid character '\"' {context}"),
            Some(byte) => {
                let quoted = go::quote(char::from(byte).encode_utf8(&mut [0; 4]));
                format!("invalid character '{}' {context}", quoted.trim_matches('"'))
            }
        };
        Fault {
            message,
            offset: self.at,
        }
    }

    fn value(&mut self) -> Result<Tree, Fault> {
        self.blanks();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal("true", Value::Bool)?,
            Some(b'f') => self.literal("false", Value::Bool)?,
            Some(b'n') => self.literal("null", Value::Null)?,
            _ => return Err(self.unexpected("looking for beginning of value")),
        };
        Ok(Tree {
            value,
            span: start..self.at,
        })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        self.depth += 1;
        if self.depth > limits::YAML_DEPTH {
            return Err(Fault {
                message: format!("nested deeper than {} levels", limits::YAML_DEPTH),
                offset: self.at,
            });
        }
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut members = Vec::new();
        self.blanks();
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let start = self.at;
            let key = self.string()?.as_str().to_owned();
            let key_span: Range<usize> = start..self.at;
            self.blanks();
            if !self.takes(b':') {
                return Err(self.unexpected("after object key"));
            }
            let value = self.value()?;
            members.push(Member { key, key_span, value });
            self.blanks();
            if self.takes(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.takes(b',') {
                return Err(self.unexpected("after object key:value pair"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.blanks();
        if self.takes(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            if self.takes(b']') {
                return Ok(Value::Array(items));
            }
            if !self.takes(b',') {
                return Err(self.unexpected("after array element"));
            }
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        for expected in word.bytes() {
            if !self.takes(expected) {
                return Err(self.unexpected(&format!("in literal {word} (expecting '{}')", char::from(expected))));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits("in numeric literal")?;
        }
        if self.takes(b'.') {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits("in exponent of numeric literal")?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(Value::Number(text.to_owned()))
    }

    fn digits(&mut self, context: &str) -> Result<(), Fault> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected(context));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Zeroizing<String>, Fault> {
        self.at += 1;
        // Large enough for what is left of the string, so that growing leaves no copies of secrets.
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let mut out = Zeroizing::new(String::with_capacity(memchr::memchr(b'"', rest).unwrap_or(0) * 2));
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                None | Some(0..=0x1f) => return Err(self.unexpected("in string literal")),
                Some(_) => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let Some(character) = rest.chars().next() else {
                        return Err(self.unexpected("in string literal"));
                    };
                    out.push(character);
                    self.at += character.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Fault> {
        let plain = match self.peek() {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => {
                self.at += 1;
                let high = self.hex()?;
                let before = self.at;
                let is_pair = (0xd800..0xdc00).contains(&high) && self.takes(b'\\') && self.takes(b'u');
                if is_pair {
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        return Ok(());
                    }
                }
                // Half of a pair is the replacement character; what follows is read on its own.
                self.at = before;
                out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> String {
        let fault = parse(text).unwrap_err();
        format!("{}: {}", fault.offset, fault.message)
    }

    #[test]
    fn messages_are_those_of_go() {
        for (text, message) in [
            ("", "0: unexpected end of JSON input"),
            ("{", "1: unexpected end of JSON input"),
            ("{}{", "2: invalid character '{' after top-level value"),
            (
                "{a",
                "1: invalid character 'a' looking for beginning of object key string",
            ),
            ("{\"a\" 1", "5: invalid character '1' after object key"),
            ("{\"a\":1 1", "7: invalid character '1' after object key:value pair"),
            (
                "{\"a\":1,}",
                "7: invalid character '}' looking for beginning of object key string",
            ),
            ("[1 2", "3: invalid character '2' after array element"),
            ("[,", "1: invalid character ',' looking for beginning of value"),
            ("\"\n", "1: invalid character '\\n' in string literal"),
            ("\"\\x", "2: invalid character 'x' in string escape code"),
            (
                "\"\\u00g",
                "5: invalid character 'g' in \\u hexadecimal character escape",
            ),
            ("-x", "1: invalid character 'x' in numeric literal"),
            (
                "1.\"",
                "2: invalid character '\"' after decimal point in numeric literal",
            ),
            ("1e'", "2: invalid character '\\'' in exponent of numeric literal"),
            ("[01", "2: invalid character '1' after array element"),
            ("tru3", "3: invalid character '3' in literal true (expecting 'e')"),
            ("é", "0: invalid character 'Ã' looking for beginning of value"),
        ] {
            assert_eq!(fault(text), message, "{text:?}");
        }
        assert_eq!(fault(&"[".repeat(300)), "256: nested deeper than 256 levels");
    }

    proptest! {
        #[test]
        fn strings_are_what_serde_reads(text in "(\\\\u[dD][89c-fC-F][0-9a-f]{2}|\\\\[nrtbf\\\\/\"]|[ -!#-\\[\\]-~é😀]){0,12}") {
            let json = format!("\"{text}\"");
            let ours = parse(&json);
            match serde_json::from_str::<String>(&json) {
                Ok(theirs) => prop_assert!(matches!(ours.unwrap().value, Value::String(read) if *read == theirs)),
                // Half of a surrogate pair, which Go takes.
                Err(_) => prop_assert!(ours.is_ok()),
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "([\\[\\]{},:\"0-9eE.+ntf\\\\u-]|true|null|[a-f]|.){0,40}") {
            let ours = parse(&text).is_ok();
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert!(ours || !theirs, "{}", text);
        }
    }
}
