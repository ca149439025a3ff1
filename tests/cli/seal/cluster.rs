//! The controller of a cluster, behind an API server of the test's own.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{SECRET, run};
use crate::support::cli::Run;
use crate::support::cluster::{ApiServer, Reply};
use crate::support::controller::{CERTIFICATE, behind, controller};

const SERVICE: &str = "/api/v1/namespaces/kube-system/services/sealed-secrets-controller";

/// A run that knows the cluster over HOME.
fn with(server: &ApiServer, args: &[&str]) -> Run {
    run(args).home_file(".kube/config", server.kubeconfig("{}"))
}

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
fn the_certificate_comes_from_the_cluster() {
    let server = ApiServer::plain(controller);
    let output = with(&server, &["seal", "-o", "yaml"])
        .stdin(SECRET)
        .run()
        .expect_code(0);
    assert_eq!(output.stderr, "");
    let proxied = format!("GET {}", SERVICE.replace("sealed-", "http:sealed-"));
    assert_eq!(
        server.lines(),
        [format!("GET {SERVICE}"), format!("{proxied}:http/proxy/v1/cert.pem")]
    );
    assert_eq!(server.seen()[1].header("accept"), "application/x-pem-file, */*");
    let opened = super::unseal(&["--key", "password"])
        .stdin(output.stdout)
        .run()
        .expect_code(0);
    assert_eq!(opened.stdout, "hunter2");

    let output = with(&server, &["seal", "--fetch-cert"]).run().expect_code(0);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), (CERTIFICATE, ""));
    let output = with(&server, &["seal", "--fetch-cert", "-w", "c.pem"])
        .run()
        .expect_code(0);
    assert_eq!(output.read("c.pem"), CERTIFICATE);
}

#[test]
fn a_certificate_file_needs_no_cluster() {
    let server = ApiServer::plain(controller);
    let broken = "clusters: [";
    for args in [
        &["seal", "--cert", "keys/sealing-2048.crt"][..],
        &[
            "seal",
            "--cert",
            "keys/sealing-2048.crt",
            "--raw",
            "--name",
            "a",
            "-n",
            "b",
        ],
        &["seal", "--cert", "keys/sealing-2048.crt", "--fetch-cert"],
    ] {
        let _ = with(&server, args).stdin(SECRET).run().expect_code(0);
        let _ = run(args)
            .home_file(".kube/config", broken)
            .stdin(SECRET)
            .run()
            .expect_code(0);
    }
    assert!(server.seen().is_empty());
}

#[test]
fn the_ports_name_is_a_part_of_the_path() {
    for (port, route) in [
        ("", "http:sealed-secrets-controller:"),
        ("web", "http:sealed-secrets-controller:web"),
    ] {
        let server = ApiServer::plain(move |seen| behind(route, port, seen));
        let _ = with(&server, &["seal", "--fetch-cert"]).run().expect_code(0);
        assert!(server.lines()[1].contains(&format!("/{route}/proxy/v1/cert.pem")));
    }
    let server = ApiServer::plain(|_| Reply::new(200, json!({"spec": {"ports": [{"name": "a/../b"}]}}).to_string()));
    let output = with(&server, &["seal", "--fetch-cert"]).run().expect_code(3);
    assert!(output.stderr.contains("expected a Service in JSON"), "{output}");
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn who_may_not_look_at_the_service_tries_the_charts_routes() {
    for route in ["http:sealed-secrets-controller:", "http:sealed-secrets-controller:http"] {
        let server = ApiServer::plain(move |seen| match seen.path.ends_with("/sealed-secrets-controller") {
            true => Reply::status(403, "services is forbidden"),
            false if seen.path.contains(&format!("/{route}/")) => behind(route, "", seen),
            false => Reply::status(403, "services/proxy is forbidden"),
        });
        let output = with(&server, &["seal", "--fetch-cert"]).run().expect_code(0);
        assert_eq!(output.stdout, CERTIFICATE);
    }
    let server = ApiServer::plain(|_| Reply::status(403, "User \"u\" cannot get resource \"services/proxy\""));
    let output = with(&server, &["seal", "--fetch-cert"]).run().expect_code(3);
    assert_eq!(
        output.stderr.replace(&server.url(), "[SERVER]"),
        "error: the controller `sealed-secrets-controller` in namespace `kube-system` cannot be asked\n  \
         caused by: the API server denies `GET [SERVER]/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:http/proxy/v1/cert.pem`: 403 Forbidden, User \"u\" cannot get resource \"services/proxy\"\n\
         hint: the user needs `get` on this service and `get` and `create` on `services/proxy` in the controller's namespace, as the chart's Role service-proxier grants; or seal with a file in `--cert`\n"
    );
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn failures_say_what_to_do() {
    for (reply, says) in [
        (
            Reply::status(404, "services \"x\" not found"),
            "the Helm chart calls it `sealed-secrets`",
        ),
        (Reply::status(401, "Unauthorized"), "log in to the cluster again"),
        (
            Reply::status(503, "no endpoints available"),
            "the controller is not running",
        ),
        (Reply::new(500, "<html>"), "500 Internal Server Error\n"),
        (Reply::new(200, "not json"), "expected a Service in JSON"),
        (Reply::new(302, "").with("location", "http://example.com"), "302 Found"),
    ] {
        let server = ApiServer::plain(move |_| reply.clone());
        let output = with(&server, &["seal"]).stdin(SECRET).run().expect_code(3);
        assert!(
            output.stderr.contains(says) && output.stdout.is_empty(),
            "{says}: {output}"
        );
        assert!(!output.stderr.contains("hunter2"), "{output}");
    }
    let server = ApiServer::plain(|seen| match seen.path.ends_with("cert.pem") {
        true => Reply::new(200, "<html></html>"),
        false => controller(seen),
    });
    let output = with(&server, &["seal", "--fetch-cert"]).run().expect_code(3);
    assert!(output.stderr.contains("a web page where a PEM certificate"), "{output}");
    let server = ApiServer::plain(|seen| match seen.path.ends_with("cert.pem") {
        true => Reply::new(200, vec![b'a'; 5 << 20]),
        false => controller(seen),
    });
    let output = with(&server, &["seal", "--fetch-cert"]).run().expect_code(3);
    assert!(output.stderr.contains("larger than 4194304 bytes"), "{output}");
}

#[test]
fn who_is_told_to_wait_waits() {
    let count = AtomicUsize::new(0);
    let server = ApiServer::plain(move |seen| match count.fetch_add(1, Ordering::Relaxed) {
        1 => Reply::new(429, "limit exceeded").with("retry-after", "0"),
        2 => Reply::new(503, "").with("retry-after", "0"),
        _ => controller(seen),
    });
    let _ = with(&server, &["seal", "--fetch-cert"]).run().expect_code(0);
    assert_eq!(server.lines().len(), 4);

    // A wait beyond the time that there is ends the run at once.
    let server = ApiServer::plain(|_| Reply::new(429, "limit exceeded").with("retry-after", "3600"));
    let output = with(&server, &["seal", "--fetch-cert", "--request-timeout", "10s"])
        .run()
        .expect_code(3);
    assert!(
        output
            .stderr
            .contains("is not allowed more often now: 429 Too Many Requests, 1 times"),
        "{output}"
    );
    let output = with(&server, &["seal", "--fetch-cert", "--request-timeout", "soon"])
        .run()
        .expect_code(2);
    assert!(output.stderr.contains("such as 30s or 2m"), "{output}");
}

#[test]
fn the_controller_has_a_name_and_a_namespace() {
    let server = ApiServer::plain(|_| Reply::status(404, "no"));
    let args = [
        "seal",
        "--fetch-cert",
        "--controller-name",
        "sealed-secrets",
        "--controller-namespace",
        "sealing",
    ];
    let _ = with(&server, &args).run().expect_code(3);
    let _ = with(&server, &["seal"])
        .env("SEALED_SECRETS_CONTROLLER_NAME", "sealed-secrets")
        .env("SEALED_SECRETS_CONTROLLER_NAMESPACE", "sealing")
        .env("SEALED_SECRETS_FETCH_CERT", "true")
        .run()
        .expect_code(3);
    assert_eq!(
        server.lines(),
        ["GET /api/v1/namespaces/sealing/services/sealed-secrets"; 2]
    );
    for name in ["a/b", "..", "", "A"] {
        let _ = with(&server, &["seal", "--fetch-cert", "--controller-name", name])
            .run()
            .expect_code(2);
    }
    let output = with(&server, &["seal"])
        .env("SEALED_SECRETS_CONTROLLER_NAME", "a/b")
        .run()
        .expect_code(2);
    assert!(
        output
            .stderr
            .contains("the variable SEALED_SECRETS_CONTROLLER_NAME cannot be used"),
        "{output}"
    );
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn without_a_certificate_and_a_cluster_nothing_is_done() {
    let output = run(&["seal"]).stdin(SECRET).run().expect_code(2);
    assert_eq!(
        output.stderr,
        "error: no certificate: name the cluster's with --cert or SEALED_SECRETS_CERT, or the cluster with --kubeconfig\n  \
         caused by: no cluster is configured: `[HOME]/.kube/config` does not exist or is empty\n\
         hint: name a kubeconfig with `--kubeconfig` or KUBECONFIG, or a certificate file with `--cert`\n"
    );
    let output = run(&["seal", "--kubeconfig", "missing"])
        .stdin(SECRET)
        .run()
        .expect_code(3);
    assert!(output.stderr.contains("missing"), "{output}");
    let output = run(&["seal", "--kubeconfig", "k"])
        .file("k", "users:\n- name: u\n  user: {token: [hunter2]}\n")
        .run();
    let output = output.expect_code(3);
    assert!(
        output
            .stderr
            .contains("k is no kubeconfig: `users[0].user.token` has another type"),
        "{output}"
    );
    assert!(!output.stderr.contains("hunter2"), "{output}");
    let output = run(&["seal", "--kubeconfig", "k"])
        .file("k", "users: [hunter2")
        .run()
        .expect_code(3);
    assert!(
        output.stderr.contains("cannot be read as a kubeconfig") && !output.stderr.contains("hunter2"),
        "{output}"
    );
}

#[test]
fn contexts_clusters_and_users_are_chosen() {
    let server = ApiServer::plain(controller);
    let config = format!(
        "current-context: gone\ncontexts:\n- {{name: 'y', context: {{cluster: one, user: a}}}}\n\
         clusters:\n- {{name: one, cluster: {{server: 'http://127.0.0.1:1'}}}}\n- {{name: two, cluster: {{server: '{}'}}}}\n\
         users:\n- {{name: a, user: {{token: ta}}}}\n- {{name: b, user: {{tokenFile: secret/token}}}}\n",
        server.url()
    );
    let kship = |args: &[&str]| {
        run(&[&["seal", "--fetch-cert"], args].concat())
            .file("k/config", &config)
            .file("k/secret/token", "tb")
            .env("KUBECONFIG", "missing:k/config")
            .run()
    };
    let _ = kship(&["--context", "y", "--cluster", "two"]).expect_code(0);
    let _ = kship(&["--context", "y", "--cluster", "two", "--user", "b"]).expect_code(0);
    let _ = kship(&["--context", "y", "--server", &server.url(), "--token", "tc"]).expect_code(0);
    let groups = [
        "--as",
        "jane",
        "--as-group",
        "dev",
        "--as-group",
        "ops",
        "--as-uid",
        "7",
    ];
    let _ = kship(&[&["--context", "y", "--cluster", "two"], groups.as_slice()].concat()).expect_code(0);
    let seen = server.seen();
    let tokens: Vec<&str> = seen
        .iter()
        .step_by(2)
        .map(|seen| seen.header("authorization"))
        .collect();
    assert_eq!(tokens, ["Bearer ta", "Bearer tb", "Bearer tc", "Bearer ta"]);
    let last = seen.last().unwrap();
    assert_eq!(
        (last.header("impersonate-user"), last.header("impersonate-uid")),
        ("jane", "7")
    );
    let groups: Vec<_> = last
        .headers
        .iter()
        .filter(|(name, _)| name == "impersonate-group")
        .collect();
    assert_eq!(groups.len(), 2);
    for (args, says) in [
        (&[][..], "no context `gone`: it has `y`"),
        (
            &["--context", "y", "--cluster", "x"],
            "no cluster `x`: it has `one`, `two`",
        ),
        (&["--context", "y", "--user", "x"], "no user `x`: it has `a`, `b`"),
        (&["--context", "y", "--as-group", "x"], "groups or an ID to act for"),
        (&["--context", "y", "--username", "x"], "half of a user name"),
        (&["--context", "y", "--client-key", "x"], "half of a client certificate"),
        (&["--context", "y", "--server", "ftp://x"], "`ftp://x` is no address"),
        (
            &["--context", "y", "--proxy-url", "ftp://x:y@z"],
            "the proxy `ftp://z/` is no address",
        ),
        (
            &[
                "--context",
                "y",
                "--insecure-skip-tls-verify",
                "--certificate-authority",
                "x",
            ],
            "one of the two",
        ),
    ] {
        let output = kship(args).expect_code(2);
        assert!(output.stderr.contains(says), "{says}: {output}");
    }
}

#[test]
fn a_server_alone_needs_no_kubeconfig() {
    let server = ApiServer::plain(controller);
    let url = server.url();
    let args = [
        "seal",
        "--fetch-cert",
        "--server",
        &url,
        "--username",
        "u",
        "--password",
        "p",
    ];
    let output = run(&args).run().expect_code(0);
    assert_eq!(output.stdout, CERTIFICATE);
    assert_eq!(server.seen()[1].header("authorization"), "Basic dTpw");
    let _ = run(&["seal", "--fetch-cert"])
        .env("SEALED_SECRETS_SERVER", &url)
        .env("SEALED_SECRETS_TOKEN", "t")
        // Loopback is never proxied, as with kubectl.
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .run()
        .expect_code(0);
    assert_eq!(server.seen()[3].header("authorization"), "Bearer t");
}

#[test]
fn tls_is_held_to_the_authority_of_the_kubeconfig() {
    let server = ApiServer::tls(|seen| match seen.header("client-certificate") {
        "yes" => controller(seen),
        _ => Reply::status(401, "Unauthorized"),
    });
    let pki = server.pki().clone();
    let fetch = |user: &str, args: &[&str]| {
        run(&[&["seal", "--fetch-cert", "--kubeconfig", "k/c"], args].concat())
            .file("k/c", server.kubeconfig(user))
            .file("k/ca.pem", &pki.ca)
            .file("k/client.pem", &pki.client.0)
            .file("k/client.key", &pki.client.1)
            .file("other.pem", CERTIFICATE)
            .run()
    };
    let certified = "{client-certificate: client.pem, client-key: client.key}";
    assert_eq!(fetch(certified, &[]).expect_code(0).stdout, CERTIFICATE);
    let flags = ["--client-certificate", "k/client.pem", "--client-key", "k/client.key"];
    assert_eq!(fetch("{}", &flags).expect_code(0).stdout, CERTIFICATE);
    assert_eq!(
        fetch(certified, &["--tls-server-name", "localhost"])
            .expect_code(0)
            .stdout,
        CERTIFICATE
    );
    assert_eq!(
        fetch(certified, &["--insecure-skip-tls-verify"]).expect_code(0).stdout,
        CERTIFICATE
    );
    let seen = server.seen().len();
    let output = fetch(certified, &["--certificate-authority", "other.pem"]).expect_code(3);
    assert!(
        output.stderr.contains("no answer to") && output.stderr.contains("certificate"),
        "{output}"
    );
    let output = fetch(certified, &["--tls-server-name", "other.example.com"]).expect_code(3);
    assert!(output.stderr.contains("other.example.com"), "{output}");
    assert_eq!(server.seen().len(), seen);
    let output = fetch("{}", &[]).expect_code(3);
    assert!(output.stderr.contains("401 Unauthorized"), "{output}");
    for (user, says) in [
        ("{client-certificate: missing, client-key: client.key}", "missing"),
        ("{client-certificate: ca.pem, client-key: ca.pem}", "private key"),
    ] {
        let output = fetch(user, &[]).expect_code(3);
        assert!(output.stderr.contains(says), "{says}: {output}");
    }
}

#[cfg(unix)]
#[test]
fn an_exec_plugin_gives_the_token() {
    let server = ApiServer::plain(controller);
    let fetch = |script: &str, mode: &str| {
        let user = format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, args: ['-c', \"{script}\"], interactiveMode: {mode}}}}}"
        );
        run(&["seal", "-o", "yaml"])
            .home_file(".kube/config", server.kubeconfig(&user))
            .stdin(SECRET)
            .run()
    };
    let credential = "{apiVersion: client.authentication.k8s.io/v1, kind: ExecCredential, status: {token: hunter3}}";
    // It does not get what is to be sealed.
    let output = fetch(&format!("cat >&2; echo '{credential}'"), "IfAvailable").expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("authorization") == "Bearer hunter3")
    );
    for (script, mode, says) in [
        (
            "echo '{status: {token: hunter3'",
            "Never",
            "its plugin printed no ExecCredential",
        ),
        (
            "echo hunter3; echo log in >&2; exit 4",
            "Never",
            "its plugin failed (exit status: 4): log in",
        ),
        ("true", "Always", "wants to ask something"),
    ] {
        let output = fetch(script, mode).expect_code(3);
        assert!(
            output.stderr.contains("the credentials of user `u` cannot be used: "),
            "{output}"
        );
        assert!(
            output.stderr.contains(says) && !output.stderr.contains("hunter"),
            "{says}: {output}"
        );
    }
}

#[test]
fn certificates_come_from_addresses_too() {
    let server = ApiServer::plain(|seen| match seen.path.as_str() {
        "/c.pem?token=hunter2" => Reply::new(200, CERTIFICATE),
        "/moved" => Reply::new(301, "").with("location", "/c.pem?token=hunter2"),
        "/loop" => Reply::new(301, "").with("location", "/loop"),
        "/html" => Reply::new(200, "<html>"),
        "/large" => Reply::new(200, vec![b'-'; 2 << 20]),
        _ => Reply::new(404, "not here"),
    });
    let at = |path: &str| format!("{}{path}", server.url());
    let seal = |url: &str| run(&["seal", "--cert", url]).stdin(SECRET).run();
    for path in ["/c.pem?token=hunter2", "/moved"] {
        assert!(seal(&at(path)).expect_code(0).stdout.contains("\"password\": \"AQ"));
    }
    for (path, says) in [
        (
            "/missing?token=hunter2",
            "/missing` answers 404 Not Found: expected 200 OK",
        ),
        ("/loop", "redirects too often"),
        ("/html", "a web page where a PEM certificate"),
        ("/large", "more than 1048576 bytes"),
    ] {
        let output = seal(&at(path)).expect_code(3);
        assert!(
            output.stderr.contains(says) && !output.stderr.contains("hunter2"),
            "{says}: {output}"
        );
    }
    let output = seal("http://127.0.0.1:1/c").expect_code(3);
    assert!(
        output.stderr.contains("no answer from `http://127.0.0.1:1/c`"),
        "{output}"
    );
    for url in ["ftp://example.com/c", "file://host/c"] {
        let _ = seal(url).expect_code(2);
    }
    let run = run(&["seal", "--fetch-cert"]);
    let path = run.path().join("keys/sealing-2048.crt");
    let url = url::Url::from_file_path(path).unwrap();
    assert_eq!(
        run.env("SEALED_SECRETS_CERT", url.as_str()).run().expect_code(0).stdout,
        CERTIFICATE
    );
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

#[test]
fn one_command_at_a_time() {
    for (args, says) in [
        (
            &["--validate", "--re-encrypt"][..],
            "`--validate` and `--re-encrypt` are two commands",
        ),
        (
            &["--fetch-cert", "--raw"],
            "`--fetch-cert` and `--raw` are two commands",
        ),
        (
            &["--recovery-unseal", "--rotate"],
            "`--recovery-unseal` and `--re-encrypt` are two commands",
        ),
    ] {
        let output = super::seal(args).stdin("").run().expect_code(2);
        assert!(output.stderr.contains(says), "{output}");
    }
    let output = super::seal(&["--validate"])
        .env("SEALED_SECRETS_FETCH_CERT", "1")
        .run()
        .expect_code(2);
    assert!(
        output
            .stderr
            .contains("`--validate` and `--fetch-cert` are two commands"),
        "{output}"
    );
    let output = super::seal(&[]).env("SEALED_SECRETS_RAW", "maybe").run().expect_code(2);
    assert!(
        output
            .stderr
            .contains("SEALED_SECRETS_RAW cannot be used\n  caused by: `maybe` is neither true nor false"),
        "{output}"
    );
}

#[test]
fn variables_name_files_and_switches() {
    let output = super::seal(&[])
        .file("s.yaml", SECRET)
        .env("SEALED_SECRETS_SECRET_FILE", "s.yaml")
        .env("SEALED_SECRETS_SEALED_SECRET_FILE", "out.yaml")
        .run()
        .expect_code(0);
    let sealed = output.read("out.yaml");
    let output = run(&["seal", "--recovery-unseal", "-o", "yaml", "-v", "10", "--logtostderr"])
        .env("SEALED_SECRETS_RECOVERY_PRIVATE_KEY", "keys/sealing-2048.key")
        .stdin(sealed.as_str())
        .run()
        .expect_code(0);
    assert!(output.stdout.contains("password: aHVudGVyMg=="), "{output}");
    let args = [
        "seal",
        "--recovery-unseal",
        "--recovery-private-key",
        "keys/sealing-4096.key",
    ];
    let output = run(&args).stdin(sealed).run().expect_code(1);
    assert!(output.stderr.contains("does not open"), "{output}");
    let output = super::seal(&["--raw", "--scope", "cluster-wide"])
        .env("SEALED_SECRETS_RAW", "false")
        .stdin("x")
        .run();
    assert!(output.expect_code(0).stdout.starts_with("AQ"));
}

#[test]
fn the_namespace_comes_from_the_kubeconfig_last() {
    let nameless = "kind: Secret\nmetadata: {name: a}\nstringData: {k: v}\n";
    let config =
        |namespace: &str| format!("current-context: c\ncontexts: [{{name: c, context: {{cluster: x{namespace}}}}}]\n");
    let both = format!("{nameless}---\n{SECRET}");
    let output = super::seal(&["-o", "yaml"])
        .home_file(".kube/config", config(", namespace: mine"))
        .stdin(both.as_str())
        .run();
    let output = output.expect_code(0);
    assert_eq!(
        output.stderr,
        "warning: the namespace is `mine`, for nothing but context `c` of the kubeconfig says it\n"
    );
    assert_eq!(output.stdout.matches("  namespace: mine\n").count(), 2, "{output}");
    assert_eq!(output.stdout.matches("  namespace: shop\n").count(), 2, "{output}");
    let output = super::seal(&["-o", "yaml"])
        .home_file(".kube/config", config(""))
        .stdin(nameless)
        .run()
        .expect_code(0);
    assert!(
        output.stdout.contains("  namespace: default\n") && output.stderr.contains("which names none"),
        "{output}"
    );
    let output = super::seal(&["--raw", "--name", "a"])
        .home_file(".kube/config", config(", namespace: mine"))
        .stdin("v")
        .run();
    let output = output.expect_code(0);
    let document = format!(
        "kind: SealedSecret\nmetadata: {{name: a, namespace: mine}}\nspec: {{encryptedData: {{k: {}}}}}\n",
        output.stdout
    );
    assert_eq!(
        super::unseal(&["--key", "k"])
            .stdin(document)
            .run()
            .expect_code(0)
            .stdout,
        "v"
    );
    let output = super::seal(&[]).stdin(nameless).run().expect_code(3);
    assert!(
        output.stderr.contains("no metadata.namespace") && output.stderr.contains("`--namespace`"),
        "{output}"
    );
    let output = super::seal(&[])
        .home_file(".kube/config", "contexts: [")
        .stdin(nameless)
        .run()
        .expect_code(3);
    assert!(output.stderr.contains("cannot be read as a kubeconfig"), "{output}");
    // Who names it needs no kubeconfig, be it broken or not.
    for args in [&["-n", "x"][..], &["--scope", "cluster-wide"]] {
        let _ = super::seal(args)
            .home_file(".kube/config", "contexts: [")
            .stdin(nameless)
            .run()
            .expect_code(0);
    }
}

#[cfg(unix)]
#[test]
fn kubeseal_is_another_name() {
    let kubeseal = |args: &[&str]| run(args).called("/opt/bin/kubeseal");
    let output = kubeseal(&["--version"]).run().expect_code(0);
    assert!(
        output.stdout.starts_with("kubeseal version: v0.40.0+kship."),
        "{output}"
    );
    let output = kubeseal(&["--cert", "keys/sealing-2048.crt"])
        .stdin(SECRET)
        .run()
        .expect_code(0);
    assert!(
        output.stdout.starts_with("{\n  \"kind\": \"SealedSecret\",\n"),
        "{output}"
    );
    let opened = kubeseal(&[
        "--recovery-unseal=true",
        "--recovery-private-key",
        "keys/sealing-2048.key",
    ]);
    let opened = opened.stdin(output.stdout).run().expect_code(0);
    assert!(opened.stdout.contains("\"password\": \"aHVudGVyMg==\""), "{opened}");
    for (args, code) in [
        (&["--help"][..], 0),
        (&["--nonsense"], 2),
        (&["--scope", "bogus", "--cert", "keys/sealing-2048.crt"], 2),
        (&["-o", "xml", "--cert", "keys/sealing-2048.crt"], 1),
        (&["--from-file", "x", "--cert", "keys/sealing-2048.crt"], 1),
        (&["--cert", "missing"], 1),
        (&[], 1),
        (&["--raw", "--cert", "keys/sealing-2048.crt"], 1),
        (&["--cert", "keys/sealing-expired.crt"], 1),
    ] {
        let output = kubeseal(args).stdin(SECRET).run().expect_code(code);
        assert!(
            code == 0 || (output.stdout.is_empty() && output.stderr.contains("error: ")),
            "{args:?}: {output}"
        );
    }
}
