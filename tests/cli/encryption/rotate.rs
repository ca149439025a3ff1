use std::io::{Read, Write};
use std::net::TcpListener;

use kship::Digest;
use kship::encryption::{Configuration, Loader};
use serde_json::json;

use super::{assert_hidden, secrets};
use crate::support::cli::{Output, Run, kship};

/// A key of this test.
const OLD: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn file() -> String {
    format!(
        "# The keys of the test cluster.\napiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n\
         - resources: [secrets, pandas.example.com]\n  providers:\n  - aescbc:\n      keys:\n      # since the beginning\n      \
         - name: key1 # the first\n        secret: {OLD}\n  - identity: {{}} # not all is rewritten\n"
    )
}

/// `kship encryption rotate STEP enc.yaml`.
fn rotate(step: &str, text: &str, args: &[&str]) -> Run {
    let run = kship(&[&["encryption", "rotate", step, "enc.yaml"], args].concat()).file("enc.yaml", text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(run.path().join("enc.yaml"), private).unwrap();
    }
    run
}

fn hash(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// An audit of `kship encryption audit --format json`, made with a file.
fn audit(text: &str, older: u64) -> String {
    json!({"schema": "kship.encryption-audit/v1", "details": {
        "complete": true, "incomplete": null,
        "config": {"path": "enc.yaml", "sha256": hash(text)},
        "keys": {"total": 5, "outside": 0, "plainByDesign": 0},
        "resources": [{"resource": "secrets", "covered": true, "counts": [
            {"age": "current", "state": "older-key", "provider": "aescbc", "key": "key1", "count": older}]}],
    }})
    .to_string()
}

/// What was told, with the day and the file's hash named.
fn told(output: &Output) -> String {
    let text = output.read("enc.yaml");
    let day = text
        .split("key-")
        .nth(1)
        .and_then(|rest| rest.get(..10))
        .unwrap_or("[DAY]");
    output.to_string().replace(day, "[DAY]").replace(&hash(&text), "[HASH]")
}

#[test]
fn a_rotation_from_the_first_key_to_the_next() {
    let mut log = String::new();
    let mut text = file();
    for step in ["prepare", "promote", "prune"] {
        let run = rotate(
            step,
            &text,
            if step == "prune" {
                &["--proof", "audit.json"]
            } else {
                &[]
            },
        );
        let output = run.file("audit.json", audit(&text, 0)).run().expect_code(0);
        text = output.read("enc.yaml");
        Configuration::parse(&text, &Loader::new("enc.yaml")).unwrap();
        assert_hidden(&output, &secrets(&text));
        #[cfg(unix)]
        assert_eq!(super::mode(&output, "enc.yaml"), 0o600);
        log.push_str(&format!(
            "$ kship encryption rotate {step} enc.yaml\n{}\n",
            told(&output)
        ));
    }
    assert!(!text.contains(OLD) && !text.contains("key1"), "{text}");
    let day = text.split("key-").nth(1).unwrap()[..10].to_owned();
    let expected = file()
        .replace(
            "      # since the beginning\n      - name: key1 # the first\n",
            &format!("      - name: key-{day}\n"),
        )
        .replace(OLD, &secrets(&text)[0]);
    assert_eq!(text, expected);
    insta::assert_snapshot!("rotation", log);
}

#[test]
fn steps_that_do_not_follow_change_nothing() {
    let prepared = rotate("prepare", &file(), &["--key-name", "key2"])
        .run()
        .expect_code(0)
        .read("enc.yaml");
    let promoted = rotate("promote", &prepared, &[]).run().expect_code(0).read("enc.yaml");
    let mut log = String::new();
    for (step, text, args, code) in [
        ("promote", &file(), &[][..], 1),
        ("prune", &file(), &["--force"], 1),
        ("prepare", &prepared, &[], 1),
        ("prune", &prepared, &["--force"], 1),
        ("add-provider", &prepared, &["--provider", "secretbox"], 1),
        ("prepare", &promoted, &[], 1),
        ("promote", &promoted, &[], 1),
        ("prune", &promoted, &[], 2),
        ("prune", &promoted, &["--force", "--key", "key2"], 2),
        ("prune", &promoted, &["--force", "--key", "key9"], 2),
        ("prepare", &file(), &["--key-name", "key1"], 2),
        ("prepare", &file(), &["--key-name", "key0"], 2),
        ("prepare", &file(), &["--resource", "nodes"], 2),
        ("prepare", &file().replace("secrets", "Secrets"), &[], 3),
    ] {
        let output = rotate(step, text, args).run().expect_code(code);
        assert_eq!(output.read("enc.yaml"), *text, "{output}");
        assert_hidden(&output, &secrets(text));
        log.push_str(&format!(
            "$ kship encryption rotate {step} enc.yaml {}\n{}\n",
            args.join(" "),
            output.stderr
        ));
    }
    insta::assert_snapshot!("rotation_refused", log);
}

#[test]
fn pruning_asks_for_proof_about_this_very_file() {
    let prepared = rotate("prepare", &file(), &["--key-name", "key2"])
        .run()
        .expect_code(0)
        .read("enc.yaml");
    let promoted = rotate("promote", &prepared, &[]).run().expect_code(0).read("enc.yaml");
    let prune = |audit: String| rotate("prune", &promoted, &["--proof", "audit.json"]).file("audit.json", audit);
    let needed = prune(audit(&promoted, 3)).run().expect_code(1);
    assert_eq!(needed.read("enc.yaml"), promoted);
    let stale = prune(audit(&prepared, 0)).run().expect_code(3);
    assert_eq!(stale.read("enc.yaml"), promoted);
    let other = prune("{}".to_owned()).run().expect_code(3);
    assert_eq!(other.read("enc.yaml"), promoted);
    let stale = stale
        .stderr
        .replace(&hash(&promoted), "[PROMOTED]")
        .replace(&hash(&prepared), "[PREPARED]");
    insta::assert_snapshot!("proof", format!("{needed}\n{stale}\n{other}"));
    let forced = rotate("prune", &promoted, &["--force"]).run().expect_code(0);
    assert!(forced.stderr.starts_with("warning: nothing has proven"), "{forced}");
    assert!(!forced.read("enc.yaml").contains("key1"));
    let _ = prune(audit(&promoted, 0)).run().expect_code(0);
}

#[test]
fn a_dry_run_writes_nothing_and_masks_keys() {
    let text = file() + "# was secret: AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n";
    let output = rotate("prepare", &text, &["--key-name", "key2", "--dry-run"])
        .run()
        .expect_code(0);
    assert_eq!(output.read("enc.yaml"), text);
    assert_eq!(secrets(&format!("{output}")), Vec::<String>::new(), "{output}");
    insta::assert_snapshot!("dry_run", output);
}

#[test]
fn k3s_files_stay_on_one_line() {
    let json = json!({"kind": "EncryptionConfiguration", "apiVersion": "apiserver.config.k8s.io/v1", "resources": [
        {"resources": ["secrets"], "providers": [{"aescbc": {"keys": [{"name": "aescbckey", "secret": OLD}]}}, {"identity": {}}]}]});
    let output = rotate("prepare", &json.to_string(), &[]).run().expect_code(0);
    let text = output.read("enc.yaml");
    let after: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        after["resources"][0]["providers"][0]["aescbc"]["keys"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(!text.contains('\n'), "{text}");
}

#[test]
fn another_provider_and_the_way_back_to_plaintext() {
    let added = rotate(
        "add-provider",
        &file(),
        &["--provider", "secretbox", "--key-name", "box2"],
    )
    .run()
    .expect_code(0);
    assert!(added.stderr.contains("--key secretbox/box2"), "{added}");
    let text = added.read("enc.yaml");
    let unclear = rotate("promote", &text, &[]).run().expect_code(2);
    assert!(
        unclear.stderr.contains("hint: `--key PROVIDER/NAME` names it"),
        "{unclear}"
    );
    let text = rotate("promote", &text, &["--key", "secretbox/box2"])
        .run()
        .expect_code(0)
        .read("enc.yaml");
    let text = rotate("prune", &text, &["--key", "key1", "--force"])
        .run()
        .expect_code(0)
        .read("enc.yaml");
    assert!(text.contains("secretbox:") && !text.contains("aescbc"), "{text}");
    let off = rotate("disable", &text, &[]).run().expect_code(0);
    assert!(
        off.stderr.contains("only then take --encryption-provider-config"),
        "{off}"
    );
    let text = off.read("enc.yaml");
    let kinds: Vec<&str> = Configuration::parse(&text, &Loader::new("enc.yaml")).unwrap().resources[0]
        .providers
        .iter()
        .map(|provider| provider.kind.name())
        .collect();
    assert_eq!(kinds, ["identity", "secretbox"]);
    let _ = rotate("disable", &text, &[]).run().expect_code(1);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_warned_of_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let run = rotate("prepare", &file(), &[]);
    std::fs::set_permissions(run.path().join("enc.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let output = run.run().expect_code(0);
    assert!(output.stderr.contains("warning: enc.yaml has mode 0640"), "{output}");
    assert_eq!(super::mode(&output, "enc.yaml"), 0o640);
}

#[test]
fn every_phase_passes_the_check() {
    let made = kship(&["encryption", "init", "--provider", "secretbox", "-o", "enc.yaml"]);
    let mut text = made.run().expect_code(0).read("enc.yaml");
    for (step, args) in [
        ("prepare", &[][..]),
        ("promote", &[]),
        ("prune", &["--force"]),
        ("add-provider", &["--provider", "aescbc"]),
        ("promote", &[]),
    ] {
        let _ = kship(&["encryption", "check", "-"])
            .stdin(text.as_str())
            .run()
            .expect_code(0);
        text = rotate(step, &text, args).run().expect_code(0).read("enc.yaml");
    }
}

/// The metrics of an API server.
fn metrics(server: &str, hash: &str) -> String {
    format!(
        "# TYPE apiserver_encryption_config_controller_last_config_info gauge\n\
         apiserver_encryption_config_controller_last_config_info{{apiserver_id_hash=\"sha256:{server}\",hash=\"{hash}\"}} 1\nup 1\n"
    )
}

#[test]
fn status_compares_every_api_server() {
    let status = |args: &[&str]| {
        rotate("status", &file(), args)
            .file("a.txt", metrics("a", &hash(&file())))
            .file("b.txt", metrics("b", &hash(&file())))
            .file("old.txt", metrics("c", "sha256:0000"))
            .file("none.txt", "up 1\n")
    };
    let _ = status(&[]).run().expect_code(0);
    let same = status(&["--metrics", "a.txt", "b.txt"]).run().expect_code(0);
    let differs = status(&["--metrics", "a.txt", "old.txt", "none.txt"])
        .run()
        .expect_code(1);
    let unknown = status(&["--metrics", "none.txt", "gone.txt", "a.txt"])
        .run()
        .expect_code(3);
    let twice = status(&["--metrics", "a.txt", "-"])
        .stdin(metrics("a", &hash(&file())))
        .run()
        .expect_code(0);
    assert!(twice.stderr.contains("are the same API server"), "{twice}");
    let _ = status(&["--metrics", "ftp://a"]).run().expect_code(2);
    let log = format!("{same}\n{differs}\n{unknown}").replace(&hash(&file()), "[HASH]");
    insta::assert_snapshot!("status", log);
}

/// Answers one request on loopback, and gives what was asked.
fn serve(status: &str, body: String) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            request.push(byte[0]);
        }
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

#[test]
fn metrics_come_from_addresses_with_a_token() {
    let (url, server) = serve("200 OK", metrics("a", &hash(&file())));
    let output = rotate("status", &file(), &["--metrics", &url, "--token-file", "token"])
        .file("token", "abc\n")
        .run()
        .expect_code(0);
    assert!(output.stdout.contains("/metrics: runs this file"), "{output}");
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /metrics HTTP/1.1"), "{request}");
    assert!(
        request
            .to_ascii_lowercase()
            .contains("\r\nauthorization: bearer abc\r\n"),
        "{request}"
    );
    let (url, server) = serve("403 Forbidden", "no".to_owned());
    let denied = rotate("status", &file(), &["--metrics", &url]).run().expect_code(3);
    assert!(denied.stderr.contains("the server answers with status 403"), "{denied}");
    assert!(denied.stderr.contains("hint: `--token-file` names"), "{denied}");
    server.join().unwrap();
    let clear = rotate(
        "status",
        &file(),
        &["--metrics", "http://192.0.2.1/metrics", "--token-file", "token"],
    )
    .file("token", "abc")
    .run()
    .expect_code(3);
    assert!(clear.stderr.contains("the token is not sent without TLS"), "{clear}");
}
