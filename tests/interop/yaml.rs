//! `yaml` against kubectl's own reading (`k8s.io/apimachinery`, `sigs.k8s.io/yaml`): the same JSON, or a refusal.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kship::yaml;
use serde_json::Value;

use crate::chance::Chance;
use crate::peers;
use crate::yaml_texts::{damage, generate};

const GENERATED: usize = 6_000;

/// A text that kubectl refuses, and its error.
type Refused = fn(&str, &str) -> bool;

/// What kship reads though kubectl refuses it, and why that is right. Such a text never reaches a cluster; the readers of
/// Compose files and workflows do take it.
const LENIENT: &[(&str, Refused)] = &[
    (
        "YAML 1.2 allows tabs where nothing is indented (6.1), in a line of blanks for one; libyaml does not",
        |text, error| text.contains('\t') && (error.contains("tab") || error.contains("cannot start any token")),
    ),
    (
        "`---` and then `...` is an empty document (YAML 1.2.2, 9.1.4); libyaml misses its content",
        |text, error| text.contains("...") && error.contains("did not find expected node content"),
    ),
];

/// How kship and kubectl stand to each other on some texts.
#[derive(Debug, Default)]
struct Tally {
    /// Both read the same.
    agreed: usize,
    /// kship refuses what kubectl reads: `name: reason`.
    refused: Vec<String>,
    /// Neither reads it.
    both_refuse: usize,
    /// kship reads what kubectl refuses, as [`LENIENT`] says.
    excused: usize,
    /// kship reads what kubectl refuses, and nothing says why.
    lenient: Vec<String>,
    /// kship reads something else than kubectl.
    wrong: Vec<String>,
}

#[test]
fn the_recorded_readings_are_those_of_the_pinned_kubectl() {
    let peers = peers::tool("yaml").and_then(|oracle| Ok((oracle, peers::shared("vectors/yaml")?)));
    let Some((oracle, folder)) = peers::need(peers) else {
        return;
    };
    for file in ["kubectl.json", "yaml-test-suite.json"] {
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
        let answers = peers::ask(&oracle, cases.iter().map(|case| case["yaml_base64"].as_str().unwrap()));
        for (case, answer) in cases.iter().zip(&answers) {
            let name = case.get("name").or_else(|| case.get("id")).unwrap();
            assert_eq!(
                case.get("error").is_some(),
                answer.get("error").is_some(),
                "{name}: {answer}"
            );
            assert_eq!(documents(case), documents(answer), "{name}");
        }
    }
}

#[test]
fn corpus() {
    let Some(folder) = peers::need(peers::shared("corpus")) else {
        return;
    };
    let mut texts = Vec::new();
    for file in files(&folder) {
        if file
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            let name = file.strip_prefix(&folder).unwrap().display().to_string();
            texts.push((name, fs::read(&file).unwrap()));
        }
    }
    if let Some(tally) = compare(&texts) {
        report("corpus", &tally);
        // What people really write is read, not refused.
        assert!(tally.refused.len() * 50 < texts.len(), "{:#?}", tally.refused);
    }
}

#[test]
fn generated_texts() {
    let mut chance = Chance::new(1);
    let texts: Vec<_> = (0..GENERATED)
        .map(|index| (index.to_string(), generate(&mut chance).into_bytes()))
        .collect();
    if let Some(tally) = compare(&texts) {
        report("generated", &tally);
        assert!(tally.agreed > GENERATED / 10, "{} agreed", tally.agreed);
    }
}

#[test]
fn damaged_files() {
    let Some(folder) = peers::need(peers::shared("vectors/pin")) else {
        return;
    };
    let mut chance = Chance::new(2);
    let seeds: Vec<String> = files(&folder)
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect();
    let texts: Vec<_> = (0..GENERATED)
        .map(|index| {
            let seed = &seeds[chance.below(seeds.len())];
            (index.to_string(), damage(&mut chance, seed).into_bytes())
        })
        .collect();
    if let Some(tally) = compare(&texts) {
        report("damaged", &tally);
        assert!(tally.agreed > GENERATED / 10, "{} agreed", tally.agreed);
    }
}

/// Reads each text both ways; nothing if there is no oracle.
fn compare(texts: &[(String, Vec<u8>)]) -> Option<Tally> {
    let oracle = peers::need(peers::tool("yaml"))?;
    let answers = peers::ask(&oracle, texts.iter().map(|(_, text)| STANDARD.encode(text)));
    assert_eq!(answers.len(), texts.len());
    let mut tally = Tally::default();
    for ((name, bytes), answer) in texts.iter().zip(&answers) {
        let theirs = answer.get("error").is_none().then(|| documents(answer));
        let text = String::from_utf8_lossy(bytes);
        match (read(bytes), theirs) {
            (Ok(ours), Some(theirs)) if same_all(&ours, &theirs) => tally.agreed += 1,
            (Ok(ours), theirs) => {
                let ours = Value::from(ours);
                match theirs {
                    Some(theirs) => {
                        let theirs = Value::from(theirs);
                        tally
                            .wrong
                            .push(format!("{name}: {text:?}\n  kship {ours}\n  kubectl {theirs}"));
                    }
                    None => {
                        let error = answer["error"].as_str().unwrap();
                        if LENIENT.iter().any(|(_, applies)| applies(&text, error)) {
                            tally.excused += 1;
                        } else {
                            tally
                                .lenient
                                .push(format!("{name}: {text:?}\n  kship {ours}\n  kubectl {error}"));
                        }
                    }
                }
            }
            (Err(reason), Some(_)) => tally.refused.push(format!("{name}: {reason}")),
            (Err(_), None) => tally.both_refuse += 1,
        }
    }
    Some(tally)
}

fn report(title: &str, tally: &Tally) {
    let (agreed, refused, both, excused) = (tally.agreed, tally.refused.len(), tally.both_refuse, tally.excused);
    eprintln!(
        "{title}: {agreed} agree, kship alone refuses {refused}, kubectl alone refuses {excused}, both refuse {both}"
    );
    none("read otherwise", &tally.wrong);
    none("read though kubectl refuses", &tally.lenient);
}

fn none(what: &str, texts: &[String]) {
    let shown: Vec<_> = texts.iter().take(30).cloned().collect();
    assert!(texts.is_empty(), "{} {what}:\n{}", texts.len(), shown.join("\n"));
}

/// kship's reading. Documents without content are left out, as in [`documents`].
fn read(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let stream = yaml::parse(text).map_err(|error| error.to_string())?;
    let roots = stream.documents().iter().filter_map(|document| document.root());
    Ok(roots
        .map(|root| root.to_json())
        .filter(|value| !value.is_null())
        .collect())
}

/// The oracle's reading. An empty document and one that says `null` are the same to kubectl, which skips both.
fn documents(answer: &Value) -> Vec<Value> {
    let documents = answer.get("documents").and_then(Value::as_array);
    documents
        .into_iter()
        .flatten()
        .filter(|document| !document.is_null())
        .cloned()
        .collect()
}

fn same_all(ours: &[Value], theirs: &[Value]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
}

/// Compares by value: Go writes the float `1.0` as `1`.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => same_all(ours, theirs),
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(key, value)| theirs.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Number(ours), Value::Number(theirs)) => {
            ours == theirs || ((ours.is_f64() || theirs.is_f64()) && ours.as_f64() == theirs.as_f64())
        }
        _ => ours == theirs,
    }
}

/// The files below a folder, in the same order everywhere.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    found
}
