//! What a verb has to say at its end, in one value that every format renders.

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
    /// Counts in the order in which they are shown; names are lowercase words that follow a number: `pinned`.
    pub summary: Vec<(&'static str, usize)>,
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
    pub fn new(error: &dyn std::error::Error) -> Self {
        let mut chain = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            chain.push(error.to_string());
            source = error.source();
        }
        chain.dedup();
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
