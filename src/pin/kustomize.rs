//! Images of kustomizations, and of Flux resources that have such entries.
//!
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/>. Kustomize writes `name:tag@digest`
//! where an entry has both. The `name` is a pattern that must fit what manifests say, so it stays as it is written.

use super::digest_key::{self, Without};
use super::scalar::{Finder, behind_tag, content, is_empty};
use super::site::{self, Site, SkipReason};
use crate::yaml::{Kind, Node};

/// Finds the images of a kustomization.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    for (at, item) in root.get("images").into_iter().flat_map(Node::items).enumerate() {
        entry(&format!("images[{at}]"), item, finder);
    }
}

/// Files one entry of `images`: a mapping of `name`, `newName`, `newTag` and `digest`.
pub(super) fn entry<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    if node.kind() != Kind::Mapping {
        return;
    }
    let string = |key| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let Some(name) = string("newName").or_else(|| string("name")) else {
        finder.found.push_skip(field, "", node.span(), SkipReason::NoImage);
        return;
    };
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

#[cfg(test)]
mod tests {
    use crate::pin::formats::Format;
    use crate::pin::options::Options;
    use crate::pin::testing::{D, Tried, try_format};

    fn tried(text: &str) -> Tried {
        try_format(Format::Kustomization, text, &Options::default())
    }

    #[test]
    fn a_digest_gets_a_line_behind_the_tag() {
        for (text, expected) in [
            (
                "images:\n- name: nginx\n  newTag: \"1.25\" # why\n- name: b\n  newTag: v2",
                "images:\n- name: nginx\n  newTag: \"1.25\" # why\n  digest: D\n- name: b\n  newTag: v2\n  digest: D",
            ),
            (
                "images:\r\n  - newTag: v1\r\n    name: a\r\n",
                "images:\r\n  - newTag: v1\r\n    digest: D\r\n    name: a\r\n",
            ),
            (
                "images:\n- name: a\n  newTag:\n    v1\n  newName: b/c\n",
                "images:\n- name: a\n  newTag:\n    v1\n  digest: D\n  newName: b/c\n",
            ),
            (
                "images:\n- {name: a, newTag: v1}\n- {\"name\": \"a\", \"newTag\": \"v2\"}\n",
                "images:\n- {name: a, newTag: v1@D}\n- {\"name\": \"a\", \"newTag\": \"v2@D\"}\n",
            ),
            (
                "t: &t v1\nimages:\n- name: a\n  newTag: *t\n",
                "t: &t v1\nimages:\n- name: a\n  newTag: *t\n  digest: D\n",
            ),
            ("images:\n-   - x\n", "images:\n-   - x\n"),
        ] {
            assert_eq!(tried(text).pinned, expected);
        }
    }

    #[test]
    fn a_digest_that_is_there_is_replaced() {
        let zero = format!("sha256:{}", "0".repeat(64));
        for text in [
            "images:\n- name: a\n  newTag: v1\n  digest: OLD # c\n",
            "images:\n- digest: OLD\n  name: a\n  newTag: v1\n",
            "images:\n- name: a\n  digest: 'OLD'",
            "images: [{name: a, digest: OLD}]",
        ] {
            let tried = tried(&text.replace("OLD", &zero));
            assert_eq!(tried.pinned, text.replace("OLD", "D"));
        }
        assert_eq!(
            tried("images:\n- name: a\n  newTag: v1\n  digest: \"\"\n").pinned,
            "images:\n- name: a\n  newTag: v1\n  digest: \"D\"\n"
        );
    }

    #[test]
    fn a_digest_goes_with_its_line_where_a_tag_remains() {
        for (text, expected) in [
            (
                "images:\r\n- name: a\r\n  newTag: v1\r\n  digest: D\r\n",
                "images:\r\n- name: a\r\n  newTag: v1\r\n",
            ),
            (
                "images:\n- name: a\n  newTag: v1\n  digest: D",
                "images:\n- name: a\n  newTag: v1",
            ),
            (
                "images:\n- newTag: v1\n  digest: \"D\"\n",
                "images:\n- newTag: v1\n  digest: \"D\"\n",
            ),
            (
                "images:\n- name: a\n  newTag: v1\n  digest: 'D' # c\n",
                "images:\n- name: a\n  newTag: v1\n  digest: '' # c\n",
            ),
            ("images:\n- name: a\n  digest: D\n", "images:\n- name: a\n  digest: D\n"),
            (
                "images:\n- digest: D\n  name: a\n  newTag: v1\n",
                "images:\n- digest: D\n  name: a\n  newTag: v1\n",
            ),
        ] {
            assert_eq!(tried(&text.replace('D', D)).unpinned, expected.replace('D', D));
        }
    }

    #[test]
    fn what_cannot_be_pinned_says_why() {
        for (text, why) in [
            (
                "images:\n- name: a\n  newTag: v1\n  digest:\n",
                "images[0].newTag: its digest is null: write `digest: \"\"`",
            ),
            (
                "images:\n- name: a\n  newTag: 1.25\n",
                "images[0].newTag: 1.25: not-a-string",
            ),
            ("images:\n- name: a\n  newName: b\n", "images[0]: b: tag-elsewhere"),
            ("images:\n- newTag: v1\n", "images[0]: : no-image"),
            (
                "b: &b\n  newTag: v1\nimages:\n- name: a\n  <<: *b\n",
                "images[0].newTag: its tag comes by a merge key",
            ),
            (
                "images:\n- name: a\n  newTag: |\n    v1\n",
                "images[0].newTag: its tag is a block of lines",
            ),
            (
                "images:\n- name: a\n  newTag: v1 # {\"$imagepolicy\": \"x:y:tag\"}\n",
                "images[0].newTag: v1: flux-managed",
            ),
            (
                "images:\n- name: A\n  newTag: v1\n",
                "images[0].newTag: A:v1: not-a-reference",
            ),
        ] {
            let tried = tried(text);
            assert_eq!(tried.pinned, text);
            assert_eq!(tried.reasons, [why], "{text}");
        }
    }
}
