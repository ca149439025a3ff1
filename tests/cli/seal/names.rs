//! Commands, variables, the namespace that nobody says, and the other name of the program.

use super::{SECRET, run};

#[test]
fn one_command_at_a_time() {
    for (args, says) in [
        (
            &["--validate", "--re-encrypt"][..],
            "`--validate` and `--re-encrypt` are two commands",
        ),
        (
            &["--fetch-cert", "--raw"],
            "`--fetch-cert` and `--raw` are two commands",
        ),
        (
            &["--recovery-unseal", "--rotate"],
            "`--recovery-unseal` and `--re-encrypt` are two commands",
        ),
    ] {
        let output = super::seal(args).stdin("").run().expect_code(2);
        assert!(output.stderr.contains(says), "{output}");
    }
    let output = super::seal(&["--validate"])
        .env("SEALED_SECRETS_FETCH_CERT", "1")
        .run()
        .expect_code(2);
    assert!(
        output
            .stderr
            .contains("`--validate` and `--fetch-cert` are two commands"),
        "{output}"
    );
    let output = super::seal(&[]).env("SEALED_SECRETS_RAW", "maybe").run().expect_code(2);
    assert!(
        output
            .stderr
            .contains("SEALED_SECRETS_RAW cannot be used\n  caused by: `maybe` is neither true nor false"),
        "{output}"
    );
}

#[test]
fn variables_name_files_and_switches() {
    let output = super::seal(&[])
        .file("s.yaml", SECRET)
        .env("SEALED_SECRETS_SECRET_FILE", "s.yaml")
        .env("SEALED_SECRETS_SEALED_SECRET_FILE", "out.yaml")
        .run()
        .expect_code(0);
    let sealed = output.read("out.yaml");
    let output = run(&["seal", "--recovery-unseal", "-o", "yaml", "-v", "10", "--logtostderr"])
        .env("SEALED_SECRETS_RECOVERY_PRIVATE_KEY", "keys/sealing-2048.key")
        .stdin(sealed.as_str())
        .run()
        .expect_code(0);
    assert!(output.stdout.contains("password: aHVudGVyMg=="), "{output}");
    let args = [
        "seal",
        "--recovery-unseal",
        "--recovery-private-key",
        "keys/sealing-4096.key",
    ];
    let output = run(&args).stdin(sealed).run().expect_code(1);
    assert!(output.stderr.contains("does not open"), "{output}");
    let output = super::seal(&["--raw", "--scope", "cluster-wide"])
        .env("SEALED_SECRETS_RAW", "false")
        .stdin("x")
        .run();
    assert!(output.expect_code(0).stdout.starts_with("AQ"));
}

#[test]
fn the_namespace_comes_from_the_kubeconfig_last() {
    let nameless = "kind: Secret\nmetadata: {name: a}\nstringData: {k: v}\n";
    let config =
        |namespace: &str| format!("current-context: c\ncontexts: [{{name: c, context: {{cluster: x{namespace}}}}}]\n");
    let both = format!("{nameless}---\n{SECRET}");
    let output = super::seal(&["-o", "yaml"])
        .home_file(".kube/config", config(", namespace: mine"))
        .stdin(both.as_str())
        .run();
    let output = output.expect_code(0);
    assert_eq!(
        output.stderr,
        "warning: the namespace is `mine`, for nothing but context `c` of the kubeconfig says it\n"
    );
    assert_eq!(output.stdout.matches("  namespace: mine\n").count(), 2, "{output}");
    assert_eq!(output.stdout.matches("  namespace: shop\n").count(), 2, "{output}");
    let output = super::seal(&["-o", "yaml"])
        .home_file(".kube/config", config(""))
        .stdin(nameless)
        .run()
        .expect_code(0);
    assert!(
        output.stdout.contains("  namespace: default\n") && output.stderr.contains("which names none"),
        "{output}"
    );
    let output = super::seal(&["--raw", "--name", "a"])
        .home_file(".kube/config", config(", namespace: mine"))
        .stdin("v")
        .run();
    let output = output.expect_code(0);
    let document = format!(
        "kind: SealedSecret\nmetadata: {{name: a, namespace: mine}}\nspec: {{encryptedData: {{k: {}}}}}\n",
        output.stdout
    );
    assert_eq!(
        super::unseal(&["--key", "k"])
            .stdin(document)
            .run()
            .expect_code(0)
            .stdout,
        "v"
    );
    let output = super::seal(&[]).stdin(nameless).run().expect_code(3);
    assert!(
        output.stderr.contains("no metadata.namespace") && output.stderr.contains("`--namespace`"),
        "{output}"
    );
    let output = super::seal(&[])
        .home_file(".kube/config", "contexts: [")
        .stdin(nameless)
        .run()
        .expect_code(3);
    assert!(output.stderr.contains("cannot be read as a kubeconfig"), "{output}");
    // Who names it needs no kubeconfig, be it broken or not.
    for args in [&["-n", "x"][..], &["--scope", "cluster-wide"]] {
        let _ = super::seal(args)
            .home_file(".kube/config", "contexts: [")
            .stdin(nameless)
            .run()
            .expect_code(0);
    }
}

#[cfg(unix)]
#[test]
fn kubeseal_is_another_name() {
    let kubeseal = |args: &[&str]| run(args).called("/opt/bin/kubeseal");
    let output = kubeseal(&["--version"]).run().expect_code(0);
    assert!(
        output.stdout.starts_with("kubeseal version: v0.40.0+kship."),
        "{output}"
    );
    let output = kubeseal(&["--cert", "keys/sealing-2048.crt"])
        .stdin(SECRET)
        .run()
        .expect_code(0);
    assert!(
        output.stdout.starts_with("{\n  \"kind\": \"SealedSecret\",\n"),
        "{output}"
    );
    let opened = kubeseal(&[
        "--recovery-unseal=true",
        "--recovery-private-key",
        "keys/sealing-2048.key",
    ]);
    let opened = opened.stdin(output.stdout).run().expect_code(0);
    assert!(opened.stdout.contains("\"password\": \"aHVudGVyMg==\""), "{opened}");
    for (args, code) in [
        (&["--help"][..], 0),
        (&["--nonsense"], 2),
        (&["--scope", "bogus", "--cert", "keys/sealing-2048.crt"], 2),
        (&["-o", "xml", "--cert", "keys/sealing-2048.crt"], 1),
        (&["--from-file", "x", "--cert", "keys/sealing-2048.crt"], 1),
        (&["--cert", "missing"], 1),
        (&[], 1),
        (&["--raw", "--cert", "keys/sealing-2048.crt"], 1),
        (&["--cert", "keys/sealing-expired.crt"], 1),
    ] {
        let output = kubeseal(args).stdin(SECRET).run().expect_code(code);
        assert!(
            code == 0 || (output.stdout.is_empty() && output.stderr.contains("error: ")),
            "{args:?}: {output}"
        );
    }
}
