//! What `kship verify` tells: who signed what, what is not proven, and what nobody knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::Utf8Path;
use serde_json::{Map, Value, json};

use super::args::Format;
use super::{EMBEDDED_SINCE, Verify};
use crate::cli::input;
use crate::cli::{Exit, Failure, Ui, hints_for};
use crate::images::{INVALID_DIGEST, Scan, ScanError, Site, SkipReason};
use crate::limits;
use crate::oci::Reference;
use crate::report::{self, Count, Finding, Location, Report, visible};
use crate::text::LineIndex;
use crate::tree::Tree;
use crate::verify::rules::{RULES, UNSIGNED, UNTRUSTED};
use crate::verify::{
    Claim, Demand, LogState, Refusal, Rejection, SignedBy, TrustRoot, Unproven, Verdict, Verdicts, Verified, name,
};

/// The name and version of the JSON form.
const SCHEMA: &str = "kship.verify/v1";

/// How the command line is called in reports.
const ARGUMENTS: &str = "<arguments>";

/// The images of a run, each once, with the places that name it.
#[derive(Default)]
pub(super) struct Wanted {
    images: BTreeMap<String, Image>,
}

struct Image {
    reference: Reference,
    places: Vec<Place>,
}

struct Place {
    location: Location,
    field: Option<String>,
}

impl Wanted {
    /// Adds an image of the command line, where each argument counts as a line.
    pub(super) fn add_argument(&mut self, all: &[String], at: usize, reference: &Reference) {
        let text = all.join("\n");
        let start = all.iter().take(at).map(|before| before.len() + 1).sum::<usize>();
        let range = start..start + reference.as_written().len();
        let location = Location::with_excerpt(ARGUMENTS, &text, &LineIndex::new(&text), range);
        self.add(reference, location, None);
    }

    /// Adds the images of a file.
    pub(super) fn add_scan(&mut self, scan: &Scan) {
        for Site {
            field, reference, span, ..
        } in &scan.sites
        {
            let location = Location::with_excerpt(&scan.shown, &scan.text, &scan.lines, span.clone());
            self.add(reference, location, Some(field.clone()));
        }
    }

    fn add(&mut self, reference: &Reference, location: Location, field: Option<String>) {
        let image = self.images.entry(name(reference)).or_insert_with(|| Image {
            reference: reference.clone(),
            places: Vec::new(),
        });
        image.places.push(Place { location, field });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.images.values().map(|image| &image.reference)
    }
}

/// Everything that a run has to say, as it comes together.
pub(super) struct Outcome {
    report: Report,
    /// Files that were looked at.
    pub(super) files: usize,
    verified: usize,
    /// What people read about what is proven.
    lines: Vec<String>,
    /// What cosign would print.
    cosign: String,
    /// What programs read, one object for each image or file.
    objects: Vec<Value>,
    hints: BTreeSet<String>,
}

impl Outcome {
    pub(super) fn new() -> Self {
        Self {
            report: Report::new(SCHEMA, &RULES),
            files: 0,
            verified: 0,
            lines: Vec::new(),
            cosign: String::new(),
            objects: Vec::new(),
            hints: BTreeSet::new(),
        }
    }

    /// Records a failure that concerns no place.
    pub(super) fn fail(&mut self, failure: &Failure) {
        self.report.failures.push(report::Failure::new(failure.source.as_ref()));
        self.hints.extend(failure.hints.iter().cloned());
    }

    /// Records a file that cannot be searched.
    pub(super) fn fail_to_scan(&mut self, error: &ScanError) {
        let failure = report::Failure::new(error).at(&error.path, Some(error.position));
        self.report.failures.push(failure);
    }

    /// Records what the listing of files met.
    pub(super) fn tree(&mut self, tree: &Tree) {
        self.files += tree.files.len();
        input::record_listing(tree, &mut self.report);
    }

    /// Records what a file has that is no image to verify.
    pub(super) fn scanned(&mut self, scan: &Scan) {
        let place =
            |span: &std::ops::Range<usize>| Location::with_excerpt(&scan.shown, &scan.text, &scan.lines, span.clone());
        for skip in &scan.malformed {
            if let SkipReason::NotAReference(why) = &skip.reason {
                let message = format!("`{}`: {why}", skip.text.trim());
                let finding = Finding::new(&INVALID_DIGEST, message, place(&skip.span)).with_field(&skip.field);
                self.report.findings.push(finding);
            }
        }
        for skip in &scan.skips {
            self.report.skips.push(report::Skip {
                code: skip.reason.code(),
                reason: skip.reason.describe().into_owned(),
                location: place(&skip.span),
                field: Some(skip.field.clone()),
                text: skip.text.clone(),
            });
        }
    }

    /// Records what came of the images, in the order of their names.
    pub(super) fn add(&mut self, wanted: &Wanted, verdicts: &Verdicts, demand: &Demand<'_>) {
        for (name, Image { reference, places }) in &wanted.images {
            let Some(Place { location, field }) = places.first() else {
                continue;
            };
            let more = match places.len() - 1 {
                0 => String::new(),
                1 => " (and at 1 more place)".to_owned(),
                more => format!(" (and at {more} more places)"),
            };
            match verdicts.get(name) {
                Some(Ok(Verdict::Proven(verified))) => self.proven(reference.as_written(), Some(reference), verified),
                Some(Ok(Verdict::Unproven(unproven))) => {
                    let image = reference.as_written();
                    let (rule, message) = unproven_message(image, unproven, demand.claim.as_ref());
                    let mut finding = Finding::new(rule, format!("{message}{more}"), location.clone())
                        .with_property("digest", unproven.digest.to_string());
                    finding.field.clone_from(field);
                    self.report.findings.push(finding);
                    self.objects.push(refused_object(image, unproven, rule.code));
                }
                Some(Err(error)) => {
                    let mut failure = report::Failure::new(error.as_ref());
                    if location.path != ARGUMENTS {
                        failure = failure.at(&location.path, Some(location.start));
                    }
                    failure.message.push_str(&more);
                    self.report.failures.push(failure);
                    self.hints.extend(hints_for(error.as_ref()));
                    self.objects
                        .push(json!({"image": reference.as_written(), "digest": null, "verdict": "undecided"}));
                }
                None => {}
            }
        }
    }

    /// Records what came of a file and its bundle.
    pub(super) fn add_file(&mut self, file: &str, bundle: &Utf8Path, result: Result<Verified, Rejection>) {
        match result {
            Ok(verified) => self.proven(file, None, &verified),
            Err(rejection) => {
                let location = Location::new(bundle, "", &LineIndex::new(""), 0..0);
                let message = format!("the bundle proves nothing about `{file}`: {rejection}");
                self.report.findings.push(Finding::new(&UNTRUSTED, message, location));
                self.objects.push(json!({
                    "artifact": file,
                    "verdict": UNTRUSTED.code,
                    "refusals": [{"code": rejection.code(), "reason": rejection.to_string()}],
                }));
            }
        }
    }

    fn proven(&mut self, what: &str, image: Option<&Reference>, verified: &Verified) {
        self.verified += 1;
        let named = match what.split('@').next() {
            Some(before) if image.is_some() => format!("{before}@{}", verified.digest()),
            _ => what.to_owned(),
        };
        self.lines
            .push(format!("{}: {}", visible(&named), visible(&told(verified))));
        if let Some(image) = image {
            let _ = writeln!(self.cosign, "{}", cosign(image, verified));
        }
        let key = if image.is_some() { "image" } else { "artifact" };
        self.objects.push(object(key, what, verified));
    }

    /// Prints everything and says what the run's answer is.
    pub(super) fn print(mut self, verify: &Verify, ui: &mut Ui) -> Result<Exit, Failure> {
        self.report.sort();
        self.report.summary.push(Count::new("verified", self.verified));
        for rule in RULES {
            let count = self
                .report
                .findings
                .iter()
                .filter(|finding| finding.rule.code == rule.code)
                .count();
            self.report.summary.push(Count::new(rule.code, count));
        }
        self.report.summary.extend([
            Count::new("skipped", self.report.skips.len()),
            Count::new("failed", self.report.failures.len()),
        ]);
        self.report
            .details
            .insert("results".to_owned(), Value::Array(std::mem::take(&mut self.objects)));
        if verify.format != Format::Github {
            ui.failures(&self.report);
        }
        self.hints.iter().for_each(|hint| ui.hint(hint));
        if verify.format == Format::Human && !ui.is_quiet() && !self.lines.is_empty() {
            let gap = if self.report.findings.is_empty() { "\n" } else { "\n\n" };
            ui.product(&format!("{}{gap}", self.lines.join("\n")))?;
        }
        match verify.format.of_report() {
            Some(format) => ui.report(&self.report, format, verify.explain)?,
            None => {
                ui.product(&self.cosign)?;
                ui.report_aside(&self.report, verify.explain);
            }
        }
        if self.report.summary.iter().all(|count| count.count == 0) {
            ui.status(format_args!("no images found; files looked at: {}", self.files));
        }
        Ok(self.report.answer().into())
    }
}

/// One line about a proof.
fn told(verified: &Verified) -> String {
    let what = match verified.said().predicate_type.as_deref() {
        None | Some(crate::verify::SIGN) => "signed".to_owned(),
        Some(other) => format!("`{other}` attested"),
    };
    let who = match verified.signed_by() {
        SignedBy::Key { fingerprint, .. } => format!("key {fingerprint}"),
        SignedBy::Certificate { name, issuer, .. } => format!("{name} ({issuer})"),
    };
    let log = match verified.log() {
        LogState::Verified => "logged".to_owned(),
        LogState::Absent => "not logged".to_owned(),
        LogState::Unchecked(why) => format!("log not checked: {why}"),
    };
    let times = verified.evidence().times.iter().map(|time| time.at).min();
    let when = times.map(|time| format!(" at {time}")).unwrap_or_default();
    format!("{what} by {who}{when}, {log}")
}

/// What programs read about a proof.
fn object(key: &str, what: &str, verified: &Verified) -> Value {
    let signer = match verified.signed_by() {
        SignedBy::Key { fingerprint, algorithm } => {
            json!({"kind": "key", "fingerprint": fingerprint.to_string(), "algorithm": algorithm.name()})
        }
        SignedBy::Certificate { name, issuer, claims } => {
            json!({"kind": "identity", "identity": name, "issuer": issuer, "claims": claims})
        }
    };
    let log = match verified.log() {
        LogState::Verified => json!({"state": "verified"}),
        LogState::Absent => json!({"state": "absent"}),
        LogState::Unchecked(why) => json!({"state": "unchecked", "reason": why}),
    };
    let times: Vec<Value> = verified
        .evidence()
        .times
        .iter()
        .map(|time| json!({"source": time.source.code(), "time": time.at.to_string()}))
        .collect();
    let entries: Vec<Value> = verified
        .evidence()
        .log
        .iter()
        .map(|entry| json!({"log": entry.log, "index": entry.index, "kind": entry.kind}))
        .collect();
    let format = match verified.format() {
        crate::verify::Format::Bundle => "bundle",
        crate::verify::Format::Legacy => "legacy",
    };
    json!({
        key: what,
        "digest": verified.digest().to_string(),
        "verdict": "verified",
        "format": format,
        "predicateType": verified.said().predicate_type,
        "annotations": verified.said().annotations,
        "signer": signer,
        "log": log,
        "logEntries": entries,
        "times": times,
    })
}

fn refused_object(image: &str, unproven: &Unproven, verdict: &str) -> Value {
    let refusals: Vec<Value> = unproven
        .refusals
        .iter()
        .map(|refusal| {
            json!({
                "evidence": refusal.evidence.to_string(),
                "code": refusal.reason.code(),
                "reason": refusal.reason.to_string(),
            })
        })
        .collect();
    json!({
        "image": image,
        "digest": unproven.digest.to_string(),
        "verdict": verdict,
        "refusals": refusals,
        "leftOut": unproven.left_out,
    })
}

fn unproven_message(image: &str, unproven: &Unproven, claim: Option<&Claim>) -> (&'static report::Rule, String) {
    let (one, many) = match claim {
        Some(Claim::Attestation(_)) => ("attestation", "attestations"),
        Some(Claim::Signature) | None => ("signature", "signatures"),
    };
    let others = other_claims(unproven);
    let (rule, mut message, reasons) = match unproven.refusals.len() {
        count if count == others.len() => {
            let what = match claim {
                Some(Claim::Attestation(uri)) => format!("`{image}` has no attestation `{uri}`"),
                Some(Claim::Signature) | None => format!("`{image}` has no signature"),
            };
            let stated = if count == 0 { "" } else { ", but what is signed states " };
            (&UNSIGNED, format!("{what}{stated}"), others)
        }
        1 => (
            &UNTRUSTED,
            format!("the {one} of `{image}` is refused: "),
            reasons(unproven),
        ),
        count => (
            &UNTRUSTED,
            format!("all {count} {many} of `{image}` are refused: "),
            reasons(unproven),
        ),
    };
    let mut told: Vec<&str> = Vec::new();
    for reason in &reasons {
        if !told.contains(&reason.as_str()) {
            told.push(reason);
        }
    }
    let more = told.len().saturating_sub(limits::REJECTIONS_SHOWN);
    told.truncate(limits::REJECTIONS_SHOWN);
    message.push_str(&told.join("; "));
    if more > 0 {
        let _ = write!(message, "; and {more} more reasons");
    }
    if unproven.left_out > 0 {
        let _ = write!(message, "; {} more were not looked at", unproven.left_out);
    }
    (rule, message)
}

fn reasons(unproven: &Unproven) -> Vec<String> {
    unproven
        .refusals
        .iter()
        .map(|refusal| refusal.reason.to_string())
        .collect()
}

/// What is signed as it should be and states something else.
fn other_claims(unproven: &Unproven) -> Vec<String> {
    let other = |refusal: &Refusal| match &refusal.reason {
        Rejection::OtherPredicate { found, .. } => Some(format!("`{found}`")),
        _ => None,
    };
    unproven.refusals.iter().filter_map(other).collect()
}

/// What `cosign verify` prints for an image: the digest is the one that was verified.
fn cosign(image: &Reference, verified: &Verified) -> Value {
    let kind = match verified.format() {
        crate::verify::Format::Bundle => crate::verify::SIGN,
        crate::verify::Format::Legacy => "cosign container image signature",
    };
    let mut optional: Map<String, Value> = verified
        .said()
        .annotations
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if let SignedBy::Certificate { name, issuer, claims } = verified.signed_by() {
        optional.insert("Subject".to_owned(), json!(name));
        optional.insert("Issuer".to_owned(), json!(issuer));
        let workflow = claims.iter().filter(|(key, _)| key.starts_with("githubWorkflow"));
        optional.extend(workflow.map(|(key, value)| ((*key).to_owned(), json!(value))));
    }
    let optional = if optional.is_empty() {
        Value::Null
    } else {
        Value::Object(optional)
    };
    json!([{
        "critical": {
            "identity": {"docker-reference": image.repository().to_string()},
            "image": {"docker-manifest-digest": verified.digest().to_string()},
            "type": kind,
        },
        "optional": optional,
    }])
}

/// Whom a trusted root believes, one line each.
pub(super) fn root(root: &TrustRoot, file: Option<&Utf8Path>) -> String {
    let mut text = match file {
        Some(path) => format!("{}\n", visible(path.as_str())),
        None => format!("built in: Sigstore's public instance, as of {EMBEDDED_SINCE}\n"),
    };
    let authorities = root.authorities();
    let width = authorities.iter().map(|one| one.role.len()).max().unwrap_or(0);
    let day = |time: Option<jiff::Timestamp>| time.map(|time| time.strftime("%Y-%m-%d").to_string());
    for one in &authorities {
        let from = day(one.from).unwrap_or_else(|| "always".to_owned());
        let to = day(one.to).unwrap_or_else(|| "now".to_owned());
        let _ = writeln!(
            text,
            "{:width$}  {from:10} to {to:10}  {}",
            one.role,
            visible(&one.name)
        );
    }
    text
}
