//! What a verb has to say at its end, in one value that every format renders.

use std::error::Error;

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::finding::{Finding, Location, Replacement, Rule};
use crate::text::Position;

/// Everything that a run found, did, passed over and could not decide.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name and version of the JSON form: `kship.pin/v1`.
    pub schema: &'static str,
    /// Every rule of the verb, in a fixed order, met or not.
    pub rules: &'static [&'static Rule],
    /// Where the answer is no.
    pub findings: Vec<Finding>,
    /// What was done, or would be.
    pub changes: Vec<Change>,
    /// What was passed over, each with its reason.
    pub skips: Vec<Skip>,
    /// What could not be decided.
    pub failures: Vec<Failure>,
    /// Counts in the order in which they are shown, each name once.
    pub summary: Vec<Count>,
    /// What only this verb has to tell programs; JSON shows it.
    pub details: Map<String, Value>,
}

impl Report {
    /// A report that says nothing yet.
    #[must_use]
    pub fn new(schema: &'static str, rules: &'static [&'static Rule]) -> Self {
        Self {
            schema,
            rules,
            findings: Vec::new(),
            changes: Vec::new(),
            skips: Vec::new(),
            failures: Vec::new(),
            summary: Vec::new(),
            details: Map::new(),
        }
    }

    /// Orders everything by path and position, whatever the order of work was.
    pub fn sort(&mut self) {
        let place = |location: &Location| (location.path.clone(), location.range.start, location.range.end);
        self.findings
            .sort_by_cached_key(|finding| (place(&finding.location), finding.rule.code));
        self.changes.sort_by_cached_key(|change| place(&change.location));
        self.skips.sort_by_cached_key(|skip| place(&skip.location));
        self.failures
            .sort_by_cached_key(|failure| (failure.path.clone(), failure.position, failure.message.clone()));
    }

    /// The answer of the whole run: a definite no beats "could not decide".
    #[must_use]
    pub fn answer(&self) -> Answer {
        use super::finding::Level;

        if self.findings.iter().any(|finding| finding.rule.level == Level::Error) {
            Answer::No
        } else if self.failures.is_empty() {
            Answer::Yes
        } else {
            Answer::Undecided
        }
    }

    /// The counts that are not zero, as one line: `3 unpinned, 12 pinned`; `None` where nothing was counted.
    #[must_use]
    pub fn summary_line(&self) -> Option<String> {
        let counts = self.summary.iter().filter(|count| count.count > 0);
        let counts: Vec<String> = counts.map(|count| format!("{} {}", count.count, count.label)).collect();
        (!counts.is_empty()).then(|| counts.join(", "))
    }
}

/// How many of one thing there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Count {
    /// The stable name, in kebab-case, the same whatever a verb was told to do: `changed`. JSON uses it.
    pub name: &'static str,
    /// What people read behind the number: `to pin`.
    pub label: &'static str,
    /// The number.
    pub count: usize,
}

impl Count {
    /// A count whose name is read by people too.
    #[must_use]
    pub const fn new(name: &'static str, count: usize) -> Self {
        Self {
            name,
            label: name,
            count,
        }
    }

    /// Gives people another word to read.
    #[must_use]
    pub const fn with_label(self, label: &'static str) -> Self {
        Self { label, ..self }
    }
}

/// What a report says as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Everything asked for holds.
    Yes,
    /// At least one finding is an error.
    No,
    /// No such finding, but at least one failure.
    Undecided,
}

/// Something that was done to a file, or would be.
#[derive(Clone, Debug)]
pub struct Change {
    /// What was done: a lowercase fragment without a final period.
    pub message: String,
    /// Where, in the text as it was before.
    pub location: Location,
    /// The field as its format names it.
    pub field: Option<String>,
    /// The edits that were made.
    pub replacements: Vec<Replacement>,
    /// What else programs may want to know, in a stable order.
    pub properties: Map<String, Value>,
}

/// A place that was passed over.
#[derive(Clone, Debug)]
pub struct Skip {
    /// The stable name of the reason, in kebab-case: `template`.
    pub code: &'static str,
    /// The reason as people read it: a lowercase fragment without a final period.
    pub reason: String,
    /// Where.
    pub location: Location,
    /// The field as its format names it.
    pub field: Option<String>,
    /// What stands there.
    pub text: String,
}

/// Something that could not be decided, or done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The file, where there is one, as reports name it.
    pub path: Option<Utf8PathBuf>,
    /// The place in that file.
    pub position: Option<Position>,
    /// What failed: a lowercase fragment without a final period.
    pub message: String,
    /// Why: each error's source, the outermost first.
    pub caused_by: Vec<String>,
}

impl Failure {
    /// A failure from an error and its sources; equal neighbours in the chain are told once.
    #[must_use]
    pub fn new(error: &(dyn Error + 'static)) -> Self {
        let mut chain = chain(error);
        Self {
            path: None,
            position: None,
            message: chain.remove(0),
            caused_by: chain,
        }
    }

    /// Names the file.
    #[must_use]
    pub fn at(mut self, path: impl Into<Utf8PathBuf>, position: Option<Position>) -> Self {
        self.path = Some(path.into());
        self.position = position;
        self
    }
}

/// The message of an error and of each of its sources; equal neighbours are told once.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let links = std::iter::successors(Some(error), |&link| link.source());
    let mut messages: Vec<String> = links.map(ToString::to_string).collect();
    messages.dedup();
    messages
}

#[cfg(test)]
mod tests {
    use super::super::{Finding, Location, examples};
    use super::*;
    use crate::text::LineIndex;

    #[test]
    fn a_definite_no_beats_could_not_decide() {
        let mut report = examples::full();
        assert_eq!(report.answer(), Answer::No);
        report.findings.clear();
        assert_eq!(report.answer(), Answer::Undecided);
        report.failures.clear();
        assert_eq!(report.answer(), Answer::Yes);
        report.findings = vec![Finding::new(&examples::DRIFTED, "moved", examples::locate("a", "a"))];
        assert_eq!(report.answer(), Answer::Yes, "a warning does not block");
    }

    #[test]
    fn the_order_is_by_path_and_position() {
        let text = "a\nb\n";
        let at = |path: &str, at| Location::new(path, text, &LineIndex::new(text), at..at + 1);
        let finding = |rule, location| Finding::new(rule, "x", location);
        let mut report = examples::empty();
        report.findings = vec![
            finding(&examples::UNPINNED, at("b.yaml", 0)),
            finding(&examples::UNPINNED, at("a.yaml", 2)),
            finding(&examples::UNPINNED, at("a.yaml", 0)),
            finding(&examples::DRIFTED, at("a.yaml", 0)),
        ];
        report.sort();
        let order: Vec<String> = report
            .findings
            .iter()
            .map(|finding| {
                format!(
                    "{}:{} {}",
                    finding.location.path, finding.location.start.line, finding.rule.code
                )
            })
            .collect();
        assert_eq!(
            order,
            [
                "a.yaml:1 drifted",
                "a.yaml:1 unpinned",
                "a.yaml:2 unpinned",
                "b.yaml:1 unpinned"
            ]
        );
    }

    #[test]
    fn a_failure_tells_its_causes_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read")]
        struct Outer(#[source] std::io::Error);
        let failure = Failure::new(&Outer(std::io::Error::other("no such disk"))).at("a.yaml", None);
        assert_eq!(
            (failure.message.as_str(), failure.caused_by),
            ("cannot read", vec!["no such disk".to_owned()])
        );
    }

    #[test]
    fn the_summary_leaves_out_zeros() {
        assert_eq!(
            examples::full().summary_line().unwrap(),
            "1 unpinned, 1 pinned, 1 skipped, 2 failed"
        );
        assert_eq!(examples::empty().summary_line(), None);
    }
}
