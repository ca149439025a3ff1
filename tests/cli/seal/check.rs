//! `kship seal --check`: what is a finding, what is none, and that no value is ever shown.

use serde_json::Value;

use super::{SECRET, run};
use crate::support::cli::{Output, Run};

/// What no report may show: values of the fixtures, in plain text and encoded.
const VALUES: [&str; 4] = ["hunter2", "aHVudGVyMg", "ü:", "db.example.com"];

fn check(args: &[&str]) -> Run {
    run(&[&["seal", "--check"], args].concat())
}

/// A check of the tree in `fixtures/seal/check`.
fn tree(args: &[&str]) -> Run {
    check(args).folder("fixtures/seal/check/tree", "tree")
}

fn report(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

/// `path:line rule` of each finding.
fn findings(output: &Output) -> Vec<String> {
    let report = report(output);
    let findings = report.get("findings").and_then(Value::as_array).unwrap();
    let place = |finding: &Value| {
        let at = |pointer| finding.pointer(pointer).unwrap().to_string().replace('"', "");
        format!(
            "{}:{} {}",
            at("/location/path"),
            at("/location/start/line"),
            at("/rule")
        )
    };
    findings.iter().map(place).collect()
}

#[test]
fn every_rule_finds_what_its_fixture_is_named_after() {
    let output = tree(&["tree", "--format", "json"]).run().expect_code(1);
    assert_eq!(
        findings(&output),
        [
            "tree/found/generator/kustomization.yaml:4 plaintext-generator",
            "tree/found/last-applied-copy.yaml:12 last-applied-copy",
            "tree/found/malformed-value.yaml:8 malformed-value",
            "tree/found/plaintext-beside-sealed.yaml:6 plaintext-beside-sealed",
            "tree/found/plaintext-secret.list.json:19 plaintext-secret",
            "tree/found/plaintext-secret.yaml:12 plaintext-secret",
            "tree/found/plaintext-template.yaml:10 plaintext-template",
            "tree/found/scope-mismatch.yaml:12 scope-mismatch",
            "tree/found/scope-value.yaml:7 scope-value",
        ]
    );
    assert_eq!(output.stderr, "");
    let report = report(&output);
    assert_eq!(report["schema"], "kship.seal/v1");
    assert_eq!(report["summary"]["plaintext-secret"], 2);
    assert_eq!(report["summary"]["failed"], 0);
}

#[test]
fn what_is_no_plaintext_is_no_finding_and_every_skip_is_told() {
    let output = tree(&["tree/clean", "--explain"]).run().expect_code(0);
    for line in [
        "accepted.yaml:5:1: skipped: ignored: for tests only",
        "accepted.yaml:11:1: skipped: ignored: a name",
        "public.yaml:4:1: skipped `ca`: certificates and public keys only",
        "sops.yaml:5:1: skipped `by-sops`: SOPS has encrypted it",
        "template.yaml:6:1: skipped `chart`: another tool fills in the values",
        "template.yaml:14:1: skipped `{{ .Release.Name }}`: another tool fills in the values",
    ] {
        assert!(
            output.stdout.contains(&format!("tree/clean/{line}\n")),
            "{line}: {output}"
        );
    }
    assert_eq!(output.stderr, "");
}

#[test]
fn no_format_shows_a_value() {
    for format in ["human", "json", "sarif", "github"] {
        let output = tree(&["--explain", "--format", format]).run().expect_code(1);
        for value in VALUES {
            assert!(!output.to_string().contains(value), "{value} in {output}");
        }
        assert!(output.stdout.contains("plaintext-beside-sealed"), "{output}");
    }
}

#[test]
fn a_line_is_shown_only_where_it_holds_no_value() {
    let flow = "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {password: hunter2}}\n";
    let block = "kind: Secret\nmetadata: {name: b}\nstringData:\n  password: hunter2\n";
    let output = check(&["a.yaml", "b.yaml"])
        .file("a.yaml", flow)
        .file("b.yaml", block)
        .run()
        .expect_code(1);
    assert_eq!(
        output.stdout,
        "error[plaintext-secret]: the Secret `a` is in plain text: password\n\
         --> a.yaml:1:53\n \
         = help: Base64 is no encryption. Seal the file with `kship seal -f FILE -w SEALED`, delete it, and change the values if they were ever pushed. Accept what is harmless with `# kship:ignore=reason`.\n\n\
         error[plaintext-secret]: the Secret `b` is in plain text: password\n \
         --> b.yaml:3:1\n  \
           |\n\
         3 | stringData:\n  \
           | ^^^^^^^^^^\n\n\
         2 Secrets and SealedSecrets checked, 2 plaintext-secret\n"
    );
}

#[test]
fn the_place_in_json_is_that_of_the_text_as_written() {
    let text = "{\"kind\":\t\"Secret\", \"metadata\": {\"name\": \"a\\/b\"},\t\"stringData\": {\"p\": \"hunter2\"}}";
    let output = check(&["-", "--format", "json"]).stdin(text).run().expect_code(1);
    let start = &report(&output)["findings"][0]["location"]["start"];
    let column = text.find("\"stringData\"").unwrap() + 1;
    assert_eq!((&start["line"], &start["column"]), (&1.into(), &column.into()));
}

#[test]
fn sarif_has_every_rule_with_help_and_github_annotates() {
    let output = tree(&["--format", "sarif"]).run().expect_code(1);
    let sarif = report(&output);
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 9);
    for rule in rules {
        assert!(rule["help"]["text"].as_str().unwrap().len() > 40, "{rule}");
    }
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 9);
    let output = tree(&["--format", "github"]).run().expect_code(1);
    assert!(
        output
            .stdout
            .contains("::error file=tree/found/scope-value.yaml,line=7,"),
        "{output}"
    );
}

#[test]
fn a_certificate_tells_values_of_other_keys() {
    let all = |certificate: &str| {
        let cert = format!("keys/{certificate}");
        let args = ["--cert", &cert, "--format", "json", "tree/clean/two-keys.yaml"];
        findings(&tree(&args).run().expect_code(1))
    };
    assert_eq!(all("sealing-2048.crt"), ["tree/clean/two-keys.yaml:9 other-key-size"]);
    assert_eq!(all("sealing-4096.crt"), ["tree/clean/two-keys.yaml:8 other-key-size"]);
    let output = tree(&["--cert", "keys/missing.crt", "tree/clean"]).run().expect_code(3);
    assert!(output.stderr.contains("keys/missing.crt"), "{output}");
}

#[test]
fn a_twin_is_found_across_files() {
    let sealed = |namespace: &str| {
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: a{namespace}}}\nspec: {{encryptedData: {{}}}}\n"
        )
    };
    let rule = |path: &str, namespace: &str| {
        let output = check(&["--format", "json"])
            .file("secrets/a.yaml", SECRET)
            .file(path, sealed(namespace))
            .run()
            .expect_code(1);
        findings(&output).remove(0)
    };
    assert_eq!(
        rule("sealed/a.yaml", ", namespace: shop"),
        "secrets/a.yaml:4 plaintext-beside-sealed"
    );
    assert_eq!(
        rule("secrets/sealed.yaml", ""),
        "secrets/a.yaml:4 plaintext-beside-sealed"
    );
    assert_eq!(rule("sealed/a.yaml", ""), "secrets/a.yaml:4 plaintext-secret");
    assert_eq!(
        rule("secrets/sealed.yaml", ", namespace: other"),
        "secrets/a.yaml:4 plaintext-secret"
    );
}

#[test]
fn ignore_files_and_the_policy_are_honoured() {
    let run = |policy: &str| {
        check(&["--format", "json"])
            .file("dev/a.yaml", SECRET)
            .file("generated/a.yaml", SECRET)
            .file(".gitignore", "generated/\n")
            .file("kship.yaml", policy)
            .run()
    };
    for entry in [
        "path: 'dev/**'",
        "match: shop/a",
        "match: 'shop/*', until: '2999-01-01'",
    ] {
        let policy = format!("ignore: [{{rule: plaintext-secret, {entry}, reason: kind}}]\n");
        let output = run(&policy).expect_code(0);
        assert_eq!(report(&output)["summary"]["skipped"], 1, "{output}");
    }
    for entry in [
        "rule: unpinned",
        "rule: plaintext-secret, match: other/a",
        "rule: plaintext-secret, until: '2020-01-01'",
    ] {
        let output = run(&format!("ignore: [{{{entry}, reason: kind}}]\n")).expect_code(1);
        assert_eq!(findings(&output), ["dev/a.yaml:4 plaintext-secret"]);
    }
    let output = run("ignore: [{rule: plaintext, reason: typo}]\n").expect_code(3);
    assert!(output.stderr.contains("which there is none of"), "{output}");
}

/// Secrets in plain text, each written so that a careless reader sees none.
const HIDDEN: [(&str, &str); 32] = [
    (
        "a.json",
        "{\"KIND\":\"Secret\",\"apiVersion\":\"v1\",\"Data\":{\"p\":\"aHVudGVyMg==\"}}",
    ),
    (
        "a.json",
        "{\"apiVersion\":\"v1\",\"\\u006bind\":\"\\u0053ecret\",\"stringData\":{\"p\":\"hunter2\"}}",
    ),
    ("a.json", "{kind: Secret, stringData: {p: hunter2}}"),
    ("a.json", "[{\"kind\":\"Secret\",\"stringData\":{\"p\":\"hunter2\"}}]"),
    (
        "a.json",
        "{\"kind\":\"List\",\"Items\":[{\"kind\":\"Secret\",\"stringData\":{\"p\":\"hunter2\"}}]}",
    ),
    ("a.yaml", "kind: Secret\nData: {p: aHVudGVyMg==}\n"),
    ("a.yaml", "kind: Secret\n\u{17f}tringdata: {p: hunter2}\n"),
    ("a.yaml", "kind: secret\nstringData: {p: hunter2}\n"),
    ("a.yaml", "kind: SECRET\nstringData: {p: hunter2}\n"),
    ("a.yaml", "kind: ConfigMap\nKind: Secret\nstringData: {p: hunter2}\n"),
    ("a.yaml", "kind: \"\\x53ecret\"\nstringData: {p: hunter2}\n"),
    ("a.yaml", "kind: \"Sec\\\n  ret\"\nstringData: {p: hunter2}\n"),
    ("a.yaml", "kind: !!binary U2VjcmV0\nstringData: {p: hunter2}\n"),
    (
        "a.yaml",
        "apiVersion: core/v1\nkind: Secret\nstringData: {p: hunter2}\n",
    ),
    ("a.yaml", "kind: Secret\nstringData: hunter2\n"),
    ("a.yaml", "kind: Secret\nstringData: [hunter2]\n"),
    (
        "a.yaml",
        "kind: Template\nobjects:\n- {kind: Secret, stringData: {p: hunter2}}\n",
    ),
    ("a.yaml", "extra: [{deep: {kind: Secret, stringData: {p: hunter2}}}]\n"),
    ("a.yaml", "kind: Secret\nstringData: {p: \"hun{{ter2\"}\n"),
    ("a.yaml", "kind: Secret\nstringData: {p: '{{ \"hunter2\" }}'}\n"),
    ("a.yaml", "kind: Secret\nstringData: {p: 'hunter2{{/* .x */}}'}\n"),
    (
        "a.yaml",
        "kind: Secret\nmetadata:\n  name: {{ .name }}\nstringData:\n  p: hunter2\n",
    ),
    (
        "a.yaml",
        "{{- if .x }}\nkind: Secret\nstringData:\n  q: {{ .q }}\n  p: hunter2\n{{- end }}\n",
    ),
    ("a.yaml", "kind: Secret\nstringData: {p: '<path:hunter2>'}\n"),
    ("a.yaml", "kind: Secret\nstringData: {p: 'ENC[hunter2]'}\n"),
    (
        "a.yaml",
        "kind: Secret\nstringData: {q: 'ENC[x]', p: hunter2}\nsops: {}\n",
    ),
    (
        "a.yaml",
        "kind: Secret\nstringData: {q: 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]', p: hunter2}\n\
         sops: {mac: 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]', encrypted_regex: '^(data|stringData)$'}\n",
    ),
    (
        "a.yaml",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {}}\nstringData: {p: hunter2}\n",
    ),
    (
        "a.yaml",
        "apiVersion: bitnami.com/v1alpha1\nkind: sealedsecret\nspec: {EncryptedData: {p: hunter2}}\n",
    ),
    (
        "a.yaml",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {p: '{{hunter2'}}\n",
    ),
    (
        "a.yaml",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {Template: {Data: {p: hunter2}}}\n",
    ),
    (
        "a.yaml",
        "kind: Kustomization\nsecretGenerator:\n- literals: [p=hunter2]\n",
    ),
];

#[test]
fn plaintext_is_found_however_it_is_written() {
    for (name, text) in HIDDEN {
        let output = check(&[name]).file(name, text).run();
        assert!(!output.to_string().contains("hunter2"), "{text}: {output}");
        assert_eq!(output.code, Some(1), "{text}: {output}");
    }
}

#[test]
fn what_nobody_can_read_is_undecided() {
    let wide: Vec<u8> = "kind: Secret\n".bytes().flat_map(|byte| [byte, 0]).collect();
    for text in [
        wide.as_slice(),
        b"kind: Secret\nstringData:\n  p: hunter2\nx: [ # {{ no template\n",
        b"kind: Secret\nstringData: {p: hunter2}\nstringData: {}\n",
    ] {
        let output = check(&["a.yaml"]).file("a.yaml", text).run().expect_code(3);
        assert!(!output.to_string().contains("hunter2"), "{output}");
    }
}

#[test]
fn a_template_is_no_finding_where_another_tool_has_the_word() {
    let text = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: {{ .name }}\n  annotations:\n    \
                sealedsecrets.bitnami.com/cluster-wide: {{ .wide | quote }}\nspec:\n  encryptedData:\n    {{- range .v }}\n    \
                {{ .key }}: {{ .sealed }}\n    {{- end }}\n  template:\n    metadata:\n      annotations:\n        \
                sealedsecrets.bitnami.com/cluster-wide: \"true\"\n    data:\n      a: >-\n        {{ .a }}\n---\n\
                kind: Secret\nmetadata:\n  labels:\n    {{- include \"labels\" . | nindent 4 }}\ndata:\n  \
                p: {{ .p | b64enc }}\n  q: |\n    {{ .q }}\n";
    let output = check(&["a.yaml"]).file("a.yaml", text).run().expect_code(0);
    assert!(
        output.stdout.contains("2 Secrets and SealedSecrets checked"),
        "{output}"
    );
}

#[test]
fn what_cannot_be_read_is_told_and_hides_nothing() {
    let text = format!("kind: Secret\nmetadata: [\n---\n{SECRET}---\nkind: Secret\na: b: c\n");
    let output = check(&["--format", "json"])
        .file("a.yaml", text)
        .file("b.yaml", b"kind: Secret\n# \xff\n")
        .file("c.yaml", "a: [\n")
        .file("d.json", "{\"Secret\": oops}")
        .run()
        .expect_code(1);
    assert_eq!(findings(&output), ["a.yaml:7 plaintext-secret"]);
    assert_eq!(report(&output)["summary"]["failed"], 3, "{output}");
    for place in [
        "a.yaml:2:11: not readable",
        "a.yaml:10:5: not readable",
        "b.yaml is not UTF-8",
    ] {
        assert!(output.stderr.contains(place), "{place}: {output}");
    }
    let output = check(&["missing"]).run().expect_code(3);
    assert!(output.stderr.contains("`missing` cannot be read"), "{output}");
}

#[test]
fn flags_that_make_no_sense_together_are_refused() {
    for (args, message) in [
        (["seal", "--check", "-f", "x"].as_slice(), "--secret-file"),
        (&["seal", "--check", "-w", "x"], "--sealed-secret-file"),
        (&["seal", "x.yaml"], "--check"),
        (&["seal", "--check", "-", "x"], "cannot be mixed"),
        (
            &["seal", "--check", "-o", "yaml"],
            "expected human, json, sarif or github",
        ),
        (
            &["seal", "--cert", "keys/sealing-2048.crt", "-o", "sarif"],
            "those of --check",
        ),
    ] {
        let output = run(args).run().expect_code(2);
        assert!(output.stderr.contains(message), "{message}: {output}");
    }
    let output = check(&[]).run().expect_code(0);
    assert_eq!(output.stderr, "no Secrets found; files looked at: 1\n");
}

#[test]
fn sealing_a_file_satisfies_the_check() {
    let output = run(&[
        "seal",
        "--cert",
        "keys/sealing-2048.crt",
        "-f",
        "a.yaml",
        "-w",
        "a.yaml",
    ])
    .file("a.yaml", SECRET)
    .run()
    .expect_code(0);
    let sealed = output.read("a.yaml");
    let output = check(&["--cert", "keys/sealing-2048.crt"])
        .file("a.yaml", sealed)
        .run()
        .expect_code(0);
    assert_eq!(output.stdout, "1 Secrets and SealedSecrets checked\n");
}
