//! Images of kustomizations, and of resources that name a digest beside the tag: Flux' Kustomization and OCIRepository.
//!
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/>. Kustomize writes `name:tag@digest`
//! where an entry has both. The `name` is a pattern that must fit what manifests say, so it stays as it is written.

use super::scalar::{Finder, behind_tag, content};
use super::site::{self, Site, SkipReason, Slot};
use crate::text::Edit;
use crate::yaml::{Kind, Node, Style};

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

/// Files the `spec` of an OCIRepository: `url: oci://NAME` and `ref` with `tag` and `digest`.
pub(super) fn oci_repository<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let Some(url) = node.get("url") else { return };
    let url_field = format!("{field}.url");
    let Some(text) = finder.string(&url_field, url) else {
        return;
    };
    let Some(name) = text.strip_prefix("oci://") else {
        return finder.part(url_field, url, 0);
    };
    let field = format!("{field}.ref");
    let reference = node.get("ref");
    let part = |key| {
        reference
            .and_then(|reference| reference.get(key))
            .filter(|value| !is_empty(*value))
    };
    match (reference, part("semver"), part("digest")) {
        // A range of versions is the cluster's choice.
        (_, Some(range), None) => finder.skip(format!("{field}.semver"), range, SkipReason::TagElsewhere),
        (Some(reference), ..) if part("tag").is_some() || part("digest").is_some() => {
            let keys = Keys {
                field: &field,
                tag: "tag",
                flow: Flow::Fixed,
            };
            sibling(name, reference, &keys, finder);
        }
        _ => match site::parse(name) {
            Ok(reference) => finder.found.sites.push(Site {
                field: url_field,
                reference,
                span: content(finder.text, url),
                slot: Slot::Fixed("it has no `ref.tag` that a digest could stand beside"),
            }),
            Err(reason) => finder.skip(url_field, url, reason),
        },
    }
}

struct Keys<'k> {
    field: &'k str,
    tag: &'static str,
    flow: Flow,
}

/// What is done where the mapping is written in braces, which have no line to add.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Flow {
    /// `tag@digest` in the tag: the tool puts it behind a colon as it is.
    Append,
    Fixed,
}

/// Files a mapping that has a tag and may have a `digest` beside it.
fn sibling<'a>(name: &str, node: Node<'_, 'a>, keys: &Keys<'_>, finder: &mut Finder<'_, 'a>) {
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
                (Some(digest), tag) => in_digest(node, digest, tag.is_some(), finder.text),
                (None, _)
                    if reference.digest().is_some() || is_flow(node, finder.text) && keys.flow == Flow::Append =>
                {
                    behind_tag(finder.text, node, keys.tag, &reference)
                }
                (None, _) => line_after(node, keys.tag, finder.text),
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

/// Nothing is written: null or an empty string.
fn is_empty(node: Node<'_, '_>) -> bool {
    node.is_null() || node.as_str() == Some("")
}

fn is_flow(node: Node<'_, '_>, text: &str) -> bool {
    text.get(node.span()).is_some_and(|text| text.starts_with('{'))
}

/// The slot of a `digest` that is there.
fn in_digest(node: Node<'_, '_>, digest: Node<'_, '_>, tagged: bool, text: &str) -> Slot {
    let range = content(text, digest);
    let style = digest.scalar().map(|scalar| scalar.style);
    let raw = text.get(range.clone()).unwrap_or("");
    let unpin = match style {
        _ if digest.is_null() => return Slot::Fixed("its digest is null: write `digest: \"\"`"),
        Some(Style::SingleQuoted | Style::DoubleQuoted) => Some(Edit {
            range: range.clone(),
            replacement: String::new(),
        }),
        Some(Style::Plain) if raw.is_empty() => {
            return Slot::Fixed("its digest has a YAML tag and no text: write `digest: \"\"`");
        }
        Some(Style::Plain) => own_line(node, digest, text),
        _ => None,
    };
    Slot::Writable {
        range,
        before: String::new(),
        unpin: unpin.filter(|_| tagged && !raw.is_empty()),
        tag: None,
    }
}

/// The slot of a `digest` that gets a line of its own behind that of the tag.
fn line_after(node: Node<'_, '_>, key: &str, text: &str) -> Slot {
    if is_flow(node, text) {
        return Slot::Fixed("it is written in braces, which have no line to put `digest` in");
    }
    let Some((key, value)) = node.entries().find(|(entry, _)| entry.text == key) else {
        return Slot::Fixed("it has no tag that a digest could stand beside");
    };
    let mapping = node.span();
    if !mapping.contains(&key.span.start) {
        return Slot::Fixed("its tag comes by a merge key");
    }
    if value
        .scalar()
        .is_some_and(|scalar| matches!(scalar.style, Style::Literal | Style::Folded))
    {
        return Slot::Fixed("its tag is a block of lines");
    }
    let line = text.get(..key.span.start).unwrap_or("");
    let line = line
        .get(line.rfind(['\n', '\r']).map_or(0, |at| at + 1)..)
        .unwrap_or("");
    let prefix = line.strip_prefix('\u{feff}').unwrap_or(line);
    if !prefix.bytes().all(|b| matches!(b, b' ' | b'-')) {
        return Slot::Fixed("its tag does not begin a line");
    }
    // The value may stand on the next line; an alias points elsewhere.
    let last = Some(value.span().end).filter(|end| value.span().start >= key.span.end && *end <= mapping.end);
    let at = line_end(text, last.unwrap_or(key.span.end));
    Slot::Writable {
        range: at..at,
        before: format!("{}{}digest: ", line_break(text, at), prefix.replace('-', " ")),
        unpin: None,
        tag: None,
    }
}

/// The edit that takes away the line of a plain `digest`, as [`line_after`] wrote it or somebody else.
fn own_line(node: Node<'_, '_>, digest: Node<'_, '_>, text: &str) -> Option<Edit> {
    let (key, _) = node.entries().find(|(key, _)| key.text == "digest")?;
    let value = digest.span();
    let inside = node.span().contains(&key.span.start) && value.start >= key.span.end && !is_flow(node, text);
    let between = text.get(key.span.end..value.start).filter(|_| inside)?;
    let line = text.get(..key.span.start)?;
    let start = line.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let indent = line.get(start..)?;
    if between.contains(['\n', '\r', '&', '!']) || !indent.bytes().all(|b| b == b' ') {
        return None;
    }
    let end = line_end(text, value.end);
    // The line break before it goes, so that a last line without one stays one. The first line takes the one behind it.
    let range = if start == 0 {
        0..end + line_break_at(text, end).len()
    } else {
        let before = line.get(..start)?;
        let ended = before
            .strip_suffix("\r\n")
            .or_else(|| before.strip_suffix(['\n', '\r']))?;
        ended.len()..end
    };
    Some(Edit {
        range,
        replacement: String::new(),
    })
}

/// Where the line that holds a byte ends, its line break not counted.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    at + rest.find(['\n', '\r']).unwrap_or(rest.len())
}

/// The line break at a byte, or nothing at the end of the text.
fn line_break_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    ["\r\n", "\n", "\r"]
        .into_iter()
        .find(|end| rest.starts_with(end))
        .unwrap_or("")
}

/// The line break at a byte, or the text's first where it ends there.
fn line_break(text: &str, at: usize) -> &str {
    match line_break_at(text, at) {
        "" => match line_break_at(text, line_end(text, 0)) {
            "" => "\n",
            first => first,
        },
        here => here,
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
