//! One key of a provider: what it makes of a payload, and what it makes for one.
//!
//! The layouts are those of `k8s.io/apiserver`, `pkg/storage/value/encrypt`:
//!
//! ```text
//! aescbc     IV (16) || AES-CBC of the plaintext with PKCS#7 padding; nothing is authenticated
//! aesgcm     nonce (12) || ciphertext || tag (16); the key of etcd is authenticated with them
//! secretbox  nonce (24) || tag (16) || ciphertext, as NaCl orders them
//! ```

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use crypto_secretbox::aead::{AeadInPlace, KeyInit};
use crypto_secretbox::{Tag, XSalsa20Poly1305};
use zeroize::Zeroizing;

use super::envelope::Scheme;

/// A key that is ready to use. It is neither printed nor given out.
pub struct CipherKey(Kind);

enum Kind {
    // Boxed, since the key schedules differ in size by an order of magnitude.
    AesCbc(Box<CbcKey>),
    AesGcm(Box<LessSafeKey>),
    Secretbox(Box<XSalsa20Poly1305>),
}

struct CbcKey {
    decrypting: DecryptingKey,
    encrypting: EncryptingKey,
}

/// The key cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a key of {} has {length} bytes: expected {}", .scheme.provider(), expected(*.scheme))]
pub struct KeyLengthError {
    /// What it was for.
    pub scheme: Scheme,
    /// Bytes of the key.
    pub length: usize,
}

/// What keeps a payload from being opened with a key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// AES-GCM or Poly1305 says no.
    #[error("it is not authentic: the key, the place in etcd or the bytes are not those of its encryption")]
    Authentication,
    /// CBC has whole blocks.
    #[error("its ciphertext is not a whole number of AES blocks")]
    Blocks,
    /// PKCS#7 says no.
    #[error("its padding is wrong: the key or the bytes are not those of its encryption")]
    Padding,
    /// There is no room for a nonce, a tag or a block.
    #[error("it is cut off")]
    Truncated,
}

/// The value cannot be encrypted: the nonce has another length than the scheme's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the nonce has {length} bytes: expected {expected}")]
pub struct SealError {
    /// Bytes of the nonce.
    pub length: usize,
    /// Bytes that the scheme wants.
    pub expected: usize,
}

const BLOCK: usize = 16;
const TAG: usize = 16;

impl CipherKey {
    /// Makes a key ready.
    ///
    /// # Errors
    /// Its length is not one that the scheme takes; a scheme of a key management service takes none.
    pub fn new(scheme: Scheme, secret: &[u8]) -> Result<Self, KeyLengthError> {
        let wrong = || KeyLengthError {
            scheme,
            length: secret.len(),
        };
        let kind = match scheme {
            Scheme::AesCbc => CbcKey::new(secret).map(|key| Kind::AesCbc(Box::new(key))),
            Scheme::AesGcm => gcm_key(secret).map(|key| Kind::AesGcm(Box::new(key))),
            Scheme::Secretbox => XSalsa20Poly1305::new_from_slice(secret)
                .ok()
                .map(|key| Kind::Secretbox(Box::new(key))),
            Scheme::KmsV1 | Scheme::KmsV2 => None,
        };
        kind.map(Self).ok_or_else(wrong)
    }

    /// The scheme that the key is for.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match &self.0 {
            Kind::AesCbc(_) => Scheme::AesCbc,
            Kind::AesGcm(_) => Scheme::AesGcm,
            Kind::Secretbox(_) => Scheme::Secretbox,
        }
    }

    /// Bytes of the nonce or IV that [`Self::seal`] wants.
    #[must_use]
    pub const fn nonce_len(&self) -> usize {
        match &self.0 {
            Kind::AesCbc(_) => BLOCK,
            Kind::AesGcm(_) => aead::NONCE_LEN,
            Kind::Secretbox(_) => XSalsa20Poly1305::NONCE_SIZE,
        }
    }

    /// Opens a payload into `buffer`, whose old content is lost; the plaintext is all of it.
    ///
    /// # Errors
    /// The payload was not made by this key, at this key of etcd, or it is damaged. AES-CBC authenticates nothing: with a
    /// wrong key one payload in 255 opens all the same, to garbage.
    pub fn open(&self, etcd_key: &[u8], payload: &[u8], buffer: &mut Buffer) -> Result<(), OpenError> {
        match &self.0 {
            Kind::AesCbc(key) => key.open(payload, buffer),
            Kind::AesGcm(key) => {
                let (nonce, sealed) = payload
                    .split_first_chunk::<{ aead::NONCE_LEN }>()
                    .ok_or(OpenError::Truncated)?;
                if sealed.len() < TAG {
                    return Err(OpenError::Truncated);
                }
                let bytes = buffer.fill(sealed);
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let opened = key.open_in_place(nonce, Aad::from(etcd_key), bytes);
                let length = opened.map(|plaintext| plaintext.len());
                buffer.keep(length.map_err(|_| OpenError::Authentication))
            }
            Kind::Secretbox(key) => {
                let (nonce, sealed) = payload
                    .split_first_chunk::<{ XSalsa20Poly1305::NONCE_SIZE }>()
                    .ok_or(OpenError::Truncated)?;
                let (tag, sealed) = sealed.split_first_chunk::<TAG>().ok_or(OpenError::Truncated)?;
                let bytes = buffer.fill(sealed);
                let opened = key.decrypt_in_place_detached(nonce.into(), b"", bytes, Tag::from_slice(tag));
                buffer.keep(opened.map(|()| sealed.len()).map_err(|_| OpenError::Authentication))
            }
        }
    }

    /// Encrypts a value for a key of etcd, with the given nonce or IV, which must be random and used once.
    ///
    /// # Errors
    /// The nonce has another length than [`Self::nonce_len`].
    pub fn seal(&self, etcd_key: &[u8], plaintext: &[u8], nonce: &[u8]) -> Result<Vec<u8>, SealError> {
        let refused = || SealError {
            length: nonce.len(),
            expected: self.nonce_len(),
        };
        let mut payload = nonce.to_vec();
        match &self.0 {
            Kind::AesCbc(key) => {
                let iv: &[u8; BLOCK] = nonce.try_into().map_err(|_| refused())?;
                let padding = BLOCK.saturating_sub(plaintext.len() % BLOCK);
                let mut padded = Zeroizing::new(Vec::with_capacity(plaintext.len().saturating_add(padding)));
                padded.extend_from_slice(plaintext);
                padded.resize(
                    plaintext.len().saturating_add(padding),
                    u8::try_from(padding).unwrap_or_default(),
                );
                key.encrypting
                    .less_safe_encrypt(&mut padded, EncryptionContext::Iv128(iv.into()))
                    .map_err(|_| refused())?;
                payload.extend_from_slice(&padded);
            }
            Kind::AesGcm(key) => {
                let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
                let mut bytes = Zeroizing::new(plaintext.to_vec());
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(etcd_key), &mut bytes);
                payload.extend_from_slice(&bytes);
                payload.extend_from_slice(tag.map_err(|_| refused())?.as_ref());
            }
            Kind::Secretbox(key) => {
                let nonce: &[u8; XSalsa20Poly1305::NONCE_SIZE] = nonce.try_into().map_err(|_| refused())?;
                let mut bytes = Zeroizing::new(plaintext.to_vec());
                let tag = key.encrypt_in_place_detached(nonce.into(), b"", &mut bytes);
                payload.extend_from_slice(&tag.map_err(|_| refused())?);
                payload.extend_from_slice(&bytes);
            }
        }
        Ok(payload)
    }
}

impl std::fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CipherKey").field(&self.scheme()).finish()
    }
}

/// Memory for one plaintext after the other. It is wiped when it goes, and when it has to grow.
#[derive(Default)]
pub struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    /// The plaintext.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the plaintext out.
    #[must_use]
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    fn fill(&mut self, bytes: &[u8]) -> &mut [u8] {
        if self.0.capacity() < bytes.len() {
            // Growing in place would leave the old plaintext in memory that is given back.
            self.0 = Zeroizing::new(Vec::with_capacity(bytes.len().next_power_of_two()));
        }
        self.0.clear();
        self.0.extend_from_slice(bytes);
        &mut self.0
    }

    /// Keeps so many bytes, or none after a failure.
    fn keep(&mut self, length: Result<usize, OpenError>) -> Result<(), OpenError> {
        self.0.truncate(length.unwrap_or(0));
        length.map(|_| ())
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer([{} bytes])", self.0.len())
    }
}

impl CbcKey {
    fn new(secret: &[u8]) -> Option<Self> {
        let algorithm = match secret.len() {
            16 => &AES_128,
            24 => &AES_192,
            32 => &AES_256,
            _ => return None,
        };
        let key = || UnboundCipherKey::new(algorithm, secret).ok();
        Some(Self {
            decrypting: DecryptingKey::cbc(key()?).ok()?,
            encrypting: EncryptingKey::cbc(key()?).ok()?,
        })
    }

    fn open(&self, payload: &[u8], buffer: &mut Buffer) -> Result<(), OpenError> {
        let (iv, sealed) = payload.split_first_chunk::<BLOCK>().ok_or(OpenError::Truncated)?;
        // The API server panics on a payload that is nothing but an IV.
        if sealed.is_empty() {
            return Err(OpenError::Truncated);
        }
        if sealed.len() % BLOCK != 0 {
            return Err(OpenError::Blocks);
        }
        let bytes = buffer.fill(sealed);
        let decrypted = self
            .decrypting
            .decrypt(bytes, DecryptionContext::Iv128(iv.into()))
            .map_err(|_| OpenError::Blocks)
            .and_then(|plaintext| unpadded_len(plaintext).ok_or(OpenError::Padding));
        buffer.keep(decrypted)
    }
}

/// How many bytes stand before the padding: RFC 5652 section 6.3, with 1 to 16 bytes of it.
fn unpadded_len(padded: &[u8]) -> Option<usize> {
    let last = *padded.last()?;
    let padding = usize::from(last);
    if padding == 0 || padding > BLOCK {
        return None;
    }
    let (plaintext, padding) = padded.split_at_checked(padded.len().checked_sub(padding)?)?;
    padding.iter().all(|&byte| byte == last).then_some(plaintext.len())
}

fn gcm_key(secret: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match secret.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        32 => &aead::AES_256_GCM,
        _ => return None,
    };
    aead::UnboundKey::new(algorithm, secret).ok().map(LessSafeKey::new)
}

const fn expected(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::AesCbc | Scheme::AesGcm => "16, 24 or 32",
        Scheme::KmsV1 | Scheme::KmsV2 => "none, since its service keeps it",
        Scheme::Secretbox => "32",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEMES: [(Scheme, usize); 7] = [
        (Scheme::AesCbc, 16),
        (Scheme::AesCbc, 24),
        (Scheme::AesCbc, 32),
        (Scheme::AesGcm, 16),
        (Scheme::AesGcm, 24),
        (Scheme::AesGcm, 32),
        (Scheme::Secretbox, 32),
    ];
    const PLACE: &[u8] = b"/registry/secrets/shop/db";

    fn key(scheme: Scheme, length: usize, seed: u8) -> CipherKey {
        let secret: Vec<u8> = (0..length)
            .map(|at| seed.wrapping_add(u8::try_from(at).unwrap()))
            .collect();
        CipherKey::new(scheme, &secret).unwrap()
    }

    fn open(key: &CipherKey, place: &[u8], payload: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut buffer = Buffer::default();
        let result = key.open(place, payload, &mut buffer);
        assert!(
            result.is_ok() || buffer.bytes().is_empty(),
            "nothing is left of a failure"
        );
        result.map(|()| buffer.into_bytes().to_vec())
    }

    #[test]
    fn what_is_sealed_opens_whatever_its_size() {
        for (scheme, length) in SCHEMES {
            let key = key(scheme, length, 7);
            for size in [0, 1, 15, 16, 17, 1 << 20] {
                let plaintext: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
                let payload = key.seal(PLACE, &plaintext, &vec![9; key.nonce_len()]).unwrap();
                assert!(open(&key, PLACE, &payload).unwrap() == plaintext, "{scheme:?} {size}");
                let elsewhere = open(&key, b"/registry/secrets/shop/other", &payload);
                assert_eq!(elsewhere.is_err(), scheme == Scheme::AesGcm, "{scheme:?} {size}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_told_and_nothing_panics() {
        for (scheme, length) in SCHEMES {
            let key = key(scheme, length, 7);
            let payload = key.seal(PLACE, b"k8s\0abc", &vec![9; key.nonce_len()]).unwrap();
            for end in 0..payload.len() {
                assert!(open(&key, PLACE, &payload[..end]).is_err(), "{scheme:?} {end}");
            }
            assert_eq!(
                open(&key, PLACE, &payload[..key.nonce_len()]),
                Err(OpenError::Truncated)
            );
        }
    }

    #[test]
    fn lengths_are_checked() {
        for (scheme, length, message) in [
            (
                Scheme::AesCbc,
                31,
                "a key of aescbc has 31 bytes: expected 16, 24 or 32",
            ),
            (Scheme::Secretbox, 16, "a key of secretbox has 16 bytes: expected 32"),
            (
                Scheme::KmsV2,
                32,
                "a key of kms has 32 bytes: expected none, since its service keeps it",
            ),
        ] {
            assert_eq!(
                CipherKey::new(scheme, &vec![0; length]).unwrap_err().to_string(),
                message
            );
        }
        let error = key(Scheme::AesGcm, 32, 1).seal(PLACE, b"a", &[0; 16]).unwrap_err();
        assert_eq!(error.to_string(), "the nonce has 16 bytes: expected 12");
    }

    #[test]
    fn nothing_is_shown() {
        assert_eq!(format!("{:?}", key(Scheme::Secretbox, 32, 1)), "CipherKey(Secretbox)");
    }

    proptest! {
        #[test]
        fn what_is_authentic_opens_with_its_key_and_its_bytes_only(
            scheme in prop::sample::select(&SCHEMES[3..]),
            plaintext in prop::collection::vec(any::<u8>(), 0..64),
            at in any::<prop::sample::Index>(),
            bit in 0_u32..8,
        ) {
            let (scheme, length) = scheme;
            let key_one = key(scheme, length, 1);
            let mut payload = key_one.seal(PLACE, &plaintext, &vec![3; key_one.nonce_len()]).unwrap();
            prop_assert_eq!(open(&key_one, PLACE, &payload), Ok(plaintext));
            prop_assert_eq!(open(&key(scheme, length, 2), PLACE, &payload), Err(OpenError::Authentication));
            let at = at.index(payload.len());
            payload[at] ^= 1_u8 << bit;
            prop_assert_eq!(open(&key_one, PLACE, &payload), Err(OpenError::Authentication));
        }

        #[test]
        fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..100)) {
            for (scheme, length) in SCHEMES {
                let opened = open(&key(scheme, length, 5), PLACE, &payload);
                prop_assert!(opened.is_err() || scheme == Scheme::AesCbc);
            }
        }
    }
}
