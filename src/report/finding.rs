//! Findings: what is wrong, where, and what would put it right.

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::limits;
use crate::text::{Edit, LineIndex, Position};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// The answer is no: exit code 1.
    Error,
    /// Likely wrong; the exit code does not change.
    Warning,
    /// Worth knowing; the exit code does not change.
    Note,
}

impl Level {
    /// The word that JSON and SARIF use, and people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A kind of finding; each verb has a fixed list of them.
#[derive(Debug, Eq, PartialEq)]
pub struct Rule {
    /// The stable name, in kebab-case: `unpinned`.
    pub code: &'static str,
    /// One fragment without a final period: what the rule finds.
    pub summary: &'static str,
    /// A sentence or two: what to do about it.
    pub help: &'static str,
    /// How much its findings weigh.
    pub level: Level,
}

/// One place where a check says no.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What kind of finding this is.
    pub rule: &'static Rule,
    /// What is wrong here: a lowercase fragment without a final period.
    pub message: String,
    /// Where.
    pub location: Location,
    /// The field as its format names it: `spec.containers[0].image`.
    pub field: Option<String>,
    /// What would put it right.
    pub fix: Option<Fix>,
    /// What else programs may want to know, in a stable order; JSON and SARIF show it.
    pub properties: Map<String, Value>,
}

impl Finding {
    /// A finding with no field, no fix and no properties.
    #[must_use]
    pub fn new(rule: &'static Rule, message: impl Into<String>, location: Location) -> Self {
        Self {
            rule,
            message: message.into(),
            location,
            field: None,
            fix: None,
            properties: Map::new(),
        }
    }

    /// Names the field.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds the fix.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Adds a property; its name is in camelCase.
    #[must_use]
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }
}

/// Edits of one file that put a finding right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fix {
    /// What the edits do: a lowercase fragment without a final period.
    pub description: String,
    /// The edits, each with its place as people count.
    pub replacements: Vec<Replacement>,
}

impl Fix {
    /// A fix of the given edits of `text`, the whole file of the finding.
    #[must_use]
    pub fn new(description: impl Into<String>, text: &str, index: &LineIndex, edits: &[Edit]) -> Self {
        Self {
            description: description.into(),
            replacements: edits.iter().map(|edit| Replacement::new(text, index, edit)).collect(),
        }
    }
}

/// One [`Edit`] with the positions of its range.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replacement {
    /// The edit.
    pub edit: Edit,
    /// Where its range starts.
    pub start: Position,
    /// Where its range ends: one past the last character.
    pub end: Position,
}

impl Replacement {
    /// Finds the positions of an edit of `text`.
    #[must_use]
    pub fn new(text: &str, index: &LineIndex, edit: &Edit) -> Self {
        Self {
            start: index.position(text, edit.range.start),
            end: index.position(text, edit.range.end),
            edit: edit.clone(),
        }
    }
}

/// A range of a file.
///
/// It holds no text of the file, which may be secret, unless a verb asks for it with [`Location::with_excerpt`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Location {
    /// The file as reports name it: see [`relative_path`].
    pub path: Utf8PathBuf,
    /// Bytes of the file.
    pub range: Range<usize>,
    /// Where the range starts.
    pub start: Position,
    /// Where the range ends: one past its last character.
    pub end: Position,
    /// The line on which the range starts, where it may be shown.
    pub excerpt: Option<Excerpt>,
}

/// A line of a file with the part that is meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Excerpt {
    /// The line without its ending; of a very long line what is near the start of the range
    /// ([`limits::LINE_EXCERPT_BYTES`]).
    pub line: String,
    /// The bytes of `line` that belong to the range.
    pub marked: Range<usize>,
}

impl Location {
    /// Locates a range of bytes of `text`, the whole file; no format will show the line.
    ///
    /// A range that does not lie within the text is cut to it.
    #[must_use]
    pub fn new(path: impl Into<Utf8PathBuf>, text: &str, index: &LineIndex, range: Range<usize>) -> Self {
        let start = text.floor_char_boundary(range.start);
        let end = text.floor_char_boundary(range.end).max(start);
        Self {
            path: path.into(),
            start: index.position(text, start),
            end: index.position(text, end),
            range: start..end,
            excerpt: None,
        }
    }

    /// As [`Location::new`], with the line: only for files of which every line may be printed.
    #[must_use]
    pub fn with_excerpt(path: impl Into<Utf8PathBuf>, text: &str, index: &LineIndex, range: Range<usize>) -> Self {
        let location = Self::new(path, text, index, range);
        Self {
            excerpt: Some(Excerpt::new(text, index, &location.range)),
            ..location
        }
    }
}

impl Excerpt {
    fn new(text: &str, index: &LineIndex, range: &Range<usize>) -> Self {
        let mut line = index.line_range(text, index.line_of(range.start));
        if line.start == 0 && text.starts_with(BYTE_ORDER_MARK) {
            line.start = BYTE_ORDER_MARK.len_utf8();
        }
        let from = range.start.saturating_sub(limits::LINE_EXCERPT_BYTES);
        let to = range.start.saturating_add(limits::LINE_EXCERPT_BYTES);
        let shown = text.floor_char_boundary(from).max(line.start)..text.floor_char_boundary(to).min(line.end);
        let within = |offset: usize| offset.min(shown.end).saturating_sub(shown.start);
        Self {
            marked: within(range.start)..within(range.end),
            line: text.get(shown).unwrap_or_default().to_owned(),
        }
    }

    /// The marked part.
    #[must_use]
    pub fn text(&self) -> &str {
        self.line.get(self.marked.clone()).unwrap_or_default()
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Names a file as reports do: relative to the working directory with forward slashes, absolute only outside it.
///
/// `working_directory` is absolute. A `..` after a name stays, since that name may be a symbolic link.
#[must_use]
pub fn relative_path(path: &Utf8Path, working_directory: &Utf8Path) -> Utf8PathBuf {
    use camino::Utf8Component;

    let mut full = if path.is_absolute() {
        Utf8PathBuf::new()
    } else {
        working_directory.to_owned()
    };
    let mut named = false;
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if !named => {
                full.pop();
            }
            Utf8Component::Normal(name) => {
                named = true;
                full.push(name);
            }
            other => full.push(other.as_str()),
        }
    }
    let shown = match full.strip_prefix(working_directory) {
        Ok(inside) if inside.as_str().is_empty() => Utf8Path::new("."),
        // What climbs out again is outside.
        Ok(inside) if climbs_out(inside) => full.as_path(),
        Ok(inside) => inside,
        Err(_) => full.as_path(),
    };
    if std::path::MAIN_SEPARATOR == '\\' {
        shown.as_str().replace('\\', "/").into()
    } else {
        shown.to_owned()
    }
}

fn climbs_out(path: &Utf8Path) -> bool {
    let mut depth = 0_usize;
    path.components().any(|component| match component.as_str() {
        ".." => match depth.checked_sub(1) {
            Some(up) => {
                depth = up;
                false
            }
            None => true,
        },
        _ => {
            depth += 1;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(text: &str, needle: &str) -> Location {
        let at = text.find(needle).unwrap();
        Location::with_excerpt("a.yaml", text, &LineIndex::new(text), at..at + needle.len())
    }

    #[test]
    fn a_location_names_its_line_and_columns() {
        let location = locate("a: 1\r\nbü: 'shop/web:1' # x\r\nc: 2\r\n", "shop/web:1");
        assert_eq!(
            (location.start.to_string(), location.end.to_string()),
            ("2:6".into(), "2:16".into())
        );
        let excerpt = location.excerpt.unwrap();
        assert_eq!(
            (excerpt.line.as_str(), excerpt.text()),
            ("bü: 'shop/web:1' # x", "shop/web:1")
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let location = locate("\u{feff}image: a:1\n", "a:1");
        assert_eq!(location.start.to_string(), "1:8");
        let excerpt = location.excerpt.unwrap();
        assert_eq!((excerpt.line.as_str(), excerpt.text()), ("image: a:1", "a:1"));
    }

    #[test]
    fn a_range_over_lines_marks_the_first_and_one_outside_is_cut() {
        let location = locate("a: |\r\n  b\r\n  c\r\n", "b\r\n  c");
        assert_eq!(location.end.to_string(), "3:4");
        assert_eq!(location.excerpt.unwrap().text(), "b");
        let text = "ä";
        let location = Location::new("a", text, &LineIndex::new(text), 1..99);
        assert_eq!(location.range, 0..2);
    }

    #[test]
    fn no_text_is_kept_unless_it_is_asked_for() {
        let text = "password: hunter2\n";
        let index = LineIndex::new(text);
        let location = Location::new("a.yaml", text, &index, 10..17);
        assert!(!format!("{location:?}").contains("hunter2"));
        let shown = Location::with_excerpt("a.yaml", text, &index, 10..17);
        assert_eq!(shown.excerpt.as_ref().unwrap().text(), "hunter2");
        assert_eq!(Location { excerpt: None, ..shown }, location);
    }

    #[test]
    fn of_a_long_line_only_the_part_around_the_range_is_kept() {
        let filler = "ä".repeat(100_000);
        let location = locate(&format!("{filler}shop/web:1{filler}"), "shop/web:1");
        assert_eq!(location.start.column, 100_001);
        let excerpt = location.excerpt.unwrap();
        assert_eq!(excerpt.text(), "shop/web:1");
        assert!(excerpt.line.len() <= 2 * limits::LINE_EXCERPT_BYTES);
        let text = "ä".repeat(100_000);
        let location = Location::with_excerpt("a", &text, &LineIndex::new(&text), 0..text.len());
        assert_eq!(location.end.column, 100_001);
        assert_eq!(location.excerpt.unwrap().marked, 0..limits::LINE_EXCERPT_BYTES);
    }

    #[test]
    fn paths_are_relative_inside_the_working_directory() {
        let name = |path: &str| relative_path(Utf8Path::new(path), Utf8Path::new("/home/shop")).into_string();
        assert_eq!(name("./deploy//web.yaml"), "deploy/web.yaml");
        assert_eq!(name("/home/shop/deploy/web.yaml"), "deploy/web.yaml");
        assert_eq!(name("../shop/web.yaml"), "web.yaml");
        assert_eq!(name("../other/web.yaml"), "/home/other/web.yaml");
        assert_eq!(name("link/../web.yaml"), "link/../web.yaml");
        assert_eq!(name("link/../../web.yaml"), "/home/shop/link/../../web.yaml");
        assert_eq!(name("/etc/web.yaml"), "/etc/web.yaml");
        assert_eq!(name("."), ".");
    }
}
