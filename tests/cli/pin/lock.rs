//! Lock files.

use insta::assert_snapshot;

use super::{API, WEB, ZERO, pin, plain, pod};

fn lock(name: &str, digest: &str) -> String {
    format!("apiVersion: kship.dev/v1alpha1\nkind: ImageLock\nimages:\n  \"{name}\": {{\"digest\": \"{digest}\"}}\n")
}

#[test]
fn what_is_resolved_is_noted_and_used_again() {
    let output = pin(&["--lock", "images.lock"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(0);
    assert_snapshot!(output.read("images.lock"), @r#"
    # What each tag meant when it was resolved. Written by `kship pin --lock`.
    apiVersion: kship.dev/v1alpha1
    kind: ImageLock
    images:
      "docker.io/shop/api:2.0.1": {"digest": "sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00", "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    "#);
    let again = plain(&["--lock", "images.lock", "--frozen"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .file("images.lock", output.read("images.lock"))
        .run()
        .expect_code(0);
    assert_eq!(again.read("a.yaml"), output.read("a.yaml"));
    assert_eq!(again.read("images.lock"), output.read("images.lock"));
}

#[test]
fn frozen_asks_nobody() {
    let output = plain(&["--lock", "images.lock", "--frozen"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: a.yaml:6:22: `docker.io/shop/api:2.0.1` is not in the lock file
    hint: run once without `--frozen`, and commit the lock file
    warning: nothing was written
    ");
    assert!(!output.path().join("images.lock").exists());
}

#[test]
fn locked_refuses_a_change_and_writes_nothing() {
    let output = pin(&["--lock", "images.lock", "--locked"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: images.lock would change, which --locked forbids: `docker.io/shop/api:2.0.1`
    warning: nothing was written
    ");
    assert_eq!(output.read("a.yaml"), pod("shop/api:2.0.1"));
    assert!(!output.path().join("images.lock").exists());
}

#[test]
fn an_update_renews_it() {
    let output = pin(&["--lock", "images.lock", "--update"])
        .file("a.yaml", pod(&format!("shop/api:2.0.1@{ZERO}")))
        .file("images.lock", lock("docker.io/shop/api:2.0.1", ZERO))
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), pod(&format!("shop/api:2.0.1@{API}")));
    assert!(output.read("images.lock").contains(API));
}

#[test]
fn a_check_against_it_needs_no_registry() {
    let output = plain(&["--check", "--lock", "images.lock"])
        .file("a.yaml", pod(&format!("shop/api:2.0.1@{ZERO}")))
        .file("images.lock", lock("docker.io/shop/api:2.0.1", API))
        .run()
        .expect_code(1);
    assert_snapshot!(output, @"
    exit: 1
    ----- stdout -----
    error[drifted]: tag `2.0.1` of `shop/api:2.0.1` now means sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00
     --> a.yaml:6:22
      |
    6 | ...: shop/api:2.0.1@sha256:0000000000000000000000000000000000000000000000000000000000000000}...
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: pin to sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00
      = help: The tag and the digest name different images. Run `kship pin --update` to take the new one.

    1 drifted
    ");
}

#[test]
fn the_lock_of_kbld_is_read_and_never_written() {
    let kbld = format!(
        "apiVersion: kbld.k14s.io/v1alpha1\nkind: Config\noverrides:\n- {{image: shop/web:1.4.2, newImage: \"shop/web@{WEB}\", preresolved: true}}\n"
    );
    let output = plain(&["--lock", "kbld.lock"])
        .file("a.yaml", pod("shop/web:1.4.2"))
        .file("kbld.lock", &kbld)
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), pod(&format!("shop/web:1.4.2@{WEB}")));
    assert_eq!(output.read("kbld.lock"), kbld);
    let output = pin(&["--lock", "kbld.lock"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .file("kbld.lock", &kbld)
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: kbld.lock is a lock file of kbld, which kship reads but does not write: it lacks `docker.io/shop/api:2.0.1`
    warning: nothing was written
    ");
}

#[test]
fn a_lock_file_that_is_none_is_named() {
    let output = plain(&["--lock", "images.lock"])
        .file("a.yaml", pod("a:1"))
        .file("images.lock", "a: [")
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stderr -----
    error: images.lock cannot be used
      caused by: 1:4: not readable as YAML
      caused by: unclosed bracket '['
    ");
    let output = plain(&["--frozen"]).file("a.yaml", pod("a:1")).run().expect_code(2);
    assert_snapshot!(output, @"
    exit: 2
    ----- stderr -----
    error: --frozen needs a lock file: name one with --lock
    ");
}
