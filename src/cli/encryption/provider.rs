//! The flags of a new provider, the same for `init` and `rotate add-provider`.

use clap::ValueEnum;

use crate::cli::Failure;
use crate::encryption::init::{Cipher, NewKms};
use crate::encryption::key_name::KeyName;

/// What encrypts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum ProviderName {
    /// AES-CBC: every Kubernetes has it, and CIS takes it
    Aescbc,
    /// XSalsa20 and Poly1305: the strongest with a key in the file
    Secretbox,
    /// AES-GCM: fast, and needs a new key every 200,000 writes
    Aesgcm,
    /// A key management service behind a socket, version 2
    Kms,
}

/// A new provider, as the user asks for it.
#[derive(Debug, clap::Args)]
pub(super) struct ProviderArgs {
    /// The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]
    #[arg(long, value_name = "NAME", value_parser = KeyName::parse)]
    pub(super) key_name: Option<KeyName>,

    /// The name of the KMS plugin, which begins every value that it encrypts
    #[arg(long, value_name = "NAME")]
    kms_name: Option<String>,

    /// The socket of the KMS plugin: unix:///path
    #[arg(long, value_name = "URL")]
    kms_endpoint: Option<String>,

    /// How long a call to the KMS plugin may take [default: 3s]
    #[arg(long, value_name = "DURATION")]
    kms_timeout: Option<String>,
}

/// A provider that is complete.
pub(super) enum Asked {
    Cipher(Cipher, Option<KeyName>),
    Kms(NewKms),
}

impl ProviderArgs {
    /// The provider with all that belongs to it, and nothing else.
    pub(super) fn settle(&self, provider: ProviderName) -> Result<Asked, Failure> {
        let cipher = match provider {
            ProviderName::Aescbc => Cipher::Aescbc,
            ProviderName::Aesgcm => Cipher::Aesgcm,
            ProviderName::Secretbox => Cipher::Secretbox,
            ProviderName::Kms => return self.kms(),
        };
        let strays = [
            ("--kms-name", &self.kms_name),
            ("--kms-endpoint", &self.kms_endpoint),
            ("--kms-timeout", &self.kms_timeout),
        ];
        match strays.iter().find(|(_, value)| value.is_some()) {
            Some((flag, _)) => Err(Failure::usage(NotForKeys { flag })),
            None => Ok(Asked::Cipher(cipher, self.key_name.clone())),
        }
    }

    fn kms(&self) -> Result<Asked, Failure> {
        if self.key_name.is_some() {
            return Err(Failure::usage(NotForKms));
        }
        let needed = |flag, value: &Option<String>| value.clone().ok_or_else(|| Failure::usage(KmsNeeds { flag }));
        Ok(Asked::Kms(NewKms {
            name: needed("--kms-name NAME", &self.kms_name)?,
            endpoint: needed("--kms-endpoint unix:///PATH", &self.kms_endpoint)?,
            timeout: Some(self.kms_timeout.clone().unwrap_or_else(|| "3s".to_owned())),
        }))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{flag}` goes with `--provider kms` only")]
struct NotForKeys {
    flag: &'static str,
}

#[derive(Debug, thiserror::Error)]
#[error("`--key-name` does not go with `--provider kms`: the key is in the plugin")]
struct NotForKms;

#[derive(Debug, thiserror::Error)]
#[error("`--provider kms` needs `{flag}`")]
struct KmsNeeds {
    flag: &'static str,
}
