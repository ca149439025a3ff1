//! `kship encryption check`: whether the API server loads a configuration, and what it does not see in it.
//!
//! No finding carries a key, and of the lines that are shown keys are covered.

mod lint;
mod mask;
mod resources;
pub mod rules;
mod source;
mod strength;

use std::ops::Range;

use aws_lc_rs::digest;
use camino::Utf8Path;
use serde_json::{Value, json};

use super::config::{Configuration, GroupResource};
use super::load::{Loaded, Loader, Refusal};
use super::secrecy::shown;
use super::tree::Tree;
use crate::policy::{self, Accepted};
use crate::report::{Finding, Location, Report, Rule, Skip};
use crate::text::LineIndex;
use crate::yaml;
use lint::Found;
use source::{Origin, Place, Source};

/// What a check is told about the cluster.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// The minor version of Kubernetes 1; absent: nothing is too new, and the loader is that of the newest.
    pub kubernetes: Option<u8>,
    /// The feature gate `KMSv1`; absent: its default in that version.
    pub kms_v1: Option<bool>,
    /// Whether the API server reloads the file by itself.
    pub reload: bool,
}

impl Settings {
    /// Whether the cluster is older than a minor version.
    fn before(&self, minor: u8) -> bool {
        self.kubernetes.is_some_and(|kubernetes| kubernetes < minor)
    }

    fn loader(&self, path: &Utf8Path) -> Loader {
        const KMS_V1_OFF: u8 = 29;
        Loader {
            reload: self.reload,
            kms_v1: self.kms_v1.unwrap_or(self.before(KMS_V1_OFF)),
            ..Loader::new(path.as_str())
        }
    }
}

/// A file to check.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The file as reports name it.
    pub path: &'a Utf8Path,
    /// What stands in it.
    pub text: &'a str,
    /// Its permissions, where the system has them.
    pub mode: Option<u32>,
    /// Whether the user named it: then it has to be a configuration.
    pub is_named: bool,
}

/// What one file holds.
#[derive(Debug, Default)]
pub struct Checked {
    /// Each configuration as JSON tells it.
    pub configurations: Vec<Value>,
    candidates: Vec<Candidate>,
    skips: Vec<Skip>,
}

/// What will be a finding unless somebody has accepted it.
#[derive(Debug)]
struct Candidate {
    finding: Finding,
    mark: Option<String>,
}

/// Whether a file of a tree can be a configuration, by its name.
#[must_use]
pub fn is_wanted(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("yaml" | "yml" | "json" | "conf"))
}

/// Checks every configuration of a file.
#[must_use]
pub fn check(file: &File<'_>, settings: &Settings) -> Checked {
    let mut checker = Checker {
        file: *file,
        lines: LineIndex::new(file.text),
        covered: None,
        marks: None,
        checked: Checked::default(),
    };
    if file.is_named || source::may_hold(file.text) {
        checker.run(settings);
    }
    checker.checked
}

/// Puts the files together: what is accepted becomes a skip, all else a finding of the report.
pub fn conclude(files: Vec<Checked>, accepted: &Accepted<'_>, report: &mut Report) {
    let mut configurations = Vec::new();
    for file in files {
        configurations.extend(file.configurations);
        report.skips.extend(file.skips);
        for Candidate { finding, mark } in file.candidates {
            let path = &finding.location.path;
            let reason = mark.or_else(|| accepted.reason(finding.rule.code, path, "").map(str::to_owned));
            match reason {
                Some(reason) => report.skips.push(Skip {
                    code: "ignored",
                    reason: format!("ignored: {reason}"),
                    location: Location {
                        excerpt: None,
                        ..finding.location
                    },
                    field: finding.field,
                    text: String::new(),
                }),
                None => report.findings.push(finding),
            }
        }
    }
    report
        .details
        .insert("configurations".to_owned(), Value::from(configurations));
}

struct Checker<'a> {
    file: File<'a>,
    lines: LineIndex,
    /// The text without its keys and the index of its lines, where it may be shown.
    covered: Option<(String, LineIndex)>,
    /// The documents up to where the API server reads, for their comments.
    marks: Option<yaml::First<'a>>,
    checked: Checked,
}

impl Checker<'_> {
    fn run(&mut self, settings: &Settings) {
        let File {
            path, text, is_named, ..
        } = self.file;
        let sources = match source::sources(text, &settings.loader(path), is_named) {
            Ok(sources) => sources,
            Err(template) => {
                self.checked.skips.push(Skip {
                    code: "template",
                    reason: "a template that is no YAML before it is filled in".to_owned(),
                    location: Location::new(path, text, &self.lines, template.offset..template.offset),
                    field: None,
                    text: String::new(),
                });
                return;
            }
        };
        self.cover();
        for Source { origin, outcome, place } in &sources {
            match outcome {
                Ok(loaded) => self.loaded(loaded, *origin, place, settings),
                Err(refusal) => self.refused(refusal, place),
            }
            let told = self.told(*origin, outcome, place);
            self.checked.configurations.push(told);
        }
    }

    /// Prepares the lines that may be shown: those of a file that could be read.
    fn cover(&mut self) {
        let text = self.file.text;
        let json = text
            .trim_start()
            .starts_with('{')
            .then(|| super::json::parse(text).ok())
            .flatten();
        let first = yaml::parse_first(text).ok();
        let tree = json.or_else(|| first.as_ref().and_then(yaml::First::root).map(Tree::of_yaml));
        if let Some(tree) = tree {
            let covered = mask::covered(text, &[&tree]);
            let lines = LineIndex::new(&covered);
            self.covered = Some((covered, lines));
        }
        self.marks = first;
    }

    fn refused(&mut self, refusal: &Refusal, place: &Place) {
        for problem in &refusal.problems {
            let mut message = String::new();
            // The path of the file is told with the place.
            let prefixed = refusal.is_strict_decoding();
            message.push_str(if prefixed { "strict decoding error: " } else { "" });
            // The list of repeated keys has lines of its own.
            message.push_str(&problem.message.replace("\n ", ""));
            let field = (!problem.field.is_empty()).then(|| problem.field.clone());
            let rule = if refusal.exact {
                &rules::INVALID
            } else {
                &rules::UNREADABLE
            };
            self.candidate(rule, message, field, place, &problem.span);
        }
    }

    fn loaded(&mut self, loaded: &Loaded, origin: Origin, place: &Place, settings: &Settings) {
        let configuration = &loaded.configuration;
        for Found {
            rule,
            message,
            field,
            span,
        } in lint::lint(configuration, settings)
        {
            let field = (!field.is_empty()).then_some(field);
            self.candidate(rule, message, field, place, &span);
        }
        if origin == Origin::File {
            self.rest(loaded.end, place);
            self.mode(configuration, place);
        }
    }

    /// What follows the first document.
    fn rest(&mut self, end: usize, place: &Place) {
        let text = self.file.text;
        let rest = text.get(end..).unwrap_or_default();
        let mut at = end;
        for line in rest.split_inclusive('\n') {
            let content = line.trim();
            let is_content = !(content.is_empty() || content.starts_with('#') || matches!(content, "---" | "..."));
            if is_content {
                let message =
                    "the API server reads the first document only: this and what follows has no effect".to_owned();
                let start = at + (line.len() - line.trim_start().len());
                return self.candidate(&rules::IGNORED_DOCUMENT, message, None, place, &(start..start));
            }
            at += line.len();
        }
    }

    /// Who can read the file.
    fn mode(&mut self, configuration: &Configuration, place: &Place) {
        let Some(mode) = self.file.mode.map(|mode| mode & 0o7777) else {
            return;
        };
        if mode & 0o077 != 0 && configuration.keys().next().is_some() {
            let message = format!("the file holds keys and has mode {mode:04o}: expected 0600");
            self.candidate(&rules::FILE_MODE, message, None, place, &(0..0));
        }
    }

    fn candidate(
        &mut self,
        rule: &'static Rule,
        message: String,
        field: Option<String>,
        place: &Place,
        span: &Range<usize>,
    ) {
        let range = place.range(span);
        let mark = self.mark(range.start);
        let mut finding = Finding::new(rule, message, self.location(range));
        finding.field = field;
        self.checked.candidates.push(Candidate { finding, mark });
    }

    fn location(&self, range: Range<usize>) -> Location {
        let File { path, text, .. } = self.file;
        let location = Location::new(path, text, &self.lines, range.clone());
        match &self.covered {
            Some((covered, lines)) => Location {
                excerpt: Location::with_excerpt(path, covered, lines, range).excerpt,
                ..location
            },
            None => location,
        }
    }

    /// The reason in a comment on the line, or alone on the line above.
    fn mark(&self, offset: usize) -> Option<String> {
        let first = self.marks.as_ref()?;
        let line = self.lines.line_of(offset);
        let above = line.checked_sub(1).filter(|above| {
            let above = self.file.text.get(self.lines.line_range(self.file.text, *above));
            above.is_some_and(|above| above.trim_start().starts_with('#'))
        });
        let mut lines = [Some(line), above].into_iter().flatten();
        lines.find_map(|line| policy::mark(first.stream.comment(line)?).map(str::to_owned))
    }

    /// A configuration as programs want it: names, never keys.
    fn told(&self, origin: Origin, outcome: &Result<Loaded, Refusal>, place: &Place) -> Value {
        let start = match outcome {
            Ok(loaded) => place.range(&loaded.configuration.span).start,
            Err(_) => place.range(&(0..0)).start,
        };
        let line = self.lines.line_of(start) + 1;
        let loader = match outcome {
            Ok(_) => json!({"accepted": true}),
            Err(refusal) => json!({"accepted": false, "message": refusal.to_string(), "exact": refusal.exact}),
        };
        let mut told =
            json!({"path": self.file.path.as_str(), "line": line, "origin": origin.name(), "loader": loader});
        let Some(fields) = told.as_object_mut() else {
            return told;
        };
        if origin == Origin::File {
            fields.insert("hash".to_owned(), file_hash(self.file.text.as_bytes()).into());
        }
        if let Ok(loaded) = outcome {
            fields.insert("entries".to_owned(), entries(&loaded.configuration));
            let secrets = GroupResource::new("secrets", "");
            let providers = loaded.configuration.providers_of(&secrets).unwrap_or_default();
            let passes = providers.first().is_some_and(|writer| lint::passes_cis(writer));
            let cis = json!({"benchmark": "CIS Kubernetes Benchmark 1.12", "1.2.27": null, "1.2.28": passes});
            fields.insert("cis".to_owned(), cis);
        }
        told
    }
}

/// The hash of a file as the API server's metric `apiserver_encryption_config_controller_last_config_info` has it.
#[must_use]
pub fn file_hash(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn entries(configuration: &Configuration) -> Value {
    let entries = configuration.resources.iter().map(|entry| {
        let resources: Vec<&str> = entry.resources.iter().map(|resource| resource.name.as_str()).collect();
        let providers = entry.providers.iter().map(|provider| {
            let keys = provider.keys().iter().map(|key| shown(&key.name.value).into_owned());
            json!({"provider": provider.kind.name(), "keys": keys.collect::<Vec<_>>()})
        });
        json!({"resources": resources, "providers": providers.collect::<Vec<_>>()})
    });
    Value::Array(entries.collect())
}
