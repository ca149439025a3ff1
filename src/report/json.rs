//! A report as one JSON object: the same fields in the same order in every run, and only ever more of them.
//!
//! `fixtures/report/report.schema.json` describes it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::finding::{Fix, Location, Replacement};
use super::model::Report;
use crate::text::Position;

/// Renders a report as indented JSON with a final line feed.
///
/// # Errors
/// None for any report; serializing plain data has an error type all the same.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let document = Document {
        schema: report.schema,
        summary: report
            .summary
            .iter()
            .map(|count| (count.name.to_owned(), count.count.into()))
            .collect(),
        findings: report
            .findings
            .iter()
            .map(|finding| FindingObject {
                rule: finding.rule.code,
                level: finding.rule.level.as_str(),
                message: &finding.message,
                location: (&finding.location).into(),
                field: finding.field.as_deref(),
                fix: finding.fix.as_ref().map(Into::into),
                properties: &finding.properties,
            })
            .collect(),
        changes: report
            .changes
            .iter()
            .map(|change| ChangeObject {
                message: &change.message,
                location: (&change.location).into(),
                field: change.field.as_deref(),
                edits: change.replacements.iter().map(Into::into).collect(),
                properties: &change.properties,
            })
            .collect(),
        skips: report
            .skips
            .iter()
            .map(|skip| SkipObject {
                code: skip.code,
                reason: &skip.reason,
                location: (&skip.location).into(),
                field: skip.field.as_deref(),
                text: &skip.text,
            })
            .collect(),
        failures: report
            .failures
            .iter()
            .map(|failure| FailureObject {
                message: &failure.message,
                caused_by: &failure.caused_by,
                path: failure.path.as_ref().map(|path| path.as_str()),
                position: failure.position.map(Into::into),
            })
            .collect(),
        details: &report.details,
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    summary: Map<String, Value>,
    findings: Vec<FindingObject<'a>>,
    changes: Vec<ChangeObject<'a>>,
    skips: Vec<SkipObject<'a>>,
    failures: Vec<FailureObject<'a>>,
    details: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct FindingObject<'a> {
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    location: LocationObject<'a>,
    field: Option<&'a str>,
    fix: Option<FixObject<'a>>,
    properties: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    message: &'a str,
    location: LocationObject<'a>,
    field: Option<&'a str>,
    edits: Vec<EditObject<'a>>,
    properties: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct SkipObject<'a> {
    code: &'a str,
    reason: &'a str,
    location: LocationObject<'a>,
    field: Option<&'a str>,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureObject<'a> {
    message: &'a str,
    caused_by: &'a [String],
    path: Option<&'a str>,
    position: Option<PositionObject>,
}

#[derive(Serialize)]
struct FixObject<'a> {
    description: &'a str,
    edits: Vec<EditObject<'a>>,
}

#[derive(Serialize)]
struct EditObject<'a> {
    start: OffsetObject,
    end: OffsetObject,
    replacement: &'a str,
}

#[derive(Serialize)]
struct LocationObject<'a> {
    path: &'a str,
    start: OffsetObject,
    end: OffsetObject,
}

/// Lines and columns count from one, bytes from zero.
#[derive(Serialize)]
struct OffsetObject {
    line: usize,
    column: usize,
    byte: usize,
}

#[derive(Serialize)]
struct PositionObject {
    line: usize,
    column: usize,
}

impl OffsetObject {
    const fn new(position: Position, byte: usize) -> Self {
        Self {
            line: position.line,
            column: position.column,
            byte,
        }
    }
}

impl From<Position> for PositionObject {
    fn from(Position { line, column }: Position) -> Self {
        Self { line, column }
    }
}

impl<'a> From<&'a Location> for LocationObject<'a> {
    fn from(location: &'a Location) -> Self {
        Self {
            path: location.path.as_str(),
            start: OffsetObject::new(location.start, location.range.start),
            end: OffsetObject::new(location.end, location.range.end),
        }
    }
}

impl<'a> From<&'a Replacement> for EditObject<'a> {
    fn from(replacement: &'a Replacement) -> Self {
        Self {
            start: OffsetObject::new(replacement.start, replacement.edit.range.start),
            end: OffsetObject::new(replacement.end, replacement.edit.range.end),
            replacement: &replacement.edit.replacement,
        }
    }
}

impl<'a> From<&'a Fix> for FixObject<'a> {
    fn from(fix: &'a Fix) -> Self {
        Self {
            description: &fix.description,
            edits: fix.replacements.iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples;

    #[test]
    fn the_schema_describes_every_report() {
        let schema = serde_json::from_str(include_str!("../../fixtures/report/report.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for report in [examples::empty(), examples::full(), examples::hostile()] {
            let value: Value = serde_json::from_str(&render(&report).unwrap()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
        }
        assert!(!validator.is_valid(&serde_json::json!({"schema": "kship.pin/v1"})));
    }

    #[test]
    fn fields_keep_their_order() {
        let text = render(&examples::full()).unwrap();
        let value: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let keys: Vec<&str> = value.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "schema", "summary", "findings", "changes", "skips", "failures", "details"
            ]
        );
        assert!(
            text.starts_with("{\n  \"schema\": \"kship.pin/v1\",\n  \"summary\": {\n    \"unpinned\": 1,"),
            "{text}"
        );
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn counts_have_their_names_and_not_what_people_read() {
        let value: Value = serde_json::from_str(&render(&examples::full()).unwrap()).unwrap();
        let summary = &value["summary"];
        assert_eq!((&summary["changed"], summary.get("pinned")), (&Value::from(1), None));
    }

    #[test]
    fn the_edits_of_the_fix_are_those_that_put_it_right() {
        let value: Value = serde_json::from_str(&render(&examples::full()).unwrap()).unwrap();
        let edit = &value["findings"][0]["fix"]["edits"][0];
        let at = |end: &str| usize::try_from(edit[end]["byte"].as_u64().unwrap()).unwrap();
        let mut text = examples::TEXT.to_owned();
        text.replace_range(at("start")..at("end"), edit["replacement"].as_str().unwrap());
        assert!(
            text.contains(&format!("image: 'shöp/web:1.4.2@{}' # front\r\n", examples::digest())),
            "{text}"
        );
    }
}
