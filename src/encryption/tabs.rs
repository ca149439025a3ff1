//! Tabs where the API server's YAML reader takes none.
//!
//! YAML 1.2 allows a tab wherever blanks are no indentation, so behind a `-` (section 6.1), and `yaml` reads it. libyaml,
//! which the API server's reader descends from, takes one only where no key can start: `found character that cannot start any
//! token`. A file with `-<TAB>aescbc:` keeps the API server from starting.

use std::ops::Range;

use crate::yaml::{First, Kind, Node};

/// The first byte that is such a tab.
pub(super) fn misplaced_tab(text: &str, first: &First<'_>) -> Option<usize> {
    let mut taken = Vec::new();
    if let Some(root) = first.root() {
        collect(text, root, &mut taken);
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if start >= first.end {
            break;
        }
        let is_taken = taken.iter().any(|span| span.start < start && start < span.end);
        if let Some(at) = tab_before_token(line).filter(|_| !is_taken) {
            return Some(start + at);
        }
        start += line.len();
    }
    None
}

/// The bytes within which lines have rules of their own: scalars, and collections in brackets.
fn collect(text: &str, node: Node<'_, '_>, taken: &mut Vec<Range<usize>>) {
    let span = node.span();
    let is_flow = text.get(span.clone()).is_some_and(|text| text.starts_with(['{', '[']));
    match node.kind() {
        Kind::Mapping if !is_flow => node.entries().for_each(|(_, value)| collect(text, value, taken)),
        Kind::Sequence if !is_flow => node.items().for_each(|item| collect(text, item, taken)),
        _ => taken.push(span),
    }
}

/// A tab before the first token of a line, or between it and the `-`, `?` or `:` before it.
fn tab_before_token(line: &str) -> Option<usize> {
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.starts_with('\t') {
            return Some(line.len() - rest.len());
        }
        rest = rest.strip_prefix(['-', '?', ':'])?;
        if !rest.starts_with([' ', '\t']) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(text: &str) -> Option<usize> {
        misplaced_tab(text, &crate::yaml::parse_first(text).unwrap())
    }

    #[test]
    fn tabs_that_libyaml_refuses() {
        assert_eq!(tab("-\ta: b\n"), Some(1));
        assert_eq!(tab("- - \ta\n"), Some(4));
        assert_eq!(tab("a:\n- b\n\t\n- c\n"), Some(7));
        assert_eq!(tab("a: b\n\t# a comment\nc: d\n"), Some(5));
    }

    #[test]
    fn tabs_that_it_takes() {
        for text in [
            "a:\tb\n",
            "a: b\t# a comment\n",
            "a: [b,\tc]\n",
            "a: {b: c,\t\n d: e}\n",
            "a: 'b\n \tc'\n",
            "a: |\n  b\n  \tc\n",
            "a: b\n---\n\tc\n",
        ] {
            assert_eq!(tab(text), None, "{text:?}");
        }
    }
}
