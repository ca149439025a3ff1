//! The sealed-secrets controller itself, behind an API server of the test's own: kship and kubeseal ask it the same.
//!
//! A controller reads its service account at a fixed place. It gets one in a mount namespace of its own, which needs Linux
//! and either root or user namespaces.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::peers::{Home, Server, need, program, tool};
use super::support::cluster::{ApiServer, Reply, Seen};

/// The newest key is that of 4096 bits.
const KEYS: [(&str, &str, &str); 2] = [
    (
        "sealed-secrets-key2048",
        include_str!("../../keys-example/sealing-2048.crt"),
        include_str!("../../keys-example/sealing-2048.key"),
    ),
    (
        "sealed-secrets-key4096",
        include_str!("../../keys-example/sealing-4096.crt"),
        include_str!("../../keys-example/sealing-4096.key"),
    ),
];

/// Where client-go looks, below `/run`, which `/var/run` is.
const MOUNT: &str = "set -e; mount -t tmpfs none /run; folder=/run/secrets/kubernetes.io/serviceaccount; \
     mkdir -p \"$folder\"; printf '%s' \"$CA\" > \"$folder/ca.crt\"; printf token > \"$folder/token\"; \
     printf kube-system > \"$folder/namespace\"; exec \"$@\"";

/// One limit for all that may take a moment.
const PATIENCE: Duration = Duration::from_secs(30);

struct Cluster {
    api: ApiServer,
    /// Ended before the API server.
    _controller: Server,
    home: Home,
    kubeconfig: PathBuf,
}

/// The tools of a test: kship, and the real kubeseal.
struct Tools {
    kubeseal: PathBuf,
    cluster: Cluster,
}

fn start() -> Result<Tools, String> {
    if !cfg!(target_os = "linux") {
        return Err("the controller runs in a mount namespace, which is Linux's".to_owned());
    }
    let (controller, kubeseal, unshare) = (tool("controller")?, tool("kubeseal")?, program("unshare")?);
    let home = Home::new();
    let try_one = |namespace: &'static [&'static str]| {
        let mut command = home.command(&unshare);
        command
            .args(namespace)
            .args(["sh", "-c", MOUNT, "sh", "true"])
            .env("CA", "x");
        let output = command.output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(namespace),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    };
    let namespace = try_one(&["--mount"]).or_else(|_| try_one(&["--map-root-user", "--mount"]));
    let namespace = namespace.map_err(|reason| format!("no mount namespace for the controller: {reason}"))?;
    let port = free_port();
    let lock = Mutex::new(());
    let api = ApiServer::tls(move |seen| {
        // The controller counts requests; they come one after another.
        let _turn = lock.lock();
        answer(seen, port)
    });
    let host = api.url().replace("https://", "");
    let (host, api_port) = host.split_once(':').unwrap();
    let mut command = home.command(&unshare);
    command.args(namespace).args(["sh", "-c", MOUNT, "sh"]).arg(&controller);
    command.arg(format!("--listen-addr=127.0.0.1:{port}"));
    command.arg(format!("--listen-metrics-addr=127.0.0.1:{}", free_port()));
    command.args(["--key-renew-period=0", "--update-status=false"]);
    command
        .env("KUBERNETES_SERVICE_HOST", host)
        .env("KUBERNETES_SERVICE_PORT", api_port)
        .env("CA", &api.pki().ca);
    let server = Server::start(&mut command, "\"HTTP server serving\" addr=127.0.0.1:");
    home.file("ca.pem", &api.pki().ca);
    let kubeconfig = home.file("kubeconfig", api.kubeconfig("{token: token}"));
    Ok(Tools {
        kubeseal,
        cluster: Cluster {
            api,
            _controller: server,
            home,
            kubeconfig,
        },
    })
}

/// A port that nobody listened on a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The API server as far as the controller and its clients need one.
fn answer(seen: &Seen, controller: u16) -> Reply {
    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    let service = "/api/v1/namespaces/kube-system/services/";
    let json = |value: Value| Reply::new(200, value.to_string()).with("content-type", "application/json");
    let list = |kind: &str, items: Vec<Value>| {
        json(json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}))
    };
    if let Some(rest) = path.strip_prefix(service) {
        return match rest.strip_prefix("http:sealed-secrets-controller:http/proxy") {
            Some(endpoint) => forward(seen, endpoint, controller),
            None if rest == "sealed-secrets-controller" => json(
                json!({"kind": "Service", "apiVersion": "v1", "spec": {"ports": [{"name": "http", "port": 8080}]}}),
            ),
            None => Reply::status(404, "not found").with("content-type", "application/json"),
        };
    }
    // Informers may ask again: nothing ever changes here.
    if query.contains("watch=") {
        return Reply::new(200, "").with("content-type", "application/json");
    }
    match path {
        "/api/v1/namespaces/kube-system/secrets" => {
            let keys = KEYS.map(|(name, certificate, key)| {
                json!({
                    "kind": "Secret", "apiVersion": "v1", "type": "kubernetes.io/tls",
                    "metadata": {"name": name, "namespace": "kube-system", "labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}},
                    "data": {"tls.crt": base64(certificate), "tls.key": base64(key)},
                })
            });
            list("SecretList", keys.to_vec())
        }
        "/api/v1/secrets" => list("SecretList", Vec::new()),
        "/apis/bitnami.com/v1alpha1/sealedsecrets" => json(json!({
            "kind": "SealedSecretList", "apiVersion": "bitnami.com/v1alpha1", "metadata": {"resourceVersion": "1"}, "items": [],
        })),
        _ => {
            let body =
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404});
            Reply::new(404, body.to_string()).with("content-type", "application/json")
        }
    }
}

/// What the service proxy does: the same request to the controller.
fn forward(seen: &Seen, endpoint: &str, port: u16) -> Reply {
    let deadline = Instant::now() + PATIENCE;
    // It says that it listens a moment before it does.
    let mut stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "the controller does not listen: {error}"),
        }
        std::thread::yield_now();
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "{} {endpoint} HTTP/1.0\r\nconnection: keep-alive\r\nhost: controller\r\nx-forwarded-for: 127.0.0.1\r\ncontent-length: {}\r\n\r\n",
        seen.method,
        seen.body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&seen.body).unwrap();
    // Whoever is told to wait is told so before the body is read: without keep-alive the connection would be reset.
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(
            stream.read_line(&mut head).unwrap() > 0,
            "the controller hung up after {head:?}"
        );
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = Vec::new();
    stream.take(length.unwrap_or(u64::MAX)).read_to_end(&mut body).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply::new(status, body);
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("retry-after") {
            reply = reply.with("retry-after", value.trim());
        }
        if name.eq_ignore_ascii_case("content-type") {
            reply = reply.with("content-type", value.trim());
        }
    }
    reply
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// What a run gave.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Tools {
    /// Runs kship, or kubeseal, with the cluster's kubeconfig and a file as standard input.
    fn run(&self, is_kship: bool, args: &[&str], stdin: &str) -> Ran {
        let home = &self.cluster.home;
        let kship = Path::new(env!("CARGO_BIN_EXE_kship"));
        let mut command = home.command(if is_kship { kship } else { &self.kubeseal });
        if is_kship {
            command.arg("seal");
        }
        let input = home.file("stdin", stdin);
        command
            .args(args)
            .env("KUBECONFIG", &self.cluster.kubeconfig)
            .stdin(std::fs::File::open(input).unwrap());
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: shop\n  labels: {app: x}\n\
    stringData: {password: hunter2, user: me}\n";

#[test]
fn the_controller_answers_kship_as_it_answers_kubeseal() {
    let Some(tools) = need(start()) else { return };
    let (old, new) = (KEYS[0].1, KEYS[1].1);

    // The certificate.
    let (ours, theirs) = (
        tools.run(true, &["--fetch-cert"], ""),
        tools.run(false, &["--fetch-cert"], ""),
    );
    assert_eq!((ours.code, theirs.code), (0, 0), "{}{}", ours.stderr, theirs.stderr);
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(
        (plain(&ours.stdout), plain(&ours.stdout)),
        (plain(new), plain(&theirs.stdout))
    );

    // Both seal for the cluster, and both are told that it opens. The same requests are sent.
    let before = tools.cluster.api.seen().len();
    let sealed = tools.run(true, &["-o", "yaml"], SECRET);
    assert_eq!(sealed.code, 0, "{}", sealed.stderr);
    let after = tools.cluster.api.seen().len();
    let theirs = tools.run(false, &["-o", "yaml"], SECRET);
    let lines: Vec<String> = tools.cluster.api.lines();
    let asked = |line: &&String| line.contains("/services/");
    let ours: Vec<_> = lines[before..after].iter().filter(asked).collect();
    let peers: Vec<_> = lines[after..].iter().filter(asked).collect();
    assert_eq!((ours.len(), &ours), (2, &peers));
    for sealed in [&sealed.stdout, &theirs.stdout] {
        let (ours, theirs) = (
            tools.run(true, &["--validate"], sealed),
            tools.run(false, &["--validate"], sealed),
        );
        assert_eq!((ours.code, theirs.code), (0, 0), "{}{}", ours.stderr, theirs.stderr);
    }
    for wrong in [
        sealed.stdout.replace("namespace: shop", "namespace: other"),
        sealed.stdout.replace("name: a", "name: b"),
    ] {
        let (ours, theirs) = (
            tools.run(true, &["--validate"], &wrong),
            tools.run(false, &["--validate"], &wrong),
        );
        assert_eq!((ours.code, theirs.code), (1, 1), "{}{}", ours.stderr, theirs.stderr);
        assert!(ours.stderr.contains("the cluster cannot open"), "{}", ours.stderr);
    }
    // Here kubeseal says yes: it has sent nothing.
    for nothing in ["", "a: [\n"] {
        for command in ["--validate", "--re-encrypt"] {
            let (ours, theirs) = (
                tools.run(true, &[command], nothing),
                tools.run(false, &[command], nothing),
            );
            assert_eq!((ours.code, theirs.code), (3, 0), "{command} {nothing:?}");
        }
    }

    // A value of the old key is sealed anew with the new one; kubeseal's own answer loses what kship keeps.
    let certificate = tools.cluster.home.file("old.crt", old);
    let certificate = certificate.to_str().unwrap();
    let aged = tools.run(true, &["--cert", certificate, "-o", "yaml"], SECRET).stdout;
    let aged = aged.replace("kind: SealedSecret\n", "kind: SealedSecret # kept\n");
    let aged = aged.replace(
        "  template:\n",
        "  template:\n    data: {url: 'https://{{ .user }}@example.com', user: null}\n",
    );
    let renewed = tools.run(true, &["--re-encrypt"], &aged);
    assert_eq!((renewed.code, renewed.stderr.as_str()), (0, "sealed 1 anew\n"));
    let is_value = |line: &&str| line.starts_with("    password: A") || line.starts_with("    user: A");
    let rest = |text: &str| {
        text.lines()
            .filter(|line| !is_value(line))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(rest(&renewed.stdout), rest(&aged));
    for (text, prefix) in [(&aged, ": AQ"), (&renewed.stdout, ": Ag")] {
        let values: Vec<_> = text.lines().filter(is_value).collect();
        assert_eq!(values.len(), 2);
        assert!(values.iter().all(|line| line.contains(prefix)), "{values:?}");
    }
    assert_eq!(tools.run(false, &["--validate"], &renewed.stdout).code, 0);
    let key = tools.cluster.home.file("new.key", KEYS[1].2);
    let open = [
        "--recovery-unseal",
        "--recovery-private-key",
        key.to_str().unwrap(),
        "-o",
        "yaml",
    ];
    let opened = tools.run(false, &open, &renewed.stdout);
    assert!(
        opened.stdout.contains("password: aHVudGVyMg=="),
        "{}{}",
        opened.stdout,
        opened.stderr
    );
    let theirs = tools.run(false, &["--re-encrypt", "-o", "yaml"], &aged);
    assert!(
        theirs.code == 0 && !theirs.stdout.contains("{{ .user }}"),
        "kubeseal keeps the template now"
    );

    // What it cannot open it does not seal anew.
    let wrong = aged.replace("namespace: shop", "namespace: other");
    let (ours, theirs) = (
        tools.run(true, &["--re-encrypt"], &wrong),
        tools.run(false, &["--re-encrypt"], &wrong),
    );
    assert_eq!((ours.code, theirs.code, ours.stdout.as_str()), (3, 1, ""));

    // Eight in a row are more than its two a second: kship waits as it is told to.
    let many = aged.repeat(8);
    let asked_before = tools.cluster.api.lines().len();
    let renewed = tools.run(true, &["--re-encrypt"], &many);
    assert_eq!((renewed.code, renewed.stderr.as_str()), (0, "sealed 8 anew\n"));
    let rotations = tools.cluster.api.lines().into_iter().skip(asked_before);
    assert!(
        rotations.filter(|line| line.ends_with("/v1/rotate")).count() > 8,
        "nobody was told to wait"
    );
    assert_eq!(rest(&renewed.stdout), rest(&many));
}
