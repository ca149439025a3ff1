//! Images of Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>).

use std::collections::HashSet;

use super::scalar::{Finder, Names};
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
}
