//! What the tests of all formats share: a digest, the text after pinning, and the promise that pinning can be undone.

use super::site::{Found, Style};
use crate::oci::Digest;
use crate::text::{Edit, apply};

/// The digest that every test writes.
pub(crate) const D: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Text with every site pinned, in which the digest is spelled `D`.
pub(crate) fn pinned(text: &str, found: &Found) -> String {
    pin_text(text, found).replace(D, "D")
}

/// Skips as `field: text: reason`.
pub(crate) fn skips(found: &Found) -> Vec<String> {
    let line = |skip: &super::Skip| format!("{}: {}: {}", skip.field, skip.text, skip.reason.code());
    found.skips.iter().map(line).collect()
}

/// Sites as `field: reference`.
pub(crate) fn sites(found: &Found) -> Vec<String> {
    let line = |site: &super::Site| format!("{}: {}", site.field, site.reference);
    found.sites.iter().map(line).collect()
}

/// Checks that pinning twice is pinning once, and that unpinning restores what had no digest before.
pub(crate) fn check_reversible(text: &str, found: &Found, find: impl Fn(&str) -> Found) {
    let once = pin_text(text, found);
    let again = find(&once);
    assert_eq!(pin_text(&once, &again), once, "pinned twice: {text:?}");
    assert_eq!(again.sites.len(), found.sites.len(), "sites: {text:?}");
    if found.sites.iter().all(|site| site.reference.digest().is_none()) {
        let edits: Vec<Edit> = again.sites.iter().filter_map(|site| site.slot.unpin()).collect();
        assert_eq!(apply(&once, &edits).unwrap(), text, "unpinned: {once:?}");
    }
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
