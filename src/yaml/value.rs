//! Values as kubectl sends them to the API server.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::document::{Kind, Node};
use super::error::{ErrorKind, shown};
use super::scalar::{Resolved, Scalar};

impl Node<'_, '_> {
    /// The JSON that kubectl would send, in the order of the text.
    #[must_use]
    pub fn to_json(self) -> Value {
        match self.kind() {
            Kind::Mapping => {
                let entries = self
                    .entries()
                    .map(|(key, value)| (key.text.to_owned(), value.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            Kind::Sequence => Value::Array(self.items().map(Self::to_json).collect()),
            Kind::Scalar => self.scalar().map_or(Value::Null, scalar_to_json),
        }
    }
}

impl<'d> Node<'d, '_> {
    /// The text that a Kubernetes type gets which has a string here: `0777` is `511`, `yes` is `true`, null is nothing.
    ///
    /// `sigs.k8s.io/yaml` converts scalars for fields of type string. Anything but a scalar has no text.
    #[must_use]
    pub fn to_text(self) -> Option<Cow<'d, str>> {
        let scalar = self.scalar()?;
        Some(match scalar.resolve() {
            Some(Resolved::Bool(value)) => Cow::Borrowed(if value { "true" } else { "false" }),
            Some(Resolved::Float(value)) => Cow::Owned(go_float(value)),
            Some(Resolved::Int(value)) => Cow::Owned(value.to_string()),
            Some(Resolved::Null) | None => Cow::Borrowed(""),
            Some(Resolved::String) => Cow::Borrowed(scalar.value.as_ref()),
            Some(Resolved::Unsigned(value)) => Cow::Owned(value.to_string()),
        })
    }
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Value {
    match scalar.resolve() {
        None | Some(Resolved::Null) => Value::Null,
        Some(Resolved::Bool(value)) => Value::Bool(value),
        Some(Resolved::Float(value)) => float_to_json(value).map_or(Value::Null, Value::Number),
        Some(Resolved::Int(value)) => Value::Number(value.into()),
        Some(Resolved::String) => Value::String(scalar.value.clone().into_owned()),
        Some(Resolved::Unsigned(value)) => Value::Number(value.into()),
    }
}

/// Writes a whole number without a fraction, as Go does below 1e21, so that whoever reads it back gets an integer.
fn float_to_json(value: f64) -> Option<Number> {
    const EXPONENT_FROM: f64 = 1e21;
    if value.fract() == 0.0 && value.abs() < EXPONENT_FROM && !(value == 0.0 && value.is_sign_negative()) {
        let digits = value.to_string();
        if let Ok(number) = digits.parse::<u64>() {
            return Some(number.into());
        }
        if let Ok(number) = digits.parse::<i64>() {
            return Some(number.into());
        }
    }
    Number::from_f64(value)
}

/// The text that `sigs.k8s.io/yaml` makes of a key.
pub(super) fn key_text<'s>(key: &'s Scalar<'_>) -> Result<Cow<'s, str>, ErrorKind> {
    let refused = || ErrorKind::Key { key: shown(&key.value) };
    Ok(match key.resolve().ok_or_else(refused)? {
        Resolved::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Resolved::Float(value) => Cow::Owned(float_key(value).ok_or_else(refused)?),
        Resolved::Int(value) => Cow::Owned(value.to_string()),
        Resolved::Null => return Err(ErrorKind::NullKey),
        Resolved::String => Cow::Borrowed(&key.value),
        // kubectl refuses keys beyond 64 bits with a sign.
        Resolved::Unsigned(_) => return Err(refused()),
    })
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 32)` where 32 and 64 bits cannot differ: up to six digits.
fn float_key(value: f64) -> Option<String> {
    if value.is_nan() {
        return Some(".nan".to_owned());
    }
    if value.is_infinite() {
        return Some(if value > 0.0 { ".inf" } else { "-.inf" }.to_owned());
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    (digits <= 6 && exponent.abs() <= 30).then(|| go_float(value))
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 64)`.
pub(super) fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    fn read(text: &str) -> serde_json::Value {
        crate::yaml::parse(text).unwrap().documents()[0]
            .root()
            .unwrap()
            .to_json()
    }

    #[test]
    fn keys_become_the_text_that_kubectl_makes_of_them() {
        let expected = json!({
            "true": 1, "false": 2, "16": 3, "1000": 4, "1.5": 5, "1e+06": 6, "1e-05": 7, ".inf": 8, ".nan": 9, "y": 10,
        });
        let text = "y: 1\nno: 2\n0x10: 3\n1e3: 4\n1.5: 5\n1e6: 6\n0.00001: 7\n.inf: 8\n.nan: 9\n\"y\": 10\n";
        assert_eq!(read(text), expected);
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        let text = "[1.0, 1e3, 1e20, 1e21, 1.5, -2.0, 18446744073709551615, 18446744073709551616]";
        let json = read(text).to_string();
        assert_eq!(
            json,
            "[1,1000,1e+20,1e+21,1.5,-2,18446744073709551615,1.8446744073709552e+19]"
        );
    }

    #[test]
    fn strings_stay_as_written() {
        let text = "[1.25.0, '1', \"yes\", !!str 1, 2026-11-22T10:00:00Z, 22:22, |-\n  ~\n  ]";
        assert!(crate::yaml::parse(text).is_err(), "no block scalar within brackets");
        let text = "- 1.25.0\n- '1'\n- !!str 1\n- 22:22\n- |-\n  ~\n- !!binary aGk=\n";
        assert_eq!(read(text), json!(["1.25.0", "1", "1", "22:22", "~", "hi"]));
    }

    #[test]
    fn string_fields_get_what_go_makes_of_a_scalar() {
        let stream = crate::yaml::parse(
            "[0777, 1.0, 1e3, 1_000, yes, off, ~, '07', 1234567.0, 0.00001, 18446744073709551615, -0.5, [], a]",
        )
        .unwrap();
        let items = stream.documents()[0].root().unwrap().items();
        let texts: Vec<_> = items.map(|item| item.to_text().map(String::from)).collect();
        let expected = [
            Some("511"),
            Some("1"),
            Some("1000"),
            Some("1000"),
            Some("true"),
            Some("false"),
            Some(""),
            Some("07"),
            Some("1.234567e+06"),
            Some("1e-05"),
            Some("18446744073709551615"),
            Some("-0.5"),
            None,
            Some("a"),
        ];
        assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
    }
}
