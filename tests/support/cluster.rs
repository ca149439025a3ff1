//! The API server of a cluster on a free port of this machine, with the sealed-secrets controller behind it.
//!
//! It runs on a thread of its own until it is dropped, and remembers every request. What it answers is a function of the test.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A request that the server got.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A body with its status.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The API server's own words.
    pub fn status(status: u16, message: &str) -> Self {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status,
        });
        Self::new(status, body.to_string())
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Handler = dyn Fn(&Seen) -> Reply + Send + Sync;

/// Certificates of a server with TLS.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The authority.
    pub ca: String,
    /// A client's certificate and its key.
    pub client: (String, String),
}

/// A running API server.
pub struct ApiServer {
    address: SocketAddr,
    pki: Option<Pki>,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ApiServer {
    /// Starts a server without TLS.
    pub fn plain(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, handler)
    }

    /// Starts a server with TLS; it asks for a certificate of its clients, and can do without.
    pub fn tls(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let (acceptor, pki) = acceptor();
        Self::start(Some((acceptor, pki)), handler)
    }

    fn start(tls: Option<(TlsAcceptor, Pki)>, handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Handler> = Arc::new(handler);
        let (stop, stopped) = oneshot::channel();
        let (acceptor, pki) = tls.unzip();
        let log = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, acceptor, handler, log) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            pki,
            seen,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The address.
    pub fn url(&self) -> String {
        let scheme = if self.pki.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificates of a server with TLS.
    pub fn pki(&self) -> &Pki {
        self.pki.as_ref().expect("a server with TLS")
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic in the server").clone()
    }

    /// Method and path of every request so far.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// A kubeconfig that reaches it, with more fields of the user.
    pub fn kubeconfig(&self, user: &str) -> String {
        let authority = match &self.pki {
            Some(_) => ", certificate-authority: ca.pem",
            None => "",
        };
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts:\n- name: test\n  context: {{cluster: c, user: u}}\n\
             clusters:\n- name: c\n  cluster: {{server: '{}'{authority}}}\nusers:\n- name: u\n  user: {user}\n",
            self.url()
        )
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(
    listener: std::net::TcpListener,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<Handler>,
    log: Arc<Mutex<Vec<Seen>>>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, handler, log) = (acceptor.clone(), Arc::clone(&handler), Arc::clone(&log));
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            match acceptor {
                None => {
                    let service =
                        service_fn(move |request| answer(request, false, Arc::clone(&handler), Arc::clone(&log)));
                    drop(server.serve_connection(TokioIo::new(stream), service).await);
                }
                Some(acceptor) => {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let known = stream.get_ref().1.peer_certificates().is_some();
                    let service =
                        service_fn(move |request| answer(request, known, Arc::clone(&handler), Arc::clone(&log)));
                    drop(server.serve_connection(TokioIo::new(stream), service).await);
                }
            }
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    known: bool,
    handler: Arc<Handler>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    if known {
        headers.push(("client-certificate".to_owned(), "yes".to_owned()));
    }
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes().to_vec())
        .unwrap_or_default();
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers,
        body,
    };
    log.lock().expect("no panic in the server").push(seen.clone());
    let reply = handler(&seen);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(reply.body.into())).expect("an answer"))
}

fn acceptor() -> (TlsAcceptor, Pki) {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let issue = |names: Vec<String>| {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(names)
            .and_then(|parameters| parameters.signed_by(&key, &authority))
            .expect("a certificate");
        (certificate, key)
    };
    let (certificate, key) = issue(names.to_vec());
    let (client, client_key) = issue(vec!["client.example.com".to_owned()]);
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("an authority");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .expect("a verifier");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate with its key");
    let pki = Pki {
        ca: authority.pem(),
        client: (client.pem(), client_key.serialize_pem()),
    };
    (TlsAcceptor::from(Arc::new(config)), pki)
}
