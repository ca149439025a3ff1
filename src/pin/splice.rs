//! The new text of a file, and the proof that nothing else in it changed.
//!
//! Bytes outside the edits stay by construction. That the *meaning* stays too is checked: the new text is read again, and
//! only the images that were edited may differ, each by the digest that was meant.

use std::collections::HashMap;
use std::ops::Range;

use super::plan::Change;
use crate::images::{Format, Options, Readable, Scan, Site, Style};
use crate::text::{Edit, apply};
use crate::yaml::{self, Kind, Node};

/// Applies the changes of one file.
///
/// # Errors
/// The new text would mean something else than was intended: a defect of kship, or a trick in the file. Nothing must be
/// written.
pub fn splice(scan: &Scan, changes: &[Change], options: &Options, style: Style) -> Result<String, Error> {
    if changes.is_empty() {
        return Ok(scan.text.clone());
    }
    let mut edits: Vec<Edit> = changes.iter().map(|change| change.edit.clone()).collect();
    edits.sort_by_key(|edit| edit.range.start);
    let text = apply(&scan.text, &edits).map_err(|_| Error::Overlap)?;
    let before = Readable::new(scan.format, &scan.text, options).map_err(Error::Unreadable)?;
    let after = Readable::new(scan.format, &text, options).map_err(Error::Unreadable)?;
    check_images(&before.found.sites, &after.found.sites, changes, style)?;
    if scan.format != Format::Dockerfile {
        check_rest(before.text, after.text, &edits)?;
    }
    Ok(text)
}

/// Every image is still found, and has the tag that it had and the digest that was meant.
fn check_images(before: &[Site], after: &[Site], changes: &[Change], style: Style) -> Result<(), Error> {
    if before.len() != after.len() {
        return Err(Error::Images {
            before: before.len(),
            after: after.len(),
        });
    }
    let changes: HashMap<_, _> = changes
        .iter()
        .map(|change| ((change.location.range.start, change.field.as_str()), change))
        .collect();
    for (old, new) in before.iter().zip(after) {
        let change = changes.get(&(old.span.start, old.field.as_str()));
        let digest = match change {
            Some(change) => change.digest.as_ref(),
            None => old.reference.digest(),
        };
        let drops_tag = style == Style::DigestOnly && change.is_some();
        let same_tag = old.reference.tag() == new.reference.tag() || (drops_tag && new.reference.tag().is_none());
        if old.reference.repository() != new.reference.repository() || !same_tag || new.reference.digest() != digest {
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
            (Some(old), Some(new)) => same(old, new, edits)?,
            (None, None) => {}
            _ => return Err(Error::Documents),
        }
    }
    Ok(())
}

/// Whether an edit lies in a range or at its border; edits are sorted.
fn is_touched(range: &Range<usize>, edits: &[Edit]) -> bool {
    let first = edits.partition_point(|edit| edit.range.end < range.start);
    edits.get(first).is_some_and(|edit| edit.range.start <= range.end)
}

fn same(old: Node<'_, '_>, new: Node<'_, '_>, edits: &[Edit]) -> Result<(), Error> {
    let touched = is_touched(&old.span(), edits);
    let differs = |at: &str| Err(Error::Meaning { field: at.to_owned() });
    match (old.kind(), new.kind()) {
        (Kind::Scalar, Kind::Scalar) => {
            let text = |node: Node<'_, '_>| node.scalar().map(|scalar| scalar.value.to_string());
            if touched || (text(old) == text(new) && old.as_str().is_some() == new.as_str().is_some()) {
                Ok(())
            } else {
                differs(&text(old).unwrap_or_default())
            }
        }
        (Kind::Sequence, Kind::Sequence) => {
            let (mut olds, mut news) = (old.items(), new.items());
            loop {
                match (olds.next(), news.next()) {
                    (Some(old), Some(new)) => same(old, new, edits)?,
                    (None, None) => return Ok(()),
                    _ => return differs("a list"),
                }
            }
        }
        (Kind::Mapping, Kind::Mapping) => {
            // A digest may have a line of its own, which comes or goes with an edit of this mapping.
            let counts = |of: Node<'_, '_>| touched && of.get(DIGEST).is_some();
            let (comes, goes) = (counts(new) && !counts(old), counts(old) && !counts(new));
            let mut olds = old.entries().filter(|(key, _)| !(goes && key.text == DIGEST));
            let mut news = new.entries().filter(|(key, _)| !(comes && key.text == DIGEST));
            loop {
                match (olds.next(), news.next()) {
                    (Some((old_key, old)), Some((new_key, new))) if old_key.text == new_key.text => {
                        same(old, new, edits)?
                    }
                    (None, None) => return Ok(()),
                    (Some((key, _)), _) | (None, Some((key, _))) => return differs(key.text),
                }
            }
        }
        _ if touched && (old.is_null() || new.is_null()) => Ok(()),
        _ => differs("a value"),
    }
}

/// The key that may have a line of its own.
const DIGEST: &str = "digest";

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

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::images::{Filter, Purpose};
    use crate::oci::Digest;
    use crate::pin::{Mode, Resolution, Standings, plan};
    use crate::policy::Policy;

    /// The changes that pinning a text makes, and the text that they make.
    fn pinned(text: &str) -> (Scan, Vec<Change>) {
        let policy = Policy::default();
        let here = "/top".into();
        let filter = Filter {
            purpose: Purpose::Pin,
            include: Vec::new(),
            exclude: Vec::new(),
            policy: &policy,
            here,
            root: "/top".into(),
            today: "2026-11-22".parse().unwrap(),
        };
        let scan = Scan::new(Utf8Path::new("a.yaml"), text.to_owned(), &Options::default(), &filter).unwrap();
        let digest = Digest::of(b"");
        let answer = |site: &Site| {
            (
                site.reference.tagged(),
                Ok(Resolution {
                    digest: digest.clone(),
                    media_type: None,
                }),
            )
        };
        let tags = scan.sites.iter().map(answer).collect();
        let changes = plan(&scan, Mode::Pin, Style::TagDigest, &filter, &tags, &Standings::new()).changes;
        (scan, changes)
    }

    fn splice_error(text: &str, spoil: impl Fn(&mut Change)) -> String {
        let (scan, mut changes) = pinned(text);
        assert!(splice(&scan, &changes, &Options::default(), Style::TagDigest).is_ok());
        changes.iter_mut().for_each(spoil);
        splice(&scan, &changes, &Options::default(), Style::TagDigest)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_edit_that_means_something_else_is_refused() {
        let text = "image: a:1\nother: [b, {c: d}]\n";
        let replace = |with: &'static str| move |change: &mut Change| with.clone_into(&mut change.edit.replacement);
        assert_eq!(
            splice_error(text, replace("0")),
            "the edit would change what `image` means"
        );
        assert_eq!(
            splice_error(text, replace("\nimage: b:1")),
            "the edited text cannot be read"
        );
        assert_eq!(
            splice_error(text, replace("\nnew: b:1")),
            "the edit would change what `image` means"
        );
        assert_eq!(
            splice_error(text, replace("\n---\nimage: b:1")),
            "the edit would change the number of images from 1 to 2"
        );
        let elsewhere = |change: &mut Change| change.edit.range = 20..20;
        assert_eq!(
            splice_error(text, elsewhere),
            "the edit would change what `image` means"
        );
        let wider = |change: &mut Change| {
            change.edit.range = 10..18;
            change.edit.replacement = format!("@{}\nothers: ", Digest::of(b""));
        };
        assert_eq!(splice_error(text, wider), "the edit would change what `other` means");
    }
}
