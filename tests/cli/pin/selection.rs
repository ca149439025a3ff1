//! Which images count, and how they are spelled.

use insta::assert_snapshot;

use super::{API, WEB, ZERO, pin, plain, pod};

#[test]
fn patterns_and_marks() {
    let two = format!("{}---\n{}", pod("shop/api:2.0.1"), pod("shop/web:1.4.2"));
    let output = pin(&["--include", "shop/api", "--explain"])
        .file("a.yaml", &two)
        .run()
        .expect_code(0);
    assert_snapshot!(output, @"
    exit: 0
    ----- stdout -----
    a.yaml:6:22: shop/api:2.0.1@sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00
    a.yaml:13:22: skipped `shop/web:1.4.2`: excluded
    1 pinned, 1 skipped
    ");
    let output = pin(&["--exclude", "docker.io/shop/*"])
        .file("a.yaml", &two)
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), two);
    let marked = pod("shop/api:2.0.1").replace("# c", "# kship:ignore=kind loads it");
    let output = pin(&["--check", "--explain"])
        .file("a.yaml", marked)
        .run()
        .expect_code(0);
    assert_snapshot!(output, @"
    exit: 0
    ----- stdout -----
    a.yaml:6:22: skipped `shop/api:2.0.1`: ignored: kind loads it
    1 skipped
    ");
}

#[test]
fn digest_only_drops_the_tag() {
    let output = pin(&["--style", "digest-only"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), pod(&format!("shop/api@{API}")));
}

#[test]
fn one_platform_of_an_index() {
    let output = pin(&["--platform", "linux/arm64"])
        .file("a.yaml", pod("shop/web:1.4.2"))
        .run()
        .expect_code(0);
    assert!(!output.read("a.yaml").contains(WEB), "{output}");
    let again = pin(&["--check", "--online", "--platform", "linux/arm64"])
        .file("a.yaml", output.read("a.yaml"))
        .run();
    let _ = again.expect_code(0);
    let output = pin(&["--platform", "linux/s390x"])
        .file("a.yaml", pod("shop/web:1.4.2"))
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: a.yaml:6:22: `docker.io/shop/web:1.4.2` has no image for linux/s390x: it has linux/amd64, linux/arm64
    warning: nothing was written
    ");
    let output = pin(&["--platform", "linux"]).run().expect_code(2);
    assert_snapshot!(output, @"
    exit: 2
    ----- stderr -----
    error: invalid value 'linux' for '--platform <OS/ARCH[/VARIANT]>': `linux` is no platform: expected `os/architecture[/variant]`, such as linux/arm64

    For more information, try '--help'.
    ");
}

#[test]
fn an_update_replaces_old_digests() {
    let output = pin(&["--update"])
        .file("a.yaml", pod(&format!("shop/api:2.0.1@{ZERO}")))
        .run()
        .expect_code(0);
    assert_snapshot!(output, @"
    exit: 0
    ----- stdout -----
    a.yaml:6:22: shop/api:2.0.1@sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00 (was sha256:0000000000000000000000000000000000000000000000000000000000000000)
    1 updated
    ");
    assert_eq!(output.read("a.yaml"), pod(&format!("shop/api:2.0.1@{API}")));
}

#[test]
fn a_mapped_registry_is_asked_and_the_name_stays() {
    let output = pin(&["--registry-map", "quay.io/company=registry.example.com/shop"])
        .file("a.yaml", pod("quay.io/company/api:2.0.1"))
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), pod(&format!("quay.io/company/api:2.0.1@{API}")));
}

#[test]
fn fields_on_request() {
    let text = "apiVersion: example.com/v1\nkind: Runner\nspec:\n  runnerImage: shop/api:2.0.1\n  containers:\n  - image: shop/web:1.4.2\n    args: [--sidecar-image=shop/api:2.0.1]\n    env: [{name: RELATED_IMAGE_A, value: shop/api:2.0.1}]\n";
    let count = |args: &[&str]| {
        pin(args)
            .file("a.yaml", text)
            .run()
            .expect_code(0)
            .read("a.yaml")
            .matches("sha256:")
            .count()
    };
    assert_eq!(count(&[]), 1);
    assert_eq!(count(&["--rule", "spec.runnerImage"]), 2);
    assert_eq!(count(&["--rule", "Runner:key=runnerImage"]), 2);
    assert_eq!(count(&["--rule", "Other:spec.runnerImage"]), 1);
    let hosted = text
        .replace("=shop/", "=registry.example.com/shop/")
        .replace("value: shop/", "value: registry.example.com/shop/");
    let count = |args: &[&str]| {
        pin(args)
            .file("a.yaml", &hosted)
            .run()
            .expect_code(0)
            .read("a.yaml")
            .matches("sha256:")
            .count()
    };
    assert_eq!(count(&["--args"]), 2);
    assert_eq!(count(&["--env"]), 2);
    let output = plain(&["--rule", "spec..image"]).run().expect_code(2);
    assert_snapshot!(output, @"
    exit: 2
    ----- stderr -----
    error: rule `spec..image` has an empty key: expected a path such as `spec.runner.image` or `key=runnerImage`
    ");
}

#[test]
fn settings_of_a_team_and_flags_over_them() {
    let policy = "apiVersion: kship.dev/v1alpha1\nkind: TrustPolicy\npin: {style: digest-only, exclude: ['shop/web']}\nimages: [{match: '**/cart', digest: optional}]\n";
    let text = format!(
        "{}---\n{}---\n{}",
        pod("shop/api:2.0.1"),
        pod("shop/web:1.4.2"),
        pod("shop/cart:3.1.0")
    );
    let output = pin(&[])
        .file("kship.yaml", policy)
        .file("a.yaml", &text)
        .run()
        .expect_code(0);
    assert_eq!(
        output.read("a.yaml"),
        text.replace("shop/api:2.0.1", &format!("shop/api@{API}"))
    );
    let output = pin(&["--style", "tag-digest"])
        .file("kship.yaml", policy)
        .file("a.yaml", &text)
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), text.replace("2.0.1", &format!("2.0.1@{API}")));
    let output = pin(&[]).file("kship.yaml", "pin: {styl: x}\n").run().expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stderr -----
    error: kship.yaml cannot be used
      caused by: 1:7: `pin.styl` is not valid
      caused by: unknown field `styl`, expected one of `args`, `embedded`, `env`, `exclude`, `helmTagDigest`, `include`, `lock`, `platform`, `rules`, `style`
    ");
}

#[test]
fn what_cannot_be_pinned_in_place_is_told() {
    let values = "image:\n  repository: shop/web\n  tag: 1.4.2\n";
    let output = pin(&[]).file("values.yaml", values).run().expect_code(1);
    assert_snapshot!(output, @"
    exit: 1
    ----- stdout -----
    error[unpinned]: `shop/web:1.4.2` has no digest, and cannot be pinned in place: the chart's values have no `digest` key; pass --helm-tag-digest if its templates take `tag@digest`
     --> values.yaml:3:8
      |
    3 |   tag: 1.4.2
      |        ^^^^^
      |
      = help: Change the place as the message says, or accept it with `# kship:ignore=reason`.

    1 unpinned
    ");
    let output = pin(&["--helm-tag-digest"])
        .file("values.yaml", values)
        .run()
        .expect_code(0);
    assert_eq!(
        output.read("values.yaml"),
        values.replace("1.4.2", &format!("1.4.2@{WEB}"))
    );
}
