//! From a challenge to an `Authorization`, with one token request however many wait for the token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::body::{self, printable};
use super::challenge::Challenge;
use super::error::{Asked, Error};
use super::exchange::{Call, Exchange};
use super::host::Hosts;
use super::keychain::{Credential, Login};
use super::secret::Secret;
use super::transport::{address, is_loopback_url};
use crate::limits;

/// Lifetime of a token whose server does not say (distribution, "Token Authentication Specification").
const LIFETIME: u64 = 60;

/// A token is renewed this long before its end, or a quarter of its life if that is less.
const SKEW: Duration = Duration::from_secs(10);

/// The name under which refresh tokens are used.
const CLIENT_ID: &str = "kship";

/// A ready `Authorization` header; two are the same only if they are one.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) header: HeaderValue,
    /// Whether a new one might be taken where this one is not: true for tokens of a token server.
    pub(crate) renewable: bool,
}

/// Whom a request is for.
#[derive(Debug)]
pub(crate) struct Applicant<'a> {
    /// The registry's address.
    pub(crate) registry: &'a Url,
    /// The registry's name, and the repository's path in it.
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) asked: &'a Asked,
    pub(crate) credential: Option<&'a Credential>,
}

/// The tokens of this run.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    slots: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Slot>>>>,
}

#[derive(Debug, Eq, Hash, PartialEq)]
struct Key {
    registry: String,
    realm: String,
    service: Option<String>,
    scope: String,
    credential: Option<String>,
}

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Empty,
    Token {
        authorization: Arc<Authorization>,
        expires: Instant,
    },
    Failed {
        error: Arc<Error>,
        at: Instant,
    },
}

impl Tokens {
    /// Answers a challenge; `None` if it asks for a password and there is none.
    ///
    /// A token that the registry refused (`stale`) is not returned again.
    pub(crate) async fn authorize(
        &self,
        exchange: &Exchange,
        hosts: &Hosts,
        challenge: &Challenge,
        applicant: &Applicant<'_>,
        stale: Option<&Arc<Authorization>>,
    ) -> Result<Option<Arc<Authorization>>, Error> {
        match (challenge, applicant.credential.map(|credential| &credential.login)) {
            (_, Some(Login::Registry(token))) => bearer(token, false, applicant.asked).map(Some),
            (Challenge::Basic, Some(Login::Password { user, password })) => Ok(Some(Arc::new(basic(user, password)))),
            (
                Challenge::Basic,
                Some(Login::Identity {
                    password: Some((user, password)),
                    ..
                }),
            ) => Ok(Some(Arc::new(basic(user, password)))),
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service, scope }, _) => {
                let realm = safe_realm(realm, applicant)?;
                let scope = scope_for(scope.as_deref(), applicant.path);
                let key = Key {
                    registry: applicant.registry.origin().ascii_serialization(),
                    realm: realm.to_string(),
                    service: service.clone(),
                    scope: scope.clone(),
                    credential: applicant.credential.map(|credential| credential.id.clone()),
                };
                let request = TokenRequest {
                    realm,
                    service: service.as_deref(),
                    scope: &scope,
                    applicant,
                };
                self.token(key, exchange, hosts, &request, stale).await.map(Some)
            }
        }
    }

    async fn token(
        &self,
        key: Key,
        exchange: &Exchange,
        hosts: &Hosts,
        request: &TokenRequest<'_>,
        stale: Option<&Arc<Authorization>>,
    ) -> Result<Arc<Authorization>, Error> {
        let waiting_since = Instant::now();
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key).or_default())
        };
        let mut slot = slot.lock().await;
        match &*slot {
            Slot::Token { authorization, expires }
                if Instant::now() < *expires && !stale.is_some_and(|stale| Arc::ptr_eq(stale, authorization)) =>
            {
                return Ok(Arc::clone(authorization));
            }
            // It failed for who was first while this one waited: asking again would fail in the same way.
            Slot::Failed { error, at } if *at >= waiting_since => {
                return Err(request.failed(Arc::clone(error)));
            }
            _ => {}
        }
        match request.send(exchange, hosts).await {
            Ok((authorization, lifetime)) => {
                let skew = SKEW.min(lifetime / 4);
                *slot = Slot::Token {
                    authorization: Arc::clone(&authorization),
                    expires: Instant::now() + lifetime.saturating_sub(skew),
                };
                Ok(authorization)
            }
            Err(error) => {
                let error = Arc::new(error);
                *slot = Slot::Failed {
                    error: Arc::clone(&error),
                    at: Instant::now(),
                };
                Err(request.failed(error))
            }
        }
    }
}

struct TokenRequest<'a> {
    realm: Url,
    service: Option<&'a str>,
    scope: &'a str,
    applicant: &'a Applicant<'a>,
}

impl TokenRequest<'_> {
    async fn send(&self, exchange: &Exchange, hosts: &Hosts) -> Result<(Arc<Authorization>, Duration), Error> {
        let host = hosts.host(self.realm.authority());
        // A token is for a repository, whichever reference it is asked for first.
        let asked = Asked {
            reference: format!("{}/{}", self.applicant.name, self.applicant.path),
            host: self.realm.authority().to_owned(),
        };
        let login = self.applicant.credential.map(|credential| &credential.login);
        if let Some(Login::Identity { token, .. }) = login {
            let reply = exchange.send(&host, &self.post(token, &asked)).await?;
            // Who has no such method is asked in the old way.
            if !matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                return read(reply.status, reply.body, &asked);
            }
        }
        let password = match login {
            Some(Login::Password { user, password }) => Some((user, password)),
            Some(Login::Identity { password, .. }) => password.as_ref().map(|(user, password)| (user, password)),
            _ => None,
        };
        let authorization = password.map(|(user, password)| basic(user, password).header);
        let reply = exchange.send(&host, &self.get(authorization, &asked)).await?;
        read(reply.status, reply.body, &asked)
    }

    fn get<'a>(&self, authorization: Option<HeaderValue>, asked: &'a Asked) -> Call<'a> {
        let mut url = self.realm.clone();
        url.query_pairs_mut()
            .extend_pairs(self.service.map(|service| ("service", service)))
            .append_pair("scope", self.scope);
        Call {
            asked,
            method: Method::GET,
            url,
            accept: "application/json",
            authorization,
            form: None,
            limit: limits::TOKEN_BYTES,
        }
    }

    fn post<'a>(&self, token: &Secret, asked: &'a Asked) -> Call<'a> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .extend_pairs(self.service.map(|service| ("service", service)))
            .append_pair("scope", self.scope)
            .append_pair("client_id", CLIENT_ID)
            .append_pair("refresh_token", token.expose())
            .finish();
        Call {
            asked,
            method: Method::POST,
            url: self.realm.clone(),
            accept: "application/json",
            authorization: None,
            form: Some(Secret::new(form)),
            limit: limits::TOKEN_BYTES,
        }
    }

    /// A token server that says no denies access; whatever else it does leaves the question open.
    fn failed(&self, error: Arc<Error>) -> Error {
        match &*error {
            Error::Denied { asked, answered } => Error::Denied {
                asked: Asked {
                    reference: self.applicant.asked.reference.clone(),
                    host: asked.host.clone(),
                },
                answered: answered.clone(),
            },
            _ => Error::Token {
                asked: self.applicant.asked.clone(),
                source: error,
            },
        }
    }
}

fn read(status: StatusCode, body: Vec<u8>, asked: &Asked) -> Result<(Arc<Authorization>, Duration), Error> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<Secret>,
        access_token: Option<Secret>,
        expires_in: Option<u64>,
    }
    let body = Zeroizing::new(body);
    if status != StatusCode::OK {
        let (asked, answered) = (asked.clone(), body::answered(status.as_u16(), &body));
        return Err(match status.as_u16() {
            // RFC 6749, 5.2: a refresh token that is no longer good is answered with 400.
            400 | 401 | 403 => Error::Denied { asked, answered },
            _ => Error::Status { asked, answered },
        });
    }
    let invalid = |found: &str| Error::Invalid {
        asked: asked.clone(),
        found: found.to_owned(),
        expected: "JSON with a token",
    };
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| invalid("something that is no JSON object"))?;
    let token = [answer.token, answer.access_token]
        .into_iter()
        .flatten()
        .find(|token| !token.expose().is_empty())
        .ok_or_else(|| invalid("no token"))?;
    let lifetime = answer.expires_in.filter(|&seconds| seconds > 0).unwrap_or(LIFETIME);
    // A day: no run lasts longer, and the sum with the clock stays within its range.
    let lifetime = Duration::from_secs(lifetime.min(86_400));
    Ok((bearer(&token, true, asked)?, lifetime))
}

fn bearer(token: &Secret, renewable: bool, asked: &Asked) -> Result<Arc<Authorization>, Error> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let header = sensitive(&text).ok_or_else(|| Error::Invalid {
        asked: asked.clone(),
        found: "a token with control characters".to_owned(),
        expected: "a token that fits into a header",
    })?;
    Ok(Arc::new(Authorization { header, renewable }))
}

fn basic(user: &str, password: &Secret) -> Authorization {
    let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    Authorization {
        // Base64 always fits into a header.
        header: sensitive(&text).unwrap_or_else(|| HeaderValue::from_static("Basic")),
        renewable: false,
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The scope of the challenge if it is about this repository: a remembered one is about another.
fn scope_for(offered: Option<&str>, path: &str) -> String {
    offered
        .filter(|scope| scope.starts_with(&format!("repository:{path}:")))
        .map_or_else(|| format!("repository:{path}:pull"), str::to_owned)
}

/// Checks the address that a registry sends credentials to: a registry must not turn its clients against their own
/// networks, or make them send a password in the clear.
fn safe_realm(realm: &str, applicant: &Applicant<'_>) -> Result<Url, Error> {
    let unsafe_realm = |realm: String, problem| Error::UnsafeRealm {
        asked: applicant.asked.clone(),
        realm,
        problem,
    };
    let Ok(mut url) = Url::parse(realm) else {
        return Err(unsafe_realm(
            printable(realm.split('?').next().unwrap_or(""), 80),
            "it is no address",
        ));
    };
    let refuse = |problem| {
        Err(unsafe_realm(
            url.authority().rsplit('@').next().unwrap_or("").to_owned(),
            problem,
        ))
    };
    match url.scheme() {
        "https" => {}
        "http" if applicant.registry.scheme() == "http" => {}
        "http" => return refuse("it has no TLS, and the registry has"),
        _ => return refuse("it is neither https nor http"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("there is a user name in its address");
    }
    let same =
        url.host() == applicant.registry.host() || (is_loopback_url(&url) && is_loopback_url(applicant.registry));
    if !same && (is_loopback_url(&url) || address(&url).is_some_and(is_internal)) {
        return refuse("its address is one of a private network, and not the registry's");
    }
    url.set_fragment(None);
    Ok(url)
}

/// Addresses that are not on the public internet: private, link-local (where clouds serve credentials), loopback.
fn is_internal(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || first == 0
                // Carrier-grade NAT (RFC 6598).
                || (first == 100 && (64..128).contains(&second))
        }
        std::net::IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(registry: &str, realm: &str) -> Result<String, String> {
        let registry = Url::parse(registry).unwrap();
        let asked = Asked {
            reference: "r.test/a:1".to_owned(),
            host: "r.test".to_owned(),
        };
        let applicant = Applicant {
            registry: &registry,
            name: "r.test",
            path: "a",
            asked: &asked,
            credential: None,
        };
        safe_realm(realm, &applicant)
            .map(|url| url.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn realms_are_checked() {
        let https = "https://r.test/";
        assert_eq!(
            realm(https, "https://auth.test/t?a=b#c").unwrap(),
            "https://auth.test/t?a=b"
        );
        assert_eq!(
            realm("http://127.0.0.1:5/", "http://127.0.0.1:6/t").unwrap(),
            "http://127.0.0.1:6/t"
        );
        assert_eq!(
            realm("https://10.0.0.1/", "https://10.0.0.1:8443/t").unwrap(),
            "https://10.0.0.1:8443/t"
        );
        let refused = |host: &str, problem: &str| {
            format!("token server `{host}`, named for `r.test/a:1`, is not asked: {problem}")
        };
        assert_eq!(
            realm(https, "http://auth.test/t").unwrap_err(),
            refused("auth.test", "it has no TLS, and the registry has")
        );
        assert_eq!(
            realm(https, "https://u:p@auth.test/t").unwrap_err(),
            refused("auth.test", "there is a user name in its address")
        );
        assert_eq!(
            realm(https, "file:///etc/passwd").unwrap_err(),
            refused("", "it is neither https nor http")
        );
        assert_eq!(
            realm(https, "token?x=secret").unwrap_err(),
            refused("token", "it is no address")
        );
        for host in [
            "169.254.169.254",
            "10.1.2.3",
            "127.0.0.1",
            "[::1]",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:a9fe:a9fe]",
            "0.0.0.0",
            "100.64.0.1",
            "localhost",
        ] {
            assert_eq!(
                realm(https, &format!("https://{host}/t")).unwrap_err(),
                refused(host, "its address is one of a private network, and not the registry's")
            );
        }
        assert!(realm(https, "https://2130706433/").is_err());
    }

    #[test]
    fn scope_is_that_of_the_repository() {
        assert_eq!(scope_for(Some("repository:a/b:pull"), "a/b"), "repository:a/b:pull");
        assert_eq!(scope_for(Some("repository:a/bc:pull"), "a/b"), "repository:a/b:pull");
        assert_eq!(scope_for(None, "library/nginx"), "repository:library/nginx:pull");
    }
}
