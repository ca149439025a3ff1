//! Values as `sigs.k8s.io/yaml` prints them: the emitter of go-yaml v2, byte for byte.
//!
//! Keys are sorted "naturally" (`a9` before `a10`), strings that YAML 1.1 would take for something else are quoted, and
//! lines are folded once they pass 80 columns. Output equal to kubectl's and kubeseal's keeps files free of noise.

use serde_json::{Map, Value};

use super::scalar::{self, Resolved};
use super::value::go_float;
use super::{order, timestamp};

/// Prints a value as a document without its `---`, ending with a line feed.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut writer = Writer::new(&Manner::KUBECTL, 0);
    match value {
        Value::Object(map) if !map.is_empty() => writer.mapping(map, 0, true),
        Value::Array(items) if !items.is_empty() => writer.sequence(items, 0, true),
        leaf => writer.leaf(leaf, INDENT),
    }
    if writer.column > 0 {
        writer.push('\n');
    }
    writer.out
}

/// Text is folded at the first space behind this column.
const WIDTH: usize = 80;

/// Longest key that stands before its colon on one line, in bytes; a longer one gets a `?`.
const SIMPLE_KEY_BYTES: usize = 128;

const INDENT: usize = 2;

/// How block collections are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Blanks before the entries of a mapping below a key.
    pub(super) indent: usize,
    /// Blanks before the items of a sequence below a key.
    pub(super) sequence_indent: usize,
    /// Keys are sorted, long lines are folded.
    pub(super) is_kubectl: bool,
    /// Text of several lines may stand in a block scalar, whose end depends on the line feed behind it.
    pub(super) literals: bool,
}

impl Manner {
    /// The one of go-yaml.
    pub(super) const KUBECTL: Self = Self {
        indent: INDENT,
        sequence_indent: 0,
        is_kubectl: true,
        literals: true,
    };

    /// Only blank lines say little in a block scalar, and nothing about where it stands.
    fn takes_lines(&self, text: &str) -> bool {
        self.is_kubectl || (self.literals && !text.trim_ascii().is_empty())
    }

    /// An entry of a mapping whose keys stand at `column`, from its key on, without a line feed at its end.
    pub(super) fn entry(&self, key: &str, value: &Value, column: usize) -> String {
        let mut writer = Writer::new(self, column);
        let map = Map::from_iter([(key.to_owned(), value.clone())]);
        writer.mapping(&map, column, true);
        writer.finish()
    }

    /// An item of a sequence whose `-` stand at `column`, from its `-` on, without a line feed at its end.
    pub(super) fn item(&self, value: &Value, column: usize) -> String {
        let mut writer = Writer::new(self, column);
        writer.sequence(std::slice::from_ref(value), column, true);
        writer.finish()
    }

    /// A text between double quotes, with escapes, on one line.
    pub(super) fn double_quoted(text: &str) -> String {
        let mut writer = Writer::new(&Self::KUBECTL, 0);
        writer.double_quoted(text, 0, false);
        writer.out
    }
}

struct Writer<'m> {
    out: String,
    /// Characters since the last line break.
    column: usize,
    manner: &'m Manner,
}

impl<'m> Writer<'m> {
    const fn new(manner: &'m Manner, column: usize) -> Self {
        Self {
            out: String::new(),
            column,
            manner,
        }
    }

    fn finish(mut self) -> String {
        if self.out.ends_with('\n') {
            self.out.pop();
        }
        self.out
    }

    fn push(&mut self, character: char) {
        self.out.push(character);
        self.column = if is_break(character) { 0 } else { self.column + 1 };
    }

    fn push_str(&mut self, text: &str) {
        text.chars().for_each(|character| self.push(character));
    }

    /// Goes to a column of a new line, or of this one if nothing stands on it.
    fn line(&mut self, indent: usize) {
        if self.column > 0 {
            self.push('\n');
        }
        while self.column < indent {
            self.push(' ');
        }
    }

    /// `fresh`: the first key stands where the writer is.
    fn mapping(&mut self, map: &Map<String, Value>, indent: usize, fresh: bool) {
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        if self.manner.is_kubectl {
            order::sort(&mut entries, |(key, _)| key);
        }
        for (at, (key, value)) in entries.into_iter().enumerate() {
            if at > 0 || !fresh {
                self.line(indent);
            }
            if key.len() <= SIMPLE_KEY_BYTES && !key.contains(is_break) {
                self.string(key, indent + INDENT, true);
                self.push(':');
                self.value_of_key(value, indent);
            } else {
                self.push_str("? ");
                self.string(key, indent + INDENT, false);
                self.line(indent);
                self.push(':');
                self.value_in_line(value, indent);
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, fresh: bool) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 || !fresh {
                self.line(indent);
            }
            self.push('-');
            self.value_in_line(item, indent);
        }
    }

    /// Collections start on the next line; a sequence is not indented.
    fn value_of_key(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent + self.manner.indent, false),
            Value::Array(items) if !items.is_empty() => {
                self.sequence(items, indent + self.manner.sequence_indent, false);
            }
            leaf => {
                self.push(' ');
                self.leaf(leaf, indent + INDENT);
            }
        }
    }

    /// Collections start behind the `-` or `:`.
    fn value_in_line(&mut self, value: &Value, indent: usize) {
        self.push(' ');
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent + INDENT, true),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent + INDENT, true),
            leaf => self.leaf(leaf, indent + INDENT),
        }
    }

    fn leaf(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Array(_) => self.push_str("[]"),
            Value::Bool(value) => self.push_str(if *value { "true" } else { "false" }),
            Value::Null => self.push_str("null"),
            Value::Number(number) => {
                let text = match number.as_f64() {
                    Some(float) if number.is_f64() => go_float(float),
                    _ => number.to_string(),
                };
                self.push_str(&text);
            }
            Value::Object(_) => self.push_str("{}"),
            Value::String(text) => self.string(text, indent, false),
        }
    }

    /// `indent` is where further lines start.
    fn string(&mut self, text: &str, indent: usize, is_simple_key: bool) {
        let shape = Shape::of(text);
        let folds = !is_simple_key && self.manner.is_kubectl;
        if text.contains('\n') {
            if shape.literal && !is_simple_key && self.manner.takes_lines(text) {
                self.literal(text, indent);
            } else {
                self.double_quoted(text, indent, folds);
            }
        } else if is_typed(text) {
            self.double_quoted(text, indent, folds);
        } else if shape.plain {
            self.plain(text, indent, folds);
        } else if shape.single_quoted {
            self.single_quoted(text, indent, folds);
        } else {
            self.double_quoted(text, indent, folds);
        }
    }

    fn plain(&mut self, text: &str, indent: usize, folds: bool) {
        let mut after_space = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let is_space = character == ' ';
            let next_is_space = characters.peek() == Some(&' ');
            if is_space && folds && !after_space && self.column > WIDTH && !next_is_space {
                self.line(indent);
            } else {
                self.push(character);
            }
            after_space = is_space;
        }
    }

    fn single_quoted(&mut self, text: &str, indent: usize, folds: bool) {
        self.push('\'');
        let (mut after_space, mut after_break) = (false, false);
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if character == ' ' {
                let is_inner = at > 0 && next.is_some();
                if folds && !after_space && self.column > WIDTH && is_inner && next != Some(' ') {
                    self.line(indent);
                } else {
                    self.push(' ');
                }
                after_space = true;
                continue;
            }
            if is_break(character) {
                self.push(character);
                after_break = true;
                continue;
            }
            if after_break {
                self.line(indent);
            }
            if character == '\'' {
                self.push('\'');
            }
            self.push(character);
            (after_space, after_break) = (false, false);
        }
        self.push('\'');
    }

    fn double_quoted(&mut self, text: &str, indent: usize, folds: bool) {
        self.push('"');
        let mut after_space = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if !is_printable(character) || is_break(character) || matches!(character, '"' | '\\') {
                self.push_str(&escape(character));
                after_space = false;
            } else if character == ' ' {
                if folds && !after_space && self.column > WIDTH && at > 0 && next.is_some() {
                    self.line(indent);
                    if next == Some(' ') {
                        self.push('\\');
                    }
                } else {
                    self.push(' ');
                }
                after_space = true;
            } else {
                self.push(character);
                after_space = false;
            }
        }
        self.push('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.push('|');
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            // Readers cannot see the indentation of a line that starts with a blank.
            self.push('2');
        }
        let mut from_end = text.chars().rev();
        match (from_end.next(), from_end.next()) {
            (Some(last), _) if !is_break(last) => self.push('-'),
            (_, None) => self.push('+'),
            (_, Some(before)) if is_break(before) => self.push('+'),
            _ => {}
        }
        self.push('\n');
        let mut after_break = true;
        for character in text.chars() {
            let is_break = is_break(character);
            if after_break && !is_break {
                self.line(indent);
            }
            self.push(character);
            after_break = is_break;
        }
    }
}

/// Which styles can hold a text.
pub(super) struct Shape {
    pub(super) plain: bool,
    pub(super) single_quoted: bool,
    literal: bool,
}

impl Shape {
    pub(super) fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self {
                plain: true,
                single_quoted: true,
                literal: false,
            };
        }
        let starts_block = text.starts_with("---") || text.starts_with("...");
        let mut indicator = starts_block;
        let (mut special, mut breaks, mut break_space, mut space_break) = (false, false, false, false);
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let is_followed_by_blank = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicator |= match (character, before) {
                (
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`',
                    None,
                ) => true,
                ('?' | '-', None) | (':', _) => is_followed_by_blank,
                ('#', Some(before)) => before == ' ' || before == '\t' || is_break(before),
                _ => false,
            };
            special |= !is_printable(character);
            let is_break = is_break(character);
            breaks |= is_break;
            break_space |= character == ' ' && before.is_some_and(self::is_break);
            space_break |= is_break && before == Some(' ');
            before = Some(character);
        }
        let is_edge = |character: char| character == ' ' || is_break(character);
        let blank_edges = text.starts_with(is_edge) || text.ends_with(is_edge);
        let bad = space_break || special;
        Self {
            plain: !(blank_edges || break_space || bad || breaks || indicator),
            single_quoted: !(break_space || bad),
            literal: !(bad || text.ends_with(' ')),
        }
    }
}

/// Whether a reader of YAML 1.1 takes the text for something else than a string if it is not quoted.
pub(super) fn is_typed(text: &str) -> bool {
    scalar::resolve(text) != Resolved::String || text == "<<" || timestamp::is_timestamp(text) || is_base60(text)
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((first, rest)) = unsigned.split_once(':') else {
        return false;
    };
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let counts = |c: char| c.is_ascii_digit() || c == '_';
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.chars().all(counts)
        && fraction.chars().all(counts)
        && rest.split(':').all(|part| match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [b'0'..=b'5', digit] => digit.is_ascii_digit(),
            _ => false,
        })
}

const fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

const fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn escape(character: char) -> String {
    let code = u32::from(character);
    match character {
        '\0' => r"\0".to_owned(),
        '\u{7}' => r"\a".to_owned(),
        '\u{8}' => r"\b".to_owned(),
        '\t' => r"\t".to_owned(),
        '\n' => r"\n".to_owned(),
        '\u{b}' => r"\v".to_owned(),
        '\u{c}' => r"\f".to_owned(),
        '\r' => r"\r".to_owned(),
        '\u{1b}' => r"\e".to_owned(),
        '"' => "\\\"".to_owned(),
        '\\' => r"\\".to_owned(),
        '\u{85}' => r"\N".to_owned(),
        '\u{a0}' => r"\_".to_owned(),
        '\u{2028}' => r"\L".to_owned(),
        '\u{2029}' => r"\P".to_owned(),
        _ if code <= 0xff => format!("\\x{code:02X}"),
        _ if code <= 0xffff => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn scalar(text: &str) -> String {
        let written = write(&json!({"k": text}));
        written
            .strip_prefix("k: ")
            .unwrap()
            .strip_suffix('\n')
            .unwrap()
            .to_owned()
    }

    #[test]
    fn collections_are_laid_out_as_kubectl_does() {
        let value = json!({
            "list": [{"b": 1, "a": [[], {}, null, [true, 1.5]]}, "x"],
            "empty": {}, "a10": {"z": -1}, "a9": "", "f": 1e6,
        });
        assert_eq!(
            write(&value),
            "a9: \"\"\na10:\n  z: -1\nempty: {}\nf: 1e+06\nlist:\n- a:\n  - []\n  - {}\n  - null\n  - - true\n    - 1.5\n  b: 1\n- x\n"
        );
        let long = "k".repeat(129);
        assert_eq!(
            write(&json!({long.as_str(): {"a": "b"}, "l": [1]})),
            format!("? {long}\n: a: b\nl:\n- 1\n")
        );
        assert_eq!(write(&json!([])), "[]\n");
        assert_eq!(write(&json!(["a"])), "- a\n");
        assert_eq!(write(&json!("a")), "a\n");
    }

    #[test]
    fn strings_are_quoted_where_they_must_be() {
        for (text, written) in [
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("it's", "it's"),
            ("'x", "'''x'"),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("x ", "'x '"),
            ("---a", "'---a'"),
            ("a\tb", "\"a\\tb\""),
            ("y", "\"y\""),
            ("0777", "\"0777\""),
            ("1:20", "\"1:20\""),
            ("1:60", "1:60"),
            ("2026-11-22", "\"2026-11-22\""),
            ("<<", "\"<<\""),
            ("=", "="),
            ("😀", "\"\\U0001F600\""),
            ("é", "é"),
            ("a\u{2028}b", "'a\u{2028}  b'"),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn lines_are_kept_or_escaped() {
        for (text, written) in [
            ("a\nb\n", "|\n  a\n  b"),
            ("a\n\nb", "|-\n  a\n\n  b"),
            ("a\n\n", "|+\n  a\n"),
            (" a\nb", "|2-\n   a\n  b"),
            ("\na", "|2-\n\n  a"),
            ("a \nb", "\"a \\nb\""),
            ("a\r\nb", "\"a\\r\\nb\""),
            ("a\nb ", "\"a\\nb \""),
        ] {
            assert_eq!(scalar(text), written, "{text:?}");
        }
    }

    #[test]
    fn long_lines_are_folded() {
        let words = "word ".repeat(20);
        let line = "word ".repeat(16);
        assert_eq!(
            scalar(words.trim_end()),
            format!("{}\n  word word word word", line.trim_end())
        );
        assert_eq!(scalar(&"w".repeat(200)), "w".repeat(200));
        assert_eq!(
            scalar(&format!("{}  b", "w".repeat(90))),
            format!("{}  b", "w".repeat(90))
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "(?s:.{0,40})|[ -~é\n]{0,200}", key in "[a-z0-9._~-]{1,8}") {
            let value = json!({key: {"a": [text]}});
            let written = write(&value);
            match crate::yaml::parse(&written) {
                Ok(stream) => prop_assert_eq!(stream.documents()[0].root().unwrap().to_json(), value, "{}", written),
                // The reader refuses what readers disagree about, such as U+2028.
                Err(error) => prop_assert!(!written.is_ascii(), "{}: {}", error, written),
            }
        }
    }
}
