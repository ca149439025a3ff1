//! The certificate that a cluster hands out: whose public key seals, and until when.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::ObjectIdentifier;

use super::crypto::{KeyError, SealingKey, check_size};
use crate::pem;

/// A sealing certificate.
///
/// It is a box for a key and two dates. The controller signs its own certificates, with an empty subject, so nothing else
/// of them is checked: pin one with its fingerprint.
#[derive(Debug)]
pub struct Certificate {
    key: SealingKey,
    not_before: Timestamp,
    not_after: Timestamp,
    sha256: [u8; 32],
}

/// What keeps a file from being a sealing certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The certificate is not valid any more.
    #[error("the certificate expired on {}", not_after.strftime("%Y-%m-%d"))]
    Expired {
        /// Its last moment.
        not_after: Timestamp,
    },
    /// It is not the one that was pinned.
    #[error("the certificate has the SHA-256 fingerprint {found}: expected {expected}")]
    Fingerprint {
        /// The fingerprint of this one, in hexadecimal.
        found: String,
        /// The one that was asked for.
        expected: String,
    },
    /// The key does not fit.
    #[error("the certificate's key cannot seal")]
    Key(#[source] KeyError),
    /// A PEM block says `CERTIFICATE` and holds something else.
    #[error("the PEM block {number} is not an X.509 certificate, or it is damaged")]
    Malformed {
        /// Which certificate of the file, from one.
        number: usize,
    },
    /// There is nothing of use.
    #[error("{found} where a PEM certificate (`-----BEGIN CERTIFICATE-----`) was expected")]
    Missing {
        /// What there is instead.
        found: &'static str,
    },
    /// The key is of another kind.
    #[error("the certificate holds {algorithm} key: sealing needs RSA")]
    NotRsa {
        /// The kind, with its article.
        algorithm: String,
    },
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

impl Certificate {
    /// Reads a PEM file: the first certificate counts, but all of them must be whole.
    ///
    /// # Errors
    /// There is none, one is damaged, or the first has no RSA key of a size within the limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let text = std::str::from_utf8(bytes).map_err(|_| CertificateError::Missing { found: binary(bytes) })?;
        let blocks = pem::blocks(text);
        let mut first = None;
        // Blocks with headers are no certificates for Go either.
        let certificates = blocks
            .iter()
            .filter(|block| block.label == "CERTIFICATE" && !block.has_headers);
        for (at, block) in certificates.enumerate() {
            let malformed = || CertificateError::Malformed { number: at + 1 };
            let der = block.der.as_ref().ok_or_else(malformed)?;
            let parsed = x509_cert::Certificate::from_der(der).map_err(|_| malformed())?;
            first.get_or_insert((parsed, der));
        }
        let Some((parsed, der)) = first else {
            return Err(CertificateError::Missing {
                found: instead(text, &blocks),
            });
        };
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, der).as_ref());
        Self::new(parsed.tbs_certificate(), sha256)
    }

    fn new(certificate: &x509_cert::TbsCertificate, sha256: [u8; 32]) -> Result<Self, CertificateError> {
        let malformed = CertificateError::Malformed { number: 1 };
        let spki = certificate.subject_public_key_info();
        if spki.algorithm.oid != RSA {
            let algorithm = match spki.algorithm.oid {
                EC => "an elliptic curve (EC)".to_owned(),
                ED25519 => "an Ed25519".to_owned(),
                other => format!("a {other}"),
            };
            return Err(CertificateError::NotRsa { algorithm });
        }
        let bits = modulus_bits(spki.subject_public_key.raw_bytes()).ok_or(malformed.clone())?;
        check_size(bits).map_err(CertificateError::Key)?;
        let spki = spki.to_der().map_err(|_| malformed.clone())?;
        let key = SealingKey::from_spki(&spki).map_err(CertificateError::Key)?;
        let moment = |seconds: u64| {
            let seconds = i64::try_from(seconds).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        let validity = certificate.validity();
        let not_after = moment(validity.not_after.to_unix_duration().as_secs());
        let not_before = moment(validity.not_before.to_unix_duration().as_secs());
        Ok(Self {
            key,
            not_before: not_before.ok_or(malformed.clone())?,
            not_after: not_after.ok_or(malformed)?,
            sha256,
        })
    }

    /// All certificates of a PEM text that could seal; the others are left out.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let blocks = pem::blocks(text)
            .into_iter()
            .filter(|block| block.label == "CERTIFICATE");
        let ders = blocks.filter_map(|block| block.der);
        ders.filter_map(|der| {
            let parsed = x509_cert::Certificate::from_der(&der).ok()?;
            let mut sha256 = [0; 32];
            sha256.copy_from_slice(digest(&SHA256, &der).as_ref());
            Self::new(parsed.tbs_certificate(), sha256).ok()
        })
        .collect()
    }

    /// Refuses a certificate that has expired, as kubeseal does. A start in the future is no obstacle.
    ///
    /// # Errors
    /// It has.
    pub fn check_expiry(&self, now: Timestamp) -> Result<(), CertificateError> {
        if now > self.not_after {
            return Err(CertificateError::Expired {
                not_after: self.not_after,
            });
        }
        Ok(())
    }

    /// Refuses any certificate but the one with this SHA-256 fingerprint: hexadecimal, with or without colons.
    ///
    /// # Errors
    /// It is another.
    pub fn check_fingerprint(&self, expected: &str) -> Result<(), CertificateError> {
        let plain: String = expected.chars().filter(|c| *c != ':').collect();
        let found = self.fingerprint();
        if plain.eq_ignore_ascii_case(&found) {
            return Ok(());
        }
        Err(CertificateError::Fingerprint {
            found,
            expected: expected.to_owned(),
        })
    }

    /// SHA-256 over the certificate in DER, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its first moment: the controller takes the certificate with the latest one for the newest.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Its last moment.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The key that seals.
    #[must_use]
    pub const fn key(&self) -> &SealingKey {
        &self.key
    }

    /// The key alone.
    #[must_use]
    pub fn into_key(self) -> SealingKey {
        self.key
    }
}

/// The size of an `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let modulus = SliceReader::new(key)
        .ok()?
        .sequence(|fields| {
            let modulus = UintRef::decode(fields)?;
            UintRef::decode(fields)?;
            Ok::<_, x509_cert::der::Error>(modulus)
        })
        .ok()?;
    let first = modulus.as_bytes().first()?;
    Some(modulus.as_bytes().len() * 8 - usize::try_from(first.leading_zeros()).ok()?)
}

fn binary(bytes: &[u8]) -> &'static str {
    // A DER sequence of 256 bytes or more.
    if bytes.starts_with(&[0x30, 0x82]) {
        "a certificate or key in DER"
    } else {
        "binary data"
    }
}

/// What stands in a file without a certificate.
fn instead(text: &str, blocks: &[pem::Block<'_>]) -> &'static str {
    let has = |suffix: &str| blocks.iter().any(|block| block.label.ends_with(suffix));
    if text.trim_ascii().is_empty() {
        "nothing"
    } else if has("PRIVATE KEY") {
        "a private key"
    } else if has("PUBLIC KEY") {
        "a bare public key"
    } else if !blocks.is_empty() {
        "other PEM blocks"
    } else if text.trim_ascii_start().starts_with('<') {
        "a web page"
    } else {
        "other text"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = include_str!("../../keys-example/sealing-2048.crt");
    const LARGE: &str = include_str!("../../keys-example/sealing-4096.crt");
    const EXPIRED: &str = include_str!("../../keys-example/sealing-expired.crt");

    fn refusal(bytes: impl AsRef<[u8]>) -> String {
        Certificate::parse(bytes.as_ref()).unwrap_err().to_string()
    }

    #[test]
    fn the_first_certificate_counts() {
        let bits = |text: String| format!("{:?}", Certificate::parse(text.as_bytes()).unwrap().into_key());
        assert_eq!(bits(format!("# mine\n{SMALL}{LARGE}")), "SealingKey(2048 bits)");
        assert_eq!(bits(format!("{LARGE}{SMALL}")), "SealingKey(4096 bits)");
        let headed = SMALL.replacen("-----\n", "-----\nA: b\n\n", 1);
        assert_eq!(bits(format!("{headed}{LARGE}")), "SealingKey(4096 bits)");
        assert_eq!(bits(LARGE.replace('\n', "\r\n")), "SealingKey(4096 bits)");
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let expected = "where a PEM certificate (`-----BEGIN CERTIFICATE-----`) was expected";
        for (bytes, found) in [
            (b"".as_slice(), "nothing"),
            (b"<html>", "a web page"),
            (b"hello", "other text"),
            (b"\x30\x82\xff", "a certificate or key in DER"),
            (b"\xff", "binary data"),
            (include_bytes!("../../keys-example/sealing-2048.key"), "a private key"),
            (include_bytes!("../../keys-example/release.pub"), "a bare public key"),
            (b"-----BEGIN X-----\n-----END X-----\n", "other PEM blocks"),
        ] {
            assert_eq!(refusal(bytes), format!("{found} {expected}"));
        }
        let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert_eq!(
            refusal(format!("{SMALL}{broken}")),
            "the PEM block 2 is not an X.509 certificate, or it is damaged"
        );
        assert_eq!(
            refusal(broken.replace("aGVsbG8=", "***")),
            "the PEM block 1 is not an X.509 certificate, or it is damaged"
        );
    }

    #[test]
    fn other_keys_than_rsa_are_refused() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        assert_eq!(
            refusal(certificate.pem()),
            "the certificate holds an elliptic curve (EC) key: sealing needs RSA"
        );
    }

    #[test]
    fn short_keys_are_refused() {
        assert_eq!(
            Certificate::parse(include_bytes!("../../fixtures/seal/rsa-1024.crt")).unwrap_err(),
            CertificateError::Key(KeyError::Size { bits: 1024 })
        );
    }

    #[test]
    fn expired_ones_are_refused_to_the_second() {
        let certificate = Certificate::parse(EXPIRED.as_bytes()).unwrap();
        let end: Timestamp = "2021-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(certificate.not_after(), end);
        assert!(certificate.check_expiry(end).is_ok());
        assert_eq!(
            certificate
                .check_expiry(end + jiff::SignedDuration::from_secs(1))
                .unwrap_err()
                .to_string(),
            "the certificate expired on 2021-01-01"
        );
    }

    #[test]
    fn a_fingerprint_pins_one() {
        let certificate = Certificate::parse(SMALL.as_bytes()).unwrap();
        let fingerprint = certificate.fingerprint();
        assert_eq!(fingerprint.len(), 64);
        let pairs: Vec<_> = fingerprint
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap().to_uppercase())
            .collect();
        assert!(certificate.check_fingerprint(&fingerprint).is_ok());
        assert!(certificate.check_fingerprint(&pairs.join(":")).is_ok());
        assert_eq!(
            certificate.check_fingerprint("00").unwrap_err().to_string(),
            format!("the certificate has the SHA-256 fingerprint {fingerprint}: expected 00")
        );
        assert!(certificate.check_fingerprint("").is_err());
    }
}
