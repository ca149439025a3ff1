//! Public keys, and every way in which a signer may have used one.
//!
//! A signature does not say how it was made. cosign signs with SHA-384 where the key is P-384, older clients with SHA-256;
//! with Ed25519 keys it signs the prehashed form (RFC 8032, 5.1), others the pure one. So each key has a short list of
//! algorithms, and the signature must hold under one of them. None of them is weak, so trying them gives nothing away.

use aws_lc_rs::digest::{self, Digest as Hash};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::Digest as _;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::Rejection;
use crate::limits;
use crate::oci::Digest;
use crate::pem;

/// A public key that somebody trusts: ECDSA on P-256, P-384 or P-521, RSA of 2048 to 8192 bits, or Ed25519.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    kind: Kind,
    /// The key itself: a point, an `RSAPublicKey`, or 32 bytes.
    bits: Vec<u8>,
    /// The whole `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    P256,
    P384,
    P521,
    Rsa,
    Ed25519,
}

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// Only their digest is known.
    Digest(&'a Digest),
}

/// An algorithm under which a signature held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-256, as old clients signed.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-521 with SHA-256, as old clients signed.
    EcdsaP521Sha256,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// Ed25519 over the message.
    Ed25519,
    /// Ed25519 over the message's SHA-512 hash.
    Ed25519ph,
    /// RSA, PKCS #1 v1.5, with SHA-256.
    RsaSha256,
    /// RSA, PKCS #1 v1.5, with SHA-384.
    RsaSha384,
    /// RSA, PKCS #1 v1.5, with SHA-512.
    RsaSha512,
}

impl Algorithm {
    /// The stable name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha256 => "ecdsa-p384-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::EcdsaP521Sha256 => "ecdsa-p521-sha256",
            Self::EcdsaP521Sha512 => "ecdsa-p521-sha512",
            Self::Ed25519 => "ed25519",
            Self::Ed25519ph => "ed25519ph",
            Self::RsaSha256 => "rsa-pkcs1-sha256",
            Self::RsaSha384 => "rsa-pkcs1-sha384",
            Self::RsaSha512 => "rsa-pkcs1-sha512",
        }
    }

    /// The library's algorithm and the hash that goes before it; none for what signs no plain hash.
    fn parts(self) -> Option<(&'static dyn VerificationAlgorithm, &'static digest::Algorithm)> {
        Some(match self {
            Self::EcdsaP256Sha256 => (&signature::ECDSA_P256_SHA256_ASN1, &digest::SHA256),
            Self::EcdsaP384Sha256 => (&signature::ECDSA_P384_SHA256_ASN1, &digest::SHA256),
            Self::EcdsaP384Sha384 => (&signature::ECDSA_P384_SHA384_ASN1, &digest::SHA384),
            Self::EcdsaP521Sha256 => (&signature::ECDSA_P521_SHA256_ASN1, &digest::SHA256),
            Self::EcdsaP521Sha512 => (&signature::ECDSA_P521_SHA512_ASN1, &digest::SHA512),
            Self::RsaSha256 => (&signature::RSA_PKCS1_2048_8192_SHA256, &digest::SHA256),
            Self::RsaSha384 => (&signature::RSA_PKCS1_2048_8192_SHA384, &digest::SHA384),
            Self::RsaSha512 => (&signature::RSA_PKCS1_2048_8192_SHA512, &digest::SHA512),
            Self::Ed25519 | Self::Ed25519ph => return None,
        })
    }
}

impl PublicKey {
    /// Reads a key from PEM: one block `PUBLIC KEY`.
    ///
    /// # Errors
    /// There is no such block or more than one, or the key is of a kind or size that is not trusted.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let blocks = pem::blocks(text);
        let public: Vec<_> = blocks.iter().filter(|block| block.label == "PUBLIC KEY").collect();
        match public.as_slice() {
            [block] => match &block.der {
                Some(der) => Self::from_der(der),
                None => Err(KeyError::Malformed),
            },
            [] => Err(KeyError::Missing {
                found: match blocks.first() {
                    Some(block) => format!("a block `{}`", block.label),
                    None => "no PEM block".to_owned(),
                },
                private: blocks.iter().any(|block| block.label.ends_with("PRIVATE KEY")),
            }),
            several => Err(KeyError::Several { count: several.len() }),
        }
    }

    /// Reads a key from DER: a `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7).
    ///
    /// # Errors
    /// The bytes are none, or the key is of a kind or size that is not trusted.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Malformed)?;
        let bits = spki.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
        let algorithm = spki.algorithm.oid;
        let kind = match algorithm {
            EC => {
                let curve = spki.algorithm.parameters_oid().map_err(|_| KeyError::Malformed)?;
                match curve {
                    P256 => Kind::P256,
                    P384 => Kind::P384,
                    P521 => Kind::P521,
                    other => return Err(KeyError::Curve { oid: other.to_string() }),
                }
            }
            RSA => {
                check_rsa(bits)?;
                Kind::Rsa
            }
            ED25519 => Kind::Ed25519,
            other => return Err(KeyError::Algorithm { oid: other.to_string() }),
        };
        let key = Self {
            kind,
            bits: bits.to_vec(),
            spki: der.to_vec(),
        };
        key.check()?;
        Ok(key)
    }

    /// The SHA-256 hash of the key's `SubjectPublicKeyInfo`: what cosign writes as hint, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// The key in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.spki
    }

    /// Verifies a signature, and says under which algorithm it holds.
    ///
    /// # Errors
    /// It holds under none of them; or the key signs messages and not hashes, and the message is not there.
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<Algorithm, Rejection> {
        let mut tried = false;
        for &algorithm in self.candidates() {
            match self.holds(algorithm, message, signature) {
                Some(true) => return Ok(algorithm),
                Some(false) => tried = true,
                None => {}
            }
        }
        Err(if tried {
            Rejection::Signature {
                key: self.fingerprint(),
            }
        } else {
            Rejection::NeedsArtifact
        })
    }

    const fn candidates(&self) -> &'static [Algorithm] {
        match self.kind {
            Kind::P256 => &[Algorithm::EcdsaP256Sha256],
            Kind::P384 => &[Algorithm::EcdsaP384Sha384, Algorithm::EcdsaP384Sha256],
            Kind::P521 => &[Algorithm::EcdsaP521Sha512, Algorithm::EcdsaP521Sha256],
            Kind::Rsa => &[Algorithm::RsaSha256, Algorithm::RsaSha384, Algorithm::RsaSha512],
            Kind::Ed25519 => &[Algorithm::Ed25519ph, Algorithm::Ed25519],
        }
    }

    /// Whether a signature holds under one algorithm; nothing where the digest at hand is not the one it takes.
    fn holds(&self, algorithm: Algorithm, message: Message<'_>, signature: &[u8]) -> Option<bool> {
        if let Some((verification, hash)) = algorithm.parts() {
            let key = UnparsedPublicKey::new(verification, &self.bits);
            let hashed = match message {
                Message::Bytes(bytes) => digest::digest(hash, bytes),
                Message::Digest(digest) => imported(digest, hash)?,
            };
            return Some(key.verify_digest(&hashed, signature).is_ok());
        }
        let Message::Bytes(bytes) = message else {
            return None;
        };
        if algorithm == Algorithm::Ed25519 {
            let key = UnparsedPublicKey::new(&signature::ED25519, &self.bits);
            return Some(key.verify(bytes, signature).is_ok());
        }
        Some(self.holds_prehashed(bytes, signature).is_some())
    }

    /// Ed25519ph (RFC 8032, 5.1) with an empty context, refusing keys of small order.
    fn holds_prehashed(&self, bytes: &[u8], signature: &[u8]) -> Option<()> {
        let key = ed25519_dalek::VerifyingKey::try_from(self.bits.as_slice()).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        let hash = sha2::Sha512::new_with_prefix(bytes);
        key.verify_prehashed_strict(hash, None, &signature).ok()
    }

    /// Refuses points that are not on their curve and the like, before anything is asked of the key.
    fn check(&self) -> Result<(), KeyError> {
        let usable = match (self.kind, self.candidates().first().and_then(|first| first.parts())) {
            (Kind::Ed25519, _) => {
                ed25519_dalek::VerifyingKey::try_from(self.bits.as_slice()).is_ok_and(|key| !key.is_weak())
            }
            (_, Some((algorithm, _))) => signature::ParsedPublicKey::new(algorithm, &self.bits).is_ok(),
            (_, None) => false,
        };
        if usable { Ok(()) } else { Err(KeyError::Malformed) }
    }
}

/// A digest that was computed elsewhere, where it is of the hash that is asked for.
fn imported(digest: &Digest, hash: &'static digest::Algorithm) -> Option<Hash> {
    let bytes = digest.bytes();
    Hash::import_less_safe(&bytes, hash).ok()
}

/// Refuses RSA keys of odd sizes, and exponents that weaken PKCS #1 v1.5 (CVE-2006-4339).
fn check_rsa(bits: &[u8]) -> Result<(), KeyError> {
    let (modulus, exponent) = SliceReader::new(bits)
        .and_then(|mut reader| {
            reader.sequence(|inner| Ok::<_, x509_cert::der::Error>((UintRef::decode(inner)?, UintRef::decode(inner)?)))
        })
        .map_err(|_| KeyError::Malformed)?;
    let length = |value: UintRef<'_>| {
        let bytes = value.as_bytes();
        let spare = bytes.first().map_or(0, |first| first.leading_zeros());
        bytes.len() * 8 - usize::try_from(spare).unwrap_or(0)
    };
    let found = length(modulus);
    if !limits::VERIFYING_RSA_BITS.contains(&found) {
        return Err(KeyError::RsaSize { bits: found });
    }
    let is_odd = exponent.as_bytes().last().is_some_and(|last| last & 1 == 1);
    // 65537 has 17 bits.
    if length(exponent) < 17 || !is_odd {
        return Err(KeyError::RsaExponent);
    }
    Ok(())
}

/// Why a public key is not trusted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Another algorithm.
    #[error("its algorithm {oid} is not known: expected ECDSA, RSA or Ed25519")]
    Algorithm {
        /// The algorithm's object identifier.
        oid: String,
    },
    /// Another elliptic curve.
    #[error("its curve {oid} is not taken: expected P-256, P-384 or P-521")]
    Curve {
        /// The curve's object identifier.
        oid: String,
    },
    /// Not a key at all.
    #[error("the key is malformed")]
    Malformed,
    /// No block of a public key.
    #[error("there is {found}: expected one block `PUBLIC KEY`")]
    Missing {
        /// What there is instead.
        found: String,
        /// Whether it is a private key.
        private: bool,
    },
    /// An RSA exponent that weakens signatures.
    #[error("its RSA exponent is less than 65537 or even")]
    RsaExponent,
    /// An RSA key of another size.
    #[error("its RSA key has {bits} bits: expected 2048 to 8192")]
    RsaSize {
        /// The size found.
        bits: usize,
    },
    /// Several keys.
    #[error("there are {count} public keys: expected one a file")]
    Several {
        /// How many.
        count: usize,
    },
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair as _,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const RELEASE: &str = include_str!("../../fixtures/verify/cosign/keys/release.pub");
    const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC41QTm9SSFrrF/ZI3a1bwWbwt5r9xsRyFX72EEaOO5kP8P3wLmC89GQl3TDVnGhEGguGSDlJJ6wtF+G84WLVpMjqKyqSENS3boEAaNHKRC9znOS7ggyoaCw41JMo95uuQC+t36ONPBR5G2sxHK3avrSPjGbSbw+A1NLIRHjQ5gDwIDAQAB";
    const RSA_EXPONENT_3: &str = "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAu2xMIDQIwmd9KEb0JkppGV5D4Sxffc7a+JzthH0D+nouKN+OUB0Vk08ARL8jH9qdu056p78JeQkN6pTFSPDcimZd6ZyUSf5RvtpJDkYtAxz78+jwGuUPezBpyXiGMPgClxixO84JPYvkIKrPqrEmbdslJRP4DOiwNY0Q64UF4LGkvcgByKtJPxvonHpSnj8tqO8PURRi1CvQAPnS4/elv6QBca/AWi/XZxiTkq90dBfsXXdrINEALZbghu7oKO2UTRxbe4QDP/n8/iVeOvhcpTxt+Q+rn+MgQU1q2lw9NIGHXkxzWl8yi4D6NqI2Xp8XgWRyGh8dMiivojB4s9LwnQIBAw==";
    const P224: &str =
        "ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAEv36AaWy6YpC1NlXn6z+xaMrvP6ZQnq//OUx91ab4/ir05D9px9Icqzu2Ofax1ELRFdNa8qkK2B8=";
    const SECP256K1: &str = "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEaeGd95GFLkhwtH3rmEOLEiIDwSD+a5DhJMoDvCP4MbqVWxpQJ1g5TIsrFJpKIGh0u2oBFmESKjwn97Jaenyn1A==";
    const X25519: &str = "MCowBQYDK2VuAyEAzL3M0cMGpi3fIbL8iDcTutQF0OtI+U81tLzx70n4yHU=";
    const P384: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJOm0KP1qIHgOrWMxnxVyrOyddbiZMh7b0+r17YTHaz8syQzH0Vnj5l+hK4JyZ86CiqHetj8+AAwZnaCJ9ng3EsyoQ6XrFCzGUpH8fmLGjzkK6xkJsDUlIUUOAyQeEMuc";
    const P384_SHA256: &str = "MGUCMQDnp9161rCaq/huSJyYzXQtOZCezTLUeAhwIrqN7F0JBYuSKowxngB1hzwvvSW8GRECMHNsE8gxX2vkA6d/jF7B2QtCtJk/Cfb3B5tofBmejxI4+lYmzlAcmHczqcbFdA5DiQ==";
    /// The neutral element of the curve: any message would fit some signature.
    const ED25519_SMALL_ORDER: &str = "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn refused(der: &str) -> String {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
        PublicKey::from_pem(&pem).unwrap_err().to_string()
    }

    #[test]
    fn keys_that_are_too_weak_or_of_another_kind_are_refused() {
        assert_eq!(refused(RSA_1024), "its RSA key has 1024 bits: expected 2048 to 8192");
        assert_eq!(refused(RSA_EXPONENT_3), "its RSA exponent is less than 65537 or even");
        assert_eq!(
            refused(P224),
            "its curve 1.3.132.0.33 is not taken: expected P-256, P-384 or P-521"
        );
        assert_eq!(
            refused(SECP256K1),
            "its curve 1.3.132.0.10 is not taken: expected P-256, P-384 or P-521"
        );
        assert_eq!(
            refused(X25519),
            "its algorithm 1.3.101.110 is not known: expected ECDSA, RSA or Ed25519"
        );
        assert_eq!(refused(ED25519_SMALL_ORDER), "the key is malformed");
        assert_eq!(refused("aGk="), "the key is malformed");
        // A point beside the curve.
        let beside = RELEASE.lines().nth(1).unwrap().replace('A', "B");
        assert_eq!(refused(&beside), "the key is malformed");
    }

    #[test]
    fn a_file_holds_one_public_key() {
        let error = |text: &str| PublicKey::from_pem(text).unwrap_err().to_string();
        assert_eq!(error("hi"), "there is no PEM block: expected one block `PUBLIC KEY`");
        assert_eq!(
            error(&RELEASE.replace("PUBLIC", "PRIVATE")),
            "there is a block `PRIVATE KEY`: expected one block `PUBLIC KEY`"
        );
        assert_eq!(
            error(&RELEASE.repeat(2)),
            "there are 2 public keys: expected one a file"
        );
        assert!(PublicKey::from_pem(&RELEASE.replace('\n', "\r\n")).is_ok());
    }

    /// A key pair and the public key as DER.
    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, PublicKey) {
        use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};

        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let key = PublicKey::from_der(der.as_ref()).unwrap();
        (pair, key)
    }

    #[test]
    fn each_key_has_its_algorithms() {
        let random = SystemRandom::new();
        let (pair, key) = ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING);
        let signature = pair.sign(&random, b"hello").unwrap();
        assert_eq!(
            key.verify(Message::Bytes(b"hello"), signature.as_ref()),
            Ok(Algorithm::EcdsaP384Sha384)
        );
        assert!(key.verify(Message::Bytes(b"hullo"), signature.as_ref()).is_err());

        // By `openssl dgst -sha256 -sign`, as old clients signed.
        let key = PublicKey::from_der(&STANDARD.decode(P384).unwrap()).unwrap();
        let signature = STANDARD.decode(P384_SHA256).unwrap();
        for message in [Message::Bytes(b"hello"), Message::Digest(&Digest::of(b"hello"))] {
            assert_eq!(key.verify(message, &signature), Ok(Algorithm::EcdsaP384Sha256));
        }
        assert!(key.verify(Message::Bytes(b"hullo"), &signature).is_err());

        let (pair, key) = ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING);
        let signature = pair.sign(&random, b"hello").unwrap();
        assert_eq!(
            key.verify(Message::Bytes(b"hello"), signature.as_ref()),
            Ok(Algorithm::EcdsaP521Sha512)
        );
        let sha512 = Digest::with(crate::oci::Algorithm::Sha512, b"hello");
        assert!(key.verify(Message::Digest(&sha512), signature.as_ref()).is_ok());
        assert!(
            key.verify(Message::Digest(&Digest::of(b"hello")), signature.as_ref())
                .is_err()
        );
    }

    #[test]
    fn an_ed25519_key_signs_messages() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let prefix = STANDARD.decode("MCowBQYDK2VwAyEA").unwrap();
        let key = PublicKey::from_der(&[&prefix, pair.public_key().as_ref()].concat()).unwrap();
        let signature = pair.sign(b"hello");
        assert_eq!(
            key.verify(Message::Bytes(b"hello"), signature.as_ref()),
            Ok(Algorithm::Ed25519)
        );
        assert_eq!(
            key.verify(Message::Digest(&Digest::of(b"hello")), signature.as_ref()),
            Err(Rejection::NeedsArtifact)
        );
        assert!(key.verify(Message::Bytes(b"hullo"), signature.as_ref()).is_err());
        assert!(key.verify(Message::Bytes(b"hello"), b"short").is_err());
    }

    #[test]
    fn a_fingerprint_is_the_hint_of_cosign() {
        let key = PublicKey::from_pem(RELEASE).unwrap();
        assert_eq!(
            STANDARD.encode(key.fingerprint().bytes()),
            "xQTA4nDeyDO42OqJ3Z1qODpTSO6RSEV70W0hrfcgdzU="
        );
    }
}
