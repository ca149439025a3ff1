//! Images of Flux' OCIRepository (<https://fluxcd.io/flux/components/source/ocirepositories/>).

use super::entry::{Flow, Keys, sibling};
use super::scalar::{Finder, content, is_empty};
use super::site::{self, Site, SkipReason, Slot};
use crate::yaml::Node;

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

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::{D, Tried, try_format};

    fn tried(text: &str) -> Tried {
        try_format(Format::Yaml, text, &Options::default())
    }

    #[test]
    fn a_digest_stands_beside_the_tag() {
        let head = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec:\n";
        let url = "  url: oci://ghcr.io/a/b\n";
        for (reference, expected) in [
            (
                "  ref:\n    tag: v1 # c\n",
                "  ref:\n    tag: v1 # c\n    digest: D\n".to_owned(),
            ),
            ("  ref: {digest: D}\n", "  ref: {digest: D}\n".to_owned()),
        ] {
            let text = format!("{head}{url}{}", reference.replace('D', D));
            assert_eq!(tried(&text).pinned, format!("{head}{url}{expected}"));
        }
        for (reference, why) in [
            (
                "  ref: {tag: v1}\n",
                "spec.ref.tag: it is written in braces, which have no line to put `digest` in",
            ),
            ("  ref:\n    semver: 1.x\n", "spec.ref.semver: 1.x: tag-elsewhere"),
            ("", "spec.url: it has no `ref.tag` that a digest could stand beside"),
        ] {
            let text = format!("{head}{url}{reference}");
            assert_eq!(
                (tried(&text).pinned, tried(&text).reasons),
                (text, vec![why.to_owned()])
            );
        }
    }
}
