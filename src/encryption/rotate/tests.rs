use std::collections::BTreeSet;

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Keys of 32 bytes, each of them another byte.
const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// What stands in a configuration for tests: entries of `resources: providers`, providers as `aescbc/key1+key2`.
fn file(entries: &[(&str, &str)]) -> String {
    let mut text =
        "# head\nkind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1 # version\nresources:\n"
            .to_owned();
    for (resources, providers) in entries {
        text.push_str(&format!("- resources: [{resources}] # what\n  providers: # how\n"));
        for provider in providers.split(' ') {
            match provider.split_once('/') {
                None => text.push_str("  # reads plaintext\n  - identity: {} # last\n"),
                Some(("kms", name)) => text.push_str(&format!(
                    "  - kms: {{apiVersion: v2, name: {name}, endpoint: 'unix:///run/kms.sock'}}\n"
                )),
                Some((kind, keys)) => {
                    text.push_str(&format!("  # with {kind}\n  - {kind}:\n      keys:\n"));
                    for (at, name) in keys.split('+').enumerate() {
                        let secret = [A, B][at % 2];
                        text.push_str(&format!(
                            "      # about {name}\n      - name: {name} # of {name}\n        secret: {secret}\n"
                        ));
                    }
                }
            }
        }
    }
    text.push_str("# tail\n");
    text
}

fn loader() -> Loader {
    Loader::new("enc.yaml")
}

fn parse(text: &str) -> Configuration {
    Configuration::parse(text, &loader()).unwrap()
}

fn step(text: &str, step: &Step, resources: &[&str]) -> Result<Rotation, RotateError> {
    let resources: Vec<String> = resources.iter().map(|name| (*name).to_owned()).collect();
    let mut next = 0x40;
    let mut world = World {
        today: date(2026, 11, 25),
        random: &mut |bytes| {
            next += 1;
            bytes.fill(next);
            Ok(())
        },
    };
    rotate(text, &loader(), step, &resources, &mut world)
}

fn prepare() -> Step {
    Step::Prepare {
        key_name: None,
        keep_old: false,
    }
}

fn add(cipher: Cipher) -> Step {
    Step::AddProvider {
        with: AddedProvider::Cipher(cipher, None),
        keep_old: false,
    }
}

fn promote() -> Step {
    Step::Promote { key: None }
}

fn prune() -> Step {
    Step::Prune {
        key: None,
        identity: false,
    }
}

fn pruning(key: &str) -> Step {
    Step::Prune {
        key: Some(key.to_owned()),
        identity: false,
    }
}

/// The readers of each entry, as words.
fn readers(text: &str) -> Vec<String> {
    let states = State::all(&parse(text));
    let words = |state: &State| {
        state
            .readers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    states.iter().map(words).collect()
}

/// Takes steps one after the other, and gives the readers of the first entry after each.
fn walk(text: &str, steps: &[Step]) -> (String, Vec<String>) {
    let mut text = text.to_owned();
    let mut seen = Vec::new();
    for one in steps {
        text = step(&text, one, &[]).unwrap().text.to_string();
        seen.push(readers(&text).swap_remove(0));
    }
    (text, seen)
}

fn refusal(entries: &[(&str, &str)], one: &Step) -> String {
    step(&file(entries), one, &[]).unwrap_err().to_string()
}

#[test]
fn a_rotation_changes_only_the_keys() {
    let before = file(&[("secrets", "aescbc/key1 identity")]);
    let (after, seen) = walk(&before, &[prepare(), promote(), prune()]);
    assert_eq!(
        seen,
        [
            "aescbc/key1 aescbc/key-2026-11-25 identity",
            "aescbc/key-2026-11-25 aescbc/key1 identity",
            "aescbc/key-2026-11-25 identity"
        ]
    );
    let expected = before
        .replace(
            "      # about key1\n      - name: key1 # of key1\n",
            "      - name: key-2026-11-25\n",
        )
        .replace(A, &base64_of(0x41));
    assert_eq!(after, expected);
}

fn base64_of(byte: u8) -> String {
    crate::k8s::base64::encode(&[byte; 32])
}

#[test]
fn another_provider_takes_the_place_of_the_first() {
    let before = file(&[("secrets", "aescbc/key1 identity")]);
    let (after, seen) = walk(&before, &[add(Cipher::Secretbox), promote(), prune()]);
    assert_eq!(
        seen,
        [
            "aescbc/key1 secretbox/key-2026-11-25 identity",
            "secretbox/key-2026-11-25 aescbc/key1 identity",
            "secretbox/key-2026-11-25 identity"
        ]
    );
    assert!(
        after.contains("  # reads plaintext\n  - identity: {} # last\n# tail\n"),
        "{after}"
    );
}

#[test]
fn encryption_begins_and_ends() {
    let before = file(&[("secrets", "identity")]);
    let (text, seen) = walk(&before, &[add(Cipher::Aesgcm), promote(), Step::Disable]);
    assert_eq!(
        seen,
        [
            "identity aesgcm/key-2026-11-25",
            "aesgcm/key-2026-11-25 identity",
            "identity aesgcm/key-2026-11-25"
        ]
    );
    let (_, seen) = walk(&text, &[pruning("key-2026-11-25")]);
    assert_eq!(seen, ["identity"]);
    let (_, seen) = walk(&file(&[("secrets", "aescbc/a")]), &[Step::Disable, Step::Disable]);
    assert_eq!(seen, ["aescbc/a identity", "identity aescbc/a"]);
    let without = Step::Prune {
        key: None,
        identity: true,
    };
    let (_, seen) = walk(
        &file(&[("secrets", "aescbc/a identity")]),
        std::slice::from_ref(&without),
    );
    assert_eq!(seen, ["aescbc/a"]);
    assert_eq!(
        refusal(&[("secrets", "aescbc/a")], &without),
        "secrets: there is no `identity` behind the keys that could be removed"
    );
}

#[test]
fn a_skipped_phase_is_refused_with_the_reason() {
    let settled = [("secrets", "aescbc/key1 identity")];
    let prepared = [("secrets", "aescbc/key1+key2 identity")];
    let promoted = [("secrets", "aescbc/key2+key1 identity")];
    let unclear = [("secrets", "aescbc/a+b")];
    let off = [("secrets", "identity")];
    type Case<'c> = (&'c [(&'c str, &'c str)], Step, &'c str);
    let cases: [Case<'_>; 17] = [
        (
            &settled,
            promote(),
            "secrets: there is no younger key than `aescbc/key1`: prepare one first",
        ),
        (
            &settled,
            prune(),
            "secrets: there is no older key than `aescbc/key1`: nothing to prune",
        ),
        (
            &prepared,
            prepare(),
            "secrets: `aescbc/key2` is prepared already and waits to be promoted",
        ),
        (
            &prepared,
            add(Cipher::Aesgcm),
            "secrets: `aescbc/key2` is prepared already and waits to be promoted",
        ),
        (
            &prepared,
            prune(),
            "secrets: `aescbc/key2` is prepared, and `aescbc/key1` still encrypts: promote it before anything is pruned",
        ),
        (
            &promoted,
            prepare(),
            "secrets: `aescbc/key1` is left behind `aescbc/key2`: prune what is older first",
        ),
        (
            &promoted,
            promote(),
            "secrets: `aescbc/key2` encrypts already, and is younger than `aescbc/key1`",
        ),
        (
            &unclear,
            promote(),
            "secrets: the names do not tell which is younger, `aescbc/a` or `aescbc/b`: say which one is meant",
        ),
        (
            &unclear,
            prune(),
            "secrets: the names do not tell which is younger, `aescbc/a` or `aescbc/b`: say which one is meant",
        ),
        (
            &unclear,
            pruning("a"),
            "secrets: `a` is what encrypts: expected one of `aescbc/b`",
        ),
        (
            &unclear,
            pruning("c"),
            "secrets: there is no key `c`: expected one of `aescbc/b`",
        ),
        (
            &off,
            prepare(),
            "secrets: nothing is encrypted, `identity` is the only provider: add one that encrypts first",
        ),
        (
            &off,
            Step::Disable,
            "secrets: nothing is encrypted any more, `identity` is the first provider",
        ),
        (
            &[("secrets", "aescbc/a secretbox/a aescbc/a")],
            pruning("a"),
            "secrets: two keys are called `aescbc/a`, which nobody can tell apart in etcd: remove the one that opens \
             nothing by hand",
        ),
        (
            &[("secrets", "kms/vault")],
            prepare(),
            "secrets: the key of the KMS plugin `vault` is rotated in the plugin: nothing stands in this file",
        ),
        (
            &[("secrets", "identity aescbc/a")],
            prepare(),
            "secrets: plaintext is written, although `aescbc/a` can be read: promote it to encrypt",
        ),
        (
            &[("secrets", "aescbc/key1+key2"), ("configmaps", "aescbc/key3")],
            promote(),
            "the entries are not in step: secrets prepared; configmaps settled",
        ),
    ];
    for (entries, one, expected) in cases {
        assert_eq!(refusal(entries, &one), expected, "{one:?} {entries:?}");
    }
}

#[test]
fn names_say_which_key_is_meant() {
    let text = file(&[("secrets", "aescbc/a+b secretbox/a")]);
    let promoting = |key: &str| Step::Promote { key: Some(key.into()) };
    assert_eq!(
        step(&text, &promoting("a"), &[]).unwrap_err().to_string(),
        "secrets: `a` means `aescbc/a`, `secretbox/a`: expected one of them"
    );
    let read = |key: &str| readers(&step(&text, &promoting(key), &[]).unwrap().text).swap_remove(0);
    assert_eq!(read("b"), "aescbc/b aescbc/a secretbox/a");
    assert_eq!(read("secretbox/a"), "secretbox/a aescbc/a aescbc/b");
    let named = |name: &str| Step::Prepare {
        key_name: Some(KeyName::parse(name).unwrap()),
        keep_old: false,
    };
    let one = file(&[("secrets", "aescbc/key-2026-11-20")]);
    assert_eq!(
        step(&one, &named("mine"), &[]).unwrap_err().to_string(),
        "`aescbc/mine` does not name a younger key than `aescbc/key-2026-11-20`: expected a later date or number"
    );
    assert_eq!(
        step(&one, &named("key-2026-11-20"), &[]).unwrap_err().to_string(),
        "there is a key `key-2026-11-20` already: expected a name that stands nowhere in the file"
    );
    let mine = step(&file(&[("secrets", "aescbc/old")]), &named("mine"), &[]).unwrap();
    assert_eq!(mine.after[0].phase, Phase::Unclear { others: vec![1] });
}

#[test]
fn entries_go_in_step_or_alone() {
    let text = file(&[
        ("secrets", "aescbc/key1 identity"),
        ("configmaps, '*.apps'", "aescbc/key1"),
        ("pandas.example.com", "aesgcm/other"),
        ("events", "identity"),
        ("leases", "kms/vault identity"),
    ]);
    let all = step(&text, &prepare(), &[]).unwrap();
    // The first two share their key, and go on sharing one.
    assert_eq!(
        readers(&all.text),
        [
            "aescbc/key1 aescbc/key-2026-11-25 identity",
            "aescbc/key1 aescbc/key-2026-11-25",
            "aesgcm/other aesgcm/key-2026-11-25-2",
            "identity",
            "kms/vault identity"
        ]
    );
    let passed: Vec<String> = all.passed_by.iter().map(State::title).collect();
    assert_eq!(passed, ["events", "leases"]);
    let keys = parse(&all.text);
    let secrets: BTreeSet<&[u8]> = keys.keys().map(|(_, key)| key.secret.as_slice()).collect();
    assert_eq!(secrets.len(), 3);
    let one = step(&text, &prepare(), &["*.apps"]).unwrap();
    assert_eq!(readers(&one.text)[1], "aescbc/key1 aescbc/key-2026-11-25");
    assert_eq!(readers(&one.text)[0], "aescbc/key1 identity");
    assert_eq!(
        step(&one.text, &promote(), &[]).unwrap_err().to_string(),
        "the entries are not in step: secrets settled; configmaps, *.apps prepared; pandas.example.com settled"
    );
    step(&one.text, &promote(), &["configmaps"]).unwrap();
    assert_eq!(
        step(&text, &prepare(), &["nodes"]).unwrap_err().to_string(),
        "no entry is about `nodes`: expected one of secrets, configmaps, *.apps, pandas.example.com, events, leases"
    );
    let named = Step::Prepare {
        key_name: Some(KeyName::parse("key2").unwrap()),
        keep_old: false,
    };
    assert_eq!(
        step(&text, &named, &[]).unwrap_err().to_string(),
        "several keys are needed for 3 entries: expected no name, or one entry"
    );
}

#[test]
fn older_keys_may_be_kept() {
    let keep = |key_name| Step::Prepare {
        key_name,
        keep_old: true,
    };
    let (_, seen) = walk(
        &file(&[("secrets", "aescbc/key2+key1 identity")]),
        &[keep(None), promote(), pruning("key1")],
    );
    assert_eq!(
        seen,
        [
            "aescbc/key2 aescbc/key-2026-11-25 aescbc/key1 identity",
            "aescbc/key-2026-11-25 aescbc/key2 aescbc/key1 identity",
            "aescbc/key-2026-11-25 aescbc/key2 identity"
        ]
    );
}

#[test]
fn json_on_one_line_stays_so() {
    let json = r#"{"kind":"EncryptionConfiguration","apiVersion":"apiserver.config.k8s.io/v1","resources":[{"resources":["secrets"],"providers":[{"aescbc":{"keys":[{"name":"aescbckey","secret":"SECRET"}]}},{"identity":{}}]}]}"#;
    let json = json.replace("SECRET", A);
    let (after, seen) = walk(&json, &[prepare(), promote(), prune()]);
    assert_eq!(seen[0], "aescbc/aescbckey aescbc/key-2026-11-25 identity");
    let expected = json.replace("aescbckey", "key-2026-11-25").replace(A, &base64_of(0x41));
    assert_eq!(
        serde_json::from_str::<Value>(&after).unwrap(),
        serde_json::from_str::<Value>(&expected).unwrap()
    );
    assert!(!after.contains('\n'), "{after}");
}

#[test]
fn what_follows_the_first_document_is_left_alone() {
    for tail in ["---\n{ garbage: [\n", "...\n", "---\na: b\n"] {
        let text = file(&[("secrets", "aescbc/key1")]) + tail;
        let (after, seen) = walk(&text, &[prepare()]);
        assert_eq!(seen, ["aescbc/key1 aescbc/key-2026-11-25"]);
        assert!(after.ends_with(&format!("# tail\n{tail}")), "{after}");
    }
    let error = step("kind: Other\n", &prepare(), &[]).unwrap_err();
    assert_eq!(error.to_string(), "the API server would not load the file");
}

#[test]
fn what_cannot_be_edited_is_refused() {
    let shared = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers: &p\n  - aescbc: {keys: [{name: a, secret: SECRET}]}\n- resources: [configmaps]\n  providers: *p\n"
        .replace("SECRET", A);
    let error = step(&shared, &prepare(), &[]).unwrap_err();
    assert_eq!(error.to_string(), "the file cannot be changed");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("an alias repeats this"), "{cause}");
}

/// A configuration as a person might write it, with the names of its keys.
fn configurations() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "q[a-z]{1,6}",
        "key[1-9]",
        Just("aescbckey-2021-12-10T22:54:38Z".to_owned()),
        Just("\"1\"".to_owned()),
        Just("'a b'".to_owned()),
    ];
    let kind = prop_oneof![Just("aescbc"), Just("aesgcm"), Just("secretbox")];
    let comment = prop_oneof![Just(""), Just(" # c"), Just(" # 'x: - y'")];
    let entry = (kind, name, any::<bool>(), comment.clone(), 0..4_usize, any::<bool>());
    let entries = proptest::collection::vec(entry, 1..4);
    (entries, any::<bool>(), any::<bool>(), comment).prop_map(|(entries, crlf, bom, comment)| {
        let mut text = format!("apiVersion: apiserver.config.k8s.io/v1{comment}\n\nkind: EncryptionConfiguration\nresources:\n");
        for (at, (kind, name, identity, comment, indent, flow)) in entries.into_iter().enumerate() {
            let pad = " ".repeat(indent);
            text.push_str(&format!("{comment}\n  - resources:\n{pad}    - r{at}{comment}\n"));
            text = text.replace(&format!("{comment}\n  - resources"), &format!("\n# e{at}\n  - resources"));
            text.push_str("    providers:\n");
            if flow {
                text.push_str(&format!(
                    "{pad}    - {{ {kind}: {{keys: [ {{name: {name}, secret: {A}}} ]}} }}{comment}\n"
                ));
            } else {
                text.push_str(&format!(
                    "{pad}    - {kind}:{comment}\n{pad}        keys:\n{pad}        # k{at}\n{pad}        - secret: {A}\n{pad}          name: {name}{comment}\n"
                ));
            }
            if identity {
                text.push_str(&format!("{pad}    # i{at}\n{pad}    - identity: {{}}{comment}\n"));
            }
        }
        text.push_str("# end");
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if bom {
            text.insert(0, '\u{feff}');
        }
        text
    })
}

/// Lines that no rotation may touch.
fn lines_that_stay(text: &str) -> Vec<&str> {
    let about_keys = ["secret:", "name:", "keys:", "# k", "aescbc", "aesgcm", "secretbox"];
    text.lines()
        .filter(|line| !about_keys.iter().any(|part| line.contains(part)))
        .collect()
}

proptest! {
    #[test]
    fn a_full_rotation_ends_with_only_the_new_key(text in configurations(), migrate in any::<bool>()) {
        let first = if migrate { add(Cipher::Secretbox) } else { prepare() };
        let mut now = text.clone();
        for one in [first, promote(), prune()] {
            let key = match &one {
                Step::Promote { .. } | Step::Prune { .. } => one,
                other => other.clone(),
            };
            let rotation = step(&now, &key, &[]).map_err(|error| TestCaseError::fail(format!("{error:?} in {now}")))?;
            now = rotation.text.to_string();
            // `rotate` has asked the loader already; it is asked again, as a user of the file does.
            prop_assert!(Configuration::parse(&now, &loader()).is_ok());
            prop_assert_eq!(lines_that_stay(&now), lines_that_stay(&text), "{}", now);
        }
        let (before, after) = (parse(&text), parse(&now));
        for (old, new) in before.resources.iter().zip(&after.resources) {
            prop_assert_eq!(old.providers.len(), new.providers.len());
            let keys = new.providers[0].keys();
            prop_assert_eq!(keys.len(), 1);
            prop_assert!(keys[0].name.value.starts_with("key-2026-11-25"));
            prop_assert!(keys[0].secret.as_slice() != old.providers[0].keys()[0].secret.as_slice());
            if !migrate {
                prop_assert_eq!(old.providers[0].kind.name(), new.providers[0].kind.name());
            }
        }
        prop_assert!(!now.contains(A));
        prop_assert_eq!(now.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
        prop_assert!(now.ends_with("# end"));
    }
}

#[test]
fn a_new_plugin_is_added_whole() {
    let step_kms = Step::AddProvider {
        with: AddedProvider::Kms(NewKms {
            name: "vault".into(),
            endpoint: "unix:///run/kms.sock".into(),
            timeout: None,
        }),
        keep_old: false,
    };
    let after = step(&file(&[("secrets", "aescbc/key1 identity")]), &step_kms, &[]).unwrap();
    assert_eq!(readers(&after.text), ["aescbc/key1 kms/vault identity"]);
    let value = crate::yaml::parse(&after.text).unwrap().documents()[0]
        .root()
        .unwrap()
        .to_json();
    assert_eq!(
        value["resources"][0]["providers"][1],
        json!({"kms": {"apiVersion": "v2", "name": "vault", "endpoint": "unix:///run/kms.sock"}})
    );
}
