//! Bodies of answers: read within a limit, and the words of a failure made safe to print.

use reqwest::Response;
use serde::Deserialize;

use super::error::{Answered, Detail};
use crate::limits;
use crate::text::deceives;

const CODE_MAX: usize = 60;
const MESSAGE_MAX: usize = 300;

/// What stopped the reading of a body.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads a body of at most `limit` bytes; a longer one is given up as soon as that shows.
pub(crate) async fn read(mut response: Response, limit: u64) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads the start of an error's body; it only explains, so that what goes wrong with it does not matter.
pub(crate) async fn read_error(mut response: Response) -> Vec<u8> {
    let limit = usize::try_from(limits::ERROR_BYTES).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= limit {
            break;
        }
    }
    bytes.truncate(limit);
    bytes
}

/// Reads the error body of the distribution specification, or of a token server, if it is one.
pub(crate) fn answered(status: u16, body: &[u8]) -> Answered {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Entry>,
        // Token servers (RFC 6749, 5.2).
        error: Option<String>,
        error_description: Option<String>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: serde_json::Value,
        message: Option<String>,
    }
    let detail = serde_json::from_slice::<Body>(body).ok().and_then(|body| {
        let (code, message) = match body.errors.into_iter().next() {
            Some(entry) => (entry.code.as_str().unwrap_or_default().to_owned(), entry.message),
            None => (body.error?, body.error_description),
        };
        let detail = Detail {
            code: printable(&code, CODE_MAX),
            message: printable(&message.unwrap_or_default(), MESSAGE_MAX),
        };
        (!detail.code.is_empty()).then_some(detail)
    });
    Answered { status, detail }
}

/// Makes a text from elsewhere safe for a terminal: one line, nothing that commands or deceives, not too long.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut clean: String = text.chars().filter(|&c| !deceives(c)).take(max + 1).collect();
    if let Some((cut, _)) = clean.char_indices().nth(max) {
        clean.truncate(cut);
        clean.push('…');
    }
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explains_a_failure_in_the_registrys_words() {
        let text = |body: &str| answered(403, body.as_bytes()).to_string();
        assert_eq!(
            text(r#"{"errors":[{"code":"DENIED","message":"no \u001b[31m\u202e\u061c\u206aaccess\n","detail":{}}]}"#),
            "403 Forbidden, DENIED: no [31maccess"
        );
        assert_eq!(text(r#"{"errors":[{"code":"DENIED"}]}"#), "403 Forbidden, DENIED");
        assert_eq!(
            text(r#"{"error":"invalid_grant","error_description":"expired"}"#),
            "403 Forbidden, invalid_grant: expired"
        );
        for body in ["", "<html>", "[]", r#"{"errors":[]}"#, r#"{"errors":[{"code":7}]}"#] {
            assert_eq!(text(body), "403 Forbidden");
        }
        let long = format!(r#"{{"errors":[{{"code":"X","message":"{}"}}]}}"#, "é".repeat(900));
        assert_eq!(
            text(&long).chars().count(),
            "403 Forbidden, X: ".len() + MESSAGE_MAX + 1
        );
    }
}
