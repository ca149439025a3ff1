//! Words and variables as BuildKit's shell lexer reads them (`frontend/dockerfile/shell`).
//!
//! Whether a line opens a here-document, and which image a `FROM` names, depends on its quirks; they are kept.

use std::iter::Peekable;
use std::str::Chars;

use crate::limits;

/// What is known about a variable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'v> {
    /// It has this value.
    Set(&'v str),
    /// It has one, and the file does not say which.
    Unknown,
    /// It has none, and stands for nothing.
    Unset,
}

/// The text that a word stands for; `None` where BuildKit refuses it, or where the file does not tell.
pub(super) fn expand<'v>(word: &str, escape: char, values: &'v dyn Fn(&str) -> Value<'v>) -> Option<String> {
    let mut lexer = Lexer::new(word, escape);
    lexer.values = Some(values);
    lexer.until(None, false).ok().map(|(text, _)| text)
}

/// The end of a here-document.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Heredoc {
    /// The line that ends it.
    pub(super) name: String,
    /// `<<-`: tabs may stand before the name.
    pub(super) tabs: bool,
}

/// The here-documents that an instruction opens: words such as `<<EOF`, `3<<-"EOF"`. None where the lexer fails.
///
/// # Errors
/// kship cannot tell.
pub(super) fn heredocs(line: &str) -> Result<Vec<Heredoc>, Unsure> {
    let mut lexer = Lexer::new(line, '\\');
    lexer.raw_quotes = true;
    let words = sure(lexer.until(None, true))?;
    words.iter().filter_map(|word| heredoc(word).transpose()).collect()
}

/// Variables that are nested deeper than kship reads, or whose names only Go's tables of Unicode can tell.
#[derive(Debug)]
pub(super) struct Unsure;

/// Reads `^\d*<<-?\s*[^<]*$`, where the last part is one word.
fn heredoc(word: &str) -> Result<Option<Heredoc>, Unsure> {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(rest) = digits.strip_prefix("<<") else {
        return Ok(None);
    };
    let (tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.contains('<') {
        return Ok(None);
    }
    let mut names = sure(Lexer::new(rest, '\\').until(None, false))?;
    let name = names.pop().filter(|_| names.is_empty());
    Ok(name.map(|name| Heredoc { name, tabs }))
}

/// The words, or none where BuildKit refuses the text.
fn sure(read: Result<(String, Vec<String>), Fault>) -> Result<Vec<String>, Unsure> {
    match read {
        Ok((_, words)) => Ok(words),
        Err(Fault::Refused) => Ok(Vec::new()),
        Err(Fault::Unsure) => Err(Unsure),
    }
}

enum Fault {
    Refused,
    Unsure,
}

struct Lexer<'t, 'v> {
    chars: Peekable<Chars<'t>>,
    escape: char,
    /// Quotes stay in the words.
    raw_quotes: bool,
    /// Escapes stay in the words.
    raw_escapes: bool,
    /// Without values, variables stay as they are written.
    values: Option<&'v dyn Fn(&str) -> Value<'v>>,
    /// The word that is being read. BuildKit has one for all depths: what follows `${A-` ends the word in front of it.
    word: String,
    depth: usize,
}

impl<'t> Lexer<'t, '_> {
    fn new(text: &'t str, escape: char) -> Self {
        Self {
            // Go's `text/scanner` passes over a byte order mark.
            chars: text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable(),
            escape,
            raw_quotes: false,
            raw_escapes: false,
            values: None,
            word: String::new(),
            depth: 0,
        }
    }

    /// Reads up to `stop`, or to the end of the text.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<(String, Vec<String>), Fault> {
        if self.depth > limits::VARIABLE_DEPTH {
            return Err(Fault::Unsure);
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let read = self.read(stop);
        self.raw_escapes = outer;
        self.depth -= 1;
        read
    }

    fn read(&mut self, stop: Option<char>) -> Result<(String, Vec<String>), Fault> {
        let mut text = String::new();
        let mut words = Vec::new();
        let mut in_word = false;
        self.word.clear();
        while let Some(c) = self.chars.next() {
            if stop == Some(c) {
                words.extend(self.take_word());
                return Ok((text, words));
            }
            let part = match c {
                '$' => self.variable()?,
                '\'' => self.single_quoted()?,
                '"' => self.double_quoted()?,
                '<' if self.chars.next_if_eq(&'<').is_some() => {
                    let mut part = "<<".to_owned();
                    while let Some(blank) = self.chars.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
                        part.push(blank);
                    }
                    part
                }
                c if c == self.escape => {
                    let mut part = String::new();
                    if self.raw_escapes {
                        part.push(c);
                    }
                    let escaped = self.chars.next();
                    part.extend(escaped);
                    part
                }
                c => c.to_string(),
            };
            text.push_str(&part);
            // White space parts words where it is neither quoted nor escaped, and in the text of variables.
            let parts = c == '$' || c.is_whitespace();
            for c in part.chars() {
                if !parts || !c.is_whitespace() {
                    self.word.push(c);
                    in_word = true;
                } else if in_word && !self.word.is_empty() {
                    words.extend(self.take_word());
                    in_word = false;
                }
            }
            in_word |= !parts;
        }
        if stop.is_some() {
            return Err(Fault::Refused);
        }
        words.extend(self.take_word());
        Ok((text, words))
    }

    fn take_word(&mut self) -> Option<String> {
        (!self.word.is_empty()).then(|| std::mem::take(&mut self.word))
    }

    fn single_quoted(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        if self.raw_quotes {
            text.push('\'');
        }
        loop {
            match self.chars.next().ok_or(Fault::Refused)? {
                '\'' => break,
                c => text.push(c),
            }
        }
        if self.raw_quotes {
            text.push('\'');
        }
        Ok(text)
    }

    fn double_quoted(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        if self.raw_quotes {
            text.push('"');
        }
        loop {
            match self.chars.next().ok_or(Fault::Refused)? {
                '"' => break,
                '$' => text.push_str(&self.variable()?),
                c if c == self.escape => {
                    if self.raw_escapes {
                        text.push(c);
                    }
                    let escape = self.escape;
                    let escaped = self.chars.next_if(|&next| matches!(next, '"' | '$') || next == escape);
                    text.push(escaped.unwrap_or(c));
                }
                c => text.push(c),
            }
        }
        if self.raw_quotes {
            text.push('"');
        }
        Ok(text)
    }

    /// Reads what follows a `$`.
    fn variable(&mut self) -> Result<String, Fault> {
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name()?;
            return match self.value(&name)? {
                _ if name.is_empty() => Ok("$".to_owned()),
                Some(value) => Ok(value.unwrap_or_default()),
                None => Ok(format!("${name}")),
            };
        }
        if matches!(self.chars.peek(), None | Some('{' | '}' | ':')) {
            return Err(Fault::Refused);
        }
        let name = self.name()?;
        let mut operator = self.chars.next().ok_or(Fault::Refused)?;
        let colon = operator == ':';
        let mut operators = operator.to_string();
        if colon {
            operator = self.chars.next().ok_or(Fault::Refused)?;
            operators.push(operator);
        }
        let pattern = matches!(operator, '#' | '%');
        let word = match operator {
            '}' if !colon => String::new(),
            '/' if !colon => {
                // BuildKit reads `//` as the wish for all matches, and forgets it in the text.
                self.chars.next_if_eq(&'/');
                let (pattern, _) = self.until(Some('/'), true)?;
                let (replacement, _) = self.until(Some('}'), true)?;
                format!("{pattern}/{replacement}")
            }
            '+' | '-' | '?' | '#' | '%' if !(colon && pattern) => self.until(Some('}'), pattern)?.0,
            _ if colon && !pattern => self.until(Some('}'), false)?.0,
            _ => return Err(Fault::Refused),
        };
        let Some(value) = self.value(&name)? else {
            return Ok(match operators.as_str() {
                "}" => format!("${{{name}}}"),
                _ => format!("${{{name}{operators}{word}}}"),
            });
        };
        let value = value.filter(|value| !(colon && value.is_empty()));
        match operator {
            '}' => Ok(value.unwrap_or_default()),
            '-' => Ok(value.unwrap_or(word)),
            '+' => Ok(value.map(|_| word).unwrap_or_default()),
            '?' => value.ok_or(Fault::Refused),
            // Patterns are left to BuildKit: the name of the image is unknown.
            _ => Err(Fault::Refused),
        }
    }

    /// The value of a variable; `None` where variables stay as they are written.
    fn value(&self, name: &str) -> Result<Option<Option<String>>, Fault> {
        match self.values.map(|values| values(name)) {
            None => Ok(None),
            Some(Value::Set(value)) => Ok(Some(Some(value.to_owned()))),
            Some(Value::Unset) => Ok(Some(None)),
            Some(Value::Unknown) => Err(Fault::Refused),
        }
    }

    /// Reads a name: digits, one special parameter, or letters, digits and `_`.
    fn name(&mut self) -> Result<String, Fault> {
        let mut name = String::new();
        let first = self.chars.peek().copied();
        if first.is_some_and(|c| c.is_ascii_digit()) {
            while let Some(c) = self.chars.next_if(char::is_ascii_digit) {
                name.push(c);
            }
        } else if let Some(c) = self
            .chars
            .next_if(|c| matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!'))
        {
            name.push(c);
            return Ok(name);
        } else {
            while let Some(c) = self.chars.next_if(|&c| c.is_ascii_alphanumeric() || c == '_') {
                name.push(c);
            }
        }
        match self.chars.peek() {
            Some(c) if !c.is_ascii() => Err(Fault::Unsure),
            _ => Ok(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(word: &str) -> Option<String> {
        let values = |name: &str| match name {
            "A" => Value::Set("a b"),
            "E" => Value::Set(""),
            "P" => Value::Unknown,
            _ => Value::Unset,
        };
        expand(word, '\\', &values)
    }

    #[test]
    fn words_stand_for_text() {
        for (word, text) in [
            ("x$A", "xa b"),
            ("'$A'\"$A\"", "$Aa b"),
            ("${A}${U}$", "a b$"),
            ("${U:-x}${E:-y}${E-z}${U-\"q r\"}", "xyq r"),
            ("${A:+x}${U:+y}${E+z}${E:+w}", "xz"),
            ("\\$A\\\\\"\\x\\\"\"", "$A\\\\x\""),
            ("\u{feff}a", "a"),
            ("${U:-${A}}", "a b"),
            ("${A?m}", "a b"),
        ] {
            assert_eq!(expanded(word).as_deref(), Some(text), "{word}");
        }
        for word in [
            "$P", "${P:-x}", "${U?x}", "${E:?x}", "${", "${}", "${A", "'a", "\"a", "${A%b}", "${A:=b}", "${A/a/b}",
        ] {
            assert_eq!(expanded(word), None, "{word}");
        }
    }

    #[test]
    fn heredocs_are_opened_as_buildkit_opens_them() {
        let names = |line: &str| -> Vec<String> {
            let names = heredocs(line).unwrap().into_iter();
            names
                .map(|heredoc| format!("{}{}", if heredoc.tabs { "-" } else { "" }, heredoc.name))
                .collect()
        };
        for (line, expected) in [
            ("RUN cat <<EOF 3<<-\"E F\" << G", &["EOF", "-E F", "G"][..]),
            ("RUN cat <<\"RUN true\"", &["RUN true"]),
            ("RUN cat <<\"E F\"G <<E\\ F", &["E FG", "E F"]),
            ("RUN cat <<EOF <<$(x)", &["EOF", "$(x)"]),
            ("RUN cat ${X} ${X?y} $(( 1 <<EOF", &["EOF"]),
            ("RUN cat \\\" <<EOF", &["EOF"]),
            ("RUN ${X:-a <<EOF}", &["EOF}"]),
            ("RUN cat <<${X:-EOF}", &[]),
            ("RUN cat ${ <<EOF", &[]),
            ("RUN cat ${X/ <<EOF", &[]),
            ("RUN cat $'a <<EOF", &[]),
            ("RUN cat \"\\\" <<EOF", &[]),
            ("RUN cat <<<EOF", &[]),
            ("RUN cat<<EOF", &[]),
            ("RUN cat <<\"\"", &[]),
            ("RUN cat <<", &[]),
        ] {
            assert_eq!(names(line), expected, "{line}");
        }
    }

    #[test]
    fn what_only_go_can_tell_is_unsure() {
        assert!(heredocs("RUN ${\u{b2}} <<EOF").is_err());
        let deep = "${A-".repeat(limits::VARIABLE_DEPTH + 1);
        assert!(heredocs(&format!("RUN {deep}")).is_err());
        assert_eq!(expanded(&deep), None);
    }
}
