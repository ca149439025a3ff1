//! Files of Secrets and other documents.

use super::{SECRET, seal, unseal};

const CONFIG: &str = "# kept\napiVersion: v1\nkind: ConfigMap\nmetadata:   {name: c} # as it is\ndata: {a: 'x'}\n";

#[test]
fn other_documents_pass_untouched() {
    let text = format!("{CONFIG}---\n{SECRET}---\n# nothing\n---\n{CONFIG}");
    let output = seal(&["-f", "s.yaml", "-o", "yaml"])
        .file("s.yaml", text)
        .run()
        .expect_code(0);
    assert!(
        output
            .stdout
            .starts_with(&format!("---\n{CONFIG}---\napiVersion: bitnami.com/v1alpha1\n")),
        "{output}"
    );
    assert!(
        output
            .stdout
            .ends_with(&format!("    type: x\n---\n{CONFIG}").replace("    type: x\n", "")),
        "{output}"
    );
    assert_eq!(output.stdout.matches("---\n").count(), 3, "{output}");
    assert_eq!(output.stderr, "sealed 1, passed on unchanged what is no Secret: 2\n");
    assert!(!output.stdout.contains("hunter2"));
}

#[test]
fn a_list_comes_apart() {
    let list = "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"data\": {\"k\": \"dg=\\u003d\"}}, {\"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}}]}";
    let output = seal(&["-n", "shop"]).stdin(list).run().expect_code(0);
    let kinds: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.starts_with("  \"kind\""))
        .collect();
    assert_eq!(kinds, ["  \"kind\": \"SealedSecret\",", "  \"kind\": \"Pod\","]);
    let opened = unseal(&[]).stdin(output.stdout).run().expect_code(0);
    assert!(opened.stdout.contains("\"k\": \"dg==\""), "{opened}");
    assert_eq!(opened.stderr, "opened 1, left out 1 that are no SealedSecret\n");
}

#[test]
fn a_file_is_written_as_a_whole_or_not_at_all() {
    let old = "old: content\n";
    let output = seal(&["-w", "out.yaml"])
        .file("out.yaml", old)
        .stdin(SECRET)
        .run()
        .expect_code(0);
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("", "wrote out.yaml\n")
    );
    assert!(
        output
            .read("out.yaml")
            .starts_with("---\napiVersion: bitnami.com/v1alpha1\n")
    );
    let second = format!("{SECRET}---\nkind: Secret\nmetadata: {{name: b}}\nstringData: {{a: hunter2}}\n");
    for input in [
        second.as_str(),
        "",
        "kind: ConfigMap\n",
        "a: [\n",
        "kind: secret\ndata: {a: b}\n",
        "kind: Secret\ndata: {a: hunter2}\n",
    ] {
        let output = seal(&["-w", "out.yaml"])
            .file("out.yaml", old)
            .stdin(input)
            .run()
            .expect_code(3);
        assert_eq!(output.read("out.yaml"), old);
        assert!(
            output.stdout.is_empty() && !output.stderr.contains("hunter2"),
            "{output}"
        );
        assert_eq!(
            std::fs::read_dir(output.path()).unwrap().count(),
            2,
            "nothing is left beside it"
        );
    }
}

#[test]
fn failures_say_where() {
    let text = format!("{SECRET}---\nkind: Secret\nmetadata: {{name: b, namespace: shop}}\ndata:\n  a: hunter2\n");
    let output = seal(&["-f", "s.yaml"]).file("s.yaml", text).run().expect_code(3);
    assert_eq!(
        output.stderr,
        "error: s.yaml:9:6 cannot be sealed\n  caused by: data.a is not base64: expected the padded standard alphabet, or plain text under `stringData`\n"
    );
    let json = "{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\", \"namespace\": \"n\"}, \"data\": {\"a\": \"eA==\"}}\n{\"kind\": \"Secret\",\n\"data\": [1]}";
    let output = seal(&[]).stdin(json).run().expect_code(3);
    assert!(
        output.stderr.starts_with("error: <stdin>:3:9 cannot be sealed\n"),
        "{output}"
    );
    let output = seal(&["-n", "other"]).stdin(SECRET).run().expect_code(3);
    assert_eq!(
        output.stderr,
        "error: <stdin>:1:1 cannot be sealed\n  caused by: the Secret is in the namespace `shop`, but `other` was asked for\nhint: change one of the two, or leave `--namespace` out\n"
    );
}

#[test]
fn readings_of_yaml_1_1_are_told() {
    let text = "kind: Secret\nmetadata: {name: a, namespace: n}\nstringData:\n  port: 0777\n";
    let output = seal(&["-o", "yaml"]).stdin(text).run().expect_code(0);
    assert_eq!(
        output.stderr,
        "warning: <stdin>:4:9: the unquoted value of stringData.port reads as an octal number, not as text, in YAML 1.1, which is what kubectl takes: quote it if that is not meant\n\
         warning: <stdin>:2:32: `n` at metadata.namespace reads `false` in YAML 1.1, which is what kubectl takes: quote it if that is not meant\n"
    );
    let opened = unseal(&["--key", "port"]).stdin(output.stdout).run().expect_code(0);
    assert_eq!(opened.stdout, "511");
}

#[test]
fn utf16_is_read_and_an_explicit_scope_wins() {
    let text = "kind: Secret\nmetadata: {name: a, namespace: shop, annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}}\nstringData: {p: é}\n";
    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let output = seal(&["--scope", "strict", "-o", "yaml"])
        .stdin(wide)
        .run()
        .expect_code(0);
    assert!(!output.stdout.contains("cluster-wide"), "{output}");
    let opened = unseal(&["--key", "p"]).stdin(output.stdout).run().expect_code(0);
    assert_eq!(opened.stdout, "é");
}
