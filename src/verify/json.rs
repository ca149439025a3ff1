//! JSON that means one thing: a key that stands twice is refused, since readers differ on which one counts.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Parses bytes in which no object has the same key twice; nesting is limited by the parser (128 levels).
pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Unambiguous>(bytes)?;
    serde_json::from_slice(bytes)
}

/// Any JSON value, looked at and not kept.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unambiguous, A::Error> {
        while items.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unambiguous, A::Error> {
        let mut met = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if met.contains(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            entries.next_value::<Unambiguous>()?;
            met.insert(key);
        }
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        let error = |text: &str| parse::<Value>(text.as_bytes()).unwrap_err().to_string();
        assert!(error(r#"{"a": 1, "a": 2}"#).starts_with("the key `a` stands twice"));
        assert!(error(r#"[{"x": [{"b": null, "c": 1.5, "b": true}]}]"#).starts_with("the key `b` stands twice"));
        // An escape spells the same key.
        assert!(error(r#"{"a": 1, "\u0061": 2}"#).starts_with("the key `a` stands twice"));
        assert!(parse::<Value>(br#"[{"a": 1}, {"a": "x"}, -1, false]"#).is_ok());
        assert!(error(&"[".repeat(10_000)).contains("recursion limit"));
    }
}
