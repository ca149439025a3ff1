//! Private keys in every shape that people keep them in: PEM, and backups of a cluster's key Secrets.

use zeroize::Zeroizing;

use super::crypto::{KeyError, OpeningKey};
use super::{encrypted_key, input};
use crate::k8s::{Object, SecretError, base64, objects};
use crate::pem;
use crate::yaml::{self, Node};

/// The entry of a `kubernetes.io/tls` Secret that holds the private key.
const TLS_KEY: &str = "tls.key";

/// What keeps a file from being a file of private keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// The `tls.key` of a Secret is not base64.
    #[error("the Secret `{name}` has a `tls.key` that is not base64")]
    Base64 {
        /// Its name.
        name: String,
    },
    /// An encryption that is not read.
    #[error(
        "the private key {number} of the file is encrypted in a way that kship does not read, or damaged: expected AES with \
         PBKDF2 over SHA-2 or scrypt"
    )]
    Cipher {
        /// Which one, from one.
        number: usize,
    },
    /// A password that takes too long to try.
    #[error("the private key {number} of the file asks for more {what} than kship gives")]
    Cost {
        /// Which one, from one.
        number: usize,
        /// What is too much.
        what: &'static str,
    },
    /// A password protects the key, and none was given.
    #[error("the private key is encrypted, and its password is not known")]
    Encrypted,
    /// A key cannot be used.
    #[error("the private key {number} of the file cannot open anything")]
    Key {
        /// Which one, from one.
        number: usize,
        /// Why.
        source: KeyError,
    },
    /// A key of another kind.
    #[error("a PEM block `{label}` where an RSA key (`PRIVATE KEY` or `RSA PRIVATE KEY`) was expected")]
    Label {
        /// What the block says it is.
        label: String,
    },
    /// There is no key at all.
    #[error("no private key: expected PEM, or a Secret with `tls.key` in YAML or JSON")]
    Missing,
    /// The password is another one.
    #[error("the password does not open the private key {number} of the file")]
    Password {
        /// Which one, from one.
        number: usize,
    },
    /// A Secret that kubectl would not read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A password in the way of OpenSSL before 1.0.0, whose key comes of one round of MD5.
    #[error("the private key {number} of the file is encrypted in OpenSSL's old form (`Proc-Type: 4,ENCRYPTED`)")]
    Traditional {
        /// Which one, from one.
        number: usize,
    },
    /// The file is neither PEM nor YAML.
    #[error("neither PEM nor YAML")]
    Yaml(#[source] yaml::Error),
}

/// Reads all private keys of a file: PEM blocks (PKCS#1, PKCS#8), or Secrets, `List`s and `SecretList`s of them in YAML or
/// JSON, any number of documents.
///
/// # Errors
/// There is none, or one is no RSA key that can be used, or is encrypted.
pub fn opening_keys(text: &str) -> Result<Vec<OpeningKey>, PrivateKeyError> {
    opening_keys_with(text, None)
}

/// As [`opening_keys`]; a `password` opens the encrypted keys (`ENCRYPTED PRIVATE KEY`) among them.
///
/// # Errors
/// As [`opening_keys`], or the password is another one.
pub fn opening_keys_with(text: &str, password: Option<&str>) -> Result<Vec<OpeningKey>, PrivateKeyError> {
    let mut keys = Vec::new();
    if pem::is_pem(text) {
        read_pem(text, password, &mut keys)?;
    } else {
        for part in input::parts(text) {
            let stream = yaml::parse(part.text()).map_err(PrivateKeyError::Yaml)?;
            for root in stream.documents().iter().filter_map(yaml::Document::root) {
                for object in objects(root)? {
                    if let Object::Secret(secret) = object {
                        read_secret(secret, password, &mut keys)?;
                    }
                }
            }
        }
    }
    if keys.is_empty() {
        return Err(PrivateKeyError::Missing);
    }
    Ok(keys)
}

fn read_secret(
    secret: Node<'_, '_>,
    password: Option<&str>,
    keys: &mut Vec<OpeningKey>,
) -> Result<(), PrivateKeyError> {
    let entry = |field: &str| secret.get(field)?.get(TLS_KEY)?.as_str();
    // As everywhere, `stringData` wins over `data`.
    if let Some(text) = entry("stringData") {
        return read_pem(text, password, keys);
    }
    let Some(encoded) = entry("data") else {
        return Ok(());
    };
    let bad = || PrivateKeyError::Base64 {
        name: secret
            .get("metadata")
            .and_then(|metadata| metadata.get("name")?.as_str())
            .unwrap_or_default()
            .to_owned(),
    };
    let bytes = base64::decode(encoded).ok_or_else(bad)?;
    read_pem(std::str::from_utf8(&bytes).map_err(|_| bad())?, password, keys)
}

fn read_pem(text: &str, password: Option<&str>, keys: &mut Vec<OpeningKey>) -> Result<(), PrivateKeyError> {
    for block in pem::blocks(text) {
        let number = keys.len() + 1;
        let pkcs8 = match block.label {
            "CERTIFICATE" | "PUBLIC KEY" => continue,
            "ENCRYPTED PRIVATE KEY" => {
                let password = password.ok_or(PrivateKeyError::Encrypted)?;
                let der = block.der.ok_or(PrivateKeyError::Cipher { number })?;
                Some(encrypted_key::decrypt(&der, password, number)?)
            }
            "RSA PRIVATE KEY" if block.has_headers => return Err(PrivateKeyError::Traditional { number }),
            "RSA PRIVATE KEY" => block.der.as_deref().map(|der| Zeroizing::new(pkcs8_of_pkcs1(der))),
            "PRIVATE KEY" => block.der,
            label => {
                return Err(PrivateKeyError::Label {
                    label: label.to_owned(),
                });
            }
        };
        let key = pkcs8
            .ok_or(KeyError::Malformed)
            .and_then(|der| OpeningKey::from_pkcs8(&der))
            .map_err(|source| PrivateKeyError::Key { number, source })?;
        keys.push(key);
    }
    Ok(())
}

/// `PrivateKeyInfo` (RFC 5208 section 5) around an `RSAPrivateKey` (RFC 8017 appendix A.1.2).
fn pkcs8_of_pkcs1(pkcs1: &[u8]) -> Vec<u8> {
    // INTEGER 0; SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }
    const HEAD: [u8; 18] = [
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    const OCTET_STRING: u8 = 0x04;
    const SEQUENCE: u8 = 0x30;
    let inner = header(OCTET_STRING, pkcs1.len());
    let mut der = header(SEQUENCE, HEAD.len() + inner.len() + pkcs1.len());
    // Growing would leave a copy of the key behind.
    der.reserve_exact(HEAD.len() + inner.len() + pkcs1.len());
    der.extend_from_slice(&HEAD);
    der.extend_from_slice(&inner);
    der.extend_from_slice(pkcs1);
    der
}

/// Tag and length in DER (X.690 section 8.1.3).
fn header(tag: u8, length: usize) -> Vec<u8> {
    let bytes = length.to_be_bytes();
    let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    match (significant.as_slice(), u8::try_from(significant.len())) {
        ([], _) => vec![tag, 0],
        ([short], _) if *short < 0x80 => vec![tag, *short],
        (long, Ok(count)) => [&[tag, 0x80 | count], long].concat(),
        // A length has eight bytes at most.
        (long, Err(_)) => [&[tag], long].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = include_str!("../../keys-example/sealing-2048.key");
    const LARGE: &str = include_str!("../../keys-example/sealing-4096.key");
    const PKCS1: &str = include_str!("../../fixtures/seal/pkcs1.key");

    fn sizes(text: &str) -> Vec<usize> {
        opening_keys(text)
            .unwrap()
            .iter()
            .map(OpeningKey::modulus_bytes)
            .collect()
    }

    fn refusal(text: &str) -> String {
        let error = opening_keys(text).unwrap_err();
        match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }
    }

    fn secret(name: &str, key: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: {name}}}, data: {{tls.crt: eA==, tls.key: {}}}}}",
            base64::encode(key.as_bytes())
        )
    }

    #[test]
    fn pem_bundles_are_read_whole() {
        assert_eq!(sizes(SMALL), [256]);
        assert_eq!(sizes(PKCS1), [256]);
        let certificate = include_str!("../../keys-example/sealing-2048.crt");
        assert_eq!(
            sizes(&format!("Bag Attributes\n{certificate}{LARGE}\n{PKCS1}{SMALL}")),
            [512, 256, 256]
        );
    }

    #[test]
    fn a_pkcs1_key_is_the_key_of_its_pkcs8() {
        let certificate = include_bytes!("../../keys-example/sealing-2048.crt");
        let sealing = super::super::Certificate::parse(certificate).unwrap().into_key();
        let session = super::super::SessionKey::new(Zeroizing::new([3; 32]));
        let sealed = sealing.seal(session, "a", b"b").unwrap();
        assert_eq!(*opening_keys(PKCS1).unwrap()[0].open("a", &sealed).unwrap(), b"b");
    }

    #[test]
    fn encrypted_keys_open_with_their_password_wherever_they_stand() {
        let encrypted = include_str!("../../fixtures/seal/encrypted/pbkdf2.key");
        let open = |text: &str| opening_keys_with(text, Some("kship")).unwrap().len();
        assert_eq!(open(&format!("{SMALL}{encrypted}{encrypted}")), 3);
        assert_eq!(open(&secret("a", encrypted)), 1);
        assert!(matches!(opening_keys(encrypted), Err(PrivateKeyError::Encrypted)));
        let error = opening_keys_with(&format!("{SMALL}{encrypted}"), Some("wrong")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the password does not open the private key 2 of the file"
        );
    }

    #[test]
    fn backups_of_a_cluster_are_read_whole() {
        let (one, two) = (secret("a", SMALL), secret("b", LARGE));
        assert_eq!(sizes(&one), [256]);
        for kind in ["List", "SecretList"] {
            let list = format!("apiVersion: v1\nkind: {kind}\nitems:\n- {one}\n- {two}\n---\n{two}\n");
            assert_eq!(sizes(&list), [256, 512, 512], "{kind}");
        }
        let json = format!(
            r#"{{"kind":"List","items":[{{"kind":"Secret","data":{{"tls.key":"{}"}}}}]}}"#,
            base64::encode(SMALL.as_bytes())
        );
        assert_eq!(sizes(&format!("{json}\n{json}")), [256, 256]);
        let plain = format!(
            "kind: Secret\nstringData:\n  tls.key: |\n    {}\n",
            SMALL.trim_end().replace('\n', "\n    ")
        );
        assert_eq!(sizes(&plain), [256]);
    }

    #[test]
    fn what_holds_no_key_is_refused() {
        let missing = "no private key: expected PEM, or a Secret with `tls.key` in YAML or JSON";
        for text in [
            "",
            "hello",
            "kind: Secret\ndata: {a: eA==}\n",
            "kind: ConfigMap\ndata: {tls.key: x}\n",
        ] {
            assert_eq!(refusal(text), missing);
        }
        assert_eq!(
            refusal("{kind: Secret, metadata: {name: a}, data: {tls.key: '*'}}"),
            "the Secret `a` has a `tls.key` that is not base64"
        );
        assert!(refusal("a: b: c").starts_with("neither PEM nor YAML: "));
        let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        assert_eq!(
            refusal(&block("EC PRIVATE KEY", "aGk=")),
            "a PEM block `EC PRIVATE KEY` where an RSA key (`PRIVATE KEY` or `RSA PRIVATE KEY`) was expected"
        );
        assert_eq!(
            refusal(&block("ENCRYPTED PRIVATE KEY", "aGk=")),
            "the private key is encrypted, and its password is not known"
        );
        assert_eq!(
            refusal(&block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\naGk=")),
            "the private key 1 of the file is encrypted in OpenSSL's old form (`Proc-Type: 4,ENCRYPTED`)"
        );
        let unusable = "of the file cannot open anything: it is not an RSA key of 2048 to 8192 bits, or it is damaged";
        assert_eq!(
            refusal(&format!("{SMALL}{}", block("PRIVATE KEY", "aGk="))),
            format!("the private key 2 {unusable}")
        );
        assert_eq!(
            refusal(&block("RSA PRIVATE KEY", "*")),
            format!("the private key 1 {unusable}")
        );
    }

    #[test]
    fn der_lengths_are_minimal() {
        assert_eq!(header(4, 0), [4, 0]);
        assert_eq!(header(4, 127), [4, 127]);
        assert_eq!(header(4, 128), [4, 0x81, 128]);
        assert_eq!(header(4, 1200), [4, 0x82, 4, 176]);
    }
}
