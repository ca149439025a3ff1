//! Findings, formats, places and what is never printed.

use insta::assert_snapshot;

use crate::support::cli::{Output, Run, kship};

/// Two random keys, made for these tests.
const KEY: &str = "xQ+B7jKbR9a3Zk1e8mTq0LwYvN2cFhUiJp5sRdGoA4k=";
const OTHER: &str = "q7Rk0ZtVbW3xYc9LmN8pQ2sDfGh4Jk6TzXyUvIoPa1E=";

const HEADER: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";

fn check(args: &[&str]) -> Run {
    kship(&[&["encryption", "check"], args].concat())
}

/// Secrets with these providers, in flow style.
fn secrets(providers: &str) -> String {
    format!("{HEADER}- resources: [secrets]\n  providers: {providers}\n")
}

fn good() -> String {
    secrets(&format!(
        "[{{secretbox: {{keys: [{{name: key1, secret: {KEY}}}]}}}}, {{identity: {{}}}}]"
    ))
}

fn from_stdin(text: impl Into<Vec<u8>>) -> Output {
    check(&["-"]).stdin(text).run()
}

#[test]
fn a_good_file_passes() {
    let output = from_stdin(good()).expect_code(0);
    assert_snapshot!(output, @"
    exit: 0
    ----- stdout -----
    1 checked
    ");
    // What `init` writes by default.
    let default = good().replace("secretbox", "aescbc");
    let output = from_stdin(default).expect_code(0);
    assert!(output.stdout.starts_with("note[aescbc]"), "{output}");
}

#[test]
fn what_the_api_server_refuses_is_a_finding_with_its_words() {
    let output = from_stdin(secrets(&format!(
        "[{{aescbc: {{keys: [{{name: a, secret: {KEY}, x: 1}}]}}}}]"
    )))
    .expect_code(1);
    assert_snapshot!(output, @r#"
    exit: 1
    ----- stdout -----
    error[invalid]: strict decoding error: unknown field "resources[0].providers[0].aescbc.keys[0].x"
     --> <stdin>:5:96
      |
    5 | ...aescbc: {keys: [{name: a, secret: ********************************************, x: 1}]}}]
      |                                                                                    ^
      |
      = help: The message is that of kube-apiserver v1.37, with keys masked. It does not start with such a file, or keeps the old one.

    1 checked, 1 invalid
    "#);
    let output = from_stdin("").expect_code(1);
    assert_snapshot!(output, @r#"
    exit: 1
    ----- stdout -----
    error[invalid]: encryption provider configuration file "<stdin>" is empty
    --> <stdin>:1:1
     = help: The message is that of kube-apiserver v1.37, with keys masked. It does not start with such a file, or keeps the old one.

    1 checked, 1 invalid
    "#);
    let output = from_stdin("kind: EncryptionConfiguration\nb: [}\n").expect_code(1);
    assert!(output.stdout.starts_with("error[invalid]: yaml: line 2: "), "{output}");
}

#[test]
fn identity_first_is_told_where_it_stands() {
    let output = check(&["enc.yaml"])
        .file(
            "enc.yaml",
            secrets(&format!(
                "\n  - identity: {{}}\n  - aescbc:\n      keys:\n      - name: a\n        secret: {KEY}"
            )),
        )
        .run()
        .expect_code(1);
    let shown: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| !line.contains("file-mode"))
        .collect();
    assert!(
        shown.contains(&"error[identity-first]: `identity` is the first provider: `secrets` are written in plaintext")
    );
    assert!(output.stdout.contains(" --> enc.yaml:6:5\n"), "{output}");
}

#[test]
fn no_output_holds_a_key() {
    let short = &KEY[..20];
    let twice = secrets(&format!(
        "[{{aescbc: {{keys: [{{name: {KEY}, secret: {KEY}}}, {{name: b, secret: {KEY}}}]}}}}]"
    ));
    let wrong = [
        twice.clone(),
        twice.replace("secret:", "Secret:"),
        twice.replace(&format!("secret: {KEY}"), KEY),
        twice.replace("[{aescbc", "[{identity: {}, aescbc"),
        twice.replace("kind:", "kin:"),
        twice.replace("secret: ", "secret: \"") + "\"",
        twice.replace(&format!("secret: {KEY}"), &format!("secret: [{KEY}]")),
        format!("{twice}---\n{KEY}\n"),
        format!("{twice}{KEY}\n"),
        twice.replace("secret:", &format!("{KEY}: {KEY}, {KEY}: 1, secret:")),
        format!("{{\"kind\":\"EncryptionConfiguration\",\"x\":\"{KEY}\"}}"),
    ];
    for text in wrong {
        for format in ["human", "json", "sarif", "github"] {
            let output = check(&["--format", format, "--explain", "-"])
                .stdin(text.as_str())
                .run();
            assert!(matches!(output.code, Some(0 | 1)), "{text}\n{output}");
            assert!(
                !output.stdout.contains(short) && !output.stderr.contains(short),
                "{text}\n{output}"
            );
        }
    }
}

#[test]
fn the_formats_agree() {
    let text = good().replace("key1", "'key 1'") + "---\nx: y\n";
    let run = |format| {
        check(&["--format", format, "-"])
            .stdin(text.as_str())
            .run()
            .expect_code(1)
    };
    let json: serde_json::Value = serde_json::from_str(&run("json").stdout).unwrap();
    assert_eq!(json["schema"], "kship.encryption/v1");
    assert_eq!(
        (&json["summary"]["ignored-document"], &json["summary"]["key-name"]),
        (&1.into(), &1.into())
    );
    let told = &json["details"]["configurations"][0];
    assert_eq!(
        (&told["loader"]["accepted"], &told["origin"]),
        (&true.into(), &"file".into())
    );
    assert_eq!(
        told["entries"][0]["providers"][0],
        serde_json::json!({"provider": "secretbox", "keys": ["key 1"]})
    );
    assert_eq!(told["cis"]["1.2.28"], true);
    let sarif: serde_json::Value = serde_json::from_str(&run("sarif").stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), json["findings"].as_array().unwrap().len());
    let annotations = run("github").stdout;
    let annotations = annotations.lines().filter(|line| line.starts_with("::"));
    assert_eq!(annotations.count(), results.len());
}

#[test]
fn a_tree_is_searched_for_every_form() {
    let indented = good().replace('\n', "\n    ");
    let output = check(&["--format", "json", "--explain", "."])
        .file("a/enc.yaml", good())
        .file("a/k3s/encryption-config.json", good_json())
        .file("talos.yaml", talos())
        .file(
            "map.yaml",
            format!(
                "kind: ConfigMap\napiVersion: v1\ndata:\n  enc.yaml: |\n    {}\n",
                indented.replace("secrets", "sekrets").trim_end()
            ),
        )
        .file("second.yaml", format!("kind: ConfigMap\n---\n{}", good()))
        .file("template.yaml", format!("{HEADER}- {{{{ .Values.entry }}}}\n"))
        .file("other.yaml", "kind: Pod\n")
        .file("broken.yaml", "a: [\n")
        .run()
        .expect_code(1);
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let configurations = json["details"]["configurations"].as_array().unwrap();
    let told: Vec<String> = configurations
        .iter()
        .map(|told| {
            format!(
                "{} {} {}",
                told["path"].as_str().unwrap(),
                told["line"],
                told["origin"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "a/enc.yaml 4 file",
            "a/k3s/encryption-config.json 1 file",
            "map.yaml 8 embedded",
            "second.yaml 6 document",
            "talos.yaml 5 talos"
        ]
    );
    assert_eq!(json["skips"][0]["code"], "template");
    let findings = json["findings"].as_array().unwrap();
    let misspelt = findings
        .iter()
        .find(|finding| finding["rule"] == "unknown-resource")
        .unwrap();
    assert_eq!(
        misspelt["location"]["start"],
        serde_json::json!({"line": 8, "column": 19, "byte": 161})
    );
}

fn good_json() -> String {
    format!(
        "{{\"kind\":\"EncryptionConfiguration\",\"apiVersion\":\"apiserver.config.k8s.io/v1\",\"resources\":[{{\"resources\":[\"secrets\"],\"providers\":[{{\"aescbc\":{{\"keys\":[{{\"name\":\"aescbckey\",\"secret\":\"{KEY}\"}}]}}}},{{\"identity\":{{}}}}]}}]}}\n"
    )
}

fn talos() -> String {
    format!(
        "apiVersion: v1alpha1\nkind: KubeEtcdEncryptionConfig\nconfig:\n  resources:\n  - resources: [secrets]\n    providers: [{{secretbox: {{keys: [{{name: key2, secret: {OTHER}}}]}}}}, {{identity: {{}}}}]\n"
    )
}

#[test]
fn a_named_file_must_be_a_configuration() {
    let pod = || check(&["pod.yaml"]).file("pod.yaml", "kind: Pod\napiVersion: v1\n");
    let output = pod().run().expect_code(1);
    assert!(
        output
            .stdout
            .contains("error[invalid]: no kind \"Pod\" is registered for version \"v1\""),
        "{output}"
    );
    assert_eq!(
        check(&["."])
            .file("pod.yaml", "kind: Pod\n")
            .run()
            .expect_code(0)
            .stdout,
        ""
    );
    assert_eq!(check(&["gone.yaml"]).run().expect_code(3).stdout, "");
    assert_eq!(check(&[]).run().expect_code(2).stdout, "");
}

#[test]
fn versions_and_gates_decide() {
    let wild = good().replace("secrets", "'*.*'");
    let on = |version: &str, text: &str| check(&["--kubernetes", version, "-"]).stdin(text).run();
    assert!(
        on("1.26", &wild)
            .expect_code(1)
            .stdout
            .starts_with("error[unsupported]")
    );
    assert_eq!(on("v1.27.3", &wild).code, Some(0));
    let v1 = secrets("[{kms: {name: a, endpoint: 'unix:///a'}}]");
    assert!(
        on("1.29", &v1)
            .expect_code(1)
            .stdout
            .starts_with("error[invalid]: KMSv1 is deprecated")
    );
    assert!(on("1.28", &v1).expect_code(0).stdout.starts_with("warning[kms-v1]"));
    let gate = check(&["--feature-gates", "X=false,KMSv1=true", "-"]).stdin(v1).run();
    assert!(gate.expect_code(0).stdout.starts_with("warning[kms-v1]"));
    for args in [
        ["--kubernetes", "1.25"],
        ["--kubernetes", "2.30"],
        ["--kubernetes", "latest"],
        ["--feature-gates", "KMSv1"],
    ] {
        let output = check(&[args[0], args[1], "-"]).run().expect_code(2);
        assert!(output.stderr.contains("expected "), "{output}");
    }
}

#[test]
fn findings_can_be_accepted() {
    let text = secrets("[{identity: {}}] # kship:ignore=being switched off");
    assert_eq!(from_stdin(text).code, Some(0));
    let accepted =
        "ignore: [{rule: identity-first, path: 'dev/**', reason: a test}, {rule: cis-1.2.28, reason: a test}]\n";
    let run = |path: &str| {
        check(&["--explain", "."])
            .file("kship.yaml", accepted)
            .file(path, secrets("[{identity: {}}]"))
            .run()
    };
    let output = run("dev/enc.yaml").expect_code(0);
    assert!(output.stdout.contains("ignored: a test"), "{output}");
    assert_eq!(run("prod/enc.yaml").code, Some(1));
    // The other verbs know these rules, too.
    let pin = kship(&["pin", "--check"]).file("kship.yaml", accepted).run();
    assert_eq!(pin.code, Some(0), "{pin}");
}

#[test]
fn the_example_key_of_this_project_is_refused() {
    let example = include_str!("../../../keys-example/encryption.yaml");
    let output = from_stdin(example).expect_code(1);
    assert_snapshot!(output, @"
    exit: 1
    ----- stdout -----
    error[example-key]: the key `example` is an example from kship's own `keys-example`
      --> <stdin>:11:23
       |
    11 |               secret: ********************************************
       |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: Everybody can read what it encrypts. Add a random key with `kship encryption rotate prepare`, and rewrite what is stored.

    1 checked, 1 example-key
    ");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;

    for (mode, expected) in [
        (0o600, ""),
        (
            0o640,
            "warning[file-mode]: the file holds keys and has mode 0640: expected 0600",
        ),
    ] {
        let run = check(&["enc.yaml"]).file("enc.yaml", good());
        std::fs::set_permissions(run.path().join("enc.yaml"), std::fs::Permissions::from_mode(mode)).unwrap();
        let output = run.run().expect_code(0);
        assert!(
            output.stdout.starts_with(expected) && output.stdout.contains("file-mode") != expected.is_empty(),
            "{output}"
        );
    }
}
