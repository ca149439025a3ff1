//! cosign's older format: signatures as layers under the tags `sha256-<hex>.sig` and `.att`, their proof in annotations.
//!
//! A layer becomes a bundle, so that both formats are verified by the same code.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bundle::{Bundle, Origin, WireEnvelope, decode};
use super::{Rejection, json as strict};
use crate::oci::Digest;
use crate::pem;

/// The media type of a layer that holds a payload.
pub(super) const SIGNATURE_LAYER: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The media type of a layer that holds an envelope.
pub(super) const ATTESTATION_LAYER: &str = "application/vnd.dsse.envelope.v1+json";

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireEntry {
    signed_entry_timestamp: String,
    payload: WirePayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePayload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
struct WireBody {
    kind: String,
    #[serde(rename = "apiVersion")]
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

/// The bundle of a layer that holds a payload.
pub(super) fn signature(payload: &[u8], annotations: &BTreeMap<String, String>) -> Result<Bundle, Rejection> {
    let signature = annotation(annotations, SIGNATURE).ok_or_else(|| malformed("it has no signature"))?;
    let content = json!({
        "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(Digest::of(payload).bytes())},
        "signature": STANDARD.encode(decode(signature, "its signature")?),
    });
    bundle("messageSignature", &content, annotations, true)
}

/// The bundle of a layer that holds an envelope.
///
/// A timestamp of this format is over the text of the envelope, which nobody can check against a bundle's: it counts for
/// nothing here, and the log's own time is needed.
pub(super) fn attestation(envelope: &[u8], annotations: &BTreeMap<String, String>) -> Result<Bundle, Rejection> {
    let wire: WireEnvelope = strict::parse(envelope).map_err(|error| malformed(&format!("its envelope: {error}")))?;
    let envelope = wire.read()?;
    let content = json!({
        "payloadType": envelope.payload_type,
        "payload": STANDARD.encode(&envelope.payload),
        "signatures": [{"sig": STANDARD.encode(&envelope.signature)}],
    });
    bundle("dsseEnvelope", &content, annotations, false)
}

fn bundle(
    name: &str,
    content: &Value,
    annotations: &BTreeMap<String, String>,
    stamped: bool,
) -> Result<Bundle, Rejection> {
    let entry = annotation(annotations, ENTRY).map(log_entry).transpose()?;
    let timestamp = annotation(annotations, TIMESTAMP).filter(|_| stamped);
    let timestamp = timestamp.map(timestamp_of).transpose()?;
    let der = annotation(annotations, CERTIFICATE).map(certificate).transpose()?;
    let read = |certificate: Option<&[u8]>| {
        let text = text(name, content, certificate, entry.as_ref(), timestamp.as_deref());
        Bundle::parse(text.as_bytes(), Origin::File)
    };
    let mut bundle = read(der.as_deref())?;
    if der.is_some() {
        bundle.keyed = Some(Box::new(read(None)?));
    }
    Ok(bundle)
}

fn text(
    name: &str,
    content: &Value,
    certificate: Option<&[u8]>,
    entry: Option<&Value>,
    timestamp: Option<&str>,
) -> String {
    // The first format is the one in which a promise stands for the proof of inclusion, as it does here.
    let (format, old) = match entry {
        Some(_) => ("application/vnd.dev.sigstore.bundle+json;version=0.1", true),
        None => ("application/vnd.dev.sigstore.bundle.v0.3+json", false),
    };
    let mut material = match certificate {
        None => json!({"publicKey": {"hint": ""}}),
        Some(der) if old => json!({"x509CertificateChain": {"certificates": [{"rawBytes": STANDARD.encode(der)}]}}),
        Some(der) => json!({"certificate": {"rawBytes": STANDARD.encode(der)}}),
    };
    if let Value::Object(material) = &mut material {
        material.insert("tlogEntries".to_owned(), entry.cloned().into_iter().collect());
        let timestamps: Vec<Value> = timestamp
            .into_iter()
            .map(|signed| json!({"signedTimestamp": signed}))
            .collect();
        material.insert(
            "timestampVerificationData".to_owned(),
            json!({"rfc3161Timestamps": timestamps}),
        );
    }
    json!({"mediaType": format, "verificationMaterial": material, name: content}).to_string()
}

/// An annotation that says something: cosign has written certificates that are nothing but a space (its issue 4760).
fn annotation<'a>(annotations: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    annotations
        .get(key)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

/// The certificate in DER; a public key in its place is refused, whatever it could verify (GHSA-fx35-mq7g-6g98).
fn certificate(text: &str) -> Result<Vec<u8>, Rejection> {
    let blocks = pem::blocks(text);
    match blocks.first() {
        Some(block) if block.label == "CERTIFICATE" => match &block.der {
            Some(der) => Ok(der.to_vec()),
            None => Err(malformed("its certificate is not base64")),
        },
        _ => Err(malformed("its certificate is none")),
    }
}

fn log_entry(text: &str) -> Result<Value, Rejection> {
    let wire: WireEntry =
        strict::parse(text.as_bytes()).map_err(|error| malformed(&format!("its log entry: {error}")))?;
    let body = decode(&wire.payload.body, "the body of its log entry")?;
    let kind: WireBody = strict::parse(&body).map_err(|error| malformed(&format!("its log entry: {error}")))?;
    let log = hex(&wire.payload.log_id).ok_or_else(|| malformed("its log's identifier is not hex"))?;
    Ok(json!({
        "logIndex": wire.payload.log_index.to_string(),
        "logId": {"keyId": STANDARD.encode(log)},
        "kindVersion": {"kind": kind.kind, "version": kind.version},
        "integratedTime": wire.payload.integrated_time.to_string(),
        "inclusionPromise": {
            "signedEntryTimestamp": STANDARD.encode(decode(&wire.signed_entry_timestamp, "its log's promise")?),
        },
        "canonicalizedBody": STANDARD.encode(body),
    }))
}

fn timestamp_of(text: &str) -> Result<String, Rejection> {
    let wire: WireTimestamp =
        strict::parse(text.as_bytes()).map_err(|error| malformed(&format!("its timestamp: {error}")))?;
    Ok(STANDARD.encode(decode(&wire.signed, "its timestamp")?))
}

/// The bytes of the hex digits of a log's identifier, which is a SHA-256 hash.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digest: Digest = format!("sha256:{text}").parse().ok()?;
    Some(digest.bytes())
}

fn malformed(why: &str) -> Rejection {
    Rejection::Malformed { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::bundle::Material;
    use super::*;

    fn annotations(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_blank_certificate_counts_as_none() {
        let bundle = signature(b"{}", &annotations(&[(SIGNATURE, "aGk="), (CERTIFICATE, " \n")])).unwrap();
        assert_eq!(bundle.material, Material::Key);
    }

    #[test]
    fn a_public_key_is_no_certificate() {
        let key = "-----BEGIN PUBLIC KEY-----\naGk=\n-----END PUBLIC KEY-----\n";
        let refused = signature(b"{}", &annotations(&[(SIGNATURE, "aGk="), (CERTIFICATE, key)])).unwrap_err();
        assert_eq!(refused.to_string(), "it is malformed: its certificate is none");
    }

    #[test]
    fn what_is_missing_or_malformed_is_told() {
        let error = |pairs: &[(&str, &str)]| signature(b"{}", &annotations(pairs)).unwrap_err().to_string();
        assert_eq!(error(&[]), "it is malformed: it has no signature");
        assert!(
            error(&[(SIGNATURE, "aGk="), (ENTRY, "{}")]).starts_with("it is malformed: its log entry: missing field")
        );
        assert!(error(&[(SIGNATURE, "aGk="), (TIMESTAMP, "[]")]).starts_with("it is malformed: its timestamp"));
        let refused = attestation(
            br#"{"payloadType":"t","payload":"aGk=","signatures":[]}"#,
            &annotations(&[]),
        );
        assert_eq!(
            refused.unwrap_err().to_string(),
            "it is malformed: expected an envelope with one signature"
        );
    }
}
