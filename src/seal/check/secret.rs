//! Plaintext Secrets, their copies in annotations, and the literals of generators.

use super::content::Content;
use super::place::View;
use super::rules::{LAST_APPLIED_COPY, PLAINTEXT_GENERATOR, PLAINTEXT_SECRET};
use super::{Candidate, Checker, Identity, listed, shown};
use crate::k8s::LAST_APPLIED;
use crate::report::Finding;
use crate::seal::input;
use crate::yaml::{self, Key, Node};

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
    fn of(node: Node<'d, '_>) -> Self {
        let mut values = Self::default();
        for (field, mapping) in node.entries() {
            let (name, encoded) = match field.text {
                "data" => ("data", true),
                "stringData" => ("stringData", false),
                _ => continue,
            };
            for (key, value) in mapping.entries() {
                match Content::of(value, encoded) {
                    Content::Empty => {}
                    Content::Plain => values.plain.push((name, field.clone(), key)),
                    passed => {
                        values.encrypted |= passed == Content::Encrypted;
                        values.passed.get_or_insert((passed, field.clone()));
                    }
                }
            }
        }
        values
    }
}

impl Checker {
    pub(super) fn secret(&mut self, node: Node<'_, '_>, sops: bool, view: &View<'_, '_>) {
        self.checked.objects += 1;
        let identity = Identity::of(node);
        self.last_applied(node, true, &identity, view);
        let values = Values::of(node);
        if values.plain.is_empty() || (sops && values.encrypted) {
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
        let annotations = node.get("metadata").and_then(|metadata| metadata.get("annotations"));
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

/// Whether the JSON of an object is a Secret with values; `None` where it is no JSON.
fn holds_plaintext(json: &str) -> Option<bool> {
    let parts = input::parts(json);
    let text = parts.first()?.text();
    let stream = yaml::parse(text).ok()?;
    let root = stream.documents().first()?.root()?;
    let kind = root.get("kind").and_then(Node::as_str)?;
    Some(kind == "Secret" && !Values::of(root).plain.is_empty())
}
