//! A Sigstore bundle: a signature together with what proves who made it, and when.
//!
//! Only the form is read here; nothing in it is believed before [`super::Demand`] has verified it. What a bundle says about
//! its own format is not signed either, so the older formats, which need less proof, are taken from files alone.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Message, Rejection, json};
use crate::limits;
use crate::oci::{Algorithm, Digest};

/// Where a bundle comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A file that the user named: formats 0.1 to 0.3.
    File,
    /// A registry: format 0.3 alone. In 0.1 the proof of inclusion may be missing, and whoever writes the bundle chooses.
    Registry,
}

/// A bundle, read and within the limits.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(super) content: Content,
    pub(super) material: Material,
    pub(super) entries: Vec<Entry>,
    pub(super) timestamps: usize,
    /// The text, for the library that verifies logs and certificates.
    pub(super) text: String,
    /// The same without its certificate. cosign's older format notes one beside signatures that a key made as well.
    pub(super) keyed: Option<Box<Self>>,
}

/// What is signed.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// The artifact.
    Artifact {
        /// The digest that the bundle itself names.
        digest: Option<(Algorithm, Vec<u8>)>,
        signature: Vec<u8>,
    },
    /// An envelope.
    Envelope(Envelope),
}

/// An envelope with one signature (DSSE, `protocol.md`).
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) payload_type: String,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Envelope {
    /// What an envelope's signature is over: the "pre-authentication encoding".
    pub(super) fn signed(&self) -> Vec<u8> {
        let mut signed = format!(
            "DSSEv1 {} {} {} ",
            self.payload_type.len(),
            self.payload_type,
            self.payload.len()
        )
        .into_bytes();
        signed.extend_from_slice(&self.payload);
        signed
    }
}

/// With what the signature can be verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Material {
    /// A certificate in DER.
    Certificate(Vec<u8>),
    /// A key that the bundle does not hold.
    Key,
}

/// An entry of a transparency log, as far as it decides who can verify it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The log's identifier.
    pub(super) log: Vec<u8>,
    /// Whether its kind is one that is understood.
    pub(super) known_kind: bool,
}

/// Kinds of entries that are understood; older ones (`rekord`, `intoto` 0.0.1) do not hold what would have to be compared.
const KINDS: [(&str, &str); 4] = [
    ("dsse", "0.0.1"),
    ("hashedrekord", "0.0.1"),
    ("hashedrekord", "0.0.2"),
    ("intoto", "0.0.2"),
];

const V1: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
const V2: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";
const V3: [&str; 2] = [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: String,
    verification_material: WireMaterial,
    message_signature: Option<WireSignature>,
    dsse_envelope: Option<WireEnvelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial {
    certificate: Option<WireCertificate>,
    public_key: Option<IgnoredAny>,
    x509_certificate_chain: Option<WireChain>,
    tlog_entries: Option<Vec<WireEntry>>,
    timestamp_verification_data: Option<WireTimestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate {
    raw_bytes: String,
}

#[derive(Deserialize)]
struct WireChain {
    certificates: Vec<WireCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    log_id: WireLogId,
    kind_version: WireKind,
    inclusion_promise: Option<IgnoredAny>,
    inclusion_proof: Option<WireProof>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: String,
}

#[derive(Deserialize)]
struct WireKind {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
struct WireProof {
    hashes: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamps {
    rfc3161_timestamps: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSignature {
    message_digest: Option<WireDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct WireDigest {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEnvelope {
    payload_type: String,
    payload: String,
    signatures: Vec<WireEnvelopeSignature>,
}

#[derive(Deserialize)]
struct WireEnvelopeSignature {
    sig: String,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// It is malformed, says two things at once, or exceeds a limit.
    pub fn parse(bytes: &[u8], origin: Origin) -> Result<Self, Rejection> {
        if bytes.len() > usize::try_from(limits::BUNDLE_BYTES).unwrap_or(usize::MAX) {
            return Err(too_large("a bundle", "bytes", limits::BUNDLE_BYTES));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let wire: Wire = json::parse(bytes).map_err(|error| malformed(&format!("it is no bundle: {error}")))?;
        let is_v3 = V3.contains(&wire.media_type.as_str());
        if !(is_v3 || [V1, V2].contains(&wire.media_type.as_str())) {
            return Err(Rejection::Unsupported {
                why: format!("its format is `{}`", wire.media_type),
            });
        }
        if origin == Origin::Registry && !is_v3 {
            return Err(Rejection::Unsupported {
                why: format!("its format is `{}`: a registry's must be 0.3", wire.media_type),
            });
        }
        let WireMaterial {
            certificate,
            public_key,
            x509_certificate_chain: chain,
            tlog_entries,
            timestamp_verification_data,
        } = wire.verification_material;
        let material = match (certificate, chain, public_key) {
            (Some(one), None, None) => Material::Certificate(decode(&one.raw_bytes, "its certificate")?),
            (None, Some(_), None) if is_v3 => {
                return Err(Rejection::Unsupported {
                    why: "it has a chain of certificates, which format 0.3 forbids".to_owned(),
                });
            }
            (None, Some(chain), None) => match chain.certificates.first() {
                Some(leaf) => Material::Certificate(decode(&leaf.raw_bytes, "its certificate")?),
                None => return Err(malformed("its chain of certificates is empty")),
            },
            (None, None, Some(_)) => Material::Key,
            _ => return Err(malformed("expected either a certificate or the hint of a key")),
        };
        let wire_entries = tlog_entries.unwrap_or_default();
        if wire_entries.len() > limits::LOG_ENTRIES {
            return Err(too_large("a bundle", "log entries", limits::LOG_ENTRIES));
        }
        let mut entries = Vec::new();
        for entry in wire_entries {
            entries.push(entry.check(wire.media_type == V1)?);
        }
        let timestamps = timestamp_verification_data
            .and_then(|data| data.rfc3161_timestamps)
            .map_or(0, |timestamps| timestamps.len());
        if timestamps > limits::TIMESTAMPS {
            return Err(too_large("a bundle", "timestamps", limits::TIMESTAMPS));
        }
        let content = match (wire.message_signature, wire.dsse_envelope) {
            (Some(signature), None) => signature.read()?,
            (None, Some(envelope)) => Content::Envelope(envelope.read()?),
            _ => return Err(malformed("expected either a signature or an envelope")),
        };
        Ok(Self {
            content,
            material,
            entries,
            timestamps,
            text: text.to_owned(),
            keyed: None,
        })
    }

    pub(super) fn signature(&self) -> &[u8] {
        match &self.content {
            Content::Artifact { signature, .. } => signature,
            Content::Envelope(envelope) => &envelope.signature,
        }
    }

    /// Verifies that the artifact is the one whose digest the bundle names, where it names one.
    pub(super) fn verify_named_digest(&self, artifact: Message<'_>) -> Result<(), Rejection> {
        let Content::Artifact {
            digest: Some((algorithm, expected)),
            ..
        } = &self.content
        else {
            return Ok(());
        };
        let found = match artifact {
            Message::Bytes(bytes) => Digest::with(*algorithm, bytes),
            Message::Digest(digest) if digest.algorithm() == *algorithm => digest.clone(),
            Message::Digest(_) => return Err(Rejection::NeedsArtifact),
        };
        if found.bytes() == *expected {
            return Ok(());
        }
        let hex: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        Err(Rejection::Artifact {
            found: format!("`{}:{hex}`", algorithm.name()),
        })
    }
}

impl WireEntry {
    /// Every entry must prove that it is in its log: what the library asks of one of them holds for all.
    fn check(self, is_v1: bool) -> Result<Entry, Rejection> {
        let proven = self.inclusion_proof.is_some() || (is_v1 && self.inclusion_promise.is_some());
        if !proven {
            return Err(Rejection::Log {
                why: "it has no proof of inclusion".to_owned(),
            });
        }
        let hashes = self.inclusion_proof.and_then(|proof| proof.hashes);
        if hashes.is_some_and(|hashes| hashes.len() > limits::PROOF_HASHES) {
            return Err(too_large("a proof of inclusion", "hashes", limits::PROOF_HASHES));
        }
        let kind = (self.kind_version.kind.as_str(), self.kind_version.version.as_str());
        Ok(Entry {
            log: decode(&self.log_id.key_id, "its log's identifier")?,
            known_kind: KINDS.contains(&kind),
        })
    }
}

impl WireSignature {
    fn read(self) -> Result<Content, Rejection> {
        let digest = match self.message_digest {
            None => None,
            Some(digest) => {
                let algorithm = match digest.algorithm.as_str() {
                    "SHA2_256" => Some(Algorithm::Sha256),
                    "SHA2_512" => Some(Algorithm::Sha512),
                    "SHA2_384" => None,
                    other => {
                        return Err(Rejection::Unsupported {
                            why: format!("its digest is of `{other}`"),
                        });
                    }
                };
                let bytes = decode(&digest.digest, "its digest")?;
                algorithm.map(|algorithm| (algorithm, bytes))
            }
        };
        Ok(Content::Artifact {
            digest,
            signature: decode(&self.signature, "its signature")?,
        })
    }
}

impl WireEnvelope {
    pub(super) fn read(self) -> Result<Envelope, Rejection> {
        let [signature] = self.signatures.as_slice() else {
            return Err(malformed("expected an envelope with one signature"));
        };
        Ok(Envelope {
            signature: decode(&signature.sig, "its signature")?,
            payload: decode(&self.payload, "its payload")?,
            payload_type: self.payload_type,
        })
    }
}

/// Decodes base64 as protobuf's JSON has it: either alphabet, padded or not.
pub(super) fn decode(text: &str, what: &str) -> Result<Vec<u8>, Rejection> {
    let alphabet = if text.contains(['-', '_']) {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(alphabet, config)
        .decode(text)
        .map_err(|_| malformed(&format!("{what} is not base64")))?;
    if bytes.is_empty() {
        return Err(malformed(&format!("{what} is empty")));
    }
    Ok(bytes)
}

fn malformed(why: &str) -> Rejection {
    Rejection::Malformed { why: why.to_owned() }
}

fn too_large(what: &str, of: &str, limit: impl std::fmt::Display) -> Rejection {
    Rejection::TooLarge {
        what: format!("{what} may have {limit} {of}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn minimal() -> Value {
        json!({
            "mediaType": V3[0],
            "verificationMaterial": {"publicKey": {"hint": "x"}},
            "dsseEnvelope": {"payloadType": "t", "payload": "aGk", "signatures": [{"sig": "-_8="}]},
        })
    }

    fn parse(value: &Value, origin: Origin) -> Result<Bundle, String> {
        Bundle::parse(value.to_string().as_bytes(), origin).map_err(|error| error.to_string())
    }

    fn error(change: impl Fn(&mut Value)) -> String {
        let mut value = minimal();
        change(&mut value);
        parse(&value, Origin::File).unwrap_err()
    }

    #[test]
    fn a_bundle_is_read() {
        let bundle = parse(&minimal(), Origin::Registry).unwrap();
        assert_eq!(bundle.signature(), [0xfb, 0xff]);
        let Content::Envelope(envelope) = &bundle.content else {
            panic!("an envelope")
        };
        assert_eq!(envelope.signed(), b"DSSEv1 1 t 2 hi");
    }

    #[test]
    fn what_says_two_things_or_none_is_refused() {
        let chain = "verificationMaterial";
        assert_eq!(
            error(|value| value[chain]["certificate"] = json!({"rawBytes": "aGk="})),
            "it is malformed: expected either a certificate or the hint of a key"
        );
        assert_eq!(
            error(|value| value[chain] = json!({"x509CertificateChain": {"certificates": []}})),
            "it cannot be verified: it has a chain of certificates, which format 0.3 forbids"
        );
        assert_eq!(
            error(|value| value["messageSignature"] = json!({"signature": "aGk="})),
            "it is malformed: expected either a signature or an envelope"
        );
        assert_eq!(
            error(|value| value["dsseEnvelope"]["signatures"] = json!([{"sig": "aGk="}, {"sig": "aGk="}])),
            "it is malformed: expected an envelope with one signature"
        );
        assert_eq!(
            error(|value| value["dsseEnvelope"]["signatures"][0]["sig"] = json!("")),
            "it is malformed: its signature is empty"
        );
        assert_eq!(
            error(|value| value["mediaType"] = json!("application/json")),
            "it cannot be verified: its format is `application/json`"
        );
        assert!(Bundle::parse(b"{\"mediaType\":1,\"mediaType\":2}", Origin::File).is_err());
    }

    #[test]
    fn a_registry_cannot_choose_an_older_format() {
        let mut value = minimal();
        value["mediaType"] = json!(V1);
        assert!(parse(&value, Origin::File).is_ok());
        assert!(parse(&value, Origin::Registry).unwrap_err().contains("must be 0.3"));
    }

    #[test]
    fn counts_are_limited_and_every_entry_is_proven() {
        let entry = |proof: Value| json!({"logId": {"keyId": "aGk="}, "kindVersion": {"kind": "dsse", "version": "0.0.1"}, "inclusionPromise": {}, "inclusionProof": proof});
        let with = |entries: Vec<Value>| {
            move |value: &mut Value| value["verificationMaterial"]["tlogEntries"] = json!(entries)
        };
        assert_eq!(
            error(with(vec![entry(json!({})), entry(Value::Null)])),
            "its log entry does not hold: it has no proof of inclusion"
        );
        assert_eq!(
            error(with(vec![entry(json!({})); 33])),
            "it is too large: a bundle may have 32 log entries"
        );
        let long = entry(json!({"hashes": vec!["a"; 65]}));
        assert!(error(with(vec![long])).contains("64 hashes"));
        let stamps = json!({"rfc3161Timestamps": vec![json!({}); 33]});
        assert!(
            error(|value| value["verificationMaterial"]["timestampVerificationData"] = stamps.clone())
                .contains("32 timestamps")
        );
    }
}
