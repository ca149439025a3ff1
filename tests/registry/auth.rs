//! Challenges, tokens and passwords.

use futures_util::future::join_all;
use kship::registry::{Client, Error, Options};

use crate::support::registry::{Auth, Kind, Setup, Style, TestRegistry, Tokens};
use crate::{client, explain, login, options, resolve};

async fn resolve_as(registry: &TestRegistry, user: &str, password: &str) -> Result<(), Error> {
    let (_folder, keychain) = login(&registry.host(), user, password);
    let client = Client::new(Options { keychain, ..options() });
    resolve(&client, &format!("{}/team/app:1", registry.host()))
        .await
        .map(drop)
}

fn start(auth: Auth) -> TestRegistry {
    TestRegistry::start(Setup {
        auth,
        ..Setup::default()
    })
}

#[tokio::test]
async fn basic_passwords_are_sent_only_when_asked_for() {
    let registry = start(Auth::Basic("me", "hunter2"));
    resolve_as(&registry, "me", "hunter2").await.unwrap();
    let sent: Vec<bool> = registry
        .seen()
        .iter()
        .map(|seen| seen.authorization.is_some())
        .collect();
    assert_eq!(sent, [false, true]);

    let error = resolve_as(&registry, "me", "wrong-password").await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry denies access to `{}/team/app:1`: 401 Unauthorized",
            registry.host()
        )
    );
    assert_eq!(registry.total(), 4);
}

#[tokio::test]
async fn no_password_is_a_denial() {
    let registry = start(Auth::Basic("me", "hunter2"));
    let error = resolve(&client(), &format!("{}/a:1", registry.host()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }));
    assert_eq!(registry.total(), 1);
}

#[tokio::test]
async fn the_token_server_gets_the_password() {
    let registry = start(Auth::BearerFor("me", "hunter2"));
    resolve_as(&registry, "me", "hunter2").await.unwrap();
    let error = resolve_as(&registry, "me", "wrong-password").await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "registry denies access to `{}/team/app:1`: 401 Unauthorized, UNAUTHORIZED: who are you",
            registry.host()
        )
    );
}

#[tokio::test]
async fn every_style_of_challenge_leads_to_a_token() {
    for style in [Style::Plain, Style::OneLine, Style::Lines] {
        let registry = TestRegistry::start(Setup {
            auth: Auth::Bearer,
            style,
            ..Setup::default()
        });
        resolve(&client(), &format!("{}/a/b:1", registry.host())).await.unwrap();
        assert_eq!((registry.count(Kind::Token), registry.total()), (1, 3), "{style:?}");
    }
}

#[tokio::test]
async fn an_unknown_challenge_is_named_and_a_missing_one_denies() {
    let answer = async |style| {
        let registry = TestRegistry::start(Setup {
            auth: Auth::Never,
            style,
            ..Setup::default()
        });
        let error = resolve(&client(), &format!("{}/a:1", registry.host()))
            .await
            .unwrap_err();
        assert_eq!(registry.total(), 1);
        explain(&error).replace(&registry.host(), "HOST")
    };
    assert_eq!(
        answer(Style::Unknown).await,
        "registry wants an unknown kind of authentication for `HOST/a:1`: expected Bearer or Basic"
    );
    assert_eq!(
        answer(Style::Missing).await,
        "registry denies access to `HOST/a:1`: 401 Unauthorized"
    );
}

#[tokio::test]
async fn a_registry_that_takes_no_token_ends_in_a_denial() {
    let registry = start(Auth::Never);
    let client = client();
    let reference = format!("{}/a:1", registry.host());
    let error = resolve(&client, &reference).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert_eq!((registry.count(Kind::Head), registry.count(Kind::Token)), (2, 1));
    // The token was refused, so that the next try takes one new token and no more.
    let error = resolve(&client, &reference).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert_eq!((registry.count(Kind::Head), registry.count(Kind::Token)), (4, 2));
}

#[tokio::test]
async fn access_token_is_a_token_too() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        tokens: Tokens {
            access_token: true,
            ..Tokens::default()
        },
        ..Setup::default()
    });
    resolve(&client(), &format!("{}/a:1", registry.host())).await.unwrap();
}

#[tokio::test]
async fn a_token_that_ends_early_is_renewed_once() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        tokens: Tokens {
            uses: Some(2),
            expires_in: Some(300),
            ..Tokens::default()
        },
        ..Setup::default()
    });
    let client = client();
    for tag in 0..4 {
        resolve(&client, &format!("{}/a:{tag}", registry.host())).await.unwrap();
    }
    // 401, token, two uses; 401, token, two uses.
    assert_eq!((registry.count(Kind::Head), registry.count(Kind::Token)), (6, 2));
}

#[tokio::test]
async fn a_refresh_token_goes_by_post_and_nowhere_else() {
    let registry = start(Auth::BearerRefresh("refresh-me"));
    resolve_as(&registry, "<token>", "refresh-me").await.unwrap();
    let seen = registry.seen();
    let token = seen.iter().find(|seen| seen.kind == Kind::Token).unwrap();
    assert_eq!(
        token.form,
        "grant_type=refresh_token&service=test+registry&scope=repository%3Ateam%2Fapp%3Apull&client_id=kship&refresh_token=refresh-me"
    );
    assert!(token.query.is_empty() && token.authorization.is_none());
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_token_server_without_post_is_asked_by_get() {
    for status in [404, 405] {
        let registry = TestRegistry::start(Setup {
            auth: Auth::BearerRefresh("refresh-me"),
            tokens: Tokens {
                post: Some(status),
                ..Tokens::default()
            },
            ..Setup::default()
        });
        // The server of this test answers every token request, GET too, as long as it is no POST.
        resolve_as(&registry, "<token>", "refresh-me").await.unwrap();
        let forms: Vec<bool> = registry
            .seen()
            .iter()
            .filter(|seen| seen.kind == Kind::Token)
            .map(|seen| seen.form.is_empty())
            .collect();
        assert_eq!(forms, [false, true]);
    }
}

#[tokio::test]
async fn a_token_server_that_fails_is_asked_once_for_all() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        tokens: Tokens {
            status: Some(404),
            ..Tokens::default()
        },
        ..Setup::default()
    });
    let client = client();
    let references: Vec<String> = (0..9).map(|tag| format!("{}/a:{tag}", registry.host())).collect();
    let answers = join_all(references.iter().map(|reference| resolve(&client, reference))).await;
    let error = answers[7].as_ref().unwrap_err();
    assert_eq!(
        explain(error).replace(&registry.host(), "HOST"),
        "no token for `HOST/a:7`: registry failed to answer `HOST/a:0`: 404 Not Found, UNAUTHORIZED: incorrect username or password"
    );
    assert!(registry.count(Kind::Token) <= 2, "{}", registry.count(Kind::Token));
}

#[tokio::test]
async fn strange_tokens_are_refused() {
    for (body, message) in [
        ("<html>", "something that is no JSON object"),
        (r#"{"expires_in":60}"#, "no token"),
        (r#"{"token":""}"#, "no token"),
        (r#"{"token":"a\r\nX-Evil: 1"}"#, "a token with control characters"),
    ] {
        let registry = TestRegistry::start(Setup {
            auth: Auth::Bearer,
            tokens: Tokens {
                body: Some(body),
                ..Tokens::default()
            },
            ..Setup::default()
        });
        let error = resolve(&client(), &format!("{}/a:1", registry.host()))
            .await
            .unwrap_err();
        assert!(explain(&error).contains(message), "{}", explain(&error));
        assert!(!explain(&error).contains("X-Evil"));
    }
}

#[tokio::test]
async fn a_realm_in_the_clouds_own_network_is_not_asked() {
    let registry = start(Auth::BearerOf("http://169.254.169.254/latest?x=y".to_owned()));
    let error = resolve_as(&registry, "me", "hunter2").await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "token server `169.254.169.254`, named for `{}/team/app:1`, is not asked: its address is one of a private network, and not the registry's",
            registry.host()
        )
    );
}
