//! JSON as text that a YAML reader takes for the same.

use std::borrow::Cow;

use zeroize::Zeroize;

/// Rewrites what JSON writes and YAML 1.1 does not read: `\/`, surrogate pairs, tabs between tokens, and some characters
/// within strings. Lines stay lines. The text must be JSON already.
#[must_use]
pub fn json_as_yaml(json: &str) -> Cow<'_, str> {
    json_with_offsets(json).0
}

/// Where the tokens of a rewritten text stood before.
#[derive(Clone, Debug, Default)]
pub struct Offsets {
    /// Places behind what changed its length, in the new text and in the old one.
    marks: Vec<(usize, usize)>,
}

impl Offsets {
    /// The place in the JSON of a place in the YAML, which must not lie within an escape.
    #[must_use]
    pub fn original(&self, offset: usize) -> usize {
        let after = self.marks.partition_point(|(new, _)| *new <= offset);
        match after.checked_sub(1).and_then(|at| self.marks.get(at)) {
            Some((new, old)) => old + (offset - new),
            None => offset,
        }
    }
}

/// As [`json_as_yaml`], and the way back.
#[must_use]
pub fn json_with_offsets(json: &str) -> (Cow<'_, str>, Offsets) {
    let is_rare = |c: char| {
        matches!(
            c,
            '\\' | '\t' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        )
    };
    if !json.contains(is_rare) {
        return (Cow::Borrowed(json), Offsets::default());
    }
    let mut marks = Vec::new();
    // Large enough: an escape of six bytes at most becomes ten, and a growing buffer would leave copies of secrets.
    let mut out = String::with_capacity(json.len() * 2);
    let mut in_string = false;
    let mut characters = json.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                in_string = !in_string;
                out.push('"');
            }
            '\\' => escape(&mut characters, &mut out),
            '\t' => out.push(' '),
            rare if in_string && is_rare(rare) => push_code(u32::from(rare), &mut out),
            other => {
                out.push(other);
                continue;
            }
        }
        let old = json.len() - characters.as_str().len();
        let before = marks.last().map_or((0, 0), |mark| *mark);
        if out.len() - before.0 != old - before.1 {
            marks.push((out.len(), old));
        }
    }
    (Cow::Owned(out), Offsets { marks })
}

fn escape(characters: &mut std::str::Chars<'_>, out: &mut String) {
    match characters.next() {
        Some('/') => out.push('/'),
        Some('u') => {
            let code = hex(characters);
            let after = characters.clone();
            let low = match code {
                0xd800..=0xdbff if characters.next() == Some('\\') && characters.next() == Some('u') => hex(characters),
                _ => 0,
            };
            if (0xdc00..=0xdfff).contains(&low) {
                push_code(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), out);
                return;
            }
            *characters = after;
            // Half of a pair is nothing; Go reads the replacement character.
            let is_half = (0xd800..=0xdfff).contains(&code);
            push_code(if is_half { 0xfffd } else { code }, out);
        }
        other => {
            out.push('\\');
            out.extend(other);
        }
    }
}

fn hex(characters: &mut std::str::Chars<'_>) -> u32 {
    let digits = characters.by_ref().take(4).filter_map(|digit| digit.to_digit(16));
    digits.fold(0, |code, digit| code * 16 + digit)
}

fn push_code(code: u32, out: &mut String) {
    let mut text = if code > 0xffff {
        format!("\\U{code:08X}")
    } else {
        format!("\\u{code:04X}")
    };
    out.push_str(&text);
    text.zeroize();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(json: &str) -> Value {
        let yaml = json_as_yaml(json);
        let stream = crate::yaml::parse(&yaml).unwrap();
        stream.documents()[0].root().unwrap().to_json()
    }

    #[test]
    fn escapes_of_json_are_read() {
        let json = "{\t\"a\\/b\": \"\\ud83d\\ude00\\u00e9\\n\\\\/ \\\" \\ud83dx\\udc00\u{2028}\u{feff}\u{7f}\", \"t\": [\t1\t]}";
        assert_eq!(
            read(json),
            serde_json::json!({"a/b": "😀é\n\\/ \" \u{fffd}x\u{fffd}\u{2028}\u{feff}\u{7f}", "t": [1]})
        );
        assert!(matches!(json_as_yaml("{\"a\": 1}"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn tokens_are_found_where_they_stood(texts in proptest::collection::vec(any::<String>(), 1..4)) {
            let written = |text: &String| serde_json::to_string(text).unwrap().replace('/', "\\/").replace('é', "\\u00e9");
            let json = format!("[\t{}\n]", texts.iter().map(written).collect::<Vec<_>>().join("\t,\n\t"));
            let (yaml, offsets) = json_with_offsets(&json);
            let stream = crate::yaml::parse(&yaml).unwrap();
            for (node, text) in stream.documents()[0].root().unwrap().items().zip(&texts) {
                let range = offsets.original(node.span().start)..offsets.original(node.span().end);
                prop_assert_eq!(&serde_json::from_str::<String>(&json[range]).unwrap(), text);
            }
        }

        #[test]
        fn json_is_read_as_what_it_says(key in "[a-z]{1,4}", text in any::<String>(), pretty in any::<bool>()) {
            let value = serde_json::json!({key: [text]});
            let json = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            prop_assert_eq!(read(&json.unwrap()), value);
        }
    }
}
