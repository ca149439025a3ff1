//! Tags and referrers: lists in pages.

use kship::Digest;
use kship::oci::Repository;
use kship::registry::{Client, Error, Registry};
use serde_json::json;

use crate::support::layout::{Folder, INDEX, MANIFEST, manifest, referrer};
use crate::support::registry::{Auth, Content, Fault, Kind, Setup, TestRegistry};
use crate::{client, explain, pinned};

async fn tags(client: &Client, registry: &TestRegistry) -> Result<Vec<String>, Error> {
    let repository: Repository = format!("{}/a", registry.host()).parse().expect("a repository");
    client.tags(&repository).await
}

#[tokio::test]
async fn tags_are_read_page_by_page() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        page: Some(2),
        ..Setup::default()
    });
    assert_eq!(tags(&client(), &registry).await.unwrap(), ["1", "2", "3", "4", "5"]);
    // 401 and three pages.
    assert_eq!((registry.count(Kind::List), registry.count(Kind::Token)), (4, 1));
}

#[tokio::test]
async fn a_list_without_end_is_left() {
    let registry = TestRegistry::start(Setup {
        faults: vec![Fault::LinkLoop],
        ..Setup::default()
    });
    let error = tags(&client(), &registry).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry answered `{}/a` with a list without end: expected a list of at most 100 pages",
            registry.host()
        )
    );
}

#[tokio::test]
async fn an_absent_repository_has_no_tags_to_list() {
    let folder = Folder::new();
    let registry = TestRegistry::start(Setup {
        content: Content::Folder(folder.path().into()),
        ..Setup::default()
    });
    let error = tags(&client(), &registry).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }));
    assert_eq!(
        explain(&error),
        format!(
            "registry has no `{}/a`: 404 Not Found, NAME_UNKNOWN: repository name not known to registry",
            registry.host()
        )
    );
}

#[tokio::test]
async fn referrers_come_from_the_api_page_by_page() {
    let registry = TestRegistry::start(Setup {
        referrers: true,
        page: Some(1),
        ..Setup::default()
    });
    let reference = pinned(&format!("{}/a", registry.host()), &Digest::of(b"image"));
    let referrers = client().referrers(&reference).await.unwrap();
    assert_eq!(
        (referrers.len(), registry.count(Kind::List), registry.total()),
        (3, 3, 3)
    );
}

#[tokio::test]
async fn referrers_come_from_the_tag_where_there_is_no_api() {
    let folder = Folder::new();
    let image = folder.add("a", Some("1"), &manifest("image"));
    let signature = folder.add("a", None, &referrer("signature", &image));
    let entry = json!({"mediaType": MANIFEST, "digest": signature, "size": 1});
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    folder.add("a", Some(&format!("sha256-{}", image.hex())), &list);
    let registry = TestRegistry::start(Setup {
        content: Content::Folder(folder.path().into()),
        ..Setup::default()
    });
    let name = format!("{}/a", registry.host());
    let found = client().referrers(&pinned(&name, &image)).await.unwrap();
    assert_eq!(
        found.iter().map(|entry| &entry.digest).collect::<Vec<_>>(),
        [&signature]
    );
    assert!(client().referrers(&pinned(&name, &signature)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_is_never_an_empty_list() {
    for status in [401, 403, 429, 500, 503] {
        let registry = TestRegistry::start(Setup {
            faults: vec![Fault::Status {
                status,
                times: usize::MAX,
            }],
            referrers: true,
            ..Setup::default()
        });
        let reference = pinned(&format!("{}/a", registry.host()), &Digest::of(b"image"));
        let error = client().referrers(&reference).await.unwrap_err();
        let text = explain(&error);
        assert!(
            text.contains(&reference.to_string()) && text.contains(&status.to_string()),
            "{text}"
        );
        // The registry's own words, without what a terminal would do with them.
        assert!(text.ends_with("DENIED: [31mthe registry's own words"), "{text}");
    }
}
