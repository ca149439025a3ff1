//! A registry on a free port of this machine, with a switch for everything that registries do wrong.
//!
//! It runs on a thread of its own until it is dropped, and remembers every request.

mod answer;
mod content;
mod guard;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

pub use content::{any_child, any_index};
pub use guard::{Auth, Style, Tokens};

/// How a test registry behaves.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What it holds.
    pub content: Content,
    /// What it asks for.
    pub auth: Auth,
    /// How it writes its challenge.
    pub style: Style,
    /// What its token server does.
    pub tokens: Tokens,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How many requests are answered before something goes wrong.
    pub calm: usize,
    /// How long each answer takes.
    pub latency: Duration,
    /// Whether it speaks TLS, with a certificate of [`TestRegistry::ca_pem`].
    pub tls: bool,
    /// Whether that certificate is the authority's own, which no server should show.
    pub shows_authority: bool,
    /// Entries of one page of a list, if lists have pages.
    pub page: Option<usize>,
    /// Whether it has the referrers API.
    pub referrers: bool,
}

/// What a test registry holds.
#[derive(Clone, Debug, Default)]
pub enum Content {
    /// Every tag of every repository: [`any_index`].
    #[default]
    Any,
    /// One OCI image layout a repository, under a folder.
    Folder(PathBuf),
}

/// Something that a registry does wrong; a number says how many times, `usize::MAX` is for ever.
#[derive(Clone, Debug)]
pub enum Fault {
    /// `Docker-Content-Digest` names other bytes.
    DigestHeader(String),
    /// A manifest whose body never ends.
    Endless,
    /// The connection is closed without an answer.
    HangUp(usize),
    /// HEAD is answered with this status.
    Head(u16),
    /// An HTML page for everything.
    Html,
    /// `Content-Length` differs from the length by this.
    Length(i64),
    /// A `Link` to the page itself.
    LinkLoop,
    /// Docker's manifest list is answered with one platform's manifest unless `Accept` names it.
    NarrowAccept,
    /// No `Content-Type`.
    NoContentType,
    /// No `Docker-Content-Digest`.
    NoDigest,
    /// Manifests and blobs are at this address.
    Redirect(String),
    /// Manifests and blobs are elsewhere on the same host.
    RedirectHere,
    /// Manifests are where they are not.
    RedirectLoop,
    /// An answer never comes.
    Silence,
    /// A status, with an error body.
    Status { status: u16, times: usize },
    /// 429 with this `Retry-After`.
    Throttle {
        retry_after: Option<&'static str>,
        times: usize,
    },
    /// This `Content-Type` for manifests.
    Type(&'static str),
}

/// A kind of request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `/v2/`.
    Ping,
    /// HEAD of a manifest.
    Head,
    /// GET of a manifest.
    Get,
    /// GET of a blob.
    Blob,
    /// A list: tags, referrers.
    List,
    /// A token, by GET or POST.
    Token,
    /// Anything else.
    Other,
}

/// A request that a test registry got.
#[derive(Clone, Debug)]
pub struct Seen {
    pub kind: Kind,
    pub host: String,
    pub path: String,
    pub query: String,
    pub authorization: Option<String>,
    pub accept: String,
    pub form: String,
    pub http2: bool,
    pub status: u16,
}

/// A running registry.
#[derive(Debug)]
pub struct TestRegistry {
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    ca_pem: Option<String>,
}

#[derive(Debug)]
struct State {
    setup: Setup,
    address: SocketAddr,
    seen: Mutex<Vec<Seen>>,
    content: content::Store,
    guard: guard::Guard,
    faults: Mutex<Vec<Fault>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

impl TestRegistry {
    /// Starts a registry that holds every tag.
    pub fn any() -> Self {
        Self::start(Setup::default())
    }

    /// Starts a registry.
    pub fn start(setup: Setup) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("an address");
        let (acceptor, ca_pem) = if setup.tls {
            let (acceptor, pem) = tls::acceptor(setup.shows_authority);
            (Some(acceptor), Some(pem))
        } else {
            (None, None)
        };
        let state = Arc::new(State {
            address,
            seen: Mutex::default(),
            content: content::Store::new(setup.content.clone()),
            guard: guard::Guard::default(),
            faults: Mutex::new(setup.faults.clone()),
            in_flight: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            setup,
        });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, acceptor, served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            state,
            stop: Some(stop),
            thread: Some(thread),
            ca_pem,
        }
    }

    /// Host and port, as references use them.
    pub fn host(&self) -> String {
        self.state.address.to_string()
    }

    /// The address that paths are appended to.
    pub fn url(&self) -> String {
        self.state.url()
    }

    /// The certificate authority, if the registry speaks TLS.
    pub fn ca_pem(&self) -> &str {
        self.ca_pem.as_deref().expect("a registry with TLS")
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().expect("no panic in the registry").clone()
    }

    /// How many requests of a kind there were.
    pub fn count(&self, kind: Kind) -> usize {
        self.seen().iter().filter(|seen| seen.kind == kind).count()
    }

    /// How many requests there were.
    pub fn total(&self) -> usize {
        self.seen().len()
    }

    /// The most requests that were in flight at once.
    pub fn peak(&self) -> usize {
        self.state.peak.load(Ordering::Acquire)
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn url(&self) -> String {
        let scheme = if self.setup.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Takes the first fault that `choose` knows, once less often from now on.
    fn fault<T>(&self, choose: impl Fn(&mut Fault) -> Option<T>) -> Option<T> {
        if self.seen.lock().expect("no panic in the registry").len() < self.setup.calm {
            return None;
        }
        self.faults
            .lock()
            .expect("no panic in the registry")
            .iter_mut()
            .find_map(choose)
    }
}

async fn accept(listener: std::net::TcpListener, acceptor: Option<TlsAcceptor>, state: Arc<State>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, state: Arc<State>) {
    stream.set_nodelay(true).expect("a socket");
    let service = service_fn(move |request| answer::answer(Arc::clone(&state), request));
    let server = auto::Builder::new(TokioExecutor::new());
    // What breaks a connection is seen by the client; the registry goes on.
    match acceptor {
        None => drop(server.serve_connection(TokioIo::new(stream), service).await),
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            }
        }
    }
}
