//! From a request to its answer, with all that is wrong with it.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response};
use kship::Digest;
use serde_json::json;
use url::form_urlencoded;

use super::guard::Ask;
use super::{Fault, Kind, Seen, State};

/// The path under which [`Fault::RedirectHere`] keeps everything.
const ELSEWHERE: &str = "/elsewhere";

/// A body.
pub(super) enum Sent {
    /// Some bytes.
    Bytes(Bytes),
    /// Nothing more; headers and bytes are written before the end is seen, which may be too early.
    Flush,
    /// The end.
    End,
    /// Spaces without end.
    Endless,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        let bytes = match body {
            Self::Bytes(bytes) => std::mem::take(bytes),
            Self::Flush => {
                *body = Self::End;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Self::End => return Poll::Ready(None),
            Self::Endless => return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 65536]))))),
        };
        *body = Self::Flush;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

/// An answer before it is written.
struct Draft {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Draft {
    fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
        }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"errors": [{"code": code, "message": message}]});
        Self::new(status, "application/json", body.to_string())
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Answers a request; an error closes the connection.
pub(super) async fn answer(state: Arc<State>, request: Request<Incoming>) -> io::Result<Response<Sent>> {
    let now = state.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
    state.peak.fetch_max(now, Ordering::AcqRel);
    let answer = timed(&state, request).await;
    state.in_flight.fetch_sub(1, Ordering::AcqRel);
    answer
}

async fn timed(state: &State, request: Request<Incoming>) -> io::Result<Response<Sent>> {
    if !state.setup.latency.is_zero() {
        tokio::time::sleep(state.setup.latency).await;
    }
    let (head, body) = request.into_parts();
    let form = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path().to_owned();
    let text = |name: &str| header(&head.headers, name);
    let mut seen = Seen {
        kind: kind(&head.method, &path),
        path: path.clone(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: text("authorization"),
        accept: text("accept").unwrap_or_default(),
        form: String::from_utf8_lossy(&form).into_owned(),
        status: 0,
    };
    let hang_up = state.fault(|fault| match fault {
        Fault::HangUp(times) => take(times),
        _ => None,
    });
    let silent = state.fault(|fault| matches!(fault, Fault::Silence).then_some(()));
    let draft = if hang_up.is_some() || silent.is_some() {
        None
    } else {
        Some(draft(state, &head.method, &path, &seen))
    };
    seen.status = draft.as_ref().map_or(0, |draft| draft.status);
    let is_manifest = matches!(seen.kind, Kind::Head | Kind::Get);
    state.seen.lock().expect("no panic in the registry").push(seen);
    if silent.is_some() {
        std::future::pending::<()>().await;
    }
    match draft {
        Some(draft) => Ok(write(state, draft, head.method == Method::HEAD, is_manifest)),
        None => Err(io::Error::other("hung up")),
    }
}

fn kind(method: &Method, path: &str) -> Kind {
    let path = path.strip_prefix(ELSEWHERE).unwrap_or(path);
    match path {
        "/v2/" | "/v2" => Kind::Ping,
        "/token" => Kind::Token,
        _ if path.contains("/manifests/") && method == Method::HEAD => Kind::Head,
        _ if path.contains("/manifests/") => Kind::Get,
        _ if path.contains("/blobs/") => Kind::Blob,
        _ if path.contains("/tags/") || path.contains("/referrers/") => Kind::List,
        _ => Kind::Other,
    }
}

fn draft(state: &State, method: &Method, path: &str, seen: &Seen) -> Draft {
    let setup = &state.setup;
    if seen.kind == Kind::Token {
        let ask = Ask {
            post: method == Method::POST,
            query: &seen.query,
            form: &seen.form,
            authorization: seen.authorization.as_deref(),
        };
        let (status, body) = state.guard.token(&setup.auth, &setup.tokens, &ask);
        return Draft::new(status, "application/json", body);
    }
    if let Some(draft) = failure(state, method) {
        return draft;
    }
    let elsewhere = path.strip_prefix(ELSEWHERE);
    let Some((repository, what, target)) = parts(elsewhere.unwrap_or(path)) else {
        return Draft::error(404, "NAME_UNKNOWN", "no such path");
    };
    let guard = (&setup.auth, setup.style, &setup.tokens);
    if let Err(challenges) = state
        .guard
        .check(guard, repository, seen.authorization.as_deref(), &state.url())
    {
        let draft = Draft::error(401, "UNAUTHORIZED", "authentication required");
        return challenges
            .into_iter()
            .fold(draft, |draft, line| draft.with("www-authenticate", line));
    }
    if let Some(location) = redirect(state, path, elsewhere.is_some()) {
        return Draft::new(307, "text/plain", "").with("location", location);
    }
    match what {
        "manifests" => manifest(state, repository, target, &seen.accept),
        "blobs" => match state.content.blob(repository, target) {
            Some(bytes) => Draft::new(200, "application/octet-stream", bytes),
            None => Draft::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
        },
        "tags" => tags(state, repository, path, &seen.query),
        _ if setup.referrers => referrers(state, repository, target, path, &seen.query),
        _ => Draft::error(404, "UNSUPPORTED", "no referrers"),
    }
}

/// Splits `/v2/<repository>/<what>/<target>`.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let (rest, target) = path.strip_prefix("/v2/")?.rsplit_once('/')?;
    let (repository, what) = rest.rsplit_once('/')?;
    matches!(what, "manifests" | "blobs" | "tags" | "referrers").then_some((repository, what, target))
}

fn failure(state: &State, method: &Method) -> Option<Draft> {
    state.fault(|fault| match fault {
        Fault::Status { status, times } => {
            take(times).map(|()| Draft::error(*status, "DENIED", "\u{1b}[31mthe registry's own words"))
        }
        Fault::Throttle { retry_after, times } => take(times).map(|()| {
            let draft = Draft::error(429, "TOOMANYREQUESTS", "slow down");
            retry_after
                .iter()
                .fold(draft, |draft, wait| draft.with("retry-after", *wait))
        }),
        Fault::Head(status) if method == Method::HEAD => Some(Draft::error(*status, "UNSUPPORTED", "no HEAD")),
        Fault::Html => Some(Draft::new(200, "text/html; charset=utf-8", "<html>sign in</html>")),
        _ => None,
    })
}

/// Counts a fault that happens some times down.
fn take(times: &mut usize) -> Option<()> {
    let left = times.checked_sub(1)?;
    if *times != usize::MAX {
        *times = left;
    }
    Some(())
}

fn redirect(state: &State, path: &str, elsewhere: bool) -> Option<String> {
    state.fault(|fault| match fault {
        Fault::Redirect(base) => Some(format!("{base}{path}")),
        Fault::RedirectHere if !elsewhere => Some(format!("{ELSEWHERE}{path}")),
        Fault::RedirectLoop => Some(path.to_owned()),
        _ => None,
    })
}

fn manifest(state: &State, repository: &str, target: &str, accept: &str) -> Draft {
    let narrow = state.fault(|fault| matches!(fault, Fault::NarrowAccept).then_some(()));
    let Some(mut document) = state.content.manifest(repository, target) else {
        return Draft::error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    if narrow.is_some() && !accept.contains(&document.media_type) {
        document.bytes = super::any_child(repository, target, "amd64");
        "application/vnd.oci.image.manifest.v1+json".clone_into(&mut document.media_type);
    }
    let digest = Digest::of(&document.bytes).to_string();
    Draft::new(200, &document.media_type, document.bytes).with("docker-content-digest", digest)
}

fn tags(state: &State, repository: &str, path: &str, query: &str) -> Draft {
    let Some(tags) = state.content.tags(repository) else {
        return Draft::error(404, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let (tags, next) = page(state, tags, path, query);
    let body = json!({"name": repository, "tags": tags}).to_string();
    link(Draft::new(200, "application/json", body), next)
}

fn referrers(state: &State, repository: &str, digest: &str, path: &str, query: &str) -> Draft {
    let (manifests, next) = page(state, state.content.referrers(repository, digest), path, query);
    let media_type = "application/vnd.oci.image.index.v1+json";
    let body = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}).to_string();
    link(Draft::new(200, media_type, body), next)
}

/// One page of a list, and the address of the next.
fn page<T>(state: &State, list: Vec<T>, path: &str, query: &str) -> (Vec<T>, Option<String>) {
    if state
        .fault(|fault| matches!(fault, Fault::LinkLoop).then_some(()))
        .is_some()
    {
        return (list, Some(path.to_owned()));
    }
    let Some(size) = state.setup.page else {
        return (list, None);
    };
    let start = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "last")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let next = start + size;
    let more = next < list.len();
    let taken = list.into_iter().skip(start).take(size).collect();
    (taken, more.then(|| format!("{path}?last={next}")))
}

fn link(draft: Draft, next: Option<String>) -> Draft {
    match next {
        Some(next) => draft.with("link", format!("<{next}>; rel=\"next\"")),
        None => draft,
    }
}

/// Writes an answer, with what is wrong about its headers and its length.
fn write(state: &State, mut draft: Draft, head: bool, is_manifest: bool) -> Response<Sent> {
    let mut length = i64::try_from(draft.body.len()).expect("a short body");
    let mut endless = false;
    if is_manifest && draft.status == 200 {
        for fault in state.faults.lock().expect("no panic in the registry").iter() {
            match fault {
                Fault::NoDigest => draft.headers.retain(|(name, _)| *name != "docker-content-digest"),
                Fault::DigestHeader(digest) => {
                    draft.headers.retain(|(name, _)| *name != "docker-content-digest");
                    draft.headers.push(("docker-content-digest", digest.clone()));
                }
                Fault::NoContentType => draft.headers.retain(|(name, _)| *name != "content-type"),
                Fault::Type(media_type) => {
                    draft.headers.retain(|(name, _)| *name != "content-type");
                    draft.headers.push(("content-type", (*media_type).to_owned()));
                }
                Fault::Length(by) => length += by,
                Fault::Endless => endless = true,
                _ => {}
            }
        }
    }
    let mut response = Response::builder().status(draft.status);
    for (name, value) in draft.headers {
        // `23.7µs` is no ASCII.
        response = response.header(name, value.into_bytes());
    }
    if !endless {
        response = response.header("content-length", length);
    }
    let body = match (head, endless) {
        (true, _) => Sent::End,
        (false, true) => Sent::Endless,
        (false, false) => Sent::Bytes(Bytes::from(draft.body)),
    };
    response.body(body).expect("a valid answer")
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
