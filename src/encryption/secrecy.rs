//! Keeps keys out of what is printed, also where they stand in the wrong place.

use std::borrow::Cow;

use crate::k8s::base64;

/// What stands for a key in messages.
pub(super) const MASK: &str = "REDACTED";

/// A name as messages show it: one that is a key in base64, put where a name belongs, is masked.
#[must_use]
pub fn shown(name: &str) -> Cow<'_, str> {
    if is_key(name) {
        Cow::Borrowed(MASK)
    } else {
        Cow::Borrowed(name)
    }
}

/// A text that repeats parts of a file, with what looks like a key masked, also where it is none that would load: too long,
/// not padded, in the alphabet of URLs, in hexadecimal digits.
#[must_use]
pub fn masked(text: &str) -> String {
    let is_wide = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_');
    let is_base64 = |c: char| is_wide(c) && !matches!(c, '-' | '_');
    words(text, is_wide, &mut |word| {
        if is_long_key(word) {
            MASK.to_owned()
        } else {
            words(word, is_base64, &mut |word| shown(word).into_owned())
        }
    })
}

/// Replaces each run of some characters, and leaves what is between them.
fn words(text: &str, is_part: impl Fn(char) -> bool, replace: &mut dyn FnMut(&str) -> String) -> String {
    // Large enough for most, since growing would leave copies behind.
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(&is_part).unwrap_or(rest.len());
        let (between, word) = rest.split_at(start);
        out.push_str(between);
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        let (word, behind) = word.split_at(end);
        if !word.is_empty() {
            out.push_str(&replace(word));
        }
        rest = behind;
    }
    out
}

/// Characters of 30 bytes in base64, which no word has that mixes cases and digits.
const LONG: usize = 40;

fn is_long_key(word: &str) -> bool {
    let has = |of: fn(&u8) -> bool| word.bytes().any(|byte| of(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let is_hexadecimal = word.bytes().all(|byte| byte.is_ascii_hexdigit()) && has(u8::is_ascii_digit);
    word.len() >= LONG && (is_mixed || is_hexadecimal)
}

/// Whether a part of a text is base64 of 16, 24 or 32 bytes, and looks like it.
fn is_key(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    text.split(|c| !is_base64(c)).any(is_key_alone)
}

fn is_key_alone(trimmed: &str) -> bool {
    let has = |of: fn(&char) -> bool| trimmed.chars().any(|c| of(&c));
    // Without padding, 32 letters and digits may be any name; hex digests of one case are.
    let looks = trimmed.ends_with('=')
        || (has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit));
    looks && base64::decode(trimmed).is_some_and(|bytes| matches!(bytes.len(), 16 | 24 | 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_masked_within_texts_whatever_their_length() {
        for key in [
            "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
            "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY",
            "NBOkAAPV0c84k1oS92BBITX7x3AOCQ1P_WuQcqmOJaI=",
            "NBOkAAPV0c84k1oS92BBITX7x3AOCQ1P/WuQcqmOJQ==",
            "3413a40003d5d1cf38935a12f760412135fbc7700e090d4ffd6b9072a98e25a2",
            "NBOkAAPV0c84k1oS92BBITX7x3AOCQ1P/WuQcqmOJaLkrLDO7oNJJIEbG/wkNBOkAAPV0c84k1oS92BBIQ==",
        ] {
            assert_eq!(masked(key), MASK);
            assert_eq!(
                masked(&format!("\"http://é:{key}@h\": bad")),
                format!("\"http://é:{MASK}@h\": bad")
            );
        }
        for text in [
            "",
            "resources[0].resources[0]: Invalid value: \"secrets.*\": encrypting the same resource across groups is not supported\n",
            "# see https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#rotating-a-decryption-key",
            "aescbckey-2021-12-10T22:54:38Z",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn keys_in_place_of_names_are_masked() {
        for key in [
            "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
            "a+/ksN7wp8rBPPnfPF9bUw==",
            " QUJD1kVGR0hJSktMTU5PUFFSU1RVVldY\n",
            "é YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY= x",
        ] {
            assert_eq!(shown(key), MASK);
        }
        for name in [
            "key1",
            "aescbckey-2021-12-10T22:54:38Z",
            "0123456789abcdef0123456789abcdef",
            "resources",
        ] {
            assert_eq!(shown(name), name);
        }
    }
}
