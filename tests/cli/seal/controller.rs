//! What the controller is asked about SealedSecrets: whether it can open them, and to seal them anew.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::SECRET;
use super::cluster::{SERVICE, with};
use crate::support::cluster::{ApiServer, Reply};
use crate::support::controller::controller;

/// A SealedSecret with what a controller loses: comments, labels, a template.
fn sealed_secret(annotations: &str) -> String {
    let secret = format!(
        "kind: Secret\nmetadata: {{name: a, namespace: shop{annotations}}}\nstringData: {{password: hunter2, user: me}}\n"
    );
    let output = super::seal(&["-o", "yaml"]).stdin(secret).run().expect_code(0);
    let text = output
        .stdout
        .replace("kind: SealedSecret\n", "kind: SealedSecret # kept\n");
    let text = text.replace(
        "metadata:\n  name: a\n",
        "metadata:\n  labels: {wave: '0777'}\n  name: a\n",
    );
    text.replace(
        "  template:\n",
        "  template:\n    data: {url: 'https://{{ .user }}@example.com'}\n",
    )
}

#[test]
fn every_document_is_validated() {
    let server = ApiServer::plain(controller);
    let good = sealed_secret("");
    let bad = good.replace("namespace: shop", "namespace: other");
    let output = with(&server, &["seal", "--validate"])
        .stdin(good.as_str())
        .run()
        .expect_code(0);
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("", "the cluster can open 1\n")
    );
    let seen = server.seen().pop().unwrap();
    assert_eq!(
        seen.line(),
        format!(
            "POST {}:http/proxy/v1/verify",
            SERVICE.replace("sealed-", "http:sealed-")
        )
    );
    let sent: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        (&sent["kind"], &sent["metadata"]["labels"]["wave"]),
        (&json!("SealedSecret"), &json!("0777"))
    );

    let all = format!("{bad}---\nkind: ConfigMap\n{bad}{good}");
    let output = with(&server, &["seal", "--validate", "-f", "s.yaml"])
        .file("s.yaml", &all)
        .run()
        .expect_code(1);
    let reason = "the cluster cannot open other/a: none of its keys opens every value under this name, namespace and scope (strict)";
    let second = bad.lines().count() + 4;
    assert_eq!(
        output.stderr,
        format!("error: s.yaml:2:1: {reason}\nerror: s.yaml:{second}:1: {reason}\n")
    );

    for (input, code, says) in [
        ("", 3, "holds no SealedSecret"),
        ("kind: ConfigMap\n", 3, "holds no SealedSecret"),
        ("a: [", 3, "cannot be"),
        (SECRET, 3, "holds no SealedSecret"),
        (
            "kind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {encryptedData: {k: hunter2}}\n",
            3,
            "not base64",
        ),
    ] {
        let count = server.seen().len();
        let output = with(&server, &["seal", "--validate"])
            .stdin(input)
            .run()
            .expect_code(code);
        assert!(!output.stderr.contains("hunter2"), "{output}");
        assert!(output.stderr.contains(says) || says == "cannot be", "{says}: {output}");
        assert_eq!(server.seen().len(), count, "nobody was asked");
    }
    let output = with(&server, &["seal", "--validate", "-w", "out"])
        .file("out", "kept")
        .stdin(good)
        .run()
        .expect_code(2);
    assert_eq!(output.read("out"), "kept");
}

#[test]
fn a_no_beats_a_failure() {
    let bad = sealed_secret("").replace("namespace: shop", "namespace: other");
    let count = AtomicUsize::new(0);
    let server = ApiServer::plain(move |seen| match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => controller(seen),
        _ => Reply::status(500, "broken"),
    });
    let output = with(&server, &["seal", "--validate"])
        .stdin(format!("{bad}{bad}"))
        .run()
        .expect_code(1);
    assert!(
        output.stderr.contains("cannot open other/a") && output.stderr.contains("500 Internal"),
        "{output}"
    );
    let server = ApiServer::plain(|seen| match seen.method.as_str() {
        "POST" => Reply::new(500, ""),
        _ => controller(seen),
    });
    let output = with(&server, &["seal", "--validate"]).stdin(bad).run().expect_code(3);
    assert!(output.stderr.contains("the controller cannot read other/a"), "{output}");
}

#[test]
fn re_encryption_changes_the_values_alone() {
    let server = ApiServer::plain(controller);
    for annotations in ["", ", annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}"] {
        let before = format!("{}---\nkind: ConfigMap # kept\n", sealed_secret(annotations));
        let output = with(&server, &["seal", "--re-encrypt", "-f", "s.yaml"])
            .file("s.yaml", &before)
            .run()
            .expect_code(0);
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            ("", "sealed 1 anew\n")
        );
        let after = output.read("s.yaml");
        check_rotated(&before, &after);
        let sent: Value = serde_json::from_slice(&server.seen().pop().unwrap().body).unwrap();
        assert!(sent["spec"]["template"]["data"].is_null() && sent["metadata"]["labels"].is_null());

        // From standard input, and with the old name of the flag; into a file with `-w`.
        let output = with(&server, &["seal", "--rotate"])
            .stdin(before.as_str())
            .run()
            .expect_code(0);
        check_rotated(&before, &output.stdout);
        let output = with(&server, &["seal", "--re-encrypt", "-f", "s.yaml", "-w", "out.yaml"]).file("s.yaml", &before);
        let output = output.run().expect_code(0);
        assert_eq!(output.read("s.yaml"), before);
        check_rotated(&before, &output.read("out.yaml"));
    }
}

/// Only the two values differ, and both open.
fn check_rotated(before: &str, after: &str) {
    let is_value = |line: &&str| line.starts_with("    password: AQ") || line.starts_with("    user: AQ");
    let rest = |text: &str| {
        text.lines()
            .filter(|line| !is_value(line))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(rest(before), rest(after));
    let values = |text: &str| text.lines().filter(is_value).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(values(before).len(), 2);
    assert!(
        values(before)
            .iter()
            .zip(values(after))
            .all(|(before, after)| *before != after)
    );
    for (key, value) in [("password", "hunter2"), ("user", "me")] {
        let opened = super::unseal(&["--key", key]).stdin(after).run().expect_code(0);
        assert_eq!(opened.stdout, value);
    }
}

#[test]
fn re_encryption_is_all_or_nothing() {
    let good = sealed_secret("");
    let bad = good.replace("namespace: shop", "namespace: other");
    let wider = good.replace(
        "    metadata:\n      name: a\n",
        "    metadata:\n      annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}\n      name: a\n",
    );
    assert_ne!(wider, good);
    let server = ApiServer::plain(controller);
    for (second, says) in [
        (
            bad.as_str(),
            "b.yaml:2:1 is not re-encrypted: nothing was written\n  caused by: the controller does not re-encrypt other/a",
        ),
        (
            &wider,
            "shop/a has the scope strict, but its template says cluster-wide",
        ),
        (
            "kind: SealedSecret\nmetadata: {name: old, namespace: shop}\nspec: {data: AgAA}\n",
            "shop/old is of version 1",
        ),
        ("", "holds no SealedSecret"),
        ("a: [", "b.yaml:"),
    ] {
        let output = with(&server, &["seal", "--re-encrypt", "-f", "a.yaml", "-f", "b.yaml"])
            .file("a.yaml", &good)
            .file("b.yaml", second)
            .run()
            .expect_code(3);
        assert!(output.stderr.contains(says), "{says}: {output}");
        assert_eq!(
            (output.read("a.yaml"), output.read("b.yaml")),
            (good.clone(), second.to_owned())
        );
        assert!(output.stdout.is_empty(), "{output}");
    }
    // What a controller must not send.
    for (answer, says) in [
        ("", "with something else"),
        ("{}", "with no values"),
        ("{\"spec\": {\"encryptedData\": {}}}", "with other keys"),
        (
            "{\"spec\": {\"encryptedData\": {\"password\": \"AA\", \"other\": \"\"}}}",
            "with other keys",
        ),
        (
            "{\"spec\": {\"encryptedData\": {\"password\": \"hunter2\", \"user\": \"aHVudGVyMg==\"}}}",
            "with a value that is not",
        ),
    ] {
        let server = ApiServer::plain(move |seen| match seen.path.ends_with("rotate") {
            true => Reply::new(200, answer),
            false => controller(seen),
        });
        let output = with(&server, &["seal", "--re-encrypt", "-f", "a.yaml"])
            .file("a.yaml", &good)
            .run()
            .expect_code(3);
        assert!(output.stderr.contains(says), "{says}: {output}");
        assert_eq!(output.read("a.yaml"), good);
    }
    let output = with(&server, &["seal", "--re-encrypt", "-f", "a", "-f", "b", "-w", "c"])
        .run()
        .expect_code(2);
    assert!(output.stderr.contains("several files"), "{output}");
}
