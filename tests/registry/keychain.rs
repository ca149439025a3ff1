//! Credential files and helpers, as a registry meets them.
#![cfg(unix)]

use std::time::Duration;

use futures_util::future::join_all;
use kship::registry::{Client, Environment, Error, Keychain, Options, Times};

use crate::support::layout::Folder;
use crate::support::registry::{Auth, Setup, TestRegistry};
use crate::{explain, options, resolve};

fn start() -> TestRegistry {
    TestRegistry::start(Setup {
        auth: Auth::BearerFor("me", "hunter2"),
        ..Setup::default()
    })
}

/// A client with this `config.json`, and a helper named `test` that runs these lines of shell.
fn client(folder: &Folder, config: &str, helper: &str) -> Client {
    Client::new(with_helper(folder, config, helper))
}

fn with_helper(folder: &Folder, config: &str, helper: &str) -> Options {
    folder.write("docker/config.json", config.as_bytes());
    folder.write("bin/behaviour", helper.as_bytes());
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/registry/docker-credential-test");
    std::os::unix::fs::symlink(program, folder.path().join("bin/docker-credential-test")).expect("a link");
    let environment = Environment {
        docker_config: Some(folder.path().join("docker")),
        path: Some(folder.path().join("bin").to_string()),
        ..Environment::default()
    };
    Options {
        keychain: Keychain::new(Vec::new(), environment),
        ..options()
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_and_not_absent() {
    let (registry, folder) = (start(), Folder::new());
    let path = folder.path().join("config.json");
    std::os::unix::fs::symlink(&path, &path).unwrap();
    let client = |docker_config: &camino::Utf8Path| {
        let environment = Environment {
            docker_config: Some(docker_config.to_owned()),
            ..Environment::default()
        };
        Client::new(Options {
            keychain: Keychain::new(Vec::new(), environment),
            ..options()
        })
    };
    let reference = format!("{}/a:1", registry.host());
    let error = resolve(&client(folder.path()), &reference).await.unwrap_err();
    assert!(matches!(error, Error::Keychain(_)), "{error}");
    assert!(explain(&error).contains(path.as_str()), "{}", explain(&error));
    let error = resolve(&client(&folder.path().join("absent")), &reference)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
}

#[tokio::test]
async fn a_password_is_found_by_the_repositorys_path() {
    let (registry, folder) = (start(), Folder::new());
    // base64 of "me:hunter2".
    let config = format!(
        r#"{{"auths": {{"{0}": {{"username": "me", "password": "wrong"}}, "{0}/team": {{"auth": "bWU6aHVudGVyMg=="}}}}}}"#,
        registry.host()
    );
    let client = client(&folder, &config, "");
    resolve(&client, &format!("{}/team/app:1", registry.host()))
        .await
        .unwrap();
    let error = resolve(&client, &format!("{}/other/app:1", registry.host()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }));
    assert!(!explain(&error).contains("wrong"));
}

#[tokio::test]
async fn a_helper_is_called_once_for_a_host() {
    let (registry, folder) = (start(), Folder::new());
    let log = folder.path().join("log");
    let helper = format!("cat >>{log}; echo \" $1\" >>{log}; echo '{{\"Username\":\"me\",\"Secret\":\"hunter2\"}}'");
    let config = format!(
        r#"{{"credHelpers": {{"{}": "test"}}, "credsStore": "absent"}}"#,
        registry.host()
    );
    let client = client(&folder, &config, &helper);
    let references: Vec<String> = (0..5).map(|n| format!("{}/app{n}:1", registry.host())).collect();
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(
        std::fs::read_to_string(log).unwrap(),
        format!("{} get\n", registry.host())
    );
}

#[tokio::test]
async fn a_helper_without_credentials_means_anonymous() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        ..Setup::default()
    });
    let folder = Folder::new();
    let client = client(
        &folder,
        r#"{"credsStore": "test"}"#,
        "echo credentials not found in native keychain; exit 1",
    );
    resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap();
    assert!(
        registry
            .seen()
            .iter()
            .all(|seen| !seen.authorization.as_deref().unwrap_or("").starts_with("Basic"))
    );
}

#[tokio::test]
async fn helpers_that_fail_are_named() {
    let answer = async |config: &str, helper: &str| {
        let (registry, folder) = (start(), Folder::new());
        let client = client(&folder, config, helper);
        let error = resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap_err();
        explain(&error).replace(&registry.host(), "HOST")
    };
    let store = r#"{"credsStore": "test"}"#;
    assert_eq!(
        answer(store, "echo the keychain is locked; exit 2").await,
        "credential helper `docker-credential-test` failed for `HOST`: the keychain is locked"
    );
    assert_eq!(
        answer(store, "echo hunter2").await,
        "credential helper `docker-credential-test` gave no valid answer for `HOST`"
    );
    assert_eq!(
        answer(r#"{"credsStore": "absent"}"#, "").await,
        "credential helper `docker-credential-absent` cannot be run: it is in no folder of PATH"
    );
}

#[tokio::test]
async fn a_helper_that_does_not_end_is_ended() {
    let (registry, folder) = (start(), Folder::new());
    let client = Client::new(Options {
        times: Times {
            helper: Duration::from_millis(20),
            ..options().times
        },
        ..with_helper(&folder, r#"{"credsStore": "test"}"#, "exec sleep 600")
    });
    let error = resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "credential helper `docker-credential-test` did not answer for `{}` within 0.02 seconds",
            registry.host()
        )
    );
}

#[tokio::test]
async fn a_broken_file_matters_only_where_credentials_are_needed() {
    let folder = Folder::new();
    let client = client(&folder, "{\"auths\": \"hunter2\"}", "");
    let open = TestRegistry::any();
    resolve(&client, &format!("{}/a:1", open.host())).await.unwrap();
    let closed = start();
    let error = resolve(&client, &format!("{}/a:1", closed.host())).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "{}/docker/config.json is not valid, at line 1, column 19: expected JSON with `auths`",
            folder.path()
        )
    );
}
