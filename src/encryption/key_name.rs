//! Names of keys, and which of two keys is the younger.
//!
//! A stored value begins with the name of its key, up to a colon. The API server takes any name; kship writes only those
//! that no reader can cut at the wrong place.
//!
//! The phase of a rotation follows from the order of the keys in the file and from their age, and the age stands in their
//! names: a date (`key-2026-11-25`, k3s's `aescbckey-2021-12-10T22:54:38Z`), or a number behind the same text (`key1`,
//! `key2`). A name with a date is younger than one without.

use std::cmp::Ordering;

use jiff::civil::Date;

/// What kship's own names begin with.
const STEM: &str = "key";

/// Longest name that is written, in bytes: it is repeated in every stored value.
const NAME_BYTES: usize = 63;

/// A name that kship writes: one word of letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyName(String);

impl KeyName {
    /// Reads a name that somebody chose.
    ///
    /// # Errors
    /// It is empty or too long, or has other characters than letters, digits, `-`, `_` and `.`.
    pub fn parse(text: &str) -> Result<Self, KeyNameError> {
        if text.is_empty() {
            return Err(KeyNameError::Empty);
        }
        if text.len() > NAME_BYTES {
            return Err(KeyNameError::Long { length: text.len() });
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(character) = text.chars().find(|c| !plain(*c)) {
            return Err(KeyNameError::Character {
                name: text.to_owned(),
                character,
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name of a key that is made today: with the date, and a number where others have that date already.
    ///
    /// Where a clock ran ahead and there are younger names, the youngest date of those is taken.
    #[must_use]
    pub fn dated<'a>(today: Date, taken: impl IntoIterator<Item = &'a str>) -> Self {
        let ages = taken.into_iter().filter_map(Age::of);
        let youngest = ages.max().filter(|age| age.date >= today);
        let name = match youngest {
            None => format!("{STEM}-{today}"),
            Some(Age { date, rest }) => {
                let number = rest.first().copied().unwrap_or(1).saturating_add(1);
                format!("{STEM}-{date}-{number}")
            }
        };
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Compares the age of two keys by their names: `Greater` where the first is the younger.
///
/// `None` where the names do not tell.
#[must_use]
pub fn compare_age(a: &str, b: &str) -> Option<Ordering> {
    let order = match (Age::of(a), Age::of(b)) {
        (None, None) => {
            let ((stem_a, number_a), (stem_b, number_b)) = (numbered(a)?, numbered(b)?);
            if stem_a != stem_b {
                return None;
            }
            number_a.cmp(&number_b)
        }
        // A name without a date comes from before there were dates.
        (a, b) => a.cmp(&b),
    };
    (order != Ordering::Equal).then_some(order)
}

/// When a key was made, as its name says.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Age {
    date: Date,
    /// The numbers behind the date: hours, minutes, a count.
    rest: Vec<u64>,
}

impl Age {
    fn of(name: &str) -> Option<Self> {
        let (date, rest) = name
            .char_indices()
            .filter(|&(at, _)| !name.get(..at).is_some_and(ends_with_digit))
            .find_map(|(at, _)| date(name.get(at..)?))?;
        let numbers = rest.split(|c: char| !c.is_ascii_digit());
        Some(Self {
            date,
            rest: numbers.filter_map(|number| number.parse().ok()).collect(),
        })
    }
}

fn ends_with_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

/// A date that a text begins with, and what follows: `2026-11-25` or `20261125`.
fn date(text: &str) -> Option<(Date, &str)> {
    [10, 8].into_iter().find_map(|length| {
        let (head, rest) = text.split_at_checked(length)?;
        let shaped = match length {
            10 => head.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            }),
            _ => head.bytes().all(|byte| byte.is_ascii_digit()),
        };
        let ends = !rest.starts_with(|c: char| c.is_ascii_digit());
        let date: Date = (shaped && ends).then(|| head.parse().ok())??;
        Some((date, rest))
    })
}

/// A name as its text and the number that ends it.
fn numbered(name: &str) -> Option<(&str, u64)> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name.get(stem.len()..)?.parse().ok()?;
    Some((stem, number))
}

/// Why a name is not written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyNameError {
    /// A character that a reader of stored values, or a shell, may take for something else.
    #[error("`{name}` is no name for a key, because of `{}`: expected letters, digits, `-`, `_` and `.`", .character.escape_default())]
    Character {
        /// The name.
        name: String,
        /// The character.
        character: char,
    },
    /// Nothing.
    #[error("the name of a key is empty: expected letters, digits, `-`, `_` and `.`")]
    Empty,
    /// Too much.
    #[error("the name of a key has {length} characters: expected at most {NAME_BYTES}")]
    Long {
        /// Its length in bytes.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_new_name_is_younger_than_all_others() {
        let today = date(2026, 11, 25);
        let name = |taken: &[&str]| KeyName::dated(today, taken.iter().copied()).0;
        assert_eq!(name(&[]), "key-2026-11-25");
        assert_eq!(name(&["key1", "old", "key-2026-11-24-7"]), "key-2026-11-25");
        assert_eq!(name(&["key-2026-11-25"]), "key-2026-11-25-2");
        assert_eq!(name(&["key-2026-11-25", "key-2026-11-25-9"]), "key-2026-11-25-10");
        assert_eq!(name(&["key-2030-01-01"]), "key-2030-01-01-2");
        assert_eq!(name(&["aescbckey-2026-11-25T22:54:38Z"]), "key-2026-11-25-23");
        for taken in [
            "key1",
            "key-2026-11-25",
            "key-2030-01-01",
            "aescbckey-2026-11-25T22:54:38Z",
        ] {
            assert_eq!(compare_age(&name(&[taken]), taken), Some(Ordering::Greater), "{taken}");
        }
    }

    #[test]
    fn ages_are_compared_where_names_tell_them() {
        let cases = [
            ("key2", "key1", Some(Ordering::Greater)),
            ("key9", "key10", Some(Ordering::Less)),
            ("key1", "other2", None),
            ("alpha", "beta", None),
            ("key1", "key01", None),
            ("key-2026-11-25", "zzz", Some(Ordering::Greater)),
            ("key-20261125", "key-2026-11-24", Some(Ordering::Greater)),
            ("key-2026-11-25", "key-20261125", None),
            ("k-2026-11-25-2", "k-2026-11-25", Some(Ordering::Greater)),
            (
                "aescbckey-2021-12-10T22:54:38Z",
                "aescbckey-2021-12-10T22:54:39Z",
                Some(Ordering::Less),
            ),
            ("aescbckey", "aescbckey-2021-12-10T22:54:38Z", Some(Ordering::Less)),
            ("key-2026-13-25", "key-2026-99-25", None),
            ("é2026-11-25", "é", Some(Ordering::Greater)),
        ];
        for (a, b, expected) in cases {
            assert_eq!(compare_age(a, b), expected, "{a} {b}");
            assert_eq!(compare_age(b, a), expected.map(Ordering::reverse), "{b} {a}");
        }
    }

    #[test]
    fn names_that_a_reader_may_cut_are_refused() {
        assert_eq!(KeyName::parse("key-2026.a_B").unwrap().as_str(), "key-2026.a_B");
        let message = |text: &str| KeyName::parse(text).unwrap_err().to_string();
        assert_eq!(
            message("a:b"),
            "`a:b` is no name for a key, because of `:`: expected letters, digits, `-`, `_` and `.`"
        );
        assert_eq!(
            message("a\nb"),
            "`a\nb` is no name for a key, because of `\\n`: expected letters, digits, `-`, `_` and `.`"
        );
        assert_eq!(
            message(""),
            "the name of a key is empty: expected letters, digits, `-`, `_` and `.`"
        );
        assert_eq!(
            message(&"a".repeat(64)),
            "the name of a key has 64 characters: expected at most 63"
        );
    }
}
