//! Base64 as Go decodes it: `encoding/base64.StdEncoding` skips line breaks, and takes bits that stand for nothing.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Decodes a text; `None` where it is not padded standard base64.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Values of etcd are megabytes: a search by characters would cost more than the decoding.
    if memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return decode_line(text);
    }
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    text.split(['\r', '\n']).for_each(|line| joined.push_str(line));
    decode_line(&joined)
}

/// Decodes a text without line breaks into a buffer that is used again; `None` where it is not padded standard base64.
///
/// The buffer grows and never shrinks: the bytes behind the answer are of earlier texts.
pub(crate) fn decode_into<'a>(text: &[u8], buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let needed = base64::decoded_len_estimate(text.len());
    if buffer.len() < needed {
        buffer.resize(needed, 0);
    }
    let length = ENGINE.decode_slice(text, buffer).ok()?;
    buffer.get(..length)
}

fn decode_line(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = ENGINE.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Encodes bytes, padded and on one line.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes_is_taken() {
        for (text, bytes) in [
            ("", "".as_bytes()),
            ("dg==", b"v"),
            ("dh==", b"v"),
            ("YW\r\nFh\n\n", b"aaa"),
            ("\n", b""),
        ] {
            assert_eq!(
                decode(text).map(|bytes| bytes.to_vec()).as_deref(),
                Some(bytes),
                "{text:?}"
            );
        }
        for text in ["dg", "dg=", "dg===", "_-==", "d g==", "dg==x", "dg==dg==", "***", "é"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(encode(b"v"), "dg==");
    }
}
