use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::run;
use crate::support::cli::Run;
use crate::support::encryption::{IDENTITY, configuration, encrypt, provider};

const PLACE: &str = "/registry/secrets/shop/db";

fn decrypt(args: &[&str]) -> Run {
    run(&[&["decrypt", "--config", "encryption.yaml", "--etcd-key", PLACE], args].concat())
}

#[test]
fn what_the_api_server_wrote() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/encryption/audit/values.json")).unwrap();
    // A process for each would be slow; the library's tests read all of them.
    for vector in vectors.iter().step_by(5) {
        let text = |name: &str| vector[name].as_str().unwrap();
        let config = configuration(&format!(
            "  - {}: {{keys: [{{name: {}, secret: {}}}]}}\n",
            text("provider"),
            text("key_name"),
            text("secret")
        ));
        let args = [
            "decrypt",
            "--config",
            "c.yaml",
            "--base64",
            "--any-content",
            "--etcd-key",
            text("etcd_key"),
        ];
        let output = run(&args)
            .file("c.yaml", config)
            .stdin(text("value_base64"))
            .run()
            .expect_code(0);
        assert!(
            output.stdout.as_bytes() == STANDARD.decode(text("plaintext_base64")).unwrap(),
            "{vector}"
        );
    }
}

#[test]
fn the_line_end_of_etcdctl_does_not_matter() {
    for kind in ["aescbc", "aesgcm", "secretbox"] {
        let old = configuration(&provider(kind, "a"));
        let value = encrypt(&old, PLACE, b"k8s\0db");
        let config = configuration(&(provider(kind, "ba") + IDENTITY));
        for value in [
            value.clone(),
            [value.as_slice(), b"\n"].concat(),
            STANDARD.encode(&value).into_bytes(),
        ] {
            let args: &[&str] = if value.starts_with(b"k8s:enc:") {
                &[]
            } else {
                &["--base64"]
            };
            let run = decrypt(args)
                .file("encryption.yaml", &config)
                .stdin(value)
                .run()
                .expect_code(0);
            assert_eq!(
                (run.stdout.as_str(), run.stderr.as_str()),
                ("k8s\0db", format!("opened with `{kind}/a`\n").as_str())
            );
        }
    }
}

#[test]
fn a_key_that_is_configured_elsewhere_opens_with_a_warning() {
    let config = configuration(&provider("secretbox", "a"));
    let value = encrypt(&config, PLACE, b"k8s\0db");
    let config = config.replace("[secrets]", "[configmaps]");
    insta::assert_snapshot!(
        decrypt(&[])
            .file("encryption.yaml", config)
            .stdin(value)
            .run()
            .expect_code(0)
    );
}

#[test]
fn what_does_not_open_is_said() {
    let other = configuration(&provider("aesgcm", "a"));
    let gcm = encrypt(&other, "/registry/secrets/shop/other", b"k8s\0db");
    let kms: Value = serde_json::from_str(include_str!("../../../fixtures/encryption/audit/kms-v2.json")).unwrap();
    let kms = STANDARD.decode(kms["value_base64"].as_str().unwrap()).unwrap();
    let service = "  - kms: {apiVersion: v2, name: prov, endpoint: 'unix:///run/kms.sock'}\n";
    let strange = encrypt(&configuration(&provider("aescbc", "a")), PLACE, b"no object");
    for (name, code, providers, value) in [
        ("another place", 1, provider("aesgcm", "a"), gcm.clone()),
        ("an unknown key", 1, provider("aesgcm", "b"), gcm),
        ("a service", 3, service.to_owned(), kms),
        ("garbage", 1, provider("aescbc", "a"), strange),
        (
            "an IV",
            1,
            provider("aescbc", "a"),
            b"k8s:enc:aescbc:v1:a:0123456789abcdef".to_vec(),
        ),
        ("nothing", 3, provider("aescbc", "a"), Vec::new()),
        (
            "plaintext",
            0,
            provider("aescbc", "a"),
            b"{\"kind\":\"Secret\"}".to_vec(),
        ),
    ] {
        let run = decrypt(&[])
            .file("encryption.yaml", configuration(&providers))
            .stdin(value);
        insta::assert_snapshot!(
            format!("decrypt_{}", name.replace(' ', "_")),
            run.run().expect_code(code)
        );
    }
    let not_base64 = decrypt(&["--base64"]).stdin("k8s:enc:").run().expect_code(3);
    insta::assert_snapshot!("decrypt_no_base64", not_base64);
}
