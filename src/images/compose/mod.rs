//! Images of Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>).

mod build;
mod interpolation;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::scalar::Finder;
use super::site::SkipReason;
use crate::limits;
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
    let services = Services {
        by_name: root
            .get("services")
            .into_iter()
            .flat_map(Node::entries)
            .map(|(name, service)| (name.text, service))
            .collect(),
    };
    // A service may run what another one builds, if that one is built whenever it runs.
    let built: HashSet<String> = services
        .by_name
        .values()
        .filter(|service| services.is_built(**service) && services.value(**service, "profiles").is_none())
        .filter_map(|service| image_name(services.value(*service, "image")?))
        .collect();
    let mut results = Vec::new();
    let mut run: HashSet<Range<usize>> = HashSet::new();
    for (name, &service) in &services.by_name {
        let field = format!("services.{name}");
        if let Some(image) = services.value(service, "image") {
            let made = services.is_built(service)
                || (!services.is_pulled(service) && image_name(image).is_some_and(|image| built.contains(&image)));
            let field = format!("{field}.image");
            if made {
                results.push((field, image));
            } else {
                run.insert(image.span());
                interpolation::image(&field, image, finder);
            }
        }
        let volumes = service.get("volumes").into_iter().flat_map(Node::items);
        for (at, volume) in volumes.enumerate() {
            if volume.get("type").and_then(Node::as_str) == Some("image")
                && let Some(source) = volume.get("source")
            {
                interpolation::image(&format!("{field}.volumes[{at}].source"), source, finder);
            }
        }
        if let Some(build) = service.get("build") {
            build::find(&format!("{field}.build"), build, finder);
        }
    }
    for (field, image) in results {
        // An anchor may name what one service builds and another one pulls.
        if !run.contains(&image.span()) {
            finder.skip(field, image, SkipReason::BuiltHere);
        }
    }
}

struct Services<'d, 'a> {
    by_name: BTreeMap<&'d str, Node<'d, 'a>>,
}

impl<'d, 'a> Services<'d, 'a> {
    /// The value of a key, or that of the service in this file that a service extends.
    fn value(&self, mut service: Node<'d, 'a>, key: &str) -> Option<Node<'d, 'a>> {
        for _ in 0..limits::EXTENDS_DEPTH {
            if let Some(value) = service.get(key) {
                return Some(value);
            }
            let extends = service.get("extends")?;
            let name = extends.as_str().or_else(|| extends.get("service")?.as_str())?;
            service = *self.by_name.get(name)?;
        }
        None
    }

    /// Says whether Compose builds the image of a service, and does not pull it.
    fn is_built(&self, service: Node<'d, 'a>) -> bool {
        let build = self.value(service, "build");
        build.is_some_and(|build| build.kind() == Kind::Mapping || build.as_str().is_some()) && !self.is_pulled(service)
    }

    /// Says whether Compose pulls the image of a service, although there may be one of this name.
    fn is_pulled(&self, service: Node<'d, 'a>) -> bool {
        const LOCAL: [&str; 4] = ["build", "if_not_present", "missing", "never"];
        self.value(service, "pull_policy")
            .filter(|policy| !policy.is_null())
            .is_some_and(|policy| policy.as_str().is_none_or(|policy| !LOCAL.contains(&policy)))
    }
}

/// The name of an image where no variable is set, for comparing; the text where a variable decides.
fn image_name(image: Node<'_, '_>) -> Option<String> {
    let text = image.as_str()?;
    Some(interpolation::interpolate(text).unwrap_or_else(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::try_format;

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
                    .replace("nginx:1}", "nginx:1@D}")
                    .replace("data:1", "data:1@D")
            );
            assert_eq!(
                tried.sites,
                [
                    "services.one.image: redis:7",
                    "services.web.image: nginx",
                    "services.web.volumes[1].source: a/data:1",
                    "services.var.image: nginx:1",
                ]
            );
            assert_eq!(
                tried.reasons,
                [
                    "services.made.image: me/app:1: built-here",
                    "services.worker.image: me/app:1: built-here",
                    "services.none.image: : no-image",
                ]
            );
        }
    }

    #[test]
    fn defaults_run_where_variables_are_not_set() {
        for (image, pinned, reason) in [
            ("${X-nginx}", Some("${X-nginx@D}"), None),
            ("'${X:-nginx:1}'", Some("'${X:-nginx:1@D}'"), None),
            ("${X:-${Y:-nginx:1}}", Some("${X:-${Y:-nginx:1@D}}"), None),
            ("nginx:${V:-1}", None, Some("its name is put together from variables")),
            (
                "\"${X:-n\\x67inx}\"",
                None,
                Some("its name is put together from variables"),
            ),
            ("${X}", None, Some("${X}: variable")),
            ("nginx:$V", None, Some("nginx:$V: variable")),
            ("${X:?no image}", None, Some("${X:?no image}: variable")),
            ("${X:-}", None, Some("${X:-}: variable")),
            ("${X:-a b}", None, Some("${X:-a b}: variable")),
        ] {
            let text = format!("services:\n  a:\n    image: {image}\n");
            let tried = try_format(Format::Compose, &text, &Options::default());
            assert_eq!(tried.pinned, text.replace(image, pinned.unwrap_or(image)));
            let reasons: Vec<String> = reason.iter().map(|why| format!("services.a.image: {why}")).collect();
            assert_eq!(tried.reasons, reasons, "{image}");
        }
    }

    #[test]
    fn what_is_pulled_is_not_built() {
        for (services, sites, reasons) in [
            (
                "  a: {build: ., image: x:1, pull_policy: always}\n  b: {image: x:1}\n",
                &["a.image: x:1", "b.image: x:1"][..],
                &[][..],
            ),
            (
                "  a: {build: ., image: x:1, pull_policy: missing}\n  b: {image: x:1}\n  c: {image: x:1, pull_policy: daily}\n",
                &["c.image: x:1"],
                &["a.image: x:1: built-here", "b.image: x:1: built-here"],
            ),
            (
                "  a: {build: ., image: x:1, profiles: [p]}\n  b: {image: x:1}\n",
                &["b.image: x:1"],
                &["a.image: x:1: built-here"],
            ),
            (
                "  a: {build: ., image: x:1}\n  b: {extends: a, pull_policy: \"${P}\"}\n",
                &["b.image: x:1"],
                &[],
            ),
            ("  a: {extends: {service: a}, build: .}\n", &[], &[]),
            (
                "  a: {build: ., image: &i x:1}\n  b: {image: *i, pull_policy: always}\n",
                &["b.image: x:1"],
                &[],
            ),
            (
                "  a: {build: ., image: 'x:${V:-1}'}\n  b: {image: x:1}\n",
                &[],
                &["a.image: x:${V:-1}: built-here", "b.image: x:1: built-here"],
            ),
        ] {
            let text = format!("services:\n{services}");
            let tried = try_format(Format::Compose, &text, &Options::default());
            let prefixed =
                |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| format!("services.{line}")).collect() };
            assert_eq!(tried.sites, prefixed(sites), "{services}");
            assert_eq!(tried.reasons, prefixed(reasons), "{services}");
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
