//! Why a text was not read, and where.

use crate::text::{LineIndex, Position};

/// A text that is not read, and the place that is to blame.
///
/// `Display` is the message without the position, which reports show in their own way.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
    position: Position,
    template: Option<usize>,
}

impl Error {
    pub(super) fn new(text: &str, fault: Fault) -> Self {
        let Fault { kind, offset, template } = fault;
        Self {
            kind,
            template,
            offset: offset.min(text.len()),
            position: LineIndex::new(text).position(text, offset),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The byte in the text where it is wrong.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Where the document begins, if it is a template: `{{ ... }}` stands where a value would.
    ///
    /// kubectl refuses such a document and does not read on; what stands before it is read.
    #[must_use]
    pub fn template(&self) -> Option<usize> {
        self.template
    }

    /// The line and column where it is wrong.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }
}

/// A key as messages show it: the first 60 characters.
pub(super) fn shown(key: &str) -> String {
    const CHARACTERS: usize = 60;
    match key.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}...", key.get(..end).unwrap_or_default()),
        None => key.to_owned(),
    }
}

/// An [`ErrorKind`] at a byte, before anybody asked for its line.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    pub(super) offset: usize,
    /// The first byte of the document, if it is a template.
    pub(super) template: Option<usize>,
}

impl Fault {
    #[cold]
    pub(super) fn new(offset: usize, kind: ErrorKind) -> Self {
        Self {
            kind,
            offset,
            template: None,
        }
    }
}

/// What is wrong with a text.
///
/// Some of these are valid YAML. They are refused because kubectl, or another reader, takes them for something else
/// than what they look like; a message of that sort says what to write instead.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An alias inside the node that it names.
    #[error("an alias stands inside the node that it repeats")]
    AliasCycle,
    /// Aliases and merge keys that repeat more nodes than [`crate::limits::YAML_ALIAS_NODES`] allows.
    #[error("aliases and merge keys repeat more than {limit} nodes beyond what is written")]
    AliasExpansion {
        /// The limit.
        limit: usize,
    },
    /// What YAML allows and readers read in several ways.
    #[error("{what}: readers disagree about it, {instead}")]
    Ambiguous {
        /// What stands there.
        what: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
    /// `!!binary` whose content is not base64 of UTF-8 text.
    #[error("the value tagged `!!binary` is not base64 of UTF-8 text")]
    Binary,
    /// A byte order mark that does not start the text.
    #[error("a byte order mark (U+FEFF) inside the text: remove it")]
    ByteOrderMark,
    /// A control character.
    #[error("the control character U+{code:04X} is not allowed in YAML: write it as an escape in double quotes")]
    ControlCharacter {
        /// The character.
        code: u32,
    },
    /// Nesting deeper than [`crate::limits::YAML_DEPTH`].
    #[error("nested deeper than {limit} levels")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// A `%YAML` or `%TAG` line.
    #[error("a directive (`%`): kubectl does not read directives, remove the line")]
    Directive,
    /// A key twice in one mapping.
    #[error("the key `{key}` is set twice in one mapping: remove one")]
    DuplicateKey {
        /// The key as kubectl reads it.
        key: String,
    },
    /// Text behind the `...` that ends a document.
    #[error("text after `...` is ignored by kubectl: start a new document with `---`, or remove it")]
    EndedDocument,
    /// A number that JSON cannot carry.
    #[error("`{value}` is a number that JSON cannot carry: quote it")]
    InfiniteNumber {
        /// The number as written.
        value: String,
    },
    /// A key that kubectl refuses or that does not survive the way to JSON.
    #[error("`{key}` as a key is not text for kubectl: quote it")]
    Key {
        /// The key as written.
        key: String,
    },
    /// A mapping or sequence as a key.
    #[error("a mapping or sequence as a key (is this a template?)")]
    KeyCollection,
    /// A line ending that not every reader takes for one.
    #[error("the line break {name}: readers disagree whether it ends a line, use a line feed")]
    LineBreak {
        /// Its name and code point.
        name: &'static str,
    },
    /// `<<` that would replace a key that is set before it.
    #[error("`<<` stands after the key `{key}`, which kubectl lets it replace: write `<<` first")]
    MergeAfterKey {
        /// The key that is set before.
        key: String,
    },
    /// `<<` with something else than mappings.
    #[error("the value of `<<` must be a mapping, or a sequence of mappings")]
    MergeValue,
    /// Null as a key.
    #[error("null as a key, which kubectl refuses: quote it, or write the key")]
    NullKey,
    /// Text on the line of a `---`.
    #[error("text on the line of `---`: kubectl refuses it, write it on the next line")]
    SeparatorText,
    /// Text that is not YAML.
    #[error("{problem}")]
    Syntax {
        /// The scanner's words.
        problem: String,
    },
    /// A tag that does not fit its value.
    #[error("the value does not fit its tag `{tag}`")]
    Tag {
        /// The tag.
        tag: &'static str,
    },
    /// A text beyond what offsets hold.
    #[error("larger than 4 GiB")]
    TooLarge,
    /// Text behind the only value that a document has.
    #[error("text after the end of the document: indent it, or start a new document with `---`")]
    TrailingText,
    /// A tag whose value depends on more than its text.
    #[error("the tag `{tag}` is not read: remove it")]
    UnreadTag {
        /// The tag.
        tag: &'static str,
    },
}
