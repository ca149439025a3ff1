//! The instructions of a Dockerfile, as BuildKit's parser reads them (`frontend/dockerfile/parser`).

use std::ops::Range;

/// What separates the words of an instruction.
const BLANKS: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];

/// A Dockerfile in its parts.
#[derive(Debug)]
pub(super) struct Dockerfile {
    /// `# syntax=` lines of the head: what follows the `=`, up to the first space.
    pub(super) syntax: Vec<Mapped>,
    /// The character that escapes, and that continues lines.
    pub(super) escape: char,
    /// The instructions in order; the bodies of here-documents are left out.
    pub(super) instructions: Vec<Instruction>,
}

/// One instruction with its continuation lines joined.
#[derive(Debug)]
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
    fn push(&mut self, part: &str, at: usize) {
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

    fn locate(&self, at: usize) -> usize {
        let part = self.parts.partition_point(|&(here, _)| here <= at).saturating_sub(1);
        self.parts.get(part).map_or(at, |&(here, there)| there + (at - here))
    }
}

/// Reads a Dockerfile; what BuildKit refuses is read as far as it makes sense.
pub(super) fn read(text: &str) -> Dockerfile {
    let mut lines = Lines::new(text);
    let mut file = Dockerfile {
        syntax: Vec::new(),
        escape: '\\',
        instructions: Vec::new(),
    };
    let mut head = true;
    let mut heredocs = true;
    while let Some((at, raw)) = lines.next() {
        let line = raw.trim_start();
        let at = at + (raw.len() - line.len());
        if head {
            head = read_directive(line, at, &mut file) || line.starts_with("#!");
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
        let instruction = split_instruction(&logical, 0..logical.text.len());
        if heredocs && may_have_heredocs(&instruction) {
            // A here-document without its end is an error of BuildKit, and none for what came before here-documents.
            let after = lines.at;
            heredocs = heredoc_ends(logical.text()).iter().all(|end| end.skip(&mut lines));
            if !heredocs {
                lines.at = after;
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
fn split_instruction(logical: &Mapped, range: Range<usize>) -> Instruction {
    let text = logical.text.get(range.clone()).unwrap_or("");
    let start = range.start + (text.len() - text.trim_start().len());
    let text = text.trim();
    let end = start + text.len();
    let keyword = text.split(BLANKS).next().unwrap_or("");
    let arguments = start + keyword.len();
    let (flags, rest) = split_flags(logical, arguments..end);
    Instruction {
        keyword: keyword.to_ascii_uppercase(),
        flags,
        rest: logical.slice(rest..end),
    }
}

/// Takes the leading words that start with `--`; here a backslash escapes, whatever the escape directive says.
fn split_flags(logical: &Mapped, range: Range<usize>) -> (Vec<Mapped>, usize) {
    let text = logical.text.get(range.clone()).unwrap_or("");
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let word = rest.trim_start();
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
                None if c.is_whitespace() => {
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
                _ if c == '\\' => match chars.next() {
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

impl Instruction {
    /// The instruction behind an `ONBUILD`.
    pub(super) fn nested(&self) -> Self {
        split_instruction(&self.rest, 0..self.rest.text.len())
    }

    /// The value of every flag of this name.
    pub(super) fn flag(&self, name: &str) -> impl Iterator<Item = Mapped> {
        self.flags.iter().filter_map(move |flag| {
            let value = flag.text.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')?;
            Some(flag.slice(flag.text.len() - value.len()..flag.text.len()))
        })
    }
}

/// Reads `# key=value`; says whether more of them may follow.
fn read_directive(line: &str, at: usize, file: &mut Dockerfile) -> bool {
    let Some((key, value)) = line.strip_prefix('#').and_then(|rest| rest.split_once('=')) else {
        return false;
    };
    let name = key.trim();
    let known = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && !value.trim().is_empty();
    if !known {
        return false;
    }
    let start = at + line.len() - value.trim_start().len();
    let value = value.trim();
    if name.eq_ignore_ascii_case("escape") {
        match value {
            "`" => file.escape = '`',
            "\\" => file.escape = '\\',
            _ => {}
        }
    } else if name.eq_ignore_ascii_case("syntax") {
        let mut syntax = Mapped::default();
        syntax.push(value.split(' ').next().unwrap_or(value), start);
        file.syntax.push(syntax);
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

fn may_have_heredocs(instruction: &Instruction) -> bool {
    if instruction.keyword == "ONBUILD" {
        let nested = instruction.nested();
        return nested.keyword != "ONBUILD" && may_have_heredocs(&nested);
    }
    let rest = instruction.rest.text();
    matches!(instruction.keyword.as_str(), "ADD" | "COPY" | "RUN")
        && rest.contains("<<")
        && !(rest.starts_with('[') && serde_json::from_str::<Vec<String>>(rest).is_ok())
}

/// The line that ends a here-document.
struct HeredocEnd {
    name: String,
    /// `<<-`: tabs may stand before the name.
    tabs: bool,
}

impl HeredocEnd {
    /// Skips the body; says whether its end was there.
    fn skip(&self, lines: &mut Lines<'_>) -> bool {
        for (_, line) in lines {
            let line = if self.tabs { line.trim_start_matches('\t') } else { line };
            if line == self.name {
                return true;
            }
        }
        false
    }
}

/// The ends of the here-documents that a line opens: words such as `<<EOF`, `3<<-"EOF"`.
fn heredoc_ends(line: &str) -> Vec<HeredocEnd> {
    let end = |range| {
        let word: &str = line.get(range)?;
        let rest = word
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix("<<")?;
        let (tabs, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let mut quoted = Mapped::default();
        quoted.push(rest, 0);
        let name = unquote(&quoted, '\\').text;
        (!name.is_empty() && !rest.contains('<')).then_some(HeredocEnd { name, tabs })
    };
    words(line, '\\')
        .unwrap_or_default()
        .into_iter()
        .filter_map(end)
        .collect()
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
    fn directives_stand_only_at_the_head() {
        let file =
            read("\u{feff}#!/bin/x\n# Syntax = docker/dockerfile:1 --x\n#escape=`\n\n# syntax=late\nFROM `\na\n");
        let syntax: Vec<_> = file.syntax.iter().map(Mapped::text).collect();
        assert_eq!((syntax, file.escape), (vec!["docker/dockerfile:1"], '`'));
        assert_eq!(file.instructions.first().unwrap().rest.text(), "a");
        assert_eq!(read("# a comment\n# escape=`\n").escape, '\\');
        assert_eq!(read("# escape=x\n").escape, '\\');
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
