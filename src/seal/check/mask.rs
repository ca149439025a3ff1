//! Templates read as YAML: what another tool fills in is replaced by text of the same length.

/// Stands for what a template fills in; a character of private use, which no manifest has.
pub(super) const MARK: char = '\u{e000}';
const FILLER: char = '_';

/// The text with every `{{ ... }}` masked, byte for byte in its place; nothing if it has none.
///
/// Lines of actions alone become comments: conditions, loops and whatever brings its own lines.
pub(super) fn mask(text: &str) -> Option<String> {
    if text.contains(MARK) {
        return None;
    }
    let mut inline = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, action, behind)) = next_action(rest) {
        inline.push_str(before);
        inline.push(MARK);
        inline.extend(std::iter::repeat_n(FILLER, action.len() - MARK.len_utf8()));
        rest = behind;
    }
    if rest.len() == text.len() {
        return None;
    }
    inline.push_str(rest);
    Some(inline.split_inclusive('\n').map(without_actions).collect())
}

/// What stands before the first action, the action, and what stands behind it.
fn next_action(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{{")?;
    let (before, from) = text.split_at_checked(start)?;
    let end = from.find("}}")? + "}}".len();
    // `{{{x}}}`: the last two close.
    let end = end + from.get(end..)?.bytes().take_while(|byte| *byte == b'}').count().min(1);
    let (action, behind) = from.split_at_checked(end)?;
    Some((before, action, behind))
}

/// A line; a comment if it had actions alone.
fn without_actions(line: &str) -> String {
    let (indent, body) = line.split_at(line.len() - line.trim_start_matches([' ', '\t']).len());
    let is_actions = body.starts_with(MARK) && body.trim_end().trim_matches([MARK, FILLER, ' ', '\t']).is_empty();
    match body
        .strip_prefix(MARK)
        .and_then(|rest| rest.strip_prefix(FILLER))
        .filter(|_| is_actions)
    {
        // The mark stays: in a block scalar there are no comments.
        Some(rest) => format!("{indent}#{MARK}{rest}"),
        None => line.to_owned(),
    }
}

/// A name, with an ellipsis where a template fills in.
pub(super) fn unmask(name: &str) -> String {
    let mut parts = name.split(MARK);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str("{{...}}");
        told.push_str(part.trim_start_matches(FILLER));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_masked_in_their_places() {
        for (text, expected) in [
            ("a: {{ .x }}-db\n", "a: \u{e000}_____-db\n"),
            ("{{- if .x }}\r\na: 1\n", "#\u{e000}________\r\na: 1\n"),
            ("  {{ a }}{{ b }}\n", "  #\u{e000}___\u{e000}____\n"),
            (
                "{{ a }}: \"{{ b | c \"d\" }}\"",
                "\u{e000}____: \"\u{e000}____________\"",
            ),
            ("{{/* a\nb */}}\nc", "#\u{e000}_________\nc"),
            ("{{}}", "#\u{e000}"),
            ("a: {{{b}}}", "a: \u{e000}____"),
        ] {
            let masked = mask(text).unwrap();
            assert_eq!(masked, expected);
            assert_eq!(masked.len(), text.len(), "{text}");
        }
        for text in ["", "a: b", "a: {{ b", "a }}", "\u{e000}{{ a }}"] {
            assert_eq!(mask(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_told_with_an_ellipsis() {
        assert_eq!(unmask("shop"), "shop");
        assert_eq!(unmask("\u{e000}_____-db-\u{e000}__"), "{{...}}-db-{{...}}");
    }
}
