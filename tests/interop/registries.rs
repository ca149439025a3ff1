//! Real registries on loopback, each with the same images in it.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::peers::{self, Home, Server};
use crate::tokens::TokenServer;

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse";
/// The password, as `htpasswd -B` writes it.
const HTPASSWD: &str = "alice:$2a$04$vCBSQiHRxuSPpo9HRyEh/eTQh8lCY5Ch1iCAvT82EKGst/oMnWkfC\n";

/// What every registry holds: one of each kind of manifest, and names of every shape.
pub(crate) const IMAGES: &[&str] = &[
    "shop/web:1.4.2",
    "shop/web:arm64",
    "shop/api:2025-01-31_rc.1",
    "shop/oci:v1",
    "shop/oci:arm64",
    "shop/multi:1",
    "shop/multi-oci:latest",
    "shop/spaced:1",
    "one:1",
    "a/b/c-d/e__f/g.h:i",
];

/// Who may read the registry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Access {
    Anyone,
    Basic,
    Token,
}

/// A registry, and a home whose user may read it.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) crane: PathBuf,
    /// The certificate authority, if the registry speaks TLS.
    pub(crate) ca: Option<PathBuf>,
    server: Server,
}

impl World {
    /// The registry that crane brings along.
    pub(crate) fn crane() -> Result<Self, String> {
        let home = Home::new();
        let crane = peers::tool("crane")?;
        let mut command = home.command(&crane);
        command.args(["registry", "serve", "--address", "127.0.0.1:0"]);
        let server = Server::start(&mut command, "serving on port ");
        let ca = None;
        Ok(Self {
            home,
            crane,
            ca,
            server,
        })
    }

    /// Debian's `docker-registry`.
    pub(crate) fn docker(access: Access, tls: bool) -> Result<Self, String> {
        let registry = peers::program("docker-registry")?;
        let crane = peers::tool("crane")?;
        let mut home = Home::new();
        let authority = tls.then(Authority::new);
        let mut config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\n",
            home.path().join("storage").display()
        );
        config.push_str(&match access {
            Access::Anyone => String::new(),
            Access::Basic => {
                let file = home.file("htpasswd", HTPASSWD);
                format!("auth: {{htpasswd: {{realm: tests, path: '{}'}}}}\n", file.display())
            }
            Access::Token => {
                let tls = authority.as_ref().map(Authority::server_config);
                TokenServer::start(USER, PASSWORD, tls).section(&home)
            }
        });
        config.push_str("http:\n  addr: 127.0.0.1:0\n  secret: of the tests\n");
        let ca = authority.map(|authority| {
            let (certificate, key) = authority.leaf();
            let certificate = home.file("server.pem", certificate.pem());
            let key = home.file("server.key", key.serialize_pem());
            config.push_str(&format!(
                "  tls: {{certificate: '{}', key: '{}'}}\n",
                certificate.display(),
                key.display()
            ));
            let ca = home.file("ca.pem", authority.certificate.pem());
            home.set("SSL_CERT_FILE", &ca);
            ca
        });
        let config = home.file("registry.yml", config);
        let mut command = home.command(&registry);
        let server = Server::start(command.arg("serve").arg(config), "listening on 127.0.0.1:");
        if access != Access::Anyone {
            let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
            home.file(
                "config.json",
                json!({"auths": {server.host(): {"auth": auth}}}).to_string(),
            );
        }
        Ok(Self {
            home,
            crane,
            ca,
            server,
        })
    }

    /// The host and port that references name.
    pub(crate) fn host(&self) -> String {
        self.server.host()
    }

    /// The name of an image in this registry.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("{}/{image}", self.server.host())
    }

    /// What crane says that an image's digest is.
    pub(crate) fn crane_digest(&self, reference: &str) -> String {
        self.home.run(&self.crane, &["digest", reference])
    }

    /// Makes the images with crane.
    pub(crate) fn fill(&self) {
        let layer = self.home.file("layer.tar", empty_archive());
        let layer = layer.to_str().unwrap();
        let name = |image: &str| self.name(image);
        let crane = |arguments: &[&str]| self.home.run(&self.crane, arguments);
        crane(&["append", "-f", layer, "-t", &name("shop/web:1.4.2")]);
        crane(&["append", "--oci-empty-base", "-f", layer, "-t", &name("shop/oci:v1")]);
        for (from, to, label) in [
            ("shop/web:1.4.2", "shop/api:2025-01-31_rc.1", "image=api"),
            ("shop/web:1.4.2", "one:1", "image=one"),
            ("shop/oci:v1", "a/b/c-d/e__f/g.h:i", "image=deep"),
        ] {
            crane(&["copy", &name(from), &name(to)]);
            crane(&["mutate", &name(to), "--label", label, "-t", &name(to)]);
        }
        for (from, to) in [("shop/web:1.4.2", "shop/web:arm64"), ("shop/oci:v1", "shop/oci:arm64")] {
            crane(&["mutate", &name(from), "--set-platform", "linux/arm64", "-t", &name(to)]);
        }
        for (index, one, other, base) in [
            (
                "shop/multi:1",
                "shop/web:1.4.2",
                "shop/web:arm64",
                "--docker-empty-base=true",
            ),
            (
                "shop/multi-oci:latest",
                "shop/oci:v1",
                "shop/oci:arm64",
                "--docker-empty-base=false",
            ),
        ] {
            crane(&[
                "index",
                "append",
                base,
                "-m",
                &name(one),
                "-m",
                &name(other),
                "-t",
                &name(index),
            ]);
        }
        self.put_spaced();
    }

    /// Copies the images from another registry, digests and all.
    pub(crate) fn fill_from(&self, other: &Self) {
        for image in IMAGES {
            // Both hosts are loopback; the credentials of this home are those of this registry.
            self.home
                .run(&self.crane, &["copy", &other.name(image), &self.name(image)]);
        }
    }

    /// A manifest that nobody's JSON writer would make: a digest is that of bytes, not of their meaning.
    fn put_spaced(&self) {
        let manifest = self.home.run(&self.crane, &["manifest", &self.name("shop/oci:v1")]);
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let body = serde_json::to_string_pretty(&manifest).unwrap().replace('\n', "\r\n\t") + "\n\n";
        self.home.run(
            &self.crane,
            &["copy", &self.name("shop/oci:v1"), &self.name("shop/spaced:1")],
        );
        let address = format!("http://{}/v2/shop/spaced/manifests/1", self.server.host());
        let request = reqwest::Client::new()
            .put(address)
            .header("Content-Type", manifest["mediaType"].as_str().unwrap())
            .body(body);
        let answer = crate::block_on(request.send()).unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self { certificate, issuer }
    }

    fn leaf(&self) -> (Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        // The authority's default name is the leaf's too, and a certificate of one's own name counts as self-signed.
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "registry of the tests");
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        let (certificate, key) = self.leaf();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

/// A tar archive without entries: two blocks of zeros.
fn empty_archive() -> Vec<u8> {
    vec![0; 1024]
}
