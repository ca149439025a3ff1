//! Images that the `build` of a service names
//! (<https://github.com/compose-spec/compose-spec/blob/main/build.md>). Images of `cache_from` do not run.

use super::super::dockerfile;
use super::super::embedded::Block;
use super::super::mark;
use super::super::scalar::{self, Finder};
use super::super::site::{Found, Site, Skip, SkipReason, Slot};
use super::interpolation;
use crate::oci::Reference;
use crate::yaml::{Node, Style};

/// An image as a context: what it holds is built from, as with `FROM`.
const SCHEME: &str = "docker-image://";

/// Finds the images of a `build`.
pub(super) fn find<'a>(field: &str, build: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    if let Some(contexts) = build.get("additional_contexts") {
        for (name, context) in contexts.entries() {
            self::context(&format!("{field}.additional_contexts.{}", name.text), context, finder);
        }
        for (at, context) in contexts.items().enumerate() {
            self::context(&format!("{field}.additional_contexts[{at}]"), context, finder);
        }
    }
    if let Some(inline) = build.get("dockerfile_inline") {
        dockerfile_inline(&format!("{field}.dockerfile_inline"), inline, finder);
    }
}

/// Files `docker-image://REFERENCE`, or in a list `NAME=docker-image://REFERENCE`.
fn context<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let Some(value) = node.as_str() else { return };
    if !value.contains('$') {
        if let Some(start) = behind_scheme(value) {
            finder.part(field, node, start);
        }
        return;
    }
    match interpolation::interpolate(value) {
        Some(text) => {
            if let Some(start) = behind_scheme(&text) {
                let name = text.get(start..).map(str::to_owned);
                interpolation::assembled(field, value, name, node, finder);
            }
        }
        None => finder.skip(field, node, SkipReason::Variable),
    }
}

fn behind_scheme(value: &str) -> Option<usize> {
    let at = value.find(SCHEME)?;
    let named = at == 0 || value.get(..at).is_some_and(|name| name.ends_with('='));
    named.then_some(at + SCHEME.len())
}

/// Finds the images of a Dockerfile in a scalar; digests can be written where its lines stand in the file as they are.
fn dockerfile_inline<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let (Some(value), Some(scalar)) = (finder.string(field, node), node.scalar()) else {
        return;
    };
    let mut found = images(value);
    if value.contains('$') {
        match interpolation::interpolate(value) {
            Some(text) => {
                let filled = images(&text);
                if names(&filled) != names(&found) {
                    push_fixed(field, filled, "Compose fills in variables around it", node, finder);
                    return;
                }
            }
            // What no variable is in counts all the same.
            None => finder.skip(field, node, SkipReason::Variable),
        }
    }
    let block = match scalar.style {
        Style::Literal => Block::new(finder.text, scalar.content.clone(), value),
        _ => None,
    };
    let Some(block) = block else {
        push_fixed(field, found, "its Dockerfile is no literal block (`|`)", node, finder);
        return;
    };
    for site in &mut found.sites {
        site.span = block.range(&site.span);
        site.slot = block.slot(site.slot.clone());
    }
    for skip in &mut found.skips {
        skip.span = block.range(&skip.span);
    }
    let marks = found.marks.into_iter();
    found.marks = marks
        .map(|(at, reason)| (block.range(&(at..at)).start, reason))
        .collect();
    push(field, found, finder);
}

fn images(text: &str) -> Found {
    let mut found = Found::default();
    dockerfile::find(text, &mut found);
    mark::note(&mut found, text, |line| mark::whole_line_comment(text, line));
    found
}

fn names(found: &Found) -> Vec<(&str, &Reference)> {
    let sites = found.sites.iter();
    sites.map(|site| (site.field.as_str(), &site.reference)).collect()
}

fn push_fixed<'a>(field: &str, mut found: Found, why: &'static str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let span = scalar::content(finder.text, node);
    for site in &mut found.sites {
        site.span = span.clone();
        site.slot = Slot::Fixed(why);
    }
    for skip in &mut found.skips {
        skip.span = span.clone();
    }
    push(field, found, finder);
}

fn push(field: &str, found: Found, finder: &mut Finder<'_, '_>) {
    let prefix = |inner: String| format!("{field}: {inner}");
    finder.found.sites.extend(found.sites.into_iter().map(|site| Site {
        field: prefix(site.field),
        ..site
    }));
    finder.found.skips.extend(found.skips.into_iter().map(|skip| Skip {
        field: prefix(skip.field),
        ..skip
    }));
    finder.found.marks.extend(found.marks);
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::{Tried, try_format};

    fn tried(build: &str) -> Tried {
        let text = format!("services:\n  a:\n    build:\n{build}");
        let mut tried = try_format(Format::Compose, &text, &Options::default());
        tried.pinned = tried.pinned.split_once("build:\n").unwrap().1.to_owned();
        tried
    }

    #[test]
    fn inline_dockerfiles_are_pinned_where_they_stand() {
        let build = "      dockerfile_inline: |\r\n        FROM a:1 AS x\r\n\r\n        RUN --mount=from=b \\\r\n          echo $$HOME\r\n";
        let tried = tried(build);
        assert_eq!(
            tried.pinned,
            build.replace("a:1", "a:1@D").replace("from=b", "from=b@D")
        );
        assert_eq!(
            tried.sites,
            [
                "services.a.build.dockerfile_inline: FROM: a:1",
                "services.a.build.dockerfile_inline: RUN --mount from: b",
            ]
        );
    }

    #[test]
    fn inline_dockerfiles_that_cannot_be_written_are_said() {
        const FIELD: &str = "services.a.build.dockerfile_inline";
        const VARIABLES: &str = "Compose fills in variables around it";
        for (build, sites, reasons) in [
            (
                "      dockerfile_inline: \"FROM a:1\\nFROM b:1\"\n",
                &["FROM: a:1", "FROM: b:1"][..],
                &["FROM: several images share the place of its digest"; 2][..],
            ),
            (
                "      dockerfile_inline: FROM a:1\n",
                &["FROM: a:1"],
                &["FROM: its Dockerfile is no literal block (`|`)"],
            ),
            (
                "      dockerfile_inline: |\n        FROM ${X:-a:1}-b\n",
                &["FROM: a:1-b"],
                &["FROM: its name is put together from build arguments"],
            ),
            (
                "      dockerfile_inline: |\n        ARG V=1\n        FROM a:$$V\n",
                &["FROM: a:1"],
                &[&format!("FROM: {VARIABLES}")],
            ),
        ] {
            let tried = tried(build);
            let prefixed =
                |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| format!("{FIELD}: {line}")).collect() };
            assert_eq!(tried.pinned, build);
            assert_eq!(tried.sites, prefixed(sites));
            assert_eq!(tried.reasons, prefixed(reasons));
        }
        let tried = tried("      dockerfile_inline: |\n        FROM a:1\n        FROM b:$V\n");
        assert_eq!(
            tried.pinned,
            "      dockerfile_inline: |\n        FROM a:1@D\n        FROM b:$V\n"
        );
        assert_eq!(tried.sites, [format!("{FIELD}: FROM: a:1")]);
        assert_eq!(
            tried.reasons,
            [
                format!("{FIELD}: FROM a:1\nFROM b:$V\n: variable"),
                format!("{FIELD}: FROM: b:$V: variable")
            ]
        );
    }

    #[test]
    fn contexts_may_be_images() {
        let build = "      context: .\n      cache_from: [x/y:1]\n      additional_contexts:\n        a: docker-image://nginx:1\n        b: ./b\n        c: docker-image://x/y:${V:-1}\n        d: $D\n";
        let tried = tried(build);
        assert_eq!(tried.pinned, build.replace("nginx:1", "nginx:1@D"));
        assert_eq!(
            tried.sites,
            [
                "services.a.build.additional_contexts.a: nginx:1",
                "services.a.build.additional_contexts.c: x/y:1",
            ]
        );
        assert_eq!(
            tried.reasons,
            [
                "services.a.build.additional_contexts.d: $D: variable",
                "services.a.build.additional_contexts.c: its name is put together from variables",
            ]
        );
        let build =
            "      additional_contexts: ['a=docker-image://nginx', b=./docker-image://x, 'c=docker-image://${X-y}']\n";
        let tried = self::tried(build);
        assert_eq!(tried.pinned, build.replace("nginx", "nginx@D"));
        assert_eq!(
            tried.sites,
            [
                "services.a.build.additional_contexts[0]: nginx",
                "services.a.build.additional_contexts[2]: y",
            ]
        );
    }
}
