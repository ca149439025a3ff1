//! Rotations: every file on the way is one that the API server loads, and a real etcd shows when a key may go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::oracle::{Oracle, Question};
use crate::etcd_world::{Transport, World};
use crate::peers::{self, Home};

const FILE: &str = "encryption.yaml";

#[test]
fn every_file_on_the_way_is_loaded() {
    let Some(oracle) = peers::need(Oracle::build()) else {
        return;
    };
    let kms = |name: &'static str| ["--kms-name", name, "--kms-endpoint", "unix:///run/kms.sock"];
    for provider in ["aescbc", "secretbox", "aesgcm", "kms"] {
        let steps = Steps {
            home: Home::new(),
            oracle: &oracle,
        };
        let mut init = vec![
            "init",
            "--provider",
            provider,
            "--resources",
            "secrets,configmaps",
            "--output",
            FILE,
        ];
        let is_kms = provider == "kms";
        if is_kms {
            init.extend(kms("plugin1"));
        } else {
            init.extend(["--key-name", "key1"]);
        }
        steps.take(&init);
        if !is_kms {
            steps.take(&["rotate", "prepare", FILE, "--key-name", "key2"]);
            steps.take(&["rotate", "promote", FILE]);
            steps.take(&["rotate", "prune", FILE, "--force"]);
        }
        let next = if provider == "secretbox" { "aesgcm" } else { "secretbox" };
        steps.take(&["rotate", "add-provider", FILE, "--provider", next, "--key-name", "key3"]);
        steps.take(&["rotate", "promote", FILE, "--key", &format!("{next}/key3")]);
        let old = format!("{provider}/{}", if is_kms { "plugin1" } else { "key2" });
        steps.take(&["rotate", "prune", FILE, "--force", "--key", &old]);
        let mut add = vec!["rotate", "add-provider", FILE, "--provider", "kms"];
        add.extend(kms("plugin2"));
        steps.take(&add);
        steps.take(&["rotate", "promote", FILE, "--key", "kms/plugin2"]);
        steps.take(&["rotate", "prune", FILE, "--force", "--key", &format!("{next}/key3")]);
        steps.take(&["rotate", "disable", FILE]);
    }
}

#[test]
fn a_rotation_with_a_real_etcd() {
    rotate(Transport::Plain);
}

#[test]
fn a_rotation_with_a_real_etcd_and_certificates() {
    rotate(Transport::Tls);
}

fn rotate(transport: Transport) {
    let peers = Oracle::build().and_then(|oracle| Ok((oracle, World::start(transport)?)));
    let Some((oracle, world)) = peers::need(peers) else {
        return;
    };
    let cluster = Cluster { oracle, world };
    // What was there before anybody thought of encryption.
    for (resource, key) in objects() {
        cluster.world.put(&key, &object(resource, &key));
    }
    cluster
        .world
        .put("/registry/masterleases/10.0.0.1", b"k8s\0 plaintext by design");

    cluster.kship(
        &[
            "init",
            "--key-name",
            "key1",
            "--resources",
            "secrets,configmaps",
            "--output",
            FILE,
        ],
        0,
    );
    assert_eq!(cluster.audit(1), ["configmaps plaintext - 6", "secrets plaintext - 12"]);
    cluster.rewrite(18);
    assert_eq!(
        cluster.audit(0),
        ["configmaps write-key aescbc/key1 6", "secrets write-key aescbc/key1 12"]
    );
    // The plaintext is history, and still in the file.
    let superseded = cluster.superseded();
    assert!(
        superseded.iter().any(|line| line == "secrets plaintext - 12"),
        "{superseded:?}"
    );
    cluster.world.compact();
    assert_eq!(cluster.superseded(), [""; 0]);

    cluster.kship(&["rotate", "prepare", FILE, "--key-name", "key2"], 0);
    // Nothing has been promoted yet: another step is out of order.
    cluster.kship(&["rotate", "prune", FILE, "--proof", "audit.json"], 1);
    assert_eq!(
        cluster.audit(0),
        ["configmaps write-key aescbc/key1 6", "secrets write-key aescbc/key1 12"]
    );
    cluster.kship(&["rotate", "promote", FILE], 0);

    let before = ["configmaps older-key aescbc/key1 6", "secrets older-key aescbc/key1 12"];
    assert_eq!(cluster.audit(1), before);
    cluster.refuse_to_prune();
    // Half of the way is not enough.
    cluster.rewrite(7);
    let half = cluster.audit(1);
    assert!(
        half.iter().any(|line| line.contains("older-key aescbc/key1")),
        "{half:?}"
    );
    cluster.refuse_to_prune();
    cluster.rewrite(18);
    let after = ["configmaps write-key aescbc/key2 6", "secrets write-key aescbc/key2 12"];
    assert_eq!(cluster.audit(0), after);
    cluster.kship(&["rotate", "prune", FILE, "--proof", "audit.json"], 0);
    assert!(!cluster.config().contains("key1"));
    assert_eq!(cluster.audit(0), after);
    cluster.everything_opens();

    // To another provider, in the same way.
    cluster.kship(
        &[
            "rotate",
            "add-provider",
            FILE,
            "--provider",
            "secretbox",
            "--key-name",
            "key3",
        ],
        0,
    );
    cluster.kship(&["rotate", "promote", FILE], 0);
    cluster.audit(1);
    cluster.refuse_to_prune();
    cluster.rewrite(18);
    assert_eq!(
        cluster.audit(0),
        [
            "configmaps write-key secretbox/key3 6",
            "secrets write-key secretbox/key3 12"
        ]
    );
    cluster.kship(&["rotate", "prune", FILE, "--proof", "audit.json"], 0);
    assert!(!cluster.config().contains("aescbc:"));
    cluster.everything_opens();
}

/// A folder with one configuration, and the API server's loader beside it.
struct Steps<'a> {
    home: Home,
    oracle: &'a Oracle,
}

impl Steps<'_> {
    /// One step of kship, after which the API server loads the file.
    fn take(&self, args: &[&str]) {
        run(&self.home, args, 0);
        let text = fs::read(self.home.path().join(FILE)).unwrap();
        assert_eq!(
            self.oracle.load(&[&text]),
            [None],
            "{args:?}: {}",
            String::from_utf8_lossy(&text)
        );
    }
}

/// An etcd, a configuration, and the API server's transformers between them.
struct Cluster {
    oracle: Oracle,
    world: World,
}

impl Cluster {
    fn config(&self) -> String {
        fs::read_to_string(self.world.home.path().join(FILE)).unwrap()
    }

    /// Runs kship, and demands that the API server loads what the file is then.
    fn kship(&self, args: &[&str], code: i32) -> Output {
        let output = run(&self.world.home, args, code);
        assert_eq!(self.oracle.load(&[self.config()]), [None], "{args:?}");
        output
    }

    /// Audits etcd live, its listing and its snapshot, which must agree; the live one is kept as proof.
    fn audit(&self, code: i32) -> Vec<String> {
        let home = &self.world.home;
        let url = self.world.url();
        let mut live = vec!["audit", "--config", FILE, "--format", "json", "--etcd", &url];
        if url.starts_with("https") {
            live.extend(["--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key"]);
        }
        let proof = run(home, &live, code).stdout;
        home.file("audit.json", &proof);
        let counts = counted(&proof, "current");
        assert!(counts.iter().all(|line| !line.contains("masterleases")), "{counts:?}");

        home.file("listing.json", self.world.listing("/registry"));
        // The listing cannot show by itself that it holds everything.
        let args = [
            "audit",
            "--config",
            FILE,
            "--format",
            "json",
            "--assume-complete",
            "listing.json",
        ];
        assert_eq!(counted(&run(home, &args, code).stdout, "current"), counts);
        assert_eq!(counted(&self.snapshot(), "current"), counts);
        counts
    }

    /// What a snapshot shows that was overwritten or deleted: plaintext is told of, whatever is current.
    fn superseded(&self) -> Vec<String> {
        let report = self.snapshot();
        counted(&report, "superseded")
    }

    fn snapshot(&self) -> Vec<u8> {
        let home = &self.world.home;
        let _ = fs::remove_file(home.path().join("etcd.db"));
        self.world.run(&["snapshot", "save", "etcd.db"]);
        let mut command = home.command(&program());
        command.args(["encryption", "audit", "--config", FILE, "--format", "json", "etcd.db"]);
        let output = command.output().unwrap();
        let superseded = counted(&output.stdout, "superseded");
        let is_plain = superseded.iter().any(|line| line.contains(" plaintext "));
        assert!(!is_plain || output.status.code() == Some(1), "{superseded:?}");
        output.stdout
    }

    /// Writes the first so many objects anew, as the API server would.
    fn rewrite(&self, count: usize) {
        let config = self.config();
        let listing: Value = serde_json::from_slice(&self.world.listing("/registry/")).unwrap();
        let pairs = listing["kvs"].as_array().unwrap();
        for (resource, key) in objects().into_iter().take(count) {
            let pair = pairs.iter().find(|pair| pair["key"] == STANDARD.encode(&key)).unwrap();
            let stored = STANDARD.decode(pair["value"].as_str().unwrap()).unwrap();
            let question = |value| Question {
                config: &config,
                resource,
                key: &key,
                value,
            };
            let read = self.oracle.read(&[question(&stored)]).remove(0).unwrap();
            assert_eq!(read.value, object(resource, &key));
            let written = self.oracle.write(&[question(&read.value)]).remove(0).unwrap();
            self.world.put(&key, &written);
        }
    }

    /// The API server reads every object with the configuration as it is, and finds none of them stale.
    fn everything_opens(&self) {
        let config = self.config();
        let listing: Value = serde_json::from_slice(&self.world.listing("/registry/")).unwrap();
        for (resource, key) in objects() {
            let pairs = listing["kvs"].as_array().unwrap();
            let pair = pairs.iter().find(|pair| pair["key"] == STANDARD.encode(&key)).unwrap();
            let value = &STANDARD.decode(pair["value"].as_str().unwrap()).unwrap();
            let question = Question {
                config: &config,
                resource,
                key: &key,
                value,
            };
            let read = self.oracle.read(&[question]).remove(0).unwrap();
            assert_eq!((read.value, read.stale), (object(resource, &key), false));
        }
    }

    /// Neither without a proof nor with what the last audit says.
    fn refuse_to_prune(&self) {
        let before = self.config();
        self.kship(&["rotate", "prune", FILE], 2);
        let output = self.kship(&["rotate", "prune", FILE, "--proof", "audit.json"], 1);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("key1") || errors.contains("key2"), "{errors}");
        assert_eq!(self.config(), before);
    }
}

fn run(home: &Home, args: &[&str], code: i32) -> Output {
    let output = home.command(&program()).arg("encryption").args(args).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
    output
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_kship")).to_owned()
}

/// What an audit counts of an age: `resource state provider/key count`, but no zeros.
fn counted(report: &[u8], age: &str) -> Vec<String> {
    let report: Value = serde_json::from_slice(report).unwrap();
    let mut lines = Vec::new();
    for resource in report["details"]["resources"].as_array().unwrap() {
        for group in resource["counts"].as_array().unwrap() {
            let text = |name: &str| group[name].as_str().unwrap_or_default().to_owned();
            if text("age") == age && group["count"] != 0 {
                let key = match (text("provider"), text("key")) {
                    (provider, _) if provider.is_empty() => "-".to_owned(),
                    (provider, key) if key.is_empty() => provider,
                    (provider, key) => format!("{provider}/{key}"),
                };
                let resource = resource["resource"].as_str().unwrap();
                lines.push(format!("{resource} {} {key} {}", text("state"), group["count"]));
            }
        }
    }
    lines
}

/// Twelve Secrets and six ConfigMaps: their resource, and their key in etcd.
fn objects() -> Vec<(&'static str, String)> {
    let secrets = (0..12).map(|number| ("secrets", format!("/registry/secrets/shop-{}/s{number}", number % 3)));
    let maps = (0..6).map(|number| ("configmaps", format!("/registry/configmaps/shop/m{number}")));
    secrets.chain(maps).collect()
}

/// An object as the API server would store it without encryption.
fn object(resource: &str, key: &str) -> Vec<u8> {
    [b"k8s\0", resource.as_bytes(), key.as_bytes()].concat()
}
