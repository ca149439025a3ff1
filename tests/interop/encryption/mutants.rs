//! Configurations that somebody got wrong: changes of the tree, of words and lines, and of bytes.

use kship::yaml;
use serde_json::{Map, Value, json};

use crate::chance::Chance;

/// What stands in configurations, and what should not.
const WORDS: &[&str] = &[
    "kind",
    "Kind",
    "apiVersion",
    "metadata",
    "resources",
    "Resources",
    "providers",
    "aescbc",
    "aesgcm",
    "secretbox",
    "identity",
    "kms",
    "keys",
    "name",
    "secret",
    "endpoint",
    "timeout",
    "cachesize",
    "EncryptionConfiguration",
    "EncryptionConfig",
    "AdmissionConfiguration",
    "apiserver.config.k8s.io/v1",
    "apiserver.config.k8s.io/v1beta1",
    "v1",
    "v2",
    "secrets",
    "configmaps",
    "Secrets",
    "secrets.",
    "secrets.*",
    "deployments.apps",
    "pandas.awesome.bears.example",
    "*",
    "*.",
    "*.*",
    "*.apps",
    "events",
    "events.events.k8s.io",
    "*.extensions",
    "serviceipallocations",
    "apiserveripinfo",
    "key1",
    "key:2",
    "key 3",
    "\u{43a}\u{43b}\u{44e}\u{447}",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
    "YWJjZGVmZ2hpamtsbW5vcA==",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTZ=",
    "_-JjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
    "unix:///run/kms.sock",
    "unix:///@abstract",
    "unix://relative",
    "http://127.0.0.1",
    "unix:",
    "://",
    "3s",
    "1m30s",
    "0s",
    "-1s",
    "1.5h",
    "3",
    "0",
    "-1",
    "1000",
    "2147483648",
    "1e3",
    "1.5",
    "0x10",
    "0o7",
    "1_000",
    "yes",
    "on",
    "true",
    "null",
    "~",
    "''",
    "\"\"",
    "{}",
    "[]",
    "2001-01-01",
    ".inf",
    "<<",
    "!!str",
    "&a",
    "*a",
    "---",
    "...",
    "#",
    "|",
    ">",
    "%YAML 1.1",
    "\u{feff}",
    "\t",
    "\r\n",
    "\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "? ",
];

/// Files that the API server loads, as people and programs write them.
pub(super) const LOADED: &[&str] = &[
    "# Written by hand.
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources:
      - secrets
      - configmaps
      - pandas.awesome.bears.example # a custom resource
    providers:
      - aescbc:
          keys:
            - name: \"key2\"
              secret: c2Vjb25kIGtleSwgdGhpcnR5LXR3byBieXRlcyEhISE=
            - name: key1
              secret: 'YWJjZGVmZ2hpamtsbW5vcA=='
      - secretbox:
          keys:
            - {name: box, secret: dGhlIGJveCdzIGtleSBoYXMgMzIgYnl0ZXMsIHRvbyE=}
      - identity: {}

  - resources: [events]
    providers:
      - identity: {}
  - resources: ['*.apps']
    providers:
      - aesgcm: {keys: [{name: g, secret: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4}]}
  - resources: ['*.*']
    providers:
      - aesgcm: {keys: [{name: g, secret: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4}]}
",
    "kind: EncryptionConfig\napiVersion: v1\nresources:\n- resources: [\"secrets\"]\n  providers:\n  - secretbox:\n      keys:\n      - name: key2\n        secret: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=\n  - identity: {}\n",
    r#"{"kind":"EncryptionConfiguration","apiVersion":"apiserver.config.k8s.io/v1","resources":[{"resources":["secrets"],"providers":[{"aescbc":{"keys":[{"name":"aescbckey-2021-12-10T22:54:38Z","secret":"YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="}]}},{"identity":{}}]}]}"#,
    "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - kms: {apiVersion: v2, name: cloud, endpoint: unix:///run/kms.sock, timeout: 10s}\n  - kms: {apiVersion: v2, name: cloud2, endpoint: 'unix:///run/kms2.sock'}\n  - identity: {}\n",
];

const SECRETS: &[&str] = &[
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
    "c2Vjb25kIGtleSwgdGhpcnR5LXR3byBieXRlcyEhISE=",
    "YWJjZGVmZ2hpamtsbW5vcA==",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
];

const RESOURCES: &[&str] = &[
    "secrets",
    "configmaps",
    "events",
    "leases.coordination.k8s.io",
    "pandas.awesome.bears.example",
    "*.apps",
    "*.",
    "*.*",
    "sekrets",
    "secrets/status",
];

/// A file that is near one of the given ones, or near one that is loaded.
pub(super) fn mutant(chance: &mut Chance, files: &[String]) -> Vec<u8> {
    let pick = |chance: &mut Chance| match chance.below(4) {
        0 => files[chance.below(files.len())].clone(),
        _ => chance.pick(LOADED).to_owned(),
    };
    let file = pick(chance);
    match chance.below(10) {
        0..=5 => tree(chance, &file),
        6 | 7 => words(chance, &file).into_bytes(),
        8 => blanks(chance, &file).into_bytes(),
        _ => {
            let other = pick(chance);
            bytes(chance, file.as_bytes(), other.as_bytes())
        }
    }
}

/// Changes the values of a file, and writes it as YAML or JSON.
fn tree(chance: &mut Chance, file: &str) -> Vec<u8> {
    let Some(mut root) = value(file) else {
        return words(chance, file).into_bytes();
    };
    for _ in 0..chance.below(5) {
        retouch(chance, &mut root);
    }
    if chance.one_in(2) {
        let mut left = chance.below(size(&root));
        change(chance, &mut root, &mut left);
    }
    match chance.below(3) {
        0 => root.to_string().into_bytes(),
        1 => serde_json::to_vec_pretty(&root).unwrap(),
        _ => yaml::write(&root).into_bytes(),
    }
}

/// Changes a value so that the file may well be loaded still.
fn retouch(chance: &mut Chance, root: &mut Value) {
    let Some(entries) = root.get_mut("resources").and_then(Value::as_array_mut) else {
        return;
    };
    if entries.is_empty() || chance.one_in(6) {
        let provider = provider(chance);
        let at = chance.below(entries.len() + 1);
        entries.insert(
            at,
            json!({"resources": [chance.pick(RESOURCES)], "providers": [provider]}),
        );
        return;
    }
    let at = chance.below(entries.len());
    let list = chance.pick(&["providers", "providers", "resources"]);
    let Some(items) = entries[at].get_mut(list).and_then(Value::as_array_mut) else {
        return;
    };
    let at = chance.below(items.len() + 1);
    match (list, chance.below(4)) {
        ("resources", _) => items.insert(at, chance.pick(RESOURCES).into()),
        (_, 0) => items.insert(at, provider(chance)),
        (_, 1) if at < items.len() => items.swap(0, at),
        _ => {
            let fields = items.get_mut(at).and_then(Value::as_object_mut);
            let keys = fields.and_then(|fields| fields.values_mut().next()?.get_mut("keys")?.as_array_mut());
            let Some(keys) = keys else { return };
            let at = chance.below(keys.len() + 1);
            keys.insert(at, key(chance));
        }
    }
}

fn provider(chance: &mut Chance) -> Value {
    let field = chance.pick(&["aescbc", "aesgcm", "secretbox", "identity"]);
    match field {
        "identity" => json!({"identity": {}}),
        _ => json!({field: {"keys": [key(chance)]}}),
    }
}

fn key(chance: &mut Chance) -> Value {
    json!({"name": chance.pick(&["key1", "key2", "a:b", " "]), "secret": chance.pick(SECRETS)})
}

/// Adds comments, blanks and line breaks, and changes quotes.
fn blanks(chance: &mut Chance, file: &str) -> String {
    let mut parts = split(file);
    for _ in 0..=chance.below(4) {
        let at = chance.below(parts.len());
        let part = parts[at].clone();
        match chance.below(6) {
            0 if part == "\n" => parts[at] = " # a comment\n".to_owned(),
            1 if part == "\n" => parts[at] = "\r\n".to_owned(),
            2 if part == "\n" => parts[at] = "\n\n".to_owned(),
            3 if part == " " => parts[at] = "  ".to_owned(),
            4 if part == " " => parts[at] = "\t".to_owned(),
            5 if part.len() > 1 => parts[at] = format!("\"{part}\""),
            _ if part.len() > 1 => parts[at] = format!("'{part}'"),
            _ => {}
        }
    }
    parts.concat()
}

/// The first document of a file.
fn value(file: &str) -> Option<Value> {
    let json = serde_json::from_str(file).ok();
    json.or_else(|| {
        yaml::parse(file)
            .ok()?
            .documents()
            .first()?
            .root()
            .map(|root| root.to_json())
    })
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

/// Changes the value that is reached after so many others.
fn change(chance: &mut Chance, value: &mut Value, left: &mut usize) -> bool {
    if *left == 0 {
        change_here(chance, value);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(chance, item, left)),
        Value::Object(fields) => fields.values_mut().any(|field| change(chance, field, left)),
        _ => false,
    }
}

fn change_here(chance: &mut Chance, value: &mut Value) {
    match value {
        Value::Array(items) if !chance.one_in(6) => {
            let at = chance.below(items.len() + 1);
            match chance.below(5) {
                0 if at < items.len() => drop(items.remove(at)),
                1 if at < items.len() => items.swap(0, at),
                2 | 3 if at < items.len() => {
                    let copy = items[at].clone();
                    items.push(copy);
                }
                _ => items.insert(at, leaf(chance)),
            }
        }
        Value::Object(fields) if !chance.one_in(6) => change_fields(chance, fields),
        _ => *value = leaf(chance),
    }
}

fn change_fields(chance: &mut Chance, fields: &mut Map<String, Value>) {
    let at = chance.below(fields.len() + 1);
    let name = fields.keys().nth(at).cloned();
    match (chance.below(5), name) {
        (0, Some(name)) => drop(fields.shift_remove(&name)),
        (1, Some(name)) => {
            let value = fields.shift_remove(&name).unwrap();
            fields.insert(word(chance), value);
        }
        (2, Some(name)) => {
            let value = fields[&name].clone();
            fields.insert(word(chance), value);
        }
        (3, Some(name)) => drop(fields.insert(name, leaf(chance))),
        _ => drop(fields.insert(word(chance), leaf(chance))),
    }
}

fn word(chance: &mut Chance) -> String {
    chance.pick(WORDS).to_owned()
}

fn leaf(chance: &mut Chance) -> Value {
    let key = json!({"name": chance.pick(&["key1", "key2", "a:b", ""]), "secret": word(chance)});
    let secret = chance.pick(SECRETS);
    let provider = chance.pick(&["aescbc", "aesgcm", "secretbox", "identity", "kms"]);
    match chance.below(14) {
        0 => json!(null),
        1 => json!(chance.one_in(2)),
        2 => json!(chance.below(5000)),
        3 => json!([]),
        4 => json!({}),
        5 => json!({"identity": {}}),
        6 => json!({provider: {"keys": [key]}}),
        7 => json!({provider: {"keys": [{"name": "key1", "secret": secret}]}}),
        8 => json!({"name": "key2", "secret": secret}),
        9 => json!({"kms": {
            "apiVersion": chance.pick(&["v2", "v2", "v1", "v3"]),
            "name": chance.pick(&["a", "b", "a:b"]),
            "endpoint": chance.pick(&["unix:///run/a.sock", "unix://@a", "http://a", ""]),
            "timeout": chance.pick(&["3s", "0s", "x", "1m"]),
        }}),
        10 => json!({"resources": [word(chance)], "providers": [{provider: {"keys": [key]}}]}),
        11 => json!({"resources": [word(chance)], "providers": [{"identity": {}}]}),
        _ => word(chance).into(),
    }
}

/// Changes words and lines of a file.
fn words(chance: &mut Chance, file: &str) -> String {
    let mut parts: Vec<String> = split(file);
    for _ in 0..=chance.below(3) {
        if parts.is_empty() {
            break;
        }
        let at = chance.below(parts.len());
        match chance.below(7) {
            0 => drop(parts.remove(at)),
            1 => parts.insert(at, chance.pick(WORDS).to_owned()),
            2 => {
                let other = chance.below(parts.len());
                parts.swap(at, other);
            }
            3 => {
                let copy = parts[at].clone();
                parts.insert(at, copy);
            }
            4 => line(chance, &mut parts),
            _ => parts[at] = chance.pick(WORDS).to_owned(),
        }
    }
    parts.concat()
}

/// Removes, repeats or indents a line.
fn line(chance: &mut Chance, parts: &mut Vec<String>) {
    let text = parts.concat();
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let at = chance.below(lines.len());
    match chance.below(6) {
        0 => drop(lines.remove(at)),
        1 => {
            let copy = lines[at].clone();
            lines.push(copy);
        }
        2 => lines[at].insert_str(0, "  "),
        3 => lines[at] = lines[at].trim_start().to_owned(),
        4 => lines.insert(at, "---\n".to_owned()),
        _ => {
            let copy = lines[at].clone();
            lines.insert(at, copy);
        }
    }
    *parts = split(&lines.concat());
}

/// Words, and the characters between them.
fn split(file: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || "=/+._".contains(c);
    for c in file.chars() {
        match parts.last_mut() {
            Some(last) if is_word(c) && last.ends_with(is_word) => last.push(c),
            _ => parts.push(c.to_string()),
        }
    }
    parts
}

/// Changes bytes of a file.
fn bytes(chance: &mut Chance, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=chance.below(3) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.truncate(at.max(1)),
            3 => bytes.insert(at, chance.pick(b" \t\r\n\0:-#'\"{}[],&*!|>%@`~\x7f\x85\xa0\xff\xef")),
            4 => {
                let end = (at + chance.below(40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => {
                let end = (at + chance.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let from = chance.below(other.len().max(1));
                let end = (from + chance.below(80)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    bytes
}
