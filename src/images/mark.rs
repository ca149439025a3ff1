//! Marks in comments that keep an image from being pinned: `# kship:ignore=reason`.

use super::site::Found;
use crate::policy::{NO_REASON, mark};
use crate::text::LineIndex;

/// Notes at every place of a file whether a comment marks it: one on its own lines, or one alone on the line above.
///
/// `comment` gives the text of the comment that ends a line, the line counted from zero.
pub(super) fn note<'a>(found: &mut Found, text: &'a str, comment: impl Fn(usize) -> Option<&'a str>) {
    if !text.contains("kship:ignore") && !text.contains("ratchet:exclude") {
        return;
    }
    let lines = LineIndex::new(text);
    let lines_of = |span: &std::ops::Range<usize>| {
        let (first, last) = (lines.line_of(span.start), lines.line_of(span.end));
        let above = first.checked_sub(1).filter(|&line| {
            let line = text.get(lines.line_range(text, line)).unwrap_or_default();
            line.trim_start().starts_with('#')
        });
        [above, Some(first), Some(last)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    let sites = found.sites.iter().map(|site| &site.span);
    // Places of one line follow each other, and a line can be long.
    let cached = std::cell::Cell::new((usize::MAX, None));
    let comment = |line: usize| {
        if cached.get().0 != line {
            cached.set((line, comment(line)));
        }
        cached.get().1
    };
    let marked = |span: &std::ops::Range<usize>| lines_of(span).into_iter().filter_map(comment).find_map(reason);
    let spans = sites.chain(found.skips.iter().map(|skip| &skip.span));
    let marks: Vec<_> = spans.filter_map(|span| Some((span.start, marked(span)?))).collect();
    found.marks.extend(marks);
}

/// The comment of a Dockerfile's line: it has the line to itself.
pub(super) fn whole_line_comment(text: &str, line: usize) -> Option<&str> {
    text.lines().nth(line)?.trim_start().strip_prefix('#')
}

/// The reason in a comment that begins with a mark.
fn reason(comment: &str) -> Option<String> {
    if comment.split_whitespace().next() == Some("ratchet:exclude") {
        return Some(NO_REASON.to_owned());
    }
    mark(comment).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use crate::images::{Options, find};

    fn mark(name: &str, text: &str) -> Option<String> {
        let found = find(Utf8Path::new(name), text, &Options::default()).unwrap();
        found.marks.into_values().next()
    }

    #[test]
    fn a_mark_counts_on_the_line_and_alone_above_it() {
        let yaml = |text: &str| mark("a.yaml", text);
        assert_eq!(
            yaml("image: nginx:1 # kship:ignore=kind loads it\n").unwrap(),
            "kind loads it"
        );
        assert_eq!(
            yaml("x: {image: nginx:1, name: x} # kship:ignore\n").unwrap(),
            "no reason given"
        );
        assert_eq!(yaml("# kship:ignore= \nimage: nginx:1\n").unwrap(), "no reason given");
        assert_eq!(
            mark("Dockerfile", "# ratchet:exclude\nFROM nginx:1\n").unwrap(),
            "no reason given"
        );
    }

    #[test]
    fn nothing_else_is_a_mark() {
        for text in [
            "a: b # kship:ignore=other line\nimage: nginx:1\n",
            "image: nginx:1\n# kship:ignore=below\n",
            "image: nginx:1 # kship:ignored\n",
            "image: nginx:1 # see kship:ignore=x\n",
            "x: {image: nginx:1, name: \"# kship:ignore=x\"}\n",
            "x: {image: nginx:1, name: 'a #kship:ignore'}\n",
            "name: |\n  # kship:ignore=x\nimage: nginx:1\n",
        ] {
            assert_eq!(mark("a.yaml", text), None, "{text}");
        }
        assert_eq!(mark("Dockerfile", "FROM nginx:1 AS a#kship:ignore\n"), None);
    }
}
