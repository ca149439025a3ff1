//! Credentials.

use std::sync::Arc;

use super::secret::Secret;

/// Placeholder.
#[derive(Debug, Default)]
pub struct Keychain;
/// Placeholder.
#[derive(Debug, Default)]
pub struct Environment;
/// Placeholder.
#[derive(Debug)]
pub struct Entry;

/// Why credentials cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {}

/// A way to say who one is.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) login: Login,
}

#[derive(Debug)]
pub(crate) enum Login {
    Identity {
        token: Secret,
        password: Option<(String, Secret)>,
    },
    Password {
        user: String,
        password: Secret,
    },
    Registry(Secret),
}

impl Keychain {
    pub(crate) async fn credential(
        &self,
        _registry: &str,
        _path: &str,
    ) -> Result<Option<Arc<Credential>>, KeychainError> {
        Ok(None)
    }
}
