//! `registries.conf`, version 2: where repositories are read from (containers-registries.conf(5)).

use camino::{FromPathBufError, Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::Environment;
use crate::oci::Repository;
use crate::{fs, limits};

/// Where the system's files are.
const SYSTEM: &str = "/etc/containers";

/// What `registries.conf` says about registries: other locations, mirrors, and what is blocked.
///
/// `unqualified-search-registries` and short names are not applied: a reference means the same on every machine.
#[derive(Clone, Debug, Default)]
pub struct Mirrors {
    rules: Vec<Rule>,
}

/// A place that a repository is read from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// The host and port that are asked.
    pub(crate) host: String,
    /// The registry's name, by which credentials are found.
    pub(crate) name: String,
    /// The repository's path there.
    pub(crate) path: String,
    /// Whether it may be spoken to without TLS.
    pub(crate) insecure: bool,
}

/// Why a `registries.conf` is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorsError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] fs::Error),
    /// A value that makes no sense.
    #[error("{path}: {problem}")]
    Invalid {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Not TOML, or a field of the wrong type.
    #[error("{path} is no registries.conf")]
    Toml {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The old format.
    #[error("{path} is a registries.conf of version 1: expected version 2, with [[registry]] tables")]
    Version1 {
        /// The file.
        path: Utf8PathBuf,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Rule {
    prefix: Option<String>,
    location: Option<String>,
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    blocked: bool,
    #[serde(default)]
    mirror: Vec<Mirror>,
    #[serde(default)]
    mirror_by_digest_only: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Mirror {
    location: String,
    #[serde(default)]
    insecure: bool,
    pull_from_mirror: Option<Pull>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Pull {
    All,
    DigestOnly,
    TagOnly,
}

impl Mirrors {
    /// Reads all that applies to a user, as podman does (containers-registries.conf(5), containers-registries.conf.d(5)):
    /// the system's `registries.conf`, its `registries.conf.d`, then the user's `registries.conf.d`. The user's
    /// `registries.conf`, if there is one, stands in place of the first two.
    ///
    /// # Errors
    /// A file is there but cannot be read or is not of version 2: it may block what would be asked without it.
    pub fn discover(environment: &Environment) -> Result<Self, MirrorsError> {
        let user = environment.config_home().map(|config| config.join("containers"));
        Self::discover_in(user.as_deref(), Utf8Path::new(SYSTEM))
    }

    fn discover_in(user: Option<&Utf8Path>, system: &Utf8Path) -> Result<Self, MirrorsError> {
        let own = user.map(Self::main).transpose()?.flatten();
        let (mut all, folders) = match own {
            Some(own) => (own, [None, user]),
            None => (Self::main(system)?.unwrap_or_default(), [Some(system), user]),
        };
        for folder in folders.into_iter().flatten() {
            for path in drop_ins(&folder.join("registries.conf.d"))? {
                all = all.and(Self::read(&path)?);
            }
        }
        Ok(all)
    }

    fn main(folder: &Utf8Path) -> Result<Option<Self>, MirrorsError> {
        let path = folder.join("registries.conf");
        let text = fs::if_exists(fs::read_text(&path, limits::CREDENTIAL_FILE_BYTES))?;
        text.map(|text| Self::parse(&text, &path)).transpose()
    }

    /// Reads a `registries.conf`.
    ///
    /// # Errors
    /// The file cannot be read or is not of version 2.
    pub fn read(path: &Utf8Path) -> Result<Self, MirrorsError> {
        Self::parse(&fs::read_text(path, limits::CREDENTIAL_FILE_BYTES)?, path)
    }

    /// Parses a `registries.conf`; errors call it by `path`.
    ///
    /// # Errors
    /// The text is not TOML, or not of version 2.
    pub fn parse(text: &str, path: &Utf8Path) -> Result<Self, MirrorsError> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            registry: Vec<Rule>,
            // Version 1 had [registries.search], [registries.insecure] and [registries.block].
            registries: Option<serde::de::IgnoredAny>,
        }
        let toml = |source: toml::de::Error| MirrorsError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let file: File = toml::from_str(text).map_err(toml)?;
        if file.registries.is_some() {
            return Err(MirrorsError::Version1 { path: path.to_owned() });
        }
        let mut rules = file.registry;
        for rule in &mut rules {
            rule.complete().map_err(|problem| MirrorsError::Invalid {
                path: path.to_owned(),
                problem,
            })?;
        }
        Ok(Self { rules })
    }

    /// Adds the rules of a file that is read later (`registries.conf.d`): it replaces those of the same prefix.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.rules
            .retain(|rule| later.rules.iter().all(|other| other.prefix != rule.prefix));
        self.rules.extend(later.rules);
        self
    }

    /// The places of a repository, the best first; `None` if it is blocked.
    pub(crate) fn places(&self, repository: &Repository, by_digest: bool) -> Option<Vec<Place>> {
        let name = repository.to_string();
        let itself = || Place::new(repository.registry(), repository.path(), false);
        let best = self
            .rules
            .iter()
            .filter_map(|rule| Some((rule.matches(&name)?, rule)))
            .max_by_key(|(length, _)| *length);
        let Some((length, rule)) = best else {
            return Some(vec![itself()]);
        };
        if rule.blocked {
            return None;
        }
        let rest = name.get(length..).unwrap_or("");
        let at = |location: &str, insecure: bool| Place::parse(&format!("{location}{rest}"), insecure);
        let mut places: Vec<Place> = rule
            .mirror
            .iter()
            .filter(|mirror| mirror.serves(by_digest, rule.mirror_by_digest_only))
            .filter_map(|mirror| at(&mirror.location, mirror.insecure))
            .collect();
        let source = match rule.location.as_deref() {
            Some(location) => at(location, rule.insecure),
            None => None,
        };
        places.push(source.unwrap_or_else(|| Place {
            insecure: rule.insecure,
            ..itself()
        }));
        Some(places)
    }
}

/// The files of a folder that end in `.conf`, in order of their names; other files and folders do not count.
fn drop_ins(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, fs::Error> {
    let Some(entries) = fs::if_exists(fs_err::read_dir(folder).map_err(fs::Error::from))? else {
        return Ok(Vec::new());
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "conf") && !path.is_dir() {
            paths.push(Utf8PathBuf::try_from(path).map_err(FromPathBufError::into_io_error)?);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Rule {
    /// Fills in the prefix, and checks what the format asks for.
    fn complete(&mut self) -> Result<(), String> {
        let trim = |text: &mut Option<String>| {
            if let Some(text) = text {
                text.truncate(text.trim_end_matches('/').len());
            }
            text.take_if(|text| text.is_empty());
        };
        trim(&mut self.prefix);
        trim(&mut self.location);
        for Mirror { location, .. } in &mut self.mirror {
            location.truncate(location.trim_end_matches('/').len());
        }
        if self.prefix.is_none() {
            self.prefix.clone_from(&self.location);
        }
        let Some(prefix) = &self.prefix else {
            return Err("a [[registry]] has neither prefix nor location".to_owned());
        };
        let wildcard = prefix.starts_with("*.");
        let locations = self
            .mirror
            .iter()
            .map(|mirror| mirror.location.as_str())
            .chain(self.location.as_deref());
        for location in locations {
            if location.contains("://") {
                return Err(format!(
                    "location `{location}` has a scheme: expected a host and a path"
                ));
            }
        }
        if prefix.trim_start_matches("*.").contains('*') {
            return Err(format!("prefix `{prefix}` is not valid: `*.` stands only at the start"));
        }
        if wildcard && self.location.as_ref() == Some(prefix) {
            self.location = None;
        }
        Ok(())
    }

    /// How many bytes of a full name are this rule's, if it is one of its names.
    fn matches(&self, name: &str) -> Option<usize> {
        let prefix = self.prefix.as_deref()?;
        if let Some(suffix) = prefix.strip_prefix('*') {
            let end = name.find('/').unwrap_or(name.len());
            let host = name.get(..end)?;
            let bare = host.split(':').next().unwrap_or(host);
            return (bare.ends_with(suffix) && bare.len() > suffix.len()).then_some(bare.len());
        }
        let rest = name.strip_prefix(prefix)?;
        let whole = rest.is_empty() || rest.starts_with('/');
        whole.then_some(prefix.len())
    }
}

impl Mirror {
    fn serves(&self, by_digest: bool, digest_only: bool) -> bool {
        match self.pull_from_mirror {
            Some(Pull::DigestOnly) => by_digest,
            Some(Pull::TagOnly) => !by_digest,
            Some(Pull::All) => true,
            None => by_digest || !digest_only,
        }
    }
}

impl Place {
    fn new(registry: &str, path: &str, insecure: bool) -> Self {
        Self {
            host: registry.to_owned(),
            name: registry.to_owned(),
            path: path.to_owned(),
            insecure,
        }
    }

    fn parse(name: &str, insecure: bool) -> Option<Self> {
        let (host, path) = name.split_once('/')?;
        Some(Self::new(host, path.trim_matches('/'), insecure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(text: &str) -> Mirrors {
        Mirrors::parse(text, Utf8Path::new("registries.conf")).unwrap()
    }

    fn places(mirrors: &Mirrors, repository: &str, by_digest: bool) -> Option<Vec<String>> {
        let places = mirrors.places(&repository.parse().unwrap(), by_digest)?;
        let text = |place: Place| {
            let insecure = if place.insecure { " insecure" } else { "" };
            format!("{}/{}{insecure}", place.host, place.path)
        };
        Some(places.into_iter().map(text).collect())
    }

    #[test]
    fn the_longest_prefix_wins() {
        let mirrors = mirrors(
            r#"
            unqualified-search-registries = ["quay.io"]
            short-name-mode = "enforcing"
            [[registry]]
            location = "docker.io"
            [[registry.mirror]]
            location = "mirror.test/hub/"
            [[registry.mirror]]
            location = "tags.test"
            pull-from-mirror = "tag-only"
            insecure = true
            [[registry]]
            prefix = "docker.io/library"
            location = "official.test:5000/x"
            insecure = true
            [[registry]]
            prefix = "*.example.com"
            location = "all.test"
            [[registry]]
            prefix = "bad.example.com"
            blocked = true
            "#,
        );
        let places = |name, by_digest| places(&mirrors, name, by_digest).unwrap_or_default().join(", ");
        assert_eq!(places("nginx", false), "official.test:5000/x/nginx insecure");
        assert_eq!(
            places("bitnami/redis", false),
            "mirror.test/hub/bitnami/redis, tags.test/bitnami/redis insecure, docker.io/bitnami/redis"
        );
        assert_eq!(
            places("bitnami/redis", true),
            "mirror.test/hub/bitnami/redis, docker.io/bitnami/redis"
        );
        assert_eq!(places("docker.io.test/a", false), "docker.io.test/a");
        assert_eq!(places("a.b.example.com/x/y", false), "all.test/x/y");
        assert_eq!(places("example.com/x/y", false), "example.com/x/y");
        assert_eq!(places("bad.example.com/x", false), "");
    }

    #[test]
    fn mirrors_may_be_for_digests_only() {
        let mirrors = mirrors(
            "[[registry]]\nlocation = \"a.test\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"m.test\"\n",
        );
        assert_eq!(places(&mirrors, "a.test/x", false).unwrap(), ["a.test/x"]);
        assert_eq!(places(&mirrors, "a.test/x", true).unwrap(), ["m.test/x", "a.test/x"]);
    }

    #[test]
    fn later_files_replace_rules_of_the_same_prefix() {
        let first = mirrors("[[registry]]\nprefix = \"a.test\"\nlocation = \"b.test\"\n");
        let later = mirrors("[[registry]]\nprefix = \"a.test\"\nlocation = \"c.test\"\n");
        assert_eq!(places(&first.and(later), "a.test/x", false).unwrap(), ["c.test/x"]);
    }

    /// Writes files with one rule each, and says where a repository of every rule is then read from.
    fn discovered(files: &[(&str, &str, &str)]) -> Vec<String> {
        let keep = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(keep.path().to_owned()).unwrap();
        for (file, prefix, location) in files {
            let path = folder.join(file);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            let text = format!("[[registry]]\nprefix = \"{prefix}\"\nlocation = \"{location}\"\n");
            fs::write_atomic(&path, None, text.as_bytes()).unwrap();
        }
        let mirrors = Mirrors::discover_in(Some(&folder.join("user")), &folder.join("system")).unwrap();
        ["a.test/x", "b.test/x", "c.test/x"]
            .iter()
            .flat_map(|name| places(&mirrors, name, false).unwrap())
            .collect()
    }

    #[test]
    fn files_are_found_as_podman_finds_them() {
        let system = [
            ("system/registries.conf", "a.test", "system.test"),
            ("system/registries.conf.d/1.conf", "b.test", "first.test"),
            ("system/registries.conf.d/2.conf", "b.test", "second.test"),
            ("system/registries.conf.d/2.conf.bak", "b.test", "backup.test"),
            ("system/registries.conf.d/3.conf/4.conf", "b.test", "folder.test"),
        ];
        assert_eq!(discovered(&[]), ["a.test/x", "b.test/x", "c.test/x"]);
        assert_eq!(discovered(&system), ["system.test/x", "second.test/x", "c.test/x"]);
        let mut files = system.to_vec();
        files.push(("user/registries.conf.d/0.conf", "b.test", "mine.test"));
        assert_eq!(discovered(&files), ["system.test/x", "mine.test/x", "c.test/x"]);
        files.push(("user/registries.conf", "c.test", "own.test"));
        assert_eq!(discovered(&files), ["a.test/x", "mine.test/x", "own.test/x"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_there_and_cannot_be_read_is_an_error_that_names_it() {
        for name in [
            "user/registries.conf",
            "user/registries.conf.d",
            "system/registries.conf",
            "system/registries.conf.d",
            "system/registries.conf.d/1.conf",
        ] {
            let keep = tempfile::tempdir().unwrap();
            let folder = Utf8PathBuf::try_from(keep.path().to_owned()).unwrap();
            let path = folder.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(&path, &path).unwrap();
            let error = Mirrors::discover_in(Some(&folder.join("user")), &folder.join("system")).unwrap_err();
            assert!(error.to_string().contains(path.as_str()), "{error}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| Mirrors::parse(text, Utf8Path::new("r.conf")).unwrap_err().to_string();
        assert_eq!(
            error("[registries.search]\nregistries = []\n"),
            "r.conf is a registries.conf of version 1: expected version 2, with [[registry]] tables"
        );
        assert_eq!(error("[["), "r.conf is no registries.conf");
        assert_eq!(error("[[registry]]\nblocked = 1\n"), "r.conf is no registries.conf");
        assert_eq!(
            error("[[registry]]\nblocked = true\n"),
            "r.conf: a [[registry]] has neither prefix nor location"
        );
        assert_eq!(
            error("[[registry]]\nlocation = \"https://a.test\"\n"),
            "r.conf: location `https://a.test` has a scheme: expected a host and a path"
        );
        assert_eq!(
            error("[[registry]]\nprefix = \"a.*.test\"\n"),
            "r.conf: prefix `a.*.test` is not valid: `*.` stands only at the start"
        );
    }
}
