//! The instructions of a Dockerfile, as BuildKit's parser reads them (`frontend/dockerfile/parser`).

use std::ops::Range;

use super::shell;
use super::syntax::directive;

/// What separates the words of an instruction.
const BLANKS: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];

/// The instructions that there are.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A Dockerfile in its parts.
#[derive(Debug)]
pub(super) struct Dockerfile {
    /// The character that escapes, and that continues lines.
    pub(super) escape: char,
    /// The instructions in order; the bodies of here-documents are left out.
    pub(super) instructions: Vec<Instruction>,
    /// Some bodies of here-documents were left out.
    pub(super) heredocs: bool,
    /// Instructions that may open here-documents, as nobody but BuildKit can tell.
    pub(super) unsure: Vec<Instruction>,
}

/// One instruction with its continuation lines joined.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    /// The first word in upper case.
    pub(super) keyword: String,
    /// Words that start with `--`, without their quotes.
    pub(super) flags: Vec<Mapped>,
    /// What follows the flags.
    pub(super) rest: Mapped,
}

/// Text that was put together from parts of a file, and where each part stands there.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped {
    text: String,
    /// Where a part starts here, and where in the file; contiguous parts are one.
    parts: Vec<(usize, usize)>,
}

impl Mapped {
    /// Text as it stands in a file.
    pub(super) fn new(text: &str, at: usize) -> Self {
        Self {
            text: text.to_owned(),
            parts: vec![(0, at)],
        }
    }

    /// Appends a part that stands at `at` in the file.
    pub(super) fn push(&mut self, part: &str, at: usize) {
        let contiguous = self
            .parts
            .last()
            .is_some_and(|&(here, there)| there + (self.text.len() - here) == at);
        if !contiguous {
            self.parts.push((self.text.len(), at));
        }
        self.text.push_str(part);
    }

    /// The text itself.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file from the first to the last byte of `range`.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let start = if range.start < self.text.len() || self.text.is_empty() {
            self.locate(range.start)
        } else {
            self.locate(self.text.len() - 1) + 1
        };
        let end = if range.is_empty() {
            start
        } else {
            self.locate(range.end - 1) + 1
        };
        start..end
    }

    /// All bytes of the file from the first to the last.
    pub(super) fn whole(&self) -> Range<usize> {
        self.source(0..self.text.len())
    }

    /// A part of this text.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let mut slice = Self::default();
        let mut from = range.start;
        let first = self.parts.partition_point(|&(here, _)| here <= range.start);
        for next in self.parts.iter().skip(first).map(|&(here, _)| here).chain([range.end]) {
            let to = next.min(range.end);
            if from >= to {
                break;
            }
            slice.push(self.text.get(from..to).unwrap_or(""), self.locate(from));
            from = to;
        }
        if slice.parts.is_empty() {
            slice.parts.push((0, self.source(range).start));
        }
        slice
    }

    /// Where a byte of this text stands in the file.
    pub(super) fn locate(&self, at: usize) -> usize {
        let part = self.parts.partition_point(|&(here, _)| here <= at).saturating_sub(1);
        self.parts.get(part).map_or(at, |&(here, there)| there + (at - here))
    }
}

/// Reads a Dockerfile; what BuildKit refuses is read as far as it makes sense.
pub(super) fn read(text: &str) -> Dockerfile {
    read_with(text, true)
}

/// Reads a Dockerfile as builders do that know no here-documents: their bodies are instructions.
pub(super) fn read_without_heredocs(text: &str) -> Dockerfile {
    read_with(text, false)
}

impl Dockerfile {
    /// Says whether a builder accepts the instructions: it refuses the file as soon as there is one that it does not know.
    pub(super) fn is_known(&self) -> bool {
        let known = |instruction: &Instruction| KEYWORDS.contains(&instruction.keyword.as_str());
        self.instructions.iter().all(known)
    }
}

fn read_with(text: &str, mut heredocs: bool) -> Dockerfile {
    let mut lines = Lines::new(text);
    let mut file = Dockerfile {
        escape: '\\',
        instructions: Vec::new(),
        heredocs: false,
        unsure: Vec::new(),
    };
    let mut head = true;
    while let Some((at, raw)) = lines.next() {
        let line = raw.trim_start();
        let at = at + (raw.len() - line.len());
        if head {
            head = read_directive(line, &mut file);
        }
        if line.starts_with('#') {
            continue;
        }
        let (part, continued) = split_continuation(line, file.escape);
        if part.is_empty() && !continued {
            continue;
        }
        let mut logical = Mapped::default();
        logical.push(part, at);
        if continued {
            join_continuations(&mut lines, file.escape, &mut logical);
        }
        let instruction = split_instruction(&logical, 0..logical.text.len(), file.escape);
        if heredocs && may_have_heredocs(&instruction, &logical, file.escape) {
            match shell::heredocs(logical.text()) {
                Ok(opened) => {
                    file.heredocs |= !opened.is_empty();
                    // One without its end is an error of BuildKit, and none for what came before here-documents.
                    let after = lines.at;
                    heredocs = opened.iter().all(|heredoc| lines.skip_to(heredoc));
                    if !heredocs {
                        lines.at = after;
                    }
                }
                Err(shell::Unsure) => file.unsure.push(instruction.clone()),
            }
        }
        file.instructions.push(instruction);
    }
    file
}

/// The words of a text, parted by white space outside quotes; `None` where a quote is not closed.
pub(super) fn words(text: &str, escape: char) -> Option<Vec<Range<usize>>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(start..at);
                }
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            Some('\'') => {}
            _ if c == escape => {
                chars.next();
            }
            _ => {}
        }
        start.get_or_insert(at);
    }
    if quote.is_some() {
        return None;
    }
    words.extend(start.map(|start| start..text.len()));
    Some(words)
}

/// The first words of an instruction without quotes: `FROM` and the like are split at every blank.
pub(super) fn blank_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split(BLANKS).filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

/// A word without its quotes and escapes; variables stay.
pub(super) fn unquote(word: &Mapped, escape: char) -> Mapped {
    let mut plain = Mapped::default();
    let mut quote = None;
    let mut chars = word.text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut kept = (at, c);
        match quote {
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                continue;
            }
            Some(open) if c == open => {
                quote = None;
                continue;
            }
            Some('\'') => {}
            None | Some(_) if c == escape => {
                let escaped =
                    chars.next_if(|&(_, next)| quote.is_none() || matches!(next, '"' | '$') || next == escape);
                kept = escaped.unwrap_or(kept);
            }
            _ => {}
        }
        plain.push(kept.1.encode_utf8(&mut [0; 4]), word.locate(kept.0));
    }
    if plain.parts.is_empty() {
        // An empty word is where its text would be: between its quotes.
        let inside = usize::from(word.text.starts_with(['"', '\'']));
        plain.parts.push((0, word.source(0..0).start + inside));
    }
    plain
}

/// Splits keyword, flags and the rest.
fn split_instruction(logical: &Mapped, range: Range<usize>, escape: char) -> Instruction {
    let text = logical.text.get(range.clone()).unwrap_or("");
    let start = range.start + (text.len() - text.trim_start().len());
    let text = text.trim();
    let end = start + text.len();
    let keyword = text.split(BLANKS).next().unwrap_or("");
    let arguments = start + keyword.len();
    let (mut flags, rest) = split_flags(logical, arguments..end, escape);
    if escape != '\\' {
        // Here a backslash escaped, whatever the escape directive said, before BuildKit 0.12.
        flags.extend(split_flags(logical, arguments..end, '\\').0);
    }
    Instruction {
        keyword: keyword.to_ascii_uppercase(),
        flags,
        rest: logical.slice(rest..end),
    }
}

/// Takes the leading words that start with `--`.
fn split_flags(logical: &Mapped, range: Range<usize>, escape: char) -> (Vec<Mapped>, usize) {
    let text = logical.text.get(range.clone()).unwrap_or("");
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let word = rest.trim_start_matches(parts_flags);
        at += rest.len() - word.len();
        if !word.starts_with("--") {
            return (flags, range.start + at);
        }
        let mut quote = None;
        let mut flag = Mapped::default();
        let mut chars = word.char_indices();
        let mut end = word.len();
        while let Some((offset, c)) = chars.next() {
            let mut kept = (offset, c);
            match quote {
                None if parts_flags(c) => {
                    end = offset;
                    break;
                }
                None if c == '"' || c == '\'' => {
                    quote = Some(c);
                    continue;
                }
                Some(open) if c == open => {
                    quote = None;
                    continue;
                }
                _ if c == escape => match chars.next() {
                    Some(escaped) => kept = escaped,
                    None => continue,
                },
                _ => {}
            }
            flag.push(
                kept.1.encode_utf8(&mut [0; 4]),
                logical.locate(range.start + at + kept.0),
            );
        }
        at += end;
        if flag.text == "--" {
            return (flags, range.start + at);
        }
        flags.push(flag);
    }
}

/// Says whether a character parts flags: BuildKit looks at single bytes, and takes those of NEL and NBSP for white space
/// in the middle of other characters as well.
fn parts_flags(c: char) -> bool {
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    bytes
        .into_iter()
        .any(|b| matches!(b, b'\t'..=b'\r' | b' ' | 0x85 | 0xa0))
}

impl Instruction {
    /// The instruction behind an `ONBUILD`.
    pub(super) fn nested(&self, escape: char) -> Self {
        split_instruction(&self.rest, 0..self.rest.text.len(), escape)
    }

    /// The value of every flag of this name.
    pub(super) fn flag(&self, name: &str) -> impl Iterator<Item = Mapped> {
        self.flags.iter().filter_map(move |flag| {
            let value = flag.text.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')?;
            Some(flag.slice(flag.text.len() - value.len()..flag.text.len()))
        })
    }
}

/// Reads `# escape=`; says whether more directives may follow. Behind `#!` there are none, but for `# syntax=`.
fn read_directive(line: &str, file: &mut Dockerfile) -> bool {
    let Some(directive) = directive(line, "#") else {
        return false;
    };
    if directive.name == "escape" {
        match directive.value {
            "`" => file.escape = '`',
            "\\" => file.escape = '\\',
            _ => {}
        }
    }
    true
}

/// The line without the character that continues it; a doubled one does not continue.
fn split_continuation(line: &str, escape: char) -> (&str, bool) {
    match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(part) if !part.ends_with(escape) => (part, true),
        _ => (line, false),
    }
}

/// Joins the lines that continue an instruction; comments and empty lines between them do not end it.
fn join_continuations(lines: &mut Lines<'_>, escape: char, logical: &mut Mapped) {
    for (at, line) in lines {
        let start = line.trim_start();
        if start.is_empty() || start.starts_with('#') {
            continue;
        }
        let (part, continued) = split_continuation(line, escape);
        logical.push(part, at);
        if !continued {
            break;
        }
    }
}

fn may_have_heredocs(instruction: &Instruction, logical: &Mapped, escape: char) -> bool {
    if instruction.keyword == "ONBUILD" {
        let nested = instruction.nested(escape);
        return nested.keyword != "ONBUILD" && may_have_heredocs(&nested, logical, escape);
    }
    let rest = instruction.rest.text();
    matches!(instruction.keyword.as_str(), "ADD" | "COPY" | "RUN")
        && logical.text().contains("<<")
        && !(rest.starts_with('[') && serde_json::from_str::<Vec<String>>(rest).is_ok())
}

/// Lines with their offsets and without their line ends; a byte order mark is no part of the first.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self { text, at }
    }

    /// Passes over a body; says whether its end was there.
    fn skip_to(&mut self, heredoc: &shell::Heredoc) -> bool {
        self.any(|(_, line)| {
            let line = if heredoc.tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            line == heredoc.name
        })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let line = self.text.get(start..)?.split_inclusive('\n').next()?;
        self.at += line.len();
        Some((start, line.trim_end_matches(['\r', '\n'])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_lines_are_one_instruction_and_know_where_they_stand() {
        let text = "from \\\r\n# comment\r\n\r\n  al\\\r\npine:3 AS x\r\nRUN a \\\\\nb";
        let file = read(text);
        let from = file.instructions.first().unwrap();
        assert_eq!((from.keyword.as_str(), from.rest.text()), ("FROM", "alpine:3 AS x"));
        assert_eq!(&text[from.rest.source(0..8)], "al\\\r\npine:3");
        assert_eq!(&text[from.rest.slice(1..8).slice(1..7).whole()], "pine:3");
        let keywords: Vec<_> = file.instructions.iter().map(|i| i.keyword.as_str()).collect();
        assert_eq!(keywords, ["FROM", "RUN", "B"]);
    }

    #[test]
    fn heredoc_bodies_are_no_instructions() {
        let text = "RUN <<A <<-\"B C\" cat\nFROM x\nA\nFROM y\n\tB C\nCOPY <<E /f\nFROM z\nE\nONBUILD RUN 3<<F\nFROM\nF\nFROM w\n";
        let file = read(text);
        let keywords: Vec<_> = file.instructions.iter().map(|i| i.keyword.as_str()).collect();
        assert_eq!(keywords, ["RUN", "COPY", "ONBUILD", "FROM"]);
    }

    #[test]
    fn what_only_looks_like_a_heredoc_hides_nothing() {
        for line in [
            "RUN cat<<EOF",
            "RUN cat <<<EOF",
            "RUN echo $((1 << 3))",
            "RUN [\"cat\", \"<<EOF\"]",
            "ENV X <<EOF",
            "RUN cat <<EOF", // Never ended.
        ] {
            let file = read(&format!("{line}\nFROM a\n"));
            assert_eq!(file.instructions.len(), 2, "{line}");
        }
    }

    #[test]
    fn the_escape_is_told_only_at_the_head() {
        for (text, escape) in [
            (
                "\u{feff}# Syntax = docker/dockerfile:1 --x\n#check=x\n# escape = ` \r\n",
                '`',
            ),
            ("#!/bin/x\n# escape=`\n", '\\'),
            ("# a comment\n# escape=`\n", '\\'),
            ("# foo=bar\n# escape=`\n", '\\'),
            ("\n# escape=`\n", '\\'),
            ("// check=x\n# escape=`\n", '\\'),
            ("# escape=x\n", '\\'),
        ] {
            assert_eq!(read(text).escape, escape, "{text}");
        }
    }

    #[test]
    fn flags_are_read_with_either_escape_and_by_bytes() {
        let from = |text: &str| -> Vec<String> {
            let file = read(text);
            let copy = file.instructions.first().unwrap();
            copy.flag("from").map(|value| value.text().to_owned()).collect()
        };
        assert_eq!(from("# escape=`\nCOPY --from=a\\b c\n"), ["a\\b", "ab"]);
        assert_eq!(from("COPY --chown=\u{e0}--from=a b c\n"), ["a"]);
        assert_eq!(from("COPY --chown=a\u{2003}b --from=a b c\n"), ["a"]);
    }

    #[test]
    fn flags_lose_their_quotes() {
        let file = read("COPY --from=\"a b\" --x=\\y --from='c' -- --from=d e");
        let copy = file.instructions.first().unwrap();
        let from: Vec<_> = copy.flag("from").map(|value| value.text().to_owned()).collect();
        assert_eq!(from, ["a b", "c"]);
        assert_eq!(copy.rest.text(), " --from=d e".trim_end());
    }

    #[test]
    fn words_keep_what_is_quoted() {
        let text = "a \"b c\" d\\ e 'f\\'";
        let found: Vec<_> = words(text, '\\')
            .unwrap()
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, ["a", "\"b c\"", "d\\ e", "'f\\'"]);
        assert_eq!(words("don't", '\\'), None);
    }
}
