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
