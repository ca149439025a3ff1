//! Audits of a few values each; whole files are audited in `tests/cli`.

use std::convert::Infallible;

use serde_json::Value;

use super::*;
use crate::encryption::config::{Provider, ProviderKind};
use crate::encryption::load::Loader;
use crate::encryption::transform::tests::{key, provider};

const CONFIG: &str = include_str!("../../../fixtures/encryption/audit/encryption.yaml");

fn configuration() -> Configuration {
    Configuration::parse(CONFIG, &Loader::new("a")).unwrap()
}

fn item(key: &str, value: &[u8], age: Age) -> Item {
    Item {
        key: key.as_bytes().to_vec(),
        value: crate::encryption::Value::Bytes(value.to_vec()),
        revision: 1,
        age,
    }
}

fn audit(configuration: &Configuration, items: Vec<Item>) -> Audit {
    let auditor = Auditor::new(configuration, "/registry").unwrap();
    let audited = auditor.run(2, &|_| (), |each| {
        for item in items {
            assert!(each(item).is_continue());
        }
        Ok::<_, Infallible>(Extent {
            revision: 9,
            keys: Keys::Prefix(Vec::new()),
        })
    });
    audited.unwrap()
}

/// `resource age state provider/key count [names]`, of what was counted.
fn lines(audit: &Audit) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, resource) in &audit.resources {
        for (group, count) in &resource.counts {
            let names: Vec<&str> = count.names.iter().map(String::as_str).collect();
            lines.push(format!(
                "{name} {:?} {} {}/{} {} {names:?}",
                group.age,
                group.state.as_str(),
                group.provider.unwrap_or_default(),
                group.key.as_deref().unwrap_or_default(),
                count.count
            ));
        }
    }
    lines
}

fn written_with(providers: &[Provider], place: &str, plaintext: &[u8]) -> Vec<u8> {
    let transformer = Transformer::new(providers).unwrap();
    let value = transformer.write(place.as_bytes(), plaintext, |nonce| nonce.fill(7));
    value.unwrap().unwrap()
}

#[test]
fn configured_keys_are_told_even_if_nothing_is_stored() {
    assert_eq!(
        lines(&audit(&configuration(), Vec::new())),
        [
            "secrets Current write-key aescbc/b 0 []",
            "secrets Current older-key aescbc/a 0 []"
        ]
    );
}

#[test]
fn where_identity_comes_first_plaintext_is_as_it_should_be() {
    let mut configuration = configuration();
    configuration.resources[0].providers.reverse();
    let place = "/registry/secrets/shop/a";
    let encrypted = written_with(&configuration.resources[0].providers[1..], place, b"{}");
    let items = vec![item(place, b"{}", Age::Current), item(place, &encrypted, Age::Current)];
    assert_eq!(
        lines(&audit(&configuration, items)),
        [
            "secrets Current write-key identity/ 1 []",
            "secrets Current older-key aescbc/a 0 []",
            "secrets Current older-key aescbc/b 1 [\"shop/a\"]",
        ]
    );
}

#[test]
fn an_encrypted_value_of_a_resource_that_is_not_configured_is_told() {
    let configuration = configuration();
    let place = "/registry/configmaps/shop/a";
    let encrypted = written_with(&configuration.resources[0].providers, place, b"{}");
    let audit = audit(
        &configuration,
        vec![
            item(place, &encrypted, Age::Current),
            item("/registry/configmaps/shop/b", b"{}", Age::Current),
            item("/registry/example.com/widgets/w", b"{}", Age::Superseded),
            item("/registry/ranges/serviceips", b"k8s\0", Age::Current),
            item("/other", b"", Age::Current),
        ],
    );
    assert_eq!(
        lines(&audit)[..3],
        [
            "configmaps Current unknown-key aescbc/b 1 [\"shop/a\"]",
            "configmaps Current not-covered / 1 []",
            "secrets Current write-key aescbc/b 0 []",
        ]
    );
    assert_eq!(lines(&audit)[4], "widgets.example.com Superseded not-covered / 1 []");
    assert_eq!((audit.items, audit.outside, audit.plain_by_design), (5, 1, 1));
}

#[test]
fn its_key_is_told_exactly_if_it_is_configured_for_others() {
    let mut configuration = configuration();
    let keys = vec![key("a:b", &[1; 32])];
    configuration.resources[0].providers = vec![provider(ProviderKind::Secretbox(keys))];
    let place = "/registry/configmaps/shop/a";
    let encrypted = written_with(&configuration.resources[0].providers, place, b"{}");
    let audit = audit(&configuration, vec![item(place, &encrypted, Age::Current)]);
    assert_eq!(
        lines(&audit)[0],
        "configmaps Current unknown-key secretbox/a:b 1 [\"shop/a\"]"
    );
}

#[test]
fn wildcards_cover() {
    let text = CONFIG.replace("[secrets]", "['*.*']");
    let configuration = Configuration::parse(&text, &Loader::new("a")).unwrap();
    let items = [
        "/registry/example.com/widgets/w",
        "/registry/ranges/x",
        "/registry/gadgets/g",
    ]
    .map(|place| item(place, b"{}", Age::Current))
    .to_vec();
    let audit = audit(&configuration, items);
    let plain: Vec<String> = lines(&audit)
        .into_iter()
        .filter(|line| line.contains("plaintext"))
        .collect();
    assert_eq!(
        plain,
        [
            "gadgets.? Current plaintext / 1 [\"g\"]",
            "widgets.example.com Current plaintext / 1 [\"w\"]"
        ]
    );
    assert_eq!(audit.plain_by_design, 1);
}

#[test]
fn the_ids_of_a_service_s_keys_are_told() {
    let vector: Value = serde_json::from_str(include_str!("../../../fixtures/encryption/audit/kms-v2.json")).unwrap();
    let value = crate::k8s::base64::decode(vector["value_base64"].as_str().unwrap()).unwrap();
    let text = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n\
        - resources: [secrets, configmaps]\n  providers: [{kms: {apiVersion: v2, name: prov, endpoint: 'unix:///a'}}]\n";
    let configuration = Configuration::parse(text, &Loader::new("a")).unwrap();
    let audit = audit(
        &configuration,
        vec![item("/registry/secrets/default/s1", &value, Age::Current)],
    );
    let ids = |name: &str| -> Vec<(Option<String>, u64)> {
        let counts = &audit.resources[&GroupResource::new(name, "")].counts;
        counts
            .iter()
            .map(|(group, count)| (group.key_id.clone(), count.count))
            .collect()
    };
    assert_eq!(ids("configmaps"), [(None, 0)]);
    let secrets = ids("secrets");
    assert!(matches!(secrets.as_slice(), [(Some(_), 1)]), "{secrets:?}");
}

#[test]
fn names_and_groups_have_limits_and_counts_have_none() {
    let many = limits::AUDIT_NAMES * 3;
    let mut items: Vec<Item> = (0..many)
        .map(|at| item(&format!("/registry/secrets/shop/{at:05}"), b"{}", Age::Current))
        .collect();
    items.reverse();
    for at in 0..limits::AUDIT_GROUPS + 500 {
        let value = format!("k8s:enc:aesgcm:v1:key{at}:x");
        items.push(item("/registry/secrets/shop/a", value.as_bytes(), Age::Current));
        items.push(item(&format!("/registry/example.com/r{at}/a"), b"{}", Age::Current));
    }
    let audit = audit(&configuration(), items);
    let secrets = &audit.resources[&GroupResource::new("secrets", "")];
    let of = |state| secrets.counts.iter().filter(move |(group, _)| group.state == state);
    let (_, plain) = of(State::Plaintext).next().unwrap();
    assert_eq!(plain.count, u64::try_from(many).unwrap());
    let names: Vec<String> = (0..limits::AUDIT_NAMES).map(|at| format!("shop/{at:05}")).collect();
    assert!(plain.names.iter().eq(&names), "the first ones, whatever the order");
    let unknown: u64 = of(State::UnknownKey).map(|(_, count)| count.count).sum();
    assert_eq!(unknown, u64::try_from(limits::AUDIT_GROUPS + 500).unwrap());
    let others = audit.resources.values().flat_map(|resource| &resource.counts);
    let not_covered = others.filter(|(group, _)| group.state == State::NotCovered);
    let not_covered: u64 = not_covered.map(|(_, count)| count.count).sum();
    assert_eq!(not_covered, u64::try_from(limits::AUDIT_GROUPS + 500).unwrap());
}

#[test]
fn a_key_that_stands_in_place_of_a_name_is_masked() {
    let mut configuration = configuration();
    let secret = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=";
    configuration.resources[0].providers = vec![provider(ProviderKind::AesGcm(vec![key(secret, &[1; 32])]))];
    let value = format!("k8s:enc:aesgcm:v1:{secret}:x");
    let items = ["secrets", "configmaps"]
        .map(|resource| item(&format!("/registry/{resource}/a/b"), value.as_bytes(), Age::Current))
        .to_vec();
    let audit = audit(&configuration, items);
    assert!(
        lines(&audit).iter().all(|line| line.contains("aesgcm/REDACTED")),
        "{:?}",
        lines(&audit)
    );
    let auditor = Auditor::new(&configuration, "/registry").unwrap();
    let origin = Origin {
        kind: "snapshot",
        name: "a.db",
        checksum: true,
        config: camino::Utf8Path::new("a.yaml"),
        config_text: CONFIG,
        incomplete: None,
    };
    let details = report(&auditor, &audit, &origin).details;
    assert_eq!(details["complete"], false, "what is masked proves nothing");
}

#[test]
fn what_lies_around_a_resource_shows_that_it_is_whole() {
    let configuration = configuration();
    let auditor = Auditor::new(&configuration, "/registry/").unwrap();
    let missing = |keys| auditor.missing(&Extent { revision: 0, keys });
    let runs = |runs: &[(&str, &str)]| {
        let bytes = |text: &str| text.as_bytes().to_vec();
        missing(Keys::Runs(runs.iter().map(|(a, b)| (bytes(a), bytes(b))).collect()))
    };
    let prefix = |prefix: &str| missing(Keys::Prefix(prefix.as_bytes().to_vec()));
    assert_eq!(prefix(""), None);
    assert_eq!(prefix("/registry/"), None);
    assert_eq!(
        prefix("/registry/secrets/").as_deref(),
        Some("only keys that start with `/registry/secrets/` were read")
    );
    assert_eq!(runs(&[("/registry/pods/a/b", "/registry/services/specs/a/b")]), None);
    let told = Some("its first and last keys do not show that it holds all values of `secrets`");
    for (first, last) in [
        ("/registry/pods/a/b", "/registry/secrets/z/z"),
        ("/registry/secrets/a/b", "/registry/services/specs/a/b"),
        ("/registry/services/a", "/registry/services/b"),
    ] {
        assert_eq!(runs(&[(first, last)]).as_deref(), told, "{first} {last}");
    }
    assert_eq!(runs(&[]).as_deref(), told);
    let text = CONFIG.replace("[secrets]", "['*.']");
    let configuration = Configuration::parse(&text, &Loader::new("a")).unwrap();
    let auditor = Auditor::new(&configuration, "/registry").unwrap();
    let all = Keys::Runs(vec![(b"/".to_vec(), b"0".to_vec())]);
    assert!(auditor.missing(&Extent { revision: 0, keys: all }).is_some());
}

#[test]
fn a_value_of_another_resource_is_told_with_the_whole_name_of_its_key() {
    let mut configuration = configuration();
    let mut other = configuration.resources[0].clone();
    other.resources[0].group_resource = GroupResource::new("configmaps", "");
    other.resources[0].name = "configmaps".to_owned();
    other.providers = vec![provider(ProviderKind::AesCbc(vec![key("team:2026:a", &[1; 32])]))];
    let place = "/registry/secrets/shop/a";
    let encrypted = written_with(&other.providers, place, b"{}");
    configuration.resources.push(other);
    let audit = audit(&configuration, vec![item(place, &encrypted, Age::Current)]);
    let line = "secrets Current unknown-key aescbc/team:2026:a 1 [\"shop/a\"]".to_owned();
    assert!(lines(&audit).contains(&line), "{:?}", lines(&audit));
    assert!(!audit.is_crowded);
}

#[test]
fn what_is_not_told_apart_is_no_proof() {
    let configuration = configuration();
    let many = |count: usize| {
        let items = (0..count).map(|at| item(&format!("/registry/example.com/w{at}/a"), b"{}", Age::Current));
        let auditor = Auditor::new(&configuration, "/registry").unwrap();
        // One thread, so that no other shares the kinds.
        let audited = auditor.run(1, &|_| (), |each| {
            for item in items {
                assert!(each(item).is_continue());
            }
            Ok::<_, Infallible>(Extent {
                revision: 9,
                keys: Keys::Prefix(Vec::new()),
            })
        });
        let audit = audited.unwrap();
        let origin = Origin {
            kind: "etcdctl",
            name: "a",
            checksum: false,
            config: "enc.yaml".into(),
            config_text: CONFIG,
            incomplete: None,
        };
        report(&auditor, &audit, &origin).details["complete"].clone()
    };
    assert_eq!(many(limits::AUDIT_GROUPS), Value::Bool(true));
    assert_eq!(many(limits::AUDIT_GROUPS + 1), Value::Bool(false));
}

#[test]
fn the_first_value_that_is_no_base64_ends_the_audit() {
    let configuration = configuration();
    let auditor = Auditor::new(&configuration, "/registry").unwrap();
    let mut sent = 0_u64;
    let audited = auditor.run(2, &|_| (), |each| {
        // More than the threads and the channel hold: whoever sends must not wait for ever.
        for offset in 0..100_000 {
            let mut item = item("/registry/secrets/shop/a", b"", Age::Current);
            let text = if offset < 700 { b"e30=".to_vec() } else { b"e".to_vec() };
            item.value = crate::encryption::Value::Base64 { text, offset };
            sent = offset;
            if each(item).is_break() {
                break;
            }
        }
        Ok::<_, Infallible>(Extent {
            revision: 9,
            keys: Keys::Prefix(Vec::new()),
        })
    });
    assert!(matches!(
        audited.unwrap_err(),
        Stopped::Value(ValueError { offset: 700 })
    ));
    assert!(sent >= 700);
}
