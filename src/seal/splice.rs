//! New sealed values in place of the old ones; every other byte of the text stays.

use std::collections::BTreeMap;

use serde_json::Value;

use super::input;
use super::open::{is_sealed_secret, resources};
use super::sealed_secret::{API_VERSION, KIND};
use crate::k8s::objects;
use crate::yaml::{self, EditError, Editor, Offsets};

/// Why values are not replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpliceError {
    /// The place cannot be edited.
    #[error("the values cannot be replaced where they stand")]
    Edit(#[from] EditError),
    /// The text is another one than that of the values.
    #[error("the SealedSecrets of the text are not those that were sealed anew")]
    Other,
}

/// Replaces values of `spec.encryptedData`: for each SealedSecret of the text, in order, by key.
///
/// The new text is read again; nothing but these values may differ.
///
/// # Errors
/// A value is written in a way that cannot be edited, as over an alias, or is not there.
pub fn replace_values(text: &str, new: &[BTreeMap<String, String>]) -> Result<String, SpliceError> {
    let mut new = new.iter();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for part in input::parts(text) {
        let offsets = match part.text() == part.source() {
            true => Offsets::default(),
            false => yaml::json_with_offsets(part.source()).1,
        };
        let stream = yaml::parse(part.text()).map_err(|_| SpliceError::Other)?;
        let editor = Editor::with_source(&stream, part.source(), offsets);
        let mut expected = editor.values();
        let mut edits = Vec::new();
        for (document, expected) in stream.documents().iter().zip(&mut expected) {
            let Some(root) = document.root() else { continue };
            let objects = objects(root).map_err(|_| SpliceError::Other)?;
            let mut meant = Vec::new();
            sealed(expected, &mut meant);
            let mut meant = meant.into_iter();
            for node in objects
                .iter()
                .flat_map(resources)
                .filter(|node| is_sealed_secret(*node))
            {
                let (Some(values), Some(meant)) = (new.next(), meant.next()) else {
                    return Err(SpliceError::Other);
                };
                let data = node.get("spec").and_then(|spec| spec.get("encryptedData"));
                for (key, value) in values {
                    let old = data.and_then(|data| data.get(key)).ok_or(SpliceError::Other)?;
                    edits.extend(editor.replace(old, &Value::from(value.as_str()))?);
                    let slot = meant
                        .pointer_mut("/spec/encryptedData")
                        .and_then(|data| data.get_mut(key));
                    *slot.ok_or(SpliceError::Other)? = value.as_str().into();
                }
            }
        }
        out.push_str(text.get(done..part.start()).ok_or(SpliceError::Other)?);
        out.push_str(&editor.apply(&edits, &expected)?);
        done = part.start() + part.source().len();
    }
    out.push_str(text.get(done..).ok_or(SpliceError::Other)?);
    match new.next() {
        None => Ok(out),
        Some(_) => Err(SpliceError::Other),
    }
}

/// The SealedSecrets of a value, in order.
fn sealed<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>) {
    let is = |field: &str, expected: &str| value.get(field).and_then(Value::as_str) == Some(expected);
    if is("kind", KIND) && (is("apiVersion", API_VERSION) || value.get("apiVersion").is_none()) {
        found.push(value);
    } else if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(|item| sealed(item, found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::submissions;

    fn new(key: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    fn document(style: &str) -> String {
        format!(
            "\u{feff}# head\r\nkind: ConfigMap\r\n---\r\nkind:   SealedSecret # kept\r\nmetadata: {{name: a, namespace: b}}\r\nspec:\r\n  \
             encryptedData:\r\n    other: 'AgAx' # this too\r\n    k: {style}\r\n  template:\r\n    data: {{l: '{{{{ .k }}}}'}}"
        )
    }

    #[test]
    fn only_the_values_change() {
        for (old, expected) in [
            ("AgAA", "AgBB="),
            ("\"AgAA\" # x", "\"AgBB=\" # x"),
            ("'AgAA'", "'AgBB='"),
            ("&anchor AgAA", "&anchor AgBB="),
        ] {
            let replaced = replace_values(&document(old), &[new("k", "AgBB=")]).unwrap();
            assert_eq!(replaced, document(expected));
        }
    }

    #[test]
    fn folded_values_are_replaced_whole() {
        let text = document(">-\r\n      AgAA\r\n      AgAA");
        let replaced = replace_values(&text, &[new("k", "AgBB")]).unwrap();
        assert_eq!(submissions(&replaced, None).unwrap().sealed[0].values["k"], "AgBB");
        assert!(
            replaced.ends_with("  template:\r\n    data: {l: '{{ .k }}'}"),
            "{replaced}"
        );
    }

    #[test]
    fn json_stays_json() {
        let json = "\u{feff}{\"kind\":\"SealedSecret\",\t\"metadata\": {\"name\": \"a\\/\", \"namespace\": \"b\"}, \"spec\": {\"encryptedData\": {\"k\": \"AgA\\/\"}}}\n{\"kind\": \"List\", \"items\": [{\"kind\": \"SealedSecret\", \"metadata\": {\"name\": \"a\", \"namespace\": \"b\"}, \"spec\": {\"encryptedData\": {\"l\": \"AgAA\"}}}]}\n";
        let replaced = replace_values(json, &[new("k", "AgBB"), new("l", "AgCC")]).unwrap();
        assert_eq!(replaced, json.replace("AgA\\/", "AgBB").replace("AgAA", "AgCC"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let text = document("AgAA");
        assert!(matches!(replace_values(&text, &[]), Err(SpliceError::Other)));
        assert!(matches!(
            replace_values(&text, &[new("k", "a"), new("k", "a")]),
            Err(SpliceError::Other)
        ));
        assert!(matches!(
            replace_values(&text, &[new("missing", "a")]),
            Err(SpliceError::Other)
        ));
        let shared = "kind: SealedSecret\nmetadata: {name: a}\nspec: {encryptedData: {k: &v AgAA, l: *v}}\n";
        assert!(matches!(
            replace_values(shared, &[new("k", "a")]),
            Err(SpliceError::Edit(_))
        ));
    }
}
