//! What an audit found, as findings, as a table for people, and as JSON.
//!
//! The JSON (`kship.encryption-audit/v1`) is also the proof that `kship encryption rotate prune` reads. Its `details`:
//!
//! ```text
//! complete        whether all values of all configured resources were seen; only then do zeros prove anything
//! incomplete      why not, or null
//! source          kind (etcd, etcdctl, snapshot), name, revision (zero: unknown), checksum (true where one was verified)
//! config          path, and sha256: of the file's bytes, as the metric of the API server shows it
//! prefix          --etcd-prefix
//! keys            total; outside: not below the prefix; plainByDesign: never encrypted by any API server
//! resources[]     resource (`deployments.apps`), covered, and
//!   counts[]      age (current, superseded), state, provider, key, keyId, count, names (the first ones), namesOmitted
//! ```
//!
//! States are `write-key`, `older-key`, `plaintext`, `unknown-key`, `undecryptable` and `not-covered`. For each resource that
//! the configuration names, and each that was met, each configured key has its current count, which may be zero. A
//! provider's key may be dropped if no current count of that provider and key is above zero in any resource.

use std::fmt::Write as _;

use camino::Utf8Path;
use serde_json::{Map, Value, json};

use super::{Audit, Auditor, Group, State};
use crate::encryption::config::GroupResource;
use crate::encryption::source::Age;
use crate::oci::Digest;
use crate::report::{Count, Finding, Level, Location, Report, Rule, visible};
use crate::text::LineIndex;

/// The schema of the JSON form.
pub const SCHEMA: &str = "kship.encryption-audit/v1";

const OLDER_KEY: Rule = Rule {
    code: "older-key",
    summary: "values are stored with a key that is not the first any more",
    help: "rewrite them, as in `kubectl get secrets -A -o json | kubectl replace -f -`, then audit again before the key goes",
    level: Level::Error,
};
const OLDER_KEY_HISTORY: Rule = Rule {
    code: "older-key-history",
    summary: "overwritten or deleted values of an older key are still in the file",
    help: "compaction removes them from etcd, defragmentation from its file; backups keep them",
    level: Level::Note,
};
const PLAINTEXT: Rule = Rule {
    code: "plaintext",
    summary: "values are plaintext although their resource is to be encrypted",
    help: "rewrite them, as in `kubectl get secrets -A -o json | kubectl replace -f -`: writing encrypts",
    level: Level::Error,
};
const PLAINTEXT_HISTORY: Rule = Rule {
    code: "plaintext-history",
    summary: "overwritten or deleted plaintext is still in the file",
    help: "compact and defragment etcd, and let backups such as this one expire; consider changing those secrets",
    level: Level::Error,
};
const UNDECRYPTABLE: Rule = Rule {
    code: "undecryptable",
    summary: "values do not open with the key that they name",
    help: "look for the key that wrote them: one in a backup of the configuration, or one that was replaced under its name",
    level: Level::Error,
};
const UNDECRYPTABLE_HISTORY: Rule = Rule {
    code: "undecryptable-history",
    summary: "overwritten or deleted values do not open with the keys of the configuration",
    help: "nobody reads them any more; compaction removes them",
    level: Level::Note,
};
const UNKNOWN_KEY: Rule = Rule {
    code: "unknown-key",
    summary: "values name a key that the configuration does not have for their resource",
    help: "the API server cannot read them: put the key, or the resource, back into the configuration, behind the others",
    level: Level::Error,
};

/// Every rule of `kship encryption audit`.
pub const RULES: &[&Rule] = &[
    &OLDER_KEY,
    &OLDER_KEY_HISTORY,
    &PLAINTEXT,
    &PLAINTEXT_HISTORY,
    &UNDECRYPTABLE,
    &UNDECRYPTABLE_HISTORY,
    &UNKNOWN_KEY,
];

/// What was audited, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// `etcd`, `etcdctl` or `snapshot`.
    pub kind: &'static str,
    /// The file or address.
    pub name: &'a str,
    /// Whether a checksum was there and fits.
    pub checksum: bool,
    /// The configuration's file as reports name it.
    pub config: &'a Utf8Path,
    /// Its text.
    pub config_text: &'a str,
    /// Why not everything was seen.
    pub incomplete: Option<&'a str>,
}

/// Names that a message tells.
const NAMES_TOLD: usize = 5;

/// Turns what was counted into a report.
#[must_use]
pub fn report(auditor: &Auditor<'_>, audit: &Audit, origin: &Origin<'_>) -> Report {
    let mut report = Report::new(SCHEMA, RULES);
    let index = LineIndex::new(origin.config_text);
    for (name, resource) in &audit.resources {
        for (group, count) in resource.counts.iter().filter(|(_, count)| count.count > 0) {
            let Some(rule) = rule(group) else { continue };
            let span = auditor.span(name);
            let location = Location::new(origin.config, origin.config_text, &index, span);
            let told: Vec<&str> = count.names.iter().take(NAMES_TOLD).map(String::as_str).collect();
            let more = count.count.saturating_sub(u64::try_from(told.len()).unwrap_or(0));
            let mut message = message(name, group, count.count, resource.covered);
            let _ = write!(message, ": {}", told.join(", "));
            if more > 0 {
                let _ = write!(message, " and {} more", grouped(more));
            }
            let finding = Finding::new(rule, message, location)
                .with_property("resource", name.to_string())
                .with_property("provider", group.provider)
                .with_property("key", group.key.clone())
                .with_property("count", count.count)
                .with_property("names", count.names.iter().cloned().collect::<Vec<_>>());
            report.findings.push(finding);
        }
    }
    report.summary = [
        State::WriteKey,
        State::OlderKey,
        State::Plaintext,
        State::UnknownKey,
        State::Undecryptable,
        State::NotCovered,
    ]
    .map(|state| Count::new(state.as_str(), total(audit, state, Age::Current)).with_label(state.label()))
    .to_vec();
    let superseded = audit.resources.values().flat_map(|resource| &resource.counts);
    let superseded = superseded.filter(|(group, _)| group.age == Age::Superseded);
    let superseded = superseded.map(|(_, count)| count.count).sum::<u64>();
    report.summary.push(Count::new(
        "superseded",
        usize::try_from(superseded).unwrap_or(usize::MAX),
    ));
    report.details = details(auditor, audit, origin);
    report
}

/// The counts as people read them: a line for each resource and key.
#[must_use]
pub fn table(audit: &Audit) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for (name, resource) in audit.resources.iter().filter(|(_, resource)| resource.covered) {
        let mut shown = visible(&name.to_string()).into_owned();
        for (group, count) in &resource.counts {
            if count.count == 0 && group.age == Age::Superseded {
                continue;
            }
            let age = if group.age == Age::Superseded {
                ", superseded"
            } else {
                ""
            };
            rows.push([
                std::mem::take(&mut shown),
                grouped(count.count),
                format!("{}{age}", group.state.label()),
                visible(&key(group)).into_owned(),
            ]);
        }
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (names, counts, states) = (width(0), width(1), width(2));
    let mut out = String::new();
    for [name, count, state, key] in &rows {
        let line = format!("{name:names$}  {count:>counts$}  {state:states$}  {key}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for (name, resource) in audit.resources.iter().filter(|(_, resource)| !resource.covered) {
        for (group, count) in resource
            .counts
            .iter()
            .filter(|(group, _)| group.state != State::NotCovered)
        {
            let _ = writeln!(
                out,
                "{}: {} {} {}",
                visible(&name.to_string()),
                grouped(count.count),
                group.state.label(),
                visible(&key(group))
            );
        }
    }
    out
}

/// The provider and the key of a kind of value, as far as they are known: `aescbc/key1`.
fn key(group: &Group) -> String {
    let parts = [group.provider, group.key.as_deref(), group.key_id.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

fn rule(group: &Group) -> Option<&'static Rule> {
    Some(match (group.state, group.age) {
        (State::WriteKey | State::NotCovered, _) => return None,
        (State::OlderKey, Age::Current) => &OLDER_KEY,
        (State::OlderKey, Age::Superseded) => &OLDER_KEY_HISTORY,
        (State::Plaintext, Age::Current) => &PLAINTEXT,
        (State::Plaintext, Age::Superseded) => &PLAINTEXT_HISTORY,
        (State::Undecryptable, Age::Current) => &UNDECRYPTABLE,
        (State::Undecryptable | State::UnknownKey, Age::Superseded) => &UNDECRYPTABLE_HISTORY,
        (State::UnknownKey, Age::Current) => &UNKNOWN_KEY,
    })
}

fn message(resource: &GroupResource, group: &Group, count: u64, covered: bool) -> String {
    let (values, is, does) = if count == 1 {
        ("value", "is", "does")
    } else {
        ("values", "are", "do")
    };
    let age = if group.age == Age::Superseded {
        "superseded "
    } else {
        ""
    };
    let start = format!("{} {age}{values} of `{resource}`", grouped(count));
    let key = key(group);
    let of_key = if key.is_empty() {
        String::new()
    } else {
        format!(" `{key}`")
    };
    match group.state {
        State::Plaintext | State::NotCovered => format!("{start} {is} plaintext"),
        State::OlderKey => format!(
            "{start} still {} {}",
            if count == 1 { "needs" } else { "need" },
            of_key.trim_start()
        ),
        State::WriteKey => format!("{start} {is} as they should be"),
        State::UnknownKey if !covered => {
            format!("{start} {is} encrypted with{of_key}, but the configuration does not cover that resource")
        }
        State::UnknownKey => format!("{start} {is} encrypted with an unknown key{of_key}"),
        State::Undecryptable => format!("{start} {does} not open with{of_key}"),
    }
}

fn details(auditor: &Auditor<'_>, audit: &Audit, origin: &Origin<'_>) -> Map<String, Value> {
    let resources: Vec<Value> = audit
        .resources
        .iter()
        .map(|(name, resource)| {
            let counts = resource.counts.iter().map(|(group, count)| {
                let named = u64::try_from(count.names.len()).unwrap_or(0);
                json!({
                    "age": if group.age == Age::Current { "current" } else { "superseded" },
                    "state": group.state.as_str(),
                    "provider": group.provider,
                    "key": group.key,
                    "keyId": group.key_id,
                    "count": count.count,
                    "names": count.names,
                    "namesOmitted": count.count.saturating_sub(named),
                })
            });
            json!({"resource": name.to_string(), "covered": resource.covered, "counts": counts.collect::<Vec<_>>()})
        })
        .collect();
    let masked = auditor
        .has_masked_name()
        .then_some("the name of a key looks like a key itself, and is not told");
    let crowded = audit
        .is_crowded
        .then_some("there are more resources, keys or key ids than are told apart");
    let incomplete = origin.incomplete.or(masked).or(crowded);
    let details = json!({
        "complete": incomplete.is_none(),
        "incomplete": incomplete,
        "source": {
            "kind": origin.kind,
            "name": origin.name,
            "revision": audit.extent.revision,
            "checksum": origin.checksum,
        },
        "config": {
            "path": origin.config.as_str(),
            "sha256": Digest::of(origin.config_text.as_bytes()).to_string(),
        },
        "prefix": auditor.prefix,
        "keys": {"total": audit.items, "outside": audit.outside, "plainByDesign": audit.plain_by_design},
        "resources": resources,
    });
    match details {
        Value::Object(details) => details,
        _ => Map::new(),
    }
}

impl Auditor<'_> {
    /// Where the configuration names a resource; of one that it does not name, its list of entries.
    fn span(&self, resource: &GroupResource) -> std::ops::Range<usize> {
        let any = |group: &str| GroupResource::new("*", group);
        let configured = || self.configuration.resources.iter().flat_map(|entry| &entry.resources);
        [resource.clone(), any(&resource.group), any("*")]
            .iter()
            .find_map(|wanted| configured().find(|have| have.group_resource == *wanted))
            .map_or(self.configuration.span.start..self.configuration.span.start, |found| {
                found.span.clone()
            })
    }
}

fn total(audit: &Audit, state: State, age: Age) -> usize {
    let counts = audit.resources.values().flat_map(|resource| &resource.counts);
    let same = counts.filter(|(group, _)| group.state == state && group.age == age);
    usize::try_from(same.map(|(_, count)| count.count).sum::<u64>()).unwrap_or(usize::MAX)
}

/// A number with its thousands apart: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
