//! Images of GitLab CI (<https://docs.gitlab.com/ci/yaml/>).

use super::scalar::Finder;
use crate::yaml::{Kind, Node};

/// Keys of the top level that are no jobs.
const KEYWORDS: [&str; 8] = [
    "cache",
    "image",
    "include",
    "services",
    "spec",
    "stages",
    "variables",
    "workflow",
];

/// Finds the images of a pipeline: at the top, under `default`, and in its jobs; what `!reference` fetches is left out.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    images("", root, finder);
    for (name, job) in root.entries() {
        if job.kind() == Kind::Mapping && !KEYWORDS.contains(&name.text) {
            images(&format!("{}.", name.text), job, finder);
        }
    }
}

fn images<'a>(prefix: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    if let Some(image) = node.get("image") {
        finder.image_or(&format!("{prefix}image"), image, "name");
    }
    for (at, service) in node.get("services").into_iter().flat_map(Node::items).enumerate() {
        finder.image_or(&format!("{prefix}services[{at}]"), service, "name");
    }
}

#[cfg(test)]
mod tests {
    use crate::pin::formats::Format;
    use crate::pin::options::Options;
    use crate::pin::testing::try_format;

    #[test]
    fn jobs_and_defaults_are_pinned() {
        let text = concat!(
            "image: ruby:3\n",
            "services: [postgres:16, {name: \"redis\", alias: r}]\n",
            "variables: {image: no/image:1}\n",
            "default:\n",
            "  image:\n",
            "    name: alpine:3\n",
            "    entrypoint: [\"\"]\n",
            ".hidden:\n",
            "  image: $CI_REGISTRY/x:1\n",
            "  services:\n",
            "  - !reference [.other, services]\n",
            "  - docker:dind\n",
            "job:\n",
            "  image: !reference [.hidden, image]\n",
            "  script: [make]\n",
        );
        let tried = try_format(Format::Gitlab, text, &Options::default());
        assert_eq!(
            tried.pinned,
            text.replace("ruby:3", "ruby:3@D")
                .replace("postgres:16", "postgres:16@D")
                .replace("\"redis", "\"redis@D")
                .replace("alpine:3", "alpine:3@D")
                .replace("docker:dind", "docker:dind@D")
        );
        assert_eq!(
            tried.sites,
            [
                "image: ruby:3",
                "services[0]: postgres:16",
                "services[1].name: redis",
                "default.image.name: alpine:3",
                ".hidden.services[1]: docker:dind",
            ]
        );
        assert_eq!(tried.reasons, [".hidden.image: $CI_REGISTRY/x:1: variable"]);
    }
}
