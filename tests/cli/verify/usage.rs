use insta::assert_snapshot;

use super::images;

const WEB: &str = "registry.example.com/shop/web:1.4.2";

/// What is said about flags that make no sense.
fn refused(args: &[&str], code: i32) -> String {
    let output = images(args).run().expect_code(code);
    assert!(output.stdout.is_empty(), "{output}");
    output.stderr
}

#[test]
fn a_signer_must_be_named() {
    assert_snapshot!(refused(&[WEB], 2));
    assert_snapshot!(refused(&[WEB, "--certificate-identity=a@example.com"], 2));
    assert_snapshot!(refused(&[WEB, "--certificate-oidc-issuer=https://example.com"], 2));
    assert_snapshot!(refused(&["--key=keys/release.pub"], 2));
}

#[test]
fn a_pattern_for_everybody_must_be_meant() {
    let any = [
        "--certificate-identity-regexp=.*",
        "--certificate-oidc-issuer=https://example.com",
    ];
    assert_snapshot!(refused(&[&[WEB], &any[..]].concat(), 2));
    let meant = [&[WEB, "--allow-any-identity"], &any[..]].concat();
    let output = images(&meant).run().expect_code(1);
    assert!(output.stdout.contains("an identity cannot be verified"), "{output}");
    let broken = [
        "--certificate-identity-regexp=a)|(?:.*",
        "--certificate-oidc-issuer=https://example.com",
    ];
    let text = refused(&[&[WEB], &broken[..]].concat(), 2);
    assert!(text.contains("`a)|(?:.*` is not a regular expression"), "{text}");
}

#[test]
fn a_key_must_be_one() {
    let private =
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\naGk=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    let output = images(&[WEB, "--key=cosign.key"]).file("cosign.key", private).run();
    assert_snapshot!(output.expect_code(3));
    let pem = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/verify/cosign/keys/release.pub"
    ));
    let twice = pem.unwrap().repeat(2);
    let output = images(&[WEB, "--key=two.pub"])
        .file("two.pub", twice)
        .run()
        .expect_code(3);
    assert!(
        output.stderr.contains("there are 2 public keys: expected one a file"),
        "{output}"
    );
}

#[test]
fn other_flags_are_checked_before_anything_is_asked() {
    let key = "--key=keys/release.pub";
    for (args, said) in [
        (vec![key, "not an image"], "`not an image` is not an image"),
        (
            vec![key, WEB, "-a", "env"],
            "`env` is no annotation: expected `key=value`",
        ),
        (
            vec![key, WEB, "-a", "a=1", "-a", "a=2"],
            "annotation `a` is asked for twice",
        ),
        (vec![key, WEB, "--type="], "`--type` is empty"),
        (
            vec![key, WEB, "--type=spdx", "-o", "cosign"],
            "`--format cosign` prints signatures of images",
        ),
        (
            vec![key, WEB, "--tlog=off", "--insecure-ignore-tlog"],
            "cannot be used with",
        ),
        (vec![key, WEB, "--include=a"], "--filename"),
    ] {
        let text = refused(&args, 2);
        assert!(text.contains(said), "{args:?}: {text}");
    }
}
