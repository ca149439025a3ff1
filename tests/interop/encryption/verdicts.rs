//! Which files the API server loads: the same verdict, and mostly the same words, from both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kship::encryption::{Configuration, Loader, Refusal};

use super::mutants::mutant;
use super::oracle::Oracle;
use crate::chance::Chance;
use crate::peers;

const MUTANTS: usize = 10_000;

/// How a disagreement is recognised: the file, what the API server says, and what kship says.
type Excuse = fn(&[u8], Option<&str>, Option<&Refusal>) -> bool;

/// Where kship's verdict is another one on purpose, and why.
const EXCEPTIONS: &[(&str, Excuse)] = &[
    (
        "YAML readers disagree about `:` without a blank behind it within brackets",
        |_, theirs, ours| theirs.is_none() && says(ours, "`:` without a blank behind it within brackets"),
    ),
    (
        "YAML readers disagree whether a carriage return alone ends a line",
        |_, theirs, ours| theirs.is_none() && says(ours, "the line break CR without LF"),
    ),
    (
        "a `-` before a bracket is no scalar in YAML 1.2 (7.3.3); libyaml reads one",
        |_, theirs, ours| theirs.is_none() && says(ours, "plain scalar cannot start with '-'"),
    ),
    (
        "a byte order mark within a text is no character of YAML 1.2 (5.2); libyaml skips it",
        |_, theirs, ours| theirs.is_none() && says(ours, "a byte order mark (U+FEFF) inside the text"),
    ),
    (
        "the API server's reader stops behind the first value in brackets and never sees what follows",
        |_, theirs, ours| theirs.is_none() && says(ours, "text after the end of the document"),
    ),
];

/// Where both refuse in other words, and why: what the API server says, and what kship says.
const REWORDED: &[(&str, &str, &str)] = &[
    (
        "another kind is decoded before it is refused, and kship does not know its fields",
        "strict decoding error: ",
        "got unexpected config type: ",
    ),
    (
        "the API server's reader looks at characters behind the first document, some way ahead",
        "control characters are not allowed",
        "Object 'Kind' is missing",
    ),
];

/// Whether kship's YAML reader says this, and says that the words are its own.
fn says(ours: Option<&Refusal>, words: &str) -> bool {
    ours.is_some_and(|ours| !ours.exact && ours.to_string().contains(words))
}

/// How kship and the API server stand to each other on some files.
#[derive(Debug, Default)]
struct Tally {
    both_load: usize,
    both_refuse: usize,
    /// Of those that both refuse: in the same words.
    same_words: usize,
    excused: BTreeMap<&'static str, usize>,
    /// Another verdict, and nothing says why.
    wrong: Vec<String>,
    /// Another message than that of the API server, though kship says that it is exact.
    reworded: Vec<String>,
}

#[test]
fn recorded_files() {
    let Some(oracle) = peers::need(Oracle::build()) else {
        return;
    };
    let files: Vec<_> = recorded().into_values().map(String::into_bytes).collect();
    let tally = compare(&oracle, &files);
    report("recorded", &tally);
    assert_eq!(tally.both_load + tally.both_refuse, files.len());
}

#[test]
fn mutated_files() {
    let Some(oracle) = peers::need(Oracle::build()) else {
        return;
    };
    let files: Vec<_> = recorded().into_values().collect();
    let mut chance = Chance::new(4);
    let mutants: Vec<_> = (0..MUTANTS).map(|_| mutant(&mut chance, &files)).collect();
    let tally = compare(&oracle, &mutants);
    report("mutated", &tally);
    assert!(
        tally.both_load > MUTANTS / 20,
        "too few files are loaded: {}",
        tally.both_load
    );
    for (reason, _) in EXCEPTIONS {
        assert!(tally.excused.contains_key(reason), "not needed any more: {reason}");
    }
}

fn compare(oracle: &Oracle, files: &[Vec<u8>]) -> Tally {
    let mut tally = Tally::default();
    for (file, theirs) in files.iter().zip(oracle.load(files)) {
        let ours = kship(file);
        match (&ours, &theirs) {
            (Ok(()), None) => tally.both_load += 1,
            (Err(ours), Some(theirs)) => {
                tally.both_refuse += 1;
                match ours {
                    Some(ours) if same_words(ours, theirs) => tally.same_words += 1,
                    Some(ours) if ours.exact && !is_reworded(ours, theirs) => {
                        tally.reworded.push(describe(file, Some(theirs), Some(ours)))
                    }
                    _ => {}
                }
            }
            _ => {
                let ours = ours.err().flatten();
                let mut excuses = EXCEPTIONS.iter();
                match excuses.find(|(_, excuse)| excuse(file, theirs.as_deref(), ours.as_ref())) {
                    Some((reason, _)) => *tally.excused.entry(reason).or_default() += 1,
                    None => tally.wrong.push(describe(file, theirs.as_ref(), ours.as_ref())),
                }
            }
        }
    }
    tally
}

/// What kship says; a file that is not UTF-8 never comes to the loader, and is refused without a reason of its own.
fn kship(file: &[u8]) -> Result<(), Option<Refusal>> {
    let text = std::str::from_utf8(file).map_err(|_| None)?;
    let parsed = Configuration::parse(text, &Loader::new("FILE"));
    parsed.map(|_| ()).map_err(Some)
}

/// Whether both say the same, but for what kship masks.
fn same_words(ours: &Refusal, theirs: &str) -> bool {
    let ours = ours.to_string();
    let mut parts = ours.split("REDACTED");
    let Some(mut rest) = parts.next().and_then(|first| theirs.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        rest = match (parts.peek(), rest.find(part)) {
            (None, _) if rest.ends_with(part) => "",
            (Some(_), Some(at)) => &rest[at + part.len()..],
            _ => return false,
        };
    }
    rest.is_empty()
}

fn is_reworded(ours: &Refusal, theirs: &str) -> bool {
    let ours = ours.to_string();
    REWORDED
        .iter()
        .any(|(_, their_words, our_words)| theirs.contains(their_words) && ours.contains(our_words))
}

fn describe(file: &[u8], theirs: Option<&String>, ours: Option<&Refusal>) -> String {
    format!(
        "--- {}\nAPI server: {}\nkship:      {}\n",
        String::from_utf8_lossy(file),
        theirs.map_or("loads", String::as_str),
        ours.map_or_else(|| "-".to_owned(), ToString::to_string)
    )
}

fn report(name: &str, tally: &Tally) {
    eprintln!(
        "{name}: {} loaded and {} refused by both ({} in the same words); excused: {:#?}",
        tally.both_load, tally.both_refuse, tally.same_words, tally.excused
    );
    for (reason, ..) in REWORDED {
        eprintln!("other words are excused where {reason}");
    }
    for case in tally.wrong.iter().chain(&tally.reworded).take(20) {
        eprintln!("{case}");
    }
    assert!(tally.wrong.is_empty(), "{} verdicts differ", tally.wrong.len());
    assert!(tally.reworded.is_empty(), "{} messages differ", tally.reworded.len());
}

/// The files of `fixtures/encryption/config`.
fn recorded() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/encryption/config");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}
