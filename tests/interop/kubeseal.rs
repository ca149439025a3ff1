//! kship and kubeseal open what the other sealed, and write the same around it.

use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::peers::{self, Home};

const SCOPES: [&str; 3] = ["strict", "namespace-wide", "cluster-wide"];

/// Those of `keys-example`, and those that are made here.
const SIZES: [(&str, Option<KeySize>); 4] = [
    ("2048", None),
    ("3072", Some(KeySize::Rsa3072)),
    ("4096", None),
    ("8192", Some(KeySize::Rsa8192)),
];

#[test]
fn each_opens_what_the_other_sealed() {
    let Some(kubeseal) = peers::need(peers::tool("kubeseal")) else {
        return;
    };
    let kship = Path::new(env!("CARGO_BIN_EXE_kship"));
    let values: [(&str, Vec<u8>); 4] = [
        ("empty", Vec::new()),
        ("binary", (0..=255).collect()),
        ("large", vec![b'x'; 1 << 20]),
        ("unicode", "grüße ☸ 😀".into()),
    ];
    let data: serde_json::Map<String, Value> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into()))
        .collect();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
        "metadata": {"name": "a", "namespace": "shop", "labels": {"on": "yes"}},
    });
    let home = Home::new();
    let secret = home.file("secret.json", secret.to_string());
    let pairs = SIZES.map(|(size, made)| (size, pair(&home, size, made)));
    for (scope, (size, (certificate, key))) in SCOPES
        .iter()
        .flat_map(|scope| pairs.iter().map(move |pair| (scope, pair)))
    {
        for format in ["yaml", "json"] {
            let seal = |program: &Path, verb: &[&str]| {
                let mut command = home.command(program);
                command.args(verb).arg("--cert").arg(certificate).arg("-f").arg(&secret);
                run(command.args(["--scope", scope, "-o", format]))
            };
            let (ours, theirs) = (seal(kship, &["seal"]), seal(&kubeseal, &[]));
            assert_eq!(masked(&ours), masked(&theirs), "{scope} {size} {format}");

            let ours = home.file("ours", ours);
            let theirs = home.file("theirs", theirs);
            let mut command = home.command(kship);
            command.args(["unseal", "--private-key"]).arg(key).arg("-f").arg(theirs);
            let opened: Value = serde_json::from_str(&run(&mut command)).unwrap();
            assert_eq!(opened["data"], json!(data), "{scope} {size} {format}");
            let mut command = home.command(&kubeseal);
            command
                .args(["--recovery-unseal", "--recovery-private-key"])
                .arg(key)
                .arg("-f")
                .arg(ours);
            let mut opened: Value = serde_json::from_str(&run(&mut command)).unwrap();
            // kubeseal prints null for an empty value.
            opened["data"]["empty"] = "".into();
            assert_eq!(opened["data"], json!(data), "{scope} {size} {format}");
        }
    }
}

/// The files of a certificate and of its private key.
fn pair(home: &Home, size: &str, made: Option<KeySize>) -> (PathBuf, PathBuf) {
    let Some(made) = made else {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example");
        let file = |extension| folder.join(format!("sealing-{size}.{extension}"));
        return (file("crt"), file("key"));
    };
    let key = RsaKeyPair::generate(made).unwrap().as_der().unwrap();
    let key = KeyPair::try_from(key.as_ref()).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    (
        home.file(&format!("{size}.crt"), certificate.pem()),
        home.file(&format!("{size}.key"), key.serialize_pem()),
    )
}

fn run(command: &mut std::process::Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Replaces sealed values by their length.
fn masked(text: &str) -> String {
    let words = text.split_inclusive(['"', ' ', '\n']);
    words
        .map(|word| match word.len() {
            300.. => format!("<{}>", word.len()),
            _ => word.to_owned(),
        })
        .collect()
}
