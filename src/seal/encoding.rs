//! Text as people hand it over: UTF-8, or the UTF-16 that PowerShell 5 writes.

use zeroize::Zeroizing;

/// Decodes UTF-8, or UTF-16 behind a byte-order mark; the place of the first wrong byte where it is neither.
pub fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, usize> {
    let wide: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => {
            return match std::str::from_utf8(&bytes) {
                Ok(text) => Ok(Zeroizing::new(text.to_owned())),
                Err(error) => Err(error.valid_up_to()),
            };
        }
    };
    // At most three bytes of UTF-8 come from two of UTF-16.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    let body = bytes.get(2..).unwrap_or_default();
    let (units, rest) = body.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(bytes.len() - 1);
    }
    let mut at = 2;
    for character in char::decode_utf16(units.iter().map(|unit| wide(*unit))) {
        let character = character.map_err(|_| at)?;
        at += character.len_utf16() * 2;
        text.push(character);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, usize> {
        decode(Zeroizing::new(bytes.to_vec())).map(|text| text.to_string())
    }

    #[test]
    fn utf8_and_utf16_are_read() {
        assert_eq!(read("\u{feff}é".as_bytes()), Ok("\u{feff}é".to_owned()));
        let units: Vec<u16> = "a: é😀\r\n".encode_utf16().collect();
        let little = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_le_bytes());
        assert_eq!(read(&little.collect::<Vec<_>>()), Ok("a: é😀\r\n".to_owned()));
        let big = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_be_bytes());
        assert_eq!(read(&big.collect::<Vec<_>>()), Ok("a: é😀\r\n".to_owned()));
    }

    #[test]
    fn the_first_wrong_byte_is_told() {
        assert_eq!(read(b"a\xffb"), Err(1));
        assert_eq!(read(b"\xff\xfea"), Err(2));
        assert_eq!(read(b"\xff\xfea\0\x00\xd8b\0"), Err(4));
    }
}
