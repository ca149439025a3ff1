//! Whether a key can be random.
//!
//! Each test is one that random keys do not fail: the chance is told beside it, for the shortest key, 16 bytes. With the 32
//! bytes of new keys none is above 2⁻⁴⁵.

use aws_lc_rs::digest;

/// Why a key is not random: a fragment behind "the key".
pub(super) fn weakness(key: &[u8]) -> Option<&'static str> {
    let half = key.len() / 2;
    let differences: Vec<u8> = key
        .windows(2)
        .filter_map(|pair| Some(pair.last()?.wrapping_sub(*pair.first()?)))
        .collect();
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    Some(if key.iter().all(|byte| Some(byte) == key.first()) {
        "is one byte repeated"
    } else if is_same(&differences) {
        // 2⁻¹¹².
        "is counted bytes"
    } else if (1..=half).any(|period| key.iter().zip(key.iter().skip(period)).all(|(a, b)| a == b)) {
        // 2⁻⁶⁴ for each of 8 periods.
        "is a pattern that repeats"
    } else if key.windows(half).any(is_same) {
        // 9 · 2⁻⁵⁶.
        "is one byte in half of its length"
    } else if distinct(key) <= key.len() / 4 {
        // Four values in 16 bytes: 2⁻⁶⁸.
        "has only a few different bytes"
    } else if key.iter().all(is_text) {
        // (100/256)¹⁶ = 2⁻²¹; 2⁻⁴³ with 32 bytes.
        "is readable text"
    } else {
        return None;
    })
}

fn is_same(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| Some(byte) == bytes.first())
}

fn distinct(key: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in key {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    seen.iter().filter(|seen| **seen).count()
}

/// Where a public key comes from, if it is one.
pub(super) fn example(key: &[u8]) -> Option<&'static str> {
    let hash = digest::digest(&digest::SHA256, key);
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    EXAMPLES
        .iter()
        .find(|(known, _)| *known == hex)
        .map(|(_, origin)| *origin)
}

/// SHA-256 of public keys that the API server takes, and where they stand.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "66337256703eecc9d5e12f8b85a02fc86d98c832137fc075a9566dcc9dc8eb36",
        "the Kubernetes documentation",
    ),
    (
        "15a1b278f7e9cd1525e75fd9182d7bc0c6c00e4fa9e678c2184655491f98f1a2",
        "the Kubernetes documentation",
    ),
    (
        "f6d527e6d01865481134f29788be2afe7fc3c702e1a55d7ceafac5f35199e8dc",
        "the Kubernetes documentation",
    ),
    (
        "87f98348fd41b4f2229f023379f249d6e3b77d1dddb06e33d8e31eca6331c954",
        "the tests of Kubernetes",
    ),
    (
        "8eed470b72242280d86a171ae3781d0613ef1dd984374efb68805fad61a95f0d",
        "a tutorial",
    ),
    (
        "4149fb9b4799a13f53e53d81101c2d7650c3b192ba2628bccd05d3f9392d7584",
        "a tutorial",
    ),
    (
        "0a13ea63f67e26a09ac4b393b0a5a0f0303513268f0fc2d91160f07880cee266",
        "a tutorial",
    ),
    (
        "9aa45a260d51c69da825dece4cfb91d95718dab32ecb3dc22ac370f83e27a6cb",
        "a tutorial",
    ),
    (
        "7b3cfac8e16d643b37ec76d7a9f4dc31736932986fde8d5c13c5ca37ec65081d",
        "kship's own `keys-example`",
    ),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::k8s::base64;

    #[test]
    fn keys_that_can_be_guessed_are_told() {
        let mut padded = *b"\xc5\x0f\x81\xee\x32\x9b\x47\xd6\0\0\0\0\0\0\0\0";
        let counted: Vec<u8> = (0xf8..=0xff).chain(0..24).collect();
        let few = b"dbaccbdabbcaddacbaadcdbcabdccabd";
        for (key, reason) in [
            (&[0; 32][..], "is one byte repeated"),
            (&counted, "is counted bytes"),
            (
                b"\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef",
                "is a pattern that repeats",
            ),
            (&padded, "is one byte in half of its length"),
            (few, "has only a few different bytes"),
            (b"correct horse battery staple, 32", "is readable text"),
            (b"0123456789abcdef0123456789abcdeF", "is readable text"),
        ] {
            assert_eq!(weakness(key), Some(reason), "{key:?}");
        }
        padded[12] = 1;
        assert_eq!(weakness(&padded), None);
    }

    #[test]
    fn examples_are_known_by_their_hashes() {
        for (text, origin) in [
            ("c2VjcmV0IGlzIHNlY3VyZQ==", "the Kubernetes documentation"),
            ("dGhpcyBpcyBwYXNzd29yZA==", "the Kubernetes documentation"),
            (
                "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
                "the Kubernetes documentation",
            ),
            ("c2VjcmV0IGlzIHNlY3VyZSwgaXMgaXQ/", "the tests of Kubernetes"),
        ] {
            assert_eq!(example(&base64::decode(text).unwrap()), Some(origin));
        }
        assert_eq!(example(&[0; 32]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn no_random_key_is_called_weak(long in any::<[u8; 32]>(), middle in any::<[u8; 24]>()) {
            prop_assert_eq!(weakness(&long), None);
            prop_assert_eq!(weakness(&middle), None);
            prop_assert_eq!(example(&long), None);
        }
    }
}
