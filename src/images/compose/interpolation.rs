//! Variables in the values of Compose files
//! (<https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md>).

use std::ops::Range;

use super::super::scalar::{self, Finder, Names};
use super::super::site::{self, Site, SkipReason, Slot};
use crate::limits;
use crate::yaml::Node;

/// Files a scalar that names an image: with variables, the image that runs where they are not set.
pub(super) fn image<'a>(field: &str, node: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    if !node.as_str().is_some_and(|value| value.contains('$')) {
        finder.image(field, node, Names::All);
        return;
    }
    let Some(value) = finder.string(field, node) else {
        return;
    };
    let span = scalar::content(finder.text, node);
    let raw = finder.text.get(span.clone()).unwrap_or("");
    let default = whole_default(raw).filter(|_| raw == value.trim());
    if let Some((range, default)) = default.and_then(|range| Some((range.clone(), raw.get(range)?))) {
        let span = span.start + range.start..span.start + range.end;
        // What is no reference is said of the whole.
        if site::parse(default).is_ok() {
            finder.found.push_text(field, default, default, span);
            return;
        }
    }
    assembled(field, value, interpolate(value), node, finder);
}

/// Files what a value with variables stands for; no digest can be written there.
pub(super) fn assembled<'a>(
    field: &str,
    value: &str,
    name: Option<String>,
    node: Node<'_, 'a>,
    finder: &mut Finder<'_, 'a>,
) {
    let span = scalar::content(finder.text, node);
    match name.and_then(|name| site::parse(&name).ok()) {
        Some(reference) => finder.found.sites.push(Site {
            field: field.to_owned(),
            reference,
            span,
            slot: Slot::Fixed("its name is put together from variables"),
        }),
        None => {
            let reason = site::parse(value).err().unwrap_or(SkipReason::Variable);
            finder.found.push_skip(field, value, span, reason);
        }
    }
}

/// The text that a value stands for where no variable is set; `None` where a variable without a default decides.
pub(super) fn interpolate(value: &str) -> Option<String> {
    let mut text = String::new();
    interpolate_into(value, &mut text, limits::VARIABLE_DEPTH)?;
    Some(text)
}

fn interpolate_into(value: &str, text: &mut String, depth: usize) -> Option<()> {
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let inner = after.strip_prefix('{')?;
        let end = closing_brace(inner)?;
        let default = default_of(inner.get(..end)?)?;
        interpolate_into(default, text, depth.checked_sub(1)?)?;
        rest = inner.get(end + 1..)?;
    }
    text.push_str(rest);
    Some(())
}

/// The bytes of `default` in `${NAME:-default}` or `${NAME-default}`, and in defaults of defaults.
fn whole_default(value: &str) -> Option<Range<usize>> {
    let mut inner = value;
    while inner.contains('$') {
        inner = default_of(inner.strip_prefix("${")?.strip_suffix('}')?)?;
    }
    let start = value.len() - inner.len() - (value.len() - value.trim_end_matches('}').len());
    (!inner.contains(['{', '}'])).then(|| start..start + inner.len())
}

/// What follows `NAME:-` or `NAME-`.
fn default_of(inner: &str) -> Option<&str> {
    let tail = inner.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if tail.len() == inner.len() {
        return None;
    }
    tail.strip_prefix(":-").or_else(|| tail.strip_prefix('-'))
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_stand_for_variables() {
        for (value, text) in [
            ("${X:-a:1}", Some("a:1")),
            ("${X-a}/${Y:-b}:1", Some("a/b:1")),
            ("${X:-${Y-a}-b}", Some("a-b")),
            ("$$X", Some("$X")),
            ("${X:-}", Some("")),
            ("${X}", None),
            ("$X", None),
            ("${X:-$Y}", None),
            ("${X:+a}", None),
            ("${X:?a}", None),
            ("${:-a}", None),
            ("${X:-a", None),
            ("a$", None),
        ] {
            assert_eq!(interpolate(value).as_deref(), text, "{value}");
        }
        let deep = format!("{}a{}", "${X-".repeat(1000), "}".repeat(1000));
        assert_eq!(interpolate(&deep), None);
    }

    #[test]
    fn whole_defaults_have_a_place() {
        for (value, text) in [
            ("${X:-a:1}", Some("a:1")),
            ("${X-${Y:-a}}", Some("a")),
            ("${X-a}${Y-b}", None),
            ("${X-${Y-a}b}", None),
            ("${X}", None),
            ("${X:-a}b", None),
        ] {
            assert_eq!(whole_default(value).map(|range| &value[range]), text, "{value}");
        }
    }
}
