//! The image of the frontend that reads a file, as BuildKit's `DetectSyntax` finds it.

use std::ops::Range;

use super::lex::Mapped;

/// The blanks of Go's `\s`.
const SPACES: [char; 5] = ['\t', '\n', '\u{c}', '\r', ' '];

/// Where a file names its frontend.
#[derive(Debug)]
pub(super) enum Frontend {
    /// A directive, or a JSON string without escapes.
    Name(Mapped),
    /// JSON that names one and has no place of its own for a digest.
    Spelled {
        /// The name.
        name: String,
        /// The JSON.
        span: Range<usize>,
    },
    /// JSON that kship cannot read, where BuildKit may.
    Unread(Mapped),
}

/// A parser directive.
pub(super) struct Directive<'a> {
    /// Its name, in lower case.
    pub(super) name: String,
    /// Its value.
    pub(super) value: &'a str,
    /// Where the value stands in the line.
    at: usize,
}

/// Finds the frontends that a file names: `# syntax=`, else `// syntax=`, else `{"syntax": ...}`.
///
/// The first line may be `#!...`; a byte order mark stands before that.
pub(super) fn detect(text: &str) -> Vec<Frontend> {
    let mut at = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut body = text.get(at..).unwrap_or("");
    if body.starts_with("#!") {
        let line = body.find('\n').map_or(body.len(), |end| end + 1);
        at += line;
        body = body.get(line..).unwrap_or("");
    }
    for comment in ["#", "//"] {
        let found = directives(body, at, comment);
        if !found.is_empty() {
            return found;
        }
    }
    json(body, at).into_iter().collect()
}

/// Reads `# name=value`, with either mark of a comment; names that BuildKit does not know are comments.
pub(super) fn directive<'a>(line: &'a str, comment: &str) -> Option<Directive<'a>> {
    let (name, value) = line.strip_prefix(comment)?.split_once('=')?;
    let name = name.trim_matches(SPACES).to_ascii_lowercase();
    let value = value.trim_start_matches(SPACES);
    let at = line.len() - value.len();
    let value = value.trim_end_matches(SPACES);
    let known = matches!(name.as_str(), "check" | "escape" | "syntax") && !value.is_empty();
    known.then_some(Directive { name, value, at })
}

fn directives(body: &str, mut at: usize, comment: &str) -> Vec<Frontend> {
    let mut found = Vec::new();
    for line in body.split_inclusive('\n') {
        let start = line.trim_start();
        let Some(directive) = directive(start, comment) else {
            break;
        };
        if directive.name == "syntax" {
            let name = directive.value.split(' ').next().unwrap_or(directive.value);
            let start = at + (line.len() - start.len()) + directive.at;
            found.push(Frontend::Name(Mapped::new(name, start)));
        }
        at += line.len();
    }
    found
}

/// The whole text is one object of JSON, and no Dockerfile.
fn json(body: &str, at: usize) -> Option<Frontend> {
    let object = body.trim();
    if !object.starts_with('{') {
        return None;
    }
    let at = at + (body.len() - body.trim_start().len());
    let Ok(serde_json::Value::Object(read)) = serde_json::from_str(object) else {
        let line = object.lines().next().unwrap_or(object).trim_end();
        return Some(Frontend::Unread(Mapped::new(line, at)));
    };
    let name = read.get("syntax")?.as_str()?;
    let own = own_string(object, name).map(|start| Mapped::new(name, at + start));
    Some(own.map_or_else(
        || Frontend::Spelled {
            name: name.to_owned(),
            span: at..at + object.len(),
        },
        Frontend::Name,
    ))
}

/// Where the only `"syntax": "NAME"` has its name, if it is spelled without escapes.
fn own_string(object: &str, name: &str) -> Option<usize> {
    const KEY: &str = "\"syntax\"";
    let key = object.find(KEY).filter(|at| Some(*at) == object.rfind(KEY))?;
    let value = object.get(key + KEY.len()..)?.trim_start().strip_prefix(':')?;
    let value = value.trim_start().strip_prefix('"')?;
    // A key that is spelled with escapes could be another one of this name.
    let plain = value.strip_prefix(name)?.starts_with('"') && !object.contains('\\');
    plain.then_some(object.len() - value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let name = |frontend| match frontend {
            Frontend::Name(name) => text[name.whole()].to_owned(),
            Frontend::Spelled { name, span } => format!("{name} in {}", &text[span]),
            Frontend::Unread(line) => format!("unread {}", line.text()),
        };
        detect(text).into_iter().map(name).collect()
    }

    #[test]
    fn directives_stand_only_at_the_head() {
        for (text, expected) in [
            ("\u{feff}#!/x\n# Syntax = a/b:1 --x\r\nFROM a\n", &["a/b:1"][..]),
            ("# check=skip=all\n#escape=`\n# syntax=a\n", &["a"]),
            ("// syntax=a\nanything\n", &["a"]),
            ("// check=x\n//syntax = a\n", &["a"]),
            ("# a comment\n# syntax=a\n", &[]),
            ("# foo=bar\n# syntax=a\n", &[]),
            ("\n# syntax=a\n", &[]),
            ("# syntax=\n", &[]),
            ("#!/x\n#!/y\n# syntax=a\n", &[]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn json_names_a_frontend() {
        for (text, expected) in [
            ("{\"syntax\": \"a/b:1\"}\n", &["a/b:1"][..]),
            ("#!/x\n {\"x\": [1],\n\"syntax\" : \"a\"}", &["a"]),
            ("{\"syntax\": \"a\\u002fb\"}", &["a/b in {\"syntax\": \"a\\u002fb\"}"]),
            ("{\"s\\u0079ntax\": \"a\"}", &["a in {\"s\\u0079ntax\": \"a\"}"]),
            (
                "{\"syntax\": \"a\", \"syntax\": \"b\"}",
                &["b in {\"syntax\": \"a\", \"syntax\": \"b\"}"],
            ),
            ("{\"syntax\": \"\\ud800\"}\nx", &["unread {\"syntax\": \"\\ud800\"}"]),
            ("{\"x\": 1}", &[]),
            ("[1]", &[]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }
}
