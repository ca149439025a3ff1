//! Values of a live etcd: what `kship` reads is what `etcdctl` prints.

use std::net::TcpListener;
use std::ops::ControlFlow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kship::encryption::etcd::{Etcd, EtcdError, Login, Options};
use kship::encryption::{Age, Extent, Item, Keys};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::etcd_world::{Transport, World};
use crate::{block_on, peers};

const PREFIX: &str = "/registry/";

#[test]
fn pages_hold_what_etcdctl_prints() {
    let Some(world) = peers::need(World::start(Transport::Plain)) else {
        return;
    };
    world.put("/registry", b"before the prefix");
    world.put("/registry0", b"behind it");
    world.put("/registry/secrets/a/binary", &(0..=255).collect::<Vec<u8>>());
    world.put("/registry/secrets/a/empty", b"");
    world.put_all(&numbered(3_000));
    world.put("/registry/secrets/many/00007", b"written again");
    world.run(&["del", "/registry/secrets/many/00008"]);

    let expected = printed(&world.listing(PREFIX));
    assert_eq!(expected.len(), 3_001);
    let (items, extent) = read(world.options(), PREFIX.as_bytes()).unwrap();
    assert!(items == expected, "{} of {}", items.len(), expected.len());
    assert_eq!(extent.keys, Keys::Prefix(PREFIX.into()));
    let listing: Value = serde_json::from_slice(&world.listing(PREFIX)).unwrap();
    assert_eq!(Some(extent.revision), listing["header"]["revision"].as_i64());

    let (all, _) = read(world.options(), b"").unwrap();
    assert_eq!(all.len(), expected.len() + 2);
    let (none, extent) = read(world.options(), b"/registry/pods/").unwrap();
    assert_eq!(
        (none.len(), extent.keys),
        (0, Keys::Prefix(b"/registry/pods/".to_vec()))
    );
    let counted = block_on(async { Etcd::new(world.options()).unwrap().count(PREFIX.as_bytes()).await });
    assert_eq!(counted.unwrap(), 3_001);
}

#[test]
fn a_reading_that_is_stopped_says_how_far_it_came() {
    let Some(world) = peers::need(World::start(Transport::Plain)) else {
        return;
    };
    world.put_all(&numbered(3));
    let mut left = 2;
    let mut each = |_: Item| {
        left -= 1;
        if left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let extent = block_on(async {
        Etcd::new(world.options())
            .unwrap()
            .read(PREFIX.as_bytes(), &mut each)
            .await
    });
    let last = b"/registry/secrets/many/00001".to_vec();
    assert_eq!(extent.unwrap().keys, Keys::Runs(vec![(PREFIX.into(), last)]));
}

#[test]
fn a_page_larger_than_an_answer_is_asked_for_again_in_parts() {
    let Some(world) = peers::need(World::start(Transport::Plain)) else {
        return;
    };
    let value = vec![b'x'; 1 << 20];
    for number in 0..70 {
        world.put(&format!("/registry/secrets/large/{number:02}"), &value);
    }
    let mut sizes = Vec::new();
    let mut each = |item: Item| {
        sizes.push(item.value.len());
        ControlFlow::Continue(())
    };
    let extent = block_on(async {
        Etcd::new(world.options())
            .unwrap()
            .read(PREFIX.as_bytes(), &mut each)
            .await
    });
    extent.unwrap();
    assert_eq!(sizes, vec![1 << 20; 70]);
}

#[test]
fn a_compaction_meanwhile_does_not_stop_the_reading() {
    let Some(world) = peers::need(World::start(Transport::Plain)) else {
        return;
    };
    world.put_all(&numbered(3_000));
    let mut keys = Vec::new();
    let mut late = None;
    let mut each = |item: Item| {
        if keys.is_empty() {
            world.put("/registry/secrets/many/02999", b"rewritten");
            world.put("/registry/secrets/many/99999", b"new");
            world.compact();
        }
        if item.key.ends_with(b"/02999") {
            late = Some(item.value.bytes(&mut Vec::new()).unwrap().to_vec());
        }
        keys.push(item.key);
        ControlFlow::Continue(())
    };
    let extent = block_on(async {
        Etcd::new(world.options())
            .unwrap()
            .read(PREFIX.as_bytes(), &mut each)
            .await
    })
    .unwrap();
    assert_eq!(late.as_deref(), Some(&b"rewritten"[..]));
    assert_eq!(keys.len(), 3_001);
    assert!(keys.is_sorted());
    // What was read first was read then.
    assert_eq!(extent.revision, 2);
}

#[test]
fn certificates() {
    let Some(world) = peers::need(World::start(Transport::Tls)) else {
        return;
    };
    world.put_all(&numbered(3));
    let (items, _) = read(world.options(), PREFIX.as_bytes()).unwrap();
    assert!(items == printed(&world.listing(PREFIX)));

    let without = |change: &dyn Fn(&mut Options)| {
        let mut options = world.options();
        change(&mut options);
        let message = read(options, PREFIX.as_bytes()).unwrap_err().to_string();
        message.replace(&world.url(), "URL")
    };
    // Which alert it is depends on the version of Go that built etcd.
    let message = without(&|options| options.identity = None);
    assert!(
        message.starts_with("no member of etcd answers: URL (received fatal alert: "),
        "{message}"
    );
    // The client's own certificate is no authority.
    assert_eq!(
        without(&|options| options.ca_file = options.identity.as_ref().map(|files| files.certificate.clone())),
        "no member of etcd answers: URL (invalid peer certificate: UnknownIssuer)"
    );
    let plain = world.url().replace("https", "http");
    let message = without(&|options| options.endpoints = vec![plain.parse().unwrap()]);
    assert!(message.starts_with("no member of etcd answers: "), "{message}");
    let key = world.options().identity.unwrap().key;
    assert_eq!(
        without(&|options| options.ca_file = Some(key.clone())),
        format!("{key} holds no certificate in PEM form")
    );
    assert_eq!(
        without(&|options| options.identity.as_mut().unwrap().certificate = key.clone()),
        format!("{key} holds no certificate in PEM form")
    );
    let certificate = world.options().identity.unwrap().certificate;
    for wrong in ["server.key", "client.pem"] {
        let message = without(&|options| {
            options.identity.as_mut().unwrap().key = world.home.path().join(wrong).try_into().unwrap();
        });
        let key = key.with_file_name(wrong);
        let expected = format!("{certificate} and {key} are no certificate and key for a client: ");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn users_and_passwords() {
    let Some(world) = peers::need(World::start(Transport::Plain)) else {
        return;
    };
    world.put_all(&numbered(3));
    let login = |user: &str, password: &str| {
        let mut options = world.options();
        options.login = Some(Login {
            user: user.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        });
        let answer = read(options, PREFIX.as_bytes());
        answer
            .map(|(items, _)| items.len())
            .map_err(|error| error.to_string().replace(&world.url(), "URL"))
    };
    assert_eq!(
        login("root", "hunter2").unwrap_err(),
        "URL does not accept the user `root`: etcdserver: authentication is not enabled"
    );
    world.run(&["user", "add", "root:hunter2"]);
    world.run(&["user", "grant-role", "root", "root"]);
    world.run(&["user", "add", "guest:guest"]);
    world.run(&["auth", "enable"]);
    assert_eq!(login("root", "hunter2"), Ok(3));
    assert_eq!(
        login("root", "wrong-password").unwrap_err(),
        "URL does not accept the user `root`: etcdserver: authentication failed, invalid user ID or password"
    );
    assert_eq!(
        login("guest", "guest").unwrap_err(),
        "URL refuses to be read: etcdserver: permission denied"
    );
    let error = read(world.options(), PREFIX.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error.replace(&world.url(), "URL"),
        "URL refuses to be read: etcdserver: user name is empty"
    );
}

#[test]
fn members_are_tried_in_turn() {
    let Some(world) = peers::need(World::start(Transport::Plain)) else {
        return;
    };
    world.put_all(&numbered(3));
    // Nobody listens there: the port was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut options = world.options();
    options.endpoints.insert(0, nobody.parse().unwrap());
    assert_eq!(read(options.clone(), PREFIX.as_bytes()).unwrap().0.len(), 3);
    options.endpoints.pop();
    let error = read(options, PREFIX.as_bytes()).unwrap_err();
    assert!(matches!(&error, EtcdError::Unreachable { tried } if tried.len() == 1));
    assert_eq!(
        error.to_string(),
        format!("no member of etcd answers: {nobody} (Connection refused (os error 111))")
    );
}

fn read(options: Options, prefix: &[u8]) -> Result<(Vec<Item>, Extent), EtcdError> {
    let mut items = Vec::new();
    let mut each = |item: Item| {
        items.push(item);
        ControlFlow::Continue(())
    };
    let extent = block_on(async { Etcd::new(options)?.read(prefix, &mut each).await })?;
    Ok((items, extent))
}

/// The items of what `etcdctl get -w json` prints.
fn printed(listing: &[u8]) -> Vec<Item> {
    let listing: Value = serde_json::from_slice(listing).unwrap();
    let pairs = listing["kvs"].as_array().unwrap().iter();
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
    pairs
        .map(|pair| Item {
            key: bytes(&pair["key"]),
            value: kship::encryption::Value::Bytes(bytes(&pair["value"])),
            revision: pair["mod_revision"].as_i64().unwrap(),
            age: Age::Current,
        })
        .collect()
}

fn numbered(count: usize) -> Vec<(String, String)> {
    (0..count)
        .map(|number| (format!("/registry/secrets/many/{number:05}"), format!("value-{number}")))
        .collect()
}
