//! `--check`, offline and online.

use insta::assert_snapshot;

use super::{API, WEB, ZERO, pin, plain, pod};

/// The manifest of one platform of `shop/web:1.4.2`.
const WEB_AMD64: &str = "sha256:9ccc6227e89b7";

#[test]
fn an_image_without_a_digest_is_a_finding() {
    let output = plain(&["--check"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(1);
    assert_snapshot!(output, @"");
    let pinned = pod(&format!("shop/api:2.0.1@{API}"));
    let output = plain(&["--check"]).file("a.yaml", pinned).run().expect_code(0);
    assert_snapshot!(output, @"");
}

#[test]
fn a_digest_that_is_none_is_a_finding() {
    let output = plain(&["--check"])
        .file("a.yaml", pod("'shop/api:1@sha256:ABC'"))
        .run()
        .expect_code(1);
    assert_snapshot!(output, @"");
}

#[test]
fn the_formats_agree() {
    for (format, marker) in [
        ("json", "\"schema\": \"kship.pin/v1\""),
        ("sarif", "\"version\": \"2.1.0\""),
        ("github", "::error file=a.yaml,line=6,"),
    ] {
        let output = plain(&["--check", "--format", format])
            .file("a.yaml", pod("shop/api:2.0.1"))
            .run()
            .expect_code(1);
        assert!(output.stdout.contains(marker), "{output}");
        assert!(output.stdout.contains("unpinned"), "{output}");
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn sarif_is_valid_and_points_at_the_image() {
    let text = pod("shop/api:2.0.1");
    let output = plain(&["--check", "--format", "sarif"])
        .file("a.yaml", &text)
        .run()
        .expect_code(1);
    let log: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../fixtures/report/sarif-schema-2.1.0.json")).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&log)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
    let line = text.lines().nth(number("startLine") - 1).unwrap();
    assert_eq!(
        &line[number("startColumn") - 1..number("endColumn") - 1],
        "shop/api:2.0.1"
    );
}

#[test]
fn a_tag_that_moved_a_digest_that_is_gone_and_a_single_platform() {
    let online = |image: &str| pin(&["--check", "--online"]).file("a.yaml", pod(image)).run();
    let _ = online(&format!("shop/web:1.4.2@{WEB}")).expect_code(0);
    let _ = online(&format!("shop/web@{WEB}")).expect_code(0);
    assert_snapshot!(online(&format!("shop/web:1.4.2@{}", amd64())).expect_code(1), @"");
    assert_snapshot!(online(&format!("shop/api:2.0.1@{ZERO}")).expect_code(1), @"");
    assert_snapshot!(online(&format!("shop/web:1.4.2-arm64@{WEB}")).expect_code(1), @"");
    assert_snapshot!(online(&format!("shop/web:9@{WEB}")).expect_code(1), @"");
    assert_snapshot!(online(&format!("shop/web@{ZERO}")).expect_code(1), @"");
}

/// The platform's digest in full.
fn amd64() -> String {
    let blobs = std::fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/registry/shop/web/blobs/sha256"
    ))
    .unwrap();
    let mut names = blobs.map(|entry| format!("sha256:{}", entry.unwrap().file_name().to_str().unwrap()));
    names.find(|name| name.starts_with(WEB_AMD64)).unwrap()
}

#[test]
fn what_cannot_be_decided_is_no_finding() {
    let output = pin(&["--check", "--online"])
        .file("a.yaml", pod(&format!("shop/missing:1@{ZERO}")))
        .run();
    assert_snapshot!(output.expect_code(1), @"");
    let both = pin(&["--check"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .file("b.yaml", "image: [\n")
        .run();
    assert_snapshot!(both.expect_code(1), @"");
    let only = pin(&["--check"]).file("b.yaml", "image: [\n").run();
    assert_snapshot!(only.expect_code(3), @"");
}

#[test]
fn accepted_findings_are_skips() {
    let policy = "ignore:\n- {rule: unpinned, path: 'dev/**', reason: kind loads it, until: '9999-01-01'}\n- {rule: unpinned, path: 'old/**', reason: over, until: '2020-01-01'}\n";
    let output = plain(&["--check", "--explain"])
        .file("kship.yaml", policy)
        .file("dev/a.yaml", pod("a/b:1"))
        .file("old/a.yaml", pod("a/b:2"))
        .run();
    assert_snapshot!(output.expect_code(1), @"");
}
