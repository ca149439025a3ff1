//! What is signed about an image: in-toto statements, and the payloads of cosign's older format.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Rejection, json};
use crate::limits;
use crate::oci::Digest;

/// The payload type of envelopes that hold a statement.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The predicate type with which cosign signs an image: nothing is said but that it was signed.
pub const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// Both versions of statements have the same fields (in-toto attestation framework, `spec/v1/statement.md`).
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];

/// The `type` of the payload that cosign signs in its older format.
const PAYLOAD: &str = "cosign container image signature";

/// What is asked of a piece of evidence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim {
    /// That the image was signed, in so many words.
    Signature,
    /// An attestation of this predicate type.
    Attestation(String),
}

impl Claim {
    /// The attestation that cosign's `--type` names: one of its short names, or a URI.
    #[must_use]
    pub fn attestation(name: &str) -> Self {
        let uri = match name {
            "custom" => "https://cosign.sigstore.dev/attestation/v1",
            "cyclonedx" => "https://cyclonedx.org/bom",
            "link" => "https://in-toto.io/Link/v1",
            "openvex" => "https://openvex.dev/ns",
            "slsaprovenance" | "slsaprovenance02" => "https://slsa.dev/provenance/v0.2",
            "slsaprovenance1" => "https://slsa.dev/provenance/v1",
            "spdx" | "spdxjson" => "https://spdx.dev/Document",
            "vuln" => "https://cosign.sigstore.dev/attestation/vuln/v1",
            uri => uri,
        };
        Self::Attestation(uri.to_owned())
    }

    /// The predicate type that a statement must have.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        match self {
            Self::Signature => SIGN,
            Self::Attestation(uri) => uri,
        }
    }
}

/// A statement, without its predicate.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) predicate_type: String,
    subjects: Vec<Subject>,
}

#[derive(Clone, Debug, Deserialize)]
struct Subject {
    #[serde(default)]
    digest: BTreeMap<String, String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Subject>,
}

impl Statement {
    /// Reads the statement of an envelope.
    pub(super) fn parse(payload_type: &str, payload: &[u8]) -> Result<Self, Rejection> {
        if payload_type != PAYLOAD_TYPE {
            return Err(Rejection::Unsupported {
                why: format!("its payload is `{payload_type}`: expected `{PAYLOAD_TYPE}`"),
            });
        }
        let wire: Wire = json::parse(payload).map_err(|error| malformed(format!("its statement: {error}")))?;
        if !STATEMENTS.contains(&wire.kind.as_str()) {
            return Err(malformed(format!("`{}` is no statement of in-toto", wire.kind)));
        }
        if wire.subject.len() > limits::SUBJECTS {
            return Err(Rejection::TooLarge {
                what: format!("it names more than {} subjects", limits::SUBJECTS),
            });
        }
        if wire
            .subject
            .iter()
            .any(|subject| subject.digest.len() > limits::SUBJECT_DIGESTS)
        {
            return Err(Rejection::TooLarge {
                what: format!("a subject has more than {} digests", limits::SUBJECT_DIGESTS),
            });
        }
        Ok(Self {
            predicate_type: wire.predicate_type,
            subjects: wire.subject,
        })
    }

    /// Verifies that the statement makes the claim about the digest; one and the same subject must have the annotations.
    ///
    /// Gives the annotations of that subject.
    pub(super) fn verify(
        &self,
        claim: &Claim,
        digest: &Digest,
        wanted: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Value>, Rejection> {
        let subjects: Vec<_> = self.subjects.iter().filter(|subject| subject.is(digest)).collect();
        if subjects.is_empty() {
            return Err(Rejection::Artifact { found: self.about() });
        }
        if self.predicate_type != claim.predicate_type() {
            return Err(Rejection::OtherPredicate {
                found: self.predicate_type.clone(),
                wanted: claim.predicate_type().to_owned(),
            });
        }
        let empty = BTreeMap::new();
        let mut refused = None;
        for subject in subjects {
            let annotations = subject.annotations.as_ref().unwrap_or(&empty);
            match verify_annotations(annotations, wanted) {
                Ok(()) => return Ok(annotations.clone()),
                Err(rejection) => refused = Some(rejection),
            }
        }
        Err(refused.unwrap_or(Rejection::Artifact { found: self.about() }))
    }

    fn about(&self) -> String {
        let first = self.subjects.first().and_then(|subject| subject.digest.iter().next());
        match (first, self.subjects.len()) {
            (Some((algorithm, hex)), 1) => format!("`{algorithm}:{hex}`"),
            (_, count) => format!("{count} other subjects"),
        }
    }
}

impl Subject {
    fn is(&self, digest: &Digest) -> bool {
        self.digest.get(digest.algorithm().name()).map(String::as_str) == Some(digest.hex())
    }
}

/// A payload of cosign's older format, the "simple signing" of containers.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Payload {
    critical: Critical,
    #[serde(default)]
    optional: Option<BTreeMap<String, Value>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl Payload {
    /// Reads a payload.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        json::parse(bytes).map_err(|error| malformed(format!("its payload: {error}")))
    }

    /// Verifies that the payload is cosign's, about the digest, and has the annotations, which it gives.
    pub(super) fn verify(
        &self,
        digest: &Digest,
        wanted: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Value>, Rejection> {
        if self.critical.kind != PAYLOAD {
            return Err(Rejection::OtherPredicate {
                found: self.critical.kind.clone(),
                wanted: PAYLOAD.to_owned(),
            });
        }
        if self.critical.image.digest != digest.to_string() {
            return Err(Rejection::Artifact {
                found: format!("`{}`", self.critical.image.digest),
            });
        }
        let annotations = self.optional.clone().unwrap_or_default();
        verify_annotations(&annotations, wanted)?;
        Ok(annotations)
    }
}

/// Every wanted annotation is a string with that very value.
fn verify_annotations(have: &BTreeMap<String, Value>, wanted: &BTreeMap<String, String>) -> Result<(), Rejection> {
    let missing = wanted
        .iter()
        .find(|(key, value)| have.get(*key).and_then(Value::as_str) != Some(value.as_str()));
    match missing {
        None => Ok(()),
        Some((key, value)) => Err(Rejection::Annotation {
            key: key.clone(),
            value: value.clone(),
        }),
    }
}

const fn malformed(why: String) -> Rejection {
    Rejection::Malformed { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Digest {
        Digest::of(b"image")
    }

    fn statement(subjects: &str, predicate_type: &str) -> Result<Statement, Rejection> {
        let text = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":{subjects},"predicateType":"{predicate_type}","predicate":{{}}}}"#
        );
        Statement::parse(PAYLOAD_TYPE, text.as_bytes())
    }

    fn subject(digest: &Digest, annotations: &str) -> String {
        format!(
            r#"{{"digest":{{"sha256":"{}"}},"annotations":{annotations}}}"#,
            digest.hex()
        )
    }

    fn wanted(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_statement_makes_its_claim_about_its_subjects() {
        let other = Digest::of(b"other");
        let both = format!("[{},{}]", subject(&other, "{}"), subject(&digest(), "null"));
        let signed = statement(&both, SIGN).unwrap();
        assert!(signed.verify(&Claim::Signature, &digest(), &wanted(&[])).is_ok());
        assert!(signed.verify(&Claim::Signature, &other, &wanted(&[])).is_ok());
        let stranger = signed.verify(&Claim::Signature, &Digest::of(b""), &wanted(&[]));
        assert_eq!(
            stranger.unwrap_err().to_string(),
            "it is about 2 other subjects, not about this digest"
        );
        let sbom = signed.verify(&Claim::attestation("spdx"), &digest(), &wanted(&[]));
        assert_eq!(
            sbom.unwrap_err().to_string(),
            format!("it states `{SIGN}`, not `https://spdx.dev/Document`")
        );
    }

    #[test]
    fn an_attestation_is_no_signature() {
        let custom = statement(
            &format!("[{}]", subject(&digest(), "{}")),
            "https://cosign.sigstore.dev/attestation/v1",
        );
        let custom = custom.unwrap();
        let refused = custom.verify(&Claim::Signature, &digest(), &wanted(&[])).unwrap_err();
        assert_eq!(refused.code(), "other-predicate");
        assert!(
            custom
                .verify(&Claim::attestation("custom"), &digest(), &wanted(&[]))
                .is_ok()
        );
    }

    #[test]
    fn annotations_are_those_of_the_subject_with_the_digest_and_strings() {
        let other = Digest::of(b"other");
        let text = format!(
            "[{},{}]",
            subject(&other, r#"{"env":"prod"}"#),
            subject(&digest(), r#"{"env":"dev","n":1}"#)
        );
        let signed = statement(&text, SIGN).unwrap();
        let verify = |pairs| signed.verify(&Claim::Signature, &digest(), &wanted(pairs));
        assert!(verify(&[("env", "dev")]).is_ok());
        assert_eq!(
            verify(&[("env", "prod")]).unwrap_err().to_string(),
            "it does not say `env=prod`"
        );
        assert_eq!(verify(&[("n", "1")]).unwrap_err().code(), "annotation");
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        let code = |result: Result<Statement, Rejection>| result.unwrap_err().code();
        assert_eq!(code(statement("[null]", SIGN)), "malformed");
        assert_eq!(code(Statement::parse("text/plain", b"{}")), "unsupported");
        assert_eq!(
            code(Statement::parse(
                PAYLOAD_TYPE,
                br#"{"_type":"x","subject":[],"predicateType":"y"}"#
            )),
            "malformed"
        );
        let many = format!("[{}]", vec!["{}"; limits::SUBJECTS + 1].join(","));
        assert_eq!(code(statement(&many, SIGN)), "too-large");
        let upper = subject(&digest(), "{}").replace(digest().hex(), &digest().hex().to_uppercase());
        let upper = statement(&format!("[{upper}]"), SIGN).unwrap();
        assert!(upper.verify(&Claim::Signature, &digest(), &wanted(&[])).is_err());
    }

    #[test]
    fn a_payload_is_cosigns_own_and_about_the_digest() {
        let payload = |kind: &str, optional: &str| {
            let text = format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"a"}},"image":{{"docker-manifest-digest":"{}"}},"type":"{kind}"}},"optional":{optional}}}"#,
                digest()
            );
            Payload::parse(text.as_bytes()).unwrap()
        };
        assert!(payload(PAYLOAD, "null").verify(&digest(), &wanted(&[])).is_ok());
        let env = payload(PAYLOAD, r#"{"env":"prod"}"#);
        assert!(env.verify(&digest(), &wanted(&[("env", "prod")])).is_ok());
        assert!(env.verify(&digest(), &wanted(&[("env", "dev")])).is_err());
        assert_eq!(
            env.verify(&Digest::of(b""), &wanted(&[])).unwrap_err().code(),
            "artifact"
        );
        let podman = payload("atomic container signature", "null").verify(&digest(), &wanted(&[]));
        assert_eq!(podman.unwrap_err().code(), "other-predicate");
    }
}
