//! Tables of the fields that name images, by the kind of their resource.

use super::path::{self, Step};
use super::rule::FieldRule;
use super::walk::Place;
use crate::yaml::Node;

/// The resource that a node belongs to.
#[derive(Clone, Copy, Default)]
pub(super) struct Resource<'d> {
    kind: Option<&'d str>,
    group: &'d str,
    /// How many steps of the path lead to it.
    pub(super) depth: usize,
}

impl<'d> Resource<'d> {
    /// The resource that begins at a node.
    pub(super) fn of(node: Node<'d, '_>, depth: usize) -> Option<Self> {
        let version = node.get("apiVersion")?.as_str()?;
        let kind = node.get("kind")?.as_str()?;
        Some(Self {
            kind: Some(kind),
            group: version.split_once('/').map_or("", |(group, _)| group),
            depth,
        })
    }

    pub(super) fn is_tekton(self) -> bool {
        self.group == "tekton.dev"
    }

    pub(super) fn is_config_map(self) -> bool {
        self.is("", &["ConfigMap"])
    }

    fn is(self, group: &str, kinds: &[&str]) -> bool {
        self.group == group && self.kind.is_some_and(|kind| kinds.contains(&kind))
    }
}

/// A field of the resources of one group.
struct Field {
    /// The group, or [`ANY`].
    group: &'static str,
    /// The kinds, or none for all of the group.
    kinds: &'static [&'static str],
    /// See [`path::matches`].
    path: &'static str,
    place: Place<'static, 'static>,
}

const ANY: &str = "*";

const fn field(
    group: &'static str,
    kinds: &'static [&'static str],
    path: &'static str,
    place: Place<'static, 'static>,
) -> Field {
    Field {
        group,
        kinds,
        path,
        place,
    }
}

const fn image(group: &'static str, kinds: &'static [&'static str], path: &'static str) -> Field {
    field(group, kinds, path, Place::Image)
}

const ARGO: &str = "argoproj.io";
const ARGO_CD: &[&str] = &["Application", "ApplicationSet"];
const CNPG: &str = "postgresql.cnpg.io";
const MONITORING: &[&str] = &["Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler"];
const TEKTON: &str = "tekton.dev";

/// The fields whose last key is `image`.
const IMAGE: &[Field] = &[
    image(ANY, &[], "**.containers[].image"),
    image(ANY, &[], "**.initContainers[].image"),
    image(ANY, &[], "**.ephemeralContainers[].image"),
    image(ARGO, &[], "**.container.image"),
    image(ARGO, &[], "**.script.image"),
    image(ARGO, &[], "**.sidecars[].image"),
    image("ceph.rook.io", &["CephCluster"], "spec.cephVersion.image"),
    field("imgpkg.carvel.dev", &["ImagesLock"], "**.image", Place::Lock),
    // Its overrides, sources and destinations name images to look for, whatever the kind.
    field("kbld.k14s.io", &[], "**.image", Place::Lock),
    image("kubevirt.io", &[], "**.containerDisk.image"),
    image("kubevirt.io", &[], "**.kernelBoot.container.image"),
    image("monitoring.coreos.com", MONITORING, "spec.image"),
    field("skaffold", &[], "**.artifacts[].image", Place::Built),
    image(TEKTON, &[], "**.steps[].image"),
    image(TEKTON, &[], "**.sidecars[].image"),
    image(TEKTON, &[], "**.stepTemplate.image"),
    image(TEKTON, &["StepAction"], "spec.image"),
    field("vendir.k14s.io", &["LockConfig"], "**.image", Place::Lock),
];

/// The fields with another last key, and items of lists.
const OTHERS: &[Field] = &[
    image(ANY, &[], "**.volumes[].image.reference"),
    field(ARGO, ARGO_CD, "**.kustomize.images[]", Place::KustomizeArgument),
    image(CNPG, &["Cluster"], "spec.imageName"),
    field("pkg.crossplane.io", &[], "spec.package", Place::Package),
    // Tekton's bundles before there were resolvers.
    image(TEKTON, &[], "**.taskRef.bundle"),
    image(TEKTON, &[], "**.pipelineRef.bundle"),
];

/// Mappings that name an image in several fields.
const STRUCTURES: &[Field] = &[
    field(ARGO, ARGO_CD, "**.helm.valuesObject", Place::HelmValues),
    field(
        "helm.toolkit.fluxcd.io",
        &["HelmRelease"],
        "spec.values",
        Place::HelmValues,
    ),
    field(
        "kustomize.toolkit.fluxcd.io",
        &["Kustomization"],
        "spec.images[]",
        Place::KustomizeEntry,
    ),
    field(
        "source.toolkit.fluxcd.io",
        &["OCIRepository"],
        "spec",
        Place::OciRepository,
    ),
];

fn find(table: &[Field], path: &[Step<'_>], resource: Resource<'_>) -> Option<Place<'static, 'static>> {
    let found = table.iter().find(|field| {
        (field.group == ANY || field.group == resource.group)
            && (field.kinds.is_empty() || resource.kind.is_some_and(|kind| field.kinds.contains(&kind)))
            && path::matches(path, field.path)
    });
    found.map(|field| field.place)
}

/// Says what a string at this path is, if it names an image; `parent` is the mapping that it is a value of.
pub(super) fn scalar<'d, 'a>(
    path: &[Step<'d>],
    parent: Option<Node<'d, 'a>>,
    resource: Resource<'d>,
    rules: &[FieldRule],
) -> Option<Place<'d, 'a>> {
    if rules.iter().any(|rule| rule.matches(resource.kind, path)) {
        return Some(Place::Image);
    }
    if path.last() != Some(&Step::Key("image")) {
        return find(OTHERS, path, resource);
    }
    // Block devices of Ceph are called images as well.
    if path::matches(path, "**.rbd.image") {
        return None;
    }
    find(IMAGE, path, resource).or_else(|| parent.map(|parent| Place::Unknown { parent }))
}

/// Says what a mapping at this path is, if it names an image in several fields.
pub(super) fn structure(path: &[Step<'_>], resource: Resource<'_>) -> Option<Place<'static, 'static>> {
    find(STRUCTURES, path, resource)
}

/// Says whether a mapping holds data: files, schemas and names, in which nothing is an image.
pub(super) fn is_data(path: &[Step<'_>], resource: Resource<'_>) -> bool {
    match path.last() {
        Some(Step::Key("openAPIV3Schema")) => true,
        Some(Step::Key("metadata")) => resource.kind.is_some(),
        Some(Step::Key("binaryData" | "data" | "stringData")) => {
            path.len() == 1 && resource.is("", &["ConfigMap", "Secret"])
        }
        _ => false,
    }
}

/// Says whether a path ends in a field of a container.
pub(super) fn in_container(path: &[Step<'_>]) -> bool {
    matches!(
        path.split_last().map_or(&[][..], |(_, path)| path),
        [
            ..,
            Step::Key("containers" | "initContainers" | "ephemeralContainers" | "sidecars" | "steps"),
            Step::Item(_)
        ] | [.., Step::Key("container" | "script" | "stepTemplate")]
    )
}

/// Says whether the value of a flag is worth a look.
///
/// A flag that is called an image holds one if it looks like one. Of the others, those that components are named by do,
/// if nothing of the reference is left out: kube-prometheus has `--prometheus-config-reloader=quay.io/...:v0.93.1`.
pub(super) fn flag_may_name_image(flag: &str, value: &str) -> bool {
    const COMPONENTS: &[&str] = &["agent", "container", "init", "proxy", "reloader", "sidecar"];
    let flag = flag.to_ascii_lowercase();
    if flag.ends_with("image") {
        return true;
    }
    let component = COMPONENTS.iter().any(|word| flag.contains(word));
    if !component && !flag.contains("image") {
        return false;
    }
    let Ok(reference) = value.parse::<crate::oci::Reference>() else {
        return false;
    };
    let full = reference.registry_range().is_some() && (reference.tag().is_some() || reference.digest().is_some());
    flag.contains("image") && reference.is_explicit() || full && component
}
