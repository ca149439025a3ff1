//! TLS, and where it is not needed.

use std::process::Command;

use camino::Utf8PathBuf;
use kship::registry::{Client, Error, Options};

use crate::support::layout::Folder;
use crate::support::registry::{Auth, Setup, TestRegistry};
use crate::{client, explain, options, resolve};

fn start() -> TestRegistry {
    TestRegistry::start(Setup {
        auth: Auth::Bearer,
        tls: true,
        ..Setup::default()
    })
}

fn trusting(files: Vec<Utf8PathBuf>) -> Client {
    Client::new(Options {
        ca_files: files,
        ..options()
    })
}

#[tokio::test]
async fn an_authority_of_the_user_is_trusted() {
    let registry = start();
    let folder = Folder::new();
    let client = trusting(vec![folder.write("ca.pem", registry.ca_pem().as_bytes())]);
    resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap();
    let seen = registry.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.http2));
}

#[tokio::test]
async fn an_unknown_authority_is_refused_at_once_and_nothing_is_sent() {
    let registry = start();
    let other = TestRegistry::start(Setup {
        tls: true,
        ..Setup::default()
    });
    let folder = Folder::new();
    let client = trusting(vec![folder.write("ca.pem", other.ca_pem().as_bytes())]);
    let error = resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }));
    assert!(
        explain(&error).contains("invalid peer certificate"),
        "{}",
        explain(&error)
    );
    assert_eq!(registry.total(), 0);
}

/// Apple's and Microsoft's systems verify with libraries of their own.
#[cfg(not(any(target_vendor = "apple", windows)))]
#[tokio::test]
async fn a_server_that_shows_its_authority_is_refused_in_plain_words() {
    let registry = TestRegistry::start(Setup {
        tls: true,
        shows_authority: true,
        ..Setup::default()
    });
    let folder = Folder::new();
    let client = trusting(vec![folder.write("ca.pem", registry.ca_pem().as_bytes())]);
    for tag in ["1", "2"] {
        let reference = format!("{}/a:{tag}", registry.host());
        assert_eq!(
            explain(&resolve(&client, &reference).await.unwrap_err()),
            format!(
                "no connection to `{reference}`, for its certificate is that of an authority (CA:TRUE): \
                 expected a server's own"
            )
        );
    }
    assert_eq!(registry.total(), 0);
}

#[tokio::test]
async fn ca_files_are_read_only_where_tls_is_spoken() {
    let folder = Folder::new();
    let (absent, broken) = (
        folder.path().join("absent.pem"),
        folder.write("ca.pem", b"no certificate"),
    );
    let (plain, secure) = (TestRegistry::any(), start());
    let client = trusting(vec![absent.clone()]);
    resolve(&client, &format!("{}/a:1", plain.host())).await.unwrap();
    let error = resolve(&client, &format!("{}/a:1", secure.host())).await.unwrap_err();
    assert!(explain(&error).contains(absent.as_str()), "{}", explain(&error));
    let error = resolve(&trusting(vec![broken.clone()]), &format!("{}/a:1", secure.host()))
        .await
        .unwrap_err();
    assert_eq!(
        explain(&error),
        format!("{broken} is no CA file: expected certificates in PEM form")
    );
}

/// `0.0.0.0` leads to this machine, but is no loopback address.
#[tokio::test]
async fn plain_http_is_for_loopback_hosts_and_those_that_are_named() {
    let registry = TestRegistry::any();
    let reference = format!("{}/a:1", registry.host().replace("127.0.0.1", "0.0.0.0"));
    // Without an authority of its own this machine may have none at all, which is an error too.
    assert!(resolve(&client(), &reference).await.is_err());
    assert_eq!(registry.total(), 0);
    for named in ["0.0.0.0".to_owned(), registry.host().replace("127.0.0.1", "0.0.0.0")] {
        let client = Client::new(Options {
            plain_http: vec![named],
            ..options()
        });
        resolve(&client, &reference).await.unwrap();
    }
}

/// Only systems that keep their certificate authorities in files can be told to have none.
#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn a_machine_without_authorities_is_a_clear_error_where_tls_is_needed() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "tls::without_authorities"])
        .env("SSL_CERT_FILE", "/absent")
        .env("SSL_CERT_DIR", "/absent")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    // A child that finds no test of that name succeeds as well.
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "run by the test above, without certificate authorities"]
async fn without_authorities() {
    let (plain, secure) = (TestRegistry::any(), start());
    resolve(&client(), &format!("{}/a:1", plain.host())).await.unwrap();
    let reference = format!("{}/a:1", secure.host());
    assert_eq!(
        explain(&resolve(&client(), &reference).await.unwrap_err()),
        format!(
            "no connection to `{reference}`, for TLS cannot be set up: No CA certificates were loaded from the system"
        )
    );
    let folder = Folder::new();
    let client = trusting(vec![folder.write("ca.pem", secure.ca_pem().as_bytes())]);
    resolve(&client, &reference).await.unwrap();
}

#[tokio::test]
async fn names_of_this_machine_are_loopback_too() {
    let registry = TestRegistry::any();
    let reference = format!("{}/a:1", registry.host().replace("127.0.0.1", "localhost"));
    resolve(&client(), &reference).await.unwrap();
}

#[test]
fn proxies_of_the_environment_are_used_but_not_for_loopback_hosts() {
    let proxy = TestRegistry::any();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "tls::behind_a_proxy"])
        .env("HTTP_PROXY", proxy.url())
        .env("http_proxy", proxy.url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    // A child that finds no test of that name succeeds as well.
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
    let asked: Vec<String> = proxy
        .seen()
        .iter()
        .map(|seen| format!("{}{}", seen.host, seen.path))
        .collect();
    assert_eq!(
        asked,
        [
            "registry.invalid/v2/proxied/manifests/1",
            "registry-1.docker.io/v2/library/nginx/manifests/1"
        ]
    );
}

#[tokio::test]
#[ignore = "run by the test above, with a proxy in its environment"]
async fn behind_a_proxy() {
    let client = Client::new(Options {
        plain_http: vec!["registry.invalid".to_owned(), "registry-1.docker.io".to_owned()],
        ..options()
    });
    resolve(&client, "registry.invalid/proxied:1").await.unwrap();
    // Docker Hub's API has another name than the Hub.
    resolve(&client, "nginx:1").await.unwrap();
    let registry = TestRegistry::any();
    resolve(&client, &format!("{}/direct:1", registry.host()))
        .await
        .unwrap();
    assert_eq!(registry.total(), 1);
}
