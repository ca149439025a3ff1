//! What came of a `kship reseal`, told as it is counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use camino::Utf8Path;

use super::{Done, FileError};
use crate::cli::{Exit, Failure, Ui};
use crate::seal::{Fate, KeyFacts, TargetError, TargetErrorKind};
use crate::tree::Tree;

/// What came of the run.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) failed: bool,
    pub(super) unopened: usize,
    /// SealedSecrets whose template has another scope.
    refused: usize,
    kept: usize,
    resealed: usize,
    files: usize,
    /// How many values each key opened, and how many of them stay with it.
    by_key: BTreeMap<String, (usize, usize)>,
}

impl Tally {
    pub(super) fn tree(&mut self, tree: &Tree, ui: &mut Ui) {
        for error in &tree.errors {
            ui.error(error);
            self.failed = true;
        }
        for name in &tree.nameless {
            ui.error(format_args!("{name}: its name is not UTF-8"));
            self.failed = true;
        }
        for link in &tree.links {
            ui.warning(format_args!(
                "{link}: a symbolic link to a folder, or out of the tree, is not followed"
            ));
        }
    }

    pub(super) fn add(
        &mut self,
        path: &Utf8Path,
        result: Result<Option<Done>, FileError>,
        dry_run: bool,
        out: &mut String,
        ui: &mut Ui,
    ) {
        let done = match result {
            Ok(Some(done)) => done,
            Ok(None) => return,
            Err(error) => {
                self.fail(path, error, ui);
                return;
            }
        };
        let mut changes = false;
        for (object, fates) in done.objects.iter().zip(&done.fates) {
            for (value, fate) in object.values.iter().zip(fates) {
                let place = format!(
                    "{path}:{}: {} of {}/{}",
                    value.position, value.key, object.namespace, object.name
                );
                match fate {
                    Fate::Kept { by } => {
                        self.count(Some(by), true);
                        // Writing to a string does not fail.
                        let _ = writeln!(out, "{place}: kept, {} opens it", told(by));
                    }
                    Fate::Resealed { by, .. } => {
                        let by_text = by
                            .as_ref()
                            .map(|by| format!(", {} opened it", told(by)))
                            .unwrap_or_default();
                        let what = match (done.is_whole, dry_run) {
                            (false, _) => "left alone with its file",
                            (true, true) => "would be resealed",
                            (true, false) => "resealed",
                        };
                        self.count(by.as_ref(), !done.is_whole);
                        if done.is_whole {
                            self.resealed += 1;
                            changes = true;
                        }
                        let _ = writeln!(out, "{place}: {what}{by_text}");
                    }
                    Fate::Unopened { reason } => {
                        self.unopened += 1;
                        ui.error(format_args!("{place} does not open: {reason}"));
                    }
                }
            }
        }
        self.files += usize::from(changes);
    }

    fn count(&mut self, by: Option<&KeyFacts>, stays: bool) {
        self.kept += usize::from(stays);
        if let Some(by) = by {
            let (opened, left) = self.by_key.entry(told(by)).or_default();
            *opened += 1;
            *left += usize::from(stays);
        }
    }

    fn fail(&mut self, path: &Utf8Path, error: FileError, ui: &mut Ui) {
        let position = match &error {
            FileError::Target(error) => Some(error.position),
            FileError::Seal { position, .. } => Some(*position),
            FileError::File(_) | FileError::Splice(_) | FileError::Utf16 => None,
        };
        // A scope that the template would widen is an answer.
        let is_no = matches!(
            &error,
            FileError::Target(TargetError {
                kind: TargetErrorKind::ScopeDiffers { .. },
                ..
            })
        );
        if is_no {
            self.refused += 1;
        } else {
            self.failed = true;
        }
        let source = Failure::new(Unsealed {
            place: position.map_or_else(|| path.to_string(), |position| format!("{path}:{position}")),
            source: error,
        });
        ui.failure(&source);
    }

    /// Sums it up.
    pub(super) fn tell(&self, dry_run: bool, ui: &mut Ui) {
        let Self {
            unopened,
            kept,
            resealed,
            files,
            by_key,
            ..
        } = self;
        let (would, moves) = if dry_run {
            ("would reseal", "would move")
        } else {
            ("resealed", "moved")
        };
        for (key, (opened, left)) in by_key {
            ui.status(format_args!(
                "{key} opened {opened}: {left} stay, {} {moves}",
                opened - left
            ));
        }
        let noun = if *files == 1 { "file" } else { "files" };
        let not = match unopened {
            0 => String::new(),
            count => format!(", could not open {count}"),
        };
        ui.status(format_args!("{would} {resealed} in {files} {noun}, kept {kept}{not}"));
    }

    pub(super) fn conclude(self) -> Result<Exit, Failure> {
        if self.unopened + self.refused > 0 {
            return Ok(Exit::Finding);
        }
        if self.failed {
            return Ok(Exit::Failure);
        }
        if self.kept + self.resealed == 0 {
            return Err(Failure::new(Nothing));
        }
        Ok(Exit::Ok)
    }
}

/// A key in messages.
pub(super) fn told(facts: &KeyFacts) -> String {
    format!("key {} ({})", facts.id, facts.file)
}

#[derive(Debug, thiserror::Error)]
#[error("no SealedSecret with values in these paths")]
struct Nothing;

#[derive(Debug, thiserror::Error)]
#[error("{place} cannot be resealed")]
struct Unsealed {
    place: String,
    source: FileError,
}
