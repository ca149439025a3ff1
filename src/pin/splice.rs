//! The new text of a file, and the proof that nothing else in it changed.
//!
//! Bytes outside the edits stay by construction. That the *meaning* stays too is checked: the new text is read again, and
//! only the images that were edited may differ, each by the digest that was meant.

use super::plan::Change;
use super::scan::Scan;
use super::{Format, Options, find};
use crate::text::{Edit, apply};
use crate::yaml::{self, Kind, Node};

/// Applies the changes of one file.
///
/// # Errors
/// The new text would mean something else than was intended: a defect of kship, or a trick in the file. Nothing must be
/// written.
pub fn splice(scan: &Scan, changes: &[Change], options: &Options) -> Result<String, Error> {
    if changes.is_empty() {
        return Ok(scan.text.clone());
    }
    let edits: Vec<Edit> = changes.iter().map(|change| change.edit.clone()).collect();
    let text = apply(&scan.text, &edits).map_err(|_| Error::Overlap)?;
    check_images(scan, changes, &text, options)?;
    if Format::of_path(&scan.path) != Some(Format::Dockerfile) {
        check_rest(&scan.text, &text, &edits)?;
    }
    Ok(text)
}

/// Every image is still found, and has the digest that was meant.
fn check_images(scan: &Scan, changes: &[Change], text: &str, options: &Options) -> Result<(), Error> {
    let before = find(&scan.path, &scan.text, options).map_err(Error::Unreadable)?.sites;
    let after = find(&scan.path, text, options).map_err(Error::Unreadable)?.sites;
    if before.len() != after.len() {
        return Err(Error::Images {
            before: before.len(),
            after: after.len(),
        });
    }
    for (old, new) in before.iter().zip(&after) {
        let change = changes
            .iter()
            .find(|change| change.location.range == old.span && change.field == old.field);
        let digest = match change {
            Some(change) => change.digest.as_ref(),
            None => old.reference.digest(),
        };
        if old.reference.repository() != new.reference.repository() || new.reference.digest() != digest {
            return Err(Error::Meaning {
                field: old.field.clone(),
            });
        }
    }
    Ok(())
}

/// Everything that no edit touched reads the same.
fn check_rest(before: &str, after: &str, edits: &[Edit]) -> Result<(), Error> {
    let old = yaml::parse(before).map_err(Error::Unreadable)?;
    let new = yaml::parse(after).map_err(Error::Unreadable)?;
    if old.documents().len() != new.documents().len() {
        return Err(Error::Documents);
    }
    for (old, new) in old.documents().iter().zip(new.documents()) {
        match (old.root(), new.root()) {
            (Some(old), Some(new)) => same(old, new, edits, "")?,
            (None, None) => {}
            _ => return Err(Error::Documents),
        }
    }
    Ok(())
}

fn same(old: Node<'_, '_>, new: Node<'_, '_>, edits: &[Edit], path: &str) -> Result<(), Error> {
    let differs = || {
        Err(Error::Meaning {
            field: path.trim_start_matches('.').to_owned(),
        })
    };
    let span = old.span();
    let touched = edits
        .iter()
        .any(|edit| edit.range.start <= span.end && span.start <= edit.range.end);
    match (old.kind(), new.kind()) {
        (Kind::Scalar, Kind::Scalar) => {
            let text = |node: Node<'_, '_>| node.scalar().map(|scalar| scalar.value.to_string());
            if touched || (text(old) == text(new) && old.as_str().is_some() == new.as_str().is_some()) {
                Ok(())
            } else {
                differs()
            }
        }
        (Kind::Sequence, Kind::Sequence) => {
            if old.items().count() != new.items().count() {
                return differs();
            }
            old.items()
                .zip(new.items())
                .enumerate()
                .try_for_each(|(at, (old, new))| same(old, new, edits, &format!("{path}[{at}]")))
        }
        (Kind::Mapping, Kind::Mapping) => {
            // A digest may have a line of its own, which comes or goes with the edit.
            let added = |a: Node<'_, '_>, b: Node<'_, '_>| {
                a.entries()
                    .filter(|(key, _)| b.get(key.text).is_none() && key.text != "digest")
                    .count()
            };
            if added(new, old) != 0 || added(old, new) != 0 {
                return differs();
            }
            old.entries().try_for_each(|(key, value)| match new.get(key.text) {
                Some(other) => same(value, other, edits, &format!("{path}.{}", key.text)),
                None => Ok(()),
            })
        }
        _ if touched && (old.is_null() || new.is_null()) => Ok(()),
        _ => differs(),
    }
}

/// Why an edited text must not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Documents came or went.
    #[error("the edit would change the number of documents")]
    Documents,
    /// Images came or went.
    #[error("the edit would change the number of images from {before} to {after}")]
    Images {
        /// Images in the old text.
        before: usize,
        /// Images in the new text.
        after: usize,
    },
    /// A value would change that nobody meant to change.
    #[error("the edit would change what `{field}` means")]
    Meaning {
        /// The field.
        field: String,
    },
    /// Two edits touch the same bytes.
    #[error("two edits overlap")]
    Overlap,
    /// The new text cannot be read.
    #[error("the edited text cannot be read")]
    Unreadable(#[source] yaml::Error),
}
