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
    if digits > 6 || exponent.abs() > 30 {
        return None;
    }
    Some(if (-4..6).contains(&exponent) {
        value.to_string()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    })
}
