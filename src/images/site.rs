//! Places where a file names an image, and how a digest is written there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::limits;
use crate::oci::{Digest, Reference, ReferenceError};
use crate::text::Edit;

/// What an extractor found in one file: image references, and what looked like one and is none.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Places with an image reference.
    pub sites: Vec<Site>,
    /// Places that were passed over, each with its reason.
    pub skips: Vec<Skip>,
    /// The reasons in comments such as `# kship:ignore=reason`, by the first byte of the place that they mark.
    pub marks: BTreeMap<usize, String>,
}

impl Found {
    /// Files a text at `content` as a site if it is a reference, or as a skip with the reason why not.
    ///
    /// `raw` is what stands at `content` in the file; it may differ from the decoded `value` (escapes, line folds).
    pub fn push_text(&mut self, field: impl Into<String>, value: &str, raw: &str, content: Range<usize>) {
        let field = excerpt(&field.into());
        match parse(value) {
            Ok(reference) => {
                let slot = Slot::in_text(&reference, raw, content.clone());
                self.sites.push(Site {
                    field,
                    reference,
                    span: content,
                    slot,
                });
            }
            Err(reason) => self.push_skip(field, value, content, reason),
        }
    }

    /// Files a place that was passed over.
    ///
    /// Of a long text the beginning is kept: an alias can repeat it many times.
    pub fn push_skip(&mut self, field: impl Into<String>, text: &str, span: Range<usize>, reason: SkipReason) {
        self.skips.push(Skip {
            field: excerpt(&field.into()),
            text: excerpt(text),
            span,
            reason,
        });
    }
}

/// One place that names an image.
#[derive(Clone, Debug)]
pub struct Site {
    /// The field as its format names it: `spec.containers[0].image`, `FROM`.
    pub field: String,
    /// The whole reference: in Helm values and kustomizations it is put together from several fields.
    pub reference: Reference,
    /// What a finding points at, in bytes of the file.
    pub span: Range<usize>,
    /// Where the digest goes.
    pub slot: Slot,
}

/// How a digest is written at a site.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Slot {
    /// The digest is written, replaced and taken away as these edits say.
    Writable {
        /// What a digest replaces: an empty range inserts.
        range: Range<usize>,
        /// What stands before the digest there: `@`, or a line break, indent and key.
        before: String,
        /// What takes the digest away again; `None` where there is no digest, or no tag to fall back on.
        unpin: Option<Edit>,
        /// The bytes of `:tag`, where they directly precede `range`: what `--style digest-only` drops.
        tag: Option<Range<usize>>,
    },
    /// No digest can be written; the text says why, as a fragment that follows "cannot be pinned in place: ".
    Fixed(&'static str),
}

impl Slot {
    /// The slot of a reference that stands in one scalar or word.
    ///
    /// `raw` is what stands in the file at `content`; a digest can be appended to any text, and replaced where the end of
    /// `raw` spells it as it is.
    #[must_use]
    pub fn in_text(reference: &Reference, raw: &str, content: Range<usize>) -> Self {
        let kept = raw.trim_end().len();
        let end = content.start + kept;
        let raw = raw.get(..kept).unwrap_or(raw);
        let written = reference.as_written();
        let digest = reference
            .digest_range()
            .and_then(|range| written.get(range.start.saturating_sub(1)..));
        let (name, range, unpin) = match digest {
            None => (raw, end..end, None),
            Some(suffix) => match raw.strip_suffix(suffix) {
                Some(name) => {
                    let range = end - suffix.len()..end;
                    (
                        name,
                        range.clone(),
                        Some(Edit {
                            range,
                            replacement: String::new(),
                        }),
                    )
                }
                None => return Self::Fixed("its digest is written with escapes or over several lines"),
            },
        };
        let tag = reference.tag().and_then(|tag| {
            let suffix = format!(":{tag}");
            name.ends_with(&suffix).then(|| range.start - suffix.len()..range.start)
        });
        Self::Writable {
            range,
            before: "@".to_owned(),
            unpin,
            tag,
        }
    }

    /// Says whether a digest can be written here.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        matches!(self, Self::Writable { .. })
    }

    /// The edit that writes a digest; `None` where none can be written.
    #[must_use]
    pub fn write(&self, digest: &Digest, style: Style) -> Option<Edit> {
        let Self::Writable { range, before, tag, .. } = self else {
            return None;
        };
        let range = match (style, tag) {
            (Style::DigestOnly, Some(tag)) => tag.start..range.end,
            _ => range.clone(),
        };
        Some(Edit {
            range,
            replacement: format!("{before}{digest}"),
        })
    }

    /// The edit that takes the digest away; `None` where there is none, or nothing to fall back on.
    #[must_use]
    pub fn unpin(&self) -> Option<Edit> {
        match self {
            Self::Writable { unpin, .. } => unpin.clone(),
            Self::Fixed(_) => None,
        }
    }
}

/// How pinned references are spelled.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Style {
    /// `name:tag@sha256:...`: the tag stays for people and updates, the digest decides.
    #[default]
    TagDigest,
    /// `name@sha256:...`, for CRI-O before 1.31.1, Podman before 3.3 and other tools that refuse both.
    DigestOnly,
}

/// A place that was passed over.
#[derive(Clone, Debug)]
pub struct Skip {
    /// The field as its format names it.
    pub field: String,
    /// What stands there.
    pub text: String,
    /// Where, in bytes of the file.
    pub span: Range<usize>,
    /// Why.
    pub reason: SkipReason,
}

/// Why something that looks like an image is left alone.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SkipReason {
    /// A bare name such as `nginx` outside the fields that are known to hold images.
    BareName,
    /// Compose builds the image; the name is what the result is called.
    BuiltHere,
    /// A name without a registry, to which the tool adds a default of its own (Crossplane packages).
    DefaultRegistry,
    /// `--exclude`, `--include` or a rule of `kship.yaml`.
    Excluded,
    /// A scalar that Flux' image automation rewrites (`$imagepolicy`).
    FluxManaged,
    /// An inline `# kship:ignore=...`, or a rule of `kship.yaml`.
    Ignored {
        /// The reason that is written there.
        reason: String,
    },
    /// `ko://...` and other names that a build replaces.
    Import,
    /// An entry of a lock file of another tool (kbld, imgpkg, vendir): it says what an image was resolved to.
    LockFile,
    /// No image is named: an empty string, null, `scratch`.
    NoImage,
    /// Not a string for kubectl: a number, a boolean, a list.
    NotAString,
    /// Not a reference.
    NotAReference(ReferenceError),
    /// A chart's or kustomization's entry without a tag: the tag is decided elsewhere.
    TagElsewhere,
    /// Made by a template engine: `{{ ... }}`.
    Template,
    /// A digest that `--unpin` does not take away: no tag would remain, or it is written with escapes.
    Undoable,
    /// Filled in later: `${VAR}`, `$(params.image)`.
    Variable,
}

impl SkipReason {
    /// A short word for counting and JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BareName => "bare-name",
            Self::BuiltHere => "built-here",
            Self::DefaultRegistry => "default-registry",
            Self::Excluded => "excluded",
            Self::FluxManaged => "flux-managed",
            Self::Ignored { .. } => "ignored",
            Self::Import => "import",
            Self::LockFile => "lock-file",
            Self::NoImage => "no-image",
            Self::NotAString => "not-a-string",
            Self::NotAReference(_) => "not-a-reference",
            Self::TagElsewhere => "tag-elsewhere",
            Self::Template => "template",
            Self::Undoable => "undoable",
            Self::Variable => "variable",
        }
    }

    /// A sentence fragment for people.
    #[must_use]
    pub fn describe(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::BareName => "a bare name outside the fields known to hold images (name the field with --rule)",
            Self::BuiltHere => "the service is built here; this only names the result",
            Self::DefaultRegistry => "no registry is named, and the default is that of the tool",
            Self::Excluded => "excluded",
            Self::FluxManaged => "managed by Flux image automation",
            Self::Ignored { reason } => return Cow::Owned(format!("ignored: {reason}")),
            Self::Import => "replaced by a build",
            Self::LockFile => "an entry of another tool's lock file",
            Self::NoImage => "no image is named",
            Self::NotAString => "not a string",
            Self::NotAReference(error) => return Cow::Owned(format!("not a reference: {error}")),
            Self::TagElsewhere => "no tag here; it is decided elsewhere",
            Self::Template => "made by a template",
            Self::Undoable => "the digest stays: no tag would remain, or it cannot be taken away in place",
            Self::Variable => "filled in from a variable",
        })
    }
}

/// The beginning of a text, as reports show it.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(limits::EXCERPT_CHARACTERS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Parses the text of an image field.
///
/// # Errors
/// The text is no reference; the reason tells templates, variables and prose apart.
pub fn parse(text: &str) -> Result<Reference, SkipReason> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SkipReason::NoImage);
    }
    if text.contains("{{") {
        return Err(SkipReason::Template);
    }
    if text.contains('$') {
        return Err(SkipReason::Variable);
    }
    if text.starts_with("ko://") {
        return Err(SkipReason::Import);
    }
    if text.len() > limits::REFERENCE_BYTES {
        return Err(SkipReason::NotAReference(ReferenceError::TooLong {
            length: text.len(),
        }));
    }
    Reference::parse(text).map_err(SkipReason::NotAReference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;

    const OLD: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    fn slot(value: &str, raw: &str) -> Slot {
        Slot::in_text(&Reference::parse(value).unwrap(), raw, 7..7 + raw.len())
    }

    fn pinned(value: &str, raw: &str, style: Style) -> String {
        let text = format!("image: {raw} # c");
        let edit = slot(value, raw).write(&Digest::of(b""), style).unwrap();
        apply(&text, &[edit])
            .unwrap()
            .replace(&Digest::of(b"").to_string(), "D")
    }

    #[test]
    fn a_digest_is_appended_or_replaced() {
        assert_eq!(pinned("nginx:1", "nginx:1", Style::TagDigest), "image: nginx:1@D # c");
        assert_eq!(pinned("nginx:1", "nginx:1", Style::DigestOnly), "image: nginx@D # c");
        assert_eq!(pinned("nginx", "nginx", Style::DigestOnly), "image: nginx@D # c");
        let old = format!("nginx:1@{OLD}");
        assert_eq!(pinned(&old, &old, Style::TagDigest), "image: nginx:1@D # c");
        assert_eq!(pinned(&old, &old, Style::DigestOnly), "image: nginx@D # c");
        assert_eq!(
            pinned("nginx:1", "ngin\\x78:1", Style::TagDigest),
            "image: ngin\\x78:1@D # c"
        );
        assert_eq!(
            pinned("nginx:1", "nginx\\x3a1", Style::DigestOnly),
            "image: nginx\\x3a1@D # c"
        );
        assert_eq!(
            pinned("nginx:1", "nginx:1\n  ", Style::TagDigest),
            "image: nginx:1@D\n   # c"
        );
    }

    #[test]
    fn a_digest_is_taken_away() {
        let old = format!("nginx:1@{OLD}");
        assert_eq!(
            apply(
                &old,
                &[Slot::in_text(&Reference::parse(&old).unwrap(), &old, 0..old.len())
                    .unpin()
                    .unwrap()]
            )
            .unwrap(),
            "nginx:1"
        );
        assert_eq!(slot("nginx:1", "nginx:1").unpin(), None);
        let escaped = old.replace("sha256", "sha\\x3256");
        assert_eq!(
            slot(&old, &escaped),
            Slot::Fixed("its digest is written with escapes or over several lines")
        );
    }

    #[test]
    fn what_is_no_reference_has_a_reason() {
        let code = |text: &str| parse(text).unwrap_err().code();
        assert_eq!(code(" "), "no-image");
        assert_eq!(code("{{ .Values.image }}:1"), "template");
        assert_eq!(code("${IMAGE:-nginx}"), "variable");
        assert_eq!(code("$(params.image)"), "variable");
        assert_eq!(code("ko://github.com/x/y"), "import");
        assert_eq!(code("Visual Studio 2022"), "not-a-reference");
    }
}
