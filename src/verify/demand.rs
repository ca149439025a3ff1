//! What a run demands of the evidence, and the proof that evidence meets it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::{Bundle, Content, Material};
use super::certificate::Certificate;
use super::identity::Identity;
use super::key::{Algorithm, Message, PublicKey};
use super::sigstore::{Evidence, TrustRoot};
use super::statement::{Claim, Payload, Statement};
use super::{Rejection, legacy};
use crate::oci::Digest;

/// Who may sign.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Whoever holds the private key.
    Key(PublicKey),
    /// Whoever an issuer knows by a name.
    Identity(Identity),
}

/// Whether a signature must be in a transparency log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogRule {
    /// With a certificate it must; with a key what is there is verified, where the log is known, and nothing is missed.
    #[default]
    Auto,
    /// Not asked. With a certificate a timestamp must then prove the time.
    Off,
    /// It must, whoever signed.
    Required,
}

/// What evidence must show.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    /// Who may sign: any of them is enough.
    pub signers: &'a [Signer],
    /// Whom to believe about certificates, logs and times.
    pub root: &'a TrustRoot,
    /// Whether it must be logged.
    pub log: LogRule,
    /// What must be said; `None` takes any statement about the artifact, and a bare signature.
    pub claim: Option<Claim>,
    /// What the signer must have noted beside it.
    pub annotations: BTreeMap<String, String>,
}

/// Proof that somebody who may sign said what was demanded about a digest.
///
/// Only this module makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    digest: Digest,
    format: Format,
    said: Said,
    signed_by: SignedBy,
    evidence: Evidence,
    log: LogState,
}

/// How the evidence was stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// As a Sigstore bundle.
    Bundle,
    /// In cosign's older format.
    Legacy,
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The predicate type of the statement; `None` for a bare signature.
    pub predicate_type: Option<String>,
    /// What was noted beside it.
    pub annotations: BTreeMap<String, Value>,
}

/// Who said it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignedBy {
    /// The holder of a key.
    Key {
        /// The SHA-256 hash of the public key.
        fingerprint: Digest,
        /// How the signature was made.
        algorithm: Algorithm,
    },
    /// The subject of a certificate.
    Certificate {
        /// The name that was asked for.
        name: String,
        /// Who vouched for it.
        issuer: String,
        /// What else the certificate says, by name.
        claims: BTreeMap<&'static str, String>,
    },
}

/// What is known about the transparency log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LogState {
    /// The entries hold.
    Verified,
    /// There is no entry.
    Absent,
    /// There may be one, which was not verified; the text says why, as a fragment.
    Unchecked(&'static str),
}

impl Verified {
    /// The digest that the proof is about, as the caller computed it; none that stood in the evidence.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How the evidence was stored.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// What was said.
    #[must_use]
    pub const fn said(&self) -> &Said {
        &self.said
    }

    /// Who said it.
    #[must_use]
    pub const fn signed_by(&self) -> &SignedBy {
        &self.signed_by
    }

    /// Log entries and times that were proven.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What is known about the transparency log.
    #[must_use]
    pub const fn log(&self) -> &LogState {
        &self.log
    }
}

/// What a signature proved, before anything is known about what it says.
struct Proof {
    signed_by: SignedBy,
    evidence: Evidence,
    log: LogState,
}

impl Demand<'_> {
    /// Verifies a bundle about an image, of which the digest was computed here.
    ///
    /// # Errors
    /// The bundle does not show what is demanded.
    pub fn verify_image(&self, bundle: &Bundle, digest: &Digest) -> Result<Verified, Rejection> {
        let Content::Envelope(_) = &bundle.content else {
            return Err(Rejection::Unsupported {
                why: "it signs bare bytes, not a statement about an image".to_owned(),
            });
        };
        self.verify(bundle, Message::Digest(digest), digest, Format::Bundle)
    }

    /// Verifies a bundle about an artifact, of which there is a digest or the bytes.
    ///
    /// # Errors
    /// The bundle does not show what is demanded.
    pub fn verify_artifact(&self, bundle: &Bundle, artifact: Message<'_>) -> Result<Verified, Rejection> {
        let digest = match artifact {
            Message::Bytes(bytes) => Digest::of(bytes),
            Message::Digest(digest) => digest.clone(),
        };
        self.verify(bundle, artifact, &digest, Format::Bundle)
    }

    /// Verifies a layer of cosign's older format that signs an image.
    pub(super) fn verify_legacy_signature(
        &self,
        payload: &[u8],
        annotations: &BTreeMap<String, String>,
        digest: &Digest,
    ) -> Result<Verified, Rejection> {
        let bundle = legacy::signature(payload, annotations)?;
        let proof = self.verify_signers(&bundle, Message::Bytes(payload))?;
        let annotations = Payload::parse(payload)?.verify(digest, &self.annotations)?;
        Ok(proof.about(digest, Format::Legacy, None, annotations))
    }

    /// Verifies a layer of cosign's older format that holds an attestation.
    pub(super) fn verify_legacy_attestation(
        &self,
        envelope: &[u8],
        annotations: &BTreeMap<String, String>,
        digest: &Digest,
    ) -> Result<Verified, Rejection> {
        let bundle = legacy::attestation(envelope, annotations)?;
        self.verify(&bundle, Message::Digest(digest), digest, Format::Legacy)
    }

    fn verify(
        &self,
        bundle: &Bundle,
        artifact: Message<'_>,
        digest: &Digest,
        format: Format,
    ) -> Result<Verified, Rejection> {
        // Reading the statement first costs nothing: it is believed only if the signature holds.
        let statement = match &bundle.content {
            Content::Artifact { .. } => None,
            Content::Envelope(envelope) => Some(Statement::parse(&envelope.payload_type, &envelope.payload)?),
        };
        let proof = self.verify_signers(bundle, artifact)?;
        let (predicate_type, annotations) = match (&statement, &self.claim) {
            (Some(statement), claim) => {
                let claim = match claim {
                    Some(claim) => claim,
                    None => &Claim::Attestation(statement.predicate_type.clone()),
                };
                let annotations = statement.verify(claim, digest, &self.annotations)?;
                (Some(statement.predicate_type.clone()), annotations)
            }
            (None, Some(Claim::Attestation(_))) => {
                return Err(Rejection::Unsupported {
                    why: "it is a bare signature, and states nothing".to_owned(),
                });
            }
            (None, _) => match self.annotations.iter().next() {
                Some((key, value)) => {
                    return Err(Rejection::Annotation {
                        key: key.clone(),
                        value: value.clone(),
                    });
                }
                None => (None, BTreeMap::new()),
            },
        };
        Ok(proof.about(digest, format, predicate_type, annotations))
    }

    /// Tries every signer; of several reasons the one that came nearest to a proof is given.
    fn verify_signers(&self, bundle: &Bundle, artifact: Message<'_>) -> Result<Proof, Rejection> {
        let mut nearest: Option<Rejection> = None;
        for signer in self.signers {
            let result = match signer {
                Signer::Key(key) => self.verify_key(key, bundle, artifact),
                Signer::Identity(identity) => self.verify_identity(identity, bundle, artifact),
            };
            match result {
                Ok(proof) => return Ok(proof),
                Err(rejection) if nearest.as_ref().is_none_or(|old| old.nearness() < rejection.nearness()) => {
                    nearest = Some(rejection);
                }
                Err(_) => {}
            }
        }
        Err(nearest.unwrap_or(Rejection::HasNoKey))
    }

    fn verify_identity(&self, identity: &Identity, bundle: &Bundle, artifact: Message<'_>) -> Result<Proof, Rejection> {
        let Material::Certificate(der) = &bundle.material else {
            return Err(Rejection::HasNoCertificate);
        };
        let certificate = Certificate::parse(der)?;
        let evidence = self.root.verify_certificate(bundle, artifact, self.log)?;
        let name = identity.verify(&certificate)?;
        let log = match self.log {
            LogRule::Off => LogState::Unchecked("it was switched off"),
            LogRule::Auto | LogRule::Required => LogState::Verified,
        };
        Ok(Proof {
            signed_by: SignedBy::Certificate {
                name,
                issuer: certificate.issuer.unwrap_or_default(),
                claims: certificate.claims,
            },
            evidence,
            log,
        })
    }

    fn verify_key(&self, key: &PublicKey, bundle: &Bundle, artifact: Message<'_>) -> Result<Proof, Rejection> {
        let bundle = bundle.keyed.as_deref().unwrap_or(bundle);
        if bundle.material != Material::Key {
            return Err(Rejection::HasNoKey);
        }
        let algorithm = match &bundle.content {
            Content::Artifact { .. } => {
                bundle.verify_named_digest(artifact)?;
                key.verify(artifact, bundle.signature())?
            }
            Content::Envelope(envelope) => key.verify(Message::Bytes(&envelope.signed()), bundle.signature())?,
        };
        let (evidence, log) = self.verify_key_evidence(key, algorithm, bundle, artifact)?;
        Ok(Proof {
            signed_by: SignedBy::Key {
                fingerprint: key.fingerprint(),
                algorithm,
            },
            evidence,
            log,
        })
    }

    /// A key's signature needs no log; what is there must hold all the same, where anybody can tell.
    fn verify_key_evidence(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        bundle: &Bundle,
        artifact: Message<'_>,
    ) -> Result<(Evidence, LogState), Rejection> {
        if self.log == LogRule::Off {
            return Ok((Evidence::default(), LogState::Unchecked("it was switched off")));
        }
        let logged = !bundle.entries.is_empty();
        if !logged && self.log == LogRule::Required {
            return Err(Rejection::NotLogged);
        }
        if !logged && bundle.timestamps == 0 {
            return Ok((Evidence::default(), LogState::Absent));
        }
        let unable = if !self.root.knows_logs_of(bundle) {
            Some("the trusted root does not know it")
        } else if bundle.entries.iter().any(|entry| !entry.known_kind) {
            Some("its kind of entry is not supported")
        } else if !is_logged_plainly(algorithm) {
            Some("entries for this signature algorithm are not supported")
        } else {
            None
        };
        match unable {
            None => {
                let evidence = self.root.verify_evidence(bundle, artifact, key)?;
                let state = if logged { LogState::Verified } else { LogState::Absent };
                Ok((evidence, state))
            }
            Some(why) if self.log == LogRule::Required => Err(Rejection::Log { why: why.to_owned() }),
            Some(why) => Ok((Evidence::default(), LogState::Unchecked(why))),
        }
    }
}

/// Algorithms whose signatures the library can hold against a log entry or timestamp.
const fn is_logged_plainly(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 | Algorithm::Ed25519 | Algorithm::RsaSha256
    )
}

impl Proof {
    fn about(
        self,
        digest: &Digest,
        format: Format,
        predicate_type: Option<String>,
        annotations: BTreeMap<String, Value>,
    ) -> Verified {
        Verified {
            digest: digest.clone(),
            format,
            said: Said {
                predicate_type,
                annotations,
            },
            signed_by: self.signed_by,
            evidence: self.evidence,
            log: self.log,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::{Origin, Pattern};
    use super::*;

    /// By a key, about `WEB`, in no log.
    const KEYED: &str = include_str!(
        "../../fixtures/verify/cosign/registry/shop/web/blobs/sha256/81e40162c1037bd2360e71d14c4a50d7ac62f1d6b3f57629d68432a78de4aae9"
    );
    const WEB: &str = "sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03";
    /// By an identity, about `REKOR1`, in a log that `ROOT` knows.
    const KEYLESS: &str = include_str!(
        "../../fixtures/verify/keyless/registry/keyless/rekor1/blobs/sha256/66291d7248fe96eb45c5026b8a72f83ad1525d8db5d8aade79e2ba821e92a5ff"
    );
    const REKOR1: &str = "sha256:a8b91e4e39855e5d3e912e8d3dfe8b9ca03d3fed5d3b2a9e76775055c5557b01";
    const ROOT: &str = include_str!("../../fixtures/verify/keyless/trusted_root.json");
    const RELEASE: &str = include_str!("../../fixtures/verify/cosign/keys/release.pub");

    fn signers() -> Vec<Signer> {
        let workflow = "https://github.com/company/shop/.github/workflows/release.yml@refs/tags/v1.2.3";
        vec![
            Signer::Key(PublicKey::from_pem(RELEASE).unwrap()),
            Signer::Identity(Identity {
                subject: Pattern::Exact(workflow.to_owned()),
                issuer: Pattern::Exact("https://token.actions.githubusercontent.com".to_owned()),
            }),
        ]
    }

    fn verify(text: &str, digest: &str, root: &TrustRoot, log: LogRule) -> Result<Verified, Rejection> {
        let demand = Demand {
            signers: &signers(),
            root,
            log,
            claim: Some(Claim::Signature),
            annotations: BTreeMap::new(),
        };
        let bundle = Bundle::parse(text.as_bytes(), Origin::Registry)?;
        demand.verify_image(&bundle, &digest.parse().unwrap())
    }

    /// The keyed bundle with the log entries of the other one.
    fn with_entries_of_another() -> String {
        let mut keyed: Value = serde_json::from_str(KEYED).unwrap();
        let other: Value = serde_json::from_str(KEYLESS).unwrap();
        keyed["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"].clone();
        keyed.to_string()
    }

    #[test]
    fn the_proof_says_what_was_proven() {
        let root = TrustRoot::parse(ROOT.as_bytes()).unwrap();
        let keyed = verify(KEYED, WEB, &root, LogRule::Auto).unwrap();
        assert_eq!(
            (keyed.digest().to_string().as_str(), keyed.log()),
            (WEB, &LogState::Absent)
        );
        assert!(keyed.evidence().times.is_empty());
        let keyless = verify(KEYLESS, REKOR1, &root, LogRule::Auto).unwrap();
        assert_eq!(keyless.log(), &LogState::Verified);
        assert_eq!(keyless.evidence().log.len(), 1);
        let SignedBy::Certificate { claims, .. } = keyless.signed_by() else {
            panic!("a certificate")
        };
        assert_eq!(claims["sourceRepositoryURI"], "https://github.com/company/shop");
        // Each is about its own image.
        assert!(verify(KEYED, REKOR1, &root, LogRule::Auto).is_err());
        assert!(verify(KEYLESS, WEB, &root, LogRule::Off).is_err());
    }

    #[test]
    fn a_log_entry_beside_a_keys_signature_holds_or_is_not_believed() {
        let (public, own) = (
            TrustRoot::embedded().unwrap(),
            TrustRoot::parse(ROOT.as_bytes()).unwrap(),
        );
        let text = with_entries_of_another();
        // The log is known, and the entry is somebody else's.
        for rule in [LogRule::Auto, LogRule::Required] {
            assert_eq!(verify(&text, WEB, &own, rule).unwrap_err().code(), "log");
        }
        // Nobody knows the log: the entry is worth nothing, and the signature what it was.
        let unknown = LogState::Unchecked("the trusted root does not know it");
        assert_eq!(verify(&text, WEB, &public, LogRule::Auto).unwrap().log(), &unknown);
        assert_eq!(
            verify(&text, WEB, &public, LogRule::Required).unwrap_err().code(),
            "log"
        );
        assert_eq!(verify(KEYED, WEB, &own, LogRule::Required), Err(Rejection::NotLogged));
        let off = verify(&text, WEB, &own, LogRule::Off).unwrap();
        assert_eq!(off.log(), &LogState::Unchecked("it was switched off"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever byte of a bundle is changed: it is refused, or says the same with the same signature.
        #[test]
        fn a_changed_bundle_proves_nothing_else(at in any::<prop::sample::Index>(), byte in 0x20..0x7f_u8, keyed: bool) {
            let (text, digest) = if keyed { (KEYED, WEB) } else { (KEYLESS, REKOR1) };
            let mut changed = text.as_bytes().to_vec();
            let at = at.index(changed.len());
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap();
            let root = TrustRoot::parse(ROOT.as_bytes()).unwrap();
            if verify(&changed, digest, &root, LogRule::Auto).is_ok() {
                let parse = |text: &str| Bundle::parse(text.as_bytes(), Origin::Registry).unwrap();
                let (before, after) = (parse(text), parse(&changed));
                prop_assert_eq!(before.signature(), after.signature());
                prop_assert_eq!(&before.material, &after.material);
                let payload = |bundle: &Bundle| match &bundle.content {
                    Content::Envelope(envelope) => envelope.signed(),
                    Content::Artifact { .. } => Vec::new(),
                };
                prop_assert_eq!(payload(&before), payload(&after));
            }
        }
    }
}
