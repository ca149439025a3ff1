//! `kship seal --check`: plaintext and damage among the files of a tree.
//!
//! A file is read document by document: one that is a template hides nothing in the others. No finding carries a value, and
//! the line of a file is shown only where nothing but keys stand on it.

mod content;
mod fields;
mod mask;
mod place;
pub mod rules;
mod sealed;
mod secret;
mod sops;

use aho_corasick::AhoCorasick;
use camino::Utf8Path;
use zeroize::Zeroizing;

use super::input::{self, Part};
use crate::limits;
use crate::policy::Accepted;
use crate::report::{Failure, Finding, Location, Report, Skip};
use crate::text::LineIndex;
use crate::yaml::{self, Node};
use fields::{field, fields};
use place::{File, View};
use rules::{PLAINTEXT_BESIDE_SEALED, PLAINTEXT_SECRET};
use sops::Sops;

/// What one file holds.
#[derive(Debug, Default)]
pub struct Checked {
    /// Secrets, `SealedSecret`s and generators that were looked at.
    pub objects: usize,
    candidates: Vec<Candidate>,
    sealed: Vec<(Identity, Location)>,
    skips: Vec<Skip>,
    failures: Vec<Failure>,
}

/// What will be a finding unless somebody has accepted it.
#[derive(Debug)]
struct Candidate {
    finding: Finding,
    identity: Identity,
    mark: Option<String>,
}

/// Whose a Secret is; empty where the document does not say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Identity {
    namespace: String,
    name: String,
}

impl Identity {
    fn of(node: Node<'_, '_>) -> Self {
        let metadata = field(node, "metadata");
        let text = |name| {
            let value = metadata.and_then(|metadata| field(metadata, name)?.to_text());
            shown(value.as_deref().unwrap_or_default())
        };
        Self {
            namespace: text("namespace"),
            name: text("name"),
        }
    }

    /// `namespace/name`, or the name alone.
    fn subject(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }

    /// As messages call it: `the Secret ...`.
    fn told(&self, kind: &str) -> String {
        match self.name.as_str() {
            "" => format!("a {kind} without a name"),
            _ => format!("the {kind} `{}`", self.subject()),
        }
    }
}

/// Names are somebody else's text.
fn shown(name: &str) -> String {
    mask::unmask(name).chars().take(limits::EXCERPT_CHARACTERS).collect()
}

/// The first names of a list, and how many more there are.
fn listed(names: &[String]) -> String {
    let first = names.iter().take(limits::KEYS_SHOWN).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Whether a file can be one that is checked, by its name.
#[must_use]
pub fn is_wanted(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("yaml" | "yml" | "json")) || path.file_name() == Some("Kustomization")
}

/// Finds out, without parsing, which texts hold nothing to check.
#[derive(Debug)]
pub struct Prefilter(AhoCorasick);

impl Prefilter {
    /// Prepares the search.
    ///
    /// # Errors
    /// The words cannot be compiled; no word known to kship does that.
    pub fn new() -> Result<Self, aho_corasick::BuildError> {
        let words = [
            // `SealedSecret` and `secretGenerator` are ones, too.
            "secret",
            // What can spell the word otherwise: escapes, `\U` with them, folded lines, binary.
            "\\u",
            "\\x",
            "\\\n",
            "\\\r",
            "!binary",
            "2002:binary",
            // UTF-16 and UTF-32 without a byte-order mark: nobody reads them, and nobody knows what they say.
            "s\0e\0c\0r\0e\0t",
            "s\0\0\0e\0\0\0c",
        ];
        let mut builder = AhoCorasick::builder();
        Ok(Self(builder.ascii_case_insensitive(true).build(words)?))
    }

    /// Says whether a text can hold a Secret; in UTF-16 any can.
    #[must_use]
    pub fn may_hold(&self, bytes: &[u8]) -> bool {
        matches!(bytes.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff])) || self.0.is_match(bytes)
    }

    /// Whether a JSON text can be a resource: trees are full of JSON that is nothing of the kind.
    fn may_be_resource(path: &Utf8Path, text: &str) -> bool {
        let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        // In any case and with Go's kelvin, and `kind` may be escaped.
        path.extension() != Some("json") || ["kind", "Kind", "KIND", "\u{212a}ind", "\\u"].into_iter().any(has)
    }
}

/// Checks a text; `path` is its name in reports, `modulus_bytes` the size of the certificate's key.
#[must_use]
pub fn check(path: &Utf8Path, text: &str, prefilter: &Prefilter, modulus_bytes: Option<usize>) -> Checked {
    let mut checker = Checker {
        checked: Checked::default(),
        modulus_bytes,
    };
    if !prefilter.may_hold(text.as_bytes()) || !Prefilter::may_be_resource(path, text) {
        return checker.checked;
    }
    let lines = LineIndex::new(text);
    let file = File {
        path,
        text,
        lines: &lines,
    };
    for part in input::parts(text) {
        checker.part(&file, &part, prefilter);
    }
    checker.checked
}

struct Checker {
    checked: Checked,
    modulus_bytes: Option<usize>,
}

impl Checker {
    fn part(&mut self, file: &File<'_>, part: &Part<'_>, prefilter: &Prefilter) {
        if self.read(file, part, part.text(), 0).is_ok() {
            return;
        }
        // One document at a time, so that only what cannot be read is not.
        let mut start = 0;
        for piece in pieces(part.text()) {
            if prefilter.may_hold(piece.as_bytes())
                && let Err(error) = self.read(file, part, piece, start)
            {
                let masked = mask::mask(piece).map(Zeroizing::new);
                let read = masked.as_ref().map(|masked| self.read(file, part, masked, start));
                if !matches!(read, Some(Ok(()))) {
                    self.unreadable(file, part, start, error, masked.is_some());
                }
            }
            start += piece.len();
        }
    }

    fn read(&mut self, file: &File<'_>, part: &Part<'_>, text: &str, skipped: usize) -> Result<(), yaml::Error> {
        let stream = yaml::parse(text)?;
        let view = View {
            file,
            part,
            skipped,
            stream: &stream,
            lines: &LineIndex::new(text),
        };
        for root in stream.documents().iter().filter_map(yaml::Document::root) {
            self.object(root, None, Sops::of(root).as_ref(), &view);
        }
        Ok(())
    }

    fn unreadable(&mut self, file: &File<'_>, part: &Part<'_>, start: usize, error: yaml::Error, is_template: bool) {
        let at = start + error.offset();
        let location = Location::new(file.path, file.text, file.lines, part.range(at..at));
        let line = file.text.get(file.lines.line_range(file.text, location.start.line - 1));
        // `{{ .name }}.pem: x` is a key that is a mapping to the parser.
        if is_template && (error.template().is_some() || line.is_some_and(|line| line.contains("{{"))) {
            self.checked.skips.push(Skip {
                code: "template",
                reason: "a template that is no YAML before it is filled in".to_owned(),
                location,
                field: None,
                text: String::new(),
            });
        } else {
            let failure = Failure::new(&Unreadable(error)).at(file.path, Some(location.start));
            self.checked.failures.push(failure);
        }
    }

    fn object(&mut self, node: Node<'_, '_>, inherited: Option<&str>, sops: Option<&Sops>, view: &View<'_, '_>) {
        let (kind, version) = (kind(node).or(inherited), version(node));
        if let Some(of_items) = kind.and_then(list_kind)
            && fields(node, "items").next().is_some()
        {
            // Items of a typed list may leave their kind out.
            let inherited = Some(of_items).filter(|items| !items.is_empty());
            for item in fields(node, "items").flat_map(|(_, items)| items.items()) {
                self.object(item, inherited, sops, view);
            }
            return;
        }
        match kind {
            Some(kind) if is_secret(kind, version) => self.secret(node, sops, view),
            Some(kind)
                if kind.eq_ignore_ascii_case(super::sealed_secret::KIND)
                    && (version.starts_with("bitnami.com/") || version == "v1") =>
            {
                self.sealed_secret(node, sops, view);
            }
            Some("Kustomization" | "Component")
                if version.starts_with("kustomize.config.k8s.io/") || version == "v1" =>
            {
                self.kustomization(node, view);
            }
            None if is_kustomization(view.file.path) => self.kustomization(node, view),
            // Templates of OpenShift, Helm values, custom resources: objects within objects.
            _ => {
                for below in node.entries().map(|(_, value)| value).chain(node.items()) {
                    if below.scalar().is_none() {
                        self.object(below, None, sops, view);
                    }
                }
            }
        }
    }

    fn skip(&mut self, code: &'static str, reason: &str, location: Location, text: String) {
        self.checked.skips.push(Skip {
            code,
            reason: reason.to_owned(),
            location,
            field: None,
            text,
        });
    }
}

/// What an object says it is.
fn kind<'d>(node: Node<'d, '_>) -> Option<&'d str> {
    let mut kinds = fields(node, "kind").filter_map(|(_, kind)| kind.as_str());
    let first = kinds.next();
    // Where two fields differ in case, which of them counts is for the reader.
    kinds.find(|kind| kind.eq_ignore_ascii_case("Secret")).or(first)
}

fn version<'d>(node: Node<'d, '_>) -> &'d str {
    field(node, "apiVersion").and_then(Node::as_str).unwrap_or("v1")
}

/// The kind of the items of a list.
fn list_kind(kind: &str) -> Option<&str> {
    let (items, list) = kind.split_at_checked(kind.len().checked_sub("List".len())?)?;
    list.eq_ignore_ascii_case("List").then_some(items)
}

/// Other groups, whose names have dots, have resources of that name; what is misspelt is plaintext all the same.
fn is_secret(kind: &str, version: &str) -> bool {
    let is_foreign = version.split_once('/').is_some_and(|(group, _)| group.contains('.'));
    kind.eq_ignore_ascii_case("Secret") && !is_foreign
}

fn is_kustomization(path: &Utf8Path) -> bool {
    matches!(
        path.file_name(),
        Some("kustomization.yaml" | "kustomization.yml" | "Kustomization")
    )
}

/// The documents of a text, each with the line that separates it from the one before.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        // The first line separates this piece from the one before.
        let end = rest.find("\n---").map_or(rest.len(), |at| at + 1);
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Puts the files together: what is accepted becomes a skip, all else a finding of the report.
pub fn conclude(files: Vec<Checked>, accepted: &Accepted<'_>, report: &mut Report) {
    let mut candidates = Vec::new();
    let mut sealed = Vec::new();
    for file in files {
        candidates.extend(file.candidates);
        sealed.extend(file.sealed);
        report.skips.extend(file.skips);
        report.failures.extend(file.failures);
    }
    for mut candidate in candidates {
        if candidate.finding.rule.code == PLAINTEXT_SECRET.code {
            candidate.compare(&sealed);
        }
        let Candidate {
            finding,
            identity,
            mark,
        } = candidate;
        let path = &finding.location.path;
        let reason = mark.or_else(|| {
            let reason = accepted.reason(finding.rule.code, path, &identity.subject());
            reason.map(str::to_owned)
        });
        match reason {
            Some(reason) => report.skips.push(ignored(&reason, finding.location, finding.field)),
            None => report.findings.push(finding),
        }
    }
}

fn ignored(reason: &str, location: Location, field: Option<String>) -> Skip {
    Skip {
        code: "ignored",
        reason: format!("ignored: {reason}"),
        location: Location {
            excerpt: None,
            ..location
        },
        field,
        text: String::new(),
    }
}

impl Candidate {
    /// Finds the SealedSecret of a plaintext Secret: of the same name and namespace, or, where one of them leaves its namespace
    /// to others, in the same folder.
    fn compare(&mut self, sealed: &[(Identity, Location)]) {
        let Identity { namespace, name } = &self.identity;
        let here = self.finding.location.path.parent();
        let twin = sealed.iter().find(|(identity, location)| {
            let is_certain = identity.namespace == *namespace && !namespace.is_empty();
            let is_open = identity.namespace.is_empty() || namespace.is_empty();
            !name.is_empty()
                && !name.contains("{{")
                && identity.name == *name
                && (is_certain || (is_open && location.path.parent() == here))
        });
        if let Some((_, location)) = twin {
            self.finding.rule = &PLAINTEXT_BESIDE_SEALED;
            self.finding.message.push_str(&format!(
                ", although its SealedSecret stands at {}:{}",
                location.path, location.start
            ));
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not readable as YAML")]
struct Unreadable(#[source] yaml::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_documents_with_every_byte() {
        for (text, count) in [
            ("", 0),
            ("a", 1),
            ("a\n---\nb", 2),
            ("---\na\n--- b\n---\n", 3),
            ("---a\r\n---\r\n", 2),
        ] {
            let all: Vec<&str> = pieces(text).collect();
            assert_eq!((all.concat().as_str(), all.len()), (text, count), "{text:?}");
        }
    }

    #[test]
    fn long_lists_of_keys_are_cut() {
        let keys: Vec<String> = (0..10).map(|at| format!("k{at}")).collect();
        assert_eq!(listed(&keys[..2]), "k0, k1");
        assert_eq!(listed(&keys), "k0, k1, k2, k3, k4, k5, k6, k7 and 2 more");
    }
}
