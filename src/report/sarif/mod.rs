//! A report as SARIF 2.1.0 (OASIS standard with errata 01), for code scanning.
//!
//! Lines and columns count from one, columns in Unicode code points; addresses of files are relative to `%SRCROOT%`.
//! Failures and skips are notifications of the one invocation (section 3.20.21), for they are no results.

mod objects;

use std::collections::HashMap;

use camino::Utf8Path;

use self::objects::{
    ArtifactLocation, BaseId, BaseIds, Descriptor, Driver, FixObject, Invocation, LocationObject, Log, LogicalLocation,
    Message, Notification, PartialFingerprints, PhysicalLocation, Region, ResultObject, RuleObject, Run, Tool,
};
use super::finding::{Finding, Rule};
use super::model::Report;
use crate::oci::Digest;

/// Renders a report as indented SARIF with a final line feed.
///
/// # Errors
/// None for any report; serializing plain data has an error type all the same.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut rules: Vec<&Rule> = report.rules.to_vec();
    for finding in &report.findings {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule);
        }
    }
    let mut fingerprints = Fingerprints::default();
    let results = report
        .findings
        .iter()
        .map(|finding| ResultObject {
            rule_id: finding.rule.code,
            rule_index: rules.iter().position(|rule| *rule == finding.rule),
            level: finding.rule.level.as_str(),
            message: Message::new(&finding.message),
            locations: [LocationObject {
                physical_location: PhysicalLocation {
                    artifact_location: ArtifactLocation::new(&finding.location.path),
                    region: Some(Region::new(finding.location.start, finding.location.end)),
                },
                logical_locations: finding
                    .field
                    .iter()
                    .map(|field| LogicalLocation {
                        fully_qualified_name: field,
                    })
                    .collect(),
            }],
            partial_fingerprints: fingerprints.of(finding),
            fixes: finding
                .fix
                .iter()
                .map(|fix| FixObject::new(fix, &finding.location.path))
                .collect(),
            properties: &finding.properties,
        })
        .collect();
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "kship",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules.iter().map(|rule| RuleObject::new(rule)).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: report.failures.is_empty(),
                tool_execution_notifications: notifications(report),
            }],
            original_uri_base_ids: BaseIds {
                source_root: BaseId {
                    description: Message::new("the working directory of the run"),
                },
            },
            results,
            column_kind: "unicodeCodePoints",
        }],
    };
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

fn notifications(report: &Report) -> Vec<Notification<'_>> {
    let failures = report.failures.iter().map(|failure| {
        let mut text = failure.message.clone();
        for cause in &failure.caused_by {
            text.push_str("\ncaused by: ");
            text.push_str(cause);
        }
        let location = |path| LocationObject {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation::new(path),
                region: failure.position.map(Region::at),
            },
            logical_locations: Vec::new(),
        };
        Notification {
            level: "error",
            message: Message { text },
            locations: failure.path.iter().map(|path| location(path)).collect(),
            descriptor: None,
        }
    });
    let skips = report.skips.iter().map(|skip| Notification {
        level: "note",
        message: Message {
            text: format!("skipped `{}`: {}", skip.text, skip.reason),
        },
        locations: vec![LocationObject {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation::new(&skip.location.path),
                region: Some(Region::new(skip.location.start, skip.location.end)),
            },
            logical_locations: Vec::new(),
        }],
        descriptor: Some(Descriptor { id: skip.code }),
    });
    failures.chain(skips).collect()
}

/// Names a result across commits: by its rule, its line and what it points at, not by where the line stands.
///
/// The key is the one that code scanning compares; equal lines of one file are told apart by their order.
#[derive(Default)]
struct Fingerprints<'a> {
    seen: HashMap<(&'a Utf8Path, String), usize>,
}

impl<'a> Fingerprints<'a> {
    fn of(&mut self, finding: &'a Finding) -> PartialFingerprints {
        let path = finding.location.path.as_path();
        let what = match &finding.location.excerpt {
            Some(excerpt) if !excerpt.line.is_empty() => [excerpt.line.trim(), excerpt.text(), ""],
            // A hash of what is not shown would be a secret's, and could be guessed.
            _ => ["", "", finding.field.as_deref().unwrap_or_default()],
        };
        let what = format!("{}\0{}", finding.rule.code, what.join("\0"));
        let hash = Digest::of(what.as_bytes());
        let hash = hash.hex().get(..16).unwrap_or_default().to_owned();
        let count = self.seen.entry((path, hash.clone())).or_default();
        *count += 1;
        PartialFingerprints {
            primary_location_line_hash: format!("{hash}:{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::{Location, examples};
    use crate::text::LineIndex;

    fn rendered(report: &Report) -> Value {
        serde_json::from_str(&render(report).unwrap()).unwrap()
    }

    /// The text of a region, counted as section 3.30.2 says: lines and code points from one.
    fn region_text(text: &str, region: &Value) -> String {
        let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
        let offset = |line: usize, column: usize| {
            let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
            let within: usize = text[start..].chars().take(column - 1).map(char::len_utf8).sum();
            start + within
        };
        text[offset(number("startLine"), number("startColumn"))..offset(number("endLine"), number("endColumn"))]
            .to_owned()
    }

    #[test]
    fn the_official_schema_holds() {
        let schema = serde_json::from_str(include_str!("../../../fixtures/report/sarif-schema-2.1.0.json")).unwrap();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        for report in [examples::empty(), examples::full(), examples::hostile()] {
            let value = rendered(&report);
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
        }
        let mut wrong = rendered(&examples::full());
        wrong["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into();
        assert!(!validator.is_valid(&wrong), "the schema is in force");
    }

    #[test]
    fn the_reported_region_holds_the_reported_text() {
        let log = rendered(&examples::full());
        let run = &log["runs"][0];
        let result = &run["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(region_text(examples::TEXT, &place["region"]), "shöp/web:1.4.2");
        assert_eq!(place["artifactLocation"]["uri"], "deploy/web.yaml");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(rules.len(), 2, "rules that found nothing are there too");
        let notification = &run["invocations"][0]["toolExecutionNotifications"][2];
        assert_eq!(
            region_text(
                examples::TEXT,
                &notification["locations"][0]["physicalLocation"]["region"]
            ),
            "${IMAGE}"
        );
    }

    #[test]
    fn the_fix_inserts_after_the_reference() {
        let log = rendered(&examples::full());
        let change = &log["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(region_text(examples::TEXT, &change["deletedRegion"]), "");
        let mut up_to = change["deletedRegion"].clone();
        up_to["startColumn"] = 1.into();
        assert_eq!(region_text(examples::TEXT, &up_to), "image: 'shöp/web:1.4.2");
        assert_eq!(change["insertedContent"]["text"], format!("@{}", examples::digest()));
    }

    #[test]
    fn a_failure_makes_the_run_unsuccessful_and_no_result() {
        let mut report = examples::full();
        let log = rendered(&report);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let notifications = &invocation["toolExecutionNotifications"];
        assert_eq!(
            notifications[0]["message"]["text"],
            "a tab indents\ncaused by: YAML 1.2.2, 6.1"
        );
        assert_eq!(notifications[0]["level"], "error");
        assert_eq!(
            notifications[0]["locations"][0]["physicalLocation"]["region"]["startLine"],
            3
        );
        assert_eq!(notifications[1]["locations"], Value::Null);
        assert_eq!(notifications[2]["message"]["text"], "skipped `${IMAGE}`: a variable");
        report.failures.clear();
        assert_eq!(
            rendered(&report)["runs"][0]["invocations"][0]["executionSuccessful"],
            true
        );
    }

    #[test]
    fn fingerprints_survive_lines_above_and_tell_twins_apart() {
        let fingerprints = |text: &str| -> Vec<String> {
            let index = LineIndex::new(text);
            let mut report = examples::empty();
            for (at, word) in text.match_indices("a:1").chain(text.match_indices("b:1")) {
                let location = Location::with_excerpt("web.yaml", text, &index, at..at + word.len());
                report.findings.push(Finding::new(&examples::UNPINNED, "x", location));
            }
            let log = rendered(&report);
            let results = log["runs"][0]["results"].as_array().unwrap();
            let hash = |result: &Value| {
                result["partialFingerprints"]["primaryLocationLineHash"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            results.iter().map(hash).collect()
        };
        let before = fingerprints("- image: a:1\n- image: a:1\n- image: b:1\n");
        let after = fingerprints("# new\n\n  - image: a:1\n  - image: a:1\n  - image: b:1\r\n");
        assert_eq!(before, after);
        assert_eq!(before.len(), 3);
        assert_eq!(before[0].strip_suffix(":1"), before[1].strip_suffix(":2"));
        assert_ne!(before[0], before[2]);
    }
}
