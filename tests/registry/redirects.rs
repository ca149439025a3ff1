//! Redirects: followed, but never with credentials to another host.

use kship::registry::{Client, Options, Registry};

use crate::support::registry::{Auth, Fault, Kind, Setup, TestRegistry};
use crate::{client, digest_of, explain, login, options, pinned, resolve};

fn start(auth: Auth, fault: Fault) -> TestRegistry {
    TestRegistry::start(Setup {
        auth,
        faults: vec![fault],
        ..Setup::default()
    })
}

#[tokio::test]
async fn credentials_stay_at_home() {
    let other = TestRegistry::any();
    let registry = start(Auth::Bearer, Fault::Redirect(other.url()));
    let resolved = resolve(&client(), &format!("{}/a:1", registry.host())).await.unwrap();
    assert_eq!(resolved.digest, digest_of("a", "1"));
    let seen = other.seen();
    assert_eq!(
        (seen.len(), seen[0].kind, seen[0].authorization.clone()),
        (1, Kind::Head, None)
    );
    assert!(registry.seen().last().unwrap().authorization.is_some());
}

#[tokio::test]
async fn a_strangers_challenge_gets_no_credentials() {
    let other = start(Auth::Basic("me", "hunter2"), Fault::LinkLoop);
    let registry = start(Auth::Open, Fault::Redirect(other.url()));
    let (_folder, keychain) = login(&registry.host(), "me", "hunter2");
    let client = Client::new(Options { keychain, ..options() });
    let error = resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!("registry denies access to `{}/a:1`: 401 Unauthorized", registry.host())
    );
    assert!(
        other
            .seen()
            .iter()
            .chain(&registry.seen())
            .all(|seen| seen.authorization.is_none())
    );
    assert_eq!((other.total(), registry.total()), (1, 1));
}

#[tokio::test]
async fn the_way_back_is_without_credentials() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        ..Setup::default()
    });
    // Back to the first host, where a credential would open what the stranger chose.
    let there = start(Auth::Open, Fault::Redirect(registry.url()));
    let here = start(Auth::Bearer, Fault::Redirect(there.url()));
    let error = resolve(&client(), &format!("{}/a:1", here.host())).await.unwrap_err();
    assert!(explain(&error).contains("401"), "{}", explain(&error));
    assert!(registry.seen().iter().all(|seen| seen.authorization.is_none()));
}

#[tokio::test]
async fn credentials_go_along_on_the_same_host() {
    let registry = start(Auth::Bearer, Fault::RedirectHere);
    let client = client();
    resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap();
    let manifest = client
        .manifest(&pinned(&format!("{}/a", registry.host()), &digest_of("a", "1")))
        .await
        .unwrap();
    assert!(manifest.media_type.is_index());
    let seen = registry.seen();
    let elsewhere: Vec<(Kind, bool)> = seen
        .iter()
        .filter(|seen| seen.path.starts_with("/elsewhere"))
        .map(|seen| (seen.kind, seen.authorization.is_some()))
        .collect();
    assert_eq!(elsewhere, [(Kind::Head, true), (Kind::Get, true)]);
}

#[tokio::test]
async fn circles_end() {
    let registry = start(Auth::Open, Fault::RedirectLoop);
    let error = resolve(&client(), &format!("{}/a:1", registry.host()))
        .await
        .unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry redirects `{}/a:1` more often than is followed, perhaps in a circle",
            registry.host()
        )
    );
    assert_eq!(registry.total(), kship::limits::REDIRECTS + 1);
}

#[tokio::test]
async fn bad_places_are_not_followed() {
    for (base, problem) in [
        ("http://registry.test", "to another host without TLS"),
        (
            "https://user:password@registry.test",
            "to an address with a user name in it",
        ),
        ("ftp://registry.test", "to an address that is neither https nor http"),
        ("http://[broken", "without saying where to"),
    ] {
        let registry = start(Auth::Open, Fault::Redirect(base.to_owned()));
        let error = resolve(&client(), &format!("{}/a:1", registry.host()))
            .await
            .unwrap_err();
        assert_eq!(
            explain(&error),
            format!("registry redirects `{}/a:1` {problem}", registry.host())
        );
    }
}
