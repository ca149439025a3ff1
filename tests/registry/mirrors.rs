//! Mirrors of `registries.conf`.

use camino::Utf8Path;
use kship::registry::{Client, Error, Mirrors, Options};

use crate::support::registry::{Auth, Fault, Setup, TestRegistry};
use crate::{digest_of, explain, login, options, resolve};

fn client(text: &str) -> Client {
    Client::new(Options {
        mirrors: Mirrors::parse(text, Utf8Path::new("registries.conf")).expect("a registries.conf"),
        ..options()
    })
}

#[tokio::test]
async fn a_mirror_is_asked_first_and_the_registry_after_it() {
    let (mirror, registry) = (TestRegistry::any(), TestRegistry::any());
    let broken = TestRegistry::start(Setup {
        faults: vec![Fault::Status {
            status: 404,
            times: usize::MAX,
        }],
        ..Setup::default()
    });
    let text = |first: &TestRegistry| {
        format!(
            "[[registry]]\nprefix = \"registry.test/team\"\nlocation = \"{}/own\"\n[[registry.mirror]]\nlocation = \"{}/cache\"\n",
            registry.host(),
            first.host()
        )
    };
    let resolved = resolve(&client(&text(&mirror)), "registry.test/team/app:1")
        .await
        .unwrap();
    assert_eq!(resolved.digest, digest_of("cache/app", "1"));
    assert_eq!((mirror.total(), registry.total()), (1, 0));

    let resolved = resolve(&client(&text(&broken)), "registry.test/team/app:1")
        .await
        .unwrap();
    assert_eq!(resolved.digest, digest_of("own/app", "1"));
    assert_eq!((broken.total(), registry.total()), (1, 1));
}

#[tokio::test]
async fn a_mirror_gets_no_credentials_of_the_registry() {
    let mirror = TestRegistry::start(Setup {
        auth: Auth::Basic("me", "hunter2"),
        ..Setup::default()
    });
    let registry = TestRegistry::any();
    let (_folder, keychain) = login(&registry.host(), "me", "hunter2");
    let text = format!(
        "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
        registry.host(),
        mirror.host()
    );
    let client = Client::new(Options {
        keychain,
        mirrors: Mirrors::parse(&text, Utf8Path::new("registries.conf")).unwrap(),
        ..options()
    });
    resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap();
    assert_eq!((mirror.total(), registry.total()), (1, 1));
    assert!(mirror.seen()[0].authorization.is_none());
}

#[tokio::test]
async fn the_last_failure_names_the_reference_as_written() {
    let registry = TestRegistry::start(Setup {
        faults: vec![Fault::Html],
        ..Setup::default()
    });
    let text = format!(
        "[[registry]]\nprefix = \"registry.test\"\nlocation = \"{}\"\n",
        registry.host()
    );
    let error = resolve(&client(&text), "registry.test/a:1").await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry answered `registry.test/a:1` (asked {}) with an HTML page: expected a manifest",
            registry.host()
        )
    );
}

#[tokio::test]
async fn what_is_blocked_is_not_asked() {
    let client = client("[[registry]]\nprefix = \"*.test\"\nblocked = true\n");
    let error = resolve(&client, "a.registry.test/a:1").await.unwrap_err();
    assert!(matches!(error, Error::Blocked { .. }));
    assert_eq!(explain(&error), "registries.conf blocks `a.registry.test/a:1`");
}
