//! Which certificates seal.

use super::{SECRET, run, seal};

const FINGERPRINT: &str = "the certificate has the SHA-256 fingerprint ";

#[test]
fn an_expired_certificate_is_refused_unless_allowed() {
    let args = ["seal", "--cert", "keys/sealing-expired.crt", "-o", "yaml"];
    let output = run(&args).stdin(SECRET).run().expect_code(3);
    assert_eq!(
        output.stderr,
        "error: keys/sealing-expired.crt cannot be used for sealing\n  caused by: the certificate expired on 2021-01-01\nhint: fetch the cluster's newest certificate; `--allow-expired` seals with this one, which the cluster can still open\n"
    );
    let output = run(&[args.as_slice(), &["--allow-expired"]].concat())
        .stdin(SECRET)
        .run()
        .expect_code(0);
    assert_eq!(
        output.stderr,
        "warning: keys/sealing-expired.crt: the certificate expired on 2021-01-01\n"
    );
    assert!(output.stdout.contains("  encryptedData:\n    password: AQ"), "{output}");
}

#[test]
fn what_is_no_certificate_is_refused() {
    for (content, message) in [
        ("<html></html>", "a web page where a PEM certificate"),
        ("", "nothing where a PEM certificate"),
        (
            include_str!("../../../keys-example/sealing-2048.key"),
            "a private key where a PEM certificate",
        ),
    ] {
        let output = run(&["seal", "--cert", "c"])
            .file("c", content)
            .stdin(SECRET)
            .run()
            .expect_code(3);
        assert!(output.stderr.contains(message) && output.stdout.is_empty(), "{output}");
    }
    let output = run(&["seal", "--cert", "missing"]).stdin(SECRET).run().expect_code(3);
    assert!(output.stderr.contains("missing"), "{output}");
}

#[test]
fn a_fingerprint_pins_the_certificate() {
    let output = seal(&["--cert-sha256", "00"]).stdin(SECRET).run().expect_code(1);
    let (_, rest) = output.stderr.split_once(FINGERPRINT).unwrap();
    let fingerprint = &rest[..64];
    let _ = seal(&["--cert-sha256", fingerprint]).stdin(SECRET).run().expect_code(0);
}

#[test]
fn a_certificate_comes_from_standard_input_or_a_variable_too() {
    let pem = include_str!("../../../keys-example/sealing-2048.crt");
    let _ = run(&["seal", "--cert", "-", "-f", "s"])
        .file("s", SECRET)
        .stdin(pem)
        .run()
        .expect_code(0);
    let output = run(&["seal", "--cert", "-"]).stdin(pem).run().expect_code(2);
    assert_eq!(output.stderr, "error: standard input is asked for twice\n");
    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(pem.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let output = run(&["seal"])
        .env("SEALED_SECRETS_CERT", "c")
        .file("c", wide)
        .stdin(SECRET)
        .run();
    let _ = output.expect_code(0);
}
