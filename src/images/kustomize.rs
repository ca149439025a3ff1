//! Images of kustomizations.
//!
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/>. Kustomize writes `name:tag@digest`
//! where an entry has both. The `name` is a pattern that must fit what manifests say, so it stays as it is written.

use super::embedded;
use super::entry;
use super::helm;
use super::kubernetes;
use super::scalar::Finder;
use crate::yaml::Node;

/// Finds the images of a kustomization: its entries, and what it writes over resources and values of charts.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let list = |key| root.get(key).into_iter().flat_map(Node::items).enumerate();
    for (at, item) in list("images") {
        entry::kustomize(&format!("images[{at}]"), item, finder);
    }
    for (at, chart) in list("helmCharts") {
        if let Some(values) = chart.get("valuesInline") {
            helm::find(&format!("helmCharts[{at}].valuesInline"), values, finder);
        }
    }
    for key in ["patches", "patchesJson6902"] {
        for (at, item) in list(key) {
            if let Some(patch) = item.get("patch") {
                embedded::find(&format!("{key}[{at}].patch"), patch, kubernetes::find, finder);
            }
        }
    }
    for (at, patch) in list("patchesStrategicMerge") {
        let field = format!("patchesStrategicMerge[{at}]");
        embedded::find(&field, patch, kubernetes::find, finder);
    }
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::{D, Tried, try_format};

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
            (
                "images:\n- name: a\n  tagSuffix: -x\n",
                "images[0]: its `tagSuffix` makes another tag, and drops every digest",
            ),
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

    #[test]
    fn patches_and_values_are_read() {
        let text = concat!(
            "patches:\n",
            "- path: patch.yaml\n",
            "- patch: |-\n",
            "    - op: replace\n",
            "      path: /spec/template/spec/containers/0/image\n",
            "      value: nginx\n",
            "  target: {kind: Deployment}\n",
            "patchesStrategicMerge:\n",
            "- other.yaml\n",
            "- |\n",
            "  kind: Deployment\n",
            "  spec:\n",
            "    template:\n",
            "      spec:\n",
            "        initContainers:\n",
            "        - image: a/b:1\n",
            "helmCharts:\n",
            "- name: x\n",
            "  valuesInline:\n",
            "    image: {repository: r, tag: t, digest: \"\"}\n",
        );
        let tried = tried(text);
        assert_eq!(
            tried.pinned,
            text.replace("nginx", "nginx@D")
                .replace("b:1", "b:1@D")
                .replace("digest: \"", "digest: \"D")
        );
        assert_eq!(
            tried.sites,
            [
                "patches[1].patch: [0].value: nginx",
                "patchesStrategicMerge[1]: spec.template.spec.initContainers[0].image: a/b:1",
                "helmCharts[0].valuesInline.image.tag: r:t",
            ]
        );
    }
}
