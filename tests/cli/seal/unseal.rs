//! SealedSecrets become Secrets again.

use super::{SECRET, run, seal, unseal};

fn sealed(args: &[&str]) -> String {
    seal(&[&["-o", "yaml"], args].concat())
        .stdin(SECRET)
        .run()
        .expect_code(0)
        .stdout
}

#[test]
fn what_was_sealed_is_opened() {
    let text = "kind: Secret\nmetadata: {name: a, namespace: shop, labels: {l: x}}\ntype: Opaque\nimmutable: true\nstringData: {b: '', a: hunter2}\n";
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let sealed = seal(&["--scope", scope, "-w", "s.json"])
            .stdin(text)
            .run()
            .expect_code(0)
            .read("s.json");
        let output = unseal(&["-f", "s.json", "-o", "yaml"])
            .file("s.json", sealed)
            .run()
            .expect_code(0);
        let annotations = match scope {
            "strict" => String::new(),
            scope => format!("  annotations:\n    sealedsecrets.bitnami.com/{scope}: \"true\"\n"),
        };
        assert_eq!(
            output.stdout,
            format!(
                "---\napiVersion: v1\ndata:\n  a: aHVudGVyMg==\n  b: \"\"\nimmutable: true\nkind: Secret\nmetadata:\n{annotations}  labels:\n    l: x\n  name: a\n  namespace: shop\ntype: Opaque\n"
            )
        );
    }
}

#[test]
fn plaintext_files_are_for_their_owner() {
    let output = unseal(&["-w", "s.yaml"])
        .file("s.yaml", "old")
        .stdin(sealed(&[]))
        .run()
        .expect_code(0);
    assert!(output.read("s.yaml").contains("password: aHVudGVyMg==\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(output.path().join("s.yaml"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn one_value_is_given_byte_for_byte() {
    let output = unseal(&["--key", "password"]).stdin(sealed(&[])).run().expect_code(0);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("hunter2", ""));
    let output = unseal(&["--key", "user"]).stdin(sealed(&[])).run().expect_code(3);
    assert_eq!(output.stderr, "error: no SealedSecret has the key `user`\n");
    let output = unseal(&["--key", "password"])
        .stdin(sealed(&[]).repeat(2))
        .run()
        .expect_code(3);
    assert_eq!(
        output.stderr,
        "error: several SealedSecrets have the key `password`: expected one\n"
    );
}

#[test]
fn what_does_not_open_is_explained() {
    let strict = sealed(&[]);
    let at = "<stdin>:9:15: password of";
    for (text, expected) in [
        (
            strict.replace("  name: a\n  namespace: shop\nspec", "  name: b\n  namespace: shop\nspec"),
            format!("error: {at} shop/b does not open: it was sealed for the name `a` in the namespace `shop` (scope strict)\n"),
        ),
        (
            strict.replace("  namespace: shop\nspec", "  namespace: test\nspec"),
            format!("error: {at} test/a does not open: it was sealed for the name `a` in the namespace `shop` (scope strict)\n"),
        ),
        (
            strict.replace("name: a\n", "name: b\n").replace("namespace: shop\n", "namespace: test\n"),
            format!("error: {at} test/b does not open: none of the keys sealed it, or it was sealed for another name or namespace, or it is damaged\n"),
        ),
        (
            sealed(&["--scope", "namespace-wide"]).replace("wide: \"true\"", "wide: \"yes\""),
            "error: <stdin>:11:15: password of shop/a does not open: it was sealed with the scope namespace-wide, and the annotations of the document say strict\n".to_owned(),
        ),
        (
            strict.replace("password: AQ", "password: ZZ"),
            format!("error: {at} shop/a does not open: it is cut off, or was never a sealed value\n"),
        ),
    ] {
        let output = unseal(&[]).stdin(text).run().expect_code(1);
        assert_eq!((output.stdout.as_str(), output.stderr), ("", expected));
    }
    let output = run(&["unseal", "--recovery-private-key", "keys/sealing-4096.key"])
        .stdin(strict)
        .run()
        .expect_code(1);
    assert!(
        output
            .stderr
            .ends_with("does not open: it was sealed with a key of 2048 bits, and those given have 4096\n"),
        "{output}"
    );
}

#[test]
fn a_damaged_value_beside_a_good_one_is_told() {
    let text = sealed(&[]);
    let line = text.lines().find(|line| line.contains("password: ")).unwrap();
    let damaged = line.replace("password", "user");
    let last = damaged.len() - 8;
    let flipped = if &damaged[last..=last] == "A" { "B" } else { "A" };
    let damaged = format!("{}{flipped}{}", &damaged[..last], &damaged[last + 1..]);
    let output = unseal(&[])
        .stdin(text.replace(line, &format!("{line}\n{damaged}")))
        .run()
        .expect_code(1);
    assert!(
        output.stderr.contains("user of shop/a does not open: it is damaged, or was sealed elsewhere: other values of this document open with the same key"),
        "{output}"
    );
}

#[test]
fn templates_are_honoured_or_refused() {
    let text = sealed(&[]).replace(
        "  template:\n",
        "  template:\n    data:\n      note: plain\n      password: other\n",
    );
    let output = unseal(&["-o", "yaml"]).stdin(text.as_str()).run().expect_code(0);
    assert!(
        output
            .stdout
            .contains("data:\n  note: cGxhaW4=\n  password: aHVudGVyMg==\n"),
        "{output}"
    );
    let left_out = text.replace("password: other", "password: null");
    let output = unseal(&["-o", "yaml"]).stdin(left_out).run().expect_code(0);
    assert!(!output.stdout.contains("password"), "{output}");
    let template = text.replace("note: plain", "note: '{{ .password }}'");
    let output = unseal(&[]).stdin(template.as_str()).run().expect_code(3);
    assert!(
        output.stderr.contains("spec.template.data.note is a Go template"),
        "{output}"
    );
    assert_eq!(
        unseal(&["--key", "password"])
            .stdin(template)
            .run()
            .expect_code(0)
            .stdout,
        "hunter2"
    );
}

#[test]
fn keys_and_input_that_cannot_be_used_are_refused() {
    let output = run(&["unseal"]).stdin(sealed(&[])).run().expect_code(2);
    assert_eq!(output.stderr, "error: no private key: name a file with --private-key\n");
    let output = run(&["unseal", "--private-key", "keys/sealing-2048.crt"])
        .stdin("")
        .run()
        .expect_code(3);
    assert!(
        output.stderr.contains("caused by: no private key: expected PEM"),
        "{output}"
    );
    let output = unseal(&[]).stdin(SECRET).run().expect_code(3);
    assert_eq!(
        output.stderr,
        "error: <stdin> holds no SealedSecret: expected a document with `kind: SealedSecret`\n"
    );
    let text = sealed(&[]);
    let line = text.lines().find(|line| line.contains("password: ")).unwrap();
    let text = text.replace(line, &line[..line.len() - 3]);
    let output = unseal(&[]).stdin(text).run().expect_code(3);
    assert!(
        output
            .stderr
            .contains("the sealed value password is not base64: it was cut off or edited"),
        "{output}"
    );
    let unnamed = sealed(&[])
        .replace("  namespace: shop\n", "")
        .replace("      namespace: shop\n", "");
    let output = unseal(&[]).stdin(unnamed.as_str()).run().expect_code(3);
    assert!(
        output
            .stderr
            .contains("has no metadata.namespace, which its scope strict needs"),
        "{output}"
    );
    let _ = unseal(&["-n", "shop"]).stdin(unnamed).run().expect_code(0);
}

#[test]
fn several_key_files_and_the_variable_add_up() {
    let output = run(&[
        "unseal",
        "--private-key",
        "keys/sealing-4096.key,keys/sealing-expired.key",
    ])
    .env("SEALED_SECRETS_RECOVERY_PRIVATE_KEY", "keys/sealing-2048.key")
    .stdin(sealed(&[]))
    .run();
    let _ = output.expect_code(0);
}
