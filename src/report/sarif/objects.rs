//! The objects of SARIF, as far as kship fills them; sections are those of SARIF 2.1.0.

use std::fmt::Write as _;

use camino::Utf8Path;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::report::finding::{Fix, Rule};
use crate::text::Position;

#[derive(Serialize)]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    pub(super) schema: &'a str,
    pub(super) version: &'a str,
    pub(super) runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    pub(super) tool: Tool<'a>,
    pub(super) invocations: [Invocation<'a>; 1],
    pub(super) original_uri_base_ids: BaseIds,
    pub(super) results: Vec<ResultObject<'a>>,
    pub(super) column_kind: &'a str,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    pub(super) driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) rules: Vec<RuleObject<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleObject<'a> {
    pub(super) id: &'a str,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    pub(super) help: Message,
    pub(super) default_configuration: Configuration<'a>,
}

impl RuleObject<'_> {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            id: rule.code,
            short_description: Message::new(rule.summary),
            full_description: Message {
                text: format!("{}. {}", rule.summary, rule.help),
            },
            help: Message::new(rule.help),
            default_configuration: Configuration {
                level: rule.level.as_str(),
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Configuration<'a> {
    pub(super) level: &'a str,
}

#[derive(Serialize)]
pub(super) struct Message {
    pub(super) text: String,
}

impl Message {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    pub(super) execution_successful: bool,
    pub(super) tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
pub(super) struct Notification<'a> {
    pub(super) level: &'a str,
    pub(super) message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) locations: Vec<LocationObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) descriptor: Option<Descriptor<'a>>,
}

#[derive(Serialize)]
pub(super) struct Descriptor<'a> {
    pub(super) id: &'a str,
}

#[derive(Serialize)]
pub(super) struct BaseIds {
    #[serde(rename = "%SRCROOT%")]
    pub(super) source_root: BaseId,
}

#[derive(Serialize)]
pub(super) struct BaseId {
    pub(super) description: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultObject<'a> {
    pub(super) rule_id: &'a str,
    pub(super) rule_index: Option<usize>,
    pub(super) level: &'a str,
    pub(super) message: Message,
    pub(super) locations: [LocationObject<'a>; 1],
    pub(super) partial_fingerprints: PartialFingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fixes: Vec<FixObject<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) properties: &'a Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LocationObject<'a> {
    pub(super) physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri_base_id: Option<&'static str>,
}

impl ArtifactLocation {
    pub(super) fn new(path: &Utf8Path) -> Self {
        let absolute = path.is_absolute() || path.as_str().starts_with('/');
        Self {
            uri: uri(path),
            uri_base_id: (!absolute).then_some("%SRCROOT%"),
        }
    }
}

/// The end is one past the last character (section 3.30.8).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: usize,
    pub(super) start_column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_column: Option<usize>,
}

impl Region {
    pub(super) const fn new(start: Position, end: Position) -> Self {
        Self {
            start_line: start.line,
            start_column: start.column,
            end_line: Some(end.line),
            end_column: Some(end.column),
        }
    }

    pub(super) const fn at(position: Position) -> Self {
        Self {
            start_line: position.line,
            start_column: position.column,
            end_line: None,
            end_column: None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation<'a> {
    pub(super) fully_qualified_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartialFingerprints {
    pub(super) primary_location_line_hash: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FixObject<'a> {
    pub(super) description: Message,
    pub(super) artifact_changes: [ArtifactChange<'a>; 1],
}

impl<'a> FixObject<'a> {
    pub(super) fn new(fix: &'a Fix, path: &Utf8Path) -> Self {
        let replacements = fix.replacements.iter().map(|replacement| ReplacementObject {
            deleted_region: Region::new(replacement.start, replacement.end),
            inserted_content: InsertedContent {
                text: &replacement.edit.replacement,
            },
        });
        Self {
            description: Message::new(&fix.description),
            artifact_changes: [ArtifactChange {
                artifact_location: ArtifactLocation::new(path),
                replacements: replacements.collect(),
            }],
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactChange<'a> {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) replacements: Vec<ReplacementObject<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplacementObject<'a> {
    pub(super) deleted_region: Region,
    pub(super) inserted_content: InsertedContent<'a>,
}

#[derive(Serialize)]
pub(super) struct InsertedContent<'a> {
    pub(super) text: &'a str,
}

/// A path as a relative reference (RFC 3986, section 4.2); an absolute path as a `file:` address.
fn uri(path: &Utf8Path) -> String {
    let mut out = match path.as_str() {
        unix if unix.starts_with('/') => "file://".to_owned(),
        _ if path.is_absolute() => "file:///".to_owned(),
        _ => String::new(),
    };
    for &byte in path.as_str().as_bytes() {
        // A colon would make the first segment a scheme.
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_addresses() {
        assert_eq!(uri("deploy/web 1.yaml".into()), "deploy/web%201.yaml");
        assert_eq!(uri("a:b#c?d%e.yaml".into()), "a%3Ab%23c%3Fd%25e.yaml");
        assert_eq!(uri("lädchen.yaml".into()), "l%C3%A4dchen.yaml");
        assert_eq!(uri("/etc/web.yaml".into()), "file:///etc/web.yaml");
        assert_eq!(ArtifactLocation::new("/etc/web.yaml".into()).uri_base_id, None);
    }
}
