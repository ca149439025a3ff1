//! What `kship pin` tells: one report for every format, and the texts of `--diff` and `--stdout`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{Pin, Ready};
use crate::cli::{Exit, Failure, Ui, hints_for};
use crate::pin::{self, Mode, Plan, Scan, rules};
use crate::report::{self, Count, Location, Replacement, Report};
use crate::text::LineIndex;

/// The name and version of the JSON form.
const SCHEMA: &str = "kship.pin/v1";

/// Everything that a run has to say, as it comes together.
pub(super) struct Outcome {
    pub(super) report: Report,
    /// Files that were looked at.
    pub(super) files: usize,
    /// Whether files were written.
    pub(super) written: bool,
    mode: Mode,
    kept: usize,
    hints: BTreeSet<String>,
}

impl Outcome {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            report: Report::new(SCHEMA, &rules::RULES),
            files: 0,
            written: false,
            mode,
            kept: 0,
            hints: BTreeSet::new(),
        }
    }

    /// Files a file that cannot be read.
    pub(super) fn fail(&mut self, path: &Utf8Path, error: &super::ReadError) {
        let position = match error {
            super::ReadError::Scan(scan) => Some(scan.position),
            super::ReadError::File(_) => None,
        };
        self.report
            .failures
            .push(report::Failure::new(error).at(path, position));
    }

    /// Files symbolic links, which are not followed.
    pub(super) fn links(&mut self, links: &[Utf8PathBuf]) {
        for link in links {
            let location = Location::new(link, "", &LineIndex::new(""), 0..0);
            let reason = "a symbolic link; its target is read where it stands".to_owned();
            self.report.skips.push(report::Skip {
                code: "symbolic-link",
                reason,
                location,
                field: None,
                text: String::new(),
            });
        }
    }

    /// Files what came of one file, and keeps its texts for writing.
    pub(super) fn add(&mut self, scan: Scan, plan: Plan, spliced: Result<Option<String>, pin::SpliceError>) -> Ready {
        let mut failed = !plan.failures.is_empty();
        let after = match spliced {
            Ok(after) => after,
            Err(error) => {
                failed = true;
                self.report
                    .failures
                    .push(report::Failure::new(&error).at(&scan.path, None));
                None
            }
        };
        self.kept += plan.kept;
        self.report.findings.extend(plan.findings);
        for failure in &plan.failures {
            let told = report::Failure::new(failure.error.as_ref()).at(&scan.path, Some(failure.location.start));
            self.report.failures.push(told);
            self.hints.extend(hints_for(failure.error.as_ref()));
        }
        if !failed {
            self.report
                .changes
                .extend(plan.changes.iter().map(|change| told(&scan, change)));
        }
        for skip in scan.skips.iter().chain(&plan.skips) {
            let location = Location::new(&scan.path, &scan.text, &scan.lines, skip.span.clone());
            self.report.skips.push(report::Skip {
                code: skip.reason.code(),
                reason: skip.reason.describe().into_owned(),
                location,
                field: (!skip.field.is_empty()).then(|| skip.field.clone()),
                text: skip.text.clone(),
            });
        }
        Ready {
            path: scan.path,
            before: scan.text,
            after: after.filter(|_| !failed),
        }
    }

    /// Prints everything and says what the run's answer is.
    pub(super) fn print(
        mut self,
        pin: &Pin,
        stdin: bool,
        complete: bool,
        files: &[Ready],
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        self.report.sort();
        self.summarize(pin.diff);
        let product = if pin.diff {
            Some(diff(files))
        } else if (stdin || pin.stdout) && !pin.check {
            Some(if complete { together(files) } else { String::new() })
        } else {
            None
        };
        match product {
            Some(text) => {
                ui.product(&text)?;
                self.report.changes.clear();
                ui.report_aside(&self.report, pin.explain);
            }
            None => ui.report(&self.report, pin.format, pin.explain)?,
        }
        self.hints.iter().for_each(|hint| ui.hint(hint));
        if !self.report.failures.is_empty() && !pin.check {
            ui.warning(if pin.keep_going {
                "files with failures were not written"
            } else {
                "nothing was written"
            });
        }
        Ok(self.report.answer().into())
    }

    fn summarize(&mut self, diff: bool) {
        let report = &mut self.report;
        let done = match (self.mode, diff) {
            (Mode::Check { .. }, _) => None,
            (Mode::Pin, false) => Some("pinned"),
            (Mode::Pin, true) => Some("to pin"),
            (Mode::Unpin, false) => Some("taken back"),
            (Mode::Unpin, true) => Some("to take back"),
            (Mode::Update, false) => Some("updated"),
            (Mode::Update, true) => Some("to update"),
        };
        let changed = Count::new("changed", report.changes.len());
        report
            .summary
            .push(done.map_or(changed, |done| changed.with_label(done)));
        let kept = match self.mode {
            Mode::Check { .. } => "pinned",
            Mode::Pin | Mode::Update => "already pinned",
            Mode::Unpin => "unchanged",
        };
        report.summary.push(Count::new("kept", self.kept).with_label(kept));
        for rule in report.rules {
            let count = report
                .findings
                .iter()
                .filter(|finding| finding.rule.code == rule.code)
                .count();
            report.summary.push(Count::new(rule.code, count));
        }
        report.summary.extend([
            Count::new("skipped", report.skips.len()),
            Count::new("failed", report.failures.len()),
        ]);
        report.details.insert("files".to_owned(), Value::from(self.files));
        report.details.insert("written".to_owned(), Value::from(self.written));
    }
}

/// A change as reports tell it.
fn told(scan: &Scan, change: &pin::Change) -> report::Change {
    let message = result(change);
    let mut properties = serde_json::Map::new();
    properties.insert("reference".to_owned(), Value::from(change.before.clone()));
    properties.insert(
        "digest".to_owned(),
        change
            .digest
            .as_ref()
            .map_or(Value::Null, |digest| Value::from(digest.to_string())),
    );
    report::Change {
        message,
        location: change.location.clone(),
        field: Some(change.field.clone()),
        replacements: vec![Replacement::new(&scan.text, &scan.lines, &change.edit)],
        properties,
    }
}

/// The reference as it stands afterwards, and the digest that it had.
fn result(change: &pin::Change) -> String {
    let (name, old) = change
        .before
        .split_once('@')
        .map_or((change.before.as_str(), None), |(name, old)| (name, Some(old)));
    match (&change.digest, old) {
        (Some(new), None) => format!("{name}@{new}"),
        (Some(new), Some(old)) => format!("{name}@{new} (was {old})"),
        (None, _) => name.to_owned(),
    }
}

/// The changes of all files in the unified format.
fn diff(files: &[Ready]) -> String {
    let mut text = String::new();
    for file in files {
        let Some(after) = &file.after else { continue };
        let lines = similar::TextDiff::from_lines(&file.before, after);
        let (old, new) = (format!("a/{}", file.path), format!("b/{}", file.path));
        let _ = write!(text, "{}", lines.unified_diff().header(&old, &new));
    }
    text
}

/// All YAML files as one stream of documents.
fn together(files: &[Ready]) -> String {
    let mut text = String::new();
    let [file] = files else {
        for file in files
            .iter()
            .filter(|file| pin::Format::of_path(&file.path) != Some(pin::Format::Dockerfile))
        {
            let content = file.after.as_ref().unwrap_or(&file.before);
            let content = content.strip_prefix('\u{feff}').unwrap_or(content);
            if !text.is_empty() && !content.starts_with("---") {
                text.push_str("---\n");
            }
            text.push_str(content);
            if !content.is_empty() && !content.ends_with('\n') {
                text.push('\n');
            }
        }
        return text;
    };
    text.push_str(file.after.as_ref().unwrap_or(&file.before));
    text
}
