//! Authentication: challenges, passwords, and a token server.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

/// What a test registry asks for.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Nothing.
    #[default]
    Open,
    /// This user and password.
    Basic(&'static str, &'static str),
    /// A token of its own token server, which gives it to anybody.
    Bearer,
    /// A token of the token server at this address.
    BearerOf(String),
    /// A token that its token server gives for this user and password.
    BearerFor(&'static str, &'static str),
    /// A token that its token server gives for this refresh token.
    BearerRefresh(&'static str),
    /// Something that nobody has.
    Never,
}

/// How a challenge is written.
#[derive(Clone, Copy, Debug, Default)]
pub enum Style {
    /// One line with one challenge.
    #[default]
    Plain,
    /// Bearer and Basic in one line.
    OneLine,
    /// Negotiate, Basic and Bearer, each in a line.
    Lines,
    /// A scheme that nobody knows.
    Unknown,
    /// `401` without a challenge.
    Missing,
}

/// What a token server does.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// The token is called `access_token`.
    pub access_token: bool,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u64>,
    /// How often a token is taken before it is refused.
    pub uses: Option<usize>,
    /// POST is answered with this status.
    pub post: Option<u16>,
    /// This is answered instead.
    pub body: Option<&'static str>,
    /// This status is answered instead.
    pub status: Option<u16>,
}

/// What a guard remembers.
#[derive(Debug, Default)]
pub(super) struct Guard {
    serial: AtomicUsize,
    uses: Mutex<HashMap<String, usize>>,
}

/// A token request.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) post: bool,
    pub(super) query: &'a str,
    pub(super) form: &'a str,
    pub(super) authorization: Option<&'a str>,
}

impl Guard {
    /// The challenge lines for a request that may not pass.
    pub(super) fn check(
        &self,
        (auth, style, tokens): (&Auth, Style, &Tokens),
        repository: &str,
        authorization: Option<&str>,
        url: &str,
    ) -> Result<(), Vec<String>> {
        let passes = match auth {
            Auth::Open => true,
            Auth::Basic(user, password) => authorization == Some(&basic(user, password)),
            Auth::Bearer | Auth::BearerOf(_) | Auth::BearerFor(..) | Auth::BearerRefresh(_) => authorization
                .and_then(|text| text.strip_prefix("Bearer "))
                .is_some_and(|token| self.is_good(token, repository, tokens)),
            Auth::Never => false,
        };
        if passes {
            return Ok(());
        }
        let realm = match auth {
            Auth::BearerOf(realm) => realm.clone(),
            _ => format!("{url}/token"),
        };
        let bearer = format!(r#"Bearer realm="{realm}",service="test registry",scope="repository:{repository}:pull""#);
        let basic = r#"Basic realm="a \"test\", no more""#.to_owned();
        Err(match (style, auth) {
            (Style::Missing, _) => Vec::new(),
            (Style::Unknown, _) => vec!["Negotiate".to_owned()],
            (_, Auth::Basic(..)) => vec![basic],
            (Style::Plain, _) => vec![bearer],
            (Style::OneLine, _) => vec![format!("{basic}, {bearer}")],
            (Style::Lines, _) => vec!["Negotiate YWJj".to_owned(), basic, bearer],
        })
    }

    fn is_good(&self, token: &str, repository: &str, tokens: &Tokens) -> bool {
        if !token.starts_with(&format!("secret-token/repository:{repository}:pull/")) {
            return false;
        }
        let mut uses = self.uses.lock().expect("no panic in the registry");
        let used = uses.entry(token.to_owned()).or_default();
        *used += 1;
        tokens.uses.is_none_or(|most| *used <= most)
    }

    /// A token server's answer: status and body.
    pub(super) fn token(&self, auth: &Auth, tokens: &Tokens, ask: &Ask<'_>) -> (u16, String) {
        if let Some(status) = tokens.status.or(tokens.post.filter(|_| ask.post)) {
            let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}"#;
            return (status, body.to_owned());
        }
        if let Some(body) = tokens.body {
            return (200, body.to_owned());
        }
        let fields: HashMap<String, String> =
            form_urlencoded::parse(if ask.post { ask.form } else { ask.query }.as_bytes())
                .into_owned()
                .collect();
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let known = match auth {
            Auth::BearerFor(user, password) => ask.authorization == Some(&basic(user, password)),
            // After a POST that is not allowed, GET is good enough.
            Auth::BearerRefresh(token) => {
                (field("grant_type"), field("refresh_token")) == ("refresh_token", token) || tokens.post.is_some()
            }
            _ => true,
        };
        if !known || field("service") != "test registry" {
            return (
                401,
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}"#.to_owned(),
            );
        }
        let serial = self.serial.fetch_add(1, Ordering::AcqRel);
        let name = if tokens.access_token { "access_token" } else { "token" };
        let token = format!("secret-token/{}/{serial}", field("scope"));
        let mut body = serde_json::json!({name: token});
        if let Some(seconds) = tokens.expires_in {
            body["expires_in"] = seconds.into();
        }
        (200, body.to_string())
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
