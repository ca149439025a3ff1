//! `kship.yaml`: what a team agrees on once, for every verb.
//!
//! The file stands at the root of a tree. Flags win over it; a field that kship does not know is an error, so that a
//! misspelt rule never weakens a check in silence. Fields of a verb arrive with that verb.

mod accepted;
mod load;
mod mark;

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer};

pub use accepted::Accepted;
pub use load::{Error, FILE_NAME, parse};
pub use mark::{NO_REASON, mark};

/// The content of `kship.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    #[serde(rename = "apiVersion")]
    _api_version: Option<ApiVersion>,
    #[serde(rename = "kind")]
    _kind: Option<Kind>,
    /// Which images must have a digest; the most specific match wins.
    #[serde(default)]
    pub images: Vec<ImageRule>,
    /// Where images are looked up.
    #[serde(default)]
    pub registries: Registries,
    /// Findings that are accepted, each with a reason.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
    /// Defaults of `kship pin`.
    #[serde(default)]
    pub pin: PinSettings,
}

#[derive(Clone, Debug, Deserialize)]
enum ApiVersion {
    #[serde(rename = "kship.dev/v1alpha1")]
    V1Alpha1,
}

#[derive(Clone, Debug, Deserialize)]
enum Kind {
    TrustPolicy,
}

/// What holds for the images that match.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageRule {
    /// Canonical references: `registry.example.com/**`, `docker.io/library/*`.
    #[serde(rename = "match")]
    pub pattern: Pattern,
    /// Whether they must be pinned.
    #[serde(default)]
    pub digest: DigestRule,
}

/// Whether an image must be pinned.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum DigestRule {
    /// It must.
    #[default]
    Require,
    /// It may float: it is neither pinned nor reported.
    Optional,
}

/// Where images are looked up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registries {
    /// From a registry or repository prefix as written in files to where it is looked up.
    #[serde(default)]
    pub mirrors: BTreeMap<String, String>,
}

/// An accepted finding.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ignore {
    /// The finding's code: `unpinned`.
    pub rule: String,
    /// Files, relative to `kship.yaml`; absent: all.
    pub path: Option<Pattern>,
    /// Canonical references of images, `namespace/name` of Secrets; absent: all.
    #[serde(rename = "match")]
    pub image: Option<Pattern>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is accepted.
    pub until: Option<jiff::civil::Date>,
}

impl Ignore {
    /// Says whether this entry accepts a finding today.
    #[must_use]
    pub fn accepts(&self, rule: &str, path: &str, image: &str, today: jiff::civil::Date) -> bool {
        self.rule == rule
            && self.path.as_ref().is_none_or(|pattern| pattern.matches(path))
            && self.image.as_ref().is_none_or(|pattern| pattern.matches(image))
            && self.until.is_none_or(|until| today <= until)
    }
}

/// Defaults of `kship pin`; each is the flag of the same name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinSettings {
    /// `--args`.
    #[serde(default)]
    pub args: bool,
    /// `--embedded`.
    #[serde(default)]
    pub embedded: bool,
    /// `--env`.
    #[serde(default)]
    pub env: bool,
    /// `--exclude`.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// `--helm-tag-digest`.
    #[serde(default)]
    pub helm_tag_digest: bool,
    /// `--include`.
    #[serde(default)]
    pub include: Vec<String>,
    /// `--lock`, relative to `kship.yaml`.
    pub lock: Option<String>,
    /// `--platform`.
    pub platform: Option<String>,
    /// `--rule`.
    #[serde(default)]
    pub rules: Vec<String>,
    /// `--style`.
    pub style: Option<String>,
}

impl Policy {
    /// Says whether the image with this canonical reference must be pinned.
    ///
    /// Of the rules that match, the one with the longest pattern decides; an image without a rule must be pinned.
    #[must_use]
    pub fn digest_rule(&self, image: &str) -> DigestRule {
        self.images
            .iter()
            .filter(|rule| rule.pattern.matches(image))
            .max_by_key(|rule| rule.pattern.text.len())
            .map_or(DigestRule::Require, |rule| rule.digest)
    }
}

/// A glob over references or paths: `*` stays within a component, `**` crosses them.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    /// Compiles a glob.
    ///
    /// # Errors
    /// The glob is malformed.
    pub fn new(text: &str) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .build()?
            .compile_matcher();
        Ok(Self {
            text: text.to_owned(),
            glob,
        })
    }

    /// Says whether a reference or path matches; a reference also matches without its tag.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.glob.is_match(text)
            || text
                .rsplit_once(':')
                .is_some_and(|(name, tag)| !tag.contains('/') && self.glob.is_match(name))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_match_decides() {
        let policy = parse(
            "images:\n- {match: 'registry.example.com/**'}\n- {match: 'registry.example.com/dev/**', digest: optional}\n",
        )
        .unwrap();
        assert_eq!(policy.digest_rule("registry.example.com/dev/a:1"), DigestRule::Optional);
        assert_eq!(policy.digest_rule("registry.example.com/a:1"), DigestRule::Require);
        assert_eq!(policy.digest_rule("docker.io/library/nginx:1"), DigestRule::Require);
    }

    #[test]
    fn an_accepted_finding_ends_after_its_last_day() {
        let policy = parse("ignore: [{rule: unpinned, path: 'dev/**', reason: kind, until: '2027-03-01'}]").unwrap();
        let accepts = |rule, path, day: &str| policy.ignore[0].accepts(rule, path, "a:1", day.parse().unwrap());
        assert!(accepts("unpinned", "dev/a/b.yaml", "2027-03-01"));
        assert!(!accepts("unpinned", "dev/a/b.yaml", "2027-03-02"));
        assert!(!accepts("drifted", "dev/a/b.yaml", "2027-03-01"));
        assert!(!accepts("unpinned", "prod/b.yaml", "2027-03-01"));
    }

    #[test]
    fn patterns_match_with_and_without_a_tag() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().matches(text);
        assert!(matches("docker.io/library/*", "docker.io/library/nginx:1.25"));
        assert!(matches("docker.io/library/nginx", "docker.io/library/nginx:1.25"));
        assert!(matches("localhost:5000/**", "localhost:5000/a/b"));
        assert!(!matches("docker.io/*", "docker.io/library/nginx"));
        assert!(!matches("localhost", "localhost:5000/a"));
    }
}
