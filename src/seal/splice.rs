//! New sealed values in place of the old ones; every other byte of the text stays.

use std::collections::BTreeMap;

use serde_json::Value;

use super::targets::{self, TargetError};

/// Why values are not replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpliceError {
    /// The text is another one than that of the values.
    #[error("the SealedSecrets of the text are not those that were sealed anew")]
    Other,
    /// The place cannot be edited.
    #[error("the values cannot be replaced where they stand, at {}", .0.position)]
    Target(#[from] TargetError),
}

/// Replaces sealed values: for each SealedSecret of the text, in order, the new ones by key.
///
/// The new text is read again; nothing but these values may differ.
///
/// # Errors
/// A value is written in a way that cannot be edited, as over an alias, or is not there.
pub fn splice(text: &str, new: &[BTreeMap<String, String>]) -> Result<String, SpliceError> {
    let mut new = new.iter();
    let spliced = targets::edit(text, |editor, places, values| {
        let mut edits = Vec::new();
        for place in places {
            let mut left = new.next().ok_or(SpliceError::Other)?.clone();
            let slots = match left.is_empty() {
                true => Vec::new(),
                false => place.slots()?,
            };
            for slot in slots {
                let Some(value) = left.remove(&slot.key) else { continue };
                let value = Value::from(slot.text_of(&value));
                edits.extend(editor.replace(slot.node, &value).map_err(|error| place.refuse(error))?);
                let expected = place.value(values).and_then(|object| slot.value(object));
                *expected.ok_or(SpliceError::Other)? = value;
            }
            if !left.is_empty() {
                return Err(SpliceError::Other);
            }
        }
        Ok(edits)
    })?;
    match new.next() {
        None => Ok(spliced),
        Some(_) => Err(SpliceError::Other),
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
            let replaced = splice(&document(old), &[new("k", "AgBB=")]).unwrap();
            assert_eq!(replaced, document(expected));
        }
    }

    #[test]
    fn folded_values_are_replaced_whole() {
        let text = document(">-\r\n      AgAA\r\n      AgAA");
        let replaced = splice(&text, &[new("k", "AgBB")]).unwrap();
        assert_eq!(submissions(&replaced, None).unwrap().sealed[0].values["k"], "AgBB");
        assert!(
            replaced.ends_with("  template:\r\n    data: {l: '{{ .k }}'}"),
            "{replaced}"
        );
    }

    #[test]
    fn json_stays_json() {
        let json = "\u{feff}{\"kind\":\"SealedSecret\",\t\"metadata\": {\"name\": \"a\\/\", \"namespace\": \"b\"}, \"spec\": {\"encryptedData\": {\"k\": \"AgA\\/\"}}}\n{\"kind\": \"List\", \"items\": [{\"kind\": \"SealedSecret\", \"metadata\": {\"name\": \"a\", \"namespace\": \"b\"}, \"spec\": {\"encryptedData\": {\"l\": \"AgAA\"}}}]}\n";
        let replaced = splice(json, &[new("k", "AgBB"), new("l", "AgCC")]).unwrap();
        assert_eq!(replaced, json.replace("AgA\\/", "AgBB").replace("AgAA", "AgCC"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let text = document("AgAA");
        assert!(matches!(splice(&text, &[]), Err(SpliceError::Other)));
        assert!(matches!(
            splice(&text, &[new("k", "a"), new("k", "a")]),
            Err(SpliceError::Other)
        ));
        assert!(matches!(splice(&text, &[new("missing", "a")]), Err(SpliceError::Other)));
        let shared = "kind: SealedSecret\nmetadata: {name: a}\nspec: {encryptedData: {k: &v AgAA, l: *v}}\n";
        assert!(matches!(splice(shared, &[new("k", "a")]), Err(SpliceError::Target(_))));
    }
}
