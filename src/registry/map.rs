//! Where names are looked up when that is not where they say: `--registry-map docker.io=mirror.example.com/hub`.

use crate::oci::{ReferenceError, Repository};

/// Prefixes of names and what stands in their place for lookups; the name in the file never changes.
#[derive(Clone, Debug, Default)]
pub struct RegistryMap {
    entries: Vec<(String, String)>,
}

/// Matches every registry; the host is replaced and the path kept.
const ANY: &str = "*";

impl RegistryMap {
    /// Adds an entry; one for the same prefix that is there already wins.
    ///
    /// # Errors
    /// A side is empty, or has a tag, a digest or a scheme.
    pub fn add(&mut self, from: &str, to: &str) -> Result<(), Error> {
        let valid =
            |side: &str| !side.is_empty() && !side.contains("://") && !side.contains('@') && !side.ends_with('/');
        if !(from == ANY || valid(from)) || !valid(to) {
            return Err(Error::Malformed {
                text: format!("{from}={to}"),
            });
        }
        let from = if from == "index.docker.io" { "docker.io" } else { from };
        if self.entries.iter().all(|(have, _)| have != from) {
            self.entries.push((from.to_owned(), to.to_owned()));
        }
        Ok(())
    }

    /// Adds an entry from the text of a flag, `from=to`.
    ///
    /// # Errors
    /// There is no `=`, or as [`RegistryMap::add`].
    pub fn add_text(&mut self, text: &str) -> Result<(), Error> {
        let (from, to) = text
            .split_once('=')
            .ok_or_else(|| Error::Malformed { text: text.to_owned() })?;
        self.add(from, to)
    }

    /// The repository to ask for one that a file names: the longest prefix that ends at a `/` decides.
    ///
    /// # Errors
    /// The mapped name is no repository.
    pub fn target(&self, repository: &Repository) -> Result<Repository, Error> {
        let name = repository.to_string();
        let tail = |from: &str| match from {
            ANY => Some(format!("/{}", repository.path())),
            _ => name
                .strip_prefix(from)
                .filter(|tail| tail.is_empty() || tail.starts_with('/'))
                .map(str::to_owned),
        };
        let best = self
            .entries
            .iter()
            .filter_map(|(from, to)| tail(from).map(|tail| (from.len(), to, tail)))
            .max_by_key(|(len, ..)| *len);
        match best {
            None => Ok(repository.clone()),
            Some((_, to, tail)) => {
                let mapped = format!("{to}{tail}");
                mapped
                    .parse()
                    .map_err(|source| Error::NotARepository { name, mapped, source })
            }
        }
    }
}

/// What is wrong with a mapping.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not of the form `from=to`.
    #[error("`{text}` is not a registry mapping: expected `from=to`, such as docker.io=mirror.example.com/hub")]
    Malformed {
        /// The text.
        text: String,
    },
    /// What comes out is no repository.
    #[error("`{name}` is mapped to `{mapped}`, which is not a repository")]
    NotARepository {
        /// The name in the file.
        name: String,
        /// What the mapping makes of it.
        mapped: String,
        /// Why.
        source: ReferenceError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides() {
        let mut map = RegistryMap::default();
        for entry in [
            "docker.io=mirror.example.com/hub",
            "docker.io/library=other.example.com/official",
            "*=127.0.0.1:5000",
            "docker.io=late.example.com",
        ] {
            map.add_text(entry).unwrap();
        }
        let target = |name: &str| map.target(&name.parse().unwrap()).unwrap().to_string();
        assert_eq!(target("bitnami/redis"), "mirror.example.com/hub/bitnami/redis");
        assert_eq!(target("nginx"), "other.example.com/official/nginx");
        assert_eq!(target("quay.io/a/b"), "127.0.0.1:5000/a/b");
        assert_eq!(
            RegistryMap::default()
                .target(&"nginx".parse().unwrap())
                .unwrap()
                .to_string(),
            "docker.io/library/nginx"
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| RegistryMap::default().add_text(text).unwrap_err().to_string();
        assert_eq!(
            error("docker.io"),
            "`docker.io` is not a registry mapping: expected `from=to`, such as docker.io=mirror.example.com/hub"
        );
        assert!(error("docker.io=https://x").starts_with("`docker.io=https://x` is not"));
        let mut map = RegistryMap::default();
        map.add_text("docker.io=Bad Host").unwrap();
        let error = map.target(&"nginx".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`docker.io/library/nginx` is mapped to `Bad Host/library/nginx`, which is not a repository"
        );
    }
}
