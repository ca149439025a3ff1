//! The hybrid scheme of kubeseal: a fresh AES key for each value, wrapped with the cluster's RSA key.
//!
//! ```text
//! u16be(length of the wrapped key) || RSA-OAEP(SHA-256, MGF1-SHA-256, label) of the key || AES-256-GCM(zero nonce)
//! ```
//!
//! The zero nonce is sound because a key seals one value and no more: [`SessionKey`] is consumed.
//! RSA-OAEP: RFC 8017 section 7.1; AES-GCM: NIST SP 800-38D.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use zeroize::Zeroizing;

use crate::limits;

/// A public key that seals.
pub struct SealingKey {
    key: OaepPublicEncryptingKey,
    public: PublicEncryptingKey,
}

/// A private key that opens what its public half sealed.
pub struct OpeningKey {
    key: OaepPrivateDecryptingKey,
    public: PublicEncryptingKey,
}

/// Names a key pair: the SHA-256 of its public half (`SubjectPublicKeyInfo`), of which six bytes are shown.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; 32]);

/// The AES key of one value: 32 random bytes that are used once.
pub struct SessionKey(Zeroizing<[u8; SESSION_KEY_LEN]>);

const SESSION_KEY_LEN: usize = 32;

/// The bytes before the wrapped key.
const PREFIX_LEN: usize = 2;

/// What keeps a key from being used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are no RSA key within the limits, or its numbers contradict each other.
    #[error(
        "it is not an RSA key of {} to {} bits, or it is damaged",
        limits::SEALING_KEY_BITS.start(),
        limits::SEALING_KEY_BITS.end()
    )]
    Malformed,
    /// The modulus is shorter or longer than the limits.
    #[error(
        "its RSA key has {bits} bits: expected {} to {}",
        limits::SEALING_KEY_BITS.start(),
        limits::SEALING_KEY_BITS.end()
    )]
    Size {
        /// Bits of the modulus.
        bits: usize,
    },
}

/// A value does not open: the key, the label or the bytes are not those of its sealing, and nothing tells which.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the value does not open with this key and this label")]
pub struct OpenError;

/// The value cannot be sealed; with a checked key and label this does not happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the cryptography library refused to seal the value")]
pub struct SealError;

impl SealingKey {
    /// Reads a `SubjectPublicKeyInfo` in DER (RFC 5280 section 4.1) that holds an RSA key.
    ///
    /// # Errors
    /// It is none, or its size is out of bounds.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let key = PublicEncryptingKey::from_der(der).map_err(|_| KeyError::Malformed)?;
        check_size(key.key_size_bits())?;
        let public = key.clone();
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| KeyError::Malformed)?;
        Ok(Self { key, public })
    }

    /// Seals a value under a label.
    ///
    /// # Errors
    /// The library refuses.
    pub fn seal(&self, session_key: SessionKey, label: &str, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut wrapped = vec![0; self.key.key_size_bytes()];
        let wrapped = self
            .key
            .encrypt(
                &OAEP_SHA256_MGF1SHA256,
                session_key.0.as_slice(),
                &mut wrapped,
                Some(label.as_bytes()),
            )
            .map_err(|_| SealError)?;
        let length = u16::try_from(wrapped.len()).map_err(|_| SealError)?;
        // The capacity is final: growing would leave a copy of the plaintext behind.
        let mut sealed = Vec::with_capacity(PREFIX_LEN + wrapped.len() + plaintext.len() + MAX_TAG_LEN);
        sealed.extend_from_slice(&length.to_be_bytes());
        sealed.extend_from_slice(wrapped);
        let body = sealed.len();
        sealed.extend_from_slice(plaintext);
        let key = content_key(session_key.0.as_slice()).ok_or(SealError)?;
        let in_place = sealed.get_mut(body..).ok_or(SealError)?;
        let tag = key
            .seal_in_place_separate_tag(zero_nonce(), Aad::empty(), in_place)
            .map_err(|_| SealError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Which key it is.
    #[must_use]
    pub fn id(&self) -> Option<KeyId> {
        let key: PublicKeyX509Der<'_> = self.public.as_der().ok()?;
        Some(KeyId::of(key.as_ref()))
    }

    /// Bytes of the modulus, which is what a wrapped key takes.
    #[must_use]
    pub fn modulus_bytes(&self) -> usize {
        self.key.key_size_bytes()
    }
}

impl OpeningKey {
    /// Reads a private RSA key in PKCS#8 (RFC 5208) DER.
    ///
    /// # Errors
    /// It is none, or its size is out of bounds.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| KeyError::Malformed)?;
        check_size(key.key_size_bits())?;
        let public = key.public_key();
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| KeyError::Malformed)?;
        Ok(Self { key, public })
    }

    /// Opens a value that was sealed under a label.
    ///
    /// # Errors
    /// It does not open, for whatever reason.
    pub fn open(&self, label: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (wrapped, body) = split(sealed).ok_or(OpenError)?;
        if wrapped.len() != self.modulus_bytes() {
            return Err(OpenError);
        }
        let mut session_key = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let session_key = self
            .key
            .decrypt(
                &OAEP_SHA256_MGF1SHA256,
                wrapped,
                &mut session_key,
                Some(label.as_bytes()),
            )
            .map_err(|_| OpenError)?;
        let key = content_key(session_key).ok_or(OpenError)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = key
            .open_in_place(zero_nonce(), Aad::empty(), &mut body)
            .map_err(|_| OpenError)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    /// Bytes of the modulus, which is what a wrapped key takes.
    #[must_use]
    pub fn modulus_bytes(&self) -> usize {
        self.key.key_size_bytes()
    }

    /// Which key it is.
    #[must_use]
    pub fn id(&self) -> Option<KeyId> {
        let key: PublicKeyX509Der<'_> = self.public.as_der().ok()?;
        Some(KeyId::of(key.as_ref()))
    }
}

impl KeyId {
    fn of(spki: &[u8]) -> Self {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, spki).as_ref());
        Self(sha256)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 6;
        self.0.iter().take(SHOWN).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl SessionKey {
    /// Takes random bytes; they must be from a cryptographic source, and used for one value only.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; SESSION_KEY_LEN]>) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({} bits)", self.key.key_size_bits())
    }
}

impl std::fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpeningKey({} bits)", self.key.key_size_bits())
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// The wrapped key and the rest, if the bytes are long enough for what they say of themselves.
///
/// Without opening anything it tells how long the modulus was: [`split`]`(..).0.len()`.
#[must_use]
pub fn split(sealed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, rest) = sealed.split_first_chunk::<PREFIX_LEN>()?;
    let (wrapped, body) = rest.split_at_checked(u16::from_be_bytes(*prefix).into())?;
    (body.len() >= MAX_TAG_LEN).then_some((wrapped, body))
}

pub(super) fn check_size(bits: usize) -> Result<(), KeyError> {
    if limits::SEALING_KEY_BITS.contains(&bits) {
        Ok(())
    } else {
        Err(KeyError::Size { bits })
    }
}

fn content_key(bytes: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new)
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::seal::{Certificate, Scope, opening_keys};

    #[derive(Deserialize)]
    struct Vector {
        key: String,
        scope: String,
        label: String,
        plaintext_b64: String,
        sealed: String,
    }

    struct Pair {
        sealing: SealingKey,
        opening: OpeningKey,
    }

    static SMALL: LazyLock<Pair> = LazyLock::new(|| {
        pair(
            include_bytes!("../../keys-example/sealing-2048.crt"),
            include_str!("../../keys-example/sealing-2048.key"),
        )
    });
    static LARGE: LazyLock<Pair> = LazyLock::new(|| {
        pair(
            include_bytes!("../../keys-example/sealing-4096.crt"),
            include_str!("../../keys-example/sealing-4096.key"),
        )
    });

    fn pair(certificate: &[u8], key: &str) -> Pair {
        Pair {
            sealing: Certificate::parse(certificate).unwrap().into_key(),
            opening: opening_keys(key).unwrap().remove(0),
        }
    }

    fn session(bytes: [u8; 32]) -> SessionKey {
        SessionKey::new(Zeroizing::new(bytes))
    }

    fn strategy() -> impl Strategy<Value = (Scope, [u8; 32], Vec<u8>)> {
        (
            proptest::sample::select(Scope::ALL.to_vec()),
            any::<[u8; 32]>(),
            proptest::collection::vec(any::<u8>(), 0..200),
        )
    }

    #[test]
    fn what_kubeseal_sealed_opens() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../fixtures/seal/vectors.json")).unwrap();
        assert_eq!(vectors.len(), 24);
        for vector in vectors {
            let pair = if vector.key == "k4096" { &LARGE } else { &SMALL };
            let sealed = STANDARD.decode(&vector.sealed).unwrap();
            let scope: Scope = vector.scope.parse().unwrap();
            assert_eq!(scope.label("myns", "myname"), vector.label);
            let plaintext = STANDARD.decode(&vector.plaintext_b64).unwrap();
            assert_eq!(*pair.opening.open(&vector.label, &sealed).unwrap(), plaintext);
            assert_eq!(split(&sealed).unwrap().0.len(), pair.opening.modulus_bytes());
            let other = if vector.key == "k4096" { &SMALL } else { &LARGE };
            assert_eq!(other.opening.open(&vector.label, &sealed), Err(OpenError));
            for scope in Scope::ALL {
                let label = scope.label("myns", "myname");
                assert_eq!(pair.opening.open(&label, &sealed).is_ok(), label == vector.label);
            }
        }
    }

    #[test]
    fn a_megabyte_is_sealed_and_opened() {
        let plaintext = vec![7; 1 << 20];
        let sealed = LARGE.sealing.seal(session([1; 32]), "a/b", &plaintext).unwrap();
        assert_eq!(sealed.len(), 2 + 512 + plaintext.len() + 16);
        assert_eq!(*LARGE.opening.open("a/b", &sealed).unwrap(), plaintext);
    }

    #[test]
    fn truncated_values_do_not_open() {
        let sealed = SMALL.sealing.seal(session([1; 32]), "", b"x").unwrap();
        for length in 0..sealed.len() {
            assert_eq!(SMALL.opening.open("", &sealed[..length]), Err(OpenError), "{length}");
        }
    }

    #[test]
    fn keys_say_what_is_wrong_with_them_and_nothing_else() {
        assert_eq!(SealingKey::from_spki(b"x").unwrap_err(), KeyError::Malformed);
        assert_eq!(OpeningKey::from_pkcs8(b"x").unwrap_err(), KeyError::Malformed);
        assert_eq!(
            check_size(1024).unwrap_err().to_string(),
            "its RSA key has 1024 bits: expected 2048 to 8192"
        );
        assert_eq!(format!("{:?}", SMALL.opening), "OpeningKey(2048 bits)");
        assert_eq!(format!("{:?}", SMALL.sealing), "SealingKey(2048 bits)");
        assert_eq!(format!("{:?}", session([9; 32])), "SessionKey(..)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_sealed_opens_under_its_label_only((scope, key, plaintext) in strategy()) {
            let label = scope.label("ns", "name");
            let sealed = SMALL.sealing.seal(session(key), &label, &plaintext).unwrap();
            prop_assert_eq!(sealed.len(), 2 + 256 + plaintext.len() + 16);
            for other in Scope::ALL {
                let opened = SMALL.opening.open(&other.label("ns", "name"), &sealed);
                prop_assert_eq!(opened.ok().map(|opened| opened.to_vec()), (other == scope).then(|| plaintext.clone()));
            }
        }

        #[test]
        fn a_flipped_bit_never_opens(
            (scope, key, plaintext) in strategy(),
            at in any::<proptest::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let label = scope.label("ns", "name");
            let mut sealed = SMALL.sealing.seal(session(key), &label, &plaintext).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(SMALL.opening.open(&label, &sealed), Err(OpenError));
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(SMALL.opening.open("", &bytes), Err(OpenError));
        }
    }
}
