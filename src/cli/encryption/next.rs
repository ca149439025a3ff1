//! What to do next, as numbered steps on standard error.

use std::fmt::Write as _;

use crate::cli::Ui;
use crate::encryption::metrics::METRIC;
use crate::encryption::rewrite;
use crate::oci::Digest;

/// Steps, in order.
#[derive(Debug, Default)]
pub(super) struct Steps {
    lines: Vec<String>,
    count: usize,
}

impl Steps {
    /// Adds a step.
    pub(super) fn add(&mut self, what: &str) {
        self.count += 1;
        self.lines.push(format!("{:>3}. {what}", self.count));
    }

    /// Adds a line to the step before, as it is to be copied.
    pub(super) fn detail(&mut self, line: &str) {
        self.lines.push(format!("       {line}"));
    }

    /// How the API servers come to use the file, and how one sees that they do.
    pub(super) fn load(&mut self, text: &str) {
        self.add("give every API server this very file; one with automatic reload takes it within a minute or two, restart the others");
        self.add("go on when each of them shows the file's hash:");
        self.detail(&format!("{METRIC}{{...,hash=\"{}\"}}", hash(text.as_bytes())));
    }

    /// How stored objects come to be encrypted with the first key.
    pub(super) fn rewrite(&mut self, resources: &[String]) {
        self.add("write what is stored anew; this can be repeated, and objects that somebody else changes meanwhile are fine:");
        for resource in resources {
            match rewrite::command(resource) {
                Some(command) => self.detail(&command),
                None => self.detail(&format!("# `{resource}` is no resource that kubectl knows")),
            }
        }
    }

    /// Tells them.
    pub(super) fn tell(self, ui: &mut Ui) {
        let mut text = "next:".to_owned();
        for line in self.lines {
            let _ = write!(text, "\n{line}");
        }
        ui.status(text);
    }
}

/// The hash of a file, as the API server's metric has it.
pub(super) fn hash(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}
