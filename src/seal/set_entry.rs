//! One entry of a SealedSecret that is set where it stands.

use serde_json::{Map, Value};

use super::targets::{self, Place, TargetError};
use crate::text::Edit;
use crate::yaml::{EditError, Editor, Kind, Node};

/// Sets an entry below the object `at` of a text; what is missing on the way comes into being. Says whether that changed
/// anything.
pub(super) fn set_entry(
    text: &mut String,
    at: usize,
    path: &[&str],
    key: &str,
    value: &str,
) -> Result<bool, TargetError> {
    let mut before = 0;
    let mut changed = false;
    let edited = targets::edit(text, |editor, places, values| {
        let here = at.checked_sub(before).and_then(|at| places.get(at));
        before += places.len();
        let Some(place) = here else { return Ok(Vec::new()) };
        let (edits, expected) = plan(editor, place, path, key, value).map_err(|error| place.refuse(error))?;
        changed = !edits.is_empty();
        if let Some(object) = place.value(values).filter(|_| changed) {
            expect(object, path, key, expected);
        }
        Ok::<_, TargetError>(edits)
    })?;
    *text = edited;
    Ok(changed)
}

/// The edits that set an entry, and the value that it then has.
fn plan(
    editor: &Editor<'_, '_>,
    place: &Place<'_, '_, '_>,
    path: &[&str],
    key: &str,
    value: &str,
) -> Result<(Vec<Edit>, Value), EditError> {
    let mut node = place.node;
    for (depth, field) in path.iter().enumerate() {
        match node.get(field) {
            Some(next) => node = next,
            None => {
                // Everything that is missing comes as one entry.
                let rest = path.get(depth + 1..).unwrap_or_default();
                let nest = |inner: Value, field: &str| Value::Object(Map::from_iter([(field.to_owned(), inner)]));
                let inner = nest(Value::from(value), key);
                let inner = rest.iter().rev().fold(inner, |inner, field| nest(inner, field));
                return Ok((editor.insert_entry(node, field, &inner, None)?, Value::from(value)));
            }
        }
    }
    let Some(old) = node.get(key) else {
        return Ok((
            editor.insert_entry(node, key, &Value::from(value), None)?,
            Value::from(value),
        ));
    };
    // A block scalar stays one: Go's base64 takes the line feed at its end.
    let feed = match old.as_str() {
        Some(old) if path.contains(&"encryptedData") && old.ends_with('\n') => "\n",
        _ => "",
    };
    let new = Value::from(format!("{value}{feed}"));
    if is_same(old, value) {
        return Ok((Vec::new(), new));
    }
    Ok((editor.replace(old, &new)?, new))
}

fn is_same(old: Node<'_, '_>, value: &str) -> bool {
    old.kind() == Kind::Scalar && !old.is_null() && old.to_text().is_some_and(|text| text == value)
}

/// Changes the value of an object as [`plan`] changes its text.
fn expect(object: &mut Value, path: &[&str], key: &str, value: Value) {
    let mut at = object;
    for field in path.iter().copied().chain([key]) {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let Some(map) = at.as_object_mut() else { return };
        at = map.entry(field).or_insert(Value::Null);
    }
    *at = value;
}
