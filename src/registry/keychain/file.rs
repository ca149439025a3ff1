//! Credential files: Docker's `config.json` and Podman's `auth.json`, which share a format.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Credential, HUB_SERVER, KeychainError, Login, normalise};
use crate::oci::DOCKER_HUB;
use crate::registry::secret::Secret;
use crate::{fs, limits};

/// Some tools leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A credential file.
#[derive(Debug)]
pub(crate) struct File {
    path: Utf8PathBuf,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    auths: Option<BTreeMap<String, Option<Auth>>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Auth {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
    registrytoken: Option<Secret>,
}

impl File {
    /// Reads a file, if there is one.
    pub(crate) fn read(path: &Utf8Path) -> Result<Option<Self>, KeychainError> {
        let text = fs::if_exists(fs::read_text(path, limits::CREDENTIAL_FILE_BYTES))?;
        let text = text.map(Zeroizing::new);
        text.map(|text| Self::parse(&text, path)).transpose()
    }

    pub(crate) fn parse(text: &str, path: &Utf8Path) -> Result<Self, KeychainError> {
        let content = serde_json::from_str(text).map_err(|error| KeychainError::Json {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    /// The helper for a registry, and the name that it knows the registry by: its own, else that of all.
    pub(crate) fn helper(&self, registry: &str) -> Option<(String, String)> {
        let registry = normalise(registry);
        let own = self
            .content
            .cred_helpers
            .iter()
            .flatten()
            .find(|(key, _)| normalise(key) == registry)
            .map(|(key, helper)| (helper.clone(), key.clone()));
        let all = || {
            let server = if registry == DOCKER_HUB { HUB_SERVER } else { &registry };
            self.content
                .creds_store
                .clone()
                .map(|helper| (helper, server.to_owned()))
        };
        own.or_else(all).filter(|(helper, _)| !helper.is_empty())
    }

    /// The credential under the first of these names that has one.
    pub(crate) fn credential(&self, names: &[String]) -> Result<Option<Credential>, KeychainError> {
        for name in names {
            let filed = self
                .content
                .auths
                .iter()
                .flatten()
                .filter(|(key, _)| normalise(key) == *name);
            for (key, auth) in filed {
                if let Some(login) = auth.as_ref().map_or(Ok(None), |auth| self.login(key, auth))? {
                    return Ok(Some(Credential {
                        id: format!("{} {key}", self.path),
                        login,
                    }));
                }
            }
        }
        Ok(None)
    }

    fn login(&self, key: &str, auth: &Auth) -> Result<Option<Login>, KeychainError> {
        let set = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.expose().is_empty());
        if let Some(token) = set(&auth.registrytoken) {
            return Ok(Some(Login::Registry(token)));
        }
        let password = match (set(&auth.auth), &auth.username, set(&auth.password)) {
            (Some(pair), _, _) => Some(self.decode(key, &pair)?),
            (None, Some(user), Some(password)) => Some((user.clone(), password)),
            _ => None,
        }
        .filter(|(user, password)| !user.is_empty() || !password.expose().is_empty());
        if let Some(token) = set(&auth.identitytoken) {
            let password = password.filter(|(_, password)| !password.expose().is_empty());
            return Ok(Some(Login::Identity { token, password }));
        }
        Ok(password.map(|(user, password)| Login::new(&user, password)))
    }

    fn decode(&self, key: &str, pair: &Secret) -> Result<(String, Secret), KeychainError> {
        let wrong = || KeychainError::Auth {
            path: self.path.clone(),
            registry: key.to_owned(),
        };
        let bytes = Zeroizing::new(BASE64.decode(pair.expose().trim()).map_err(|_| wrong())?);
        let text = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
        // Docker has written trailing zero bytes.
        let (user, password) = text.trim_end_matches('\0').split_once(':').ok_or_else(wrong)?;
        Ok((user.to_owned(), Secret::new(password)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::keychain::names;

    fn file(text: &str) -> File {
        File::parse(text, Utf8Path::new("config.json")).unwrap()
    }

    fn login(file: &File, registry: &str, path: &str) -> String {
        match file.credential(&names(registry, path)) {
            Ok(None) => "none".to_owned(),
            Ok(Some(Credential { id, login })) => match login {
                Login::Identity { token, password } => {
                    format!("{id}: identity {} {}", token.expose(), password.is_some())
                }
                Login::Password { user, password } => format!("{id}: {user} {}", password.expose()),
                Login::Registry(token) => format!("{id}: registry {}", token.expose()),
            },
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_longest_name_wins() {
        // base64 of "host:p", "org:p:q" (a colon in the password) and "app:p" without padding.
        let file = file(
            r#"{"auths": {"quay.io": {"auth": "aG9zdDpw"}, "quay.io/org": {"auth": "b3JnOnA6cQ=="}, "https://quay.io/org/app": null,
                "quay.io/org/app": {"auth": "YXBwOnA"}, "https://index.docker.io/v1/": {"username": "me", "password": "p"}}}"#,
        );
        assert_eq!(login(&file, "quay.io", "org/app"), "config.json quay.io/org/app: app p");
        assert_eq!(
            login(&file, "quay.io", "org/application"),
            "config.json quay.io/org: org p:q"
        );
        assert_eq!(login(&file, "quay.io", "other/app"), "config.json quay.io: host p");
        assert_eq!(
            login(&file, "docker.io", "library/nginx"),
            "config.json https://index.docker.io/v1/: me p"
        );
        assert_eq!(login(&file, "quay.io:5000", "org/app"), "none");
    }

    #[test]
    fn every_kind_of_login_is_read() {
        let file = file(
            r#"{"auths": {"a.test": {"auth": "PHRva2VuPjp0"}, "b.test": {"auth": "dTpw", "identitytoken": "t"}, "c.test": {"registrytoken": "t"},
                "d.test": {"auth": ""}, "e.test": {}, "f.test": {"auth": "***"}, "g.test": {"auth": "bm9uZQ=="}, "h.test": {"auth": "dTo=", "identitytoken": "t"}}}"#,
        );
        assert_eq!(login(&file, "a.test", "x"), "config.json a.test: identity t false");
        assert_eq!(login(&file, "b.test", "x"), "config.json b.test: identity t true");
        assert_eq!(login(&file, "h.test", "x"), "config.json h.test: identity t false");
        assert_eq!(login(&file, "c.test", "x"), "config.json c.test: registry t");
        assert_eq!(
            (
                login(&file, "d.test", "x").as_str(),
                login(&file, "e.test", "x").as_str()
            ),
            ("none", "none")
        );
        for registry in ["f.test", "g.test"] {
            assert_eq!(
                login(&file, registry, "x"),
                format!(
                    "config.json: `auth` of `{registry}` is not valid: expected base64 of user, colon and password"
                )
            );
        }
    }

    #[test]
    fn a_registrys_own_helper_beats_the_store() {
        let file = file(r#"{"credHelpers": {"gcr.io": "gcloud", "none.test": ""}, "credsStore": "desktop"}"#);
        let helper = |registry: &str| {
            file.helper(registry)
                .map(|(helper, server)| format!("{helper} {server}"))
        };
        assert_eq!(helper("gcr.io").unwrap(), "gcloud gcr.io");
        assert_eq!(helper("docker.io").unwrap(), "desktop https://index.docker.io/v1/");
        assert_eq!(helper("quay.io").unwrap(), "desktop quay.io");
        assert_eq!(helper("none.test"), None);
    }

    #[test]
    fn a_broken_file_is_named_and_not_repeated() {
        let error = |text: &str| File::parse(text, Utf8Path::new("auth.json")).unwrap_err().to_string();
        assert_eq!(
            error("{\"auths\":\n {\"a.test\": \"hunter2\"}}"),
            "auth.json is not valid, at line 2, column 21: expected JSON with `auths`"
        );
        assert_eq!(
            error(""),
            "auth.json is not valid, at line 1, column 0: expected JSON with `auths`"
        );
        assert!(!format!("{:?}", file(r#"{"auths": {"a.test": {"password": "hunter2"}}}"#)).contains("hunter2"));
    }
}
