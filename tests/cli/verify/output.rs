use insta::assert_snapshot;
use serde_json::Value;

use super::{WEB, images};
use crate::support::cli::kship;

const ALL: [&str; 4] = [
    "--key=keys/release.pub",
    "registry.example.com/shop/web:1.4.2",
    "registry.example.com/shop/unsigned:1.0.0",
    "registry.example.com/shop/other:1.0.0",
];

#[test]
fn people_read_who_signed_and_what_is_wrong() {
    assert_snapshot!(images(&ALL).run().expect_code(1));
    let quiet = images(&[&ALL[..2], &["--quiet"]].concat()).run().expect_code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn programs_read_json() {
    let output = images(&[&ALL[..], &["--format=json"]].concat()).run().expect_code(1);
    let schema: Value = serde_json::from_str(include_str!("../../../fixtures/report/report.schema.json")).unwrap();
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(jsonschema::is_valid(&schema, &document), "{output}");
    assert_snapshot!(output);
}

#[test]
fn code_scanning_reads_sarif_and_github_annotations() {
    let sarif = images(&[&ALL[..], &["--format=sarif"]].concat()).run().expect_code(1);
    let document: Value = serde_json::from_str(&sarif.stdout).unwrap();
    assert_eq!(document["runs"][0]["results"].as_array().unwrap().len(), 2);
    let github = images(&[&ALL[..], &["--format=github"]].concat()).run().expect_code(1);
    assert_snapshot!(github);
}

/// One array for each image, and the digest is the one that was verified: cosign prints the first subject's.
#[test]
fn cosigns_form_names_the_verified_digest() {
    let output = images(&[&ALL[..], &["-o", "cosign"]].concat()).run().expect_code(1);
    assert_snapshot!(output);
    let two = [
        "verify",
        "registry.example.com/keyless/two-subjects:1.0.0",
        "--layout=keyless/registry",
        "--trusted-root=keyless/trusted_root.json",
        "--certificate-identity=https://github.com/company/shop/.github/workflows/release.yml@refs/tags/v1.2.3",
        "--certificate-oidc-issuer=https://token.actions.githubusercontent.com",
        "--format=cosign",
    ];
    let output = kship(&two)
        .folder("fixtures/verify/keyless", "keyless")
        .run()
        .expect_code(0);
    let printed: Value = serde_json::from_str(&output.stdout).unwrap();
    let digest = "sha256:c709e54b870d834acb45b70e308fee5947ea5974202f3960fe879a53e39ec244";
    assert_eq!(printed[0]["critical"]["image"]["docker-manifest-digest"], digest);
    assert_eq!(
        printed[0]["optional"]["Issuer"],
        "https://token.actions.githubusercontent.com"
    );
}

#[test]
fn the_trusted_root_tells_its_age() {
    // Once it is old, a warning says so.
    assert_snapshot!(kship(&["verify", "--trusted-root-info"]).run().expect_code(0).stdout);
    let own = kship(&[
        "verify",
        "--trusted-root-info",
        "--trusted-root=keyless/trusted_root.json",
    ]);
    let output = own.folder("fixtures/verify/keyless", "keyless").run().expect_code(0);
    assert!(output.stdout.contains("https://rekor.company.com"), "{output}");
}

#[test]
fn a_digest_in_the_reference_is_the_one_that_counts() {
    let image = format!("registry.example.com/shop/web:no-such-tag@{WEB}");
    let output = images(&["--key=keys/release.pub", &image]).run().expect_code(0);
    assert!(output.stdout.starts_with(&format!("{image}: signed")), "{output}");
}

#[test]
fn what_is_signed_and_says_something_else_is_named() {
    let sbom = "registry.example.com/shop/sbom:1.0.0";
    let output = images(&["--key=keys/release.pub", "--type=vuln", sbom])
        .run()
        .expect_code(1);
    let said =
        format!("error[unsigned]: `{sbom}` has no attestation `https://cosign.sigstore.dev/attestation/vuln/v1`");
    assert!(output.stdout.starts_with(&said), "{output}");
    assert!(
        output
            .stdout
            .contains(", but what is signed states `https://spdx.dev/Document`; "),
        "{output}"
    );
}
