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
    assert_snapshot!(output.read("images.lock"), @"");
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
    assert_snapshot!(output, @"");
    assert!(!output.path().join("images.lock").exists());
}

#[test]
fn locked_refuses_a_change_and_writes_nothing() {
    let output = pin(&["--lock", "images.lock", "--locked"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"");
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
    assert_snapshot!(output, @"");
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
    assert_snapshot!(output, @"");
}

#[test]
fn a_lock_file_that_is_none_is_named() {
    let output = plain(&["--lock", "images.lock"])
        .file("a.yaml", pod("a:1"))
        .file("images.lock", "a: [")
        .run()
        .expect_code(3);
    assert_snapshot!(output, @"");
    let output = plain(&["--frozen"]).file("a.yaml", pod("a:1")).run().expect_code(2);
    assert_snapshot!(output, @"");
}
