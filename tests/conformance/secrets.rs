//! The check for plaintext Secrets over real files: every finding was looked at by hand.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use kship::policy::{Accepted, Policy};
use kship::report::Report;
use kship::seal::check::{self, Prefilter, rules};
use kship::tree;

use crate::shared;

/// Findings in each file; all are Secrets with values in them, most of them examples.
const EXPECTED: [(&str, usize); 17] = [
    (
        "tektoncd_pipeline/examples/v1/pipelineruns/beta/isolated-workspaces.yaml",
        1,
    ),
    ("tektoncd_pipeline/examples/v1/pipelineruns/mapping-workspaces.yaml", 1),
    (
        "tektoncd_pipeline/examples/v1/pipelineruns/propagating-workspaces.yaml",
        1,
    ),
    (
        "tektoncd_pipeline/examples/v1/pipelineruns/workspaces-projected.yaml",
        1,
    ),
    ("tektoncd_pipeline/examples/v1/pipelineruns/workspaces.yaml", 1),
    (
        "tektoncd_pipeline/examples/v1/taskruns/authenticating-git-commands.yaml",
        1,
    ),
    (
        "tektoncd_pipeline/examples/v1/taskruns/beta/authenticating-git-commands.yaml",
        1,
    ),
    (
        "tektoncd_pipeline/examples/v1/taskruns/creds-init-only-mounts-provided-credentials.yaml",
        1,
    ),
    ("tektoncd_pipeline/examples/v1/taskruns/no-ci/docker-creds.yaml", 1),
    (
        "tektoncd_pipeline/examples/v1/taskruns/no-ci/git-basic-auth-multiple-repos.yaml",
        4,
    ),
    (
        "tektoncd_pipeline/examples/v1/taskruns/no-ci/git-ssh-auth-multiple-repos.yaml",
        4,
    ),
    (
        "tektoncd_pipeline/examples/v1/taskruns/no-ci/pull-private-image.yaml",
        1,
    ),
    ("tektoncd_pipeline/examples/v1/taskruns/secret-env-from.yaml", 1),
    ("tektoncd_pipeline/examples/v1/taskruns/secret-env.yaml", 1),
    ("tektoncd_pipeline/examples/v1/taskruns/secret-volume-params.yaml", 1),
    ("tektoncd_pipeline/examples/v1/taskruns/secret-volume.yaml", 1),
    ("tektoncd_pipeline/examples/v1/taskruns/workspace.yaml", 1),
];

/// It names Secrets and sets a key twice in one mapping, which kubectl's strict mode refuses too.
const UNREAD: [&str; 1] = ["kubernetes_examples/_archived/openshift-origin/openshift-controller.yaml"];

#[test]
fn real_files_have_the_findings_that_a_reader_has() {
    let Some(folder) = shared::path("corpus").and_then(|folder| Utf8PathBuf::try_from(folder).ok()) else {
        return;
    };
    let prefilter = Prefilter::new().unwrap();
    let mut objects = 0;
    let files = tree::list(std::slice::from_ref(&folder), check::is_wanted).files;
    let checked = files.iter().map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        let checked = check::check(path.strip_prefix(&folder).unwrap(), &text, &prefilter, None);
        objects += checked.objects;
        checked
    });
    let checked: Vec<_> = checked.collect();
    let mut report = Report::new("test", &rules::RULES);
    let policy = Policy::default();
    let accepted = Accepted {
        policy: &policy,
        here: "/".into(),
        root: "/".into(),
        today: "2026-11-22".parse().unwrap(),
    };
    check::conclude(checked, &accepted, &mut report);
    let unread = report.failures.iter().filter_map(|failure| failure.path.as_ref());
    let unread: Vec<_> = unread.map(|path| path.as_str().replace('\\', "/")).collect();
    assert_eq!(unread, UNREAD, "{:#?}", report.failures);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &report.findings {
        assert_eq!(finding.rule.code, "plaintext-secret", "{}", finding.message);
        *found
            .entry(finding.location.path.as_str().replace('\\', "/"))
            .or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = EXPECTED.map(|(path, count)| (path.to_owned(), count)).into();
    assert_eq!(found, expected);
    eprintln!("{} files, {objects} objects, {} skips", files.len(), report.skips.len());
    assert_eq!(objects, 42);
}
