//! What would change, with every key masked.

use camino::Utf8Path;
use similar::TextDiff;
use zeroize::Zeroizing;

use crate::encryption::{Configuration, Loader, masked as looks_masked};
use crate::report::visible_lines;
use crate::text::{self, Edit};

/// What stands for a key.
const MASK: &str = "REDACTED";

/// The change of a file in the unified format.
pub(super) fn diff(path: &Utf8Path, before: &str, after: &str, loader: &Loader) -> String {
    let (before, after) = (masked(before, loader), masked(after, loader));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let text = diff
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string();
    visible_lines(&text).into_owned()
}

/// A text without its keys, and without what looks like one in comments and in documents that nobody reads.
fn masked(text: &str, loader: &Loader) -> Zeroizing<String> {
    // What does not load is not rotated.
    let Ok(configuration) = Configuration::parse(text, loader) else {
        return Zeroizing::new(String::new());
    };
    let mut spans: Vec<_> = configuration.keys().map(|(_, key)| key.secret_span.clone()).collect();
    spans.sort_by_key(|span| span.start);
    // An alias repeats keys.
    spans.dedup();
    let mask = |range| Edit {
        range,
        replacement: MASK.to_owned(),
    };
    let edits: Vec<Edit> = spans.into_iter().map(mask).collect();
    let named = Zeroizing::new(text::apply(text, &edits).unwrap_or_default());
    Zeroizing::new(looks_masked(&named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_left_in_keys_comments_and_further_documents() {
        let old = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let text = format!(
            "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: a\n        secret: \"{old}\" # was {old}\n---\nx: {old}\n"
        );
        let loader = Loader::new("enc.yaml");
        assert_eq!(
            *masked(&text, &loader),
            text.replace(&format!("\"{old}\""), MASK).replace(old, MASK)
        );
        let split = text.replace(
            &format!("\"{old}\" # was {old}"),
            "|\n          AQEBAQEBAQEBAQEB\n          AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        );
        assert!(
            !masked(&split, &loader).contains("AQEBAQ"),
            "{}",
            *masked(&split, &loader)
        );
        assert_eq!(*masked("x", &loader), "");
        let after = text.replace("name: a", "name: b");
        let diff = diff("enc.yaml".into(), &text, &after, &loader);
        assert!(diff.contains("-      - name: a\n+      - name: b\n"), "{diff}");
    }
}
