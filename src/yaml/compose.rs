//! Events to tree, within limits.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::arena::{Arena, Data, NodeData, widen};
use super::document::{Document, First, Stream};
use super::error::{ErrorKind, Fault};
use super::mapping::Twice;
use super::scalar::{self, Resolved, Scalar, Style, Tag};
use super::strict::{self, Tail};
use super::{lexical, mapping, place, value};
use crate::limits;

const TOO_DEEP: ErrorKind = ErrorKind::Depth {
    limit: limits::YAML_DEPTH,
};

/// Reads every document of a text.
pub(super) fn compose(text: &str) -> Result<Stream<'_>, Fault> {
    // Offsets are stored in 32 bits.
    if u32::try_from(text.len()).is_err() {
        return Err(Fault::new(0, ErrorKind::TooLarge));
    }
    let chunks = lexical::documents(text)?;
    compose_chunks(text, chunks, &mut Twice::Refused)
}

/// Reads the first document of a text as go-yaml alone does, which does not look at what follows; keys that stand twice are
/// collected, and of two values the last one counts.
pub(super) fn compose_first(text: &str) -> Result<First<'_>, Fault> {
    if u32::try_from(text.len()).is_err() {
        return Err(Fault::new(0, ErrorKind::TooLarge));
    }
    let end = lexical::first_document_end(text);
    let text = text.get(..end).unwrap_or(text);
    let chunks = lexical::documents(text)?;
    let mut twice = Twice::Collected(Vec::new());
    let stream = compose_chunks(text, chunks, &mut twice)?;
    let mut duplicates = match twice {
        Twice::Collected(duplicates) => duplicates,
        Twice::Refused => Vec::new(),
    };
    // go-yaml tells a key once it has read its value, and what is in that value before.
    duplicates.sort_by_key(|duplicate| duplicate.value.end);
    Ok(First {
        stream,
        duplicates,
        end,
    })
}

fn compose_chunks<'a>(text: &'a str, chunks: Vec<Range<usize>>, twice: &mut Twice) -> Result<Stream<'a>, Fault> {
    // Measured over public manifests, a node takes 14 bytes of text.
    let mut arena = Arena {
        nodes: Vec::with_capacity(text.len() / 14),
        ..Arena::default()
    };
    let mut roots = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let mut composer = Composer::new(text, &chunk, &mut arena, twice);
        let root = composer.run();
        let root = root.map_err(|fault| composer.with_template(fault))?;
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
        comments: OnceLock::new(),
    })
}

/// Composes one document at the end of the arena.
struct Composer<'c, 'a> {
    text: &'a str,
    chunk: &'c Range<usize>,
    arena: &'c mut Arena<'a>,
    twice: &'c mut Twice,
    /// The first node of this document.
    first: usize,
    open: Vec<Frame>,
    anchors: Vec<Option<Anchor>>,
    tail: Tail,
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
    /// Written between brackets.
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
    fn new(text: &'a str, chunk: &'c Range<usize>, arena: &'c mut Arena<'a>, twice: &'c mut Twice) -> Self {
        let first = arena.nodes.len();
        Self {
            text,
            chunk,
            arena,
            twice,
            first,
            open: Vec::new(),
            anchors: Vec::new(),
            tail: Tail::of(text, chunk),
            expanded: 0,
        }
    }

    fn run(&mut self) -> Result<Option<u32>, Fault> {
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
                strict::check_tag(self.text, self.range(&tag)?)?;
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
                Event::Anchor(..) => strict::check_anchor(self.text, self.range(&span)?)?,
                _ => {}
            }
        }
        let root = u32::try_from(self.first).unwrap_or(u32::MAX);
        Ok((self.arena.nodes.len() > self.first).then_some(root))
    }

    /// Notes that the fault lies in `{{ ... }}`: then kubectl refuses the document as well.
    ///
    /// Two braces open a mapping whose first key is a mapping, which go-yaml never takes, whatever follows. That they do open
    /// one, and do not stand in a comment or a scalar, is what the parser's events show; `{{-` ends before any event.
    fn with_template(&self, fault: Fault) -> Fault {
        let at = |offset: usize| self.text.get(offset..).unwrap_or_default();
        let braces = |frame: &Frame| {
            let start = self.arena.node(frame.node).map_or(0, |node| widen(node.start));
            let inside = at(start).strip_prefix('{').map(str::trim_start);
            frame.is_flow && frame.is_mapping && inside.is_some_and(|inside| inside.starts_with('{'))
        };
        let trimmed = self
            .text
            .get(..fault.offset)
            .is_some_and(|before| before.ends_with("{{"))
            && at(fault.offset).starts_with('-');
        if trimmed || self.open.iter().any(braces) {
            Fault {
                template: Some(self.chunk.start),
                ..fault
            }
        } else {
            fault
        }
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
        let mut span = span;
        let mut value = value;
        if style == Style::Plain && span.is_empty() {
            // The parser writes `~` where nothing stands.
            value = Cow::Borrowed("");
            if self.is_at_value() {
                let at = place::empty_value(self.text, span.start);
                span = at..at;
            }
        }
        let content = match style {
            Style::Plain => span.clone(),
            Style::SingleQuoted | Style::DoubleQuoted => span.start + 1..span.end.saturating_sub(1).max(span.start + 1),
            Style::Literal | Style::Folded => place::block_content(self.text, &value, span.clone()),
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
            scalar.apply_tag(tag).map_err(|kind| Fault::new(span.start, kind))?;
        }
        let index = self.next_index();
        let is_key = self.place(1);
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

    /// Refuses how the scalar is written where go-yaml reads something else.
    fn check_form(&self, style: Style, value: &str, span: &Range<usize>) -> Result<(), Fault> {
        match style {
            Style::Plain if self.open.last().is_some_and(|frame| frame.is_flow) => {
                strict::check_flow_plain(self.text, value, span.clone())
            }
            Style::DoubleQuoted => strict::check_escapes(self.text, span.clone()),
            Style::Literal | Style::Folded => {
                let before = self.arena.nodes.last().map_or(0, |node| widen(node.start));
                self.tail
                    .check_block(self.text, before.max(self.chunk.start), span.clone())
            }
            _ => Ok(()),
        }
    }

    /// Settles the text of a key, and whether it is a merge key.
    fn key(&mut self, index: u32, scalar: &mut Scalar<'a>, offset: usize) -> Result<(), Fault> {
        if mapping::is_merge(scalar) {
            if let Some(frame) = self.open.last_mut() {
                frame.has_merge = true;
            }
            return Ok(());
        }
        if scalar.value == mapping::MERGE && scalar.tag != Tag::Absent {
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
        let text = value::key_text(scalar).map_err(|kind| Fault::new(offset, kind))?;
        if text != scalar.value {
            self.arena.keys.push((index, text.into()));
            scalar.typed_key = true;
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<(), Fault> {
        let span = self.range(span)?;
        strict::check_anchor(self.text, span.clone())?;
        let Some(target) = self.anchors.get(anchor).copied().flatten() else {
            return Err(Fault::new(span.start, ErrorKind::AliasCycle));
        };
        let is_key = self.place(target.expanded);
        let levels = self.open.len() + target.height;
        if levels > limits::YAML_DEPTH {
            return Err(Fault::new(span.start, TOO_DEEP));
        }
        self.check_expansion(span.start)?;
        if let Some(frame) = self.open.last_mut() {
            frame.height = frame.height.max(target.height + 1);
        }
        let index = self.next_index();
        match self.arena.node(target.node).map(|node| &node.data) {
            Some(Data::Scalar(scalar)) if is_key => {
                let text = value::key_text(scalar).map_err(|kind| Fault::new(span.start, kind))?;
                let text = text.into();
                self.arena.keys.push((index, text));
            }
            Some(Data::Scalar(scalar)) => check_finite(scalar, span.start)?,
            _ if is_key => return Err(Fault::new(span.start, ErrorKind::KeyCollection)),
            _ => {}
        }
        self.push(Data::Alias(target.node), &span);
        Ok(())
    }

    fn start(&mut self, data: Data<'a>, style: StructureStyle, anchor: usize, span: &Span) -> Result<(), Fault> {
        let mut span = self.range(span)?;
        if style == StructureStyle::Block && matches!(data, Data::Sequence) {
            let key_end = self.arena.nodes.last().map_or(0, |node| widen(node.end));
            if self.is_at_value() {
                span.start = place::sequence_start(self.text, key_end, span.start);
            }
        }
        let expanded_before = self.expanded;
        if self.place(1) {
            return Err(Fault::new(span.start, ErrorKind::KeyCollection));
        }
        if self.open.len() >= limits::YAML_DEPTH {
            return Err(Fault::new(span.start, TOO_DEEP));
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
        // Without a closing bracket a collection ends where its last child ends; the parser's mark is further on, behind
        // comments and blank lines.
        let closing = self.range(span)?;
        let end = if closing.is_empty() {
            Some(frame.end)
        } else {
            u32::try_from(closing.end).ok()
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
            self.expanded = self.expanded.saturating_add(self.arena.merged_entries(frame.node)?);
            self.check_expansion(self.arena.start_of(frame.node))?;
            let pairs = self.arena.merge(frame.node, self.twice)?;
            let at = u32::try_from(self.arena.merged.len()).unwrap_or(u32::MAX);
            self.arena.merged.push(pairs);
            if let Some(node) = self.arena.nodes.get_mut(widen(frame.node)) {
                node.data = Data::Merged(at);
            }
        } else if frame.is_mapping {
            self.arena.check_unique_keys(frame.node, self.twice)?;
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

    /// Stops "billion laughs".
    fn check_expansion(&self, offset: usize) -> Result<(), Fault> {
        let written = self.arena.nodes.len() - self.first;
        if self.expanded <= limits::YAML_ALIAS_NODES.saturating_add(written.saturating_mul(10)) {
            return Ok(());
        }
        Err(Fault::new(
            offset,
            ErrorKind::AliasExpansion {
                limit: limits::YAML_ALIAS_NODES,
            },
        ))
    }

    /// Whether the next node is the value of a key.
    fn is_at_value(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.is_mapping && !frame.at_key)
    }

    /// Counts a node into its parent; whether it is a key.
    fn place(&mut self, expanded: usize) -> bool {
        self.expanded = self.expanded.saturating_add(expanded);
        let Some(frame) = self.open.last_mut() else {
            return false;
        };
        let is_key = frame.is_mapping && frame.at_key;
        frame.at_key = !frame.at_key;
        frame.height = frame.height.max(1);
        is_key
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
            granit_parser::ErrorKind::ExpectedDocumentStart => ErrorKind::TrailingText,
            granit_parser::ErrorKind::RecursionLimitExceeded => TOO_DEEP,
            kind => ErrorKind::Syntax {
                problem: kind.to_string(),
            },
        };
        Fault::new(offset, kind)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let error = crate::yaml::parse(text).unwrap_err();
        format!("{}: {error}", error.position())
    }

    #[test]
    fn what_kubectl_cannot_send_is_refused() {
        assert_eq!(
            refusal("a: {{ x }}\n"),
            "1:5: a mapping or sequence as a key (is this a template?)"
        );
        assert_eq!(
            refusal("~: 1\n"),
            "1:1: null as a key, which kubectl refuses: quote it, or write the key"
        );
        assert_eq!(
            refusal("18446744073709551615: 1\n"),
            "1:1: `18446744073709551615` as a key is not text for kubectl: quote it"
        );
        assert_eq!(
            refusal("a:\n- -.inf\n"),
            "2:3: `-.inf` is a number that JSON cannot carry: quote it"
        );
        assert_eq!(refusal("a: !!int b\n"), "1:10: the value does not fit its tag `!!int`");
        assert_eq!(
            refusal("{a: &x .nan, *x : 1, b: *x}\n"),
            "1:8: `.nan` is a number that JSON cannot carry: quote it"
        );
        assert_eq!(
            refusal("%YAML 1.1\n---\na: 1\n"),
            "1:1: a directive (`%`): kubectl does not read directives, remove the line"
        );
    }

    #[test]
    fn text_that_is_not_yaml_is_refused_where_it_stands() {
        assert_eq!(refusal("a: 1\n---\nb: [1\n"), "3:4: unclosed bracket '['");
        assert_eq!(
            refusal("{\"a\": 1}\n{\"b\": 2}\n"),
            "2:1: text after the end of the document: indent it, or start a new document with `---`"
        );
        assert_eq!(refusal("ä: [\"x\n"), "1:5: unclosed quote");
        assert_eq!(refusal("a: *b\n"), "1:4: while parsing node, found unknown anchor");
    }

    #[test]
    fn nesting_is_limited_aliases_included() {
        let nested = |depth: usize| format!("{}{}\n", "[".repeat(depth), "]".repeat(depth));
        let deep = format!("nested deeper than {} levels", limits::YAML_DEPTH);
        assert!(crate::yaml::parse(&nested(limits::YAML_DEPTH)).is_ok());
        assert!(refusal(&nested(limits::YAML_DEPTH + 1)).ends_with(&deep));
        assert!(refusal(&"- ".repeat(100_000)).ends_with(&deep));
        let chain = |links: usize| {
            let link = |n: usize| format!("a{n}: &a{n} [*a{}]\n", n - 1);
            format!("a0: &a0 [1]\n{}", (1..links).map(link).collect::<String>())
        };
        assert!(crate::yaml::parse(&chain(limits::YAML_DEPTH - 1)).is_ok());
        assert!(refusal(&chain(limits::YAML_DEPTH + 1)).ends_with(&deep));
    }

    #[test]
    fn aliases_repeat_within_a_limit_and_never_themselves() {
        assert_eq!(
            refusal("a: &a [*a]\n"),
            "1:8: an alias stands inside the node that it repeats"
        );
        assert_eq!(
            refusal("a: &a 1\nb: &a {c: *a}\n"),
            "2:11: an alias stands inside the node that it repeats"
        );
        let limit = "aliases and merge keys repeat more than 1000000 nodes beyond what is written";
        let many = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(3000), "*a,".repeat(3000));
        assert!(refusal(&many).ends_with(limit));
        let entries: String = (0..20_000).map(|n| format!("k{n}: 1, ")).collect();
        let nested = format!("{}{{{entries}}}{}", "{<<: ".repeat(200), "}".repeat(200));
        assert!(refusal(&nested).ends_with(limit));
        let few = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(300), "*a,".repeat(300));
        assert!(crate::yaml::parse(&few).is_ok());
    }

    #[test]
    fn an_error_names_the_byte_of_the_whole_text() {
        let text = "\u{feff}a: ü\r\n---\r\nb: 1\r\nb: 2\r\n";
        let error = crate::yaml::parse(text).unwrap_err();
        assert_eq!(error.offset(), text.rfind('b').unwrap());
        assert_eq!(error.position().to_string(), "4:1");
        assert_eq!(error.kind(), &ErrorKind::DuplicateKey { key: "b".to_owned() });
    }
}
