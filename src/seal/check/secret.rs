//! Plaintext Secrets, their copies in annotations, and the literals of generators.

use super::content::Content;
use super::fields::{field, fields, is_named};
use super::place::View;
use super::rules::{LAST_APPLIED_COPY, PLAINTEXT_GENERATOR, PLAINTEXT_SECRET};
use super::sops::Sops;
use super::{Candidate, Checker, Identity, is_secret, kind, list_kind, listed, shown, version};
use crate::k8s::LAST_APPLIED;
use crate::report::Finding;
use crate::seal::input;
use crate::yaml::{self, Key, Kind, Node};

/// The values of a Secret, sorted.
#[derive(Default)]
struct Values<'d> {
    /// The fields that have plaintext, with the keys of their values.
    plain: Vec<(&'static str, Key<'d>, Key<'d>)>,
    /// Why values were passed over, with the field: the first reason counts.
    passed: Option<(Content, Key<'d>)>,
    encrypted: bool,
}

impl<'d> Values<'d> {
    fn of(node: Node<'d, '_>, sops: Option<&Sops>) -> Self {
        let mut values = Self::default();
        for (field, mapping) in node.entries() {
            let Some(name) = FIELDS.into_iter().find(|name| is_named(field.text, name)) else {
                continue;
            };
            if mapping.kind() == Kind::Mapping {
                for (key, value) in mapping.entries() {
                    values.add(name, &field, key, value);
                }
            } else {
                // Kubernetes refuses it, and everybody can read it.
                values.add(name, &field, field.clone(), mapping);
            }
        }
        if let Some(sops) = sops.filter(|_| values.encrypted) {
            values.plain.retain(|(name, _, key)| !sops.leaves(name, key.text));
        }
        values
    }

    fn add(&mut self, name: &'static str, field: &Key<'d>, key: Key<'d>, value: Node<'d, '_>) {
        match Content::of(value, name == "data") {
            Content::Empty => {}
            Content::Plain => self.plain.push((name, field.clone(), key)),
            passed => {
                self.encrypted |= passed == Content::Encrypted;
                self.passed.get_or_insert((passed, field.clone()));
            }
        }
    }
}

/// The fields of a Secret with values.
const FIELDS: [&str; 2] = ["data", "stringData"];

impl Checker {
    pub(super) fn secret(&mut self, node: Node<'_, '_>, sops: Option<&Sops>, view: &View<'_, '_>) {
        self.checked.objects += 1;
        let identity = Identity::of(node);
        self.last_applied(node, true, &identity, view);
        let values = Values::of(node, sops);
        if values.plain.is_empty() {
            if let Some((content, field)) = values.passed {
                let (code, reason) = match content {
                    Content::Encrypted => ("sops", "SOPS has encrypted it"),
                    Content::Public => ("public", "certificates and public keys only"),
                    _ => ("template", "another tool fills in the values"),
                };
                self.skip(code, reason, view.location(field.span), identity.subject());
            }
            return;
        }
        let whole = [key_place(node, "kind"), Some(node.span().start)];
        let fields = values.plain.iter().map(|(_, field, _)| field.span.start);
        let of_all = view.mark(whole.into_iter().flatten().chain(fields));
        let mut first_mark = None;
        let mut open = Vec::new();
        for value in &values.plain {
            match view.mark([value.2.span.start]) {
                Some(mark) => first_mark = first_mark.or(Some(mark)),
                None => open.push(value),
            }
        }
        let told = if open.is_empty() {
            values.plain.iter().collect()
        } else {
            open.clone()
        };
        let Some((name, field, _)) = told.first() else { return };
        let keys: Vec<String> = told.iter().map(|(.., key)| shown(key.text)).collect();
        let message = format!("{} is in plain text: {}", identity.told("Secret"), listed(&keys));
        let finding = Finding::new(&PLAINTEXT_SECRET, message, view.location(field.span.clone()))
            .with_field(*name)
            .with_property("object", identity.subject())
            .with_property("keys", keys);
        self.checked.candidates.push(Candidate {
            finding,
            identity,
            mark: of_all.or(first_mark.filter(|_| open.is_empty())),
        });
    }

    /// Looks for copies of plaintext; what cannot be read in an annotation of a Secret (`is_secret`) is taken for one.
    pub(super) fn last_applied(
        &mut self,
        node: Node<'_, '_>,
        is_secret: bool,
        identity: &Identity,
        view: &View<'_, '_>,
    ) {
        let annotations = field(node, "metadata").and_then(|metadata| field(metadata, "annotations"));
        for (key, value) in annotations.into_iter().flat_map(Node::entries) {
            if !LAST_APPLIED.contains(&key.text) {
                continue;
            }
            let text = value.to_text().unwrap_or_default();
            let holds = Content::of_text(&text) == Content::Plain && holds_plaintext(&text).unwrap_or(is_secret);
            if !holds {
                continue;
            }
            let message = format!(
                "an annotation of {} holds its values in plain text",
                identity.told("object")
            );
            let finding = Finding::new(&LAST_APPLIED_COPY, message, view.location(key.span.clone()))
                .with_field(format!("metadata.annotations[\"{}\"]", key.text))
                .with_property("object", identity.subject());
            self.checked.candidates.push(Candidate {
                finding,
                identity: identity.clone(),
                mark: view.mark([key.span.start, node.span().start]),
            });
        }
    }

    pub(super) fn kustomization(&mut self, node: Node<'_, '_>, view: &View<'_, '_>) {
        let generators = node.get("secretGenerator").into_iter().flat_map(Node::items);
        for generator in generators {
            self.checked.objects += 1;
            let text = |field| {
                generator
                    .get(field)
                    .and_then(Node::as_str)
                    .map(shown)
                    .unwrap_or_default()
            };
            let identity = Identity {
                namespace: text("namespace"),
                name: text("name"),
            };
            let Some((key, literals)) = generator.entries().find(|(key, _)| key.text == "literals") else {
                continue;
            };
            let plain = literals.items().filter(|literal| {
                let text = literal.to_text().unwrap_or_default();
                let value = text.split_once('=').map_or("", |(_, value)| value);
                Content::of_text(value.trim_matches(['"', '\''])) == Content::Plain
                    && view.mark([literal.span().start]).is_none()
            });
            let keys: Vec<String> = plain
                .map(|literal| {
                    shown(
                        literal
                            .to_text()
                            .unwrap_or_default()
                            .split('=')
                            .next()
                            .unwrap_or_default(),
                    )
                })
                .collect();
            if keys.is_empty() {
                continue;
            }
            let message = format!(
                "{} has literal values: {}",
                identity.told("secretGenerator"),
                listed(&keys)
            );
            let finding = Finding::new(&PLAINTEXT_GENERATOR, message, view.location(key.span.clone()))
                .with_field("secretGenerator.literals")
                .with_property("object", identity.subject())
                .with_property("keys", keys);
            self.checked.candidates.push(Candidate {
                finding,
                identity,
                mark: view.mark([key.span.start, generator.span().start]),
            });
        }
    }
}

/// Where a key of the object stands.
pub(super) fn key_place(node: Node<'_, '_>, name: &str) -> Option<usize> {
    let mut entries = node.entries();
    let (key, _) = entries.find(|(key, _)| key.text == name)?;
    Some(key.span.start)
}

/// Whether an object has values of its own, as no SealedSecret should.
pub(super) fn has_values(node: Node<'_, '_>) -> bool {
    !Values::of(node, None).plain.is_empty()
}

/// Whether the JSON of an object is a Secret with values, or a list with one; `None` where it is no JSON.
fn holds_plaintext(json: &str) -> Option<bool> {
    let parts = input::parts(json);
    let text = parts.first()?.text();
    let stream = yaml::parse(text).ok()?;
    let root = stream.documents().first()?.root()?;
    kind(root)?;
    Some(is_plaintext(root))
}

fn is_plaintext(node: Node<'_, '_>) -> bool {
    match kind(node) {
        Some(kind) if list_kind(kind).is_some() => {
            let mut items = fields(node, "items").flat_map(|(_, items)| items.items());
            items.any(is_plaintext)
        }
        Some(kind) => is_secret(kind, version(node)) && has_values(node),
        None => false,
    }
}
