//! Stored values of a live etcd, over the network: gRPC, `etcdserverpb.KV/Range`.
//!
//! Keys are read in pages, all of them at one revision of the store, and each page is dropped before the next one is asked
//! for: a million keys need the memory of one page. Every answer is linearizable, so that a member that lags behind does
//! not show what has long been rewritten. Nothing is ever written.
//!
//! Where a compaction removes that revision meanwhile, the reading goes on behind the last key at a newer revision. Each
//! value is then as it was at [`Extent::revision`] or later, which is all that reading at one revision can say about a
//! store that others write to.
//!
//! ```text
//! endpoint   where a member listens
//! error      what keeps it from answering
//! message    the few messages that are spoken
//! ```

mod endpoint;
mod error;
mod message;

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::time::timeout;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use zeroize::Zeroizing;

use self::message::{AuthenticateRequest, AuthenticateResponse, KeyValue, RangeRequest, RangeResponse};
use super::source::{Age, Each, Extent, Item, Keys, Value};
use crate::limits;
use crate::report::visible;

pub use endpoint::{Endpoint, EndpointError};
pub use error::EtcdError;

/// The first page: as many keys as the API server asks for at once.
const FIRST_PAGE: i64 = 500;

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// The members, in the order in which they are tried.
    pub endpoints: Vec<Endpoint>,
    /// The authorities that vouch for the members, in PEM form; without it, those of the system.
    pub ca_file: Option<Utf8PathBuf>,
    /// The client's certificate.
    pub identity: Option<IdentityFiles>,
    /// The user, where etcd asks for one.
    pub login: Option<Login>,
    /// How long to wait.
    pub times: Times,
}

/// The client's certificate and its key, in PEM form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityFiles {
    /// The file of the certificate.
    pub certificate: Utf8PathBuf,
    /// The file of the key.
    pub key: Utf8PathBuf,
}

/// A user of etcd.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// How long etcd may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    /// Until there is a connection, TLS included.
    pub connect: Duration,
    /// For one page.
    pub page: Duration,
}

/// The members of one etcd.
#[derive(Debug)]
pub struct Etcd {
    /// The member that is asked, because it answered last.
    current: Member,
    /// The members that are asked if it does not answer, in this order.
    others: VecDeque<Member>,
    login: Option<Login>,
    token: Option<MetadataValue<Ascii>>,
    times: Times,
}

#[derive(Debug)]
struct Member {
    endpoint: Endpoint,
    transport: tonic::transport::Endpoint,
    channel: Option<Channel>,
}

/// Why there is no page.
enum Stop {
    /// The revision has been compacted.
    Compacted,
    /// The page is larger than an answer may be.
    Large(Endpoint),
    Error(EtcdError),
}

/// Why one member gave no answer.
enum Silence {
    /// It cannot be reached.
    Away(String),
    /// It was reached, and cannot answer now: there is no leader, for one.
    Busy(String),
    /// It has answered, and the answer is no.
    Status(Status),
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: limits::CONNECT,
            page: limits::ETCD_PAGE,
        }
    }
}

impl Etcd {
    /// Reads the certificates; opens no connection yet.
    ///
    /// # Errors
    /// No endpoint, files that cannot be read or used, and a password without TLS for another machine.
    pub fn new(options: Options) -> Result<Self, EtcdError> {
        let tls = if options.endpoints.iter().any(Endpoint::is_tls) {
            Some(tls_of(&options)?)
        } else {
            None
        };
        let mut members = VecDeque::new();
        for endpoint in options.endpoints {
            if options.login.is_some() && !endpoint.is_tls() && !endpoint.is_loopback() {
                return Err(EtcdError::PlainPassword { endpoint });
            }
            members.push_back(Member::new(endpoint, tls.as_ref(), options.identity.as_ref())?);
        }
        Ok(Self {
            current: members.pop_front().ok_or(EtcdError::NoEndpoint)?,
            others: members,
            login: options.login,
            token: None,
            times: options.times,
        })
    }

    /// Counts the keys that start with some bytes, to know how much there is to read.
    ///
    /// # Errors
    /// As [`Etcd::read`].
    pub async fn count(&mut self, prefix: &[u8]) -> Result<u64, EtcdError> {
        let (key, range_end) = range_of(prefix);
        let request = RangeRequest {
            key,
            range_end,
            limit: 0,
            revision: 0,
            count_only: true,
        };
        match self.range(request).await {
            Ok(answer) => Ok(u64::try_from(answer.count).unwrap_or(0)),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Compacted | Stop::Large(_)) => Err(self.nonsense("an error that a count does not have")),
        }
    }

    /// Reads every key that starts with some bytes, in the order of the keys; no bytes mean all keys.
    ///
    /// # Errors
    /// Members that cannot be reached, that refuse, or whose answers make no sense.
    pub async fn read(&mut self, prefix: &[u8], each: &mut Each<'_>) -> Result<Extent, EtcdError> {
        let (first, range_end) = range_of(prefix);
        let mut from = first.clone();
        let mut revision = 0;
        let mut oldest = None;
        let mut limit = FIRST_PAGE;
        loop {
            let request = RangeRequest {
                key: from.clone(),
                range_end: range_end.clone(),
                limit,
                revision,
                count_only: false,
            };
            let page = match self.range(request).await {
                Ok(page) => page,
                Err(Stop::Compacted) if revision != 0 => {
                    revision = 0;
                    continue;
                }
                Err(Stop::Compacted) => return Err(self.nonsense("the newest revision has been compacted")),
                Err(Stop::Large(_)) if limit > 1 => {
                    limit /= 2;
                    continue;
                }
                Err(Stop::Large(endpoint)) => {
                    let limit = limits::ETCD_ANSWER_BYTES;
                    return Err(EtcdError::TooLarge { endpoint, limit });
                }
                Err(Stop::Error(error)) => return Err(error),
            };
            if revision == 0 {
                revision = page.header.as_ref().map_or(0, |header| header.revision);
                if revision < 1 {
                    return Err(self.nonsense("no revision"));
                }
            }
            let oldest = *oldest.get_or_insert(revision);
            let behind = behind(&page, &from, &range_end).map_err(|reason| self.nonsense(reason))?;
            limit = next_limit(limit, &page.kvs);
            for pair in page.kvs {
                let last = pair.key.clone();
                if each(Item::from(pair)).is_break() {
                    let keys = Keys::Runs(vec![(first, last)]);
                    return Ok(Extent { revision: oldest, keys });
                }
            }
            match behind {
                Some(next) => from = next,
                None => {
                    let keys = Keys::Prefix(prefix.to_vec());
                    return Ok(Extent { revision: oldest, keys });
                }
            }
        }
    }

    /// Asks the members in turn until one answers. Where they are there and have no leader, for one, they are asked again.
    async fn range(&mut self, request: RangeRequest) -> Result<RangeResponse, Stop> {
        let mut wait = limits::RETRY_FLOOR;
        let mut round = 1;
        loop {
            let mut tried = Vec::new();
            let mut somebody = false;
            for _ in 0..=self.others.len() {
                match self.range_here(&request).await? {
                    Ok(answer) => return Ok(answer),
                    Err((reason, busy)) => {
                        somebody |= busy;
                        tried.push((self.endpoint(), reason));
                        self.turn();
                    }
                }
            }
            if !somebody || round == limits::TRIES {
                return Err(Stop::Error(EtcdError::Unreachable { tried }));
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
            round += 1;
        }
    }

    /// Asks the current member. The inner error is why another one may answer, and whether this one was there.
    async fn range_here(&mut self, request: &RangeRequest) -> Result<Result<RangeResponse, (String, bool)>, Stop> {
        let mut fresh = false;
        loop {
            if self.token.is_none() && self.login.is_some() {
                match self.log_in().await.map_err(Stop::Error)? {
                    Ok(token) => self.token = Some(token),
                    Err(silence) => return Ok(Err(silence)),
                }
                fresh = true;
            }
            let token = self.token.clone();
            let answer = self.call("/etcdserverpb.KV/Range", request.clone(), token).await;
            match answer.map_err(classify) {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Silence::Away(reason)) => return Ok(Err((reason, false))),
                Err(Silence::Busy(reason)) => return Ok(Err((reason, true))),
                // The token has expired.
                Err(Silence::Status(status))
                    if status.code() == Code::Unauthenticated && self.token.is_some() && !fresh =>
                {
                    self.token = None;
                }
                Err(Silence::Status(status)) => return Err(self.stop(&status)),
            }
        }
    }

    async fn log_in(&mut self) -> Result<Result<MetadataValue<Ascii>, (String, bool)>, EtcdError> {
        let Some(login) = self.login.clone() else {
            return Err(self.nonsense("it asks for a user"));
        };
        let request = AuthenticateRequest {
            name: login.user.clone(),
            password: login.password.to_string(),
        };
        let answer: Result<AuthenticateResponse, _> = self.call("/etcdserverpb.Auth/Authenticate", request, None).await;
        match answer.map_err(classify) {
            Ok(answer) => MetadataValue::try_from(answer.token)
                .map(Ok)
                .map_err(|_| self.nonsense("its token is none")),
            Err(Silence::Away(reason)) => Ok(Err((reason, false))),
            Err(Silence::Busy(reason)) => Ok(Err((reason, true))),
            Err(Silence::Status(status)) => Err(EtcdError::Login {
                endpoint: self.endpoint(),
                user: login.user,
                reason: words(&status),
            }),
        }
    }

    /// One call to the current member.
    async fn call<Q, A>(
        &mut self,
        path: &'static str,
        message: Q,
        token: Option<MetadataValue<Ascii>>,
    ) -> Result<A, Failed>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let times = self.times;
        let channel = self.current.connect(times.connect).await?;
        let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(limits::ETCD_ANSWER_BYTES);
        let mut request = Request::new(message);
        if let Some(token) = token {
            request.metadata_mut().insert("token", token);
        }
        let answer = timeout(times.page, async {
            client.ready().await.map_err(Failed::Transport)?;
            let codec = ProstCodec::<Q, A>::default();
            let answer = client.unary(request, PathAndQuery::from_static(path), codec).await;
            answer.map_err(Failed::Status)
        });
        match answer.await {
            Ok(answer) => answer.map(tonic::Response::into_inner),
            Err(_) => Err(Failed::Late(times.page)),
        }
    }

    /// Makes the next member the current one.
    fn turn(&mut self) {
        if let Some(next) = self.others.pop_front() {
            self.others.push_back(std::mem::replace(&mut self.current, next));
        }
    }

    fn endpoint(&self) -> Endpoint {
        self.current.endpoint.clone()
    }

    fn stop(&self, status: &Status) -> Stop {
        let endpoint = self.endpoint();
        match status.code() {
            Code::OutOfRange if status.message().contains("has been compacted") => Stop::Compacted,
            // The first is said by this side, the second by a server whose own limit is lower.
            Code::OutOfRange if status.message().contains("message length too large") => Stop::Large(endpoint),
            Code::ResourceExhausted if status.message().contains("larger than max") => Stop::Large(endpoint),
            _ => Stop::Error(EtcdError::Refused {
                endpoint,
                reason: words(status),
            }),
        }
    }

    fn nonsense(&self, reason: &'static str) -> EtcdError {
        EtcdError::Answer {
            endpoint: self.endpoint(),
            reason,
        }
    }
}

/// What went wrong with one call.
enum Failed {
    /// There was no connection, or no answer, in time.
    Late(Duration),
    Status(Status),
    Transport(tonic::transport::Error),
}

impl Member {
    fn new(
        endpoint: Endpoint,
        tls: Option<&ClientTlsConfig>,
        identity: Option<&IdentityFiles>,
    ) -> Result<Self, EtcdError> {
        let refuse = |error: tonic::transport::Error| match identity {
            Some(files) if endpoint.is_tls() => EtcdError::Identity {
                certificate: files.certificate.clone(),
                key: files.key.clone(),
                reason: reason(&error),
            },
            _ => EtcdError::Tls {
                endpoint: endpoint.clone(),
                reason: reason(&error),
            },
        };
        let mut transport = tonic::transport::Endpoint::from_shared(endpoint.to_string())
            .map_err(refuse)?
            .user_agent(concat!("kship/", env!("CARGO_PKG_VERSION")))
            .map_err(refuse)?;
        if let Some(tls) = tls.filter(|_| endpoint.is_tls()) {
            transport = transport.tls_config(tls.clone()).map_err(refuse)?;
        }
        Ok(Self {
            endpoint,
            transport,
            channel: None,
        })
    }

    async fn connect(&mut self, wait: Duration) -> Result<Channel, Failed> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let connected = timeout(wait, self.transport.connect()).await;
        let channel = connected.map_err(|_| Failed::Late(wait))?.map_err(Failed::Transport)?;
        Ok(self.channel.insert(channel).clone())
    }
}

impl From<KeyValue> for Item {
    fn from(pair: KeyValue) -> Self {
        Self {
            key: pair.key,
            value: Value::Bytes(pair.value),
            revision: pair.mod_revision,
            age: Age::Current,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

fn tls_of(options: &Options) -> Result<ClientTlsConfig, EtcdError> {
    let mut tls = ClientTlsConfig::new();
    tls = match &options.ca_file {
        None => tls.with_native_roots(),
        Some(path) => tls.ca_certificate(Certificate::from_pem(certificates(path)?)),
    };
    if let Some(files) = &options.identity {
        let key = Zeroizing::new(crate::fs::read_bytes(&files.key, limits::CREDENTIAL_FILE_BYTES)?);
        tls = tls.identity(Identity::from_pem(certificates(&files.certificate)?, &*key));
    }
    Ok(tls)
}

/// Reads a file that holds at least one certificate: tonic would take one that holds none, and fail later.
fn certificates(path: &Utf8Path) -> Result<Vec<u8>, EtcdError> {
    let pem = crate::fs::read_bytes(path, limits::CREDENTIAL_FILE_BYTES)?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(pem),
        _ => Err(EtcdError::Certificate { path: path.to_owned() }),
    }
}

/// The first key that starts with some bytes, and the key behind the last one (`etcdctl get --prefix` asks the same).
fn range_of(prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    let or_zero = |bytes: Vec<u8>| if bytes.is_empty() { vec![0] } else { bytes };
    (or_zero(prefix.to_vec()), or_zero(end))
}

/// Where the next page starts, if there is one.
///
/// The keys must be those that were asked for, in their order: a server that repeats itself would never come to an end.
fn behind(page: &RangeResponse, from: &[u8], range_end: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let mut previous: Option<&[u8]> = None;
    for pair in &page.kvs {
        let key = pair.key.as_slice();
        let is_inside = key >= from && (range_end == [0] || key < range_end);
        if !is_inside {
            return Err("a key that was not asked for");
        }
        if previous.is_some_and(|previous| previous >= key) {
            return Err("keys are not in their order");
        }
        previous = Some(key);
    }
    match (previous, page.more) {
        // The count is that of all keys from here on.
        (_, false) if i64::try_from(page.kvs.len()).is_ok_and(|length| page.count > length) => {
            Err("fewer keys than it counts")
        }
        (_, false) => Ok(None),
        (None, true) => Err("an empty page that is not the last one"),
        (Some(last), true) => {
            let mut next = last.to_vec();
            next.push(0);
            Ok(Some(next))
        }
    }
}

/// How many keys to ask for next, so that a page stays near [`limits::ETCD_PAGE_BYTES`].
fn next_limit(limit: i64, page: &[KeyValue]) -> i64 {
    let bytes: usize = page.iter().map(|pair| pair.key.len() + pair.value.len()).sum();
    match bytes {
        0..limits::ETCD_PAGE_BYTES_LOW => (limit * 2).min(limits::ETCD_PAGE_KEYS),
        limits::ETCD_PAGE_BYTES_LOW..=limits::ETCD_PAGE_BYTES => limit,
        _ => (limit / 2).max(1),
    }
}

fn classify(failed: Failed) -> Silence {
    match failed {
        Failed::Late(wait) => Silence::Away(format!("no answer within {} s", wait.as_secs())),
        Failed::Transport(error) => Silence::Away(reason(&error)),
        Failed::Status(status) if status.source().is_some() => Silence::Away(reason(&status)),
        Failed::Status(status) => match status.code() {
            Code::Aborted | Code::Cancelled | Code::DeadlineExceeded | Code::Unavailable => {
                Silence::Busy(words(&status))
            }
            _ => Silence::Status(status),
        },
    }
}

/// What etcd says, on one line.
fn words(status: &Status) -> String {
    match status.message() {
        "" => status.code().to_string(),
        message => visible(message).into_owned(),
    }
}

/// The innermost cause: what is around it says no more than that the transport failed.
fn reason(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |&link| link.source()).last();
    visible(&last.unwrap_or(error).to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&str], more: bool) -> RangeResponse {
        let kvs = keys.iter().map(|key| pair(key, 1)).collect();
        RangeResponse {
            header: None,
            kvs,
            more,
            count: 0,
        }
    }

    fn pair(key: &str, bytes: usize) -> KeyValue {
        KeyValue {
            key: key.into(),
            mod_revision: 1,
            value: vec![b'x'; bytes],
        }
    }

    #[test]
    fn a_prefix_is_a_range() {
        let range = |prefix: &[u8]| range_of(prefix);
        assert_eq!(range(b"/registry/"), (b"/registry/".to_vec(), b"/registry0".to_vec()));
        assert_eq!(range(b"a\xff\xff"), (b"a\xff\xff".to_vec(), b"b".to_vec()));
        assert_eq!(range(b"\xff"), (b"\xff".to_vec(), vec![0]));
        assert_eq!(range(b""), (vec![0], vec![0]));
    }

    #[test]
    fn a_page_says_where_the_next_one_starts() {
        assert_eq!(
            behind(&page(&["/a", "/b"], true), b"/", b"0"),
            Ok(Some(b"/b\0".to_vec()))
        );
        assert_eq!(behind(&page(&["/a", "/b"], false), b"/", b"0"), Ok(None));
        assert_eq!(behind(&page(&[], false), b"/", b"0"), Ok(None));
        assert_eq!(behind(&page(&["x"], false), &[0], &[0]), Ok(None));
    }

    #[test]
    fn a_page_that_would_lead_in_circles_is_refused() {
        let asked = "a key that was not asked for";
        assert_eq!(behind(&page(&["/a"], true), b"/a\0", b"0"), Err(asked));
        assert_eq!(behind(&page(&["0"], true), b"/", b"0"), Err(asked));
        let order = "keys are not in their order";
        assert_eq!(behind(&page(&["/b", "/a"], true), b"/", b"0"), Err(order));
        assert_eq!(behind(&page(&["/b", "/b"], true), b"/", b"0"), Err(order));
        let empty = "an empty page that is not the last one";
        assert_eq!(behind(&page(&[], true), b"/", b"0"), Err(empty));
    }

    #[test]
    fn pages_grow_and_shrink_with_their_bytes() {
        assert_eq!(next_limit(500, &[pair("/a", 10)]), 1_000);
        assert_eq!(next_limit(9_000, &[pair("/a", 10)]), limits::ETCD_PAGE_KEYS);
        assert_eq!(next_limit(500, &[pair("/a", 4 << 20)]), 500);
        assert_eq!(next_limit(500, &[pair("/a", 9 << 20)]), 250);
        assert_eq!(next_limit(1, &[pair("/a", 9 << 20)]), 1);
    }

    #[test]
    fn options_do_not_show_the_password() {
        let login = Login {
            user: "root".to_owned(),
            password: Zeroizing::new("hunter2".to_owned()),
        };
        assert_eq!(format!("{login:?}"), r#"Login { user: "root", .. }"#);
    }

    #[test]
    fn a_password_needs_tls() {
        let options = |address: &str| Options {
            endpoints: vec![address.parse().unwrap()],
            ca_file: None,
            identity: None,
            login: Some(Login {
                user: "root".to_owned(),
                password: Zeroizing::new("hunter2".to_owned()),
            }),
            times: Times::default(),
        };
        let error = Etcd::new(options("http://etcd.example.com:2379")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a password for http://etcd.example.com:2379 would cross the network without TLS"
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { Etcd::new(options("http://127.0.0.1:2379")).unwrap() });
    }
}
