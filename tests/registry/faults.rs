//! Answers that break the protocol: each ends in an error that names the registry and the reference.

use std::time::Duration;

use kship::Digest;
use kship::registry::{Client, Error, Options, Registry, Times};

use crate::support::registry::{Fault, Kind, Setup, TestRegistry};
use crate::{client, digest_of, explain, options, pinned, resolve};

fn start(faults: Vec<Fault>) -> TestRegistry {
    TestRegistry::start(Setup {
        faults,
        ..Setup::default()
    })
}

/// Resolves `team/app:1`: the digest or the message, and the kinds of the requests that it took.
async fn run(faults: Vec<Fault>) -> (Result<Digest, String>, Vec<Kind>) {
    let registry = start(faults);
    let answer = resolve(&client(), &format!("{}/team/app:1", registry.host())).await;
    let kinds = registry.seen().iter().map(|seen| seen.kind).collect();
    let answer = answer
        .map(|resolved| resolved.digest)
        .map_err(|error| explain(&error).replace(&registry.host(), "HOST"));
    (answer, kinds)
}

#[tokio::test]
async fn bytes_are_hashed_where_head_does_not_say_the_digest() {
    let good = Ok(digest_of("team/app", "1"));
    let upper = digest_of("team/app", "1")
        .to_string()
        .to_uppercase()
        .replace("SHA256", "sha256");
    for fault in [
        Fault::NoDigest,
        Fault::DigestHeader(upper),
        Fault::DigestHeader("md5:00".to_owned()),
        Fault::Head(405),
        Fault::Head(501),
        Fault::NoContentType,
    ] {
        assert_eq!(
            run(vec![fault.clone()]).await,
            (good.clone(), vec![Kind::Head, Kind::Get]),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn nothing_is_fetched_after_a_refusal() {
    for (status, message) in [
        (404, "registry has no `HOST/team/app:1`: 404 Not Found"),
        (403, "registry denies access to `HOST/team/app:1`: 403 Forbidden"),
        (400, "registry failed to answer `HOST/team/app:1`: 400 Bad Request"),
    ] {
        let faults = vec![Fault::Status {
            status,
            times: usize::MAX,
        }];
        assert_eq!(run(faults).await, (Err(message.to_owned()), vec![Kind::Head]));
    }
}

#[tokio::test]
async fn strange_content_is_refused() {
    for (fault, message) in [
        (
            Fault::Html,
            "registry answered `HOST/team/app:1` with an HTML page: expected a manifest",
        ),
        (
            Fault::Type("application/vnd.docker.distribution.manifest.v1+prettyjws"),
            "registry has `HOST/team/app:1` in Docker's schema 1 only, which has no dependable digest",
        ),
        (
            Fault::Type("application/x-thing; charset=utf-8"),
            "registry has `HOST/team/app:1` as `application/x-thing`: expected an image manifest or index",
        ),
    ] {
        assert_eq!(run(vec![fault]).await, (Err(message.to_owned()), vec![Kind::Head]));
    }
}

#[tokio::test]
async fn a_digest_is_what_was_asked_for_or_nothing() {
    let registry = start(vec![Fault::DigestHeader(Digest::of(b"other").to_string())]);
    let asked = digest_of("a", "1");
    // The registry makes the manifest when its tag is asked for.
    resolve(&client(), &format!("{}/a:1", registry.host())).await.unwrap();
    let reference = format!("{}/a@{asked}", registry.host());
    let error = resolve(&client(), &reference).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry names digest {} for `{reference}`: expected {asked}",
            Digest::of(b"other")
        )
    );
    let error = client()
        .manifest(&pinned(&format!("{}/a", registry.host()), &asked))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DigestHeader { .. }), "{error}");
}

#[tokio::test]
async fn manifests_and_blobs_have_the_digest_that_was_asked_for() {
    let registry = TestRegistry::any();
    let client = client();
    let name = format!("{}/a", registry.host());
    resolve(&client, &format!("{name}:1")).await.unwrap();
    let digest = digest_of("a", "1");
    let manifest = client.manifest(&pinned(&name, &digest)).await.unwrap();
    assert!(digest.matches(&manifest.bytes) && manifest.media_type.is_index());
    let empty = Digest::of(b"{}");
    assert_eq!(client.blob(&pinned(&name, &empty)).await.unwrap(), b"{}");
    let absent = Digest::of(b"absent");
    let error = client.blob(&pinned(&name, &absent)).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!("registry has no `{name}@{absent}`: 404 Not Found, BLOB_UNKNOWN: blob unknown to registry")
    );
}

#[tokio::test]
async fn lies_about_length_are_found_out() {
    // Without a digest header only the document itself shows that it was cut short.
    let (short, _) = run(vec![Fault::NoDigest, Fault::Length(-9)]).await;
    assert_eq!(
        short.unwrap_err(),
        "registry answered `HOST/team/app:1` with something that is no JSON: expected a manifest"
    );
    let (long, _) = run(vec![Fault::NoDigest, Fault::Length(9)]).await;
    assert!(
        long.clone()
            .unwrap_err()
            .starts_with("no answer to `HOST/team/app:1`: "),
        "{long:?}"
    );
    let (huge, _) = run(vec![Fault::NoDigest, Fault::Length(1 << 40)]).await;
    assert_eq!(
        huge.unwrap_err(),
        format!(
            "answer to `HOST/team/app:1` is larger than {} bytes",
            kship::limits::MANIFEST_BYTES
        )
    );
}

#[tokio::test]
async fn a_body_without_end_is_left() {
    let (answer, kinds) = run(vec![Fault::NoDigest, Fault::Endless]).await;
    assert_eq!(
        answer.unwrap_err(),
        format!(
            "answer to `HOST/team/app:1` is larger than {} bytes",
            kship::limits::MANIFEST_BYTES
        )
    );
    assert_eq!(kinds, [Kind::Head, Kind::Get]);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_not_waited_for() {
    let registry = start(vec![Fault::Silence]);
    let client = Client::new(Options {
        times: Times {
            request: Duration::from_millis(500),
            ..options().times
        },
        ..options()
    });
    let error = resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!("registry did not answer `{}/a:1` within 0.5 seconds", registry.host())
    );
    // A host that has never answered is not asked again.
    let error = resolve(&client, &format!("{}/b:1", registry.host())).await.unwrap_err();
    assert!(explain(&error).contains("/b:1"));
    assert_eq!(registry.total(), 1);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named() {
    let host = TestRegistry::any().host();
    let client = client();
    let error = resolve(&client, &format!("{host}/a:1")).await.unwrap_err();
    let text = explain(&error);
    assert!(text.starts_with(&format!("no answer to `{host}/a:1`: ")), "{text}");
    assert!(
        text.to_lowercase().contains("refused") && !text.contains("http"),
        "{text}"
    );
    let error = resolve(&client, "[::1]:99999/a:1").await.unwrap_err();
    assert_eq!(
        explain(&error),
        "registry of `[::1]:99999/a:1` is no address: expected a host name or address, and a port"
    );
}
