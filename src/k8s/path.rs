//! Paths from a document down to a field.

use crate::limits;

/// One step of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step<'d> {
    /// The value of a key.
    Key(&'d str),
    /// An item of a list, from zero.
    Item(usize),
}

/// Says whether a path is the one that a pattern names.
///
/// `spec.steps[].image` has an item of a list in it, and `spec.*.image` any key; `**.image` ends in `image`.
pub(super) fn matches(path: &[Step<'_>], pattern: &str) -> bool {
    let (pattern, anywhere) = match pattern.strip_prefix("**.") {
        Some(end) => (end, true),
        None => (pattern, false),
    };
    let mut rest = path;
    for part in pattern.rsplit('.') {
        let mut part = part;
        while let Some(list) = part.strip_suffix("[]") {
            let Some((Step::Item(_), before)) = rest.split_last() else {
                return false;
            };
            (rest, part) = (before, list);
        }
        match rest.split_last() {
            Some((Step::Key(key), before)) if part == *key || part == "*" => rest = before,
            _ => return false,
        }
    }
    anywhere || rest.is_empty()
}

/// Writes a path as `spec.containers[0].image`; of a long one the end, since every image of a file has one.
pub(super) fn render(path: &[Step<'_>]) -> String {
    let mut field = String::new();
    let mut shown = path;
    let mut length = 0;
    for (at, step) in path.iter().enumerate().rev() {
        length += match step {
            Step::Key(key) => key.len(),
            Step::Item(_) => 0,
        };
        if length > limits::EXCERPT_CHARACTERS {
            shown = path.get(at + 1..).unwrap_or_default();
            field.push_str("...");
            break;
        }
    }
    for step in shown {
        match step {
            Step::Item(at) => field.push_str(&format!("[{at}]")),
            Step::Key(key) if key.is_empty() || key.contains(['.', '[', ']', ' ', '"']) => {
                field.push_str(&format!("[\"{key}\"]"));
            }
            Step::Key(key) => {
                if !field.is_empty() && !field.ends_with("...") {
                    field.push('.');
                }
                field.push_str(key);
            }
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use super::Step::{Item, Key};
    use super::*;

    #[test]
    fn a_long_path_is_cut_at_its_front() {
        let long = "k".repeat(1 << 20);
        assert_eq!(
            render(&[Key(&long), Key("spec"), Item(0), Key("image")]),
            "...spec[0].image"
        );
        assert_eq!(render(&[Key("spec"), Key(&long)]), "...");
    }

    #[test]
    fn patterns_match_whole_paths_or_their_ends() {
        let path = [Key("spec"), Key("steps"), Item(3), Key("image")];
        for pattern in [
            "spec.steps[].image",
            "spec.*[].image",
            "**.steps[].image",
            "**.image",
            "**.spec.steps[].image",
        ] {
            assert!(matches(&path, pattern), "{pattern}");
        }
        for pattern in [
            "image",
            "steps[].image",
            "spec.steps.image",
            "spec.steps[][].image",
            "spec.steps[]",
            "**.spec.image",
            "**.a.spec.steps[].image",
        ] {
            assert!(!matches(&path, pattern), "{pattern}");
        }
        assert!(matches(&[Key("a"), Item(0), Item(1)], "a[][]"));
        assert!(!matches(&[], "image"));
    }

    #[test]
    fn odd_keys_are_quoted() {
        let path = [Key("data"), Key("a.yaml"), Key(""), Key("x"), Item(0)];
        assert_eq!(render(&path), "data[\"a.yaml\"][\"\"].x[0]");
        assert_eq!(render(&[Item(0), Key("image")]), "[0].image");
    }
}
