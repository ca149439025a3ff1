//! Images of Kubernetes resources, and of documents that nothing is known about.

use super::embedded;
use super::entry;
use super::flux;
use super::helm;
use super::scalar::{Finder, Names};
use super::site::{self, SkipReason};
use crate::k8s::{Hit, Place, walk};
use crate::yaml::Node;

/// Finds the images of a document.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    walk(root, &finder.options.rules, &mut |hit| file(hit, finder));
}

fn file<'a>(hit: Hit<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let Hit { field, node, place } = hit;
    let options = finder.options;
    match place {
        Place::Argument { .. } if !options.args => {}
        Place::Embedded if !options.embedded => {}
        Place::Embedded | Place::EmbeddedPatch | Place::EmbeddedValues if finder.nested => {}
        Place::Environment if !options.env => {}
        Place::Argument { start, certain } => argument(field, node, start, certain, finder),
        Place::Built => finder.skip(field, node, SkipReason::BuiltHere),
        Place::Embedded | Place::EmbeddedPatch => embedded::find(&field, node, find, finder),
        Place::EmbeddedValues => embedded::find(&field, node, |root, finder| helm::find("", root, finder), finder),
        Place::Environment => finder.image(field, node, Names::Explicit),
        Place::HelmValues => helm::find(&field, node, finder),
        Place::Image => finder.image(field, node, Names::All),
        Place::KustomizeArgument => kustomize_argument(field, node, finder),
        Place::KustomizeEntry => entry::kustomize(&field, node, finder),
        Place::Lock => finder.skip(field, node, SkipReason::LockFile),
        Place::OciRepository => flux::oci_repository(&field, node, finder),
        Place::Package => package(field, node, finder),
        Place::Repository => finder.skip(field, node, SkipReason::TagElsewhere),
        Place::Unknown { parent } => finder.unknown(field, node, parent),
        Place::Url => url(field, node, finder),
    }
}

fn argument<'a>(field: String, node: Node<'_, 'a>, start: usize, certain: bool, finder: &mut Finder<'_, 'a>) {
    let value = node.as_str().and_then(|text| text.get(start..)).unwrap_or("");
    match site::parse(value) {
        Ok(reference) if !reference.is_explicit() && certain => finder.skip(field, node, SkipReason::BareName),
        Ok(reference) if !reference.is_explicit() => {}
        Err(_) if !certain => {}
        _ => finder.part(field, node, start),
    }
}

/// `NAME:TAG`, or `OLD=NAME:TAG` (Argo CD's `spec.source.kustomize.images`).
fn kustomize_argument<'a>(field: String, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let Some(value) = node.as_str() else {
        return finder.image(field, node, Names::All);
    };
    let start = value.find('=').map_or(0, |at| at + 1);
    let tagless =
        |text| site::parse(text).is_ok_and(|reference| reference.tag().is_none() && reference.digest().is_none());
    if value.get(start..).is_some_and(tagless) {
        // The name changes, and the tag stays that of the manifest.
        finder.skip(field, node, SkipReason::TagElsewhere);
    } else {
        finder.part(field, node, start);
    }
}

fn package<'a>(field: String, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let registry = |text| site::parse(text).ok().and_then(|reference| reference.registry_range());
    match node.as_str().map(|text| (site::parse(text).is_ok(), registry(text))) {
        Some((true, None)) => finder.skip(field, node, SkipReason::DefaultRegistry),
        _ => finder.image(field, node, Names::All),
    }
}

/// `oci://REFERENCE`, or a reference alone, where other schemes name files (Istio's WasmPlugin).
fn url<'a>(field: String, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    match node.as_str().and_then(|text| text.split_once("://")) {
        Some(("oci", _)) => finder.part(field, node, "oci://".len()),
        Some(_) => {}
        None => finder.image(field, node, Names::All),
    }
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::{Tried, try_format};

    fn tried(text: &str) -> Tried {
        try_format(Format::Yaml, text, &Options::default())
    }

    #[test]
    fn known_fields_take_any_name_and_others_explicit_ones() {
        let text = concat!(
            "apiVersion: v1\n",
            "kind: Pod\n",
            "spec:\n",
            "  containers:\n",
            "  - image: nginx # \u{fc}\n",
            "  - image: ''\n",
            "  - image: 1.25\n",
            "  - image: $(IMAGE)\n",
            "  - image: [no]\n",
            "  x: {image: redis, y: {image: 'redis:7'}, z: {image: quay.io/a/b, version: v1}, w: {image: quay.io/a/b}}\n",
        );
        let tried = tried(text);
        assert_eq!(
            tried.pinned,
            text.replace("image: nginx", "image: nginx@D")
                .replace("redis:7", "redis:7@D")
                .replace("w: {image: quay.io/a/b", "w: {image: quay.io/a/b@D")
        );
        assert_eq!(
            tried.reasons,
            [
                "spec.containers[1].image: : no-image",
                "spec.containers[2].image: 1.25: not-a-string",
                "spec.containers[3].image: $(IMAGE): variable",
                "spec.x.image: redis: bare-name",
                "spec.x.z.image: quay.io/a/b: tag-elsewhere",
            ]
        );
    }

    #[test]
    fn every_style_is_edited_where_it_stands() {
        for (text, expected) in [
            ("image: a:1", "image: a:1@D"),
            ("image:\n  a:1 # c\n", "image:\n  a:1@D # c\n"),
            ("image: &x !!str a:1\n", "image: &x !!str a:1@D\n"),
            ("image: |\n  a:1\n\n", "image: |\n  a:1@D\n\n"),
            ("image: >-\r\n  a:1\r\n", "image: >-\r\n  a:1@D\r\n"),
            ("{\"image\":\"a:1\"}", "{\"image\":\"a:1@D\"}"),
            ("image: \"\\x61:1\"\n", "image: \"\\x61:1@D\"\n"),
            (
                "- &x a:1\n- image: *x\n- image: *x\n",
                "- &x a:1@D\n- image: *x\n- image: *x\n",
            ),
            (
                "a: &x {image: a:1}\nb: {<<: *x}\n",
                "a: &x {image: a:1@D}\nb: {<<: *x}\n",
            ),
        ] {
            let tried = tried(text);
            assert_eq!(tried.pinned, expected);
            assert_eq!(tried.sites.len(), 1, "{text}");
        }
        let why = "image: it is written with escapes or over several lines";
        for text in ["image: \"a:1\\n\"\n", "image: \"a:1\\\n  \"\n"] {
            assert_eq!(
                (tried(text).pinned.as_str(), tried(text).reasons.as_slice()),
                (text, &[why.to_owned()][..])
            );
        }
    }

    #[test]
    fn what_flux_manages_stays() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a:1 # {\"$imagepolicy\": \"x:y\"}\n  - image: b:1\n";
        let tried = tried(text);
        assert_eq!(tried.pinned, text.replace("b:1", "b:1@D"));
        assert_eq!(tried.reasons, ["spec.containers[0].image: a:1: flux-managed"]);
    }

    #[test]
    fn arguments_and_variables_on_request() {
        let options = Options {
            args: true,
            env: true,
            rules: vec!["key=tool".parse().unwrap()],
            ..Options::default()
        };
        let text = concat!(
            "containers:\n",
            "- args:\n",
            "  - --prometheus-config-reloader=quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1\n",
            "  - \"--the-image=a:1\"\n",
            "  - --image=$(IMAGE)\n",
            "  - --image=nginx\n",
            "  env: [{name: RELATED_IMAGE_X, value: \"a/b:1\"}, {name: AN_IMAGE, value: nginx}]\n",
            "tool: nginx\n",
        );
        let tried = try_format(Format::Yaml, text, &options);
        assert_eq!(
            tried.pinned,
            text.replace("v0.93.1", "v0.93.1@D")
                .replace("a:1", "a:1@D")
                .replace("a/b:1", "a/b:1@D")
                .replace("tool: nginx", "tool: nginx@D")
        );
        assert_eq!(
            tried.sites.first().map(String::as_str),
            Some("containers[0].args[0]: quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1")
        );
        assert_eq!(
            tried.reasons,
            [
                "containers[0].args[2]: $(IMAGE): variable",
                "containers[0].args[3]: --image=nginx: bare-name",
                "containers[0].env[1].value: nginx: bare-name",
            ]
        );
    }

    #[test]
    fn lock_files_of_other_tools_stay() {
        let text = concat!(
            "apiVersion: kbld.k14s.io/v1alpha1\n",
            "kind: Config\n",
            "overrides: [{image: \"nginx:1\", newImage: \"index.docker.io/library/nginx:1\", preresolved: true}]\n",
            "---\n",
            "apiVersion: imgpkg.carvel.dev/v1alpha1\n",
            "kind: ImagesLock\n",
            "images: [{image: \"ghcr.io/a/b:1\"}]\n",
        );
        let tried = tried(text);
        assert_eq!(tried.pinned, text);
        assert_eq!(
            tried.reasons,
            [
                "overrides[0].image: nginx:1: lock-file",
                "images[0].image: ghcr.io/a/b:1: lock-file",
            ]
        );
    }

    #[test]
    fn argo_cd_flux_and_crossplane() {
        let head = |version: &str, kind: &str| format!("apiVersion: {version}\nkind: {kind}\nspec:\n");
        let argo = head("argoproj.io/v1alpha1", "Application")
            + "  source:\n    kustomize:\n      images: [a=b:1, \"c:1\", d=e]\n    helm:\n      valuesObject: {x: {repository: r, tag: t, digest: \"\"}}\n";
        let result = tried(&argo);
        assert_eq!(
            result.pinned,
            argo.replace("b:1", "b:1@D")
                .replace("c:1", "c:1@D")
                .replace("digest: \"", "digest: \"D")
        );
        assert_eq!(result.reasons, ["spec.source.kustomize.images[2]: d=e: tag-elsewhere"]);

        let text = head("kustomize.toolkit.fluxcd.io/v1", "Kustomization") + "  images:\n  - name: a\n    newTag: v1\n";
        assert_eq!(tried(&text).pinned, format!("{text}    digest: D\n"));
        let text = head("pkg.crossplane.io/v1", "Provider") + "  package: xpkg.upbound.io/a/b:v1\n";
        assert_eq!(
            tried(&text).pinned,
            text.replace("v1\n", "v1@D\n").replacen("v1@D", "v1", 1)
        );
        let text = head("pkg.crossplane.io/v1", "Provider") + "  package: a/b:v1\n";
        assert_eq!(tried(&text).reasons, ["spec.package: a/b:v1: default-registry"]);
    }

    #[test]
    fn strings_of_values_and_patches_are_read() {
        let text = concat!(
            "apiVersion: argoproj.io/v1alpha1\n",
            "kind: Application\n",
            "spec:\n",
            "  source:\n",
            "    helm:\n",
            "      values: |\n",
            "        x: {repository: r, tag: t, digest: \"\"}\n",
            "        image: {repository: r}\n",
            "    kustomize:\n",
            "      patches:\n",
            "      - patch: |-\n",
            "          - op: replace\n",
            "            path: /spec/template/spec/containers/0/image\n",
            "            value: nginx\n",
        );
        let tried = tried(text);
        assert_eq!(
            tried.pinned,
            text.replace("digest: \"", "digest: \"D").replace("nginx", "nginx@D")
        );
        assert_eq!(
            tried.sites,
            [
                "spec.source.helm.values: x.tag: r:t",
                "spec.source.kustomize.patches[0].patch: [0].value: nginx",
            ]
        );
    }

    #[test]
    fn addresses_and_repositories() {
        let text = concat!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nspec: {url: \"oci://ghcr.io/a/b:1\"}\n---\n",
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nspec: {url: ghcr.io/c/d}\n---\n",
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nspec: {url: \"https://x.io/a:1\"}\n---\n",
            "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nspec: {image: ghcr.io/a/b}\n",
        );
        let tried = tried(text);
        assert_eq!(tried.pinned, text.replace("b:1", "b:1@D").replace("c/d", "c/d@D"));
        assert_eq!(tried.reasons, ["spec.image: ghcr.io/a/b: tag-elsewhere"]);
    }
}
