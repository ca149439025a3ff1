//! A report for people: each finding with its line and a caret, readable without colour.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level as Tone, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::finding::{Excerpt, Finding, Level, Location};
use super::model::{Failure, Report};
use super::visible::{push_escape, visible, visible_lines};
use crate::text::deceives;

/// How a report is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The width in columns; lines of files are cut to it, words are not.
    pub width: usize,
    /// Whether colour is used.
    pub color: bool,
    /// Whether each skip is told, and not only their number.
    pub explain: bool,
}

/// Renders findings, changes, skips and the summary; failures go elsewhere, see [`failure_lines`].
#[must_use]
pub fn render(report: &Report, layout: Layout) -> String {
    let renderer = if layout.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(layout.width);
    let mut out = String::new();
    let mut helped = BTreeSet::new();
    for finding in &report.findings {
        let first = helped.insert(finding.rule.code);
        out.push_str(&snippet(finding, &renderer, layout, first));
        out.push_str("\n\n");
    }
    // Writing to a string does not fail.
    for change in &report.changes {
        let _ = writeln!(out, "{}: {}", place(&change.location), visible(&change.message));
    }
    if layout.explain {
        for skip in &report.skips {
            let (place, text) = (place(&skip.location), visible(&skip.text));
            let what = if text.is_empty() {
                String::new()
            } else {
                format!(" `{text}`")
            };
            let _ = writeln!(out, "{place}: skipped{what}: {}", visible(&skip.reason));
        }
    }
    if let Some(summary) = report.summary_line() {
        let _ = writeln!(out, "{summary}");
    }
    out
}

/// The lines that tell a failure, the error first, then its causes: the caller labels them.
#[must_use]
pub fn failure_lines(failure: &Failure) -> Vec<String> {
    let message = visible_lines(&failure.message);
    let first = match (&failure.path, failure.position) {
        (Some(path), Some(position)) => format!("{}:{position}: {message}", visible(path.as_str())),
        (Some(path), None) if !failure.message.contains(path.as_str()) => {
            format!("{}: {message}", visible(path.as_str()))
        }
        _ => message.into_owned(),
    };
    let causes = failure.caused_by.iter().map(|cause| visible_lines(cause).into_owned());
    std::iter::once(first).chain(causes).collect()
}

fn place(location: &Location) -> String {
    format!("{}:{}", visible(location.path.as_str()), location.start)
}

/// One finding; what its rule says about all of them is told once.
fn snippet(finding: &Finding, renderer: &Renderer, layout: Layout, first: bool) -> String {
    let tone = match finding.rule.level {
        Level::Error => Tone::ERROR,
        Level::Warning => Tone::WARNING,
        Level::Note => Tone::NOTE,
    };
    let location = &finding.location;
    let title = tone
        .primary_title(visible(&finding.message).into_owned())
        .id(finding.rule.code);
    let fix = finding.fix.as_ref().map(|fix| fix.description.as_str());
    let help = fix.into_iter().chain(first.then_some(finding.rule.help));
    let help = help.map(|help| Tone::HELP.message(visible(help).into_owned()));
    let Some(excerpt) = location.excerpt.as_ref().filter(|excerpt| !excerpt.line.is_empty()) else {
        let origin = Origin::path(visible(location.path.as_str()).into_owned())
            .line(location.start.line)
            .char_column(location.start.column);
        return renderer.render(&[title.element(origin).elements(help)]);
    };
    let digits = location.start.line.to_string().len();
    let window = Window::new(excerpt, layout.width.saturating_sub(digits + GUTTER).max(NARROWEST));
    let source = Snippet::source(window.text)
        .line_start(location.start.line)
        .fold(false)
        .annotation(AnnotationKind::Primary.span(window.marked));
    let rendered = renderer.render(&[title.element(source).elements(help)]);
    // The renderer would count the column in the line as it is shown, cut and escaped.
    let (title, below) = rendered.split_once('\n').unwrap_or((&rendered, ""));
    let style = if layout.color {
        renderer_line_style()
    } else {
        Style::new()
    };
    format!(
        "{title}\n{:digits$}{style}--> {style:#}{}\n{below}",
        "",
        place(location)
    )
}

/// The style of line numbers in the renderer's own default.
const fn renderer_line_style() -> Style {
    AnsiColor::BrightBlue.on_default().bold()
}

/// What stands left of a line beside its number: ` | `, and a column for the caret of an empty range.
const GUTTER: usize = 4;

/// A line is not cut to less than this.
const NARROWEST: usize = 20;

/// What stands for what was cut off.
const ELLIPSIS: &str = "...";

/// The part of a line that is shown: what deceives is escaped, tabs are spaces, and ends far from the range are cut.
struct Window {
    text: String,
    marked: std::ops::Range<usize>,
}

impl Window {
    fn new(excerpt: &Excerpt, width: usize) -> Self {
        let cells: Vec<Cell> = excerpt.line.char_indices().map(Cell::new).collect();
        let index_of = |byte| cells.partition_point(|cell| cell.byte < byte);
        let (first, last) = (index_of(excerpt.marked.start), index_of(excerpt.marked.end));
        let shown = visible_range(&cells, first, last, width);

        let mut text = String::new();
        if shown.start > 0 {
            text.push_str(ELLIPSIS);
        }
        let mut marked = text.len()..text.len();
        for (at, cell) in cells.iter().enumerate().take(shown.end).skip(shown.start) {
            if at == first {
                marked.start = text.len();
            }
            text.push_str(&cell.text);
            if at < last {
                marked.end = text.len();
            }
        }
        if first >= shown.end {
            marked.start = text.len();
        }
        marked.end = marked.end.max(marked.start);
        if shown.end < cells.len() {
            text.push_str(ELLIPSIS);
        }
        Self { text, marked }
    }
}

/// One character as it is shown.
struct Cell {
    byte: usize,
    text: String,
    width: usize,
}

impl Cell {
    fn new((byte, character): (usize, char)) -> Self {
        let mut text = String::new();
        match character {
            '\t' => text.push_str("    "),
            deceiver if deceives(deceiver) => push_escape(&mut text, deceiver),
            plain => text.push(plain),
        }
        // Too wide at worst: then less is shown.
        let width = if text.is_ascii() { text.len() } else { 2 };
        Self { byte, text, width }
    }
}

/// The cells around `first..last` that fit: all where all fit, else the range with as much before as after.
fn visible_range(cells: &[Cell], first: usize, last: usize, width: usize) -> std::ops::Range<usize> {
    let cost = |at: usize| cells.get(at).map_or(0, |cell| cell.width);
    if cells.iter().map(|cell| cell.width).sum::<usize>() <= width {
        return 0..cells.len();
    }
    let mut left = width.saturating_sub(2 * ELLIPSIS.len());
    let (mut start, mut end) = (first, first);
    while end < last && cost(end) <= left {
        left -= cost(end);
        end += 1;
    }
    loop {
        let before = start.checked_sub(1).filter(|&at| cost(at) <= left && end >= last);
        if let Some(at) = before {
            left -= cost(at);
            start = at;
        }
        let after = end < cells.len() && end >= last && cost(end) <= left;
        if after {
            left -= cost(end);
            end += 1;
        }
        if before.is_none() && !after {
            return start..end;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::examples;
    use crate::text::LineIndex;

    const PLAIN: Layout = Layout {
        width: 100,
        color: false,
        explain: true,
    };

    fn one(text: &str, needle: &str, width: usize) -> String {
        let at = text.find(needle).unwrap();
        let location = Location::with_excerpt("a.yaml", text, &LineIndex::new(text), at..at + needle.len());
        let mut report = examples::empty();
        report.findings = vec![Finding::new(&examples::UNPINNED, "x", location)];
        render(&report, Layout { width, ..PLAIN })
    }

    /// The marked text: what stands above the carets.
    fn marked(rendered: &str) -> String {
        let lines: Vec<&str> = rendered.lines().collect();
        let carets = lines.iter().position(|line| line.contains('^')).unwrap();
        let from = lines[carets].find('^').unwrap();
        lines[carets - 1]
            .chars()
            .skip(from)
            .take(lines[carets].matches('^').count())
            .collect()
    }

    #[test]
    fn a_report_reads_well() {
        let text = render(&examples::full(), PLAIN).replace(&examples::digest(), "sha256:d");
        assert_eq!(
            text,
            "error[unpinned]: `shöp/web:1.4.2` has no digest\n \
             --> deploy/web.yaml:2:9\n  \
             |\n\
             2 | image: 'shöp/web:1.4.2' # front\n  \
             |         ^^^^^^^^^^^^^^\n  \
             |\n  \
             = help: pin it to sha256:d\n  \
             = help: Run `kship pin` to write the digest.\n\
             \n\
             deploy/web.yaml:3:10: pinned `redis:7`\n\
             deploy/web.yaml:4:8: skipped `${IMAGE}`: a variable\n\
             1 unpinned, 1 pinned, 1 skipped, 2 failed\n"
        );
    }

    #[test]
    fn tabs_wide_letters_and_line_endings_do_not_move_the_caret() {
        assert_eq!(marked(&one("\timage:\tshop/web:1\r\n", "shop/web:1", 60)), "shop/web:1");
        assert_eq!(marked(&one("ü: {ä: shop/web:1}\r\n", "shop/web:1", 60)), "shop/web:1");
        assert_eq!(marked(&one("\u{feff}image: a:1", "a:1", 60)), "a:1");
        assert_eq!(marked(&one("x: \u{1b}[31m a:1", "a:1", 60)), "a:1");
        assert!(one("名: {前: shop/web:1}\n", "shop/web:1", 60).contains("名: {前: shop/web:1}"));
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let filler = "\"key\": \"value\", ".repeat(70);
        for (text, width) in [
            (format!("{{{filler}\"image\": \"shop/web:1\", {filler}}}"), 100),
            (format!("{{{filler}\"image\": \"shop/web:1\", {filler}}}"), 60),
            (format!("{{\"image\": \"shop/web:1\", {filler}}}"), 60),
            (format!("{{{filler}\"image\": \"shop/web:1\"}}"), 60),
        ] {
            let rendered = one(&text, "shop/web:1", width);
            assert_eq!(marked(&rendered), "shop/web:1", "{rendered}");
            assert!(rendered.contains("..."), "{rendered}");
            let column = text.find("shop/web:1").unwrap() + 1;
            assert!(rendered.contains(&format!("--> a.yaml:1:{column}\n")), "{rendered}");
            for line in rendered.lines() {
                assert!(line.chars().count() <= width, "{line}");
            }
        }
        let long = "x".repeat(2000);
        let rendered = one(&format!("image: {long} # end"), &long, 60);
        assert!(marked(&rendered).starts_with("xxxxxxxxxx"), "{rendered}");
        assert!(rendered.lines().all(|line| line.chars().count() <= 60), "{rendered}");
    }

    proptest! {
        #[test]
        fn no_line_and_no_range_breaks_the_picture(
            text in "([a-z: ]|\\t|\\r|\\n|[äß名🚢\u{1b}\u{301}\u{202e}\u{feff}]|x{150}|.){0,60}",
            from in 0..200_usize,
            length in 0..200_usize,
            width in 40..160_usize,
        ) {
            let location = Location::with_excerpt("a.yaml", &text, &LineIndex::new(&text), from..from + length);
            let place = format!("--> a.yaml:{}\n", location.start);
            let mut report = examples::empty();
            report.findings = vec![Finding::new(&examples::UNPINNED, "x", location)];
            let rendered = render(&report, Layout { width, ..PLAIN });
            prop_assert!(rendered.contains(&place), "{}", rendered);
            prop_assert!(!rendered.chars().any(|character| character != '\n' && deceives(character)));
            let mut lines = rendered.lines().filter(|line| !line.contains("= help: "));
            prop_assert!(lines.all(|line| line.chars().count() <= width), "{}", rendered);
            prop_assert!(rendered.contains("= help: "), "{}", rendered);
        }
    }

    #[test]
    fn an_empty_range_and_one_without_its_line_are_shown() {
        let text = "image:\n";
        let index = LineIndex::new(text);
        let location = Location::with_excerpt("a.yaml", text, &index, 6..6);
        let mut report = examples::empty();
        report.findings = vec![Finding::new(&examples::UNPINNED, "x", location)];
        assert!(
            render(&report, PLAIN).contains("1 | image:\n"),
            "{}",
            render(&report, PLAIN)
        );
        let location = Location::new("a.yaml", text, &index, 6..6);
        report.findings = vec![Finding::new(&examples::UNPINNED, "x", location)];
        let rendered = render(&report, PLAIN);
        assert!(
            rendered.contains("--> a.yaml:1:7\n") && !rendered.contains("image:"),
            "{rendered}"
        );
    }

    #[test]
    fn nothing_commands_the_terminal() {
        let report = examples::hostile();
        let mut text = render(&report, PLAIN);
        for failure in &report.failures {
            text.push_str(&failure_lines(failure).join("\n"));
        }
        assert!(
            !text.chars().any(|character| character != '\n' && deceives(character)),
            "{text}"
        );
        assert!(text.contains("\\u{1b}[2J"), "{text}");
        let colored = render(&report, Layout { color: true, ..PLAIN });
        assert!(colored.contains("\u{1b}["));
        assert!(
            !colored.contains("\u{1b}[2J") && !colored.contains('\u{9b}'),
            "{colored}"
        );
    }

    #[test]
    fn failures_name_the_place_once() {
        let full = examples::full();
        let lines: Vec<_> = full.failures.iter().map(failure_lines).collect();
        assert_eq!(lines[0], ["deploy/bad.yaml:3:5: a tab indents", "YAML 1.2.2, 6.1"]);
        assert_eq!(lines[1], ["registry.example.com answers 503"]);
        let failure = Failure {
            path: Some("a.yaml".into()),
            position: None,
            message: "a.yaml is not a file".into(),
            caused_by: Vec::new(),
        };
        assert_eq!(failure_lines(&failure), ["a.yaml is not a file"]);
    }
}
