//! `WWW-Authenticate`: what a registry asks for before it answers (RFC 9110, 11.6.1).

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// How a registry wants its clients to say who they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token from somewhere else (distribution, "Token Authentication Specification").
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// Chooses from all challenges of an answer: Bearer, else Basic.
    ///
    /// A registry may send several header lines, or several challenges in one.
    pub(crate) fn choose(headers: &HeaderMap) -> Option<Self> {
        let offered: Vec<Offer> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
            .flat_map(parse)
            .collect();
        let bearer = offered
            .iter()
            .filter(|offer| offer.scheme.eq_ignore_ascii_case("bearer"))
            .find_map(|offer| {
                Some(Self::Bearer {
                    realm: offer.parameter("realm")?,
                    service: offer.parameter("service"),
                    scope: offer.parameter("scope"),
                })
            });
        let basic = || {
            offered
                .iter()
                .any(|offer| offer.scheme.eq_ignore_ascii_case("basic"))
                .then_some(Self::Basic)
        };
        bearer.or_else(basic)
    }
}

#[derive(Debug, Eq, PartialEq)]
struct Offer {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Offer {
    fn parameter(&self, name: &str) -> Option<String> {
        self.parameters
            .iter()
            .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.clone())
    }
}

/// Parses one header line; what breaks the grammar is left out.
fn parse(line: &str) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut rest = Cursor(line);
    loop {
        rest.skip(|c| c.is_ascii_whitespace() || c == ',');
        let word = rest.take(|c| !c.is_ascii_whitespace() && !matches!(c, ',' | '=' | '"'));
        if word.is_empty() {
            // A stray `=` or quote: one character further, so that the loop ends.
            if rest.next().is_none() {
                return offers;
            }
            continue;
        }
        let spaces = rest.take(|c| c.is_ascii_whitespace());
        if rest.peek() != Some('=') {
            if !spaces.is_empty() || rest.peek().is_none_or(|c| c == ',') {
                offers.push(Offer {
                    scheme: word.to_owned(),
                    parameters: Vec::new(),
                });
            }
            continue;
        }
        rest.next();
        rest.skip(|c| c.is_ascii_whitespace());
        let value = match rest.peek() {
            Some('"') => rest.quoted(),
            _ => rest.take(|c| !c.is_ascii_whitespace() && c != ',').to_owned(),
        };
        if let Some(offer) = offers.last_mut() {
            offer.parameters.push((word.to_owned(), value));
        }
    }
}

struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next();
        self.0 = chars.as_str();
        next
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.0.split_at(self.0.find(|c| !wanted(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        self.take(wanted);
    }

    /// A quoted string, its backslash escapes undone; a missing end quote ends with the line.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        self.next();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => text.extend(self.next()),
                _ => text.push(c),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn choose(lines: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap());
        }
        Challenge::choose(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        })
    }

    #[test]
    fn prefers_bearer_wherever_it_stands() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        let expected = bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:library/nginx:pull"),
        );
        assert_eq!(choose(&[hub]), expected);
        assert_eq!(choose(&["Negotiate", r#"Basic realm="x""#, hub]), expected);
        assert_eq!(choose(&[&format!(r#"Basic realm="a, Bearer b", {hub}"#)]), expected);
        assert_eq!(choose(&[&format!(r#"{hub},Basic realm="x""#)]), expected);
        assert_eq!(choose(&["Negotiate YWJj==, basic"]), Some(Challenge::Basic));
    }

    #[test]
    fn reads_odd_spellings() {
        assert_eq!(
            choose(&[r#"bEARER Realm = "https://a/\"t\\" , SERVICE=plain"#]),
            bearer(r#"https://a/"t\"#, Some("plain"), None)
        );
        assert_eq!(
            choose(&[r#"Bearer realm="https://a/t",scope="""#]),
            bearer("https://a/t", None, None)
        );
        assert_eq!(
            choose(&[r#"Bearer realm="https://a/unfinished"#]),
            bearer("https://a/unfinished", None, None)
        );
        for line in ["", "Bearer", "Bearer service=x", "Digest realm=x", ",,==\"", "realm=x"] {
            assert_eq!(choose(&[line]), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_ends(line in "\\PC{0,60}") {
            let _ = parse(&line);
        }
    }
}
