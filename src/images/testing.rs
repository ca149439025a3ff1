//! What the tests of all formats share: a digest, the text after pinning, and the promise that pinning can be undone.

use super::formats::{Format, find_in};
use super::options::Options;
use super::site::{Found, Site, Skip, Slot, Style};
use crate::oci::Digest;
use crate::text::{Edit, apply};

/// The digest that every test writes.
pub(crate) const D: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What became of a text.
#[derive(Debug)]
pub(crate) struct Tried {
    /// With every site pinned; the digest is spelled `D`.
    pub(crate) pinned: String,
    /// With every digest taken away.
    pub(crate) unpinned: String,
    /// Sites as `field: reference`.
    pub(crate) sites: Vec<String>,
    /// Skips as `field: text: reason`, and sites that cannot be written as `field: why`.
    pub(crate) reasons: Vec<String>,
}

/// Pins a text, and checks that pinning twice is pinning once, and that unpinning restores what had no digest before.
pub(crate) fn try_format(format: Format, text: &str, options: &Options) -> Tried {
    let find = |text: &str| find_in(format, text, options).unwrap();
    let found = find(text);
    check_reversible(text, &found, find);
    let fixed = |site: &Site| match &site.slot {
        Slot::Fixed(why) => Some(format!("{}: {why}", site.field)),
        Slot::Writable { .. } => None,
    };
    let mut reasons = skips(&found);
    reasons.extend(found.sites.iter().filter_map(fixed));
    Tried {
        pinned: pinned(text, &found),
        unpinned: unpin_text(text, &found),
        sites: found
            .sites
            .iter()
            .map(|site| format!("{}: {}", site.field, site.reference))
            .collect(),
        reasons,
    }
}

/// Text with every site pinned, in which the digest is spelled `D`.
pub(crate) fn pinned(text: &str, found: &Found) -> String {
    pin_text(text, found).replace(D, "D")
}

/// Skips as `field: text: reason`.
pub(crate) fn skips(found: &Found) -> Vec<String> {
    let line = |skip: &Skip| format!("{}: {}: {}", skip.field, skip.text, skip.reason.code());
    found.skips.iter().map(line).collect()
}

/// Checks that pinning twice is pinning once, and that unpinning restores what had no digest before.
pub(crate) fn check_reversible(text: &str, found: &Found, find: impl Fn(&str) -> Found) {
    let once = pin_text(text, found);
    let again = find(&once);
    assert_eq!(pin_text(&once, &again), once, "pinned twice: {text:?}");
    assert_eq!(again.sites.len(), found.sites.len(), "sites: {text:?}");
    if found.sites.iter().all(|site| site.reference.digest().is_none()) {
        assert_eq!(unpin_text(&once, &again), text, "unpinned: {once:?}");
    }
}

fn unpin_text(text: &str, found: &Found) -> String {
    let edits: Vec<Edit> = found.sites.iter().filter_map(|site| site.slot.unpin()).collect();
    apply(text, &edits).unwrap()
}

fn pin_text(text: &str, found: &Found) -> String {
    let digest: Digest = D.parse().unwrap();
    let edits: Vec<Edit> = found
        .sites
        .iter()
        .filter_map(|site| site.slot.write(&digest, Style::TagDigest))
        .collect();
    apply(text, &edits).unwrap()
}
