//! What kubectl takes a scalar for: the rules of go-yaml v2, which are YAML 1.1 with a few of its own.
//!
//! <https://pkg.go.dev/go.yaml.in/yaml/v2> (`resolve.go`), <https://yaml.org/type/>.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;

use super::error::ErrorKind;

/// A scalar node.
#[derive(Clone, Debug)]
pub struct Scalar<'a> {
    /// The text after escapes, folding and, with the tag `!!binary`, base64.
    pub value: Cow<'a, str>,
    /// Bytes of the content: within the quotes, the lines of a block scalar, else the whole.
    pub content: Range<usize>,
    /// How it is written.
    pub style: Style,
    pub(super) tag: Tag,
    /// As a key it is not what is written: [`super::arena::Arena::keys`] has its text.
    pub(super) typed_key: bool,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Style {
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|` and lines.
    Literal,
    /// `>` and lines.
    Folded,
}

/// The tags that change what a scalar is; every other tag makes it a string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tag {
    Absent,
    Bool,
    Float,
    Int,
    Null,
    String,
}

/// What kubectl reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Resolved {
    Bool(bool),
    Float(f64),
    Int(i64),
    Null,
    String,
    Unsigned(u64),
}

impl Scalar<'_> {
    /// What kubectl reads, or `None` where the tag does not fit.
    pub(super) fn resolve(&self) -> Option<Resolved> {
        let tagged = match self.tag {
            Tag::String => return Some(Resolved::String),
            Tag::Absent if self.style != Style::Plain => return Some(Resolved::String),
            Tag::Absent => return Some(resolve(&self.value)),
            tag => tag,
        };
        let resolved = resolve(&self.value);
        match (tagged, resolved) {
            (Tag::Float, Resolved::Int(number)) => number.to_string().parse().ok().map(Resolved::Float),
            (Tag::Bool, Resolved::Bool(_))
            | (Tag::Float, Resolved::Float(_))
            | (Tag::Int, Resolved::Int(_) | Resolved::Unsigned(_))
            | (Tag::Null, Resolved::Null) => Some(resolved),
            _ => None,
        }
    }

    /// Takes a tag; the value must fit.
    pub(super) fn apply_tag(&mut self, tag: &str) -> Result<(), ErrorKind> {
        let (kind, name) = match tag.strip_prefix("tag:yaml.org,2002:") {
            Some("binary") => {
                self.value = Cow::Owned(decode_base64(&self.value).ok_or(ErrorKind::Binary)?);
                (Tag::String, "!!binary")
            }
            Some("bool") => (Tag::Bool, "!!bool"),
            Some("float") => (Tag::Float, "!!float"),
            Some("int") => (Tag::Int, "!!int"),
            Some("null") => (Tag::Null, "!!null"),
            // What a merge key or a time is depends on more than the text.
            Some("merge") => return Err(ErrorKind::UnreadTag { tag: "!!merge" }),
            Some("timestamp") => return Err(ErrorKind::UnreadTag { tag: "!!timestamp" }),
            _ => (Tag::String, "!!str"),
        };
        self.tag = kind;
        match self.resolve() {
            Some(_) => Ok(()),
            None => Err(ErrorKind::Tag { tag: name }),
        }
    }

    /// Whether kubectl reads the text itself.
    pub(super) fn is_string(&self) -> bool {
        self.resolve() == Some(Resolved::String)
    }
}

/// Go's `base64.StdEncoding`, which skips line breaks, to text.
fn decode_base64(value: &str) -> Option<String> {
    let text: String = value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}

/// Whether the first byte of a plain scalar leaves open that it is no string.
pub(super) fn may_be_typed(value: &str) -> bool {
    matches!(
        value.as_bytes().first(),
        None | Some(
            b'+' | b'-' | b'.' | b'~' | b'0'
                ..=b'9' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O'
        )
    )
}

/// Reads an untagged plain scalar.
pub(super) fn resolve(value: &str) -> Resolved {
    match value.as_bytes().first() {
        None => Resolved::Null,
        Some(b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O') => word(value),
        Some(b'.') => special_float(value)
            .or_else(|| float(&without_separators(value)?))
            .map_or(Resolved::String, Resolved::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => special_float(value)
            .map(Resolved::Float)
            .unwrap_or_else(|| number(value)),
        Some(_) => Resolved::String,
    }
}

fn word(value: &str) -> Resolved {
    match value {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Resolved::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => Resolved::String,
    }
}

fn special_float(value: &str) -> Option<f64> {
    match value {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Go's `strconv.ParseFloat`, which is asked here alone without taking out underscores, lets them stand between digits.
fn without_separators(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains('_') {
        return Some(Cow::Borrowed(value));
    }
    let mut parts = value.split('_').peekable();
    while let Some(part) = parts.next() {
        let next = parts.peek();
        let is_digit = |character: char| character.is_ascii_digit();
        if next.is_some_and(|next| !part.ends_with(is_digit) || !next.starts_with(is_digit)) {
            return None;
        }
    }
    Some(Cow::Owned(value.replace('_', "")))
}

/// Reads what starts with a sign or a digit. Underscores count for nothing, wherever they stand.
fn number(value: &str) -> Resolved {
    let plain: Cow<'_, str> = if value.contains('_') {
        Cow::Owned(value.replace('_', ""))
    } else {
        Cow::Borrowed(value)
    };
    integer(&plain)
        .or_else(|| float(&plain).map(Resolved::Float))
        .or_else(|| binary_with_inner_sign(&plain))
        .unwrap_or(Resolved::String)
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Resolved> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("+", text.get(1..)?),
        _ => ("", text),
    };
    let (radix, digits) = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, rest.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, rest.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, rest.get(2..)?),
        [b'0', _, ..] => (8, rest.get(1..)?),
        _ => (10, rest),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if sign == "-" {
        return 0_i64.checked_sub_unsigned(magnitude).map(Resolved::Int);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Resolved::Int(number)),
        // Only `ParseUint` is left, which takes no sign.
        Err(_) if sign.is_empty() => Some(Resolved::Unsigned(magnitude)),
        Err(_) => None,
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, and within the range of a 64-bit float.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || !digits(exponent) {
            return None;
        }
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// `0b-1`: go-yaml reads what stands behind `0b` with its sign.
fn binary_with_inner_sign(text: &str) -> Option<Resolved> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Resolved::Int)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_resolved_as_go_yaml_does() {
        for text in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            assert_eq!(resolve(text), Resolved::Bool(true), "{text}");
        }
        for text in [
            "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
        ] {
            assert_eq!(resolve(text), Resolved::Bool(false), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Resolved::Null, "{text}");
        }
        for text in [
            "yEs",
            "nULL",
            "a",
            "-",
            "+",
            ".",
            "..",
            "0x",
            "0o8",
            "0b2",
            "1.2.3",
            "1:20",
            "2001-12-14",
            "1e",
            "e1",
            "_1",
            "._5",
            ".5_",
            "+-1",
            "--1",
            "0x+1",
            "1e999",
            "<<",
            "=",
            "1.25.0",
            "0x1p3",
        ] {
            assert_eq!(resolve(text), Resolved::String, "{text}");
        }
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("+1", 1),
            ("0755", 493),
            ("-0755", -493),
            ("0o755", 493),
            ("0x1F", 31),
            ("0B11", 3),
            ("1_000", 1000),
            ("1__0", 10),
            ("12_", 12),
            ("0_7", 7),
            ("0b-1", -1),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(resolve(text), Resolved::Int(number), "{text}");
        }
        assert_eq!(resolve("18446744073709551615"), Resolved::Unsigned(u64::MAX));
        for (text, number) in [
            ("1.", 1.0),
            ("08", 8.0),
            (".5", 0.5),
            ("+.5", 0.5),
            (".5_1", 0.51),
            ("1.25", 1.25),
            ("1e3", 1000.0),
            ("1_0e1", 100.0),
            ("-.inf", f64::NEG_INFINITY),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ] {
            assert_eq!(resolve(text), Resolved::Float(number), "{text}");
        }
        assert!(matches!(resolve(".NaN"), Resolved::Float(number) if number.is_nan()));
    }

    #[test]
    fn whatever_is_no_string_may_be_typed() {
        for text in ["y", "~", "", "-1", ".5", "0", "off", "null", "+1", "True"] {
            assert!(may_be_typed(text), "{text}");
            assert_ne!(resolve(text), Resolved::String, "{text}");
        }
        assert!(!may_be_typed("image"));
    }

    fn tagged(tag: &str, value: &str) -> Result<Option<Resolved>, String> {
        let mut scalar = Scalar {
            value: value.to_owned().into(),
            content: 0..value.len(),
            style: Style::DoubleQuoted,
            tag: Tag::Absent,
            typed_key: false,
        };
        scalar.apply_tag(tag).map_err(|kind| kind.to_string())?;
        Ok(scalar.resolve())
    }

    #[test]
    fn tags_decide_and_must_fit() {
        let core = |name: &str, value: &str| tagged(&format!("tag:yaml.org,2002:{name}"), value);
        assert_eq!(core("int", "5"), Ok(Some(Resolved::Int(5))));
        assert_eq!(core("float", "5"), Ok(Some(Resolved::Float(5.0))));
        assert_eq!(core("bool", "yes"), Ok(Some(Resolved::Bool(true))));
        assert_eq!(core("null", ""), Ok(Some(Resolved::Null)));
        assert_eq!(core("str", "5"), Ok(Some(Resolved::String)));
        assert_eq!(core("binary", "aG\nk="), Ok(Some(Resolved::String)));
        assert_eq!(tagged("!local", "5"), Ok(Some(Resolved::String)));
        assert_eq!(tagged("!", "5"), Ok(Some(Resolved::String)));
        assert_eq!(
            core("int", "x"),
            Err("the value does not fit its tag `!!int`".to_owned())
        );
        assert_eq!(
            core("null", "x"),
            Err("the value does not fit its tag `!!null`".to_owned())
        );
        assert_eq!(
            core("timestamp", "2001-12-14"),
            Err("the tag `!!timestamp` is not read: remove it".to_owned())
        );
        let binary = "the value tagged `!!binary` is not base64 of UTF-8 text".to_owned();
        assert_eq!(core("binary", "!"), Err(binary.clone()));
        assert_eq!(core("binary", "/w=="), Err(binary));
    }
}
