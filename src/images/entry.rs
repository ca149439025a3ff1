//! Mappings that name an image by its name, tag and digest: the entries of kustomizations, and what Flux has like them.

use super::digest_key::{self, Without};
use super::scalar::{Finder, behind_tag, content, is_empty};
use super::site::{self, Site, SkipReason, Slot};
use crate::yaml::{Kind, Node};

/// Files one entry of `images`: a mapping of `name`, `newName`, `newTag` and `digest`.
pub(super) fn kustomize<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    if node.kind() != Kind::Mapping {
        return;
    }
    let string = |key| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let Some(name) = string("newName").or_else(|| string("name")) else {
        finder.found.push_skip(field, "", node.span(), SkipReason::NoImage);
        return;
    };
    if string("tagSuffix").is_some() {
        // Kustomize puts the suffix behind the tag and drops a digest, that of the resource included.
        let tag = string("newTag").map(|tag| format!(":{tag}")).unwrap_or_default();
        let text = format!("{name}{tag}");
        let span = node.span();
        match site::parse(&text) {
            Ok(reference) => finder.found.sites.push(Site {
                field: field.to_owned(),
                reference,
                span,
                slot: Slot::Fixed("its `tagSuffix` makes another tag, and drops every digest"),
            }),
            Err(reason) => finder.found.push_skip(field, &text, span, reason),
        }
        return;
    }
    let keys = Keys {
        field,
        tag: "newTag",
        flow: Flow::Append,
    };
    sibling(name, node, &keys, finder);
}

/// The names of a mapping and of its tag.
pub(super) struct Keys<'k> {
    pub(super) field: &'k str,
    pub(super) tag: &'static str,
    pub(super) flow: Flow,
}

/// What is done where the mapping is written in braces, which have no line to add.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Flow {
    /// `tag@digest` in the tag: the tool puts it behind a colon as it is.
    Append,
    /// Nothing: it cannot be pinned.
    Fixed,
}

/// Files a mapping that has a tag and may have a `digest` beside it.
pub(super) fn sibling<'a>(name: &str, node: Node<'_, 'a>, keys: &Keys<'_>, finder: &mut Finder<'_, 'a>) {
    let tag_field = format!("{}.{}", keys.field, keys.tag);
    let digest_field = format!("{}.digest", keys.field);
    let tag = match node.get(keys.tag).filter(|tag| !is_empty(*tag)) {
        Some(tag) => match finder.string(&tag_field, tag) {
            Some(text) => Some((tag, text.trim())),
            None => return,
        },
        None => None,
    };
    let digest = node.get("digest");
    if let Some(digest) = digest.filter(|digest| finder.is_flux_managed(*digest)) {
        return finder.skip(digest_field, digest, SkipReason::FluxManaged);
    }
    let named = match (tag, digest.filter(|digest| !is_empty(*digest))) {
        (_, Some(digest)) => {
            let Some(text) = finder.string(&digest_field, digest) else {
                return;
            };
            let tag = tag.map_or(String::new(), |(_, tag)| format!(":{tag}"));
            (digest_field, digest, format!("{name}{tag}@{}", text.trim()))
        }
        (Some((tag, text)), None) => (tag_field, tag, format!("{name}:{text}")),
        (None, None) => {
            finder
                .found
                .push_skip(keys.field, name, node.span(), SkipReason::TagElsewhere);
            return;
        }
    };
    let (field, scalar, text) = named;
    let span = content(finder.text, scalar);
    match site::parse(&text) {
        Ok(reference) => {
            let slot = match (digest, tag) {
                (Some(digest), tag) => digest_key::fill(node, digest, tag.is_some(), Without::Line, finder.text),
                (None, _)
                    if reference.digest().is_some()
                        || digest_key::is_flow(node, finder.text) && keys.flow == Flow::Append =>
                {
                    behind_tag(finder.text, node, keys.tag, &reference)
                }
                (None, _) => digest_key::line_after(node, keys.tag, finder.text),
            };
            finder.found.sites.push(Site {
                field,
                reference,
                span,
                slot,
            });
        }
        Err(reason) => finder.found.push_skip(field, &text, span, reason),
    }
}
