//! Events to tree: limits, refusals, keys and merge keys.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::document::{Arena, Data, Document, NodeData, Stream, widen};
use super::error::{ErrorKind, Fault};
use super::scalar::{self, Resolved, Scalar, Style, Tag};
use super::{lexical, value};
use crate::limits;

/// What `<<` is in a mapping.
const MERGE: &str = "<<";

pub(super) fn compose(text: &str) -> Result<Stream<'_>, Fault> {
    // Offsets are stored in 32 bits.
    if u32::try_from(text.len()).is_err() {
        return Err(Fault::new(0, ErrorKind::TooLarge));
    }
    let chunks = lexical::documents(text)?;
    // Measured over public manifests, a node takes 14 bytes of text.
    let mut arena = Arena {
        nodes: Vec::with_capacity(text.len() / 14),
        ..Arena::default()
    };
    let mut roots = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let root = Composer::new(text, &chunk, &mut arena).run()?;
        roots.push((root, chunk));
    }
    let arena = Arc::new(arena);
    let documents = roots
        .into_iter()
        .map(|(root, span)| Document {
            arena: Arc::clone(&arena),
            root,
            span,
        })
        .collect();
    Ok(Stream {
        text,
        documents,
        arena,
        lines: OnceLock::new(),
    })
}

/// Composes one document at the end of the arena.
struct Composer<'c, 'a> {
    text: &'a str,
    chunk: &'c Range<usize>,
    arena: &'c mut Arena<'a>,
    /// The first node of this document.
    first: usize,
    open: Vec<Frame>,
    anchors: Vec<Option<Anchor>>,
    /// Nodes so far with aliases followed.
    expanded: usize,
}

/// A collection that is not complete.
struct Frame {
    node: u32,
    is_mapping: bool,
    /// The next child of the mapping is a key.
    at_key: bool,
    has_merge: bool,
    /// Written between brackets, so that its end event has its last byte.
    is_flow: bool,
    anchor: usize,
    expanded_before: usize,
    /// Levels below it.
    height: usize,
    /// Where its last child so far ends.
    end: u32,
}

/// A complete node that aliases can name.
#[derive(Clone, Copy)]
struct Anchor {
    node: u32,
    expanded: usize,
    height: usize,
}

impl<'c, 'a> Composer<'c, 'a> {
    fn new(text: &'a str, chunk: &'c Range<usize>, arena: &'c mut Arena<'a>) -> Self {
        let first = arena.nodes.len();
        Self {
            text,
            chunk,
            arena,
            first,
            open: Vec::new(),
            anchors: Vec::new(),
            expanded: 0,
        }
    }

    fn run(mut self) -> Result<Option<u32>, Fault> {
        let document = self.text.get(self.chunk.clone()).unwrap_or_default();
        let mut options = granit_parser::Options::default();
        options.disallow_directives = true;
        options.block_nesting_limit = limits::YAML_DEPTH;
        options.flow_nesting_limit = limits::YAML_DEPTH;
        options.emit_anchor_events = true;
        options.set_emit_comments(false);
        let mut started = false;
        for event in Parser::new_from_str_with_options(document, options) {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            if let Some(tag) = span.tag_span() {
                self.check_tag_end(&tag)?;
            }
            match event {
                Event::DocumentStart(..) if started => {
                    return Err(Fault::new(
                        self.range(&span)?.start,
                        ErrorKind::Ambiguous {
                            what: "a second document without `---`",
                            instead: "start it with `---` on a line of its own",
                        },
                    ));
                }
                Event::DocumentStart(..) => started = true,
                Event::Scalar(value, style, anchor, tag) => {
                    let span = self.range(&span)?;
                    let tag = tag.as_deref().map(|tag| tag.to_string());
                    self.scalar(value, style, anchor, tag.as_deref(), span)?;
                }
                Event::SequenceStart(style, anchor, _) => self.start(Data::Sequence, style, anchor, &span)?,
                Event::MappingStart(style, anchor, _) => self.start(Data::Mapping, style, anchor, &span)?,
                Event::SequenceEnd | Event::MappingEnd => self.end(&span)?,
                Event::Alias(anchor) => self.alias(anchor, &span)?,
                Event::Anchor(..) => check_anchor_name(self.text, &self.range(&span)?)?,
                _ => {}
            }
        }
        let root = u32::try_from(self.first).unwrap_or(u32::MAX);
        Ok((self.arena.nodes.len() > self.first).then_some(root))
    }

    fn scalar(
        &mut self,
        value: Cow<'a, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&str>,
        span: Range<usize>,
    ) -> Result<(), Fault> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // The parser writes `~` where nothing stands.
        let value = if style == Style::Plain && span.is_empty() {
            Cow::Borrowed("")
        } else {
            value
        };
        let content = match style {
            Style::Plain => span.clone(),
            Style::SingleQuoted | Style::DoubleQuoted => span.start + 1..span.end.saturating_sub(1).max(span.start + 1),
            // The parser counts blank lines behind the text, and where there is no text, its header.
            Style::Literal | Style::Folded if value.trim_ascii().is_empty() => span.start..span.start,
            Style::Literal | Style::Folded => {
                let lines = self.text.get(span.clone()).unwrap_or_default();
                span.start..span.start + lines.trim_ascii_end().len()
            }
        };
        self.check_form(style, &value, &span)?;
        let span = match style {
            Style::Literal | Style::Folded => content.clone(),
            _ => span,
        };
        let mut scalar = Scalar {
            value,
            content,
            style,
            tag: Tag::Absent,
            typed_key: false,
        };
        if let Some(tag) = tag {
            apply_tag(&mut scalar, tag, span.start)?;
        }
        let index = self.next_index();
        let is_key = self.place(1)?;
        if is_key {
            self.key(index, &mut scalar, span.start)?;
        } else {
            check_finite(&scalar, span.start)?;
        }
        if anchor != 0 {
            self.set_anchor(
                anchor,
                Anchor {
                    node: index,
                    expanded: 1,
                    height: 0,
                },
            );
        }
        self.push(Data::Scalar(scalar), &span);
        Ok(())
    }

    /// Refuses what YAML 1.2 and go-yaml read differently.
    fn check_form(&self, style: Style, value: &Cow<'_, str>, span: &Range<usize>) -> Result<(), Fault> {
        let ambiguous = |what, instead| Err(Fault::new(span.start, ErrorKind::Ambiguous { what, instead }));
        let in_flow = self.open.last().is_some_and(|frame| frame.is_flow);
        match style {
            Style::Plain if in_flow => {
                if value.contains('?') {
                    return ambiguous("`?` in an unquoted scalar within brackets", "quote it");
                }
                if value.starts_with(':') || value.ends_with(':') || self.is_colon_at_indicator(span.end) {
                    return ambiguous("`:` at the edge of an unquoted scalar within brackets", "quote it");
                }
            }
            // Without an escape the parser borrows the text.
            Style::DoubleQuoted if matches!(value, Cow::Owned(_)) => {
                let raw = self.text.get(span.clone()).unwrap_or_default();
                if has_escaped_slash(raw) {
                    return ambiguous("the escape `\\/`", "write `/`");
                }
            }
            Style::Literal | Style::Folded => {
                let before = self.text.get(self.chunk.start..span.start).unwrap_or_default();
                if !span.is_empty() && (before.is_empty() || before.ends_with('\n')) {
                    return ambiguous("a block scalar without indentation", "indent its lines");
                }
                if self.is_cut_while_kept(span) {
                    return ambiguous(
                        "blanks at the end of the text, kept by `+`",
                        "end the last line with a line feed",
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether `|+` or `>+` keeps a last line of blanks without a line feed: go-yaml counts that line.
    fn is_cut_while_kept(&self, span: &Range<usize>) -> bool {
        let document = self.text.get(..self.chunk.end).unwrap_or_default();
        let text = document.trim_end_matches(' ');
        if text.len() == document.len() || !text.ends_with('\n') || text.trim_ascii_end().len() > span.end {
            return false;
        }
        let before = self
            .arena
            .nodes
            .last()
            .map_or(self.chunk.start, |node| widen(node.start));
        document.get(before..span.end).unwrap_or_default().contains('+')
    }

    /// Refuses `!tag,`: go-yaml takes the comma for a part of the tag.
    fn check_tag_end(&self, span: &Span) -> Result<(), Fault> {
        let tag = self.range(span)?;
        let rest = self.text.get(tag.end..).unwrap_or_default();
        if rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']) {
            return Ok(());
        }
        Err(Fault::new(
            tag.start,
            ErrorKind::Ambiguous {
                what: "a tag without a blank behind it",
                instead: "write one",
            },
        ))
    }

    /// Whether a `:` follows that go-yaml takes for a part of the scalar, since no blank is behind it.
    fn is_colon_at_indicator(&self, offset: usize) -> bool {
        let rest = self.text.get(offset..).unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        rest.strip_prefix(':')
            .is_some_and(|rest| rest.starts_with([',', '[', ']', '{', '}']))
    }

    /// Settles the text of a key, and whether it is a merge key.
    fn key(&mut self, index: u32, scalar: &mut Scalar<'a>, offset: usize) -> Result<(), Fault> {
        if scalar.value == MERGE && scalar.style == Style::Plain && scalar.tag == Tag::Absent {
            if let Some(frame) = self.open.last_mut() {
                frame.has_merge = true;
            }
            return Ok(());
        }
        if scalar.value == MERGE && scalar.tag != Tag::Absent {
            return Err(Fault::new(
                offset,
                ErrorKind::Ambiguous {
                    what: "a tag before the key `<<`",
                    instead: "remove it",
                },
            ));
        }
        if scalar.tag == Tag::Absent && (scalar.style != Style::Plain || !scalar::may_be_typed(&scalar.value)) {
            return Ok(());
        }
        let Some(text) = value::key_text(scalar) else {
            return Err(Fault::new(
                offset,
                ErrorKind::Key {
                    key: scalar.value.clone().into_owned(),
                },
            ));
        };
        if text != scalar.value {
            self.arena.keys.push((index, text.into()));
            scalar.typed_key = true;
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<(), Fault> {
        let span = self.range(span)?;
        check_anchor_name(self.text, &span)?;
        let Some(target) = self.anchors.get(anchor).copied().flatten() else {
            return Err(Fault::new(span.start, ErrorKind::AliasCycle));
        };
        let is_key = self.place(target.expanded)?;
        let levels = self.open.len() + target.height;
        if levels > limits::YAML_DEPTH {
            return Err(Fault::new(
                span.start,
                ErrorKind::Depth {
                    limit: limits::YAML_DEPTH,
                },
            ));
        }
        let written = self.arena.nodes.len() - self.first;
        if self.expanded > limits::YAML_ALIAS_NODES.saturating_add(written.saturating_mul(10)) {
            return Err(Fault::new(
                span.start,
                ErrorKind::AliasExpansion {
                    limit: limits::YAML_ALIAS_NODES,
                },
            ));
        }
        if let Some(frame) = self.open.last_mut() {
            frame.height = frame.height.max(target.height + 1);
        }
        let index = self.next_index();
        match self.arena.node(target.node).map(|node| &node.data) {
            Some(Data::Scalar(scalar)) if is_key => {
                let text = value::key_text(scalar).map(Cow::into_owned);
                let text = text.ok_or_else(|| {
                    Fault::new(
                        span.start,
                        ErrorKind::Key {
                            key: scalar.value.clone().into_owned(),
                        },
                    )
                })?;
                self.arena.keys.push((index, text.into()));
            }
            Some(Data::Scalar(scalar)) => check_finite(scalar, span.start)?,
            _ if is_key => return Err(Fault::new(span.start, ErrorKind::KeyCollection)),
            _ => {}
        }
        self.push(Data::Alias(target.node), &span);
        Ok(())
    }

    fn start(&mut self, data: Data<'a>, style: StructureStyle, anchor: usize, span: &Span) -> Result<(), Fault> {
        let span = self.range(span)?;
        let expanded_before = self.expanded;
        if self.place(1)? {
            return Err(Fault::new(span.start, ErrorKind::KeyCollection));
        }
        if self.open.len() >= limits::YAML_DEPTH {
            return Err(Fault::new(
                span.start,
                ErrorKind::Depth {
                    limit: limits::YAML_DEPTH,
                },
            ));
        }
        let is_mapping = matches!(data, Data::Mapping);
        self.open.push(Frame {
            node: self.next_index(),
            is_mapping,
            at_key: is_mapping,
            has_merge: false,
            is_flow: style == StructureStyle::Flow,
            anchor,
            expanded_before,
            height: 0,
            end: 0,
        });
        let next = self.next_index().saturating_add(1);
        self.arena.nodes.push(node_data(data, &span, next));
        Ok(())
    }

    fn end(&mut self, span: &Span) -> Result<(), Fault> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let next = self.next_index();
        // A block collection ends where its last child ends: the parser's mark is behind comments and blank lines.
        let end = if frame.is_flow {
            u32::try_from(self.range(span)?.end).ok()
        } else {
            Some(frame.end)
        };
        if let Some(node) = self.arena.nodes.get_mut(widen(frame.node)) {
            node.next = next;
            node.end = end.unwrap_or(node.end).max(node.start);
            let end = node.end;
            if let Some(parent) = self.open.last_mut() {
                parent.end = parent.end.max(end);
                parent.height = parent.height.max(frame.height + 1);
            }
        }
        if frame.has_merge {
            let pairs = self.merge(frame.node)?;
            let at = u32::try_from(self.arena.merged.len()).unwrap_or(u32::MAX);
            self.arena.merged.push(pairs);
            if let Some(node) = self.arena.nodes.get_mut(widen(frame.node)) {
                node.data = Data::Merged(at);
            }
        } else if frame.is_mapping {
            self.check_unique_keys(frame.node)?;
        }
        if frame.anchor != 0 {
            self.set_anchor(
                frame.anchor,
                Anchor {
                    node: frame.node,
                    expanded: self.expanded - frame.expanded_before,
                    height: frame.height,
                },
            );
        }
        Ok(())
    }

    /// Counts a node into its parent; whether it is a key.
    fn place(&mut self, expanded: usize) -> Result<bool, Fault> {
        self.expanded = self.expanded.saturating_add(expanded);
        let Some(frame) = self.open.last_mut() else {
            return Ok(false);
        };
        let is_key = frame.is_mapping && frame.at_key;
        frame.at_key = !frame.at_key;
        frame.height = frame.height.max(1);
        Ok(is_key)
    }

    /// Adds a scalar or an alias.
    fn push(&mut self, data: Data<'a>, span: &Range<usize>) {
        let next = self.next_index().saturating_add(1);
        let node = node_data(data, span, next);
        if let Some(parent) = self.open.last_mut() {
            parent.end = parent.end.max(node.end);
        }
        self.arena.nodes.push(node);
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.arena.nodes.len()).unwrap_or(u32::MAX)
    }

    fn set_anchor(&mut self, id: usize, anchor: Anchor) {
        // The parser numbers the anchors of a document from one.
        if self.anchors.len() <= id {
            self.anchors.resize(id + 1, None);
        }
        if let Some(slot) = self.anchors.get_mut(id) {
            *slot = Some(anchor);
        }
    }

    /// Bytes of the whole text.
    fn range(&self, span: &Span) -> Result<Range<usize>, Fault> {
        let base = self.chunk.start;
        match (span.start.byte_offset(), span.end.byte_offset()) {
            (Some(start), Some(end)) => Ok(base + start..base + end.max(start)),
            _ => Err(Fault::new(
                base,
                ErrorKind::Syntax {
                    problem: "a node without a place".to_owned(),
                },
            )),
        }
    }

    #[cold]
    fn syntax(&self, error: &granit_parser::ScanError) -> Fault {
        let offset = self.chunk.start + error.marker().byte_offset().unwrap_or(0);
        let kind = match error.kind() {
            granit_parser::ErrorKind::DirectiveDisallowed => ErrorKind::Directive,
            kind => ErrorKind::Syntax {
                problem: kind.to_string(),
            },
        };
        Fault::new(offset, kind)
    }

    /// The offset and text of a key.
    fn check_unique_keys(&self, mapping: u32) -> Result<(), Fault> {
        // Nearly all mappings are small: comparing each with each needs no memory.
        const SMALL: usize = 8;
        let mut few = [""; SMALL];
        let mut many = HashSet::new();
        for (count, (key, _)) in self.arena.pairs(mapping).enumerate() {
            let text = self.arena.key_text(key);
            let duplicate = match few.get_mut(count) {
                Some(slot) => {
                    *slot = text;
                    few.iter().take(count).any(|earlier| *earlier == text)
                }
                None => {
                    if count == SMALL {
                        many.extend(few);
                    }
                    !many.insert(text)
                }
            };
            if duplicate {
                return Err(self.duplicate(key));
            }
        }
        Ok(())
    }

    #[cold]
    fn duplicate(&self, key: u32) -> Fault {
        Fault::new(
            self.start_of(key),
            ErrorKind::DuplicateKey {
                key: self.arena.key_text(key).to_owned(),
            },
        )
    }

    fn start_of(&self, node: u32) -> usize {
        self.arena.node(node).map_or(0, |node| widen(node.start))
    }

    /// The entries of a mapping with a merge key: its own, then what `<<` brings beside them.
    fn merge(&self, mapping: u32) -> Result<Box<[(u32, u32)]>, Fault> {
        let mut own = HashSet::new();
        let mut pairs = Vec::new();
        let mut brought = Vec::new();
        let mut brought_keys = HashSet::new();
        for (key, value) in self.arena.pairs(mapping) {
            if !self.is_merge(key) {
                if !own.insert(self.arena.key_text(key)) {
                    return Err(self.duplicate(key));
                }
                pairs.push((key, value));
                continue;
            }
            // go-yaml lets a merge replace what is set before it, another merge included; within one, the first of
            // its mappings wins.
            let mut here = HashSet::new();
            for source in self.merge_sources(value)? {
                for (inner, value) in self.arena.pairs(source) {
                    let text = self.arena.key_text(inner);
                    if own.contains(text) || brought_keys.contains(text) {
                        return Err(Fault::new(
                            self.start_of(key),
                            ErrorKind::MergeAfterKey { key: text.to_owned() },
                        ));
                    }
                    if here.insert(text) {
                        brought.push((inner, value));
                    }
                }
            }
            brought_keys.extend(here);
        }
        brought.retain(|(key, _)| !own.contains(self.arena.key_text(*key)));
        pairs.extend(brought);
        Ok(pairs.into())
    }

    fn is_merge(&self, key: u32) -> bool {
        match self.arena.node(key).map(|node| &node.data) {
            Some(Data::Scalar(scalar)) => {
                scalar.value == MERGE && scalar.style == Style::Plain && scalar.tag == Tag::Absent
            }
            _ => false,
        }
    }

    fn merge_sources(&self, value: u32) -> Result<Vec<u32>, Fault> {
        let is_mapping = |index: u32| {
            let node = self.arena.node(self.arena.follow(index));
            matches!(node.map(|node| &node.data), Some(Data::Mapping | Data::Merged(_)))
        };
        let sources: Vec<u32> = match self.arena.node(value).map(|node| &node.data) {
            Some(Data::Sequence) => self.arena.children(value).collect(),
            _ => vec![value],
        };
        for source in &sources {
            if !is_mapping(*source) {
                return Err(Fault::new(self.start_of(*source), ErrorKind::MergeValue));
            }
        }
        Ok(sources.into_iter().map(|source| self.arena.follow(source)).collect())
    }
}

fn node_data<'a>(data: Data<'a>, span: &Range<usize>, next: u32) -> NodeData<'a> {
    NodeData {
        data,
        start: u32::try_from(span.start).unwrap_or(u32::MAX),
        end: u32::try_from(span.end).unwrap_or(u32::MAX),
        next,
    }
}

/// Whether `\/` stands in a double-quoted scalar: JSON and YAML 1.2 have it, go-yaml does not.
fn has_escaped_slash(raw: &str) -> bool {
    let mut escaped = false;
    raw.bytes().any(|byte| {
        let found = escaped && byte == b'/';
        escaped = byte == b'\\' && !escaped;
        found
    })
}

/// Refuses names that go-yaml ends earlier than YAML 1.2: it takes `&a:b` for the anchor `a` before the text `:b`.
fn check_anchor_name(text: &str, span: &Range<usize>) -> Result<(), Fault> {
    let name = text.get(span.start + 1..span.end).unwrap_or_default();
    if !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    {
        return Ok(());
    }
    Err(Fault::new(
        span.start,
        ErrorKind::Ambiguous {
            what: "an anchor with other characters than letters, digits, `-` and `_`",
            instead: "rename it",
        },
    ))
}

/// Refuses numbers that kubectl cannot write as JSON.
fn check_finite(scalar: &Scalar<'_>, offset: usize) -> Result<(), Fault> {
    let may_be_special = matches!(scalar.value.as_bytes().first(), Some(b'.' | b'+' | b'-'));
    match may_be_special.then(|| scalar.resolve()) {
        Some(Some(Resolved::Float(number))) if !number.is_finite() => Err(Fault::new(
            offset,
            ErrorKind::InfiniteNumber {
                value: scalar.value.clone().into_owned(),
            },
        )),
        _ => Ok(()),
    }
}

/// Sets the tag of a scalar; its value must fit.
fn apply_tag(scalar: &mut Scalar<'_>, tag: &str, offset: usize) -> Result<(), Fault> {
    let fault = |tag, scalar: &Scalar<'_>| {
        Fault::new(
            offset,
            ErrorKind::Tag {
                tag,
                value: scalar.value.clone().into_owned(),
            },
        )
    };
    let name = match tag.strip_prefix("tag:yaml.org,2002:") {
        Some("binary") => {
            let text: String = scalar.value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            let decoded = base64::engine::general_purpose::STANDARD.decode(text).ok();
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            scalar.value = Cow::Owned(decoded.ok_or_else(|| Fault::new(offset, ErrorKind::Binary))?);
            scalar.tag = Tag::String;
            return Ok(());
        }
        Some("bool") => {
            scalar.tag = Tag::Bool;
            "!!bool"
        }
        Some("float") => {
            scalar.tag = Tag::Float;
            "!!float"
        }
        Some("int") => {
            scalar.tag = Tag::Int;
            "!!int"
        }
        Some("null") => {
            scalar.tag = Tag::Null;
            "!!null"
        }
        Some("merge") => return Err(fault("!!merge", scalar)),
        Some("timestamp") => return Err(fault("!!timestamp", scalar)),
        _ => {
            scalar.tag = Tag::String;
            return Ok(());
        }
    };
    scalar.resolve().map(|_| ()).ok_or_else(|| fault(name, scalar))
}
