//! The resources that Kubernetes brings, and so stores in etcd, from 1.26 to 1.37.
//!
//! Made of `test/integration/etcd/data.go` of k8s.io/kubernetes v1.36, and what went since 1.26.

use std::collections::BTreeMap;

use super::super::config::GroupResource;

/// What is known about a resource.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// Kubernetes has it.
    Known,
    /// The group may be anybody's: a custom resource.
    Foreign,
    /// Kubernetes has the group but not the resource; the most similar one that it has.
    Unknown(Option<GroupResource>),
}

/// Looks a resource up; wildcards are known where their group is.
pub(super) fn standing(wanted: &GroupResource) -> Standing {
    let groups: BTreeMap<&str, &[&str]> = BUILT_IN.iter().copied().collect();
    let Some(resources) = groups.get(wanted.group.as_str()) else {
        return Standing::Foreign;
    };
    if wanted.resource == "*" || resources.contains(&wanted.resource.as_str()) {
        return Standing::Known;
    }
    Standing::Unknown(similar(wanted))
}

/// The same resource in another group, one without its subresource, or one with a few other letters.
fn similar(wanted: &GroupResource) -> Option<GroupResource> {
    let name = wanted.resource.split('/').next().unwrap_or_default().trim();
    let all = || {
        let of_group = |(group, resources): &(&str, &'static [&'static str])| {
            let group = (*group).to_owned();
            resources
                .iter()
                .map(move |resource| GroupResource::new(resource, &group))
        };
        BUILT_IN.iter().flat_map(of_group)
    };
    let distance = |candidate: &GroupResource| {
        let far = usize::from(candidate.group != wanted.group);
        similar_text(name, &candidate.resource).map(|distance| (distance, far))
    };
    all()
        .filter_map(|candidate| Some((distance(&candidate)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters differ, if those are few (Levenshtein).
fn similar_text(one: &str, other: &str) -> Option<usize> {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    // A name of any length can be written; those of Kubernetes are short.
    if one.len() > 80 {
        return None;
    }
    for (at, byte) in one.bytes().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (above, other) in row.iter().skip(1).zip(other.bytes()) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(byte != other));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    let allowed = (other.len() / 3).min(2);
    row.last().copied().filter(|distance| *distance <= allowed)
}

const BUILT_IN: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "resourcequotas",
            "secrets",
            "serviceaccounts",
            "services",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ],
    ),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["apiservices"]),
    (
        "apps",
        &[
            "controllerrevisions",
            "daemonsets",
            "deployments",
            "replicasets",
            "statefulsets",
        ],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    (
        "certificates.k8s.io",
        &[
            "certificatesigningrequests",
            "clustertrustbundles",
            "podcertificaterequests",
        ],
    ),
    ("coordination.k8s.io", &["leasecandidates", "leases"]),
    ("discovery.k8s.io", &["endpointslices"]),
    (
        "flowcontrol.apiserver.k8s.io",
        &["flowschemas", "prioritylevelconfigurations"],
    ),
    ("internal.apiserver.k8s.io", &["storageversions"]),
    (
        "networking.k8s.io",
        &[
            "clustercidrs",
            "ingressclasses",
            "ingresses",
            "ipaddresses",
            "networkpolicies",
            "servicecidrs",
        ],
    ),
    ("node.k8s.io", &["runtimeclasses"]),
    ("policy", &["poddisruptionbudgets"]),
    (
        "rbac.authorization.k8s.io",
        &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
    ),
    (
        "resource.k8s.io",
        &[
            "deviceclasses",
            "devicetaintrules",
            "podschedulingcontexts",
            "resourceclaimparameters",
            "resourceclaims",
            "resourceclaimtemplates",
            "resourceclasses",
            "resourceclassparameters",
            "resourcepoolstatusrequests",
            "resourceslices",
        ],
    ),
    ("scheduling.k8s.io", &["podgroups", "priorityclasses", "workloads"]),
    (
        "storage.k8s.io",
        &[
            "csidrivers",
            "csinodes",
            "csistoragecapacities",
            "storageclasses",
            "volumeattachments",
            "volumeattributesclasses",
        ],
    ),
    ("storagemigration.k8s.io", &["storageversionmigrations"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_of_kubernetes_are_known_and_misspelt_ones_have_a_likeness() {
        let of = |text: &str| match standing(&GroupResource::parse(text)) {
            Standing::Known => "known".to_owned(),
            Standing::Foreign => "foreign".to_owned(),
            Standing::Unknown(similar) => similar.map_or("unknown".to_owned(), |similar| similar.to_string()),
        };
        for (text, expected) in [
            ("secrets", "known"),
            ("*.", "known"),
            ("*.apps", "known"),
            ("deployments.apps", "known"),
            ("pandas.awesome.bears.example", "foreign"),
            ("gateways.gateway.networking.k8s.io", "foreign"),
            ("*.*", "foreign"),
            ("sekrets", "secrets"),
            ("secret", "secrets"),
            ("secrets ", "secrets"),
            ("secrets/status", "secrets"),
            ("deployments", "deployments.apps"),
            ("configmaps.apps", "configmaps"),
            ("pandas", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
