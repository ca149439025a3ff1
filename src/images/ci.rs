//! Images of other CI systems: Bitbucket, CircleCI, Cloud Build, Drone and Woodpecker.

use super::scalar::{Finder, Names, below};
use crate::yaml::{Kind, Node};

/// Finds the images of `bitbucket-pipelines.yml`: `image` at the top, in steps and in services, as text or with a `name`.
pub(super) fn bitbucket<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    visit("", root, finder, &mut |field, key, value, finder| {
        if key == "image" {
            finder.image_or(field, value, "name");
        }
    });
}

/// Finds the images of `.circleci/config.yml`: the `docker` lists of executors and jobs.
pub(super) fn circleci<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    visit("", root, finder, &mut |field, key, value, finder| {
        if key != "docker" || value.kind() != Kind::Sequence {
            return;
        }
        for (at, item) in value.items().enumerate() {
            if let Some(image) = item.get("image") {
                finder.image(format!("{field}[{at}].image"), image, Names::All);
            }
        }
    });
}

/// Finds the images of `cloudbuild.yaml`: the names of its steps.
pub(super) fn cloud_build<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    for (at, step) in root.get("steps").into_iter().flat_map(Node::items).enumerate() {
        if let Some(name) = step.get("name") {
            finder.image(format!("steps[{at}].name"), name, Names::All);
        }
    }
}

/// Says whether a document is a pipeline of Drone.
pub(super) fn is_drone(root: Node<'_, '_>) -> bool {
    root.get("apiVersion").is_none() && root.get("kind").and_then(Node::as_str) == Some("pipeline")
}

/// Finds the images of a pipeline of Drone or Woodpecker: lists, and in Woodpecker mappings, of steps and services.
pub(super) fn drone<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    for list in ["clone", "steps", "pipeline", "services"] {
        let Some(node) = root.get(list) else { continue };
        let listed = node
            .items()
            .enumerate()
            .map(|(at, step)| (format!("{list}[{at}]"), step));
        let named = node
            .entries()
            .map(|(name, step)| (format!("{list}.{}", name.text), step));
        for (field, step) in listed.chain(named) {
            if let Some(image) = step.get("image") {
                finder.image(format!("{field}.image"), image, Names::All);
            }
        }
    }
}

/// What is called for every entry of every mapping, with the path to its value, its key and its value.
type Visitor<'v, 'd, 'c, 'a> = &'v mut dyn FnMut(&str, &str, Node<'d, 'a>, &mut Finder<'c, 'a>);

fn visit<'d, 'c, 'a>(field: &str, node: Node<'d, 'a>, finder: &mut Finder<'c, 'a>, each: Visitor<'_, 'd, 'c, 'a>) {
    for (at, item) in node.items().enumerate() {
        visit(&format!("{field}[{at}]"), item, finder, each);
    }
    for (key, value) in node.entries() {
        let field = below(field, key.text);
        each(&field, key.text, value, finder);
        visit(&field, value, finder, each);
    }
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::try_format;

    fn check(format: Format, text: &str, images: &[&str]) {
        let tried = try_format(format, text, &Options::default());
        let expected = images.iter().fold(text.to_owned(), |text, image| {
            text.replace(image, &format!("{image}@D"))
        });
        assert_eq!(tried.pinned, expected);
        assert_eq!(tried.sites.len(), images.len());
    }

    #[test]
    fn the_images_of_each_system_are_pinned() {
        check(
            Format::Bitbucket,
            "image: node:20\npipelines:\n  default:\n  - step:\n      image: {name: a/b}\n      script: [x]\n",
            &["node:20", "a/b"],
        );
        check(
            Format::CircleCi,
            "executors:\n  e:\n    docker:\n    - image: cimg/go:1\njobs:\n  j:\n    docker: [{image: redis}]\n    machine: {image: ubuntu-2204:current}\n",
            &["cimg/go:1", "redis"],
        );
        check(
            Format::CloudBuild,
            "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [x]\n- name: 'node:20'\nimages: [gcr.io/a/b:1]\n",
            &["gcr.io/cloud-builders/docker", "node:20"],
        );
        check(
            Format::Yaml,
            "kind: pipeline\ntype: docker\nsteps:\n- name: a\n  image: golang\nservices:\n- image: redis:7\n",
            &["golang", "redis:7"],
        );
        check(
            Format::Drone,
            "steps:\n  a:\n    image: golang\nservices:\n- image: redis:7\n",
            &["golang", "redis:7"],
        );
    }
}
