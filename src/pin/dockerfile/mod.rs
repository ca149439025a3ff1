//! Images of a Dockerfile: `FROM`, `COPY --from`, `RUN --mount=from=`, `# syntax=`, and `ARG` defaults behind them.
//!
//! Reads what BuildKit's parser reads (`frontend/dockerfile`, `docs.docker.com/reference/dockerfile`).

mod lex;

use std::collections::HashSet;
use std::ops::Range;

use lex::{Instruction, Mapped};

use super::site::{self, Found, SkipReason};

/// Finds the images of a Dockerfile.
///
/// The names of build stages are no images. A variable is followed to its default only where it is the whole name: a
/// default that is used as a part of a name elsewhere could not take a digest.
pub(super) fn find(text: &str, found: &mut Found) {
    let file = lex::read(text);
    let mut finder = Finder {
        text,
        escape: file.escape,
        found,
        arguments: Vec::new(),
        stages: HashSet::new(),
        targets: HashSet::new(),
        parts: HashSet::new(),
        filed: HashSet::new(),
    };
    finder.prepare(&file.instructions);
    for syntax in &file.syntax {
        finder.push("# syntax", syntax);
    }
    for instruction in &file.instructions {
        match instruction.keyword.as_str() {
            "FROM" => finder.base(instruction),
            "ONBUILD" => finder.sources(&instruction.nested(), true),
            _ => finder.sources(instruction, false),
        }
    }
}

struct Finder<'a> {
    text: &'a str,
    escape: char,
    found: &'a mut Found,
    /// `ARG`s before the first `FROM`: the only ones that a `FROM` sees.
    arguments: Vec<Argument>,
    /// The stages before this line, in lower case: what a `FROM` may build on.
    stages: HashSet<String>,
    /// All stages, in lower case: BuildKit lets a `COPY` name later ones as well.
    targets: HashSet<String>,
    /// Variables that make up a part of a name somewhere.
    parts: HashSet<String>,
    /// Where sites and skips start: several `FROM` may lead to one `ARG`.
    filed: HashSet<usize>,
}

struct Argument {
    name: String,
    default: Option<Mapped>,
}

impl Finder<'_> {
    /// Reads the global arguments, the stages, and which variables are parts of names.
    fn prepare(&mut self, instructions: &[Instruction]) {
        let mut global = true;
        for instruction in instructions {
            match instruction.keyword.as_str() {
                "ARG" if global => self.read_arguments(&instruction.rest),
                "FROM" => {
                    global = false;
                    let (base, stage) = self.split_base(instruction);
                    self.targets.extend(stage);
                    if whole_variable(base.text()).is_none() {
                        self.parts.extend(variables(base.text()));
                    }
                }
                _ => {}
            }
        }
        for argument in &self.arguments {
            if let Some(default) = &argument.default
                && whole_variable(default.text()).is_none()
            {
                self.parts.extend(variables(default.text()));
            }
        }
    }

    fn read_arguments(&mut self, rest: &Mapped) {
        for range in lex::words(rest.text(), self.escape).unwrap_or_default() {
            let word = rest.slice(range);
            let (name, default) = match word.text().find('=') {
                Some(at) => {
                    let value = word.slice(at + 1..word.text().len());
                    (word.text().get(..at), Some(lex::unquote(&value, self.escape)))
                }
                None => (Some(word.text()), None),
            };
            self.arguments.push(Argument {
                name: name.unwrap_or("").to_owned(),
                default,
            });
        }
    }

    /// The image of a `FROM` without quotes, and the name of its stage in lower case.
    fn split_base(&self, instruction: &Instruction) -> (Mapped, Option<String>) {
        let rest = &instruction.rest;
        let words: Vec<Range<usize>> = lex::blank_words(rest.text()).take(3).collect();
        let text = |at: usize| words.get(at).and_then(|range| rest.text().get(range.clone()));
        let stage = match (text(1), text(2)) {
            (Some(word), Some(name)) if word.eq_ignore_ascii_case("as") => Some(name.to_lowercase()),
            _ => None,
        };
        let base = rest.slice(words.first().cloned().unwrap_or(0..0));
        (lex::unquote(&base, self.escape), stage)
    }

    fn base(&mut self, instruction: &Instruction) {
        let (base, stage) = self.split_base(instruction);
        let (field, image) = self.follow(&base);
        if !self.stages.contains(&image.text().to_lowercase()) {
            self.push(field, &image);
        }
        self.stages.extend(stage);
    }

    /// Follows variables that are the whole name to the text that they stand for.
    fn follow(&self, base: &Mapped) -> (String, Mapped) {
        let mut field = "FROM".to_owned();
        let mut image = base.clone();
        let mut known = self.arguments.len();
        while let Some(variable) = whole_variable(image.text()) {
            let defined = self
                .arguments
                .iter()
                .take(known)
                .rposition(|argument| argument.name == variable.name);
            let default = defined
                .and_then(|at| self.arguments.get(at))
                .and_then(|argument| argument.default.as_ref())
                .filter(|default| !default.text().is_empty());
            match (default, variable.default) {
                (Some(default), _) if !self.parts.contains(variable.name) => {
                    field = format!("ARG {}", variable.name);
                    image = default.clone();
                    known = defined.unwrap_or(0);
                }
                (None, Some(range)) => image = image.slice(range),
                _ => break,
            }
        }
        if image.text().contains('$') {
            // The variable that could not be followed is reported where it is used.
            return ("FROM".to_owned(), base.clone());
        }
        (field, image)
    }

    /// `COPY --from=`, `ADD --from=` and `RUN --mount=from=`.
    fn sources(&mut self, instruction: &Instruction, onbuild: bool) {
        match instruction.keyword.as_str() {
            keyword @ ("ADD" | "COPY") => {
                for image in instruction.flag("from") {
                    self.source(format!("{keyword} --from"), &image, onbuild);
                }
            }
            "RUN" => {
                for mount in instruction.flag("mount") {
                    for image in mount_sources(&mount) {
                        self.source("RUN --mount from".to_owned(), &image, onbuild);
                    }
                }
            }
            _ => {}
        }
    }

    fn source(&mut self, field: String, image: &Mapped, onbuild: bool) {
        let name = image.text();
        let digits = name.strip_prefix(['+', '-']).unwrap_or(name);
        let numbered = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if numbered || self.targets.contains(&name.to_lowercase()) {
            return;
        }
        let bare = onbuild && site::parse(name).is_ok_and(|reference| !reference.is_explicit());
        if bare {
            // It runs in builds on top of this image, and there it may name a stage.
            self.found.push_skip(field, name, image.whole(), SkipReason::BareName);
        } else {
            self.push(field, image);
        }
    }

    fn push(&mut self, field: impl Into<String>, image: &Mapped) {
        let span = image.whole();
        if !self.filed.insert(span.start) {
            return;
        }
        if image.text() == "scratch" {
            self.found.push_skip(field, "scratch", span, SkipReason::NoImage);
            return;
        }
        let raw = self.text.get(span.clone()).unwrap_or("");
        self.found.push_text(field, image.text(), raw, span);
    }
}

/// The values of `from` in `type=bind,from=IMAGE,target=/x`.
fn mount_sources(mount: &Mapped) -> impl Iterator<Item = Mapped> {
    let mut at = 0;
    mount.text().split(',').filter_map(move |part| {
        let end = at + part.len();
        at = end + 1;
        let (key, value) = part.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("from")
            .then(|| mount.slice(end - value.len()..end))
    })
}

/// A variable that is a whole text.
struct Variable<'a> {
    name: &'a str,
    /// The bytes of `default` in `${NAME:-default}` and `${NAME-default}`.
    default: Option<Range<usize>>,
}

/// Reads `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`.
fn whole_variable(text: &str) -> Option<Variable<'_>> {
    let rest = text.strip_prefix('$')?;
    let Some(inner) = rest.strip_prefix('{') else {
        let name = leading_name(rest);
        return (!name.is_empty() && name.len() == rest.len()).then_some(Variable { name, default: None });
    };
    let inner = inner.strip_suffix('}')?;
    let name = leading_name(inner);
    let tail = inner.get(name.len()..)?;
    if name.is_empty() || inner.contains(['}', '{']) {
        return None;
    }
    if tail.is_empty() {
        return Some(Variable { name, default: None });
    }
    let default = tail.strip_prefix(":-").or_else(|| tail.strip_prefix('-'))?;
    let end = text.len() - 1;
    Some(Variable {
        name,
        default: Some(end - default.len()..end),
    })
}

/// The names of all variables of a text.
fn variables(text: &str) -> impl Iterator<Item = String> {
    text.split('$')
        .skip(1)
        .map(|rest| leading_name(rest.strip_prefix('{').unwrap_or(rest)).to_owned())
}

fn leading_name(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pin::testing::{D, check_reversible, pinned, skips};

    fn pin(text: &str) -> String {
        let mut found = Found::default();
        find(text, &mut found);
        check_reversible(text, &found, |text| {
            let mut found = Found::default();
            find(text, &mut found);
            found
        });
        pinned(text, &found)
    }

    fn skipped(text: &str) -> Vec<String> {
        let mut found = Found::default();
        find(text, &mut found);
        skips(&found)
    }

    #[test]
    fn bases_sources_and_syntax_are_pinned() {
        assert_eq!(
            pin(concat!(
                "# syntax=docker/dockerfile:1\n",
                "FROM --platform=linux/amd64 alpine:3 AS Build\n",
                "from\tghcr.io/a/b\n",
                "COPY --from=busybox:1 --chown=0 /a /b\n",
                "ADD --chown=0 --from=\"busybox\" /a /b\n",
                "RUN --mount=type=cache,target=/x --mount='type=bind,from=golang:1,target=/y' --network=none true\n",
                "ONBUILD COPY --from=x/y:1 /a /b\n",
                "FROM \"node:20\"\n",
            )),
            concat!(
                "# syntax=docker/dockerfile:1@D\n",
                "FROM --platform=linux/amd64 alpine:3@D AS Build\n",
                "from\tghcr.io/a/b@D\n",
                "COPY --from=busybox:1@D --chown=0 /a /b\n",
                "ADD --chown=0 --from=\"busybox@D\" /a /b\n",
                "RUN --mount=type=cache,target=/x --mount='type=bind,from=golang:1@D,target=/y' --network=none true\n",
                "ONBUILD COPY --from=x/y:1@D /a /b\n",
                "FROM \"node:20@D\"\n",
            )
        );
    }

    #[test]
    fn stages_are_no_images() {
        let text = "FROM a:1 AS Base\nFROM base AS two\nCOPY --from=BASE . .\nCOPY --from=0 . .\nCOPY --from=late . .\nRUN --mount=from=two true\nFROM c:1 AS late\n";
        assert_eq!(pin(text), text.replace("a:1", "a:1@D").replace("c:1", "c:1@D"));
        assert_eq!(
            pin("FROM late\nFROM a:1 AS late\n"),
            "FROM late@D\nFROM a:1@D AS late\n"
        );
        assert!(skipped(text).is_empty());
    }

    #[test]
    fn what_names_no_image_is_said() {
        let text = "FROM scratch\nFROM ${REG}/base:${VER}\nFROM $UNSET\nFROM {{ .Base }}\nFROM Upper\nONBUILD COPY --from=builder a b\nCOPY --from=$X a b\n";
        assert_eq!(pin(text), text);
        assert_eq!(
            skipped(text),
            [
                "FROM: scratch: no-image",
                "FROM: ${REG}/base:${VER}: variable",
                "FROM: $UNSET: variable",
                "FROM: {{: template",
                "FROM: Upper: not-a-reference",
                "COPY --from: builder: bare-name",
                "COPY --from: $X: variable",
            ]
        );
    }

    #[test]
    fn defaults_are_pinned_where_they_are_whole_names() {
        for (text, expected) in [
            (
                "ARG X=alpine:3\nFROM $X\nFROM ${X} AS b\n",
                "ARG X=alpine:3@D\nFROM $X\nFROM ${X} AS b\n",
            ),
            (
                "ARG A=1 X=\"alpine:3\" B\nFROM \"$X\"\n",
                "ARG A=1 X=\"alpine:3@D\" B\nFROM \"$X\"\n",
            ),
            (
                "ARG A='alpine:3'\nARG B=${A}\nFROM $B\n",
                "ARG A='alpine:3@D'\nARG B=${A}\nFROM $B\n",
            ),
            ("FROM ${X:-alpine:3}\n", "FROM ${X:-alpine:3@D}\n"),
            ("ARG X\nFROM ${X-alpine:3} AS y\n", "ARG X\nFROM ${X-alpine:3@D} AS y\n"),
            (
                "ARG X=a:1\nARG X=b:1\nFROM ${X:-c:1}\n",
                "ARG X=a:1\nARG X=b:1@D\nFROM ${X:-c:1}\n",
            ),
            (
                "ARG X=b\nFROM a:1 AS b\nFROM $X\n",
                "ARG X=b\nFROM a:1@D AS b\nFROM $X\n",
            ),
        ] {
            assert_eq!(pin(text), expected);
            assert!(skipped(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn defaults_that_are_parts_of_names_stay() {
        for (text, skip) in [
            ("ARG X=alpine:3\nFROM $X\nFROM ${X}-slim\n", "FROM: $X: variable"),
            ("ARG V=3\nFROM alpine:${V}\n", "FROM: alpine:${V}: variable"),
            ("ARG X=alpine:3\nARG Y=$X-slim\nFROM $X\n", "FROM: $X: variable"),
            ("ARG X=alpine:3\nFROM ${X:+y}\n", "FROM: ${X:+y}: variable"),
            ("ARG X=$X\nFROM $X\n", "FROM: $X: variable"),
            ("FROM a:1\nARG X=b:1\nFROM $X\n", "FROM: $X: variable"),
        ] {
            assert_eq!(pin(text), text.replace("FROM a:1", "FROM a:1@D"));
            assert_eq!(skipped(text).first().map(String::as_str), Some(skip));
        }
    }

    #[test]
    fn lines_that_continue_are_edited_where_they_end() {
        assert_eq!(
            pin("\u{feff}# escape=`\r\nFROM `\r\n  # FROM no:1\r\n  al`\r\npine:3 `\r\n  AS x\r\n"),
            "\u{feff}# escape=`\r\nFROM `\r\n  # FROM no:1\r\n  al`\r\npine:3@D `\r\n  AS x\r\n"
        );
        assert_eq!(
            pin("RUN --mount=type=bind,\\\nfrom=a:1,\\\ntarget=/x cat <<EOF\nFROM no:1\nEOF\nFROM b:1"),
            "RUN --mount=type=bind,\\\nfrom=a:1@D,\\\ntarget=/x cat <<EOF\nFROM no:1\nEOF\nFROM b:1@D"
        );
    }

    #[test]
    fn pinned_ones_are_replaced() {
        let text = format!("FROM alpine:3@{D} AS x\n");
        assert_eq!(pin(&text), "FROM alpine:3@D AS x\n");
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_restored(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("FROM "), Just("COPY --from="), Just("RUN --mount=from="), Just("ARG X="), Just("ONBUILD "),
                    Just("$X"), Just("${X:-"), Just("}"), Just("alpine:3"), Just("\""), Just("'"), Just("\\"), Just("\\\n"),
                    Just("\n"), Just("\r\n"), Just(" "), Just("<<E"), Just("E\n"), Just("# syntax="), Just("ä"), Just(","),
                    Just(" AS x"), Just("x"), Just("--"), Just("\u{feff}"), Just("# escape=`\n"), Just("`\n"),
                ],
                0..24,
            )
        ) {
            pin(&parts.concat());
        }

        #[test]
        fn noise_is_read(text in "\\PC*") {
            pin(&text);
        }
    }
}
