//! `kship::yaml` against kubectl's own reading: the same value, or a refusal that `yaml-exceptions.json` explains.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use kship::yaml::{Document, Kind, Node, Style};
use serde::Deserialize;
use serde_json::Value;

use crate::shared;

/// A recorded reading of `sigs.k8s.io/yaml` behind apimachinery's `YAMLReader`.
#[derive(Deserialize)]
struct Case {
    #[serde(alias = "id")]
    name: String,
    yaml_base64: String,
    documents: Option<Vec<Value>>,
}

/// Where kship and kubectl part, with the reason, by case or file.
#[derive(Deserialize)]
struct Exceptions {
    /// Refused, although kubectl reads it.
    refused: BTreeMap<String, String>,
    /// Read, although kubectl refuses it.
    read: BTreeMap<String, String>,
    /// Files of the corpus that are refused.
    corpus: BTreeMap<String, String>,
}

fn exceptions() -> Exceptions {
    serde_json::from_str(include_str!("yaml-exceptions.json")).unwrap()
}

#[test]
fn traps_are_read_as_kubectl_reads_them_or_refused() {
    check("vectors/yaml/kubectl.json");
}

#[test]
fn the_yaml_test_suite_is_read_as_kubectl_reads_it_or_refused() {
    check("vectors/yaml/yaml-test-suite.json");
}

fn check(file: &str) {
    let Some(path) = shared::path(file) else { return };
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!cases.is_empty(), "{file} is empty");
    let exceptions = exceptions();
    let mut problems = Vec::new();
    for case in &cases {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&case.yaml_base64)
            .unwrap();
        let read = String::from_utf8(bytes)
            .map_err(|error| error.to_string())
            .and_then(|text| values(&text));
        let may_refuse = exceptions.refused.contains_key(&case.name);
        let may_read = exceptions.read.contains_key(&case.name);
        let problem = match (read, &case.documents) {
            (Ok(values), Some(documents)) if values != *documents => {
                format!("another value: {values:?}, kubectl {documents:?}")
            }
            (Ok(_), Some(_)) if may_refuse => "listed as refused, but read".to_owned(),
            (Ok(values), None) if !may_read => format!("read, kubectl refuses: {values:?}"),
            (Err(error), Some(_)) if !may_refuse => format!("refused, kubectl reads: {error}"),
            (Err(_), None) if may_read || may_refuse => "listed, but both refuse".to_owned(),
            _ => continue,
        };
        problems.push(format!("{}: {problem}", case.name));
    }
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn values(text: &str) -> Result<Vec<Value>, String> {
    let stream = kship::yaml::parse(text).map_err(|error| format!("{}: {error}", error.position()))?;
    let root = |document: &Document<'_>| document.root().map_or(Value::Null, Node::to_json);
    Ok(stream.documents().iter().map(root).collect())
}

#[test]
fn the_corpus_is_read_but_for_the_listed_files() {
    let Some(root) = shared::path("corpus") else { return };
    let refusals = exceptions().corpus;
    let mut problems = Vec::new();
    let mut refused = 0;
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        match (kship::yaml::parse(&text), refusals.contains_key(&name)) {
            (Ok(_), true) => problems.push(format!("{name}: listed as refused, but read")),
            (Err(error), false) => problems.push(format!("{name}:{}: {error}", error.position())),
            (Err(_), true) => refused += 1,
            (Ok(stream), false) => {
                for root in stream.documents().iter().filter_map(Document::root) {
                    problems.extend(misplaced(&text, root).map(|found| format!("{name}: {found}")));
                }
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
    assert_eq!(refused, refusals.len(), "a listed file is missing");
}

/// A scalar whose place does not hold its text.
fn misplaced(text: &str, node: Node<'_, '_>) -> Option<String> {
    match node.kind() {
        Kind::Mapping => node.entries().find_map(|(_, value)| misplaced(text, value)),
        Kind::Sequence => node.items().find_map(|item| misplaced(text, item)),
        Kind::Scalar => {
            let scalar = node.scalar()?;
            let content = &text[scalar.content.clone()];
            let span = &text[node.span()];
            let holds = match scalar.style {
                _ if content.contains('\n') => true,
                Style::Plain => content == scalar.value && content == span,
                Style::SingleQuoted => span == format!("'{content}'") && content.replace("''", "'") == scalar.value,
                Style::DoubleQuoted => {
                    span == format!("\"{content}\"") && (content.contains('\\') || content == scalar.value)
                }
                Style::Literal | Style::Folded => content == scalar.value.trim_ascii(),
            };
            (!holds).then(|| format!("{content:?} for {:?}", scalar.value))
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}
