//! All keys of a resource: which of them wrote a value, and what it says.
//!
//! Reading is what the API server does (`value.NewPrefixTransformers` of `k8s.io/apiserver`): providers are tried in their
//! order where the value's prefix is theirs, keys within a provider where the name is theirs, and who fails passes the value
//! on to the next. Where upstream is wrong, kship differs:
//!
//! - A wrong AES-CBC key of the right name passes the check of the padding once in 255 values, and upstream returns garbage.
//!   Here the plaintext must also start as Kubernetes writes objects, and the later keys get their turn.
//! - A payload of nothing but an IV makes upstream panic.
//! - Of two names of which one starts the other (`a` and `a:b`), the longer one is tried first.

use std::cmp::Reverse;

use super::cipher::{Buffer, CipherKey, KeyLengthError, OpenError, SealError};
use super::config::{KmsVersion, Provider, ProviderKind};
use super::envelope::{EncryptedObject, Envelope, Scheme, guess_name, payload};

/// The providers of one resource, ready to read and write.
#[derive(Debug, Default)]
pub struct Transformer {
    providers: Vec<Stage>,
}

#[derive(Debug)]
enum Stage {
    Identity,
    Kms { scheme: Scheme, name: String },
    Local { scheme: Scheme, keys: Vec<Named> },
}

#[derive(Debug)]
struct Named {
    name: String,
    key: CipherKey,
}

/// A provider and one of its keys, counted from zero in the order of the configuration.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Slot {
    /// The provider.
    pub provider: usize,
    /// The key; zero where a provider has none.
    pub key: usize,
}

impl Slot {
    /// The provider and key that writes: the first of the first.
    pub const WRITING: Self = Self { provider: 0, key: 0 };
}

/// What a stored value turns out to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// It opens with this key; the plaintext is in the buffer.
    Opened(Slot),
    /// It opens with this key of AES-CBC, which authenticates nothing, to what is no Kubernetes object; it is in the buffer.
    ///
    /// The key may be a wrong one of the right name.
    Garbage(Slot),
    /// It belongs to this key management service, which alone can open it.
    Kms {
        /// The service.
        slot: Slot,
        /// The service's key that encrypted it; version 1 does not say.
        key_id: Option<String>,
    },
    /// It is stored as it is.
    Plain {
        /// The identity provider that would read it; without one the API server refuses it.
        slot: Option<Slot>,
    },
    /// The last key of its name does not open it.
    Damaged {
        /// That key, or that service.
        slot: Slot,
        /// Why not; `None` where the value of a service is malformed.
        error: Option<OpenError>,
    },
    /// It was encrypted with a key that is not configured.
    Unknown {
        /// With which scheme, where the API server knows it.
        scheme: Option<Scheme>,
        /// The key's name, as far as it can be told apart from the payload.
        name: Option<String>,
    },
}

impl Transformer {
    /// Makes the keys of a resource ready.
    ///
    /// # Errors
    /// A key has a length that its provider does not take. A configuration that was parsed has none such.
    pub fn new<'a>(providers: impl IntoIterator<Item = &'a Provider>) -> Result<Self, KeyLengthError> {
        let providers = providers.into_iter().map(Stage::new).collect::<Result<_, _>>()?;
        Ok(Self { providers })
    }

    /// Reads a value as it is stored under a key of etcd. What opens is in `buffer`, whose old content is lost.
    pub fn read(&self, etcd_key: &[u8], value: &[u8], buffer: &mut Buffer) -> Reading {
        let (scheme, rest) = match Envelope::parse(value) {
            Envelope::Plain => return self.plain(),
            Envelope::Foreign { rest } => {
                let name = guess_name(rest).map(str::to_owned);
                return Reading::Unknown { scheme: None, name };
            }
            Envelope::Encrypted { scheme, rest } => (scheme, rest),
        };
        let (mut garbage, mut damaged) = (None, None);
        for (provider, stage) in self.providers.iter().enumerate() {
            match stage {
                Stage::Kms { scheme: own, name } if *own == scheme => {
                    let slot = Slot { provider, key: 0 };
                    let Some(payload) = payload(rest, name) else { continue };
                    match read_kms(scheme, payload) {
                        Ok(key_id) => return Reading::Kms { slot, key_id },
                        Err(()) => damaged = Some((slot, None)),
                    }
                }
                Stage::Local { scheme: own, keys } if *own == scheme => {
                    for (key, named, payload) in matching(keys, rest) {
                        let slot = Slot { provider, key };
                        match named.open(etcd_key, payload, buffer) {
                            Ok(()) if scheme != Scheme::AesCbc || is_object(buffer.bytes()) => {
                                return Reading::Opened(slot);
                            }
                            Ok(()) => garbage = garbage.or(Some((slot, named, payload))),
                            Err(error) => damaged = Some((slot, Some(error))),
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some((slot, named, payload)) = garbage {
            // Later keys have used the buffer.
            return match named.open(etcd_key, payload, buffer) {
                Ok(()) => Reading::Garbage(slot),
                Err(error) => Reading::Damaged {
                    slot,
                    error: Some(error),
                },
            };
        }
        match damaged {
            Some((slot, error)) => Reading::Damaged { slot, error },
            None => Reading::Unknown {
                scheme: Some(scheme),
                name: guess_name(rest).map(str::to_owned),
            },
        }
    }

    /// Encrypts a value as the API server would, with the first key of the first provider.
    ///
    /// `random` fills its argument with random bytes. Without a local key first, there is nothing to encrypt with: `None`.
    ///
    /// # Errors
    /// The cryptography library refuses.
    pub fn write(
        &self,
        etcd_key: &[u8],
        plaintext: &[u8],
        random: impl FnOnce(&mut [u8]),
    ) -> Option<Result<Vec<u8>, SealError>> {
        let Stage::Local { scheme, keys } = self.providers.first()? else {
            return None;
        };
        let Named { name, key } = keys.first()?;
        let mut nonce = vec![0; key.nonce_len()];
        random(&mut nonce);
        let sealed = key.seal(etcd_key, plaintext, &nonce);
        Some(sealed.map(|payload| [scheme.prefix().as_bytes(), name.as_bytes(), b":", &payload].concat()))
    }

    /// The provider's name and that of its key, as reports say them: `aescbc` and `key1`; of `identity` no second one.
    #[must_use]
    pub fn names(&self, slot: Slot) -> Option<(&'static str, Option<&str>)> {
        Some(match self.providers.get(slot.provider)? {
            Stage::Identity => ("identity", None),
            Stage::Kms { scheme, name } => (scheme.provider(), Some(name)),
            Stage::Local { scheme, keys } => (scheme.provider(), Some(&keys.get(slot.key)?.name)),
        })
    }

    /// Every provider and key, in order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.providers.iter().enumerate().flat_map(|(provider, stage)| {
            let keys = match stage {
                Stage::Local { keys, .. } => keys.len(),
                Stage::Identity | Stage::Kms { .. } => 1,
            };
            (0..keys).map(move |key| Slot { provider, key })
        })
    }

    /// Whether new values are stored as they are.
    #[must_use]
    pub fn writes_plaintext(&self) -> bool {
        matches!(self.providers.first(), None | Some(Stage::Identity))
    }

    fn plain(&self) -> Reading {
        let identity = self.providers.iter().position(|stage| matches!(stage, Stage::Identity));
        Reading::Plain {
            slot: identity.map(|provider| Slot { provider, key: 0 }),
        }
    }
}

impl Stage {
    fn new(provider: &Provider) -> Result<Self, KeyLengthError> {
        let (scheme, keys) = match &provider.kind {
            ProviderKind::AesCbc(keys) => (Scheme::AesCbc, keys),
            ProviderKind::AesGcm(keys) => (Scheme::AesGcm, keys),
            ProviderKind::Identity => return Ok(Self::Identity),
            ProviderKind::Kms(kms) => {
                let scheme = match kms.version {
                    KmsVersion::V1 => Scheme::KmsV1,
                    KmsVersion::V2 => Scheme::KmsV2,
                };
                let name = kms.name.value.clone();
                return Ok(Self::Kms { scheme, name });
            }
            ProviderKind::Secretbox(keys) => (Scheme::Secretbox, keys),
        };
        let named = keys.iter().map(|key| {
            Ok(Named {
                name: key.name.value.clone(),
                key: CipherKey::new(scheme, &key.secret)?,
            })
        });
        let keys = named.collect::<Result<_, _>>()?;
        Ok(Self::Local { scheme, keys })
    }
}

impl Named {
    fn open(&self, etcd_key: &[u8], payload: &[u8], buffer: &mut Buffer) -> Result<(), OpenError> {
        self.key.open(etcd_key, payload, buffer)
    }
}

/// The keys whose name is the value's, the longest name first, then in the order of the configuration.
fn matching<'a>(keys: &'a [Named], rest: &'a [u8]) -> Vec<(usize, &'a Named, &'a [u8])> {
    let own = |(at, named): (usize, &'a Named)| Some((at, named, payload(rest, &named.name)?));
    let mut matching: Vec<_> = keys.iter().enumerate().filter_map(own).collect();
    matching.sort_by_key(|(_, named, _)| Reverse(named.name.len()));
    matching
}

/// The id of the service's key, if the value is whole.
fn read_kms(scheme: Scheme, payload: &[u8]) -> Result<Option<String>, ()> {
    if scheme == Scheme::KmsV2 {
        let object = EncryptedObject::parse(payload).ok_or(())?;
        return Ok(Some(object.key_id));
    }
    let (length, rest) = payload.split_first_chunk::<2>().ok_or(())?;
    let length = usize::from(u16::from_be_bytes(*length));
    // Behind the encrypted data key stand at least a nonce and a tag.
    let whole = length > 0 && rest.len() >= length.saturating_add(KMS_V1_SEALED);
    whole.then_some(None).ok_or(())
}

const KMS_V1_SEALED: usize = 12 + 16;

/// Whether bytes start as the API server writes objects: protobuf with its magic, JSON, or CBOR with its tag (RFC 8949
/// section 3.4.6).
#[must_use]
pub fn is_object(plaintext: &[u8]) -> bool {
    plaintext.starts_with(b"k8s\0") || plaintext.starts_with(b"{") || plaintext.starts_with(b"\xd9\xd9\xf7")
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use zeroize::Zeroizing;

    use super::super::config::{Key, Spanned};
    use super::*;

    pub(crate) fn key(name: &str, secret: &[u8]) -> Key {
        Key {
            name: Spanned {
                value: name.to_owned(),
                span: 0..0,
            },
            secret: Zeroizing::new(secret.to_vec()),
            span: 0..0,
            secret_span: 0..0,
        }
    }

    pub(crate) fn provider(kind: ProviderKind) -> Provider {
        Provider {
            kind,
            span: 0..0,
            field_span: 0..0,
            keys_span: 0..0,
        }
    }

    fn local(scheme: Scheme, keys: Vec<Key>) -> Provider {
        provider(match scheme {
            Scheme::AesCbc => ProviderKind::AesCbc(keys),
            Scheme::AesGcm => ProviderKind::AesGcm(keys),
            Scheme::Secretbox => ProviderKind::Secretbox(keys),
            Scheme::KmsV1 | Scheme::KmsV2 => panic!("no local keys"),
        })
    }

    fn transformer(providers: &[Provider]) -> Transformer {
        Transformer::new(providers).unwrap()
    }

    const PLACE: &[u8] = b"/registry/secrets/shop/db";
    const LOCAL: [Scheme; 3] = [Scheme::AesCbc, Scheme::AesGcm, Scheme::Secretbox];

    fn read(transformer: &Transformer, value: &[u8]) -> (Reading, Vec<u8>) {
        let mut buffer = Buffer::default();
        let reading = transformer.read(PLACE, value, &mut buffer);
        (reading, buffer.into_bytes().to_vec())
    }

    fn write(transformer: &Transformer, plaintext: &[u8]) -> Vec<u8> {
        transformer
            .write(PLACE, plaintext, |nonce| nonce.fill(3))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn what_the_api_server_wrote_is_read() {
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../fixtures/encryption/audit/values.json")).unwrap();
        assert_eq!(vectors.len(), 46);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap().to_owned();
            let bytes = |name: &str| crate::k8s::base64::decode(&text(name)).unwrap();
            let scheme = LOCAL.into_iter().find(|scheme| scheme.provider() == text("provider"));
            let providers = [local(scheme.unwrap(), vec![key(&text("key_name"), &bytes("secret"))])];
            let mut buffer = Buffer::default();
            let reading =
                transformer(&providers).read(text("etcd_key").as_bytes(), &bytes("value_base64"), &mut buffer);
            let plaintext = bytes("plaintext_base64");
            let expected = if scheme == Some(Scheme::AesCbc) && !is_object(&plaintext) {
                Reading::Garbage(Slot::WRITING)
            } else {
                Reading::Opened(Slot::WRITING)
            };
            assert_eq!(reading, expected, "{vector}");
            assert!(buffer.bytes() == plaintext.as_slice(), "{vector}");
        }
    }

    #[test]
    fn the_key_that_wrote_is_found_wherever_it_stands() {
        for scheme in LOCAL {
            let (a, b) = (key("a", &[1; 32]), key("b", &[2; 32]));
            let value = write(&transformer(&[local(scheme, vec![a.clone()])]), b"k8s\0x");
            let at = |provider, key| Reading::Opened(Slot { provider, key });
            let identity = || provider(ProviderKind::Identity);
            for (providers, expected) in [
                (vec![local(scheme, vec![a.clone(), b.clone()])], at(0, 0)),
                (vec![local(scheme, vec![b.clone(), a.clone()])], at(0, 1)),
                (vec![identity(), local(scheme, vec![b.clone(), a.clone()])], at(1, 1)),
                (
                    vec![local(scheme, vec![b.clone()]), local(scheme, vec![a.clone()])],
                    at(1, 0),
                ),
                (
                    vec![identity(), local(scheme, vec![b.clone()])],
                    Reading::Unknown {
                        scheme: Some(scheme),
                        name: Some("a".to_owned()),
                    },
                ),
            ] {
                let (reading, plaintext) = read(&transformer(&providers), &value);
                assert_eq!(reading, expected);
                assert_eq!(plaintext == b"k8s\0x", matches!(reading, Reading::Opened(_)));
            }
        }
    }

    #[test]
    fn a_wrong_key_of_the_right_name_is_never_believed() {
        for scheme in LOCAL {
            let right = transformer(&[local(scheme, vec![key("a", &[1; 32])])]);
            let wrong = transformer(&[local(scheme, vec![key("a", &[2; 32])])]);
            let both = transformer(&[local(scheme, vec![key("a", &[2; 32]), key("a", &[1; 32])])]);
            let mut garbage = 0;
            for at in 0_u32..2000 {
                let mut nonce = at.to_le_bytes().to_vec();
                nonce.resize(24, 0);
                let value = right
                    .write(PLACE, b"k8s\0 a value", |bytes| {
                        bytes.copy_from_slice(&nonce[..bytes.len()])
                    })
                    .unwrap()
                    .unwrap();
                match read(&wrong, &value).0 {
                    Reading::Damaged { .. } => {}
                    Reading::Garbage(_) => garbage += 1,
                    other => panic!("{other:?}"),
                }
                let (reading, plaintext) = read(&both, &value);
                assert_eq!(reading, Reading::Opened(Slot { provider: 0, key: 1 }));
                assert_eq!(plaintext, b"k8s\0 a value");
            }
            assert_eq!(garbage > 0, scheme == Scheme::AesCbc, "{garbage} of 2000");
        }
    }

    #[test]
    fn of_two_names_the_longer_one_is_tried_first() {
        let keys = vec![key("a", &[1; 32]), key("a:b", &[2; 32])];
        let writer = transformer(&[local(Scheme::AesCbc, vec![keys[1].clone()])]);
        let reader = transformer(&[local(Scheme::AesCbc, keys)]);
        let expected = Reading::Opened(Slot { provider: 0, key: 1 });
        assert_eq!(read(&reader, &write(&writer, b"{}")).0, expected);
        assert_eq!(
            reader.names(Slot { provider: 0, key: 1 }),
            Some(("aescbc", Some("a:b")))
        );
        assert_eq!(reader.slots().count(), 2);
    }

    #[test]
    fn plaintext_is_plaintext() {
        let reader = transformer(&[
            local(Scheme::Secretbox, vec![key("a", &[1; 32])]),
            provider(ProviderKind::Identity),
        ]);
        let slot = Some(Slot { provider: 1, key: 0 });
        for value in [&b""[..], b"k8s\0x", b"{}", b"k8s:en"] {
            assert_eq!(read(&reader, value).0, Reading::Plain { slot });
        }
        assert_eq!(read(&transformer(&[]), b"{}").0, Reading::Plain { slot: None });
        assert!(!reader.writes_plaintext() && transformer(&[]).writes_plaintext());
    }

    #[test]
    fn a_service_is_recognised() {
        use super::super::config::Kms;

        let vector: Value = serde_json::from_str(include_str!("../../fixtures/encryption/audit/kms-v2.json")).unwrap();
        let value = crate::k8s::base64::decode(vector["value_base64"].as_str().unwrap()).unwrap();
        let kms = |version| {
            provider(ProviderKind::Kms(Kms {
                version,
                name: key("prov", b"").name,
                endpoint: String::new(),
                timeout: std::time::Duration::ZERO,
                cache_size: None,
            }))
        };
        let (v1, v2) = (transformer(&[kms(KmsVersion::V1)]), transformer(&[kms(KmsVersion::V2)]));
        assert!(matches!(read(&v2, &value).0, Reading::Kms { key_id: Some(_), .. }));
        assert!(matches!(read(&v1, &value).0, Reading::Unknown { .. }));
        let slot = Slot::WRITING;
        let damaged = Reading::Damaged { slot, error: None };
        assert_eq!(read(&v2, b"k8s:enc:kms:v2:prov:").0, damaged);
        let old = [&b"k8s:enc:kms:v1:prov:\x00\x03abc"[..], &[0; 28]].concat();
        assert_eq!(read(&v1, &old).0, Reading::Kms { slot, key_id: None });
        assert_eq!(read(&v1, &old[..old.len() - 1]).0, damaged);
        assert_eq!(v2.names(slot), Some(("kms", Some("prov"))));
        assert!(v2.write(PLACE, b"a", |_| ()).is_none());
    }

    proptest! {
        #[test]
        fn no_value_panics(prefix in prop::sample::select(&[
            "", "k8s:enc:", "k8s:enc:aescbc:v1:a:", "k8s:enc:aesgcm:v1:a:", "k8s:enc:secretbox:v1:a:", "k8s:enc:kms:v2:a:",
        ][..]), rest in prop::collection::vec(any::<u8>(), 0..80)) {
            let keys = || vec![key("a", &[1; 32])];
            let reader = transformer(&LOCAL.map(|scheme| local(scheme, keys())));
            let value = [prefix.as_bytes(), &rest].concat();
            let reading = read(&reader, &value).0;
            prop_assert!(!matches!(reading, Reading::Opened(_)), "{:?}", reading);
        }
    }
}
