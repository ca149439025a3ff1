//! One value alone.

use super::{run, seal, unseal};

/// Puts a raw value into a SealedSecret and opens it.
fn opens(value: &str, metadata: &str) -> String {
    let document = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {metadata}\nspec: {{encryptedData: {{k: {value}}}}}\n"
    );
    unseal(&["--key", "k"]).stdin(document).run().expect_code(0).stdout
}

#[test]
fn a_value_is_sealed_byte_for_byte() {
    let output = seal(&["--raw", "--name", "a", "-n", "shop"])
        .stdin("x\n")
        .run()
        .expect_code(0);
    assert!(!output.stdout.ends_with('\n') && output.stderr.is_empty(), "{output}");
    assert_eq!(opens(&output.stdout, "{name: a, namespace: shop}"), "x\n");
    for from in ["v=1", "key=v=1", "./v=1"] {
        let args = ["--raw", "--scope", "cluster-wide", "--from-file", from];
        let path = if from == "./v=1" { "1" } else { "v=1" };
        let output = seal(&args)
            .file(path, "secret")
            .file("1", "secret")
            .run()
            .expect_code(0);
        let metadata = "{name: any, annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}}";
        assert_eq!(opens(&output.stdout, metadata), "secret");
    }
}

#[test]
fn the_scope_says_what_must_be_named() {
    for (args, code, message) in [
        (["--raw", "-n", "a"].as_slice(), 3, "the Secret has no metadata.name"),
        (
            &["--raw", "--name", "a"],
            3,
            "no metadata.namespace, which the scope strict needs",
        ),
        (
            &["--raw", "--scope", "namespace-wide"],
            3,
            "which the scope namespace-wide needs",
        ),
        (&["--raw", "--name", "A", "-n", "a"], 3, "`A` is not a name of a Secret"),
        (&["--raw", "--name", "a", "-n", "a/b"], 3, "`a/b` is not a namespace"),
        (&["--raw", "-f", "x"], 2, "--raw"),
    ] {
        let output = seal(args).stdin("hunter2").run().expect_code(code);
        assert!(output.stderr.contains(message), "{message}: {output}");
        assert!(
            output.stdout.is_empty() && !output.stderr.contains("hunter2"),
            "{output}"
        );
    }
}

#[test]
fn variables_stand_for_flags_and_flags_win() {
    let output = run(&["seal", "--raw", "-n", "shop"])
        .env("SEALED_SECRETS_CERT", "keys/sealing-2048.crt")
        .env("SEALED_SECRETS_NAMESPACE", "other")
        .env("SEALED_SECRETS_NAME", "a")
        .env("SEALED_SECRETS_SCOPE", "strict")
        .stdin("x")
        .run()
        .expect_code(0);
    assert_eq!(opens(&output.stdout, "{name: a, namespace: shop}"), "x");
    let output = seal(&["--raw"])
        .env("SEALED_SECRETS_SCOPE", "bogus")
        .stdin("x")
        .run()
        .expect_code(2);
    assert_eq!(
        output.stderr,
        "error: the variable SEALED_SECRETS_SCOPE cannot be used\n  caused by: `bogus` is not a scope: expected strict, namespace-wide or cluster-wide\n"
    );
}

#[test]
fn a_value_is_opened_without_its_document() {
    for (scope, sealing, opening) in [
        (
            "strict",
            ["--name=a", "-n=shop"].as_slice(),
            ["--name=a", "-n=shop"].as_slice(),
        ),
        ("namespace-wide", &["-n=shop"], &["-n=shop", "--name=any"]),
        ("cluster-wide", &[], &[]),
    ] {
        let value = seal(&[&["--raw", "--scope", scope], sealing].concat())
            .stdin("x\n")
            .run()
            .expect_code(0)
            .stdout;
        let opened = unseal(&[&["--raw", "--scope", scope], opening].concat())
            .stdin(format!("{value}\n"))
            .run();
        assert_eq!(opened.expect_code(0).stdout, "x\n");
    }
    let value = seal(&["--raw", "--scope", "namespace-wide", "-n", "shop"])
        .stdin("x")
        .run()
        .expect_code(0)
        .stdout;
    for (args, code, message) in [
        (
            ["--raw", "--name=a", "-n=shop"].as_slice(),
            1,
            "error: <stdin> does not open\n  caused by: it was sealed with the scope namespace-wide, not strict\n",
        ),
        (
            &["--raw", "--name=a"],
            2,
            "--raw with the scope strict needs --namespace",
        ),
        (&["--raw", "-n=shop"], 2, "--raw with the scope strict needs --name"),
        (&["--raw", "--key", "k"], 2, "--key"),
        (
            &["--raw", "--name=a", "-n=shop", "-f=a", "-f=b"],
            2,
            "expected one file",
        ),
    ] {
        let output = unseal(args).stdin(value.as_str()).run().expect_code(code);
        assert!(
            output.stderr.contains(message) && output.stdout.is_empty(),
            "{message}: {output}"
        );
    }
    let output = unseal(&["--raw", "--scope=cluster-wide"])
        .stdin("hunter2!")
        .run()
        .expect_code(3);
    assert!(
        output.stderr.contains("it is not base64") && !output.stderr.contains("hunter2"),
        "{output}"
    );
}
