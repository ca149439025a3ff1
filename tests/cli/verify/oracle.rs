use serde::Deserialize;
use std::collections::BTreeMap;

use super::images;
use crate::support::cli::kship;

#[derive(Deserialize)]
struct Verdict {
    image: String,
    digest: String,
    key: String,
    flags: Vec<String>,
    cosign_exit: i32,
}

/// Where cosign 3.1.3 is wrong, and what is right.
const DEFECTS: [(&str, &str, i32, &str); 7] = [
    (
        "shop/attested-only:1.0.0",
        "release",
        1,
        "an attestation is no signature",
    ),
    (
        "shop/ed25519-legacy:1.0.0",
        "ed25519",
        0,
        "cosign signs Ed25519ph and verifies Ed25519",
    ),
    (
        "shop/ed25519:1.0.0",
        "ed25519",
        0,
        "cosign signs Ed25519ph and verifies Ed25519",
    ),
    (
        "shop/p384-legacy:1.0.0",
        "p384",
        0,
        "cosign signs SHA-384 and verifies SHA-256",
    ),
    (
        "shop/p384:1.0.0",
        "p384",
        0,
        "cosign signs SHA-384 and verifies SHA-256",
    ),
    (
        "shop/p521-legacy:1.0.0",
        "p521",
        0,
        "cosign signs SHA-512 and verifies SHA-256",
    ),
    (
        "shop/p521:1.0.0",
        "p521",
        0,
        "cosign signs SHA-512 and verifies SHA-256",
    ),
];

#[test]
fn the_verdict_is_cosigns_or_the_right_one() {
    let verdicts = include_str!("../../../fixtures/verify/cosign/verdicts.json");
    let verdicts: Vec<Verdict> = serde_json::from_str(verdicts).unwrap();
    let mut defects = Vec::new();
    for verdict in &verdicts {
        let image = format!("registry.example.com/{}", verdict.image);
        let key = format!("keys/{}.pub", verdict.key);
        let mut args = vec!["--key", &key, &image];
        args.extend(verdict.flags.iter().map(String::as_str));
        let output = images(&args).run();
        let cosigns = i32::from(verdict.cosign_exit != 0);
        let defect = DEFECTS
            .iter()
            .find(|(image, key, ..)| verdict.flags.is_empty() && *image == verdict.image && *key == verdict.key);
        let expected = defect.map_or(cosigns, |(_, _, right, _)| *right);
        if let Some((image, ..)) = defect {
            assert_ne!(expected, cosigns, "{image} is no defect any more");
            defects.push(*image);
        }
        let output = output.expect_code(expected);
        if expected == 0 {
            // What is printed is the digest that was verified.
            assert!(
                output.stdout.contains(&format!("{image}@{}: ", verdict.digest)),
                "{output}"
            );
        }
    }
    defects.sort_unstable();
    assert_eq!(defects, DEFECTS.map(|(image, ..)| image));
    assert_eq!(verdicts.len(), 60);
}

#[derive(Deserialize)]
struct Case {
    image: String,
    digest: String,
    flags: BTreeMap<String, String>,
    trusted_root: String,
    expect: String,
}

/// The reason for which each image is refused: that it is refused is not enough.
const REASONS: [(&str, &str); 18] = [
    (
        "attestation-only",
        "has no signature, but what is signed states `https://slsa.dev/provenance/v1`",
    ),
    ("ca-of-stranger", "its certificate does not hold"),
    ("changed-payload", "its signature does not fit its certificate"),
    ("entry-of-other-signature", "its log entry does not hold"),
    ("flipped-signature", "its signature does not fit its certificate"),
    ("legacy-no-promise", "its log entry does not hold"),
    ("legacy-other-payload", "it is about `sha256:"),
    ("log-by-stranger", "its log entry does not hold"),
    ("logged-after-expiry", "its certificate does not hold"),
    ("logged-before-issue", "its certificate does not hold"),
    (
        "no-sct",
        "its certificate does not hold: invalid signed certificate timestamp",
    ),
    ("other-root", "its log entry does not hold"),
    ("other-subject", "it is about something else"),
    ("rekor2-no-timestamp", "the time of signing is not proven"),
    (
        "sct-by-stranger",
        "its certificate does not hold: invalid signed certificate timestamp",
    ),
    ("stamp-of-other-signature", "the time of signing is not proven"),
    ("stamped-after-expiry", "its certificate does not hold"),
    ("timestamp-only", "it is in no transparency log"),
];

#[test]
fn every_question_about_certificates_has_its_answer() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../fixtures/verify/keyless/cases.json")).unwrap();
    for case in &cases {
        let image = format!("registry.example.com/{}", case.image);
        let mut args = vec!["verify".to_owned(), image.clone()];
        args.extend(["--layout".to_owned(), "keyless/registry".to_owned()]);
        args.extend(["--trusted-root".to_owned(), format!("keyless/{}", case.trusted_root)]);
        args.extend(
            case.flags
                .iter()
                .flat_map(|(flag, value)| [format!("--{flag}"), value.clone()]),
        );
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = kship(&args).folder("fixtures/verify/keyless", "keyless").run();
        if case.expect == "verified" {
            let output = output.expect_code(0);
            assert!(
                output.stdout.contains(&format!("{image}@{}: signed by ", case.digest)),
                "{output}"
            );
            assert!(output.stdout.contains(" at 2026-11-01T12:01:00Z, logged"), "{output}");
            continue;
        }
        let output = output.expect_code(1);
        let name = case.image.trim_start_matches("keyless/").trim_end_matches(":1.0.0");
        let reason = REASONS.iter().find(|(image, _)| *image == name);
        let reason = reason.map_or("it was signed by `", |(_, reason)| reason);
        let stranger = case.trusted_root == "other_trusted_root.json";
        let reason = if stranger {
            "its log entry does not hold"
        } else {
            reason
        };
        assert!(output.stdout.contains(reason), "{output}");
    }
    assert_eq!(cases.len(), 31);
}

#[test]
fn without_a_log_a_timestamp_proves_the_time() {
    let verify = |image: &str, tlog: &str| {
        let image = format!("registry.example.com/keyless/{image}:1.0.0");
        let args = [
            "verify",
            &image,
            "--layout=keyless/registry",
            "--trusted-root=keyless/trusted_root.json",
            "--certificate-identity=https://github.com/company/shop/.github/workflows/release.yml@refs/tags/v1.2.3",
            "--certificate-oidc-issuer=https://token.actions.githubusercontent.com",
            tlog,
        ];
        kship(&args).folder("fixtures/verify/keyless", "keyless").run()
    };
    for flag in ["--tlog=off", "--insecure-ignore-tlog", "--insecure-ignore-tlog=true"] {
        let output = verify("timestamp-only", flag).expect_code(0);
        assert!(
            output.stdout.contains(", log not checked: it was switched off"),
            "{output}"
        );
    }
    let _ = verify("timestamp-only", "--insecure-ignore-tlog=false").expect_code(1);
    // The log is not asked; everything else is.
    for image in [
        "stamped-after-expiry",
        "stamp-of-other-signature",
        "rekor2-no-timestamp",
        "entry-of-other-signature",
    ] {
        let _ = verify(image, "--tlog=off").expect_code(1);
    }
}

#[test]
fn a_key_needs_no_log_unless_it_is_required() {
    let web = "registry.example.com/shop/web:1.4.2";
    let output = images(&["--key=keys/release.pub", web, "--tlog=required"])
        .run()
        .expect_code(1);
    assert!(
        output.stdout.contains("is refused: it is in no transparency log"),
        "{output}"
    );
    let output = images(&["--key=keys/release.pub", web]).run().expect_code(0);
    assert!(output.stdout.contains(", not logged"), "{output}");
}
