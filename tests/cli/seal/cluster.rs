//! How the controller of a cluster is reached, behind an API server of the test's own.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{SECRET, run};
use crate::support::cli::Run;
use crate::support::cluster::{ApiServer, Reply};
use crate::support::controller::{CERTIFICATE, behind, controller};

pub(super) const SERVICE: &str = "/api/v1/namespaces/kube-system/services/sealed-secrets-controller";

/// A run that knows the cluster over HOME.
pub(super) fn with(server: &ApiServer, args: &[&str]) -> Run {
    run(args).home_file(".kube/config", server.kubeconfig("{}"))
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
        "error: there is no certificate to seal with, and no cluster to ask for one\n  \
         caused by: no cluster is configured: `[HOME]/.kube/config` does not exist or is empty\n\
         hint: name a certificate file with `--cert` or SEALED_SECRETS_CERT, or a kubeconfig with `--kubeconfig` or KUBECONFIG\n"
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
