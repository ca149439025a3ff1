//! Which resource a key of etcd belongs to.
//!
//! ```text
//! <prefix>/<directory>[/<namespace>]/<name>
//! ```
//!
//! The directory of a custom resource is `<group>/<resource>`. That of a built-in one is a word of its own, which is mostly,
//! but not always, the resource's name, and never tells the group: hence a table, whose facts are those of
//! `test/integration/etcd/data.go` of Kubernetes 1.36.

use std::borrow::Cow;

use super::config::{Configuration, GroupResource};

/// Where a key of etcd stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place<'a> {
    /// Not below the prefix: another program's, or the API server's own bookkeeping.
    Outside,
    /// A key that the API server never encrypts, whatever its configuration says: `masterleases`, `ranges`.
    PlainByDesign,
    /// An object.
    Object {
        /// The part that all objects of the resource share: `secrets`, `services/specs`, `example.com/widgets`.
        directory: &'a [u8],
        /// Its namespace, if it has one, and name: `shop/db`.
        name: &'a [u8],
    },
}

impl<'a> Place<'a> {
    /// Finds the place of a key; `prefix` is the API server's `--etcd-prefix`, with or without a slash at its end.
    #[must_use]
    pub fn of(key: &'a [u8], prefix: &str) -> Self {
        let below = key
            .strip_prefix(prefix.trim_end_matches('/').as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"));
        let Some(below) = below else { return Self::Outside };
        let Some((first, rest)) = split(below) else {
            return Self::Outside;
        };
        match first {
            b"masterleases" | b"peerserverleases" | b"ranges" => return Self::PlainByDesign,
            b"services" => {}
            _ if first.contains(&b'.') => {}
            _ => {
                return Self::Object {
                    directory: first,
                    name: rest,
                };
            }
        }
        let Some((second, name)) = split(rest) else {
            return Self::Outside;
        };
        let length = first.len().saturating_add(1).saturating_add(second.len());
        below
            .get(..length)
            .map_or(Self::Outside, |directory| Self::Object { directory, name })
    }
}

fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().position(|&byte| byte == b'/').filter(|&at| at > 0)?;
    let (first, rest) = path.split_at_checked(slash)?;
    Some((first, rest.strip_prefix(b"/")?))
}

/// The resource whose objects stand in a directory.
///
/// A directory that the table does not have, without a dot, is a built-in resource of another release: then the
/// configuration may name it with its group, and tells us. Without that the group stays `?`.
#[must_use]
pub fn resource(directory: &[u8], configuration: &Configuration) -> GroupResource {
    let directory: Cow<'_, str> = String::from_utf8_lossy(directory);
    if let Some((_, resource, group)) = BUILT_IN.iter().find(|(known, ..)| *known == directory) {
        return GroupResource::new(resource, group);
    }
    if let Some((group, resource)) = directory.split_once('/') {
        return GroupResource::new(resource, group);
    }
    let configured = configuration.resources.iter().flat_map(|entry| &entry.resources);
    let mut same = configured.filter(|resource| resource.group_resource.resource == directory);
    same.next().map_or_else(
        || GroupResource::new(&directory, UNKNOWN_GROUP),
        |resource| resource.group_resource.clone(),
    )
}

/// The directory of a resource: what all its keys start with, behind the prefix.
#[must_use]
pub(super) fn directory(resource: &GroupResource) -> String {
    let GroupResource { group, resource } = resource;
    let known = BUILT_IN
        .iter()
        .find(|(_, known, known_group)| known == resource && known_group == group);
    match known {
        Some((directory, ..)) => (*directory).to_owned(),
        // Groups of custom resources have a dot; so has `apiextensions.k8s.io`, whose objects stand as theirs do.
        None if group.contains('.') && !is_built_in(group) => format!("{group}/{resource}"),
        None => resource.clone(),
    }
}

/// Whether a group's objects stand in directories without it.
fn is_built_in(group: &str) -> bool {
    BUILT_IN
        .iter()
        .any(|(directory, _, known)| *known == group && !directory.contains('/'))
}

/// The group of a built-in resource that is not in the table.
const UNKNOWN_GROUP: &str = "?";

/// Directory, resource, group; ordered by directory.
const BUILT_IN: &[(&str, &str, &str)] = &[
    (
        "certificatesigningrequests",
        "certificatesigningrequests",
        "certificates.k8s.io",
    ),
    (
        "clusterrolebindings",
        "clusterrolebindings",
        "rbac.authorization.k8s.io",
    ),
    ("clusterroles", "clusterroles", "rbac.authorization.k8s.io"),
    ("clustertrustbundles", "clustertrustbundles", "certificates.k8s.io"),
    ("configmaps", "configmaps", ""),
    ("controllerrevisions", "controllerrevisions", "apps"),
    ("controllers", "replicationcontrollers", ""),
    ("cronjobs", "cronjobs", "batch"),
    ("csidrivers", "csidrivers", "storage.k8s.io"),
    ("csinodes", "csinodes", "storage.k8s.io"),
    ("csistoragecapacities", "csistoragecapacities", "storage.k8s.io"),
    ("daemonsets", "daemonsets", "apps"),
    ("deployments", "deployments", "apps"),
    ("deviceclasses", "deviceclasses", "resource.k8s.io"),
    ("devicetaintrules", "devicetaintrules", "resource.k8s.io"),
    ("endpointslices", "endpointslices", "discovery.k8s.io"),
    ("events", "events", ""),
    ("flowschemas", "flowschemas", "flowcontrol.apiserver.k8s.io"),
    ("horizontalpodautoscalers", "horizontalpodautoscalers", "autoscaling"),
    ("ingress", "ingresses", "networking.k8s.io"),
    ("ingressclasses", "ingressclasses", "networking.k8s.io"),
    ("ipaddresses", "ipaddresses", "networking.k8s.io"),
    ("jobs", "jobs", "batch"),
    ("leasecandidates", "leasecandidates", "coordination.k8s.io"),
    ("leases", "leases", "coordination.k8s.io"),
    ("limitranges", "limitranges", ""),
    ("minions", "nodes", ""),
    (
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicies",
        "admissionregistration.k8s.io",
    ),
    (
        "mutatingadmissionpolicybindings",
        "mutatingadmissionpolicybindings",
        "admissionregistration.k8s.io",
    ),
    (
        "mutatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io",
    ),
    ("namespaces", "namespaces", ""),
    ("networkpolicies", "networkpolicies", "networking.k8s.io"),
    ("persistentvolumeclaims", "persistentvolumeclaims", ""),
    ("persistentvolumes", "persistentvolumes", ""),
    (
        "podcertificaterequests",
        "podcertificaterequests",
        "certificates.k8s.io",
    ),
    ("poddisruptionbudgets", "poddisruptionbudgets", "policy"),
    ("podgroups", "podgroups", "scheduling.k8s.io"),
    ("pods", "pods", ""),
    ("podtemplates", "podtemplates", ""),
    ("priorityclasses", "priorityclasses", "scheduling.k8s.io"),
    (
        "prioritylevelconfigurations",
        "prioritylevelconfigurations",
        "flowcontrol.apiserver.k8s.io",
    ),
    ("replicasets", "replicasets", "apps"),
    ("resourceclaims", "resourceclaims", "resource.k8s.io"),
    ("resourceclaimtemplates", "resourceclaimtemplates", "resource.k8s.io"),
    (
        "resourcepoolstatusrequests",
        "resourcepoolstatusrequests",
        "resource.k8s.io",
    ),
    ("resourcequotas", "resourcequotas", ""),
    ("resourceslices", "resourceslices", "resource.k8s.io"),
    ("rolebindings", "rolebindings", "rbac.authorization.k8s.io"),
    ("roles", "roles", "rbac.authorization.k8s.io"),
    ("runtimeclasses", "runtimeclasses", "node.k8s.io"),
    ("secrets", "secrets", ""),
    ("serviceaccounts", "serviceaccounts", ""),
    ("servicecidrs", "servicecidrs", "networking.k8s.io"),
    ("services/endpoints", "endpoints", ""),
    ("services/specs", "services", ""),
    ("statefulsets", "statefulsets", "apps"),
    ("storageclasses", "storageclasses", "storage.k8s.io"),
    (
        "storageversionmigrations",
        "storageversionmigrations",
        "storagemigration.k8s.io",
    ),
    ("storageversions", "storageversions", "internal.apiserver.k8s.io"),
    (
        "validatingadmissionpolicies",
        "validatingadmissionpolicies",
        "admissionregistration.k8s.io",
    ),
    (
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicybindings",
        "admissionregistration.k8s.io",
    ),
    (
        "validatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "admissionregistration.k8s.io",
    ),
    ("volumeattachments", "volumeattachments", "storage.k8s.io"),
    ("volumeattributesclasses", "volumeattributesclasses", "storage.k8s.io"),
    ("workloads", "workloads", "scheduling.k8s.io"),
];

#[cfg(test)]
mod tests {
    use super::super::config::Spanned;
    use super::*;

    fn configuration() -> Configuration {
        Configuration {
            api_version: Spanned::default(),
            kind: Spanned::default(),
            resources: Vec::new(),
            span: 0..0,
        }
    }

    fn read(key: &str) -> String {
        match Place::of(key.as_bytes(), "/registry") {
            Place::Outside => "outside".to_owned(),
            Place::PlainByDesign => "plain by design".to_owned(),
            Place::Object { directory, name } => {
                let resource = resource(directory, &configuration());
                format!("{resource} {}", String::from_utf8_lossy(name))
            }
        }
    }

    #[test]
    fn keys_belong_to_resources() {
        for (key, expected) in [
            ("/registry/secrets/shop/db", "secrets shop/db"),
            ("/registry/minions/node1", "nodes node1"),
            ("/registry/services/specs/shop/web", "services shop/web"),
            ("/registry/services/endpoints/shop/web", "endpoints shop/web"),
            ("/registry/ingress/shop/web", "ingresses.networking.k8s.io shop/web"),
            (
                "/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com",
                "customresourcedefinitions.apiextensions.k8s.io widgets.example.com",
            ),
            ("/registry/example.com/widgets/shop/w1", "widgets.example.com shop/w1"),
            ("/registry/gadgets/g1", "gadgets.? g1"),
            ("/registry/masterleases/192.0.2.1", "plain by design"),
            ("/registry/ranges/serviceips", "plain by design"),
            ("/registry/peerserverleases/x", "plain by design"),
            ("/registryx/secrets/a/b", "outside"),
            ("/registry/secrets", "outside"),
            ("/registry//secrets/a", "outside"),
            ("/registry/example.com/widgets", "outside"),
            ("compact_rev_key", "outside"),
            ("", "outside"),
        ] {
            assert_eq!(read(key), expected, "{key}");
        }
        assert!(matches!(Place::of(b"/secrets/a/b", "/"), Place::Object { .. }));
        assert!(matches!(Place::of(b"/k/secrets/a/b", "/k/"), Place::Object { .. }));
    }

    #[test]
    fn the_table_is_in_order_and_reads_backwards() {
        assert!(BUILT_IN.is_sorted_by(|a, b| a.0 < b.0));
        for (path, name, group) in BUILT_IN {
            assert_eq!(directory(&GroupResource::new(name, group)), *path);
        }
        for (name, expected) in [
            ("widgets.example.com", "example.com/widgets"),
            (
                "apiservices.apiregistration.k8s.io",
                "apiregistration.k8s.io/apiservices",
            ),
            (
                "customresourcedefinitions.apiextensions.k8s.io",
                "apiextensions.k8s.io/customresourcedefinitions",
            ),
            ("gadgets", "gadgets"),
            ("newthings.storage.k8s.io", "newthings"),
        ] {
            assert_eq!(directory(&GroupResource::parse(name)), expected);
        }
    }
}
