//! An etcd of the test's own, and `etcdctl` to speak to it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use kship::encryption::etcd::{Endpoint, IdentityFiles, Login, Options, Times};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::Value;

use crate::peers::{self, Home, Server};

/// How an etcd is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Plain,
    /// With certificates on both sides.
    Tls,
}

/// A running etcd; it ends, and its data goes, when this is dropped.
pub(crate) struct World {
    pub(crate) home: Home,
    server: Server,
    etcdctl: PathBuf,
    transport: Transport,
}

impl World {
    /// Starts etcd on a free port of the loopback interface.
    pub(crate) fn start(transport: Transport) -> Result<Self, String> {
        let etcd = peers::program("etcd")?;
        let etcdctl = peers::program("etcdctl")?;
        let home = Home::new();
        let scheme = match transport {
            Transport::Plain => "http",
            Transport::Tls => "https",
        };
        let any = format!("{scheme}://127.0.0.1:0");
        let peer = "http://127.0.0.1:0";
        let mut command = home.command(&etcd);
        command.args(["--data-dir", "data", "--max-txn-ops", "100000", "--initial-cluster"]);
        command.arg(format!("default={peer}"));
        command.args(["--listen-client-urls", &any, "--advertise-client-urls", &any]);
        command.args(["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]);
        if transport == Transport::Tls {
            mint(&home);
            command.args(["--cert-file", "server.pem", "--key-file", "server.key"]);
            command.args(["--trusted-ca-file", "ca.pem", "--client-cert-auth"]);
        }
        let server = Server::start_with(&mut command, port_of);
        Ok(Self {
            home,
            server,
            etcdctl,
            transport,
        })
    }

    /// The address.
    pub(crate) fn url(&self) -> String {
        let scheme = match self.transport {
            Transport::Plain => "http",
            Transport::Tls => "https",
        };
        format!("{scheme}://{}", self.server.host())
    }

    /// What kship is told to reach it.
    pub(crate) fn options(&self) -> Options {
        let file = |name: &str| self.home.path().join(name).try_into().unwrap();
        let tls = self.transport == Transport::Tls;
        Options {
            endpoints: vec![self.url().parse::<Endpoint>().unwrap()],
            ca_file: tls.then(|| file("ca.pem")),
            identity: tls.then(|| IdentityFiles {
                certificate: file("client.pem"),
                key: file("client.key"),
            }),
            login: None::<Login>,
            times: Times::default(),
        }
    }

    /// `etcdctl` with the address and the certificates.
    pub(crate) fn etcdctl(&self) -> Command {
        let mut command = self.home.command(&self.etcdctl);
        command.env("ETCDCTL_API", "3").args(["--endpoints", &self.url()]);
        if self.transport == Transport::Tls {
            command.args(["--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key"]);
        }
        command
    }

    /// Runs `etcdctl`, which must succeed, and gives what it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> Vec<u8> {
        finish(self.etcdctl().args(arguments), &[])
    }

    /// Stores one value.
    pub(crate) fn put(&self, key: &str, value: &[u8]) {
        // From standard input: an argument cannot hold a zero byte. Without any input etcdctl asks for an argument.
        let empty: &[&str] = if value.is_empty() { &[""] } else { &[] };
        finish(self.etcdctl().args(["put", "--", key]).args(empty), value);
    }

    /// Stores many values that need no escapes.
    pub(crate) fn put_all(&self, pairs: &[(String, String)]) {
        let mut script = String::from("\n");
        for (key, value) in pairs {
            writeln!(script, "put {key} {value}").unwrap();
        }
        script.push_str("\n\n");
        finish(self.etcdctl().arg("txn"), script.as_bytes());
    }

    /// Everything below a prefix, as `etcdctl get -w json` prints it.
    pub(crate) fn listing(&self, prefix: &str) -> Vec<u8> {
        self.run(&["get", prefix, "--prefix", "-w", "json"])
    }

    /// Forgets all revisions but the newest.
    pub(crate) fn compact(&self) {
        let answer: Value = serde_json::from_slice(&self.run(&["get", "none", "-w", "json"])).unwrap();
        let revision = answer["header"]["revision"].to_string();
        self.run(&["compact", "--physical", &revision]);
    }
}

fn finish(command: &mut Command, input: &[u8]) -> Vec<u8> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output.stdout
}

/// The port where etcd serves clients: 3.4 says it in words, later versions in JSON.
fn port_of(line: &str) -> Option<u16> {
    if line.contains("client traffic") {
        peers::port_after(line, "\"address\":\"127.0.0.1:")
    } else {
        peers::port_after(line, "client requests on 127.0.0.1:")
    }
}

/// Writes an authority, and certificates of the server and of a client that it vouches for.
fn mint(home: &Home) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    home.file("ca.pem", params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    for (name, purposes) in [
        // etcd speaks to itself, too.
        (
            "server",
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
        ),
        ("client", vec![ExtendedKeyUsagePurpose::ClientAuth]),
    ] {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = purposes;
        let key = KeyPair::generate().unwrap();
        home.file(&format!("{name}.pem"), params.signed_by(&key, &issuer).unwrap().pem());
        home.file(&format!("{name}.key"), key.serialize_pem());
    }
}
