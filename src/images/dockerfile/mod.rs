//! Images of a Dockerfile: `FROM`, `COPY --from`, `RUN --mount=from=`, `# syntax=`, and `ARG` defaults behind them.
//!
//! Reads what BuildKit's parser reads (`frontend/dockerfile`, `docs.docker.com/reference/dockerfile`).

mod lex;
mod shell;
mod syntax;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use lex::{Dockerfile, Instruction, Mapped};
use shell::Value;
use syntax::Frontend;

use super::site::{self, Found, Site, SkipReason, Slot};
use crate::limits;

/// What BuildKit sets by itself, other for each build.
const PLATFORM: [&str; 11] = [
    "BUILDARCH",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];

/// Finds the images of a Dockerfile.
///
/// The names of build stages are no images. A name with variables is the one that a build without `--build-arg` uses; it
/// can be written where one default is the whole name, and is used nowhere as a part of another.
pub(super) fn find(text: &str, found: &mut Found) {
    let file = lex::read(text);
    find_in(text, &file, found);
    for instruction in &file.unsure {
        let (keyword, rest) = (instruction.keyword.as_str(), &instruction.rest);
        found.push_skip(keyword, rest.text(), rest.whole(), SkipReason::Variable);
    }
    // Where builders without here-documents accept the file, they run what is a body for others.
    let plain = lex::read_without_heredocs(text);
    if !file.unsure.is_empty() || (file.heredocs && plain.is_known()) {
        find_hidden(text, &plain, found);
    }
}

/// Adds what another reading of the file finds. It may be text of a here-document, which no edit may change.
fn find_hidden(text: &str, plain: &Dockerfile, found: &mut Found) {
    let mut hidden = Found::default();
    find_in(text, plain, &mut hidden);
    let spans = found.sites.iter().map(|site| &site.span);
    let spans: HashSet<Range<usize>> = spans
        .chain(found.skips.iter().map(|skip| &skip.span))
        .cloned()
        .collect();
    for site in hidden.sites {
        if !spans.contains(&site.span) {
            let slot = Slot::Fixed("some builders read it as a part of a here-document");
            found.sites.push(Site { slot, ..site });
        }
    }
    let skips = hidden.skips.into_iter();
    found.skips.extend(skips.filter(|skip| !spans.contains(&skip.span)));
}

fn find_in(text: &str, file: &Dockerfile, found: &mut Found) {
    let mut finder = Finder {
        text,
        escape: file.escape,
        found,
        arguments: Vec::new(),
        values: HashMap::new(),
        stages: HashSet::new(),
        targets: HashSet::new(),
        parts: HashSet::new(),
        filed: HashSet::new(),
    };
    finder.prepare(&file.instructions);
    for frontend in syntax::detect(text) {
        match frontend {
            Frontend::Name(name) | Frontend::Unread(name) => finder.push("# syntax", &name),
            Frontend::Spelled { name, span } => {
                finder.push_fixed("# syntax", &name, span, "it is written with escapes");
            }
        }
    }
    for instruction in &file.instructions {
        match instruction.keyword.as_str() {
            "FROM" => finder.base(instruction),
            "ONBUILD" => finder.sources(&instruction.nested(file.escape), true),
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
    /// What they stand for at the first `FROM`; `None` where the file does not tell.
    values: HashMap<String, Option<String>>,
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
                    let (word, stage) = self.split_base(instruction);
                    let base = lex::unquote(&word, self.escape);
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
                    (word.text().get(..at), Some(value))
                }
                None => (Some(word.text()), None),
            };
            let name = name.unwrap_or("").to_owned();
            if let Some(default) = &default {
                let value = self
                    .expand(default)
                    .filter(|value| value.len() <= limits::VARIABLE_BYTES);
                self.values.insert(name.clone(), value);
            }
            self.arguments.push(Argument {
                name,
                default: default.map(|default| lex::unquote(&default, self.escape)),
            });
        }
    }

    /// The text that a word stands for in a build without `--build-arg`; `None` where the file does not tell.
    fn expand(&self, word: &Mapped) -> Option<String> {
        shell::expand(word.text(), self.escape, &|name| match self.values.get(name) {
            Some(Some(value)) => Value::Set(value),
            Some(None) => Value::Unknown,
            None if PLATFORM.contains(&name) => Value::Unknown,
            None => Value::Unset,
        })
    }

    /// The image of a `FROM` as it is written, and the name of its stage in lower case.
    fn split_base(&self, instruction: &Instruction) -> (Mapped, Option<String>) {
        let rest = &instruction.rest;
        let words: Vec<Range<usize>> = lex::blank_words(rest.text()).take(3).collect();
        let text = |at: usize| words.get(at).and_then(|range| rest.text().get(range.clone()));
        let stage = match (text(1), text(2)) {
            (Some(word), Some(name)) if word.eq_ignore_ascii_case("as") => Some(name.to_lowercase()),
            _ => None,
        };
        (rest.slice(words.first().cloned().unwrap_or(0..0)), stage)
    }

    fn base(&mut self, instruction: &Instruction) {
        let (word, stage) = self.split_base(instruction);
        let base = lex::unquote(&word, self.escape);
        match self.expand(&word) {
            None => self.push("FROM", &base),
            Some(name) if self.stages.contains(&name.to_lowercase()) => {}
            Some(name) => {
                let (field, image) = self.follow(&base);
                if image.text() == name {
                    self.push(field, &image);
                } else {
                    self.push_assembled(&word, &name);
                }
            }
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
                    // BuildKit reads numbers as Go's `strconv.Atoi`.
                    if image.text().parse::<i64>().is_err() {
                        self.source(format!("{keyword} --from"), &image, onbuild);
                    }
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
        if self.targets.contains(&name.to_lowercase()) {
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

    /// Files the base whose name the word stands for, in a build without `--build-arg`.
    fn push_assembled(&mut self, word: &Mapped, name: &str) {
        if name == "scratch" || site::parse(name).is_err() {
            let reason = match name {
                "scratch" => SkipReason::NoImage,
                _ => SkipReason::Variable,
            };
            if self.filed.insert(word.whole().start) {
                self.found.push_skip("FROM", word.text(), word.whole(), reason);
            }
        } else {
            self.push_fixed(
                "FROM",
                name,
                word.whole(),
                "its name is put together from build arguments",
            );
        }
    }

    fn push_fixed(&mut self, field: &str, name: &str, span: Range<usize>, why: &'static str) {
        if !self.filed.insert(span.start) {
            return;
        }
        match site::parse(name) {
            Ok(reference) => self.found.sites.push(Site {
                field: field.to_owned(),
                reference,
                span,
                slot: Slot::Fixed(why),
            }),
            Err(reason) => self.found.push_skip(field, name, span, reason),
        }
    }
}

/// The values of `from` in `type=bind,from=IMAGE,target=/x`.
fn mount_sources(mount: &Mapped) -> impl Iterator<Item = Mapped> {
    csv_fields(mount).into_iter().filter_map(|field| {
        let (key, value) = field.text().split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("from")
            .then(|| field.slice(field.text().len() - value.len()..field.text().len()))
    })
}

/// The fields of a record (RFC 4180, section 2) without their quotes; quotes at places that BuildKit refuses stay.
fn csv_fields(record: &Mapped) -> Vec<Mapped> {
    let mut fields = Vec::new();
    let mut field = Mapped::default();
    let mut quoted = false;
    let mut start = true;
    let mut chars = record.text().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' if !quoted => {
                fields.push(std::mem::take(&mut field));
                start = true;
                continue;
            }
            '"' if start => quoted = true,
            '"' if quoted && chars.next_if(|&(_, next)| next == '"').is_none() => quoted = false,
            c => field.push(c.encode_utf8(&mut [0; 4]), record.locate(at)),
        }
        start = false;
    }
    fields.push(field);
    fields
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
    use crate::images::testing::{D, check_reversible, pinned, skips};

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

    /// Images as `field: reference: why no digest can be written`, and skips, in the order in which they were found.
    fn listed(text: &str) -> Vec<String> {
        let mut found = Found::default();
        find(text, &mut found);
        let sites = found.sites.iter().map(|site| match &site.slot {
            Slot::Fixed(why) => format!("{}: {}: {why}", site.field, site.reference),
            Slot::Writable { .. } => format!("{}: {}", site.field, site.reference),
        });
        sites.chain(skips(&found)).collect()
    }

    const ASSEMBLED: &str = "its name is put together from build arguments";

    #[test]
    fn names_put_together_from_arguments_are_known_and_stay() {
        for (text, images) in [
            ("ARG V=latest\nFROM nginx:$V\n", &["nginx:latest"][..]),
            ("ARG R=a.io V=1\nFROM ${R}/b:${V}-x\n", &["a.io/b:1-x"]),
            ("ARG B=1\nFROM ${B:+nginx:latest}\n", &["nginx:latest"]),
            (
                "ARG X=alpine:3\nFROM $X\nFROM ${X}-slim\n",
                &["alpine:3", "alpine:3-slim"],
            ),
            ("ARG X=a:1\nARG X\nFROM $X\n", &["a:1"]),
            ("ARG X=a\nARG Y=${X}:1\nFROM $Y\n", &["a:1"]),
            ("ARG X=ä\nFROM a:1${Y}\n", &["a:1"]),
            ("ARG TARGETARCH=arm\nFROM a:$TARGETARCH\n", &["a:arm"]),
            ("FROM '${X}'a:1\n", &[]),
        ] {
            let expected: Vec<String> = images
                .iter()
                .map(|image| format!("FROM: {image}: {ASSEMBLED}"))
                .collect();
            assert_eq!(pin(text), text);
            assert_eq!(
                listed(text)
                    .iter()
                    .filter(|line| line.ends_with(ASSEMBLED))
                    .cloned()
                    .collect::<Vec<_>>(),
                expected
            );
        }
        let text = "ARG X=b\nFROM a:1 AS b-c\nFROM ${X}-c\nFROM scr${Y}atch\n";
        assert_eq!(listed(text), ["FROM: a:1", "FROM: scr${Y}atch: no-image"]);
    }

    #[test]
    fn names_that_a_build_decides_are_variables() {
        for (text, skip) in [
            ("ARG X=$X\nFROM $X\n", "FROM: $X: variable"),
            ("ARG V\nFROM nginx:$V\n", "FROM: nginx:$V: variable"),
            ("ARG X=nginx\nFROM ${X%x}\n", "FROM: ${X%x}: variable"),
            ("FROM a:$TARGETARCH\n", "FROM: a:$TARGETARCH: variable"),
            (
                "ARG TARGETARCH\nFROM ${TARGETARCH:-a:1}\n",
                "FROM: ${TARGETARCH:-a:1}: variable",
            ),
            ("ARG A=x-$BUILDOS\nFROM a:$A\n", "FROM: a:$A: variable"),
            ("FROM b\nARG X=b:1\nFROM $X\n", "FROM: $X: variable"),
        ] {
            assert_eq!(listed(text).last().map(String::as_str), Some(skip));
        }
        let mut text = "ARG A=aaaaaaaaaaaaaaaa\n".to_owned();
        text.push_str(&"ARG A=$A$A\n".repeat(100));
        text.push_str("FROM $A\n");
        assert_eq!(listed(&text), ["FROM: $A: variable"]);
    }

    #[test]
    fn mounts_are_records_of_csv() {
        for (text, images) in [
            ("RUN --mount='type=bind,\"from=a:1\",target=/x' x\n", &["a:1"][..]),
            ("RUN --mount=type=bind,\\\"from=a:1\\\",target=/x x\n", &["a:1"]),
            ("RUN --mount='\"target=/a,from=no\",from=a:1' x\n", &["a:1"]),
            ("RUN --mount='\"from=a:1\"\"\",target=/x' x\n", &[]),
            ("# escape=`\nRUN --mount=type=bind,`\"FROM=a:1`\" x\n", &["a:1"]),
            ("RUN --mount=from=0 x\n", &["0"]),
        ] {
            let sites = listed(text);
            let expected: Vec<String> = images
                .iter()
                .map(|image| format!("RUN --mount from: {image}"))
                .collect();
            let sites: Vec<String> = sites.into_iter().filter(|line| !line.contains("not-a")).collect();
            assert_eq!(sites, expected, "{text}");
            assert_eq!(
                pin(text),
                images.iter().fold(text.to_owned(), |text, image| {
                    text.replace(&format!("={image}"), &format!("={image}@D"))
                })
            );
        }
    }

    #[test]
    fn the_frontend_is_pinned_however_it_is_named() {
        assert_eq!(
            pin("#!/x\n# syntax=a:1\nFROM scratch\n"),
            "#!/x\n# syntax=a:1@D\nFROM scratch\n"
        );
        assert_eq!(pin("// syntax=a:1\nx\n"), "// syntax=a:1@D\nx\n");
        assert_eq!(pin("{\"syntax\": \"a:1\"}\n"), "{\"syntax\": \"a:1@D\"}\n");
        assert_eq!(
            listed("{\"syntax\": \"a\\u003a1\"}\n"),
            ["# syntax: a:1: it is written with escapes"]
        );
        assert_eq!(
            listed("{\"syntax\": \"a\\ud800\"}\n"),
            ["# syntax: {\"syntax\": \"a\\ud800\"}: not-a-reference"]
        );
    }

    #[test]
    fn heredocs_hide_only_what_every_builder_takes_for_text() {
        const HIDDEN: &str = "FROM: no:1: some builders read it as a part of a here-document";
        for (text, expected) in [
            ("RUN cat <<EOF\nFROM no:1\nEOF\n", &[][..]),
            ("RUN cat <<EOF\nset -e\nFROM no:1\nRUN \\\nEOF\n", &[]),
            ("RUN cat <<\"RUN true\"\nFROM no:1\nRUN true\n", &[HIDDEN]),
            ("RUN cat <<EOF\nFROM no:1\nRUN echo \\\nEOF\n", &[HIDDEN]),
            ("RUN cat ${ <<EOF\nFROM no:1\nRUN echo \\\nEOF\n", &["FROM: no:1"]),
            ("RUN cat <<A\nA\nRUN cat <<B\nFROM no:1\n", &["FROM: no:1"]),
            (
                "RUN echo ${\u{b2}} <<E\nRUN cat <<F\nE\nFROM no:1\nF\n",
                &[HIDDEN, "RUN: echo ${\u{b2}} <<E: variable"],
            ),
        ] {
            assert_eq!(listed(text), expected, "{text}");
            assert_eq!(pin(text).contains("@D"), expected == ["FROM: no:1"], "{text}");
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
                    Just("${X:+"), Just("nginx"), Just("// syntax="), Just("{\"syntax\": \""), Just("\"}"), Just("#!\n"),
                    Just(",from="), Just("RUN x"), Just("<<'RUN x'"), Just("TARGETARCH"),
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
