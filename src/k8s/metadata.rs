//! The metadata of an object, as far as a sealed secret keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The metadata of a Secret without what the API server wrote, and without copies of its data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// `name`; empty if absent.
    pub name: String,
    /// `generateName`; empty if absent.
    pub generate_name: String,
    /// `namespace`; empty if absent.
    pub namespace: String,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `finalizers`.
    pub finalizers: Vec<String>,
    /// `managedFields`, as JSON.
    pub managed_fields: Vec<Value>,
}

/// Annotations in which kubectl and kubecfg keep the whole object, plaintext included.
pub(crate) const LAST_APPLIED: [&str; 2] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubecfg.ksonnet.io/last-applied-configuration",
];

/// The fields of one entry of `managedFields`, in the order of the Go type.
const MANAGED: [&str; 7] = [
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

impl Metadata {
    /// The JSON of `metadata`, in the order of the Go type; what is empty is left out.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let mut json = Map::new();
        let texts = [
            ("name", &self.name),
            ("generateName", &self.generate_name),
            ("namespace", &self.namespace),
        ];
        for (field, text) in texts {
            if !text.is_empty() {
                json.insert(field.to_owned(), text.as_str().into());
            }
        }
        for (field, map) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !map.is_empty() {
                let map = map.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
                json.insert(field.to_owned(), Value::Object(map.collect()));
            }
        }
        if !self.finalizers.is_empty() {
            json.insert("finalizers".to_owned(), self.finalizers.as_slice().into());
        }
        if !self.managed_fields.is_empty() {
            let entries = self.managed_fields.iter().map(managed);
            json.insert("managedFields".to_owned(), entries.collect());
        }
        json
    }

    /// Takes the annotations away that hold the object in plaintext.
    pub(super) fn forget_last_applied(&mut self) {
        self.annotations
            .retain(|name, _| !LAST_APPLIED.contains(&name.as_str()));
    }
}

/// Orders an entry, and writes its time as Go does: in UTC, to the second.
fn managed(entry: &Value) -> Value {
    let fields = MANAGED.iter().filter_map(|&field| {
        let value = entry.get(field).filter(|value| !value.is_null() && *value != "")?;
        let time = value
            .as_str()
            .filter(|_| field == "time")
            .and_then(|text| text.parse::<Timestamp>().ok());
        let value = match time {
            Some(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
            None => value.clone(),
        };
        Some((field.to_owned(), value))
    });
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_the_go_type() {
        let metadata = Metadata {
            name: "a".to_owned(),
            namespace: "n".to_owned(),
            labels: [("l".to_owned(), "1".to_owned())].into(),
            finalizers: vec!["x/y".to_owned()],
            managed_fields: vec![
                json!({"time": "2026-01-01T02:00:00.5+02:00", "manager": "m", "subresource": "", "odd": 1}),
            ],
            ..Metadata::default()
        };
        let expected = json!({
            "name": "a", "namespace": "n", "labels": {"l": "1"}, "finalizers": ["x/y"],
            "managedFields": [{"manager": "m", "time": "2026-01-01T00:00:00Z"}],
        });
        assert_eq!(
            Value::Object(metadata.to_json()).to_string(),
            expected.to_string(),
            "the order counts"
        );
        assert_eq!(Metadata::default().to_json().len(), 0);
    }
}
