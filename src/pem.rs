//! PEM blocks (RFC 7468), read as leniently as Go's `encoding/pem`: text before and between blocks counts for nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A block between `-----BEGIN X-----` and `-----END X-----`.
pub(crate) struct Block<'a> {
    /// The `X`.
    pub(crate) label: &'a str,
    /// Whether `Name: value` lines stand before the data.
    pub(crate) has_headers: bool,
    /// The data; `None` where it is not base64.
    pub(crate) der: Option<Zeroizing<Vec<u8>>>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Whether a line begins a block; in a YAML document such lines are indented.
pub(crate) fn is_pem(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(BEGIN))
}

/// The complete blocks of a text.
pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        if let Some(label) = between(line, BEGIN) {
            blocks.extend(block(label, &mut lines));
        }
    }
    blocks
}

fn between<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
}

fn block<'a>(label: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> Option<Block<'a>> {
    let mut data = Zeroizing::new(String::with_capacity(LARGEST_KEY));
    let mut has_headers = false;
    for line in lines {
        if let Some(end) = between(line, END) {
            let der = STANDARD.decode(data.as_bytes()).ok().map(Zeroizing::new);
            return (end == label).then_some(Block {
                label,
                has_headers,
                der,
            });
        }
        if line.contains(':') {
            has_headers = true;
        } else {
            data.push_str(line.trim());
        }
    }
    None
}

/// Room for the text of an 8192-bit key, so that no copy of it stays behind when the buffer grows.
const LARGEST_KEY: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "hello\n-----BEGIN A-----\r\naGVs\r\nbG8=\r\n-----END A-----\nx\n-----BEGIN B-----\nProc-Type: 4,ENCRYPTED\n\naGk=\n-----END B-----\n-----BEGIN C-----\n***\n-----END C-----\n-----BEGIN D-----\naGk=\n";
        let found: Vec<_> = blocks(text)
            .into_iter()
            .map(|block| (block.label, block.has_headers, block.der.map(|der| der.to_vec())))
            .collect();
        assert_eq!(
            found,
            [
                ("A", false, Some(b"hello".to_vec())),
                ("B", true, Some(b"hi".to_vec())),
                ("C", false, None),
            ]
        );
        assert!(is_pem(text) && !is_pem("a: |\n  -----BEGIN A-----\n"));
        assert!(blocks("-----BEGIN A-----\naGk=\n-----END B-----\n").is_empty());
    }
}
