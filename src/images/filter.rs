//! Which of the images found a run is about, and which findings a team has accepted.

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;

use super::site::{Site, SkipReason};
use crate::oci::Reference;
use crate::policy::{Accepted, DigestRule, Pattern, Policy};

/// What the images of a run are wanted for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To have a digest: comments and rules that let an image float take it out.
    Pin,
    /// To be proven: an image that may float runs as well as any other.
    Prove,
}

/// The finding that a reference has no digest, as `kship.yaml` accepts it.
const UNPINNED: &str = "unpinned";

/// What decides whether an image counts.
#[derive(Debug)]
pub struct Filter<'a> {
    /// What it is to count for.
    pub purpose: Purpose,
    /// `--include`: if there are any, only these.
    pub include: Vec<Pattern>,
    /// `--exclude`: not these.
    pub exclude: Vec<Pattern>,
    /// `kship.yaml`.
    pub policy: &'a Policy,
    /// The working directory, to which the paths of files are relative.
    pub here: Utf8PathBuf,
    /// The folder of `kship.yaml`, to which its paths are relative.
    pub root: Utf8PathBuf,
    /// The day of the run.
    pub today: Date,
}

impl Filter<'_> {
    /// Says why an image is left alone, if it is; `mark` is the reason of a comment beside it.
    #[must_use]
    pub fn skip(&self, path: &Utf8Path, site: &Site, mark: Option<&String>) -> Option<SkipReason> {
        let pins = self.purpose == Purpose::Pin;
        if let Some(reason) = mark.filter(|_| pins) {
            return Some(SkipReason::Ignored { reason: reason.clone() });
        }
        let unpinned = pins && site.reference.digest().is_none();
        if unpinned && let Some(reason) = self.accepted(UNPINNED, path, &site.reference.tagged()) {
            return Some(SkipReason::Ignored { reason });
        }
        let hits = |patterns: &[Pattern]| patterns.iter().any(|pattern| matches(pattern, &site.reference));
        let excluded = hits(&self.exclude) || !(self.include.is_empty() || hits(&self.include));
        let floats = unpinned && self.policy.digest_rule(&site.reference.tagged()) == DigestRule::Optional;
        (excluded || floats).then_some(SkipReason::Excluded)
    }

    /// The reason for which `kship.yaml` accepts a finding, if it does.
    #[must_use]
    pub fn accepted(&self, rule: &str, path: &Utf8Path, image: &str) -> Option<String> {
        let accepted = Accepted {
            policy: self.policy,
            here: &self.here,
            root: &self.root,
            today: self.today,
        };
        accepted.reason(rule, path, image).map(str::to_owned)
    }
}

/// A reference matches as it is written and as it is in full, with and without its tag.
fn matches(pattern: &Pattern, reference: &Reference) -> bool {
    let written = reference.as_written().split('@').next().unwrap_or("");
    pattern.matches(written) || pattern.matches(&reference.tagged())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::site::Found;

    fn filter<'a>(policy: &'a Policy, include: &[&str], exclude: &[&str]) -> Filter<'a> {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::new(text).unwrap()).collect();
        Filter {
            purpose: Purpose::Pin,
            include: patterns(include),
            exclude: patterns(exclude),
            policy,
            here: "/top".into(),
            root: "/top".into(),
            today: "2026-11-22".parse().unwrap(),
        }
    }

    fn skip(filter: &Filter<'_>, text: &str, image: &str) -> Option<String> {
        let at = text.find(image).unwrap();
        let mut found = Found::default();
        found.push_text("image", image, image, at..at + image.len());
        filter
            .skip(Utf8Path::new("dev/a.yaml"), &found.sites[0], None)
            .map(|skip| skip.describe().into_owned())
    }

    #[test]
    fn paths_of_the_policy_are_those_below_its_folder() {
        let policy = crate::policy::parse("ignore: [{rule: unpinned, path: 'dev/**', reason: local}]").unwrap();
        let below = Filter {
            here: "/top/sub".into(),
            ..filter(&policy, &[], &[])
        };
        let accepted = |path: &str| below.accepted("unpinned", Utf8Path::new(path), "a:1").is_some();
        assert!(accepted("../dev/a.yaml") && accepted("/top/dev/a.yaml"));
        assert!(!accepted("dev/a.yaml") && !accepted("../../dev/a.yaml"));
    }

    #[test]
    fn patterns_and_policy_decide() {
        let policy = crate::policy::parse(
            "images: [{match: 'quay.io/**', digest: optional}]\nignore: [{rule: unpinned, path: 'dev/**', match: 'docker.io/library/redis', reason: local}]\n",
        )
        .unwrap();
        let with = |include: &[&str], exclude: &[&str], image: &str| {
            skip(&filter(&policy, include, exclude), &format!("image: {image}\n"), image)
        };
        assert_eq!(with(&[], &[], "nginx:1"), None);
        assert_eq!(with(&[], &["nginx"], "nginx:1").unwrap(), "excluded");
        assert_eq!(with(&[], &["docker.io/library/*"], "nginx:1").unwrap(), "excluded");
        assert_eq!(with(&["ghcr.io/**"], &[], "nginx:1").unwrap(), "excluded");
        assert_eq!(with(&["nginx:*"], &[], "nginx:1"), None);
        assert_eq!(with(&[], &[], "quay.io/a/b:1").unwrap(), "excluded");
        assert_eq!(with(&[], &[], "redis:7").unwrap(), "ignored: local");

        let prove = Filter {
            purpose: Purpose::Prove,
            ..filter(&policy, &[], &["nginx"])
        };
        for (image, expected) in [
            ("quay.io/a/b:1", None),
            ("redis:7", None),
            ("nginx:1", Some("excluded")),
        ] {
            assert_eq!(skip(&prove, &format!("image: {image}\n"), image).as_deref(), expected);
        }
    }
}
