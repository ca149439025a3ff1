//! Secrets from flags, and from folders.

use super::{SECRET, run, seal, unseal};
use crate::support::cli::Run;

/// `kship seal` with a name and a namespace.
fn create(args: &[&str]) -> Run {
    seal(&[&["--name", "a", "-n", "shop", "-o", "yaml"], args].concat())
}

/// The Secret that comes out again.
fn opened(run: Run) -> String {
    let sealed = run.run().expect_code(0);
    assert_eq!(sealed.stderr, "");
    unseal(&["-o", "yaml"]).stdin(sealed.stdout).run().expect_code(0).stdout
}

#[test]
fn values_become_a_secret_as_with_kubectl() {
    let run = create(&[
        "--from-literal=user=a=b",
        "--from-literal",
        "empty=",
        "--from-file",
        "dir/key.txt,other=dir/key.txt",
        "--from-file=folder",
        "--from-file=in=-",
    ])
    .file("dir/key.txt", "x\n")
    .file("folder/b", b"\xff")
    .file("folder/.hidden", "h")
    .file("folder/below/c", "not taken")
    .stdin("y");
    assert_eq!(
        opened(run),
        "---\napiVersion: v1\ndata:\n  .hidden: aA==\n  b: /w==\n  empty: \"\"\n  in: eQ==\n  key.txt: eAo=\n  other: eAo=\n  user: YT1i\nkind: Secret\nmetadata:\n  name: a\n  namespace: shop\n"
    );
    let run = create(&["--from-env-file", "v.env"])
        .file(
            "v.env",
            "\u{feff}# c\n\nA=1 # no comment\nB=\"q\"\nHOME_TOWN\nNOWHERE\n",
        )
        .env("HOME_TOWN", "Bonn");
    let text = opened(run);
    for line in [
        "  A: MSAjIG5vIGNvbW1lbnQ=\n",
        "  B: InEi\n",
        "  HOME_TOWN: Qm9ubg==\n",
        "  NOWHERE: \"\"\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_type_is_kept_and_checked() {
    let run = create(&["--type", "kubernetes.io/basic-auth", "--from-literal=password=x"]);
    assert!(opened(run).ends_with("  namespace: shop\ntype: kubernetes.io/basic-auth\n"));
    for (args, message) in [
        (
            ["--type=kubernetes.io/tls", "--from-literal=tls.crt=hunter2"],
            "needs the keys `tls.crt` and `tls.key`",
        ),
        (
            [
                "--type=kubernetes.io/dockerconfigjson",
                "--from-literal=.dockerconfigjson=hunter2",
            ],
            "needs JSON in `.dockerconfigjson`",
        ),
        (
            ["--from-literal=a=hunter2", "--from-literal=a=hunter2"],
            "the key `a` is given twice",
        ),
        (
            ["--from-literal=a/b=hunter2", "--from-literal=b="],
            "`a/b` is not a key of a Secret",
        ),
        (
            ["--from-literal=hunter2", "--from-literal=b="],
            "a literal is KEY=VALUE",
        ),
        (["--from-file=a=b=c", "--from-literal=b="], "`a=b=c` is not a source"),
        (["--from-file=k=folder", "--from-literal=b="], "expected no KEY="),
        (["--from-file=-", "--from-literal=b="], "expected KEY=-"),
        (
            ["--from-file=k=-", "--from-file=l=-"],
            "standard input is asked for twice",
        ),
        (["--from-env-file=e", "--from-literal=b=c"], "--from-env-file"),
        (["-f=x", "--from-literal=b=c"], "--secret-file"),
        (["--raw", "--from-literal=b=c"], "--raw"),
        (["--type=Opaque", "-f=x"], "--type"),
    ] {
        let output = create(&args).file("folder/a", "x").run().expect_code(2);
        assert!(
            output.stderr.contains(message) && output.stdout.is_empty(),
            "{message}: {output}"
        );
        let said = output.stderr.lines().filter(|line| !line.contains("Usage"));
        assert!(!said.collect::<String>().contains("hunter2"), "{output}");
    }
    for (args, message) in [
        (["--from-file=missing"], "missing"),
        (
            ["--from-env-file=e"],
            "e makes no Secret\n  caused by: line 1 does not begin with the name of a variable",
        ),
    ] {
        let output = create(&args).file("e", "export A=hunter2\n").run().expect_code(3);
        assert!(
            output.stderr.contains(message) && !output.stderr.contains("hunter2"),
            "{output}"
        );
    }
    let output = seal(&["--from-literal=a=b", "-n", "shop"]).run().expect_code(3);
    assert!(output.stderr.ends_with("hint: name it with `--name`\n"), "{output}");
}

#[test]
fn a_folder_is_sealed_as_one_stream() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c} # kept\n";
    let folder = |args: &[&str]| {
        seal(&[&["-f", "deploy", "-o", "yaml"], args].concat())
            .file("deploy/b/secret.yaml", SECRET)
            .file("deploy/a.yml", config)
            .file("deploy/c.json", "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"j\", \"namespace\": \"shop\"}, \"data\": {\"k\": \"dg==\"}}")
            .file("deploy/values.yaml", "replicas: 2\n")
            .file("deploy/notes.txt", "kind: Secret")
            .file("deploy/.gitignore", "ignored.yaml\n")
            .file("deploy/ignored.yaml", SECRET)
    };
    let output = folder(&[]).run().expect_code(0);
    assert!(
        output
            .stdout
            .starts_with(&format!("---\n{config}---\napiVersion: bitnami.com/")),
        "{output}"
    );
    assert_eq!(output.stdout.matches("kind: SealedSecret\n").count(), 2, "{output}");
    assert_eq!(
        output.stderr,
        "sealed 2, passed on unchanged what is no Secret: 1\nleft out, being no Kubernetes resources: deploy/values.yaml\n"
    );
    // All or nothing: one file that cannot be read fails the folder.
    let output = folder(&["-w", "out.yaml"])
        .file("deploy/z.yaml", "a: [\n")
        .run()
        .expect_code(3);
    assert!(output.stderr.starts_with("error: deploy/z.yaml:"), "{output}");
    assert!(!output.path().join("out.yaml").exists());
    let output = seal(&["-f", "deploy"])
        .file("deploy/a.yaml", config)
        .run()
        .expect_code(3);
    assert!(output.stderr.starts_with("error: deploy holds no Secret"), "{output}");
}

#[test]
fn several_files_and_a_folder_come_in_order() {
    let named = |name: &str| SECRET.replace("name: a", &format!("name: {name}"));
    let output = seal(&["-f", "z.yaml", "-f", "dir", "-f", "-"])
        .file("z.yaml", named("first"))
        .file("dir/s.yaml", named("second"))
        .stdin(named("third"))
        .run()
        .expect_code(0);
    let at = |name: &str| output.stdout.find(&format!("\"name\": \"{name}\"")).unwrap();
    assert!(at("first") < at("second") && at("second") < at("third"));
}

#[test]
fn raw_takes_one_file() {
    let args = [
        "seal",
        "--cert",
        "keys/sealing-2048.crt",
        "--raw",
        "--scope",
        "cluster-wide",
    ];
    let output = run(&[args.as_slice(), &["--from-file=a,b"]].concat())
        .run()
        .expect_code(2);
    assert_eq!(
        output.stderr,
        "error: --raw seals one value: expected one --from-file\n"
    );
}
