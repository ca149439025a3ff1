//! What an API server would have written to etcd, made by kship itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kship::encryption::{Configuration, GroupResource, Loader, Transformer};

/// Configurations of the phases of a rotation. The keys are public: they are bytes that count.
pub fn configuration(providers: &str) -> String {
    format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n{providers}"
    )
}

/// A provider with keys that are named by one letter each, which says what they are made of.
pub fn provider(kind: &str, names: &str) -> String {
    let mut text = format!("  - {kind}:\n      keys:\n");
    for name in names.chars() {
        let seed = u8::try_from(name).unwrap();
        let secret: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(7).wrapping_add(seed)).collect();
        text.push_str(&format!(
            "      - {{name: {name}, secret: {}}}\n",
            STANDARD.encode(secret)
        ));
    }
    text
}

/// The provider that leaves everything as it is.
pub const IDENTITY: &str = "  - identity: {}\n";

/// Writes a value as the first key of a configuration does; every nonce is another one.
pub fn encrypt(configuration: &str, etcd_key: &str, plaintext: &[u8]) -> Vec<u8> {
    let configuration = Configuration::parse(configuration, &Loader::new("test")).unwrap();
    let providers = configuration.providers_of(&GroupResource::new("secrets", "")).unwrap();
    let digest = kship::Digest::of(&[etcd_key.as_bytes(), plaintext].concat());
    let nonce = |bytes: &mut [u8]| bytes.copy_from_slice(&digest.hex().as_bytes()[..bytes.len()]);
    Transformer::new(providers)
        .unwrap()
        .write(etcd_key.as_bytes(), plaintext, nonce)
        .map_or_else(|| plaintext.to_vec(), Result::unwrap)
}

/// Keys and values as `etcdctl get --prefix -w json` prints them: in the order of the keys.
pub fn dump<'a>(items: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> String {
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort();
    let kvs: Vec<String> = items.iter().zip(2..).map(|((key, value), revision)| {
        let (key, value) = (STANDARD.encode(key), STANDARD.encode(value));
        format!(r#"{{"key":"{key}","create_revision":{revision},"mod_revision":{revision},"version":1,"value":"{value}"}}"#)
    }).collect();
    format!(
        "{{\"header\":{{\"cluster_id\":1,\"member_id\":1,\"revision\":{},\"raft_term\":2}},\"kvs\":[{}],\"count\":{}}}\n",
        kvs.len() + 1,
        kvs.join(","),
        kvs.len()
    )
}
