//! What passes is tried again, and what does not ends.

use std::time::Duration;

use futures_util::future::join_all;
use kship::registry::{Client, Error, Options, Times};

use crate::support::registry::{Auth, Fault, Kind, Setup, TestRegistry};
use crate::{client, explain, options, resolve};

fn start(fault: Fault) -> TestRegistry {
    TestRegistry::start(Setup {
        faults: vec![fault],
        ..Setup::default()
    })
}

#[tokio::test]
async fn throttling_passes_whatever_retry_after_says() {
    for retry_after in [
        Some("3"),
        Some("Wed, 21 Oct 2015 07:28:00 GMT"),
        Some("23.7µs"),
        Some("1m30s"),
        Some("nonsense"),
        None,
    ] {
        let registry = start(Fault::Throttle { retry_after, times: 2 });
        resolve(&client(), &format!("{}/a:1", registry.host())).await.unwrap();
        assert_eq!(
            (registry.count(Kind::Head), registry.total()),
            (3, 3),
            "{retry_after:?}"
        );
    }
}

#[tokio::test]
async fn one_request_at_a_time_after_the_first_429() {
    let registry = TestRegistry::start(Setup {
        latency: Duration::from_millis(1),
        faults: vec![Fault::Throttle {
            retry_after: Some("0"),
            times: 1,
        }],
        ..Setup::default()
    });
    let client = client();
    let references: Vec<String> = (0..20).map(|tag| format!("{}/a:{tag}", registry.host())).collect();
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((registry.total(), registry.peak()), (21, 1));
}

#[tokio::test]
async fn throttling_for_ever_ends_for_all_at_once() {
    let registry = start(Fault::Throttle {
        retry_after: Some("1"),
        times: usize::MAX,
    });
    let client = client();
    let references: Vec<String> = (0..50).map(|tag| format!("{}/a:{tag}", registry.host())).collect();
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    for (answer, reference) in answers.iter().zip(&references) {
        assert_eq!(
            explain(answer.as_ref().unwrap_err()),
            format!("registry allows no more requests now, at `{reference}`: 429 Too Many Requests")
        );
    }
    assert_eq!(registry.total(), 4);
}

#[tokio::test]
async fn a_wait_beyond_the_time_of_a_request_is_not_begun() {
    let registry = start(Fault::Throttle {
        retry_after: Some("3600"),
        times: usize::MAX,
    });
    let client = Client::new(Options {
        times: Times {
            request: Duration::from_secs(30),
            ..Times::default()
        },
        ..options()
    });
    let error = resolve(&client, &format!("{}/a:1", registry.host())).await.unwrap_err();
    assert!(matches!(error, Error::Throttled { .. }), "{error}");
    assert_eq!(registry.total(), 1);
}

#[tokio::test]
async fn server_errors_and_broken_connections_pass() {
    let status = |status| Fault::Status { status, times: 3 };
    for fault in [status(500), status(502), status(503), status(504), Fault::HangUp(3)] {
        let registry = start(fault.clone());
        resolve(&client(), &format!("{}/a:1", registry.host()))
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {}", explain(&error)));
        assert_eq!(registry.count(Kind::Head), 4, "{fault:?}");
    }
}

#[tokio::test]
async fn server_errors_for_ever_end() {
    let registry = start(Fault::Status {
        status: 500,
        times: usize::MAX,
    });
    let error = resolve(&client(), &format!("{}/a:1", registry.host()))
        .await
        .unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry failed to answer `{}/a:1`: 500 Internal Server Error",
            registry.host()
        )
    );
    assert_eq!(registry.total(), 4);
    let registry = start(Fault::HangUp(usize::MAX));
    let error = resolve(&client(), &format!("{}/a:1", registry.host()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error}");
    assert_eq!(registry.total(), 4);
}

#[tokio::test]
async fn a_throttled_token_server_is_asked_again() {
    let tokens = start(Fault::LinkLoop);
    let registry = TestRegistry::start(Setup {
        auth: Auth::BearerOf(format!("{}/token", tokens.url())),
        faults: vec![Fault::Throttle {
            retry_after: Some("1"),
            times: 1,
        }],
        ..Setup::default()
    });
    resolve(&client(), &format!("{}/a:1", registry.host())).await.unwrap();
    assert_eq!((registry.total(), tokens.count(Kind::Token)), (3, 1));
}
