//! What stands around an encrypted value in etcd: `k8s:enc:<provider>:v1:<key name>:<payload>`.
//!
//! Key names may hold colons (k3s writes `aescbckey-2021-12-10T22:54:38Z`), and payloads are any bytes, so nothing here
//! splits at a colon: a configured name either is the start of what follows the provider, or is not. Only the name of a
//! key that nobody configured has to be guessed, see [`guess_name`].

use prost::Message;

/// How a value was encrypted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scheme {
    /// AES-CBC with PKCS#7, without authentication.
    AesCbc,
    /// AES-GCM, which authenticates the key of etcd, too.
    AesGcm,
    /// A key management service, version 1.
    KmsV1,
    /// A key management service, version 2.
    KmsV2,
    /// `XSalsa20-Poly1305`.
    Secretbox,
}

impl Scheme {
    const ALL: [Self; 5] = [Self::AesCbc, Self::AesGcm, Self::KmsV1, Self::KmsV2, Self::Secretbox];

    /// The name that the configuration gives the provider: `aescbc`.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::AesCbc => "aescbc",
            Self::AesGcm => "aesgcm",
            Self::KmsV1 | Self::KmsV2 => "kms",
            Self::Secretbox => "secretbox",
        }
    }

    /// What values start with, to the colon before the key's name.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AesCbc => "k8s:enc:aescbc:v1:",
            Self::AesGcm => "k8s:enc:aesgcm:v1:",
            Self::KmsV1 => "k8s:enc:kms:v1:",
            Self::KmsV2 => "k8s:enc:kms:v2:",
            Self::Secretbox => "k8s:enc:secretbox:v1:",
        }
    }
}

/// A value of etcd as its first bytes describe it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Envelope<'a> {
    /// It starts with none of the prefixes: it is stored as it is.
    Plain,
    /// It was encrypted with a known scheme.
    Encrypted {
        /// Which one.
        scheme: Scheme,
        /// The key's name, a colon, and the payload.
        rest: &'a [u8],
    },
    /// It says that it is encrypted, in a way that no API server up to 1.37 knows.
    Foreign {
        /// What follows `k8s:enc:`.
        rest: &'a [u8],
    },
}

/// What every encrypted value starts with.
const ENCRYPTED: &[u8] = b"k8s:enc:";

impl<'a> Envelope<'a> {
    /// Reads the first bytes of a value.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Self {
        let Some(rest) = value.strip_prefix(ENCRYPTED) else {
            return Self::Plain;
        };
        let known = |scheme: Scheme| {
            let rest = value.strip_prefix(scheme.prefix().as_bytes())?;
            Some(Self::Encrypted { scheme, rest })
        };
        Scheme::ALL
            .into_iter()
            .find_map(known)
            .unwrap_or(Self::Foreign { rest })
    }
}

/// The payload behind a key's name, if `rest` of an [`Envelope`] starts with that name and a colon.
#[must_use]
pub fn payload<'a>(rest: &'a [u8], name: &str) -> Option<&'a [u8]> {
    rest.strip_prefix(name.as_bytes())?.strip_prefix(b":")
}

/// The likely name of a key that nobody configured: what stands before the first colon, and a time of day after it.
///
/// `None` where nothing readable stands there.
#[must_use]
pub fn guess_name(rest: &[u8]) -> Option<&str> {
    let colon = rest.iter().take(LONGEST_GUESS).position(|&byte| byte == b':')?;
    let (before, after) = rest.split_at_checked(colon)?;
    let clock = if before.len() > 3 && matches!(before, [.., b'T', a, b] if a.is_ascii_digit() && b.is_ascii_digit()) {
        clock_length(after)
    } else {
        0
    };
    let name = std::str::from_utf8(rest.get(..colon.checked_add(clock)?)?).ok()?;
    let readable = !name.is_empty() && !name.chars().any(char::is_control);
    readable.then_some(name)
}

/// A key's name that is longer is not guessed.
const LONGEST_GUESS: usize = 256;

/// How many bytes of `:54:38Z:` or `:54:38+02:00:` belong to a time of RFC 3339 before the last colon.
fn clock_length(after: &[u8]) -> usize {
    let fits = |pattern: &[u8]| {
        after.len() >= pattern.len()
            && after.iter().zip(pattern).all(|(&byte, &expected)| match expected {
                b'0' => byte.is_ascii_digit(),
                b'+' => matches!(byte, b'+' | b'-'),
                _ => byte == expected,
            })
    };
    [&b":00:00Z:"[..], b":00:00+00:00:"]
        .into_iter()
        .find(|pattern| fits(pattern))
        .map_or(0, |pattern| pattern.len().saturating_sub(1))
}

/// The `EncryptedObject` of a value of KMS version 2, which names its key in clear.
///
/// `k8s.io/apiserver`, `pkg/storage/value/encrypt/envelope/kmstypes/v2`.
#[derive(Clone, Eq, Message, PartialEq)]
pub struct EncryptedObject {
    /// What the data key encrypted.
    #[prost(bytes = "vec", tag = "1")]
    pub encrypted_data: Vec<u8>,
    /// Which key of the service encrypted the data key.
    #[prost(string, tag = "2")]
    pub key_id: String,
    /// The data key or its seed, encrypted by the service.
    #[prost(bytes = "vec", tag = "3")]
    pub encrypted_dek_source: Vec<u8>,
    /// What the service wants to have back.
    #[prost(btree_map = "string, bytes", tag = "4")]
    pub annotations: std::collections::BTreeMap<String, Vec<u8>>,
    /// Whether the source is a key (0) or a seed (1).
    #[prost(int32, tag = "5")]
    pub encrypted_dek_source_type: i32,
}

impl EncryptedObject {
    /// Reads the payload of a value; `None` where it is none, or lacks what the API server demands.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let object = Self::decode(payload).ok()?;
        let whole =
            !object.encrypted_data.is_empty() && !object.key_id.is_empty() && !object.encrypted_dek_source.is_empty();
        let known = matches!(object.encrypted_dek_source_type, 0 | 1);
        (whole && known && object.key_id.len() <= LONGEST_KEY_ID).then_some(object)
    }
}

/// The API server refuses longer ones.
const LONGEST_KEY_ID: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_names_the_scheme() {
        let cases: [(&[u8], Envelope<'_>); 6] = [
            (b"", Envelope::Plain),
            (b"k8s\0\x0a", Envelope::Plain),
            (b"k8s:en", Envelope::Plain),
            (b"k8s:enc:", Envelope::Foreign { rest: b"" }),
            (b"k8s:enc:aescbc:v2:a:", Envelope::Foreign { rest: b"aescbc:v2:a:" }),
            (
                b"k8s:enc:kms:v2:prov:\x0a",
                Envelope::Encrypted {
                    scheme: Scheme::KmsV2,
                    rest: b"prov:\x0a",
                },
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(Envelope::parse(value), expected);
        }
        for scheme in Scheme::ALL {
            assert!(scheme.prefix().starts_with(&format!("k8s:enc:{}:", scheme.provider())));
        }
    }

    #[test]
    fn names_hold_colons() {
        let rest = b"aescbckey-2021-12-10T22:54:38Z:payload";
        assert_eq!(payload(rest, "aescbckey-2021-12-10T22:54:38Z"), Some(&b"payload"[..]));
        assert_eq!(payload(rest, "aescbckey-2021-12-10T22"), Some(&b"54:38Z:payload"[..]));
        assert_eq!(payload(rest, "aescbckey"), None);
        assert_eq!(payload(b"a", "a"), None);
    }

    #[test]
    fn names_are_guessed() {
        let guess = |rest: &'static [u8]| guess_name(rest);
        assert_eq!(guess(b"key1:\xff\x00:"), Some("key1"));
        assert_eq!(guess(b"key1:54:38Z:x"), Some("key1"));
        assert_eq!(
            guess(b"aescbckey-2021-12-10T22:54:38Z:x"),
            Some("aescbckey-2021-12-10T22:54:38Z")
        );
        assert_eq!(
            guess(b"k-2021-12-10T22:54:38+02:00:x"),
            Some("k-2021-12-10T22:54:38+02:00")
        );
        assert_eq!(guess(b"k-2021-12-10T22:5"), Some("k-2021-12-10T22"));
        for none in [&b""[..], b":", b"key1", b"\xff:", b"a\nb:"] {
            assert_eq!(guess_name(none), None);
        }
    }

    #[test]
    fn the_key_of_a_kms_value_is_in_clear() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../fixtures/encryption/audit/kms-v2.json")).unwrap();
        let value = crate::k8s::base64::decode(vector["value_base64"].as_str().unwrap()).unwrap();
        let Envelope::Encrypted { scheme, rest } = Envelope::parse(&value) else {
            panic!("{vector}");
        };
        let object = EncryptedObject::parse(payload(rest, "prov").unwrap()).unwrap();
        assert_eq!((scheme, object.encrypted_dek_source_type), (Scheme::KmsV2, 1));
        assert!(
            !object.key_id.is_empty() && object.key_id.len() < 64,
            "{}",
            object.key_id
        );
        assert!(EncryptedObject::parse(b"").is_none() && EncryptedObject::parse(b"\xff").is_none());
    }
}
