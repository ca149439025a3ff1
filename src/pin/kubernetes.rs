//! Images of Kubernetes resources, and of documents that nothing is known about.

use super::embedded;
use super::helm;
use super::kustomize;
use super::scalar::{Finder, Names};
use super::site::{self, SkipReason};
use crate::k8s::{Hit, Place, walk};
use crate::yaml::{Kind, Node};

/// Finds the images of a document.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let search = finder.options.search();
    walk(root, search, &mut |hit| file(hit, finder));
}

fn file<'a>(hit: Hit<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let Hit { field, node, place } = hit;
    match place {
        Place::Argument { start, certain } => argument(field, node, start, certain, finder),
        Place::Embedded => embedded::find(&field, node, finder),
        Place::Environment => finder.image(field, node, Names::Explicit),
        Place::HelmValues => helm::find(&field, node, finder),
        Place::Image => finder.image(field, node, Names::All),
        Place::KustomizeArgument => kustomize_argument(field, node, finder),
        Place::KustomizeEntry => kustomize::entry(&field, node, finder),
        Place::OciRepository => kustomize::oci_repository(&field, node, finder),
        Place::Package => package(field, node, finder),
        Place::Unknown { parent } => unknown(field, node, parent, finder),
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

/// A key `image` that nothing is known about.
pub(super) fn unknown<'a>(field: String, node: Node<'_, 'a>, parent: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let complete = |text| {
        site::parse(text).map_or(true, |reference| {
            reference.tag().is_some() || reference.digest().is_some()
        })
    };
    // `image: quay.io/x/y` beside `tag: v1` is two parts of one name.
    let parts = ["tag", "imageTag", "version"];
    let tag_beside = parts.iter().any(|key| {
        parent
            .get(key)
            .is_some_and(|tag| tag.kind() == Kind::Scalar && !tag.is_null())
    });
    if tag_beside && !node.as_str().is_none_or(complete) {
        finder.skip(field, node, SkipReason::TagElsewhere);
    } else {
        finder.image(field, node, Names::Explicit);
    }
}
