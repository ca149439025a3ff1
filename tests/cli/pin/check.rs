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
    assert_snapshot!(output, @"
    exit: 1
    ----- stdout -----
    error[unpinned]: `shop/api:2.0.1` has no digest
     --> a.yaml:6:22
      |
    6 |   - {name: a, image: shop/api:2.0.1} # c
      |                      ^^^^^^^^^^^^^^
      |
      = help: A tag can be moved to other content at any time. Run `kship pin` to write the digest behind the tag.

    1 unpinned
    ");
    let pinned = pod(&format!("shop/api:2.0.1@{API}"));
    let output = plain(&["--check"]).file("a.yaml", pinned).run().expect_code(0);
    assert_snapshot!(output, @"
    exit: 0
    ----- stdout -----
    1 pinned
    ");
}

#[test]
fn a_digest_that_is_none_is_a_finding() {
    let output = plain(&["--check"])
        .file("a.yaml", pod("'shop/api:1@sha256:ABC'"))
        .run()
        .expect_code(1);
    assert_snapshot!(output, @"
    exit: 1
    ----- stdout -----
    error[invalid-digest]: `shop/api:1@sha256:ABC`: sha256 digest has 3 characters after the colon: expected 64
     --> a.yaml:6:23
      |
    6 |   - {name: a, image: 'shop/api:1@sha256:ABC'} # c
      |                       ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: No registry can answer for this reference. A digest is `sha256:` and 64 lower-case hex digits.

    1 invalid-digest
    ");
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
    assert_snapshot!(online(&format!("shop/web:1.4.2@{}", amd64())).expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[single-platform]: `shop/web:1.4.2` is pinned to the single image for linux/amd64 of index sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03
     --> a.yaml:6:22
      |
    6 | ...: shop/web:1.4.2@sha256:9ccc6227e89b7fd215a91a9bafdb10c5f955fc9b6236398e20432a98ed6cce6c}...
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: pin to sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03
      = help: Nodes of other platforms cannot run this image. Run `kship pin --update` to pin the index.

    1 single-platform
    ");
    assert_snapshot!(online(&format!("shop/api:2.0.1@{ZERO}")).expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[vanished]: the registry does not have the pinned digest of `shop/api:2.0.1`; tag `2.0.1` now means sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00
     --> a.yaml:6:22
      |
    6 | ...: shop/api:2.0.1@sha256:0000000000000000000000000000000000000000000000000000000000000000}...
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: pin to sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00
      = help: Registries remove untagged manifests. Run `kship pin --update` to take what the tag means now.

    1 vanished
    ");
    assert_snapshot!(online(&format!("shop/web:1.4.2-arm64@{WEB}")).expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[drifted]: tag `1.4.2-arm64` of `shop/web:1.4.2-arm64` now means sha256:0ce6cf016865c6868440f8061fd475108aee1a66b92929e8994a65926ac9a721
     --> a.yaml:6:22
      |
    6 | ...shop/web:1.4.2-arm64@sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60...
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: pin to sha256:0ce6cf016865c6868440f8061fd475108aee1a66b92929e8994a65926ac9a721
      = help: The tag and the digest name different images. Run `kship pin --update` to take the new one.

    1 drifted
    ");
    assert_snapshot!(online(&format!("shop/web:9@{WEB}")).expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[drifted]: tag `9` of `shop/web:9` does not exist any more
     --> a.yaml:6:22
      |
    6 | ...ge: shop/web:9@sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03} #...
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: The tag and the digest name different images. Run `kship pin --update` to take the new one.

    1 drifted
    ");
    assert_snapshot!(online(&format!("shop/web@{ZERO}")).expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[vanished]: the registry does not have the pinned digest of `shop/web`
     --> a.yaml:6:22
      |
    6 | ...age: shop/web@sha256:0000000000000000000000000000000000000000000000000000000000000000} # ...
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: Registries remove untagged manifests. Run `kship pin --update` to take what the tag means now.

    1 vanished
    ");
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
fn a_no_beats_a_file_that_cannot_be_read() {
    let output = pin(&["--check", "--online"])
        .file("a.yaml", pod(&format!("shop/missing:1@{ZERO}")))
        .run();
    assert_snapshot!(output.expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[vanished]: the registry does not have the pinned digest of `shop/missing:1`
     --> a.yaml:6:22
      |
    6 | ...: shop/missing:1@sha256:0000000000000000000000000000000000000000000000000000000000000000}...
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: Registries remove untagged manifests. Run `kship pin --update` to take what the tag means now.

    1 vanished
    ");
    let both = pin(&["--check"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .file("b.yaml", "image: [\n")
        .run();
    assert_snapshot!(both.expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[unpinned]: `shop/api:2.0.1` has no digest
     --> a.yaml:6:22
      |
    6 |   - {name: a, image: shop/api:2.0.1} # c
      |                      ^^^^^^^^^^^^^^
      |
      = help: A tag can be moved to other content at any time. Run `kship pin` to write the digest behind the tag.

    1 unpinned, 1 failed

    ----- stderr -----
    error: b.yaml:1:8: not readable as YAML
      caused by: unclosed bracket '['
    ");
    let only = pin(&["--check"]).file("b.yaml", "image: [\n").run();
    assert_snapshot!(only.expect_code(3), @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: b.yaml:1:8: not readable as YAML
      caused by: unclosed bracket '['
    ");
}

#[test]
fn accepted_findings_are_skips() {
    let policy = "ignore:\n- {rule: unpinned, path: 'dev/**', reason: kind loads it, until: '9999-01-01'}\n- {rule: unpinned, path: 'old/**', reason: over, until: '2020-01-01'}\n";
    let output = plain(&["--check", "--explain"])
        .file("kship.yaml", policy)
        .file("dev/a.yaml", pod("a/b:1"))
        .file("old/a.yaml", pod("a/b:2"))
        .run();
    assert_snapshot!(output.expect_code(1), @"
    exit: 1
    ----- stdout -----
    error[unpinned]: `a/b:2` has no digest
     --> old/a.yaml:6:22
      |
    6 |   - {name: a, image: a/b:2} # c
      |                      ^^^^^
      |
      = help: A tag can be moved to other content at any time. Run `kship pin` to write the digest behind the tag.

    dev/a.yaml:6:22: skipped `a/b:1`: ignored: kind loads it
    1 unpinned, 1 skipped
    ");
}
