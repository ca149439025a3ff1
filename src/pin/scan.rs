//! One file: read, searched for images, and sorted into what counts and what does not.

use aho_corasick::AhoCorasick;
use camino::{Utf8Path, Utf8PathBuf};

use super::filter::Filter;
use super::site::{Site, Skip, SkipReason};
use super::{Options, find};
use crate::k8s::FieldRule;
use crate::oci::ReferenceError;
use crate::text::{LineIndex, Position};
use crate::yaml::{self, ErrorKind};

/// A file with images in it.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The file.
    pub path: Utf8PathBuf,
    /// Its text, as it was read.
    pub text: String,
    /// Its lines.
    pub lines: LineIndex,
    /// Images that count, in order.
    pub sites: Vec<Site>,
    /// What was passed over, in order.
    pub skips: Vec<Skip>,
    /// What has something after `@` that is no digest.
    pub malformed: Vec<Skip>,
}

impl Scan {
    /// Searches a text; what `filter` leaves out becomes a skip.
    ///
    /// # Errors
    /// The text cannot be read as its format, and no template engine explains why.
    pub fn new(path: &Utf8Path, text: String, options: &Options, filter: &Filter<'_>) -> Result<Self, Error> {
        let lines = LineIndex::new(&text);
        let found = match find(path, &text, options) {
            Ok(found) => found,
            Err(error) if is_template(&error, &text) => {
                let span = error.offset()..error.offset();
                let skip = Skip {
                    field: String::new(),
                    text: String::new(),
                    span,
                    reason: SkipReason::Template,
                };
                return Ok(Self {
                    skips: vec![skip],
                    ..Self::without_images(path, text)
                });
            }
            Err(source) => {
                return Err(Error {
                    path: path.to_owned(),
                    position: source.position(),
                    source,
                });
            }
        };
        let (mut sites, mut skips) = (Vec::new(), Vec::new());
        for site in found.sites {
            match filter.skip(path, &text, &lines, &site) {
                None => sites.push(site),
                Some(reason) => {
                    skips.push(Skip {
                        field: site.field,
                        text: site.reference.as_written().to_owned(),
                        span: site.span,
                        reason,
                    });
                }
            }
        }
        let (malformed, others) = found
            .skips
            .into_iter()
            .partition::<Vec<_>, _>(|skip| is_malformed(&skip.reason));
        skips.extend(others);
        skips.sort_by_key(|skip| skip.span.start);
        Ok(Self {
            path: path.to_owned(),
            text,
            lines,
            sites,
            skips,
            malformed,
        })
    }

    /// A file that was not searched because it cannot name an image.
    #[must_use]
    pub fn without_images(path: &Utf8Path, text: String) -> Self {
        let lines = LineIndex::new(&text);
        Self {
            path: path.to_owned(),
            text,
            lines,
            sites: Vec::new(),
            skips: Vec::new(),
            malformed: Vec::new(),
        }
    }

    /// Says whether nothing at all was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sites.is_empty() && self.skips.is_empty() && self.malformed.is_empty()
    }
}

/// Says whether a template engine explains why a text is not YAML: `{{` where reading ended, or at the start of a line
/// before that.
fn is_template(error: &yaml::Error, text: &str) -> bool {
    let line = error.position().line;
    let mut lines = text.lines().take(line).enumerate();
    matches!(error.kind(), ErrorKind::Syntax { .. } | ErrorKind::KeyCollection)
        && lines.any(|(at, text)| text.trim_start().starts_with("{{") || (at + 1 == line && text.contains("{{")))
}

const fn is_malformed(reason: &SkipReason) -> bool {
    matches!(reason, SkipReason::NotAReference(ReferenceError::BadDigest(_)))
}

/// A file that cannot be read as its format.
#[derive(Debug, thiserror::Error)]
#[error("not readable as YAML")]
pub struct Error {
    /// The file.
    pub path: Utf8PathBuf,
    /// Where reading ended.
    pub position: Position,
    /// Why.
    pub source: yaml::Error,
}

/// Finds out, without parsing, which texts cannot name an image.
#[derive(Debug)]
pub struct Prefilter {
    words: AhoCorasick,
    resource: AhoCorasick,
}

impl Prefilter {
    /// Prepares the search; `rules` name further fields.
    ///
    /// # Errors
    /// The words cannot be compiled; no word known to kship does that.
    pub fn new(rules: &[FieldRule]) -> Result<Self, aho_corasick::BuildError> {
        // A backslash can spell a key (`"\x69mage"`), and so can `!!binary`.
        let fixed = [
            "mage",
            "docker://",
            "oci://",
            "newTag",
            "services",
            "package",
            "repository",
            "bundle",
            "steps",
            "\\",
            "binary",
        ];
        let words = AhoCorasick::new(fixed.into_iter().chain(rules.iter().map(FieldRule::key)))?;
        Ok(Self {
            words,
            resource: AhoCorasick::new(["apiVersion", "\\"])?,
        })
    }

    /// Says whether a file can name an image: one that cannot is not parsed.
    ///
    /// JSON counts only as a Kubernetes resource: trees are full of JSON that is nothing of the kind.
    #[must_use]
    pub fn may_name_images(&self, path: &Utf8Path, text: &str) -> bool {
        let json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let yaml = path
            .extension()
            .is_some_and(|extension| ["yaml", "yml"].iter().any(|e| extension.eq_ignore_ascii_case(e)));
        match (json, yaml) {
            (true, _) => self.resource.is_match(text) && self.words.is_match(text),
            (_, true) => self.words.is_match(text),
            _ => true,
        }
    }
}
