//! Which of the images found a run is about, and which findings a team has accepted.

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;

use super::rules::UNPINNED;
use super::site::{Site, SkipReason};
use crate::oci::Reference;
use crate::policy::{DigestRule, Pattern, Policy};
use crate::report::relative_path;
use crate::text::LineIndex;

/// The marks in comments that keep a line from being pinned; what follows the first two is the reason.
const MARKS: [&str; 3] = ["kship:ignore=", "kship:ignore", "ratchet:exclude"];

/// What decides whether an image counts.
#[derive(Debug)]
pub struct Filter<'a> {
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
    /// Says why an image is left alone, if it is.
    #[must_use]
    pub fn skip(&self, path: &Utf8Path, text: &str, lines: &LineIndex, site: &Site) -> Option<SkipReason> {
        if let Some(reason) = mark(text, lines, site) {
            return Some(SkipReason::Ignored { reason });
        }
        if site.reference.digest().is_none()
            && let Some(reason) = self.accepted(UNPINNED.code, path, &site.reference)
        {
            return Some(SkipReason::Ignored { reason });
        }
        let hits = |patterns: &[Pattern]| patterns.iter().any(|pattern| matches(pattern, &site.reference));
        let excluded = hits(&self.exclude) || !(self.include.is_empty() || hits(&self.include));
        let optional = self.policy.digest_rule(&site.reference.tagged()) == DigestRule::Optional;
        (excluded || optional).then_some(SkipReason::Excluded)
    }

    /// The reason for which `kship.yaml` accepts a finding, if it does.
    #[must_use]
    pub fn accepted(&self, rule: &str, path: &Utf8Path, reference: &Reference) -> Option<String> {
        let path = relative_path(&self.here.join(path), &self.root);
        let entry = self
            .policy
            .ignore
            .iter()
            .find(|entry| entry.accepts(rule, path.as_str(), &reference.tagged(), self.today))?;
        Some(entry.reason.clone())
    }
}

/// A reference matches as it is written and as it is in full, with and without its tag.
fn matches(pattern: &Pattern, reference: &Reference) -> bool {
    let written = reference.as_written().split('@').next().unwrap_or("");
    pattern.matches(written) || pattern.matches(&reference.tagged())
}

/// The reason in an ignore mark: in a comment on the lines of the site, or alone on the line above.
fn mark(text: &str, lines: &LineIndex, site: &Site) -> Option<String> {
    let (first, last) = (lines.line_of(site.span.start), lines.line_of(site.span.end));
    let line = |number: usize| text.get(lines.line_range(text, number)).unwrap_or("");
    let above = first
        .checked_sub(1)
        .map(line)
        .filter(|line| line.trim_start().starts_with('#'));
    let after = |line: usize| {
        let from = if line == last {
            site.span.end
        } else {
            lines.line_range(text, line).start
        };
        text.get(from..lines.line_range(text, line).end).unwrap_or("")
    };
    above.into_iter().chain((first..=last).map(after)).find_map(reason_in)
}

fn reason_in(text: &str) -> Option<String> {
    let (_, comment) = text.split_once('#')?;
    let (mark, at) = MARKS.iter().find_map(|mark| comment.find(mark).map(|at| (mark, at)))?;
    let reason = comment.get(at + mark.len()..).unwrap_or("").trim();
    let given = mark.ends_with('=') && !reason.is_empty();
    Some(if given {
        reason.to_owned()
    } else {
        "no reason given".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pin::site::Found;

    fn filter<'a>(policy: &'a Policy, include: &[&str], exclude: &[&str]) -> Filter<'a> {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::new(text).unwrap()).collect();
        Filter {
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
            .skip(
                Utf8Path::new("dev/a.yaml"),
                text,
                &LineIndex::new(text),
                &found.sites[0],
            )
            .map(|skip| skip.describe().into_owned())
    }

    #[test]
    fn marks_count_on_the_line_and_alone_above_it() {
        let policy = Policy::default();
        let skip = |text: &str| skip(&filter(&policy, &[], &[]), text, "nginx:1");
        assert_eq!(
            skip("image: nginx:1 # kship:ignore=kind loads it\n").unwrap(),
            "ignored: kind loads it"
        );
        assert_eq!(
            skip("{image: nginx:1, name: x} # kship:ignore\n").unwrap(),
            "ignored: no reason given"
        );
        assert_eq!(
            skip("# ratchet:exclude\nFROM nginx:1\n").unwrap(),
            "ignored: no reason given"
        );
        assert_eq!(skip("a: b # kship:ignore=other line\nimage: nginx:1\n"), None);
        assert_eq!(skip("image: nginx:1\n# kship:ignore=below\n"), None);
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
    }
}
