//! What kubeseal v0.40.0 gets wrong, measured: each is an error here, or correct work; nothing is lost.

use super::{SECRET, run, seal, unseal};
use crate::support::cli::Run;

/// What kship does instead.
enum Instead {
    /// It refuses with exit code 3: nothing is printed or written, and the message says this.
    Refuses(&'static str),
    /// It seals; the opened Secret has all of these lines, and the warnings say this.
    Seals(&'static [&'static str], &'static str),
}

use Instead::{Refuses, Seals};

/// The defect of kubeseal, the input, and what kship does instead.
#[rustfmt::skip]
const READING: [(&str, &[u8], Instead); 27] = [
    ("a ConfigMap is sealed as if it were a Secret",
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {a: aHVudGVyMg==}\n",
        Refuses("holds no Secret: expected a document with `kind: Secret`")),
    ("a Deployment is said to have empty data",
        b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
        Refuses("holds no Secret")),
    ("a List is said to have empty data",
        b"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a, namespace: shop}, data: {a: eA==}}\n",
        Seals(&["  a: eA==", "  name: a"], "")),
    ("an object without a kind is sealed",
        b"metadata: {name: a, namespace: shop}\ndata: {a: aHVudGVyMg==}\n",
        Refuses("an object with data and without a kind: expected `kind: Secret`")),
    ("a broken second document is skipped in silence",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {a: hunter2}\n---\na: [\n",
        Refuses("s.yaml:5:4 cannot be sealed")),
    ("a document of the wrong type is skipped in silence",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {a: hunter2}\n---\nkind: Secret\nmetadata: []\n",
        Refuses("metadata is not a mapping")),
    ("documents before a failure are printed",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {a: x}\n---\nkind: Secret\nmetadata: {name: b, namespace: shop}\ndata: {a: '?'}\n",
        Refuses("data.a is not base64")),
    ("a JSON object before invalid UTF-8 hangs",
        b"{\"a\":1}\xff\xfe",
        Refuses("s.yaml is not UTF-8 (byte 7)")),
    ("UTF-16 is no Secret",
        b"\xff\xfek\0i\0n\0d\0:\0 \0S\0e\0c\0r\0e\0t\0\n\0m\0e\0t\0a\0d\0a\0t\0a\0:\0 \0{\0n\0a\0m\0e\0:\0 \0a\0,\0n\0a\0m\0e\0s\0p\0a\0c\0e\0:\0 \0s\0}\0\n\0d\0a\0t\0a\0:\0 \0{\0k\0:\0 \0e\0A\0=\0=\0}\0\n\0",
        Seals(&["  k: eA=="], "")),
    ("a byte order mark and CRLF (which kubeseal takes)",
        b"\xef\xbb\xbfkind: Secret\r\nmetadata: {name: a, namespace: shop}\r\nstringData: {k: x}\r\n",
        Seals(&["  k: eA=="], "")),
    ("1.0 becomes 1 without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData:\n  k: 1.0\n",
        Seals(&["  k: MQ=="], "s.yaml:4:6: the unquoted value of stringData.k reads as a floating-point number, not as text, in YAML 1.1")),
    ("1e3 becomes 1000 without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: 1e3}\n",
        Seals(&["  k: MTAwMA=="], "reads as a floating-point number, not as text, in YAML 1.1")),
    ("0777 becomes 511 without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: 0777}\n",
        Seals(&["  k: NTEx"], "reads as an octal number, not as text, in YAML 1.1")),
    ("0x1F becomes 31 without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: 0x1F}\n",
        Seals(&["  k: MzE="], "reads as a hexadecimal number, not as text, in YAML 1.1")),
    ("1_000 becomes 1000 without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: 1_000}\n",
        Seals(&["  k: MTAwMA=="], "reads as a number, not as text, in YAML 1.1")),
    ("yes becomes true without a word, as a value and as a key",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {yes: yes}\n",
        Seals(&["  \"true\": dHJ1ZQ=="], "`yes` at the key of stringData reads `true` in YAML 1.1")),
    ("~ becomes empty without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: ~}\n",
        Seals(&["  k: \"\""], "reads as null, not as text, in YAML 1.1")),
    ("the annotation 012 becomes 10 without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop, annotations: {k: 012}}\nstringData: {k: x}\n",
        Seals(&["    k: \"10\""], "`012` at metadata.annotations.k reads `10` in YAML 1.1")),
    ("JSON numbers are taken for text without a word",
        b"{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"}, \"stringData\": {\"k\": 1.50}}",
        Seals(&["  k: MS41"], "reads as a floating-point number, not as text, in YAML 1.1")),
    ("of a key that is set twice the last counts",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData:\n  k: hunter2\n  k: x\n",
        Refuses("the key `k` is set twice in one mapping")),
    ("`Data` is read as `data`",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nData: {k: aHVudGVyMg==}\n",
        Refuses("the field `Data`: expected `data`")),
    ("unknown fields are dropped without a word",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: x}\nextra: 1\n",
        Seals(&["  k: eA=="], "`extra` is not kept")),
    ("base64 for addresses is refused with a number only",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\ndata: {k: _-==}\n",
        Refuses("s.yaml:3:11 cannot be sealed\n  caused by: data.k is not base64")),
    ("base64 with line breaks and loose last bits (which kubeseal takes), null and stringData over data",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\ndata: {k: \"eH\\nk=\", l: dh==, e: null}\nstringData: {m: x, k: z}\n",
        Seals(&["  k: eg==", "  l: dg==", "  m: eA==", "  e: \"\""], "")),
    ("a name that Kubernetes refuses is sealed",
        b"kind: Secret\nmetadata: {name: A_b, namespace: shop}\nstringData: {k: x}\n",
        Refuses("`A_b` is not a name of a Secret")),
    ("a namespace that Kubernetes refuses is sealed",
        b"kind: Secret\nmetadata: {name: a, namespace: s.h}\nstringData: {k: x}\n",
        Refuses("`s.h` is not a namespace")),
    ("a key that Kubernetes refuses is sealed",
        b"kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {a/b: hunter2}\n",
        Refuses("`a/b` is not a key of a Secret")),
];

#[test]
fn what_is_read_wrongly_is_an_error_or_right() {
    for (defect, input, instead) in READING {
        let output = seal(&["-f", "s.yaml", "-w", "out.yaml"])
            .file("s.yaml", input)
            .file("out.yaml", "old\n")
            .run();
        assert!(
            !output.stderr.contains("hunter2") && output.stdout.is_empty(),
            "{defect}: {output}"
        );
        match instead {
            Refuses(message) => {
                assert_eq!(output.code, Some(3), "{defect}: {output}");
                assert!(output.stderr.contains(message), "{defect}: {output}");
                assert_eq!(output.read("out.yaml"), "old\n", "{defect}");
                let left = std::fs::read_dir(output.path()).unwrap().count();
                assert_eq!(left, 3, "{defect}: something is left behind");
            }
            Seals(lines, warning) => {
                assert_eq!(output.code, Some(0), "{defect}: {output}");
                assert!(output.stderr.contains(warning), "{defect}: {output}");
                assert_eq!(
                    warning.is_empty(),
                    !output.stderr.contains("warning"),
                    "{defect}: {output}"
                );
                let opened = unseal(&["-o", "yaml"])
                    .stdin(output.read("out.yaml"))
                    .run()
                    .expect_code(0);
                for line in lines {
                    assert!(opened.stdout.contains(&format!("{line}\n")), "{defect}: {opened}");
                }
            }
        }
    }
}

/// Section "in-place writing": mode, links and what is left beside the file.
#[cfg(unix)]
#[test]
fn a_file_keeps_its_mode_and_its_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let prepared = || {
        let run = seal(&["-w", "link.yaml"]).file("real.yaml", "old\n").stdin(SECRET);
        let real = run.path().join("real.yaml");
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
        symlink("real.yaml", run.path().join("link.yaml")).unwrap();
        run
    };
    let output = prepared().run().expect_code(0);
    let link = output.path().join("link.yaml");
    assert!(link.symlink_metadata().unwrap().file_type().is_symlink());
    assert_eq!(link.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    assert!(output.read("real.yaml").contains("kind: SealedSecret"));
    let output = prepared().stdin("kind: Secret\n").run().expect_code(3);
    assert_eq!(output.read("real.yaml"), "old\n");
    // Two files and the keys: no temporary file is left.
    assert_eq!(std::fs::read_dir(output.path()).unwrap().count(), 3);
}

#[test]
fn writing_where_nothing_can_be_written_is_an_error() {
    let output = seal(&["-w", "missing/out.yaml"]).stdin(SECRET).run().expect_code(3);
    assert!(
        output.stderr.contains("missing") && output.stdout.is_empty(),
        "{output}"
    );
    let output = seal(&["-w", "folder"])
        .file("folder/a", "")
        .stdin(SECRET)
        .run()
        .expect_code(3);
    assert!(output.stderr.contains("folder is not a file"), "{output}");
}

/// A sealed secret of the 2048-bit key, in YAML.
fn sealed(text: &str) -> String {
    seal(&["-o", "yaml"]).stdin(text).run().expect_code(0).stdout
}

fn with_key(file: &str, content: &str, text: &str) -> Run {
    run(&["unseal", "--private-key", file, "-o", "yaml"])
        .file(file, content)
        .stdin(text)
}

#[test]
fn every_document_is_opened_and_looks_like_what_was_sealed() {
    let text = sealed(&format!(
        "{SECRET}---\n{}",
        SECRET.replace("hunter2", "''").replace("name: a", "name: b")
    ));
    let output = unseal(&["-o", "yaml"]).stdin(text).run().expect_code(0);
    // The second document too; an empty value is no null, and nobody owns the Secret.
    assert_eq!(output.stdout.matches("kind: Secret\n").count(), 2);
    assert!(output.stdout.contains("  password: \"\"\n"), "{output}");
    assert!(
        !output.stdout.contains("ownerReferences") && !output.stdout.contains("null"),
        "{output}"
    );
}

#[test]
fn version_1_is_opened() {
    let json = "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\"},\"data\":{\"k\":\"eA==\"}}";
    let value = seal(&["--raw", "--name", "a", "-n", "shop"])
        .stdin(json)
        .run()
        .expect_code(0)
        .stdout;
    let text = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: a, namespace: shop}}\nspec: {{data: {value}}}\n"
    );
    let output = unseal(&["-o", "yaml"]).stdin(text.as_str()).run().expect_code(0);
    assert!(output.stdout.contains("  k: eA==\n"), "{output}");
    assert_eq!(unseal(&["--key", "k"]).stdin(text).run().expect_code(0).stdout, "x");
}

/// Shapes of key files of which kubeseal takes the first key, or none.
#[test]
fn every_key_of_every_shape_is_read() {
    let (small, large) = (
        include_str!("../../../keys-example/sealing-2048.key"),
        include_str!("../../../keys-example/sealing-4096.key"),
    );
    let block = |key: &str| key.trim_end().replace('\n', "\n      ");
    let secret = |key: &str| {
        format!(
            "apiVersion: v1\n  kind: Secret\n  metadata: {{name: k}}\n  stringData:\n    tls.key: |\n      {}\n",
            block(key)
        )
    };
    let list = |kind: &str, keys: &[&str]| {
        let items: String = keys.iter().map(|key| format!("- {}", secret(key))).collect();
        format!("apiVersion: v1\nkind: {kind}\nitems:\n{items}")
    };
    let alone = secret(small).replace("\n  ", "\n");
    let shapes = [
        ("the second key of a PEM bundle", format!("{large}{small}")),
        ("stringData", alone.clone()),
        ("a SecretList", list("SecretList", &[large, small])),
        (
            "the README's backup: a List, then a Secret",
            format!("{}---\n{alone}", list("List", &[large])),
        ),
    ];
    for (shape, content) in shapes {
        let output = with_key("key", &content, &sealed(SECRET)).run();
        assert_eq!(output.code, Some(0), "{shape}: {output}");
    }
    for (shape, content, message) in [
        ("garbage", "hello: [", "neither PEM nor YAML"),
        ("nothing", "", "no private key: expected PEM"),
        (
            "an EC key",
            "-----BEGIN EC PRIVATE KEY-----\naGk=\n-----END EC PRIVATE KEY-----\n",
            "a PEM block `EC PRIVATE KEY` where an RSA key",
        ),
    ] {
        let output = with_key("key", content, &sealed(SECRET)).run().expect_code(3);
        assert!(output.stderr.contains(message), "{shape}: {output}");
    }
}

/// Flags that kubeseal ignores, or takes for something else.
#[test]
fn flags_are_not_ignored() {
    let file = |args: &[&str]| seal(args).file("s.yaml", SECRET).stdin(SECRET).run();
    let output = file(&["s.yaml"]).expect_code(2);
    assert_eq!(
        output.stderr,
        "error: `s.yaml` needs a flag before it: `-f` seals it, `--check` checks it\n"
    );
    let output = file(&["--raw", "-f", "s.yaml"]).expect_code(2);
    assert!(output.stderr.contains("--raw"), "{output}");
    let wide = SECRET.replace(
        "namespace: shop",
        "namespace: shop, annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true'}",
    );
    let output = seal(&["--scope", "strict", "-o", "yaml"])
        .stdin(wide)
        .run()
        .expect_code(0);
    assert!(!output.stdout.contains("namespace-wide"), "{output}");
}
