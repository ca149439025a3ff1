//! Images of GitHub Actions: workflows and actions.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax>, `metadata-syntax`. Actions that
//! are named by repository (`uses: owner/name@ref`) are no images.

use super::scalar::{Finder, Names};
use crate::yaml::{Kind, Node};

const SCHEME: &str = "docker://";

/// Finds the images of a workflow or of an `action.yml`.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    for (name, job) in root.get("jobs").into_iter().flat_map(Node::entries) {
        let field = format!("jobs.{}", name.text);
        if let Some(container) = job.get("container") {
            container_image(&format!("{field}.container"), container, finder);
        }
        let services = job.get("services");
        if let Some(expression) = services.filter(|services| services.kind() == Kind::Scalar && !services.is_null()) {
            finder.image(format!("{field}.services"), expression, Names::All);
        }
        for (name, service) in services.into_iter().flat_map(Node::entries) {
            container_image(&format!("{field}.services.{}", name.text), service, finder);
        }
        steps(&field, job, finder);
    }
    if let Some(runs) = root.get("runs") {
        if let Some(image) = runs.get("image") {
            with_scheme("runs.image", image, finder);
        }
        steps("runs", runs, finder);
    }
}

fn steps<'a>(field: &str, parent: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    for (at, step) in parent.get("steps").into_iter().flat_map(Node::items).enumerate() {
        if let Some(uses) = step.get("uses") {
            with_scheme(&format!("{field}.steps[{at}].uses"), uses, finder);
        }
    }
}

/// Files the image of a container: a string, or `image` of a mapping. The runner takes it with or without `docker://`.
fn container_image<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    match node.get("image") {
        Some(image) if has_scheme(image) => with_scheme(&format!("{field}.image"), image, finder),
        None if has_scheme(node) => with_scheme(field, node, finder),
        _ => finder.image_or(field, node, "image"),
    }
}

/// Files `docker://REFERENCE`; anything else is the name of an action or of a Dockerfile.
fn with_scheme<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    if has_scheme(node) {
        finder.part(field, node, SCHEME.len());
    }
}

fn has_scheme(node: Node<'_, '_>) -> bool {
    node.as_str()
        .and_then(|text| text.get(..SCHEME.len()))
        .is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::try_format;

    #[test]
    fn workflows_are_pinned() {
        let text = concat!(
            "on: push\n",
            "jobs:\n",
            "  a:\n",
            "    runs-on: ubuntu-latest\n",
            "    container: node:20\n",
            "    services:\n",
            "      db: {image: postgres}\n",
            "      x:\n",
            "        image: ${{ matrix.image }}\n",
            "    steps:\n",
            "    - uses: actions/checkout@v4\n",
            "    - uses: 'docker://alpine:3'\n",
            "    - run: docker run alpine:3\n",
            "      with: {image: other:1}\n",
            "  b:\n",
            "    container:\n",
            "      image: \"ghcr.io/a/b:1\"\n",
            "  c:\n",
            "    container: ''\n",
        );
        let tried = try_format(Format::Actions, text, &Options::default());
        assert_eq!(
            tried.pinned,
            text.replace("node:20", "node:20@D")
                .replace("postgres", "postgres@D")
                .replace("//alpine:3", "//alpine:3@D")
                .replace("b:1\"", "b:1@D\"")
        );
        assert_eq!(
            tried.reasons,
            [
                "jobs.a.services.x.image: ${{ matrix.image }}: template",
                "jobs.c.container: : no-image"
            ]
        );
    }

    #[test]
    fn containers_may_have_the_scheme_as_well() {
        let text = concat!(
            "jobs:\n",
            "  a:\n",
            "    container: docker://alpine:latest\n",
            "    services:\n",
            "      x: {image: 'Docker://redis:7'}\n",
            "      z: \"docker://ghcr.io/a/b\"\n",
            "  b:\n",
            "    container: {image: docker://node}\n",
            "  c:\n",
            "    container: ${{ 'alpine:latest' }}\n",
            "    services: ${{ fromJSON(x) }}\n",
        );
        let tried = try_format(Format::Actions, text, &Options::default());
        assert_eq!(
            tried.pinned,
            text.replace("//alpine:latest", "//alpine:latest@D")
                .replace("redis:7", "redis:7@D")
                .replace("a/b", "a/b@D")
                .replace("//node", "//node@D")
        );
        assert_eq!(
            tried.sites,
            [
                "jobs.a.container: alpine:latest",
                "jobs.a.services.x.image: redis:7",
                "jobs.a.services.z: ghcr.io/a/b",
                "jobs.b.container.image: node",
            ]
        );
        assert_eq!(
            tried.reasons,
            [
                "jobs.c.container: ${{ 'alpine:latest' }}: template",
                "jobs.c.services: ${{ fromJSON(x) }}: template",
            ]
        );
    }

    #[test]
    fn actions_are_pinned() {
        let text = "runs:\n  using: docker\n  image: docker://a/b:1\n";
        let tried = try_format(Format::Actions, text, &Options::default());
        assert_eq!(tried.pinned, "runs:\n  using: docker\n  image: docker://a/b:1@D\n");
        let text = "runs:\n  using: composite\n  steps:\n  - uses: docker://a/b\n  - uses: ./x\n";
        let tried = try_format(Format::Actions, text, &Options::default());
        assert_eq!(tried.sites, ["runs.steps[0].uses: a/b"]);
        assert_eq!(tried.pinned, text.replace("a/b", "a/b@D"));
        let text = "runs:\n  using: docker\n  image: Dockerfile\n";
        let tried = try_format(Format::Actions, text, &Options::default());
        assert!(tried.sites.is_empty() && tried.reasons.is_empty());
    }
}
