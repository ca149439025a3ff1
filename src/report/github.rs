//! A report as annotations of GitHub Actions.
//!
//! A workflow command is one line, `::error file=a,line=1::message`; the runner turns `%25`, `%0A` and `%0D` back, in
//! properties `%3A` and `%2C` too. Columns are given only where start and end are on one line: GitHub ignores them
//! elsewhere. See "Workflow commands for GitHub Actions" in GitHub's documentation.

use std::fmt::Write as _;

use super::finding::{Level, Location};
use super::model::Report;
use super::visible::{visible, visible_lines};

/// Renders findings and failures as errors, warnings and notices, changes as notices, and the summary as plain text.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let command = match finding.rule.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let title = format!("kship {}", finding.rule.code);
        let message = match &finding.fix {
            Some(fix) => format!("{}\n{}", finding.message, fix.description),
            None => format!("{}\n{}", finding.message, finding.rule.help),
        };
        push(&mut out, command, &place(&finding.location), &title, &message);
    }
    for change in &report.changes {
        push(&mut out, "notice", &place(&change.location), "kship", &change.message);
    }
    for failure in &report.failures {
        let mut properties = Vec::new();
        if let Some(path) = &failure.path {
            properties.push(("file", path.to_string()));
        }
        if let Some(position) = failure.position {
            properties.push(("line", position.line.to_string()));
            properties.push(("col", position.column.to_string()));
        }
        let mut message = failure.message.clone();
        for cause in &failure.caused_by {
            message.push_str("\ncaused by: ");
            message.push_str(cause);
        }
        push(&mut out, "error", &properties, "kship could not decide", &message);
    }
    if let Some(summary) = report.summary_line() {
        out.push_str(&summary);
        out.push('\n');
    }
    out
}

type Properties = Vec<(&'static str, String)>;

fn place(location: &Location) -> Properties {
    let mut properties = vec![
        ("file", location.path.to_string()),
        ("line", location.start.line.to_string()),
        ("endLine", location.end.line.to_string()),
    ];
    if location.start.line == location.end.line {
        properties.push(("col", location.start.column.to_string()));
        properties.push(("endColumn", location.end.column.to_string()));
    }
    properties
}

fn push(out: &mut String, command: &str, properties: &[(&'static str, String)], title: &str, message: &str) {
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("title", title)])
        .map(|(name, value)| format!("{name}={}", escape_property(&visible(value))))
        .collect();
    let message = escape_data(&visible_lines(message));
    // Writing to a string does not fail.
    let _ = writeln!(out, "::{command} {}::{message}", properties.join(","));
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::{Failure, Finding, examples};
    use crate::text::{LineIndex, Position};

    #[test]
    fn a_report_becomes_annotations() {
        assert_eq!(
            render(&examples::full()),
            format!(
                "::error file=deploy/web.yaml,line=2,endLine=2,col=9,endColumn=23,title=kship unpinned\
                 ::`shöp/web:1.4.2` has no digest%0Apin it to {digest}\n\
                 ::notice file=deploy/web.yaml,line=3,endLine=3,col=10,endColumn=17,title=kship\
                 ::pinned `redis:7`\n\
                 ::error file=deploy/bad.yaml,line=3,col=5,title=kship could not decide\
                 ::a tab indents%0Acaused by: YAML 1.2.2, 6.1\n\
                 ::error title=kship could not decide::registry.example.com answers 503\n\
                 1 unpinned, 1 pinned, 1 skipped, 2 failed\n",
                digest = examples::digest()
            )
        );
    }

    #[test]
    fn a_range_over_lines_has_no_columns() {
        let text = "a: b\nc: d\n";
        let location = Location::new("a.yaml", text, &LineIndex::new(text), 3..9);
        let mut report = examples::empty();
        report.findings = vec![Finding::new(&examples::UNPINNED, "x", location)];
        let line = render(&report);
        assert!(
            line.starts_with("::error file=a.yaml,line=1,endLine=2,title="),
            "{line}"
        );
    }

    /// Reads a command as the runner does (`ActionCommand.TryParseV2` and its escape tables).
    fn parse(line: &str) -> (String, Vec<(String, String)>, String) {
        let line = line.strip_prefix("::").unwrap();
        let (head, data) = line.split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let unescape = |text: &str, property: bool| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n");
            let text = if property {
                text.replace("%3A", ":").replace("%2C", ",")
            } else {
                text
            };
            text.replace("%25", "%")
        };
        let properties = properties
            .split(',')
            .map(|property| {
                let (name, value) = property.split_once('=').unwrap();
                (name.to_owned(), unescape(value, true))
            })
            .collect();
        (command.to_owned(), properties, unescape(data, false))
    }

    proptest! {
        #[test]
        fn nothing_breaks_out(
            path in "([a-z%:,=\\r\\n\u{1b}\u{202e}]|::| |.){1,20}",
            message in "([a-z%:,=\\r\\n\u{1b}\u{9b}]|::error |.){0,40}",
        ) {
            let mut report = examples::empty();
            report.failures = vec![
                Failure {
                    path: Some(path.clone().into()),
                    position: Some(Position { line: 7, column: 3 }),
                    message: message.clone(),
                    caused_by: vec![message.clone()],
                };
                2
            ];
            let text = render(&report);
            let lines: Vec<&str> = text.split_terminator('\n').collect();
            prop_assert_eq!(lines.len(), 2);
            for line in lines {
                prop_assert!(!line.contains(char::is_control));
                let (command, properties, data) = parse(line);
                prop_assert_eq!(command, "error");
                prop_assert_eq!(&properties, &[
                    ("file".to_owned(), visible(&path).into_owned()),
                    ("line".to_owned(), "7".to_owned()),
                    ("col".to_owned(), "3".to_owned()),
                    ("title".to_owned(), "kship could not decide".to_owned()),
                ]);
                let message = visible_lines(&message);
                prop_assert_eq!(data, format!("{message}\ncaused by: {message}"));
            }
        }
    }
}
