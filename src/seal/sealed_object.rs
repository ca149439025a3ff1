//! What is sealed in a file, and where it stands.

use serde_json::Value;

use super::document::ErrorKind;
use super::scope::Scope;
use super::targets::{self, TargetError};
use crate::k8s::base64;
use crate::text::Position;

/// A SealedSecret in a file.
#[derive(Clone, Debug)]
pub struct SealedObject {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its scope.
    pub scope: Scope,
    /// Where it stands.
    pub position: Position,
    /// Its sealed values.
    pub values: Vec<SealedValue>,
    /// The whole resource as kubectl reads it, which is what the controller takes.
    pub json: Value,
}

/// A sealed value in a file.
#[derive(Clone, Debug)]
pub struct SealedValue {
    /// Its key.
    pub key: String,
    /// Where it stands.
    pub position: Position,
    pub(super) bytes: Vec<u8>,
}

/// Finds what is sealed in a text; a SealedSecret that names no namespace is taken for one of `namespace`.
///
/// # Errors
/// The text cannot be read, a SealedSecret is malformed, or its template has another scope than itself.
pub fn sealed_values(text: &str, namespace: Option<&str>) -> Result<Vec<SealedObject>, TargetError> {
    let mut objects = Vec::new();
    targets::visit(text, |place| {
        let scope = place.scope()?;
        let name = place.text(&["metadata", "name"]);
        let mut own = place.text(&["metadata", "namespace"]);
        if own.is_empty() {
            own = namespace.unwrap_or_default().to_owned();
        }
        place.label(scope, &own, &name)?;
        let mut values = Vec::new();
        for slot in place.slots()? {
            let offset = slot.node.span().start;
            let bytes = base64::decode(&slot.text).ok_or_else(|| {
                let key = slot.key.clone();
                place.error(offset, ErrorKind::Base64 { key })
            })?;
            values.push(SealedValue {
                key: slot.key,
                position: place.position(offset),
                bytes: bytes.to_vec(),
            });
        }
        objects.push(SealedObject {
            namespace: own,
            name,
            scope,
            position: place.position(place.node.span().start),
            values,
            json: place.node.to_json(),
        });
        Ok::<_, TargetError>(())
    })?;
    Ok(objects)
}

/// The names in a file, which may explain a value that was copied from one object to another.
#[must_use]
pub fn names(objects: &[SealedObject]) -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> = Vec::new();
    for object in objects {
        let template = |field: &str| {
            object
                .json
                .pointer(&format!("/spec/template/metadata/{field}"))
                .and_then(Value::as_str)
        };
        let own = (object.namespace.clone(), object.name.clone());
        let hint = (
            template("namespace").unwrap_or_default().to_owned(),
            template("name").unwrap_or_default().to_owned(),
        );
        for name in [own, hint] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
