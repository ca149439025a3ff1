//! New configurations: one provider that encrypts, then `identity`, which reads what was stored before.

use std::io;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::config::ProviderKind;
use super::key_name::KeyName;
use crate::k8s::base64;
use crate::yaml;

/// Bytes of a new key: what every provider takes, and the most that any takes.
const KEY_BYTES: usize = 32;

/// A provider whose keys stand in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cipher {
    /// AES-CBC with PKCS#7 padding.
    Aescbc,
    /// AES-GCM with random nonces.
    Aesgcm,
    /// XSalsa20 and Poly1305.
    Secretbox,
}

impl Cipher {
    /// The provider of a configuration, if its keys stand in the file.
    #[must_use]
    pub const fn of(kind: &ProviderKind) -> Option<Self> {
        match kind {
            ProviderKind::AesCbc(_) => Some(Self::Aescbc),
            ProviderKind::AesGcm(_) => Some(Self::Aesgcm),
            ProviderKind::Secretbox(_) => Some(Self::Secretbox),
            ProviderKind::Identity | ProviderKind::Kms(_) => None,
        }
    }

    /// How the configuration calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aescbc => "aescbc",
            Self::Aesgcm => "aesgcm",
            Self::Secretbox => "secretbox",
        }
    }
}

/// A key that was made just now.
#[derive(Clone)]
pub struct NewKey {
    /// Its name.
    pub name: KeyName,
    /// Its bytes in base64.
    secret: Zeroizing<String>,
}

impl NewKey {
    /// Makes a key of 32 random bytes.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(name: KeyName, random: &mut dyn FnMut(&mut [u8]) -> io::Result<()>) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random(bytes.as_mut_slice())?;
        Ok(Self {
            name,
            secret: Zeroizing::new(base64::encode(bytes.as_slice())),
        })
    }

    /// The key as an item of `keys`.
    pub(super) fn to_json(&self) -> Value {
        json!({"name": self.name.as_str(), "secret": self.secret.as_str()})
    }
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A KMS plugin of version 2 to speak to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewKms {
    /// The name that begins every stored value.
    pub name: String,
    /// Its socket: `unix:///run/kms.sock`.
    pub endpoint: String,
    /// How long a call may take, as Go writes durations: `3s`.
    pub timeout: Option<String>,
}

/// What a new provider encrypts with.
#[derive(Clone, Debug)]
pub enum NewProvider {
    /// A key in the file.
    Key(Cipher, NewKey),
    /// A key elsewhere.
    Kms(NewKms),
}

impl NewProvider {
    /// What it is called: `aescbc/key-2026-11-25`.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Key(cipher, key) => format!("{}/{}", cipher.name(), key.name.as_str()),
            Self::Kms(kms) => format!("kms/{}", kms.name),
        }
    }

    /// The provider as an item of `providers`.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Key(cipher, key) => json!({ cipher.name(): {"keys": [key.to_json()]} }),
            Self::Kms(kms) => {
                let mut fields = json!({"apiVersion": "v2", "name": kms.name, "endpoint": kms.endpoint});
                if let (Some(timeout), Some(fields)) = (&kms.timeout, fields.as_object_mut()) {
                    fields.insert("timeout".into(), timeout.as_str().into());
                }
                json!({ "kms": fields })
            }
        }
    }

    /// Its lines in block style behind `indent` blanks, the first one without them.
    fn write(&self, indent: usize, out: &mut String) {
        let pad = " ".repeat(indent);
        let (head, lines) = match self {
            Self::Key(cipher, key) => (
                format!("{}:\n{pad}    keys:\n", cipher.name()),
                vec![
                    ("    - name: ", key.name.as_str()),
                    ("      secret: ", key.secret.as_str()),
                ],
            ),
            Self::Kms(kms) => {
                let timeout = kms.timeout.iter().map(|timeout| ("    timeout: ", timeout.as_str()));
                let fields = [
                    ("    apiVersion: ", "v2"),
                    ("    name: ", &kms.name),
                    ("    endpoint: ", &kms.endpoint),
                ];
                ("kms:\n".to_owned(), fields.into_iter().chain(timeout).collect())
            }
        };
        out.push_str(&head);
        for (field, value) in lines {
            out.push_str(&pad);
            out.push_str(field);
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
}

/// Writes a whole configuration: the provider, then `identity`.
#[must_use]
pub fn render(provider: &NewProvider, resources: &[String]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    if matches!(provider, NewProvider::Key(..)) {
        text.push_str(
            "# Whoever has this file can read what the API server encrypts, and without it nobody can.\n\
             # Keep a copy away from the cluster, and none in a repository.\n",
        );
    }
    text.push_str("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources:\n");
    for resource in resources {
        text.push_str("  - ");
        text.push_str(&scalar(resource));
        text.push('\n');
    }
    text.push_str("  providers:\n  # The first provider encrypts; all of them decrypt.\n  - ");
    provider.write(2, &mut text);
    text.push_str("  # Reads what was stored before it was encrypted.\n  - identity: {}\n");
    text
}

/// A string as YAML, quoted where a reader would take it for something else.
fn scalar(text: &str) -> Zeroizing<String> {
    let mut written = Zeroizing::new(yaml::write(&Value::from(text)));
    let length = written.trim_end_matches('\n').len();
    written.truncate(length);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> NewKey {
        let mut random = |bytes: &mut [u8]| {
            bytes.fill(0xfb);
            Ok(())
        };
        NewKey::generate(KeyName::parse(name).unwrap(), &mut random).unwrap()
    }

    fn parsed(text: &str) -> Value {
        yaml::parse(text).unwrap().documents()[0].root().unwrap().to_json()
    }

    #[test]
    fn a_configuration_has_the_provider_and_then_identity() {
        for cipher in [Cipher::Aescbc, Cipher::Aesgcm, Cipher::Secretbox] {
            let provider = NewProvider::Key(cipher, key("123"));
            let text = render(&provider, &["secrets".into(), "*.".into(), "null".into()]);
            let expected = json!({
                "apiVersion": "apiserver.config.k8s.io/v1",
                "kind": "EncryptionConfiguration",
                "resources": [{
                    "resources": ["secrets", "*.", "null"],
                    "providers": [provider.to_json(), {"identity": {}}],
                }],
            });
            assert_eq!(parsed(&text), expected, "{}", *text);
            assert!(text.contains("- name: \"123\"\n"), "{}", *text);
        }
    }

    #[test]
    fn a_plugin_has_no_key() {
        let kms = NewKms {
            name: "vault".into(),
            endpoint: "unix:///run/kms.sock".into(),
            timeout: Some("5s".into()),
        };
        let provider = NewProvider::Kms(kms.clone());
        assert!(!render(&provider, &["secrets".into()]).starts_with('#'));
        for timeout in [Some("5s".to_owned()), None] {
            let provider = NewProvider::Kms(NewKms { timeout, ..kms.clone() });
            let text = render(&provider, &["secrets".into()]);
            assert_eq!(
                parsed(&text)["resources"][0]["providers"][0],
                provider.to_json(),
                "{}",
                *text
            );
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?}", NewProvider::Key(Cipher::Aescbc, key("a")));
        assert_eq!(shown, "Key(Aescbc, NewKey { name: KeyName(\"a\"), .. })");
        let mut without = |_: &mut [u8]| Err(io::Error::other("none"));
        assert!(NewKey::generate(KeyName::parse("a").unwrap(), &mut without).is_err());
    }
}
