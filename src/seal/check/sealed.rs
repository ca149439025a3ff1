//! SealedSecrets: values that no key can open, scopes that mean something else, and plaintext in the template.

use aws_lc_rs::aead::MAX_TAG_LEN;

use super::content::{Content, is_constant};
use super::fields::{field, fields, is_named};
use super::place::View;
use super::rules::{MALFORMED_VALUE, OTHER_KEY_SIZE, PLAINTEXT_TEMPLATE, SCOPE_MISMATCH, SCOPE_VALUE};
use super::secret::has_values;
use super::sops::Sops;
use super::{Candidate, Checker, Identity, listed, shown};
use crate::k8s::base64;
use crate::report::{Finding, Rule};
use crate::seal::crypto::split;
use crate::seal::scope::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope};
use crate::yaml::{Key, Node};

impl Checker {
    pub(super) fn sealed_secret(&mut self, node: Node<'_, '_>, sops: Option<&Sops>, view: &View<'_, '_>) {
        self.checked.objects += 1;
        let identity = Identity::of(node);
        let start = node.span().start;
        self.checked
            .sealed
            .push((identity.clone(), view.location(start..start)));
        self.last_applied(node, false, &identity, view);
        // A Secret whose kind was changed, and no more.
        if has_values(node) {
            self.secret(node, sops, view);
        }
        let spec = field(node, "spec");
        let values = spec
            .into_iter()
            .flat_map(|spec| fields(spec, "encryptedData"))
            .flat_map(|(_, values)| values.entries());
        let whole = spec.into_iter().flat_map(|spec| fields(spec, "data"));
        for (key, value) in values.chain(whole) {
            self.value(&key, value, sops, &identity, view);
        }
        let template = spec.and_then(|spec| field(spec, "template"));
        if let Some(template) = template {
            self.last_applied(template, true, &identity, view);
            self.template_data(template, &identity, view);
        }
        self.scope_values(node, &identity, view);
        if let Some(template) = template {
            self.scope_values(template, &identity, view);
            self.scopes(node, template, &identity, view);
        }
    }

    fn value(
        &mut self,
        key: &Key<'_>,
        value: Node<'_, '_>,
        sops: Option<&Sops>,
        identity: &Identity,
        view: &View<'_, '_>,
    ) {
        let text = value.as_str();
        match Content::of_text(text.unwrap_or_default()) {
            Content::Placeholder => return,
            Content::Encrypted if sops.is_some() => return,
            _ => {}
        }
        let (rule, what) = match examine(text, self.modulus_bytes) {
            Ok(()) => return,
            Err(fault) => fault,
        };
        let name = shown(key.text);
        let message = format!("the value {name} of {} {what}", identity.told("SealedSecret"));
        let finding = Finding::new(rule, message, view.location(key.span.clone()))
            .with_field(format!("spec.encryptedData.{name}"))
            .with_property("object", identity.subject())
            .with_property("key", name);
        self.found(finding, identity, view, key.span.start);
    }

    fn template_data(&mut self, template: Node<'_, '_>, identity: &Identity, view: &View<'_, '_>) {
        // The controller ignores `stringData`, and everybody can read it.
        for (field, data) in template
            .entries()
            .filter(|(key, _)| ["data", "stringData"].iter().any(|name| is_named(key.text, name)))
        {
            let literals = data.entries().filter(|(key, value)| {
                let text = value.to_text().unwrap_or_default();
                let is_plain = match Content::of_text(&text) {
                    Content::Plain => true,
                    Content::Placeholder => text.contains("{{") && is_constant(&text),
                    _ => false,
                };
                is_plain && view.mark([key.span.start]).is_none()
            });
            let keys: Vec<String> = literals.map(|(key, _)| shown(key.text)).collect();
            if keys.is_empty() {
                continue;
            }
            let message = format!(
                "the template of {} has values in plain text: {}",
                identity.told("SealedSecret"),
                listed(&keys)
            );
            let finding = Finding::new(&PLAINTEXT_TEMPLATE, message, view.location(field.span.clone()))
                .with_field(format!("spec.template.{}", field.text))
                .with_property("object", identity.subject())
                .with_property("keys", keys);
            self.found(finding, identity, view, field.span.start);
        }
    }

    fn scope_values(&mut self, node: Node<'_, '_>, identity: &Identity, view: &View<'_, '_>) {
        for (key, value) in annotations(node) {
            let is_scope = [CLUSTER_WIDE, NAMESPACE_WIDE].contains(&key.text) && !is_filled_in(value);
            // kubeseal itself keeps "false", and everybody reads it as meant.
            if !is_scope || matches!(value.as_str(), Some("true" | "false")) {
                continue;
            }
            let told = identity.told("SealedSecret");
            let message = match (value.as_str(), value.to_text().as_deref()) {
                (None, Some("true" | "false")) => {
                    format!(
                        "the annotation {} of {told} is not quoted: an annotation is a text",
                        key.text
                    )
                }
                _ => format!(
                    "the annotation {} of {told} is not \"true\", and has no effect",
                    key.text
                ),
            };
            let finding = Finding::new(&SCOPE_VALUE, message, view.location(key.span.clone()))
                .with_field(format!("metadata.annotations[\"{}\"]", key.text))
                .with_property("object", identity.subject());
            self.found(finding, identity, view, key.span.start);
        }
    }

    /// A template that says nothing about the scope contradicts nobody.
    fn scopes(&mut self, node: Node<'_, '_>, template: Node<'_, '_>, identity: &Identity, view: &View<'_, '_>) {
        let (own, copy) = (scope(node), scope(template));
        let mut written = annotations(node).chain(annotations(template));
        if own == copy || written.any(|(_, value)| is_filled_in(value)) {
            return;
        }
        let contradicts = |key: &Key<'_>, value: Node<'_, '_>| {
            let is_set = value.as_str() == Some("true");
            let is_set_there = |annotation| own.annotation() == Some(annotation);
            [CLUSTER_WIDE, NAMESPACE_WIDE].contains(&key.text) && is_set != is_set_there(key.text)
        };
        let mut copies = annotations(template);
        let Some((key, _)) = copies.find(|(key, value)| contradicts(key, *value)) else {
            return;
        };
        let message = format!(
            "{} is {own}, and its template says {copy}",
            identity.told("SealedSecret")
        );
        let finding = Finding::new(&SCOPE_MISMATCH, message, view.location(key.span.clone()))
            .with_field(format!("spec.template.metadata.annotations[\"{}\"]", key.text))
            .with_property("object", identity.subject())
            .with_property("scope", own.name())
            .with_property("templateScope", copy.name());
        self.found(finding, identity, view, key.span.start);
    }

    fn found(&mut self, finding: Finding, identity: &Identity, view: &View<'_, '_>, place: usize) {
        self.checked.candidates.push(Candidate {
            finding,
            identity: identity.clone(),
            mark: view.mark([place]),
        });
    }
}

fn annotations<'d, 'a>(node: Node<'d, 'a>) -> impl Iterator<Item = (Key<'d>, Node<'d, 'a>)> {
    let annotations = node.get("metadata").and_then(|metadata| metadata.get("annotations"));
    annotations.into_iter().flat_map(Node::entries)
}

/// Whether another tool has the last word about an annotation.
fn is_filled_in(value: Node<'_, '_>) -> bool {
    let text = value.to_text();
    text.is_some_and(|text| Content::of_text(&text) == Content::Placeholder)
}

fn scope(node: Node<'_, '_>) -> Scope {
    let metadata = node.get("metadata");
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    Scope::of_annotations(|name| annotations.and_then(|annotations| annotations.get(name)?.as_str()))
}

/// The bytes of RSA keys of 1024 bits, which old clusters have, to 16384.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 128..=2048;

/// Judges a sealed value without a key.
fn examine(text: Option<&str>, modulus_bytes: Option<usize>) -> Result<(), (&'static Rule, String)> {
    let malformed = |what: &str| Err((&MALFORMED_VALUE, what.to_owned()));
    let text = match text {
        Some("") | None => return malformed("is not a sealed value: expected a text of base64"),
        Some(text) => text,
    };
    let Some(bytes) = base64::decode(text) else {
        return malformed("is not base64: it was cut off, edited, or never sealed");
    };
    let Some((wrapped, _)) = split(&bytes) else {
        // Even an empty value has the prefix, the key and the tag.
        let needed = match bytes.first_chunk::<2>() {
            Some(prefix) => usize::from(u16::from_be_bytes(*prefix)) + prefix.len() + MAX_TAG_LEN,
            None => return malformed("is cut off: it is shorter than any sealed value"),
        };
        return malformed(&format!(
            "is cut off, or was never sealed: it has {} bytes, and by its first two at least {needed}",
            bytes.len()
        ));
    };
    if !MODULUS_BYTES.contains(&wrapped.len()) {
        return malformed(&format!(
            "was never sealed: its first bytes tell of a key of {} bits",
            wrapped.len() * 8
        ));
    }
    match modulus_bytes {
        Some(expected) if expected != wrapped.len() => Err((
            &OTHER_KEY_SIZE,
            format!(
                "was sealed with a key of {} bits: the certificate's has {}",
                wrapped.len() * 8,
                expected * 8
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(bytes: &[u8], modulus: Option<usize>) -> String {
        let text = base64::encode(bytes);
        match examine(Some(&text), modulus) {
            Ok(()) => "ok".to_owned(),
            Err((rule, what)) => format!("{}: {what}", rule.code),
        }
    }

    #[test]
    fn values_are_judged_by_their_lengths() {
        let mut value = vec![1, 0];
        value.resize(2 + 256 + 16, 7);
        assert_eq!(judge(&value, None), "ok");
        assert_eq!(judge(&value, Some(256)), "ok");
        assert_eq!(
            judge(&value, Some(512)),
            "other-key-size: was sealed with a key of 2048 bits: the certificate's has 4096"
        );
        value.pop();
        assert_eq!(
            judge(&value, None),
            "malformed-value: is cut off, or was never sealed: it has 273 bytes, and by its first two at least 274"
        );
        assert_eq!(
            judge(b"A", None),
            "malformed-value: is cut off: it is shorter than any sealed value"
        );
        let tiny = [&[0, 3][..], &[0; 40]].concat();
        assert_eq!(
            judge(&tiny, None),
            "malformed-value: was never sealed: its first bytes tell of a key of 24 bits"
        );
        for text in [None, Some("")] {
            assert!(examine(text, None).unwrap_err().1.contains("expected a text"));
        }
        assert!(examine(Some("hunter2!"), None).unwrap_err().1.contains("is not base64"));
    }
}
