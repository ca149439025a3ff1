//! What `kship pin` tells: one report for every format, and the texts of `--diff` and `--stdout`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{Pin, ReadError};
use crate::cli::input;
use crate::cli::{Exit, Failure, Ui, hints_for};
use crate::images::{self, Scan};
use crate::pin::{self, Mode, Plan, SpliceError, rules};
use crate::report::{self, Count, Format, Location, Replacement, Report, visible, visible_lines};
use crate::tree::Tree;

/// The name and version of the JSON form.
const SCHEMA: &str = "kship.pin/v1";

/// Everything that a run has to say, as it comes together.
pub(super) struct Outcome {
    report: Report,
    /// Files that were looked at.
    pub(super) files: usize,
    /// Whether a file was changed.
    pub(super) written: bool,
    mode: Mode,
    kept: usize,
    hints: BTreeSet<String>,
    /// Failures that can concern several images.
    shared: HashMap<*const pin::ResolveError, Shared>,
}

/// One failure of several images: its place in the report, and how many images more there are.
struct Shared {
    at: usize,
    more: usize,
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
            shared: HashMap::new(),
        }
    }

    /// Whether nothing has failed so far.
    pub(super) fn is_complete(&self) -> bool {
        self.report.failures.is_empty()
    }

    /// Records a failure that concerns no file.
    pub(super) fn fail(&mut self, failure: &Failure) {
        self.report.failures.push(report::Failure::new(failure.source.as_ref()));
        self.hints.extend(failure.hints.iter().cloned());
    }

    /// Records a file that cannot be read.
    pub(super) fn fail_to_read(&mut self, path: &Utf8Path, error: &ReadError) {
        let (path, position) = match error {
            ReadError::Scan(scan) => (scan.path.as_path(), Some(scan.position)),
            ReadError::File(_) => (path, None),
        };
        if let ReadError::File(error) = error {
            self.hints.extend(hints_for(error));
        }
        self.report
            .failures
            .push(report::Failure::new(error).at(path, position));
    }

    /// Records what the listing of files met.
    pub(super) fn tree(&mut self, tree: &Tree) {
        self.files = tree.files.len();
        input::record_listing(tree, &mut self.report);
    }

    /// Records what came of one file, and keeps its texts for writing.
    pub(super) fn add(&mut self, scan: Scan, plan: Plan, text: Result<String, SpliceError>) -> Ready {
        self.kept += plan.kept;
        self.report.findings.extend(plan.findings);
        let mut failed = !plan.failures.is_empty();
        self.fail_to_resolve(&scan, &plan.failures);
        for skip in scan.skips.iter().chain(&plan.skips) {
            self.report.skips.push(told_skip(&scan, skip));
        }
        let after = text.unwrap_or_else(|error| {
            failed = true;
            self.hints.extend(hints_for(&error));
            self.report
                .failures
                .push(report::Failure::new(&error).at(&scan.shown, None));
            String::new()
        });
        let changed = !failed && after != scan.text;
        if changed {
            self.report
                .changes
                .extend(plan.changes.iter().map(|change| told_change(&scan, change)));
        }
        Ready {
            is_resource: is_resource(&scan),
            failed,
            after: changed.then_some(after),
            path: scan.path,
            shown: scan.shown,
            before: scan.text,
        }
    }

    /// Images that share a failure, such as a registry that does not answer, share the telling of it.
    fn fail_to_resolve(&mut self, scan: &Scan, failures: &[pin::Failure]) {
        for failure in failures {
            let error: &pin::ResolveError = &failure.error;
            match self.shared.entry(Arc::as_ptr(&failure.error)) {
                Entry::Occupied(mut shared) => shared.get_mut().more += 1,
                Entry::Vacant(new) => {
                    new.insert(Shared {
                        at: self.report.failures.len(),
                        more: 0,
                    });
                    let told = report::Failure::new(error).at(&scan.shown, Some(failure.location.start));
                    self.report.failures.push(told);
                    self.hints.extend(hints_for(error));
                }
            }
        }
    }

    /// Prints everything and says what the run's answer is; `prints` says that standard output is for files or a diff.
    pub(super) fn print(mut self, pin: &Pin, prints: bool, files: &[Ready], ui: &mut Ui) -> Result<Exit, Failure> {
        let incomplete = !self.is_complete() && !pin.keep_going;
        if incomplete {
            self.report.changes.clear();
        }
        for Shared { at, more } in self.shared.values().filter(|shared| shared.more > 0) {
            if let Some(failure) = self.report.failures.get_mut(*at) {
                // Writing to a string does not fail.
                let _ = write!(failure.message, " (and at {more} more places)");
            }
        }
        self.report.sort();
        self.summarize(pin.diff);
        if pin.format != Format::Github {
            ui.failures(&self.report);
        }
        self.hints.iter().for_each(|hint| ui.hint(hint));
        if !self.is_complete() && !pin.check {
            ui.warning(if incomplete {
                "nothing was written"
            } else {
                "files with failures were not written"
            });
        }
        if prints {
            let text = match (incomplete, pin.diff) {
                (true, _) => String::new(),
                (false, true) => diff(files, ui.is_terminal()),
                (false, false) => together(files),
            };
            ui.product(&text)?;
            let left_out = files.iter().filter(|file| !file.is_resource).count();
            if pin.stdout && files.len() > 1 && left_out > 0 && !incomplete {
                ui.status(format_args!(
                    "left out: {left_out} files that hold no Kubernetes resources"
                ));
            }
            self.report.changes.clear();
            ui.report_aside(&self.report, pin.explain);
        } else {
            ui.report(&self.report, pin.format, pin.explain)?;
        }
        if self.report.summary.iter().all(|count| count.count == 0) {
            ui.status(format_args!("no images found; files looked at: {}", self.files));
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
            let of_rule = |finding: &&report::Finding| finding.rule.code == rule.code;
            let count = report.findings.iter().filter(of_rule).count();
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

/// A file with what will stand in it.
pub(super) struct Ready {
    path: Utf8PathBuf,
    shown: Utf8PathBuf,
    before: String,
    /// `None` if nothing changes, or nothing may be written.
    after: Option<String>,
    failed: bool,
    is_resource: bool,
}

impl Ready {
    /// Forgets the change: another file has failed.
    pub(super) fn discard(&mut self) {
        self.after = None;
    }

    pub(super) const fn is_changed(&self) -> bool {
        self.after.is_some()
    }

    /// The path, and the text before and after, if something changes.
    pub(super) fn change(&self) -> Option<(&Utf8Path, &str, &str)> {
        Some((&self.path, &self.before, self.after.as_deref()?))
    }

    fn text(&self) -> &str {
        self.after.as_ref().unwrap_or(&self.before)
    }
}

/// Whether all that a file holds can be handed to kubectl.
fn is_resource(scan: &Scan) -> bool {
    let template = |skip: &images::Skip| skip.reason == images::SkipReason::Template && skip.text.is_empty();
    scan.format == images::Format::Yaml
        && !scan.skips.iter().any(template)
        && ["apiVersion", "kind"].iter().all(|key| scan.text.contains(key))
}

fn told_skip(scan: &Scan, skip: &images::Skip) -> report::Skip {
    report::Skip {
        code: skip.reason.code(),
        reason: skip.reason.describe().into_owned(),
        location: Location::new(&scan.shown, &scan.text, &scan.lines, skip.span.clone()),
        field: (!skip.field.is_empty()).then(|| skip.field.clone()),
        text: skip.text.clone(),
    }
}

/// A change as reports tell it.
fn told_change(scan: &Scan, change: &pin::Change) -> report::Change {
    let digest = change.digest.as_ref().map(ToString::to_string);
    let mut properties = serde_json::Map::new();
    properties.insert("reference".to_owned(), Value::from(change.before.clone()));
    properties.insert("digest".to_owned(), digest.map_or(Value::Null, Value::from));
    report::Change {
        message: result(change),
        location: change.location.clone(),
        field: Some(change.field.clone()),
        replacements: vec![Replacement::new(&scan.text, &scan.lines, &change.edit)],
        properties,
    }
}

/// The reference as it stands afterwards, and the digest that it had.
fn result(change: &pin::Change) -> String {
    let before = change.before.as_str();
    let (name, old) = before
        .split_once('@')
        .map_or((before, None), |(name, old)| (name, Some(old)));
    match (&change.digest, old) {
        (Some(new), None) => format!("{name}@{new}"),
        (Some(new), Some(old)) => format!("{name}@{new} (was {old})"),
        (None, _) => name.to_owned(),
    }
}

/// The changes of all files in the unified format; a terminal is not sent what the files hold of its controls.
fn diff(files: &[Ready], terminal: bool) -> String {
    let mut text = String::new();
    for file in files {
        let Some((_, before, after)) = file.change() else {
            continue;
        };
        let lines = similar::TextDiff::from_lines(before, after);
        let name = visible(file.shown.as_str());
        let (old, new) = (format!("a/{name}"), format!("b/{name}"));
        let _ = write!(text, "{}", lines.unified_diff().header(&old, &new));
    }
    if terminal {
        visible_lines(&text).into_owned()
    } else {
        text
    }
}

/// The one file, or all that hold Kubernetes resources as one stream of documents; none that failed.
fn together(files: &[Ready]) -> String {
    if let [file] = files {
        return if file.failed {
            String::new()
        } else {
            file.text().to_owned()
        };
    }
    let mut text = String::new();
    for file in files.iter().filter(|file| file.is_resource && !file.failed) {
        let content = file.text();
        let content = content.strip_prefix('\u{feff}').unwrap_or(content);
        if !text.is_empty() && !content.starts_with("---") {
            text.push_str("---\n");
        }
        text.push_str(content);
        if !content.is_empty() && !content.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}
