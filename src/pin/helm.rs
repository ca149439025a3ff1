//! Images of Helm values: mappings with `repository` and `tag`, and plain strings under `image`.
//!
//! No specification says what a chart does with its values. Most put `registry`, `repository` and `tag` together, and
//! those with a `digest` key let it win. A digest behind the tag breaks charts that put the tag into a label, so it is
//! written there on request only.

use super::kubernetes::unknown;
use super::scalar::{Finder, behind_tag, content};
use super::site::{self, Site, SkipReason, Slot};
use crate::text::Edit;
use crate::yaml::{Kind, Node, Style};

/// Finds the images below a node of Helm values.
pub(super) fn find<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    match node.kind() {
        Kind::Scalar => {}
        Kind::Sequence => {
            for (at, item) in node.items().enumerate() {
                find(&format!("{field}[{at}]"), item, finder);
            }
        }
        Kind::Mapping => {
            entry(field, node, finder);
            for (key, value) in node.entries() {
                let dot = if field.is_empty() { "" } else { "." };
                let field = format!("{field}{dot}{}", key.text);
                if value.kind() != Kind::Scalar {
                    find(&field, value, finder);
                } else if key.text == "image" {
                    unknown(field, value, node, finder);
                }
            }
        }
    }
}

/// Files a mapping that has a `repository` and one of `tag`, `version` and `digest`.
fn entry<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let scalar = |key| node.get(key).filter(|value| value.kind() == Kind::Scalar);
    let filled = |key| scalar(key).filter(|value| !value.is_null() && value.as_str() != Some(""));
    let Some(repository) = scalar("repository").and_then(Node::as_str) else {
        return;
    };
    let tag = filled("tag").map(|tag| ("tag", tag));
    let tag = tag.or_else(|| filled("version").map(|tag| ("version", tag)));
    let digest = scalar("digest");
    if tag.is_none() && digest.is_none() && scalar("tag").is_none() && scalar("version").is_none() {
        return;
    }
    let dot = if field.is_empty() { "" } else { "." };
    let mut name = repository.to_owned();
    if let Some(registry) = filled("registry").and_then(Node::as_str) {
        name = format!("{}/{repository}", registry.trim_end_matches('/'));
    }
    let mut text = name.clone();
    let mut place = None;
    if let Some((key, tag)) = tag {
        let field = format!("{field}{dot}{key}");
        let Some(value) = finder.string(&field, tag) else {
            return;
        };
        text = format!("{text}:{}", value.trim());
        place = Some((field, tag));
    }
    if let Some(digest) = digest.filter(|digest| finder.is_flux_managed(*digest)) {
        return finder.skip(format!("{field}{dot}digest"), digest, SkipReason::FluxManaged);
    }
    if let Some(digest) = filled("digest") {
        let field = format!("{field}{dot}digest");
        let Some(value) = finder.string(&field, digest) else {
            return;
        };
        text = format!("{text}@{}", value.trim());
        place = Some((field, digest));
    }
    let Some((field, scalar)) = place else {
        let reason = if repository.is_empty() {
            SkipReason::NoImage
        } else {
            SkipReason::TagElsewhere
        };
        finder.found.push_skip(field, &name, node.span(), reason);
        return;
    };
    let span = content(finder.text, scalar);
    let reference = match site::parse(&text) {
        _ if repository.is_empty() => {
            return finder.found.push_skip(field, &text, span, SkipReason::NoImage);
        }
        Ok(reference) => reference,
        Err(reason) => return finder.found.push_skip(field, &text, span, reason),
    };
    let slot = match (digest, tag) {
        (Some(digest), tag) => in_digest(node, digest, tag.is_some(), finder.text),
        (None, Some((key, _))) if finder.options.helm_tag_digest || reference.digest().is_some() => {
            behind_tag(finder.text, node, key, &reference)
        }
        _ => Slot::Fixed(
            "the chart's values have no `digest` key; pass --helm-tag-digest if its templates take `tag@digest`",
        ),
    };
    finder.found.sites.push(Site {
        field,
        reference,
        span,
        slot,
    });
}

/// The slot of a `digest` key, which charts leave empty where there is none.
fn in_digest(node: Node<'_, '_>, digest: Node<'_, '_>, tagged: bool, text: &str) -> Slot {
    let style = digest.scalar().map(|scalar| scalar.style);
    let range = content(text, digest);
    let raw = text.get(range.clone()).unwrap_or("");
    if digest.is_null() {
        return match behind_colon(node, text).filter(|_| raw.is_empty()) {
            Some(at) => Slot::Writable {
                range: at..at,
                before: " ".to_owned(),
                unpin: None,
                tag: None,
            },
            None => Slot::Fixed("its digest is null: write `digest: \"\"`"),
        };
    }
    let emptied = match style {
        Some(Style::SingleQuoted | Style::DoubleQuoted) => Some(range.clone()),
        Some(Style::Plain) if raw.is_empty() => {
            return Slot::Fixed("its digest has a YAML tag and no text: write `digest: \"\"`");
        }
        Some(Style::Plain) => behind_colon(node, text)
            .filter(|&colon| {
                let between = text.get(colon..range.start);
                between.is_some_and(|between| between.trim_matches([' ', '\t']).is_empty())
            })
            .map(|colon| colon..range.end),
        _ => None,
    };
    let unpin = emptied.map(|range| Edit {
        range,
        replacement: String::new(),
    });
    Slot::Writable {
        range,
        before: String::new(),
        unpin: unpin.filter(|_| tagged && !raw.is_empty()),
        tag: None,
    }
}

/// The byte behind the colon of the mapping's own `digest` key, where nothing else than a plain digest or nothing follows.
fn behind_colon(node: Node<'_, '_>, text: &str) -> Option<usize> {
    let (key, _) = node.entries().find(|(key, _)| key.text == "digest")?;
    if !node.span().contains(&key.span.start) {
        return None;
    }
    let rest = text.get(key.span.end..)?;
    let colon = rest.len() - rest.trim_start_matches([' ', '\t']).strip_prefix(':')?.len();
    let value = rest.get(colon..)?;
    let value = value.get(..value.find(['\n', '\r']).unwrap_or(value.len()))?;
    let value = value.trim_matches([' ', '\t']);
    let plain = value.is_empty()
        || value.starts_with(['#', ',', '}'])
        || value.starts_with(|c: char| c.is_ascii_alphanumeric());
    plain.then_some(key.span.end + colon)
}

#[cfg(test)]
mod tests {
    use crate::pin::formats::Format;
    use crate::pin::options::Options;
    use crate::pin::testing::{D, Tried, try_format};

    const NO_KEY: &str =
        "the chart's values have no `digest` key; pass --helm-tag-digest if its templates take `tag@digest`";

    fn tried(text: &str) -> Tried {
        try_format(Format::HelmValues, text, &Options::default())
    }

    #[test]
    fn a_digest_key_is_filled() {
        for (text, expected) in [
            (
                "image:\n  registry: docker.io\n  repository: bitnami/nginx\n  tag: 1.2.3\n  digest: \"\"\n",
                "image:\n  registry: docker.io\n  repository: bitnami/nginx\n  tag: 1.2.3\n  digest: \"D\"\n",
            ),
            (
                "x: {repository: a, tag: v1, digest: ''}",
                "x: {repository: a, tag: v1, digest: 'D'}",
            ),
            ("repository: a\ndigest:\ntag: v1", "repository: a\ndigest: D\ntag: v1"),
            (
                "repository: a\ntag: v1\r\ndigest:  # c\r\n",
                "repository: a\ntag: v1\r\ndigest: D  # c\r\n",
            ),
            (
                "x: {repository: a, digest: , version: v1}",
                "x: {repository: a, digest: D , version: v1}",
            ),
            (
                "- repository: a\n  tag: v1\n  digest:",
                "- repository: a\n  tag: v1\n  digest: D",
            ),
            ("sidecar:\n  image: a/b:1\n", "sidecar:\n  image: a/b:1@D\n"),
        ] {
            let tried = tried(text);
            assert_eq!(tried.pinned, expected);
            assert!(tried.reasons.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_digest_is_replaced_and_taken_away() {
        let zero = format!("sha256:{}", "0".repeat(64));
        let text = "repository: a\ntag: v1\ndigest:   OLD # c\n".replace("OLD", &zero);
        assert_eq!(tried(&text).pinned, "repository: a\ntag: v1\ndigest:   D # c\n");
        assert_eq!(tried(&text).unpinned, "repository: a\ntag: v1\ndigest: # c\n");
        let text = format!("repository: a\ndigest: {D}\n");
        assert_eq!(tried(&text).unpinned, text);
    }

    #[test]
    fn behind_the_tag_on_request() {
        let options = Options {
            helm_tag_digest: true,
            ..Options::default()
        };
        let text = "a:\n  repository: a\n  tag: \"1.2\"\nb: {repository: b, version: v1, digest: \"\"}\n";
        let tried = try_format(Format::HelmValues, text, &options);
        assert_eq!(
            tried.pinned,
            "a:\n  repository: a\n  tag: \"1.2@D\"\nb: {repository: b, version: v1, digest: \"D\"}\n"
        );
        assert_eq!(tried.sites, ["a.tag: a:1.2", "b.version: b:v1"]);
        let shared = "x: &t v1\na: {repository: a, tag: *t}\n";
        let tried = try_format(Format::HelmValues, shared, &options);
        assert_eq!(
            (tried.pinned.as_str(), tried.reasons.as_slice()),
            (shared, &["a.tag: other fields may share its tag".to_owned()][..])
        );
        // Once it is there, it is known that the chart takes it.
        let text = format!("repository: a\ntag: v1@{D}\n");
        assert_eq!(super::tests::tried(&text).unpinned, "repository: a\ntag: v1\n");
    }

    #[test]
    fn what_cannot_be_pinned_says_why() {
        for (text, why) in [
            ("a:\n  repository: a\n  tag: v1\n", format!("a.tag: {NO_KEY}")),
            (
                "repository: a\ntag: v1\ndigest: ~\n",
                "tag: its digest is null: write `digest: \"\"`".to_owned(),
            ),
            (
                "repository: a\ntag: \"\"\ndigest: \"\"\n",
                ": a: tag-elsewhere".to_owned(),
            ),
            (
                "repository: a\ntag: 1.25\ndigest: \"\"\n",
                "tag: 1.25: not-a-string".to_owned(),
            ),
            (
                "repository: a\ntag: \"{{ .x }}\"\n",
                "tag: a:{{ .x }}: template".to_owned(),
            ),
            (
                "repository: https://x.io/y\nversion: v1\n",
                "version: https://x.io/y:v1: not-a-reference".to_owned(),
            ),
            ("repository: \"\"\ntag: v1\n", "tag: :v1: no-image".to_owned()),
            (
                "image: quay.io/a/b\ntag: v1\n",
                "image: quay.io/a/b: tag-elsewhere".to_owned(),
            ),
            ("image: nginx\n", "image: nginx: bare-name".to_owned()),
        ] {
            let tried = tried(text);
            assert_eq!(tried.pinned, text);
            assert_eq!(tried.reasons, [why], "{text}");
        }
    }

    #[test]
    fn shared_digests_are_left_alone() {
        let text = "d: &d\n  digest: \"\"\na:\n  <<: *d\n  repository: a\n  tag: v1\nb:\n  <<: *d\n  repository: b\n  tag: v1\n";
        let tried = tried(text);
        assert_eq!(tried.pinned, text);
        assert_eq!(
            tried.reasons,
            [
                "a.tag: several images share the place of its digest",
                "b.tag: several images share the place of its digest"
            ]
        );
    }
}
