//! How many requests it takes, and how many at once.

use std::time::Duration;

use futures_util::future::join_all;
use kship::registry::{Client, Options};

use crate::support::registry::{Auth, Kind, Setup, TestRegistry};
use crate::{client, digest_of, options, resolve};

/// References in repositories: `tags` of each.
fn references(host: &str, repositories: usize, tags: usize) -> Vec<String> {
    (0..repositories)
        .flat_map(|repository| (0..tags).map(move |tag| (repository, tag)))
        .map(|(repository, tag)| format!("{host}/team/app{repository}:{tag}"))
        .collect()
}

#[tokio::test]
async fn one_head_for_each_reference_of_an_open_registry() {
    let registry = TestRegistry::any();
    let client = client();
    let references = references(&registry.host(), 10, 3);
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    assert_eq!(answers[4].as_ref().unwrap().digest, digest_of("team/app1", "1"));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((registry.count(Kind::Head), registry.total()), (30, 30));
}

#[tokio::test]
async fn one_token_for_each_repository_and_one_challenge() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        ..Setup::default()
    });
    let client = client();
    let references = references(&registry.host(), 20, 5);
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    let seen = registry.seen();
    let heads = |status| {
        seen.iter()
            .filter(|seen| seen.kind == Kind::Head && seen.status == status)
            .count()
    };
    assert_eq!((heads(200), heads(401), registry.count(Kind::Token)), (100, 1, 20));
    assert_eq!(registry.total(), 121);
}

#[tokio::test]
async fn a_token_server_elsewhere_is_asked_as_little() {
    let tokens = TestRegistry::any();
    let registry = TestRegistry::start(Setup {
        auth: Auth::BearerOf(format!("{}/token?account=x", tokens.url())),
        ..Setup::default()
    });
    let client = client();
    let references = references(&registry.host(), 7, 4);
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(
        (registry.total(), tokens.count(Kind::Token), tokens.total()),
        (29, 7, 7)
    );
    assert!(
        tokens.seen()[0]
            .query
            .starts_with("account=x&service=test+registry&scope=repository%3Ateam%2Fapp")
    );
}

#[tokio::test]
async fn no_more_in_flight_than_allowed() {
    let registry = TestRegistry::start(Setup {
        latency: Duration::from_millis(2),
        ..Setup::default()
    });
    let client = Client::new(Options {
        in_flight: 3,
        ..options()
    });
    let references = references(&registry.host(), 20, 1);
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(registry.peak(), 3);
}

#[tokio::test]
async fn every_type_is_accepted_so_that_an_index_stays_one() {
    use crate::support::registry::Fault;
    let registry = TestRegistry::start(Setup {
        faults: vec![Fault::NarrowAccept],
        ..Setup::default()
    });
    let resolved = resolve(&client(), &format!("{}/a:1", registry.host())).await.unwrap();
    assert!(resolved.media_type.is_index());
    assert_eq!(resolved.digest, digest_of("a", "1"));
    assert_eq!(resolved.size, u64::try_from(crate::any_index("a", "1").len()).ok());
    assert_eq!(registry.seen()[0].accept, kship::oci::MediaType::ACCEPT);
}
