//! Folders of image layouts.

use camino::{Utf8Path, Utf8PathBuf};
use kship::Digest;
use kship::oci::{MediaType, Repository};
use kship::registry::{Error, Layout, Registry};
use serde_json::json;

use crate::support::layout::{Folder, INDEX, MANIFEST, manifest, referrer};
use crate::support::registry::{Content, Setup, TestRegistry};
use crate::{client, explain, pinned, resolve};

#[tokio::test]
async fn a_repository_is_read_from_its_full_name_else_from_its_path() {
    let folder = Folder::new();
    let short = folder.add("shop/web", Some("1"), &manifest("short"));
    let hub = folder.add("nginx", Some("1"), &manifest("hub"));
    let layout = Layout::open(folder.path()).unwrap();
    for registry in ["registry.example.com", "other.example.com:5000", "[::1]:5000"] {
        let resolved = resolve(&layout, &format!("{registry}/shop/web:1")).await.unwrap();
        assert_eq!(
            (resolved.digest, resolved.media_type.as_str()),
            (short.clone(), MANIFEST)
        );
    }
    assert_eq!(resolve(&layout, "nginx:1").await.unwrap().digest, hub);
    assert!(resolve(&layout, "quay.io/nginx/nginx:1").await.is_err());

    let full = folder.add("registry.example.com/shop/web", Some("1"), &manifest("full"));
    let digest = async |reference| resolve(&layout, reference).await.unwrap().digest;
    assert_eq!(digest("registry.example.com/shop/web:1").await, full);
    assert_eq!(digest("other.example.com/shop/web:1").await, short);
}

#[tokio::test]
async fn tags_are_bare_or_full_references() {
    let folder = Folder::new();
    let name = "registry.example.com/shop/web";
    let full = folder.add(name, Some(&format!("{name}:full")), &manifest("full"));
    folder.add(name, Some("registry.example.com/shop/other:other"), &manifest("other"));
    let bare = folder.add(name, Some("bare"), &manifest("bare"));
    let untagged = folder.add(name, None, &manifest("untagged"));
    let layout = Layout::open(folder.path()).unwrap();
    assert_eq!(resolve(&layout, &format!("{name}:full")).await.unwrap().digest, full);
    assert_eq!(resolve(&layout, &format!("{name}:bare")).await.unwrap().digest, bare);
    assert!(resolve(&layout, &format!("{name}:other")).await.is_err());
    let resolved = resolve(&layout, &format!("{name}:bare@{untagged}")).await.unwrap();
    assert_eq!(resolved.digest, untagged);
    let repository: Repository = name.parse().unwrap();
    assert_eq!(layout.tags(&repository).await.unwrap(), ["bare", "full"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let folder = Folder::new();
    folder.add("shop/web", Some("1"), &manifest("x"));
    let layout = Layout::open(folder.path()).unwrap();
    let absent = Digest::of(b"absent");
    for reference in [
        "r.test/shop/web:2",
        "r.test/shop/db:1",
        &format!("r.test/shop/web@{absent}"),
    ] {
        let error = resolve(&layout, reference).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }));
        assert_eq!(
            explain(&error),
            format!("registry has no `{reference}` (asked {})", folder.path())
        );
    }
    let error = Layout::open(folder.path().join("absent")).unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "{}/absent is not a folder of image layouts: expected a directory",
            folder.path()
        )
    );
}

#[tokio::test]
async fn damage_is_named() {
    let folder = Folder::new();
    let digest = folder.add("a", Some("1"), &manifest("x"));
    let layout = Layout::open(folder.path()).unwrap();
    let blob = folder.write(&format!("a/blobs/sha256/{}", digest.hex()), b"{}");
    let damaged = format!("blob {blob} is damaged: its digest is {}", Digest::of(b"{}"));
    assert_eq!(explain(&resolve(&layout, "r.test/a:1").await.unwrap_err()), damaged);
    let reference = pinned("r.test/a", &digest);
    assert_eq!(explain(&layout.manifest(&reference).await.unwrap_err()), damaged);
    assert_eq!(explain(&layout.blob(&reference).await.unwrap_err()), damaged);

    let index = folder.write("a/index.json", b"[");
    let error = explain(&resolve(&layout, "r.test/a:1").await.unwrap_err());
    assert!(
        error.starts_with(&format!("{index} is not valid: not a manifest: EOF")),
        "{error}"
    );
    let version = folder.write("a/oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#);
    assert_eq!(
        explain(&resolve(&layout, "r.test/a:1").await.unwrap_err()),
        format!("{version} is not valid: expected {{\"imageLayoutVersion\": \"1.0.0\"}}")
    );
}

#[tokio::test]
async fn a_type_that_is_no_manifest_is_refused() {
    let folder = Folder::new();
    let mut document = manifest("x");
    document["mediaType"] = "application/x-thing".into();
    folder.add("a", Some("1"), &document);
    let layout = Layout::open(folder.path()).unwrap();
    assert_eq!(
        explain(&resolve(&layout, "r.test/a:1").await.unwrap_err()),
        format!(
            "registry has `r.test/a:1` (asked {}) as `application/x-thing`: expected an image manifest or index",
            folder.path()
        )
    );
}

#[tokio::test]
async fn referrers_are_those_with_the_subject_and_those_of_the_tag() {
    let folder = Folder::new();
    let image = folder.add("a", Some("1"), &manifest("image"));
    let signature = folder.add("a", None, &referrer("signature", &image));
    folder.add("a", None, &referrer("another", &Digest::of(b"another image")));
    let listed = Digest::of(b"listed elsewhere");
    let entry = |digest: &Digest| json!({"mediaType": MANIFEST, "digest": digest, "size": 1});
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(&listed), entry(&signature)]});
    folder.add("a", Some(&format!("sha256-{}", image.hex())), &list);
    let layout = Layout::open(folder.path()).unwrap();
    let referrers = layout.referrers(&pinned("r.test/a", &image)).await.unwrap();
    let digests: Vec<&Digest> = referrers.iter().map(|referrer| &referrer.digest).collect();
    assert_eq!(digests, [&signature, &listed]);
    assert_eq!(referrers[0].artifact_type.as_deref(), Some("application/x-signature"));
    assert_eq!(referrers[0].annotations["name"], "signature");
}

#[test]
fn no_repository_leads_out_of_the_folder() {
    for text in [
        "r.test/../../etc",
        "r.test/a/..",
        "../a",
        "r.test//a",
        "r.test/./a",
        "/etc/passwd",
        "r.test/a\\b",
    ] {
        assert!(text.parse::<Repository>().is_err(), "{text}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_links_are_followed() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let digest = elsewhere.add("web", Some("1"), &manifest("x"));
    std::os::unix::fs::symlink(elsewhere.path().join("web"), folder.path().join("web")).unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    assert_eq!(resolve(&layout, "r.test/web:1").await.unwrap().digest, digest);
}

/// Links that lead in a circle stand for all that cannot be looked at: permissions do not keep root from anything.
#[cfg(unix)]
#[tokio::test]
async fn what_cannot_be_looked_at_is_an_error_and_not_absent() {
    let folder = Folder::new();
    let digest = folder.add("a", Some("1"), &manifest("x"));
    folder.add("b", Some("1"), &manifest("x"));
    let circle = |name: &str| {
        let path = folder.path().join(name);
        let _ = std::fs::remove_file(&path);
        std::os::unix::fs::symlink(&path, &path).unwrap();
        path
    };
    let paths = [
        circle(&format!("a/blobs/sha256/{}", digest.hex())),
        circle("b/oci-layout"),
        circle("r.test"),
    ];
    let layout = Layout::open(folder.path()).unwrap();
    for (reference, path) in [
        ("o.test/a:1", paths[0].clone()),
        ("o.test/b:1", paths[1].clone()),
        // The folder of the full name comes first.
        ("r.test/a:1", paths[2].join("a/oci-layout")),
    ] {
        let error = resolve(&layout, reference).await.unwrap_err();
        assert!(matches!(error, Error::Layout(_)), "{error}");
        assert!(explain(&error).contains(path.as_str()), "{}", explain(&error));
    }
    let error = Layout::open(&paths[2]).unwrap_err();
    assert!(!explain(&error).contains("expected a directory"), "{}", explain(&error));
}

#[tokio::test]
async fn a_repository_may_be_called_like_the_file_of_a_layout() {
    let folder = Folder::new();
    let digest = folder.add("shop/oci-layout", Some("1"), &manifest("x"));
    let layout = Layout::open(folder.path()).unwrap();
    assert_eq!(
        resolve(&layout, "r.test/shop/oci-layout:1").await.unwrap().digest,
        digest
    );
    let error = resolve(&layout, "r.test/shop:1").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

/// The layouts that other projects' tools wrote, read from disk and over HTTP: both must agree.
#[tokio::test]
async fn layouts_of_other_tools_are_read_the_same_over_http() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no ../shared/vectors");
        return;
    };
    for folder in ["cosign/registry", "sbom/registry"].map(|name| shared.join("vectors").join(name)) {
        let layout = Layout::open(&folder).unwrap();
        let registry = TestRegistry::start(Setup {
            content: Content::Folder(folder.clone().into()),
            ..Setup::default()
        });
        let client = client();
        let repositories = repositories(&folder);
        assert!(!repositories.is_empty());
        for name in repositories {
            let name = format!("{}/{name}", registry.host());
            let repository: Repository = name.parse().unwrap();
            let tags = layout.tags(&repository).await.unwrap();
            let mut served = client.tags(&repository).await.unwrap();
            served.sort_unstable();
            assert_eq!(tags, served, "{name}");
            for tag in tags {
                let reference = format!("{name}:{tag}");
                let resolved = resolve(&layout, &reference).await.unwrap();
                assert_eq!(resolved, resolve(&client, &reference).await.unwrap());
                let pinned = pinned(&name, &resolved.digest);
                let manifest = layout.manifest(&pinned).await.unwrap();
                assert_eq!(manifest, client.manifest(&pinned).await.unwrap());
                assert!(MediaType::ACCEPT.contains(manifest.media_type.as_str()));
                let over_http = client.referrers(&pinned).await.unwrap();
                let on_disk = layout.referrers(&pinned).await.unwrap();
                let has = |digest: &Digest| on_disk.iter().any(|entry| entry.digest == *digest);
                assert!(over_http.iter().all(|entry| has(&entry.digest)), "{reference}");
            }
        }
    }
}

fn repositories(folder: &Utf8Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        if next.join("oci-layout").is_file() {
            found.push(next.strip_prefix(folder).unwrap_or(&next).to_string());
            continue;
        }
        let entries = next.read_dir_utf8().into_iter().flatten().flatten();
        open.extend(
            entries
                .map(|entry| entry.path().to_owned())
                .filter(|path| path.is_dir()),
        );
    }
    found
}

fn shared() -> Option<Utf8PathBuf> {
    let folder = option_env!("KSHIP_SHARED").map_or_else(
        || Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        Utf8PathBuf::from,
    );
    folder.join("vectors").is_dir().then_some(folder)
}
