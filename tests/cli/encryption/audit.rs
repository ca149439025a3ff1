use serde_json::Value;

use super::run;
use crate::support::cli::Run;
use crate::support::encryption::{IDENTITY, configuration, dump, encrypt, provider};

fn audit(args: &[&str]) -> Run {
    run(&[&["audit", "--config", "encryption.yaml"], args].concat())
}

fn json(run: Run, code: i32) -> Value {
    serde_json::from_str(&run.run().expect_code(code).stdout).unwrap()
}

#[test]
fn a_dump() {
    insta::assert_snapshot!(audit(&["dump.json"]).run());
}

#[test]
fn a_snapshot_shows_what_was_overwritten_too() {
    insta::assert_snapshot!(audit(&["snapshot.db"]).run());
}

#[test]
fn standard_input_is_read_without_its_name() {
    let text = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/encryption/audit/dump.json"
    ))
    .unwrap();
    let from_pipe = audit(&[]).stdin(text).run().expect_code(1);
    let from_file = audit(&["dump.json"]).run().expect_code(1);
    assert_eq!(from_pipe.stdout, from_file.stdout);
}

#[test]
fn the_report_as_json_is_proof() {
    let report = json(audit(&["snapshot.db", "--format", "json"]), 1);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report["details"]).unwrap());
    let schema = include_str!("../../../fixtures/report/report.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    assert!(schema.is_valid(&report));
    let dump = json(audit(&["dump.json", "--format", "json"]), 1);
    let current = |report: &Value| -> Vec<Value> {
        let counts = report["details"]["resources"].as_array().unwrap().iter();
        let counts = counts.flat_map(|resource| resource["counts"].as_array().unwrap().clone());
        counts.filter(|count| count["age"] == "current").collect()
    };
    assert_eq!(current(&dump), current(&report), "both are of the same etcd");
}

/// The values of a cluster before, during and after a rotation from `a` to `b`.
#[test]
fn a_rotation_is_done_when_nothing_needs_the_old_key() {
    let keys = [
        "/registry/pods/shop/web",
        "/registry/secrets/shop/one",
        "/registry/secrets/shop/two",
        "/registry/services/specs/a/b",
    ];
    for kind in ["aescbc", "aesgcm", "secretbox"] {
        let old = configuration(&(provider(kind, "a") + IDENTITY));
        let new = configuration(&(provider(kind, "ba") + IDENTITY));
        let stored = |first: &str, second: &str| {
            let value = |at: usize, key: &str| match at {
                1 => encrypt(first, key, b"k8s\0one"),
                2 => encrypt(second, key, b"k8s\0two"),
                _ => b"k8s\0plain".to_vec(),
            };
            dump(keys.iter().enumerate().map(|(at, key)| (*key, value(at, key))))
        };
        let audit = |config: &str, stored: String| audit(&[]).file("encryption.yaml", config).stdin(stored).run();
        let before = audit(&old, stored(&old, &old)).expect_code(0);
        assert_eq!(before.stderr, "");
        let during = audit(&new, stored(&old, &new)).expect_code(1);
        assert_eq!(during.stderr, format!("`{kind}/a` is still needed\n"));
        assert!(during.stdout.contains("still needs"), "{during}");
        let after = audit(&new, stored(&new, &new)).expect_code(0);
        assert_eq!(after.stderr, format!("no value needs `{kind}/a` any more\n"));
        let pruned = configuration(&(provider(kind, "b") + IDENTITY));
        let _ = audit(&pruned, stored(&new, &new)).expect_code(0);
        let too_early = audit(&pruned, stored(&old, &new)).expect_code(1);
        assert!(too_early.stdout.contains("error[unknown-key]"), "{too_early}");
    }
}

#[test]
fn a_part_of_etcd_is_no_proof_unless_somebody_vouches() {
    let config = configuration(&provider("aesgcm", "a"));
    let key = "/registry/secrets/shop/db";
    let part = dump([(key, encrypt(&config, key, b"k8s\0"))]);
    let run = |args: &[&str]| audit(args).file("encryption.yaml", &config).stdin(part.clone());
    insta::assert_snapshot!(run(&[]).run());
    let complete = |args: &[&str]| json(run(args), 0)["details"]["complete"].clone();
    assert_eq!(complete(&["--format", "json"]), false);
    assert_eq!(complete(&["--format", "json", "--assume-complete"]), true);
    // Nor does an answer that was cut, whatever its keys are.
    let around = [
        ("/registry/pods/a/b", vec![]),
        (key, encrypt(&config, key, b"{}")),
        ("/registry/z/z", vec![]),
    ];
    let whole = dump(around);
    let run = |text: String| {
        audit(&["--format", "json"])
            .file("encryption.yaml", &config)
            .stdin(text)
    };
    assert_eq!(json(run(whole.clone()), 0)["details"]["complete"], true);
    let unordered =
        whole
            .replace("\"count\":3", "\"count\":9")
            .replacen("L3JlZ2lzdHJ5L3BvZHMvYS9i", "L3JlZ2lzdHJ5L3ovenp6", 1);
    assert_eq!(json(run(unordered), 0)["details"]["complete"], false);
}

#[test]
fn what_cannot_be_audited_is_said() {
    let snapshot = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/encryption/audit/snapshot.db"
    ))
    .unwrap();
    let mut damaged = snapshot.clone();
    damaged[5000] ^= 1;
    let keys_only = r#"{"kvs":[{"key":"L3JlZ2lzdHJ5L3NlY3JldHMvYS9i"}],"count":1}"#;
    for (name, code, content) in [
        ("cut.db", 3, &snapshot[..snapshot.len() - 40]),
        ("damaged.db", 3, &damaged),
        ("empty.json", 3, b""),
        ("keys-only.json", 3, keys_only.as_bytes()),
        (
            "other.json",
            3,
            b"{\"kvs\":[{\"key\":\"L290aGVy\",\"value\":\"YQ==\"}]}",
        ),
        ("cut.json", 3, b"{\"header\":{},\"kvs\":[{\"key\":\"L3Jl"),
        ("text.txt", 3, b"/registry/secrets/a/b\n"),
    ] {
        let run = audit(&[name]).file(name, content).run().expect_code(code);
        insta::assert_snapshot!(format!("audit_{}", name.replace(['.', '-'], "_")), run);
    }
    let missing = audit(&["missing.json"]).run().expect_code(3);
    assert!(missing.stderr.contains("`missing.json`"), "{missing}");
    insta::assert_snapshot!(
        "audit_of_a_snapshot_in_a_pipe",
        audit(&[]).stdin(snapshot).run().expect_code(2)
    );
    let refused = audit(&["dump.json"]).file("encryption.yaml", "kind: EncryptionConfiguration\n");
    insta::assert_snapshot!("audit_with_no_configuration", refused.run().expect_code(3));
}

#[test]
fn quiet_says_nothing_of_what_is_well() {
    let config = configuration(&(provider("secretbox", "ba") + IDENTITY));
    let key = "/registry/secrets/shop/db";
    let stored = dump([
        ("/registry/a/a", vec![]),
        (key, encrypt(&config, key, b"k8s\0")),
        ("/registry/z/z", vec![]),
    ]);
    let run = audit(&["--quiet"])
        .file("encryption.yaml", config)
        .stdin(stored)
        .run()
        .expect_code(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[test]
fn no_output_holds_a_key_or_a_plaintext() {
    for format in ["human", "json", "sarif", "github"] {
        let run = audit(&["snapshot.db", "--format", format]).run().expect_code(1);
        let all = format!("{}{}", run.stdout, run.stderr);
        // What the fixtures' plaintext and keys hold.
        for secret in ["hunter", "YWhvdn2E", "Ymlwd36F"] {
            assert!(!all.contains(secret), "{format}: {all}");
        }
    }
    let config = include_str!("../../../fixtures/encryption/audit/encryption.yaml");
    assert!(config.contains("YWhvdn2E") && config.contains("Ymlwd36F"));
}
