//! Scalars of a YAML document as sites: what all formats but Dockerfiles share.

use std::ops::Range;

use super::options::Options;
use super::site::{self, Found, Site, SkipReason, Slot};
use crate::oci::Reference;
use crate::text::LineIndex;
use crate::yaml::{Kind, Node, Stream, Style};

/// What a comment of Flux' image automation has.
const FLUX_MARKER: &str = "\"$imagepolicy\"";

const ESCAPED: &str = "it is written with escapes or over several lines";

/// Which names a field may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Names {
    /// Any: the field is known to hold an image.
    All,
    /// Those with a tag, a digest or a registry: nothing is known about the field.
    Explicit,
}

/// What is found in one YAML text.
pub(super) struct Finder<'c, 'a> {
    pub(super) text: &'a str,
    pub(super) options: &'c Options,
    pub(super) found: Found,
    /// The text is a string of another one: one level is enough.
    pub(super) nested: bool,
    stream: &'c Stream<'a>,
    /// Where lines begin, in texts that Flux may write to.
    flux: Option<LineIndex>,
}

impl<'c, 'a> Finder<'c, 'a> {
    pub(super) fn new(stream: &'c Stream<'a>, options: &'c Options) -> Self {
        Self {
            text: stream.text(),
            options,
            found: Found::default(),
            nested: false,
            stream,
            flux: stream
                .text()
                .contains(FLUX_MARKER)
                .then(|| LineIndex::new(stream.text())),
        }
    }

    /// Files a scalar that is a reference; lists and mappings are left to who walks them.
    pub(super) fn image(&mut self, field: impl Into<String>, node: Node<'_, 'a>, names: Names) {
        let field = field.into();
        let Some(value) = self.string(&field, node) else {
            return;
        };
        if names == Names::Explicit && site::parse(value).is_ok_and(|reference| !reference.is_explicit()) {
            self.skip(field, node, SkipReason::BareName);
        } else {
            self.part(field, node, 0);
        }
    }

    /// Files a string, or the string under a key of a mapping: CI formats have a short and a long form.
    pub(super) fn image_or(&mut self, field: &str, node: Node<'_, 'a>, key: &str) {
        match node.kind() {
            Kind::Scalar => self.image(field, node, Names::All),
            Kind::Mapping => {
                if let Some(image) = node.get(key) {
                    self.image(below(field, key), image, Names::All);
                }
            }
            Kind::Sequence => {}
        }
    }

    /// Files the value of a key `image` that nothing is known about.
    pub(super) fn unknown(&mut self, field: String, node: Node<'_, 'a>, parent: Node<'_, 'a>) {
        let complete = |text| {
            site::parse(text).map_or(true, |reference| {
                reference.tag().is_some() || reference.digest().is_some()
            })
        };
        // `image: quay.io/x/y` beside `tag: v1` is two parts of one name.
        let parts = ["tag", "imageTag", "version"];
        let tag_beside = parts.iter().any(|key| {
            parent
                .get(key)
                .is_some_and(|tag| tag.kind() == Kind::Scalar && !tag.is_null())
        });
        if tag_beside && !node.as_str().is_none_or(complete) {
            self.skip(field, node, SkipReason::TagElsewhere);
        } else {
            self.image(field, node, Names::Explicit);
        }
    }

    /// Files the part of a string that begins at byte `start` of its value, and is a reference.
    pub(super) fn part(&mut self, field: impl Into<String>, node: Node<'_, 'a>, start: usize) {
        let field = field.into();
        let Some(value) = self.string(&field, node) else {
            return;
        };
        let value = value.get(start..).unwrap_or("");
        let text = self.text;
        let content = content(text, node);
        let raw = text.get(content.clone()).unwrap_or("");
        // A name in front that is spelled with escapes leaves the reference itself where the content ends.
        let content = match raw.len().checked_sub(value.trim_end().len()) {
            Some(before) if start > 0 => content.start + before..content.end,
            _ => content,
        };
        let raw = text.get(content.clone()).unwrap_or("");
        match site::parse(value) {
            Ok(reference) => {
                let slot = slot(&reference, value, raw, content.clone(), node);
                self.found.sites.push(Site {
                    field,
                    reference,
                    span: content,
                    slot,
                });
            }
            Err(reason) => self.found.push_skip(field, value, content, reason),
        }
    }

    /// The value of a scalar that may be a reference; what is none is filed as a skip.
    pub(super) fn string<'d>(&mut self, field: &str, node: Node<'d, 'a>) -> Option<&'d str> {
        if node.kind() != Kind::Scalar {
            return None;
        }
        let reason = match node.as_str() {
            Some(value) if !self.is_flux_managed(node) => return Some(value),
            Some(_) => SkipReason::FluxManaged,
            None if node.is_null() => SkipReason::NoImage,
            None => SkipReason::NotAString,
        };
        self.skip(field, node, reason);
        None
    }

    /// Files a scalar that is passed over.
    pub(super) fn skip(&mut self, field: impl Into<String>, node: Node<'_, 'a>, reason: SkipReason) {
        let span = content(self.text, node);
        let text = match node.scalar() {
            Some(scalar) => scalar.value.as_ref(),
            None => "",
        };
        self.found.push_skip(field, text, span, reason);
    }

    /// Says whether Flux' image automation rewrites a scalar: `# {"$imagepolicy": "NAMESPACE:NAME"}` ends its line.
    pub(super) fn is_flux_managed(&self, node: Node<'_, 'a>) -> bool {
        let line = self
            .flux
            .as_ref()
            .map(|lines| lines.line_of(content(self.text, node).end));
        line.and_then(|line| self.stream.comment(line))
            .is_some_and(|comment| comment.contains(FLUX_MARKER))
    }
}

/// The path of a key in a mapping; the root has none.
pub(super) fn below(field: &str, key: &str) -> String {
    let dot = if field.is_empty() { "" } else { "." };
    format!("{field}{dot}{key}")
}

/// The bytes of a scalar without quotes and surrounding white space.
pub(super) fn content(text: &str, node: Node<'_, '_>) -> Range<usize> {
    let content = node
        .scalar()
        .map_or_else(|| node.span(), |scalar| scalar.content.clone());
    let raw = text.get(content.clone()).unwrap_or("");
    let trimmed = raw.trim();
    if trimmed.is_empty() {
        return content;
    }
    let start = content.start + (raw.len() - raw.trim_start().len());
    start..start + trimmed.len()
}

/// Says whether nothing is written: null or an empty string.
pub(super) fn is_empty(node: Node<'_, '_>) -> bool {
    node.is_null() || node.as_str() == Some("")
}

/// Says whether the value of a key stands behind it and has no anchor, so that no other field can share it.
pub(super) fn is_own(text: &str, mapping: Node<'_, '_>, key: &str) -> bool {
    let between = mapping
        .entries()
        .find(|(entry, _)| entry.text == key)
        .filter(|(entry, _)| mapping.span().contains(&entry.span.start))
        .and_then(|(entry, value)| text.get(entry.span.end..value.span().start));
    between.is_some_and(|between| !between.contains(['&', '\n']))
}

/// The slot of a tag that takes `@digest`, as the tool puts it behind a colon as it is.
pub(super) fn behind_tag(text: &str, mapping: Node<'_, '_>, key: &str, reference: &Reference) -> Slot {
    let Some(tag) = mapping.get(key).filter(|_| is_own(text, mapping, key)) else {
        return Slot::Fixed("other fields may share its tag");
    };
    let content = content(text, tag);
    let raw = text.get(content.clone()).unwrap_or("");
    slot(reference, tag.as_str().unwrap_or(""), raw, content, tag)
}

/// The slot of a reference in a scalar, or in the end of one.
fn slot(reference: &Reference, value: &str, raw: &str, content: Range<usize>, node: Node<'_, '_>) -> Slot {
    let style = node.scalar().map(|scalar| scalar.style);
    let escapes = style == Some(Style::DoubleQuoted) && raw.contains('\\');
    // Behind an escape that stands for white space, or for nothing, a digest would not follow the name.
    let appendable = if escapes {
        value == value.trim_end() && raw.chars().next_back() == value.chars().next_back()
    } else {
        raw == value.trim()
    };
    if appendable {
        Slot::in_text(reference, raw, content)
    } else {
        Slot::Fixed(ESCAPED)
    }
}
