//! Images of Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>).

use std::collections::HashSet;

use super::embedded;
use super::scalar::{Finder, Names, below};
use super::site::SkipReason;
use crate::yaml::{Kind, Node};

/// Says whether a document looks like a Compose file, whatever the name of its file.
pub(super) fn is_compose(root: Node<'_, '_>) -> bool {
    let service = |node: Node<'_, '_>| node.get("image").is_some() || node.get("build").is_some();
    root.get("apiVersion").is_none()
        && root.get("kind").is_none()
        && root
            .get("services")
            .is_some_and(|services| services.entries().any(|(_, value)| service(value)))
}

/// Finds the images of the services; what only extensions (`x-...`) hold is found where a service refers to it.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let services: Vec<_> = root.get("services").into_iter().flat_map(Node::entries).collect();
    // A service may run what another one builds.
    let built: HashSet<&str> = services
        .iter()
        .filter(|(_, service)| is_built(*service))
        .filter_map(|(_, service)| service.get("image")?.as_str())
        .collect();
    for (name, service) in services {
        let field = format!("services.{}", name.text);
        if let Some(image) = service.get("image") {
            if is_built(service) || image.as_str().is_some_and(|image| built.contains(image)) {
                finder.skip(format!("{field}.image"), image, SkipReason::BuiltHere);
            } else {
                finder.image(format!("{field}.image"), image, Names::All);
            }
        }
        if let Some(build) = service.get("build") {
            build_sources(&format!("{field}.build"), build, finder);
        }
        let volumes = service.get("volumes").into_iter().flat_map(Node::items);
        for (at, volume) in volumes.enumerate() {
            if volume.get("type").and_then(Node::as_str) == Some("image")
                && let Some(source) = volume.get("source")
            {
                finder.image(format!("{field}.volumes[{at}].source"), source, Names::All);
            }
        }
    }
}

/// What a build starts from, as far as it stands here: other images as contexts, and a Dockerfile.
fn build_sources<'a>(field: &str, build: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    const SCHEME: &str = "docker-image://";
    if let Some(lines) = build.get("dockerfile_inline") {
        embedded::find_dockerfile(&format!("{field}.dockerfile_inline"), lines, finder);
    }
    let Some(contexts) = build.get("additional_contexts") else {
        return;
    };
    let field = format!("{field}.additional_contexts");
    // A mapping, or a list of `NAME=CONTEXT`.
    let listed = contexts
        .items()
        .enumerate()
        .map(|(at, item)| (format!("{field}[{at}]"), item, true));
    let named = contexts
        .entries()
        .map(|(name, context)| (below(&field, name.text), context, false));
    for (field, context, listed) in listed.chain(named) {
        let text = context.as_str().unwrap_or("");
        let start = if listed {
            text.find('=').map_or(0, |at| at + 1)
        } else {
            0
        };
        if text.get(start..).is_some_and(|text| text.starts_with(SCHEME)) {
            finder.part(field, context, start + SCHEME.len());
        }
    }
}

fn is_built(service: Node<'_, '_>) -> bool {
    service
        .get("build")
        .is_some_and(|build| build.kind() == Kind::Mapping || build.as_str().is_some())
}

#[cfg(test)]
mod tests {
    use crate::pin::formats::Format;
    use crate::pin::options::Options;
    use crate::pin::testing::try_format;

    #[test]
    fn services_are_pinned() {
        let text = concat!(
            "x-base: &base\n",
            "  image: redis:7 # shared\n",
            "x-other: {image: never/used:1}\n",
            "services:\n",
            "  web:\n",
            "    image: nginx\n",
            "    volumes:\n",
            "    - ./a:/b\n",
            "    - {type: image, source: \"a/data:1\", target: /d}\n",
            "    - {type: bind, source: ./x, target: /d}\n",
            "  one:\n",
            "    <<: *base\n",
            "  two: *base\n",
            "  made:\n",
            "    build: .\n",
            "    image: me/app:1\n",
            "  worker:\n",
            "    image: me/app:1\n",
            "  var:\n",
            "    image: ${IMAGE:-nginx:1}\n",
            "  none:\n",
            "    image:\n",
        );
        for format in [Format::Compose, Format::Yaml] {
            let tried = try_format(format, text, &Options::default());
            assert_eq!(
                tried.pinned,
                text.replace("image: nginx\n", "image: nginx@D\n")
                    .replace("redis:7", "redis:7@D")
                    .replace("data:1", "data:1@D")
            );
            assert_eq!(
                tried.sites,
                [
                    "services.one.image: redis:7",
                    "services.web.image: nginx",
                    "services.web.volumes[1].source: a/data:1"
                ]
            );
            assert_eq!(
                tried.reasons,
                [
                    "services.made.image: me/app:1: built-here",
                    "services.worker.image: me/app:1: built-here",
                    "services.var.image: ${IMAGE:-nginx:1}: variable",
                    "services.none.image: : no-image",
                ]
            );
        }
    }

    #[test]
    fn what_is_built_is_built_wherever_its_name_stands() {
        let text = "x-i: &i me/app:1\nservices:\n  a: {image: *i}\n  b: {image: *i, build: {context: .}}\n";
        let tried = try_format(Format::Compose, text, &Options::default());
        assert_eq!(tried.pinned, text);
        assert_eq!(tried.reasons, ["services.a.image: me/app:1: built-here"]);
    }

    #[test]
    fn what_a_build_starts_from_is_pinned() {
        let text = concat!(
            "services:\n",
            "  a:\n",
            "    build:\n",
            "      additional_contexts: {base: \"docker-image://alpine:3\", src: ../src}\n",
            "      dockerfile_inline: |\n",
            "        FROM golang:1 AS build\n",
            "        FROM scratch\n",
            "        COPY --from=build /x /x\n",
            "  b:\n",
            "    build:\n",
            "      additional_contexts:\n",
            "      - base=docker-image://busybox\n",
            "      - src=https://github.com/x/y.git\n",
        );
        let tried = try_format(Format::Compose, text, &Options::default());
        assert_eq!(
            tried.pinned,
            text.replace("alpine:3", "alpine:3@D")
                .replace("golang:1", "golang:1@D")
                .replace("busybox", "busybox@D")
        );
        assert_eq!(
            tried.sites,
            [
                "services.a.build.additional_contexts.base: alpine:3",
                "services.a.build.dockerfile_inline: FROM: golang:1",
                "services.b.build.additional_contexts[0]: busybox",
            ]
        );
    }
}
