//! A token server as registries know it (distribution's `spec/auth/jwt.md`): Basic credentials in, a signed scope out.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{Certificate, CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::peers::Home;

pub(crate) const SERVICE: &str = "registry of the tests";
pub(crate) const ISSUER: &str = "tokens of the tests";

/// The thread ends with the test's process: it holds nothing that outlives it.
pub(crate) struct TokenServer {
    port: u16,
    tls: bool,
    certificate: Certificate,
}

struct Signer {
    key: EcdsaKeyPair,
    certificate: String,
    credentials: String,
}

impl TokenServer {
    /// Starts the server; who has these Basic credentials gets whatever is asked for.
    pub(crate) fn start(user: &str, password: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
        let signer = Signer {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).unwrap(),
            certificate: STANDARD.encode(certificate.der()),
            credentials: format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            tls: tls.is_some(),
            certificate,
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away takes its connection with it, not the server.
                let _ = match &tls {
                    Some(tls) => answer(
                        StreamOwned::new(ServerConnection::new(tls.clone()).unwrap(), stream),
                        &signer,
                    ),
                    None => answer(stream, &signer),
                };
            }
        });
        server
    }

    /// The `auth` section of a docker-registry that believes this server.
    pub(crate) fn section(&self, home: &Home) -> String {
        let bundle = home.file("tokens.pem", self.certificate.pem());
        let scheme = if self.tls { "https" } else { "http" };
        // By name: crane refuses a realm that is a loopback address (go-containerregistry issue 2258).
        let realm = format!("{scheme}://localhost:{}/token", self.port);
        section(&realm, &bundle)
    }
}

fn section(realm: &str, bundle: &Path) -> String {
    let bundle = bundle.display();
    format!(
        "auth: {{token: {{realm: '{realm}', service: '{SERVICE}', issuer: '{ISSUER}', rootcertbundle: '{bundle}'}}}}\n"
    )
}

trait Stream: Read + Write {}
impl Stream for TcpStream {}
impl Stream for StreamOwned<ServerConnection, TcpStream> {}

fn answer(stream: impl Stream, signer: &Signer) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let (status, body) = reply(&head, signer);
    let body = body.to_string();
    let length = body.len();
    write!(
        stream.get_mut(),
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    stream.get_mut().flush()
}

fn reply(head: &[String], signer: &Signer) -> (&'static str, Value) {
    let target = head.first().and_then(|line| line.strip_prefix("GET "));
    let Some(target) = target.and_then(|rest| rest.split(' ').next()) else {
        return ("405 Method Not Allowed", json!({}));
    };
    let authorized = head.iter().any(|line| {
        line.split_once(": ")
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case("authorization") && value == signer.credentials)
    });
    if !authorized {
        return ("401 Unauthorized", json!({"errors": [{"code": "UNAUTHORIZED"}]}));
    }
    let address = url::Url::parse("http://127.0.0.1").unwrap().join(target).unwrap();
    let access: Vec<Value> = address
        .query_pairs()
        .filter(|(name, _)| name == "scope")
        .flat_map(|(_, scopes)| scopes.split(' ').filter_map(grant).collect::<Vec<_>>())
        .collect();
    ("200 OK", json!({"token": signer.token(&access), "expires_in": 300}))
}

/// `repository:shop/web:pull,push`
fn grant(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

impl Signer {
    fn token(&self, access: &[Value]) -> String {
        #[expect(
            clippy::disallowed_methods,
            reason = "the registry of the tests has the machine's clock too"
        )]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let minute = Duration::from_secs(60);
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": SERVICE, "jti": "1", "access": access,
            "iat": now.as_secs(), "nbf": (now - minute).as_secs(), "exp": (now + 5 * minute).as_secs(),
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
