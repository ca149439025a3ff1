//! The way through a document to the places that name images.

use super::fields::{self, Resource};
use super::path::{self, Step};
use super::rule::FieldRule;
use crate::yaml::{Kind, Node};

/// A place that names an image, or may.
#[derive(Clone, Debug)]
pub struct Hit<'d, 'a> {
    /// Its path in the document: `spec.containers[0].image`.
    pub field: String,
    /// What stands there.
    pub node: Node<'d, 'a>,
    /// How the image is written there.
    pub place: Place<'d, 'a>,
}

/// How an image is written at a [`Hit`].
#[derive(Clone, Copy, Debug)]
pub enum Place<'d, 'a> {
    /// An argument such as `--reloader-image=REFERENCE`: the reference begins at this byte of the decoded string.
    Argument {
        /// The byte.
        start: usize,
        /// The name of the flag ends in `image`, so that anything else than a reference is worth a word.
        certain: bool,
    },
    /// The name that a build gives its result.
    Built,
    /// A literal block of a ConfigMap that may hold YAML.
    Embedded,
    /// A patch of Kubernetes resources, written as a string.
    EmbeddedPatch,
    /// Helm values, written as a string.
    EmbeddedValues,
    /// The value of an environment variable such as `RELATED_IMAGE_X`.
    Environment,
    /// A mapping of Helm values.
    HelmValues,
    /// A string of a field that is known to hold an image.
    Image,
    /// An item of Argo CD's `kustomize.images`: `[OLD=]NEW`.
    KustomizeArgument,
    /// An item of the `images` of a Flux Kustomization: a mapping of `name`, `newName`, `newTag` and `digest`.
    KustomizeEntry,
    /// An entry of a lock file of another tool.
    Lock,
    /// The `spec` of a Flux OCIRepository: a mapping with `url` and `ref`.
    OciRepository,
    /// A package of Crossplane, which adds its own registry to names without one.
    Package,
    /// The name of a repository, which takes neither tag nor digest.
    Repository,
    /// A string under a key `image` of a field that nothing is known about.
    Unknown {
        /// The mapping that has the key.
        parent: Node<'d, 'a>,
    },
    /// An image as `oci://REFERENCE` or without a scheme; other schemes are no images.
    Url,
}

/// Calls `visit` for every place of a document that names an image or may, in the order of the document.
///
/// `rules` name fields that the user knows. Which places count is for the caller to say: not everybody wants those of
/// [`Place::Argument`], [`Place::Embedded`] and [`Place::Environment`].
///
/// A mapping with `apiVersion` and `kind` is a resource, at the root or below (`List`, templates). In `metadata`, in the
/// data of ConfigMaps and Secrets and in schemas nothing is an image. Documents that are no resources are searched for
/// containers, volumes and keys `image` all the same.
pub fn walk<'d, 'a>(root: Node<'d, 'a>, rules: &[FieldRule], visit: &mut dyn FnMut(Hit<'d, 'a>)) {
    let mut walker = Walker {
        rules,
        visit,
        path: Vec::new(),
    };
    walker.node(root, Resource::default());
}

struct Walker<'w, 'd, 'a> {
    rules: &'w [FieldRule],
    visit: &'w mut dyn FnMut(Hit<'d, 'a>),
    path: Vec<Step<'d>>,
}

impl<'d, 'a> Walker<'_, 'd, 'a> {
    fn node(&mut self, node: Node<'d, 'a>, resource: Resource<'d>) {
        match node.kind() {
            Kind::Scalar => {}
            Kind::Sequence => {
                for (at, item) in node.items().enumerate() {
                    self.path.push(Step::Item(at));
                    self.child(None, item, resource);
                    self.path.pop();
                }
            }
            Kind::Mapping => {
                let resource = Resource::of(node, self.path.len()).unwrap_or(resource);
                if resource.is_tekton() {
                    self.bundle(node);
                }
                for (key, value) in node.entries() {
                    self.path.push(Step::Key(key.text));
                    self.child(Some(node), value, resource);
                    self.path.pop();
                }
            }
        }
    }

    /// A value that the path leads to; `parent` is the mapping that it is a value of.
    fn child(&mut self, parent: Option<Node<'d, 'a>>, value: Node<'d, 'a>, resource: Resource<'d>) {
        let path = self.path.get(resource.depth..).unwrap_or_default();
        if value.kind() == Kind::Scalar {
            if let Some(place) = fields::scalar(path, parent, resource, self.rules) {
                self.hit(value, place);
            }
            return;
        }
        let key = match path.last() {
            Some(Step::Key(key)) => *key,
            _ => "",
        };
        if fields::is_data(path, resource) {
            if key == "data" && resource.is_config_map() {
                self.embedded(value);
            }
            return;
        }
        if let Some(place) = fields::structure(path, resource) {
            self.hit(value, place);
            return;
        }
        if matches!(key, "args" | "command") && fields::in_container(path) {
            self.arguments(value);
        }
        if key == "env" {
            self.environment(value);
        }
        self.node(value, resource);
    }

    fn hit(&mut self, node: Node<'d, 'a>, place: Place<'d, 'a>) {
        let field = path::render(&self.path);
        (self.visit)(Hit { field, node, place });
    }

    /// `resolver: bundles` with the parameter `bundle` (Tekton's bundles resolver).
    fn bundle(&mut self, node: Node<'d, 'a>) {
        if node.get("resolver").and_then(Node::as_str) != Some("bundles") {
            return;
        }
        let parameters = node.get("params").into_iter().flat_map(Node::items);
        for (at, parameter) in parameters.enumerate() {
            let named = parameter.get("name").and_then(Node::as_str) == Some("bundle");
            if let Some(value) = parameter.get("value").filter(|_| named) {
                let steps = [Step::Key("params"), Step::Item(at), Step::Key("value")];
                self.path.extend(steps);
                self.hit(value, Place::Image);
                self.path.truncate(self.path.len() - steps.len());
            }
        }
    }

    fn embedded(&mut self, data: Node<'d, 'a>) {
        for (key, value) in data.entries() {
            if value.as_str().is_some() {
                self.path.push(Step::Key(key.text));
                self.hit(value, Place::Embedded);
                self.path.pop();
            }
        }
    }

    fn arguments(&mut self, list: Node<'d, 'a>) {
        let mut flag = None;
        for (at, item) in list.items().enumerate() {
            let text = item.as_str().unwrap_or("");
            let place = if text.starts_with('-') {
                let (name, value) = text
                    .split_once('=')
                    .map_or((text, None), |(name, value)| (name, Some(value)));
                flag = value.is_none().then_some(name);
                value.map(|value| (name, text.len() - value.len()))
            } else {
                flag.take().map(|name| (name, 0))
            };
            if let Some((name, start)) = place
                && fields::flag_may_name_image(name, text.get(start..).unwrap_or(""))
            {
                self.path.push(Step::Item(at));
                let certain = name.to_ascii_lowercase().ends_with("image");
                self.hit(item, Place::Argument { start, certain });
                self.path.pop();
            }
        }
    }

    fn environment(&mut self, list: Node<'d, 'a>) {
        for (at, variable) in list.items().enumerate() {
            let name = variable.get("name").and_then(Node::as_str).unwrap_or("");
            if !(name.starts_with("RELATED_IMAGE_") || name.ends_with("IMAGE")) {
                continue;
            }
            if let Some(value) = variable.get("value") {
                let steps = [Step::Item(at), Step::Key("value")];
                self.path.extend(steps);
                self.hit(value, Place::Environment);
                self.path.truncate(self.path.len() - steps.len());
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The places of a text as `field: place`.
    pub(in crate::k8s) fn hits(text: &str, rules: &[FieldRule]) -> Vec<String> {
        let stream = crate::yaml::parse(text).unwrap();
        let mut hits = Vec::new();
        for document in stream.documents() {
            walk(document.root().unwrap(), rules, &mut |hit| {
                let place = match hit.place {
                    Place::Argument { start, certain } => format!("argument {start} {certain}"),
                    Place::Built => "built".to_owned(),
                    Place::Embedded => "embedded".to_owned(),
                    Place::EmbeddedPatch => "patch".to_owned(),
                    Place::EmbeddedValues => "embedded values".to_owned(),
                    Place::Environment => "environment".to_owned(),
                    Place::HelmValues => "values".to_owned(),
                    Place::Image => "image".to_owned(),
                    Place::KustomizeArgument => "kustomize argument".to_owned(),
                    Place::KustomizeEntry => "kustomize entry".to_owned(),
                    Place::Lock => "lock".to_owned(),
                    Place::OciRepository => "oci repository".to_owned(),
                    Place::Package => "package".to_owned(),
                    Place::Repository => "repository".to_owned(),
                    Place::Unknown { .. } => "unknown".to_owned(),
                    Place::Url => "url".to_owned(),
                };
                hits.push(format!("{}: {place}", hit.field));
            });
        }
        hits
    }

    #[test]
    fn fields_of_pods_at_any_depth() {
        let text = concat!(
            "apiVersion: v1\n",
            "kind: List\n",
            "items:\n",
            "- apiVersion: batch/v1\n",
            "  kind: CronJob\n",
            "  metadata: {annotations: {image: no/image:1}}\n",
            "  spec:\n",
            "    template:\n",
            "      metadata: {image: no/image:1}\n",
            "      spec:\n",
            "        initContainers: [{image: a}]\n",
            "        metadata: {containers: [{image: a}]}\n",
            "        containers: [{image: a, x: {image: b}}, {name: no}]\n",
            "        ephemeralContainers: [{image: a}]\n",
            "        volumes:\n",
            "        - image: {reference: a}\n",
            "        - rbd: {image: no}\n",
            "- apiVersion: v1\n",
            "  kind: ConfigMap\n",
            "  data: {image: no/image:1}\n",
        );
        assert_eq!(
            hits(text, &[]),
            [
                "items[0].spec.template.spec.initContainers[0].image: image",
                "items[0].spec.template.spec.metadata.containers[0].image: image",
                "items[0].spec.template.spec.containers[0].image: image",
                "items[0].spec.template.spec.containers[0].x.image: unknown",
                "items[0].spec.template.spec.ephemeralContainers[0].image: image",
                "items[0].spec.template.spec.volumes[0].image.reference: image",
                "items[1].data.image: embedded",
            ]
        );
    }

    #[test]
    fn arguments() {
        let text = concat!(
            "containers:\n",
            "- args:\n",
            "  - --reloader=quay.io/a/b:1\n",
            "  - --listen=quay.io/a/b:1\n",
            "  - --reloader=a/b:1\n",
            "  - --x-image=a\n",
            "  - --image-tag=a:1\n",
            "  - --image-pull-policy=Always\n",
            "  - -shell-image\n",
            "  - a/b\n",
            "  - a/b:1\n",
            "  command: [run, --image, 5, --image]\n",
            "args: [--image=a:1]\n",
        );
        assert_eq!(
            hits(text, &[]),
            [
                "containers[0].args[0]: argument 11 false",
                "containers[0].args[3]: argument 10 true",
                "containers[0].args[4]: argument 12 false",
                "containers[0].args[7]: argument 0 true",
                "containers[0].command[2]: argument 0 true",
            ]
        );
    }

    #[test]
    fn variables_blocks_and_rules() {
        let text = concat!(
            "apiVersion: v1\n",
            "kind: ConfigMap\n",
            "env: [{name: RELATED_IMAGE_A, value: a:1}, {name: B_IMAGE, value: b:1}, {name: C, value: c:1}]\n",
            "data: {\"a.yaml\": x}\n",
            "runner: [{tool: a}]\n",
        );
        let rules = ["ConfigMap:runner[].tool".parse().unwrap()];
        assert_eq!(
            hits(text, &rules),
            [
                "env[0].value: environment",
                "env[1].value: environment",
                "data[\"a.yaml\"]: embedded",
                "runner[0].tool: image",
            ]
        );
    }
}
