//! Private keys behind a password. `fixtures/seal/encrypted` has the key of the certificate of 2048 bits.

use super::{SECRET, run, seal};
use crate::support::cli::Run;

fn open(key: &str, args: &[&str]) -> Run {
    let sealed = seal(&["-o", "yaml"]).stdin(SECRET).run().expect_code(0).stdout;
    let key = format!("encrypted/{key}");
    run(&[
        &["unseal", "--private-key", &key, "-f", "s.yaml", "--key", "password"],
        args,
    ]
    .concat())
    .folder("fixtures/seal/encrypted", "encrypted")
    .file("s.yaml", sealed)
}

#[test]
fn the_password_comes_from_a_file_standard_input_or_a_variable() {
    for key in ["pbkdf2.key", "sha512.key", "scrypt.key"] {
        for (text, args) in [
            ("kship\n", ["--password-file", "p"]),
            ("kship\r\nmore\n", ["--password-file", "-"]),
        ] {
            let output = open(key, &args).file("p", text).stdin(text).run().expect_code(0);
            assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("hunter2", ""));
        }
        let output = open(key, &[])
            .env("KSHIP_PRIVATE_KEY_PASSWORD", "kship")
            .run()
            .expect_code(0);
        assert_eq!(output.stdout, "hunter2");
    }
    // The file is asked first, and keys without a password need none.
    let args = ["--password-file", "p", "--private-key", "keys/sealing-4096.key"];
    let _ = open("sha512.key", &args)
        .env("KSHIP_PRIVATE_KEY_PASSWORD", "wrong")
        .file("p", "kship")
        .run()
        .expect_code(0);
}

#[test]
fn what_does_not_open_says_why() {
    for (key, password, message) in [
        (
            "pbkdf2.key",
            "wrong-hunter2",
            "  caused by: the password does not open the private key 1 of the file\n",
        ),
        (
            "pbkdf2.key",
            "",
            "  caused by: the private key is encrypted, and its password is not known\nhint: give the password with `--password-file`, or in KSHIP_PRIVATE_KEY_PASSWORD\n",
        ),
        (
            "expensive.key",
            "kship",
            "  caused by: the private key 1 of the file asks for more iterations of PBKDF2 than kship gives\n",
        ),
        (
            "des3.key",
            "kship",
            "expected AES with PBKDF2 over SHA-2 or scrypt\nhint: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW` writes it in a form that kship reads\n",
        ),
        (
            "traditional.key",
            "kship",
            "is encrypted in OpenSSL's old form (`Proc-Type: 4,ENCRYPTED`)\nhint: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW` writes it in a form that kship reads\n",
        ),
    ] {
        let output = open(key, &[])
            .env("KSHIP_PRIVATE_KEY_PASSWORD", password)
            .run()
            .expect_code(3);
        let start = format!("error: encrypted/{key} cannot be used for opening\n");
        assert!(
            output.stderr.starts_with(&start) && output.stderr.ends_with(message),
            "{output}"
        );
        assert!(
            output.stdout.is_empty() && !output.stderr.contains("hunter2"),
            "{output}"
        );
    }
    let output = open("pbkdf2.key", &["--password-file", "missing"]).run().expect_code(3);
    assert!(output.stderr.contains("missing"), "{output}");
    let output = open("pbkdf2.key", &["--password-file", "-", "-f", "-"])
        .run()
        .expect_code(2);
    assert_eq!(output.stderr, "error: standard input is asked for twice\n");
}

#[test]
fn the_format_of_documents_is_a_variable_too() {
    let open = |format: &str, args: &[&str]| {
        let sealed = seal(&["-o", "yaml"]).stdin(SECRET).run().expect_code(0).stdout;
        run(&[&["unseal", "--private-key", "keys/sealing-2048.key"], args].concat())
            .env("SEALED_SECRETS_FORMAT", format)
            .stdin(sealed)
            .run()
    };
    assert!(
        open("YAML", &[])
            .expect_code(0)
            .stdout
            .starts_with("---\napiVersion: v1\n")
    );
    assert!(open("yaml", &["-o", "json"]).expect_code(0).stdout.starts_with("{\n"));
    let output = open("xml", &[]).expect_code(2);
    assert_eq!(
        output.stderr,
        "error: the variable SEALED_SECRETS_FORMAT cannot be used\n  caused by: `xml` is not a format: expected json or yaml\n"
    );
}
