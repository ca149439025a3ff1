//! A Secret from single values, as `kubectl create secret generic` makes one.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::k8s::{Metadata, NameError, Secret, check_data_key};
use crate::limits;

/// What keeps a Secret from coming into being; no message holds a value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// A key twice.
    #[error("the key `{key}` is given twice")]
    Duplicate {
        /// Which one.
        key: String,
    },
    /// A name in an env file that no variable has.
    #[error("line {line} does not begin with the name of a variable: expected NAME=VALUE, NAME or a comment")]
    EnvName {
        /// The line, from one.
        line: usize,
    },
    /// Bytes that are no text.
    #[error("line {line} is not UTF-8")]
    EnvText {
        /// The line, from one.
        line: usize,
    },
    /// A value that its type wants in JSON.
    #[error("the type {kind} needs JSON in `{key}`")]
    Json {
        /// The type.
        kind: String,
        /// The key.
        key: &'static str,
    },
    /// A key that Kubernetes would refuse.
    #[error(transparent)]
    Key(#[from] NameError),
    /// `--from-literal` without a key or a `=`.
    #[error("a literal is KEY=VALUE, with a key before the first `=`")]
    Literal,
    /// A file source with too many parts, or with an empty one.
    #[error("`{source_text}` is not a source: expected FILE or KEY=FILE, with neither part empty and no other `=`")]
    Source {
        /// What was given.
        source_text: String,
    },
    /// More than the API server takes.
    #[error("the values have {bytes} bytes together: Kubernetes takes {}", limits::SECRET_BYTES)]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// A key that the type needs.
    #[error("the type {kind} needs {needed}")]
    Type {
        /// The type.
        kind: String,
        /// What is missing.
        needed: &'static str,
    },
}

/// Values that become a Secret.
#[derive(Default)]
pub struct Creation {
    data: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Creation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.data.keys()).finish()
    }
}

impl Creation {
    /// Adds a value.
    ///
    /// # Errors
    /// Kubernetes would refuse the key, or it is there already.
    pub fn add(&mut self, key: &str, value: Zeroizing<Vec<u8>>) -> Result<(), CreateError> {
        check_data_key(key)?;
        if self.data.contains_key(key) {
            return Err(CreateError::Duplicate { key: key.to_owned() });
        }
        self.data.insert(key.to_owned(), value);
        Ok(())
    }

    /// Adds a `KEY=VALUE`, taken literally.
    ///
    /// # Errors
    /// There is no key, or as [`Self::add`].
    pub fn add_literal(&mut self, text: &str) -> Result<(), CreateError> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => self.add(key, Zeroizing::new(value.as_bytes().to_vec())),
            _ => Err(CreateError::Literal),
        }
    }

    /// Adds the lines of an env file: `NAME=VALUE` as it stands, without quotes, escapes or `export`; a `NAME` alone is looked
    /// up in the `environment`, and empty if it is not there. Empty lines and those that begin with `#` count for nothing.
    ///
    /// # Errors
    /// A line is no text or has no name, or as [`Self::add`].
    pub fn add_env_file(
        &mut self,
        bytes: &[u8],
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<(), CreateError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let text = std::str::from_utf8(line).map_err(|_| CreateError::EnvText { line: at + 1 })?;
            let text = text.trim_start();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.as_bytes().to_vec())),
                None => (text, None),
            };
            if !is_variable(name) {
                return Err(CreateError::EnvName { line: at + 1 });
            }
            let value = value.unwrap_or_else(|| environment(name).unwrap_or_default().into_bytes());
            self.add(name, Zeroizing::new(value))?;
        }
        Ok(())
    }

    /// Makes the Secret; `kind` is its `type`, empty for none.
    ///
    /// # Errors
    /// It is too large, or lacks what the API server demands of its type.
    pub fn finish(self, kind: String) -> Result<Secret, CreateError> {
        let bytes = self.data.values().map(|value| value.len()).sum();
        if bytes > limits::SECRET_BYTES {
            return Err(CreateError::TooLarge { bytes });
        }
        self.check_type(&kind)?;
        Ok(Secret {
            metadata: Metadata::default(),
            kind,
            data: self.data,
            ..Secret::default()
        })
    }

    /// Kubernetes' `ValidateSecret` (`pkg/apis/core/validation`).
    fn check_type(&self, kind: &str) -> Result<(), CreateError> {
        let value = |key: &str| self.data.get(key);
        let needs = |holds: bool, needed| {
            let kind = kind.to_owned();
            if holds {
                Ok(())
            } else {
                Err(CreateError::Type { kind, needed })
            }
        };
        let json = |key: &'static str| {
            let is_json =
                value(key).is_some_and(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok());
            let kind = kind.to_owned();
            if is_json {
                Ok(())
            } else {
                Err(CreateError::Json { kind, key })
            }
        };
        match kind {
            "kubernetes.io/basic-auth" => needs(
                value("username").is_some() || value("password").is_some(),
                "the key `username` or `password`",
            ),
            "kubernetes.io/dockercfg" => json(".dockercfg"),
            "kubernetes.io/dockerconfigjson" => json(".dockerconfigjson"),
            "kubernetes.io/service-account-token" => needs(
                false,
                "the annotation `kubernetes.io/service-account.name`: seal a manifest that has it",
            ),
            "kubernetes.io/ssh-auth" => needs(
                value("ssh-privatekey").is_some_and(|value| !value.is_empty()),
                "the key `ssh-privatekey`",
            ),
            "kubernetes.io/tls" => needs(
                value("tls.crt").is_some() && value("tls.key").is_some(),
                "the keys `tls.crt` and `tls.key`",
            ),
            _ => Ok(()),
        }
    }
}

/// The key, if there is one, and the path of `[KEY=]FILE`.
///
/// # Errors
/// A part is empty, or there is more than one `=`.
pub fn file_source(text: &str) -> Result<(Option<&str>, &str), CreateError> {
    let parts: Vec<&str> = text.split('=').collect();
    match parts.as_slice() {
        [path] if !path.is_empty() => Ok((None, path)),
        [key, path] if !key.is_empty() && !path.is_empty() => Ok((Some(key), path)),
        _ => Err(CreateError::Source {
            source_text: text.to_owned(),
        }),
    }
}

/// Kubernetes' `IsEnvVarName`.
fn is_variable(name: &str) -> bool {
    let takes = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty()
        && name.bytes().all(takes)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name != "."
        && !name.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env_file(text: &[u8]) -> Result<Vec<(String, String)>, String> {
        let mut creation = Creation::default();
        let environment = |name: &str| (name == "FROM_ENV").then(|| "there".to_owned());
        creation
            .add_env_file(text, environment)
            .map_err(|error| error.to_string())?;
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        Ok(creation
            .data
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect())
    }

    #[test]
    fn env_files_are_read_as_kubectl_reads_them() {
        let text = b"\xef\xbb\xbfA=1\r\n\n  # c\n  B = no \n";
        assert_eq!(
            env_file(text).unwrap_err(),
            "line 4 does not begin with the name of a variable: expected NAME=VALUE, NAME or a comment"
        );
        let text = b"\xef\xbb\xbfA=1\r\n\n  # c\n\t B=\"x=y\" # no comment \nFROM_ENV\nNOWHERE\nEMPTY=\nlast.one-x=a\r";
        let expected = [
            ("A", "1"),
            ("B", "\"x=y\" # no comment "),
            ("EMPTY", ""),
            ("FROM_ENV", "there"),
            ("NOWHERE", ""),
            ("last.one-x", "a"),
        ];
        assert_eq!(
            env_file(text).unwrap(),
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        for text in ["export A=hunter2", "=hunter2", "1A=hunter2", "..A=hunter2", "é=hunter2"] {
            let error = env_file(text.as_bytes()).unwrap_err();
            assert!(error.starts_with("line 1 ") && !error.contains("hunter2"), "{error}");
        }
        assert_eq!(env_file(b"A=1\nB=\xff").unwrap_err(), "line 2 is not UTF-8");
        assert_eq!(env_file(b"A=1\nA=2").unwrap_err(), "the key `A` is given twice");
    }

    #[test]
    fn sources_and_literals_have_their_parts() {
        assert_eq!(file_source("a/b"), Ok((None, "a/b")));
        assert_eq!(file_source("k=a/b"), Ok((Some("k"), "a/b")));
        for text in ["", "=a", "k=", "k=a=b"] {
            assert!(file_source(text).is_err(), "{text}");
        }
        let mut creation = Creation::default();
        creation.add_literal("a=b=c").unwrap();
        creation.add_literal("e=").unwrap();
        assert_eq!(**creation.data.get("a").unwrap(), *b"b=c");
        for text in ["hunter2", "=hunter2", "", "a/b=hunter2", "a=hunter2"] {
            let error = creation.add_literal(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn types_are_held_to_what_the_api_server_demands() {
        let make = |kind: &str, values: &[&str]| {
            let mut creation = Creation::default();
            values.iter().for_each(|value| creation.add_literal(value).unwrap());
            creation
                .finish(kind.to_owned())
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        for (kind, values) in [
            ("", ["a=b"].as_slice()),
            ("example.com/mine", &[]),
            ("kubernetes.io/tls", &["tls.crt=", "tls.key="]),
            ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson={}"]),
            ("kubernetes.io/dockercfg", &[".dockercfg={}"]),
            ("kubernetes.io/basic-auth", &["password=x"]),
            ("kubernetes.io/ssh-auth", &["ssh-privatekey=x"]),
        ] {
            assert_eq!(make(kind, values), Ok(()), "{kind}");
        }
        for (kind, values, message) in [
            (
                "kubernetes.io/tls",
                ["tls.crt=x"].as_slice(),
                "the keys `tls.crt` and `tls.key`",
            ),
            (
                "kubernetes.io/dockerconfigjson",
                &[".dockerconfigjson={"],
                "JSON in `.dockerconfigjson`",
            ),
            ("kubernetes.io/dockercfg", &["a={}"], "JSON in `.dockercfg`"),
            (
                "kubernetes.io/basic-auth",
                &["user=x"],
                "the key `username` or `password`",
            ),
            (
                "kubernetes.io/ssh-auth",
                &["ssh-privatekey="],
                "the key `ssh-privatekey`",
            ),
            ("kubernetes.io/service-account-token", &["token=x"], "the annotation"),
        ] {
            let error = make(kind, values).unwrap_err();
            assert!(
                error.starts_with(&format!("the type {kind} needs {message}")),
                "{error}"
            );
        }
        let mut large = Creation::default();
        large
            .add("a", Zeroizing::new(vec![0; limits::SECRET_BYTES + 1]))
            .unwrap();
        assert!(large.finish(String::new()).is_err());
    }
}
