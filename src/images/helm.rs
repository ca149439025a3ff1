//! Images of Helm values: mappings with `repository` and `tag`, and plain strings under `image`.
//!
//! No specification says what a chart does with its values. Most put `registry`, `repository` and `tag` together, and
//! those with a `digest` key let it win. A digest behind the tag breaks charts that put the tag into a label, so it is
//! written there on request only.

use serde_json::Value;

use super::digest_key::{self, Without};
use super::scalar::{Finder, behind_tag, below, content, is_empty};
use super::site::{self, Site, SkipReason, Slot};
use crate::yaml::{Kind, Node};

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
                let field = below(field, key.text);
                if value.kind() != Kind::Scalar {
                    find(&field, value, finder);
                } else if key.text == "image" {
                    finder.unknown(field, value, node);
                }
            }
        }
    }
}

/// Files a mapping that has a `repository` and one of `tag`, `version` and `digest`.
fn entry<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let scalar = |key| node.get(key).filter(|value| value.kind() == Kind::Scalar);
    let filled = |key| scalar(key).filter(|value| !is_empty(*value));
    let Some(repository) = scalar("repository").and_then(Node::as_str) else {
        return;
    };
    let tag = filled("tag").map(|tag| ("tag", tag));
    let tag = tag.or_else(|| filled("version").map(|tag| ("version", tag)));
    let digest = scalar("digest");
    if tag.is_none() && digest.is_none() && scalar("tag").is_none() && scalar("version").is_none() {
        return;
    }
    let mut name = repository.to_owned();
    if let Some(registry) = filled("registry").and_then(Node::as_str) {
        name = format!("{}/{repository}", registry.trim_end_matches('/'));
    }
    let mut text = name.clone();
    let mut place = None;
    if let Some((key, tag)) = tag {
        let field = below(field, key);
        let number = number(tag);
        let value = match &number {
            Some(number) => number.as_str(),
            None => match finder.string(&field, tag) {
                Some(value) => value.trim(),
                None => return,
            },
        };
        text = format!("{text}:{value}");
        place = Some((field, tag));
    }
    if let Some(digest) = digest.filter(|digest| finder.is_flux_managed(*digest)) {
        return finder.skip(below(field, "digest"), digest, SkipReason::FluxManaged);
    }
    if let Some(digest) = filled("digest") {
        let field = below(field, "digest");
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
        (Some(digest), tag) => digest_key::fill(node, digest, tag.is_some(), Without::Value, finder.text),
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

/// A tag that is a number, such as `1.25`, where a chart's template prints what is written; `1.10` is printed as `1.1`.
fn number(tag: Node<'_, '_>) -> Option<String> {
    let printed = match tag.to_json() {
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let written = tag.scalar().is_some_and(|scalar| scalar.value == printed);
    // Go prints large floats, which all numbers of values are, with an exponent.
    (written && printed.len() <= 6).then_some(printed)
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::{D, Tried, try_format};

    const NO_KEY: &str =
        "the chart's values have no `digest` key; pass --helm-tag-digest if its templates take `tag@digest`";

    fn tried(text: &str) -> Tried {
        try_format(Format::HelmValues, text, &Options::default())
    }

    #[test]
    fn a_digest_key_is_filled() {
        for (text, expected) in [
            (
                "repository: a\ntag: 1.25\ndigest: \"\"\n",
                "repository: a\ntag: 1.25\ndigest: \"D\"\n",
            ),
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
                "repository: a\ntag: 1.10\ndigest: \"\"\n",
                "tag: 1.10: not-a-string".to_owned(),
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
