//! Reports for the tests of the renderers.

use serde_json::json;

use super::{Change, Count, Failure, Finding, Fix, Level, Location, Replacement, Report, Rule, Skip};
use crate::oci::Digest;
use crate::text::{Edit, LineIndex, Position};

pub(super) static UNPINNED: Rule = Rule {
    code: "unpinned",
    summary: "an image reference has no digest",
    help: "Run `kship pin` to write the digest.",
    level: Level::Error,
};

pub(super) static DRIFTED: Rule = Rule {
    code: "drifted",
    summary: "the tag has moved",
    help: "Run `kship pin --update` after review.",
    level: Level::Warning,
};

static RULES: [&Rule; 2] = [&UNPINNED, &DRIFTED];

/// A file with CRLF, quotes, a comment, a tab and letters beyond ASCII.
pub(super) const TEXT: &str =
    "kind: Pod # für den Laden\r\nimage: 'shöp/web:1.4.2' # front\r\n\tnested: redis:7\r\nother: ${IMAGE}\r\n";

pub(super) fn digest() -> String {
    Digest::of(b"web").to_string()
}

pub(super) fn locate(text: &str, needle: &str) -> Location {
    let at = text.find(needle).unwrap();
    Location::with_excerpt("deploy/web.yaml", text, &LineIndex::new(text), at..at + needle.len())
}

pub(super) fn empty() -> Report {
    Report::new("kship.pin/v1", &RULES)
}

/// One of everything.
pub(super) fn full() -> Report {
    let index = LineIndex::new(TEXT);
    let insert = |needle: &str| {
        let at = TEXT.find(needle).unwrap() + needle.len();
        Edit {
            range: at..at,
            replacement: format!("@{}", digest()),
        }
    };
    let web = "shöp/web:1.4.2";
    let mut report = empty();
    report.findings = vec![
        Finding::new(&UNPINNED, format!("`{web}` has no digest"), locate(TEXT, web))
            .with_field("spec.containers[0].image")
            .with_fix(Fix::new(
                format!("pin it to {}", digest()),
                TEXT,
                &index,
                &[insert(web)],
            ))
            .with_property("reference", web),
    ];
    report.changes = vec![Change {
        message: "pinned `redis:7`".into(),
        location: locate(TEXT, "redis:7"),
        field: None,
        replacements: vec![Replacement::new(TEXT, &index, &insert("redis:7"))],
        properties: serde_json::Map::new(),
    }];
    report.skips = vec![Skip {
        code: "template",
        reason: "a variable".into(),
        location: locate(TEXT, "${IMAGE}"),
        field: Some("other".into()),
        text: "${IMAGE}".into(),
    }];
    report.failures = vec![
        Failure {
            path: Some("deploy/bad.yaml".into()),
            position: Some(Position { line: 3, column: 5 }),
            message: "a tab indents".into(),
            caused_by: vec!["YAML 1.2.2, 6.1".into()],
        },
        Failure {
            path: None,
            position: None,
            message: "registry.example.com answers 503".into(),
            caused_by: Vec::new(),
        },
    ];
    report.summary = vec![
        Count::new("unpinned", 1),
        Count::new("changed", 1).with_label("pinned"),
        Count::new("drifted", 0),
        Count::new("skipped", 1),
        Count::new("failed", 2),
    ];
    report.details.insert("platforms".into(), json!(["linux/amd64"]));
    report
}

/// Every text that comes from outside tries to take over the terminal or the log.
pub(super) fn hostile() -> Report {
    const EVIL: &str = "\u{1b}[2J\u{9b}31m\u{7}\r\n::error::owned\u{202e}, 100%: \u{0}\u{7f}";
    let mut report = full();
    let text = format!("image: {} x\n", EVIL.replace(['\r', '\n'], ""));
    let mut location = locate(&text, "x");
    location.path = EVIL.into();
    for finding in &mut report.findings {
        finding.message = EVIL.into();
        finding.field = Some(EVIL.into());
        finding.location = location.clone();
        finding.fix = finding.fix.take().map(|fix| Fix {
            description: EVIL.into(),
            ..fix
        });
    }
    for change in &mut report.changes {
        change.message = EVIL.into();
        change.location = location.clone();
    }
    for skip in &mut report.skips {
        skip.text = EVIL.into();
        skip.reason = EVIL.into();
        skip.location = location.clone();
    }
    for failure in &mut report.failures {
        failure.message = EVIL.into();
        failure.caused_by = vec![EVIL.into()];
        failure.path = Some(EVIL.into());
    }
    report
}
