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
        self.is("", &["ConfigMap", "ConfigMapList"])
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
const FLUX_HELM: &str = "helm.toolkit.fluxcd.io";
const FLUX_KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const MONITORING: &[&str] = &["Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler"];
const TEKTON: &str = "tekton.dev";
const ZALANDO: &str = "acid.zalan.do";

/// The fields whose last key is `image`.
const IMAGE: &[Field] = &[
    image(ANY, &[], "**.containers[].image"),
    image(ANY, &[], "**.initContainers[].image"),
    image(ANY, &[], "**.ephemeralContainers[].image"),
    image("apps.kruise.io", &["ImagePullJob"], "spec.image"),
    image(ARGO, &[], "**.container.image"),
    image(ARGO, &[], "**.script.image"),
    image(ARGO, &[], "**.sidecars[].image"),
    image("caching.internal.knative.dev", &["Image"], "spec.image"),
    image("ceph.rook.io", &["CephCluster"], "spec.cephVersion.image"),
    field(
        "image.toolkit.fluxcd.io",
        &["ImageRepository"],
        "spec.image",
        Place::Repository,
    ),
    field("imgpkg.carvel.dev", &["ImagesLock"], "**.image", Place::Lock),
    field(
        "kafka.strimzi.io",
        &["KafkaConnect"],
        "spec.build.output.image",
        Place::Built,
    ),
    field("kargo.akuity.io", &[], "**.images[].image", Place::Repository),
    // Its overrides, sources and destinations name images to look for, whatever the kind.
    field("kbld.k14s.io", &[], "**.image", Place::Lock),
    image("kubevirt.io", &[], "**.containerDisk.image"),
    image("kubevirt.io", &[], "**.kernelBoot.container.image"),
    image("monitoring.coreos.com", MONITORING, "spec.image"),
    image(CNPG, &["ClusterImageCatalog", "ImageCatalog"], "spec.images[].image"),
    field("shipwright.io", &[], "**.output.image", Place::Built),
    field("skaffold", &[], "**.artifacts[].image", Place::Built),
    field("skaffold", &[], "**.requires[].image", Place::Built),
    field("skaffold", &[], "**.test[].image", Place::Built),
    image(TEKTON, &[], "**.steps[].image"),
    image(TEKTON, &[], "**.sidecars[].image"),
    image(TEKTON, &[], "**.stepTemplate.image"),
    image(TEKTON, &["StepAction"], "spec.image"),
    field("vendir.k14s.io", &["LockConfig"], "**.image", Place::Lock),
];

/// The fields with another last key, and items of lists.
const OTHERS: &[Field] = &[
    image(ANY, &[], "**.volumes[].image.reference"),
    image("apps.kruise.io", &["ImageListPullJob"], "spec.images[]"),
    field(ARGO, ARGO_CD, "**.helm.values", Place::EmbeddedValues),
    field(ARGO, ARGO_CD, "**.kustomize.images[]", Place::KustomizeArgument),
    field(ARGO, ARGO_CD, "**.kustomize.patches[].patch", Place::EmbeddedPatch),
    image(CNPG, &["Cluster"], "spec.imageName"),
    image(CNPG, &["Cluster"], "**.extensions[].image.reference"),
    field("extensions.istio.io", &["WasmPlugin"], "spec.url", Place::Url),
    field(
        "gateway.envoyproxy.io",
        &["EnvoyExtensionPolicy"],
        "**.code.image.url",
        Place::Url,
    ),
    field(
        "helm.cattle.io",
        &["HelmChart", "HelmChartConfig"],
        "spec.valuesContent",
        Place::EmbeddedValues,
    ),
    image("helm.cattle.io", &["HelmChart"], "spec.jobImage"),
    field(
        FLUX_HELM,
        &["HelmRelease"],
        "**.kustomize.patches[].patch",
        Place::EmbeddedPatch,
    ),
    image("data.packaging.carvel.dev", &["Package"], "**.fetch[].image.url"),
    image("kappctrl.k14s.io", &["App"], "**.fetch[].image.url"),
    field(
        FLUX_KUSTOMIZE,
        &["Kustomization"],
        "spec.patches[].patch",
        Place::EmbeddedPatch,
    ),
    field("pkg.crossplane.io", &[], "spec.package", Place::Package),
    image("skaffold", &[], "**.buildpacks.builder"),
    image("skaffold", &[], "**.buildpacks.runImage"),
    image("skaffold", &[], "**.jib.fromImage"),
    // Tekton's bundles before there were resolvers.
    image(TEKTON, &[], "**.taskRef.bundle"),
    image(TEKTON, &[], "**.pipelineRef.bundle"),
    image(ZALANDO, &["OperatorConfiguration"], "configuration.docker_image"),
    image(ZALANDO, &["OperatorConfiguration"], "**.connection_pooler_image"),
    image(ZALANDO, &["OperatorConfiguration"], "**.logical_backup_docker_image"),
    image(ZALANDO, &["postgresql"], "**.dockerImage"),
];

/// Mappings that name an image in several fields.
const STRUCTURES: &[Field] = &[
    field(ANY, &["ImageTagTransformer"], "imageTag", Place::KustomizeEntry),
    field(ARGO, ARGO_CD, "**.helm.valuesObject", Place::HelmValues),
    field(FLUX_HELM, &["HelmRelease"], "spec.values", Place::HelmValues),
    field(
        FLUX_HELM,
        &["HelmRelease"],
        "**.kustomize.images[]",
        Place::KustomizeEntry,
    ),
    field(
        FLUX_KUSTOMIZE,
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
    match path.last() {
        Some(Step::Key("image")) => {}
        Some(Step::Key("value")) => return patched(parent?, rules).or_else(|| find(OTHERS, path, resource)),
        _ => return find(OTHERS, path, resource),
    }
    // Block devices of Ceph are called images as well.
    if path::matches(path, "**.rbd.image") {
        return None;
    }
    find(IMAGE, path, resource).or_else(|| parent.map(|parent| Place::Unknown { parent }))
}

/// The `value` of an operation of a JSON patch (RFC 6902), whose `path` leads to a field of a resource that is elsewhere.
fn patched<'d, 'a>(operation: Node<'d, 'a>, rules: &[FieldRule]) -> Option<Place<'d, 'a>> {
    let text = |key| operation.get(key).and_then(Node::as_str);
    let pointer = text("path").filter(|_| matches!(text("op"), Some("add" | "replace")))?;
    let step = |(at, key)| match key {
        "-" => Step::Item(at),
        key => key.parse().map_or(Step::Key(key), Step::Item),
    };
    let path: Vec<_> = pointer.strip_prefix('/')?.split('/').enumerate().map(step).collect();
    // A field `value` would lead back here.
    let other = path.last() != Some(&Step::Key("value"));
    other.then(|| scalar(&path, Some(operation), Resource::default(), rules))?
}

/// Says what a mapping at this path is, if it names an image in several fields.
pub(super) fn structure(path: &[Step<'_>], resource: Resource<'_>) -> Option<Place<'static, 'static>> {
    find(STRUCTURES, path, resource)
}

/// Says whether a mapping holds data: files, schemas, names and what a cluster reports, in which nothing is to be pinned.
pub(super) fn is_data(path: &[Step<'_>], resource: Resource<'_>) -> bool {
    match path.last() {
        Some(Step::Key("openAPIV3Schema")) => true,
        Some(Step::Key("metadata")) => {
            // A resource at the root, an item of a list, or the template of another resource.
            let parent = path.split_last().and_then(|(_, path)| path.last());
            let template = |key: &str| key.to_ascii_lowercase().ends_with("template");
            resource.kind.is_some()
                && parent.is_none_or(|parent| {
                    matches!(parent, Step::Item(_)) || matches!(parent, Step::Key(key) if template(key))
                })
        }
        Some(Step::Key("status")) => resource.kind.is_some() && path.len() == 1,
        Some(Step::Key("binaryData" | "data" | "stringData")) => {
            // The items of a typed list have no kind of their own.
            path.len() == 1 && resource.is("", &["ConfigMap", "Secret"])
                || path.len() == 3 && resource.is("", &["ConfigMapList", "SecretList"])
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
/// The value of `--image-token` is nothing to send to a registry, or to print.
pub(super) fn flag_may_name_image(flag: &str, value: &str) -> bool {
    const COMPONENTS: &[&str] = &["agent", "container", "init", "proxy", "reloader", "sidecar"];
    const SECRETS: &[&str] = &["credential", "password", "secret", "token"];
    let flag = flag.to_ascii_lowercase();
    if SECRETS.iter().any(|word| flag.contains(word)) {
        return false;
    }
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

#[cfg(test)]
mod tests {
    use super::flag_may_name_image;
    use crate::k8s::walk::tests::hits;

    /// Version and kind, the rest of the resource, and the place that is found in it.
    const CASES: &str = "
        monitoring.coreos.com/v1 Prometheus | spec: {image: a} | spec.image: image
        monitoring.coreos.com/v1 ThanosRuler | spec: {image: a} | spec.image: image
        example.com/v1 Prometheus | spec: {image: a} | spec.image: unknown
        postgresql.cnpg.io/v1 Cluster | spec: {imageName: a} | spec.imageName: image
        ceph.rook.io/v1 CephCluster | spec: {cephVersion: {image: a}} | spec.cephVersion.image: image
        argoproj.io/v1alpha1 Workflow | spec: {templates: [{script: {image: a}}]} | spec.templates[0].script.image: image
        argoproj.io/v1alpha1 CronWorkflow | spec: {workflowSpec: {templates: [{sidecars: [{image: a}]}]}} | spec.workflowSpec.templates[0].sidecars[0].image: image
        argoproj.io/v1alpha1 Workflow | spec: {templates: [{containerSet: {containers: [{image: a}]}}]} | spec.templates[0].containerSet.containers[0].image: image
        argoproj.io/v1alpha1 Rollout | spec: {template: {spec: {containers: [{image: a}]}}} | spec.template.spec.containers[0].image: image
        argoproj.io/v1alpha1 Application | spec: {source: {kustomize: {images: [a=b:1]}}} | spec.source.kustomize.images[0]: kustomize argument
        argoproj.io/v1alpha1 ApplicationSet | spec: {template: {spec: {sources: [{helm: {valuesObject: {a: b}}}]}}} | spec.template.spec.sources[0].helm.valuesObject: values
        tekton.dev/v1 Task | spec: {steps: [{image: a}]} | spec.steps[0].image: image
        tekton.dev/v1 Task | spec: {stepTemplate: {image: a}} | spec.stepTemplate.image: image
        tekton.dev/v1beta1 StepAction | spec: {image: a} | spec.image: image
        tekton.dev/v1 TaskRun | spec: {taskRef: {resolver: bundles, params: [{name: kind, value: task}, {name: bundle, value: a}]}} | spec.taskRef.params[1].value: image
        tekton.dev/v1beta1 TaskRun | spec: {taskRef: {bundle: a}} | spec.taskRef.bundle: image
        kubevirt.io/v1 VirtualMachine | spec: {template: {spec: {volumes: [{containerDisk: {image: a}}]}}} | spec.template.spec.volumes[0].containerDisk.image: image
        pkg.crossplane.io/v1 Provider | spec: {package: a} | spec.package: package
        source.toolkit.fluxcd.io/v1 OCIRepository | spec: {url: a} | spec: oci repository
        kustomize.toolkit.fluxcd.io/v1 Kustomization | spec: {images: [{name: a}]} | spec.images[0]: kustomize entry
        helm.toolkit.fluxcd.io/v2 HelmRelease | spec: {values: {a: b}} | spec.values: values
        serving.knative.dev/v1 Service | spec: {template: {spec: {containers: [{image: a}]}}} | spec.template.spec.containers[0].image: image
        kbld.k14s.io/v1alpha1 Config | overrides: [{image: a, newImage: b}] | overrides[0].image: lock
        imgpkg.carvel.dev/v1alpha1 ImagesLock | images: [{image: a}] | images[0].image: lock
        vendir.k14s.io/v1alpha1 LockConfig | directories: [{contents: [{imgpkgBundle: {image: a}}]}] | directories[0].contents[0].imgpkgBundle.image: lock
        skaffold/v4beta13 Config | build: {artifacts: [{image: a}]} | build.artifacts[0].image: built
        apps.kruise.io/v1alpha1 ImageListPullJob | spec: {images: [a]} | spec.images[0]: image
        argoproj.io/v1alpha1 ApplicationSet | spec: {generators: [{list: {template: {spec: {source: {helm: {values: a}}}}}}]} | spec.generators[0].list.template.spec.source.helm.values: embedded values
        argoproj.io/v1alpha1 Application | spec: {source: {kustomize: {patches: [{patch: a}]}}} | spec.source.kustomize.patches[0].patch: patch
        caching.internal.knative.dev/v1alpha1 Image | spec: {image: a} | spec.image: image
        postgresql.cnpg.io/v1 Cluster | spec: {postgresql: {extensions: [{image: {reference: a}}]}} | spec.postgresql.extensions[0].image.reference: image
        postgresql.cnpg.io/v1 ImageCatalog | spec: {images: [{image: a}]} | spec.images[0].image: image
        acid.zalan.do/v1 postgresql | spec: {dockerImage: a} | spec.dockerImage: image
        acid.zalan.do/v1 OperatorConfiguration | configuration: {logical_backup: {logical_backup_docker_image: a}} | configuration.logical_backup.logical_backup_docker_image: image
        extensions.istio.io/v1alpha1 WasmPlugin | spec: {url: a} | spec.url: url
        gateway.envoyproxy.io/v1alpha1 EnvoyExtensionPolicy | spec: {wasm: [{code: {image: {url: a}}}]} | spec.wasm[0].code.image.url: url
        helm.cattle.io/v1 HelmChart | spec: {jobImage: a} | spec.jobImage: image
        helm.cattle.io/v1 HelmChartConfig | spec: {valuesContent: a} | spec.valuesContent: embedded values
        helm.toolkit.fluxcd.io/v2 HelmRelease | spec: {postRenderers: [{kustomize: {images: [{name: a}]}}]} | spec.postRenderers[0].kustomize.images[0]: kustomize entry
        kappctrl.k14s.io/v1alpha1 App | spec: {fetch: [{image: {url: a}}]} | spec.fetch[0].image.url: image
        kustomize.toolkit.fluxcd.io/v1 Kustomization | spec: {patches: [{patch: a}]} | spec.patches[0].patch: patch
        builtin ImageTagTransformer | imageTag: {name: a} | imageTag: kustomize entry
        image.toolkit.fluxcd.io/v1beta2 ImageRepository | spec: {image: ghcr.io/a/b} | spec.image: repository
        kargo.akuity.io/v1alpha1 Stage | spec: {promotionTemplate: {spec: {steps: [{config: {images: [{image: a}]}}]}}} | spec.promotionTemplate.spec.steps[0].config.images[0].image: repository
        kafka.strimzi.io/v1beta2 KafkaConnect | spec: {build: {output: {image: a}}} | spec.build.output.image: built
        shipwright.io/v1beta1 Build | spec: {output: {image: a}} | spec.output.image: built
        skaffold/v4beta13 Config | test: [{image: a}] | test[0].image: built
        skaffold/v4beta13 Config | build: {artifacts: [{buildpacks: {builder: a}}]} | build.artifacts[0].buildpacks.builder: image
        pkg.crossplane.io/v1 Configuration | spec: {package: a} | spec.package: package
        pkg.crossplane.io/v1beta1 Function | spec: {package: a} | spec.package: package
        meta.pkg.crossplane.io/v1 Provider | spec: {controller: {image: a}} | spec.controller.image: unknown
        tekton.dev/v1 Task | spec: {steps: [{ref: {resolver: bundles, params: [{name: bundle, value: a}]}}]} | spec.steps[0].ref.params[0].value: image
        triggers.tekton.dev/v1beta1 TriggerTemplate | spec: {resourcetemplates: [{apiVersion: tekton.dev/v1, kind: TaskRun, spec: {taskSpec: {steps: [{image: a}]}}}]} | spec.resourcetemplates[0].spec.taskSpec.steps[0].image: image
        batch/v1 CronJob | spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{image: a}]}}}}} | spec.jobTemplate.spec.template.spec.initContainers[0].image: image
        eventing.knative.dev/v1 ContainerSource | spec: {template: {spec: {containers: [{image: a}]}}} | spec.template.spec.containers[0].image: image
    ";

    #[test]
    fn flags_with_secrets_name_no_images() {
        assert!(flag_may_name_image("--sidecar-image", "a"));
        assert!(flag_may_name_image("--image-of", "S3/cret"));
        assert!(!flag_may_name_image("--image-token", "S3/cret"));
        assert!(!flag_may_name_image("--proxy-password", "quay.io/a/b:1"));
    }

    #[test]
    fn fields_of_custom_resources() {
        for case in CASES.trim().lines() {
            let (head, rest) = case.split_once(" | ").unwrap();
            let (version, kind) = head.trim().split_once(' ').unwrap();
            let (body, expected) = rest.split_once(" | ").unwrap();
            let text = format!("apiVersion: {version}\nkind: {kind}\n{body}\n");
            assert_eq!(hits(&text, &[]), [expected], "{text}");
        }
        let schema = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {versions: [{schema: {openAPIV3Schema: {properties: {image: {default: a}}, example: {image: a:1}}}}]}\n";
        assert_eq!(hits(schema, &[]), [""; 0]);
    }

    #[test]
    fn json_patches_name_fields_of_resources_elsewhere() {
        let text = concat!(
            "- {op: replace, path: /spec/template/spec/containers/0/image, value: nginx}\n",
            "- {op: add, path: /spec/x/-/image, value: nginx}\n",
            "- {op: add, path: /spec/template/spec/containers/-, value: {image: nginx}}\n",
            "- {op: test, path: /spec/containers/0/image, value: nginx}\n",
            "- {op: add, path: /value, value: nginx}\n",
            "- {op: add, path: image, value: nginx}\n",
            "- {path: /image, value: nginx}\n",
            "- {op: add, path: /spec/tool, value: nginx}\n",
            "- value\n",
        );
        let rules = ["spec.tool".parse().unwrap()];
        assert_eq!(
            hits(text, &rules),
            [
                "[0].value: image",
                "[1].value: unknown",
                "[2].value.image: unknown",
                "[7].value: image",
            ]
        );
    }

    #[test]
    fn lists_hold_resources() {
        let pod =
            "{apiVersion: v1, kind: Pod, spec: {containers: [{image: a}]}, status: {containerStatuses: [{image: a}]}}";
        let list = format!("{{apiVersion: v1, kind: List, items: [{pod}]}}");
        for (text, expected) in [
            (
                format!("{{apiVersion: v1, kind: List, items: [{list}]}}"),
                "items[0].items[0].spec.containers[0].image: image",
            ),
            (format!("[{pod}]"), "[0].spec.containers[0].image: image"),
            (
                "{apiVersion: v1, kind: PodList, items: [{spec: {initContainers: [{image: a}]}}]}".to_owned(),
                "items[0].spec.initContainers[0].image: image",
            ),
            (
                "{apiVersion: v1, kind: ConfigMapList, items: [{data: {image: a}}]}".to_owned(),
                "items[0].data.image: embedded",
            ),
        ] {
            assert_eq!(hits(&text, &[]), [expected], "{text}");
        }
        let secrets = "{apiVersion: v1, kind: SecretList, items: [{data: {image: a}}]}";
        assert_eq!(hits(secrets, &[]), [""; 0]);
    }
}
