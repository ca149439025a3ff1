//! `--merge-into`: what kubeseal loses there stays here (kubeseal v0.40.0, each measured).

use super::{run, seal, unseal};

const INPUT: &str = "kind: Secret\nmetadata: {name: a, namespace: shop, annotations: {team: x}, labels: {tier: db}}\nstringData: {token: t}\n";

const TARGET: &str = "# top\nkind: ConfigMap   # other\n---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  namespace: shop # order\n  name: a\nspec:\n  template:\n    stringData: {x: y}\n  encryptedData:\n    old: AgAold # keep\n---\nkind: Pod\n";

fn value(text: &str, key: &str) -> String {
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with(&format!("{key}: ")))
        .unwrap();
    line.split(": ").nth(1).unwrap().to_owned()
}

fn opened(text: &str, key: &str) -> String {
    unseal(&["--key", key]).stdin(text).run().expect_code(0).stdout
}

#[test]
fn format_comments_order_and_other_documents_stay() {
    for extra in [&[][..], &["-o", "yaml"], &["-n", "shop"], &["--name", "a"]] {
        let output = seal(&[&["--merge-into", "s.yaml"], extra].concat())
            .file("s.yaml", TARGET)
            .stdin(INPUT)
            .run()
            .expect_code(0);
        let after = output.read("s.yaml");
        let sealed = value(&after, "token");
        let expected = TARGET
            .replace("# keep\n", &format!("# keep\n    token: {sealed}\n"))
            .replace(
                "{x: y}\n",
                "{x: y}\n    metadata:\n      annotations:\n        team: x\n      labels:\n        tier: db\n",
            );
        assert_eq!(after, expected);
        assert_eq!(opened(&after, "token"), "t");
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            (
                "",
                "s.yaml: `shop/a`: added token; set in the template team, tier\nwrote s.yaml\n"
            )
        );
    }
}

#[test]
fn the_scope_of_the_target_decides() {
    let target = TARGET.replace(
        "  name: a\n",
        "  name: a\n  annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true'}\n",
    );
    let output = seal(&["--merge-into", "s.yaml"])
        .file("s.yaml", &target)
        .stdin(INPUT)
        .run()
        .expect_code(0);
    let after = output.read("s.yaml");
    assert_eq!(opened(&after, "token"), "t");
    assert_eq!(opened(&after.replace("  name: a\n", "  name: other\n"), "token"), "t");
    for scope in ["strict", "cluster-wide"] {
        let output = seal(&["--merge-into", "s.yaml", "--scope", scope])
            .file("s.yaml", &target)
            .stdin(INPUT)
            .run()
            .expect_code(3);
        assert_eq!(output.read("s.yaml"), target);
        assert_eq!(
            output.stderr,
            format!(
                "error: s.yaml: nothing was merged\n  caused by: the scope {scope} is asked for, but `shop/a` has the scope namespace-wide\nhint: leave `--scope` out: the target decides\n"
            )
        );
    }
    let _ = seal(&["--merge-into", "s.yaml", "--scope", "namespace-wide"])
        .file("s.yaml", &target)
        .stdin(INPUT)
        .run()
        .expect_code(0);
}

#[test]
fn another_file_can_take_the_result_and_nothing_is_truncated() {
    let output = seal(&["--merge-into", "s.yaml", "-w", "out.yaml"])
        .file("s.yaml", TARGET)
        .file("out.yaml", "old: content\n")
        .stdin(INPUT)
        .run()
        .expect_code(0);
    assert_eq!(output.read("s.yaml"), TARGET);
    assert_eq!(opened(&output.read("out.yaml"), "token"), "t");
    let output = seal(&["--merge-into", "s.yaml", "-w", "-"])
        .file("s.yaml", TARGET)
        .stdin(INPUT)
        .run()
        .expect_code(0);
    assert_eq!(output.read("s.yaml"), TARGET);
    assert_eq!(opened(&output.stdout, "token"), "t");
    for (target, input) in [
        (TARGET, "kind: ConfigMap\n"),
        (TARGET, ""),
        (TARGET, "kind: Secret\nmetadata: {name: a}\ndata: {a: hunter2}\n"),
        ("garbage: [\n", INPUT),
        ("", INPUT),
    ] {
        let output = seal(&["--merge-into", "s.yaml", "-w", "out.yaml"])
            .file("s.yaml", target)
            .file("out.yaml", "old: content\n")
            .stdin(input)
            .run()
            .expect_code(3);
        assert_eq!(
            (output.read("s.yaml").as_str(), output.read("out.yaml").as_str()),
            (target, "old: content\n")
        );
        assert!(
            output.stderr.contains("nothing was merged") && !output.stderr.contains("hunter2"),
            "{output}"
        );
        assert_eq!(
            std::fs::read_dir(output.path()).unwrap().count(),
            3,
            "nothing is left beside it"
        );
    }
}

#[test]
fn several_candidates_are_named() {
    let target = format!(
        "{TARGET}---\n{}",
        TARGET.replace("name: a", "name: b").replace("# top\n", "")
    );
    let input = INPUT.replace("name: a", "name: c");
    let output = seal(&["--merge-into", "s.yaml"])
        .file("s.yaml", &target)
        .stdin(&*input)
        .run()
        .expect_code(3);
    assert_eq!(
        output.stderr,
        "error: s.yaml: nothing was merged\n  caused by: no SealedSecret is called `shop/c`, and which one is meant is not clear: the file has `shop/a`, `shop/b`\nhint: name it with `--name`\n"
    );
    let output = seal(&["--merge-into", "s.yaml", "--name", "b"])
        .file("s.yaml", &target)
        .stdin(&*input)
        .run()
        .expect_code(0);
    assert!(output.stderr.starts_with("s.yaml: `shop/b`: added token;"), "{output}");
}

#[test]
fn one_value_needs_no_document() {
    let output = seal(&["--merge-into", "s.yaml", "--from-literal", "token=a=b"])
        .file("s.yaml", TARGET)
        .run()
        .expect_code(0);
    let after = output.read("s.yaml");
    let sealed = value(&after, "token");
    assert_eq!(
        after,
        TARGET.replace("# keep\n", &format!("# keep\n    token: {sealed}\n"))
    );
    assert_eq!(opened(&after, "token"), "a=b");
}

#[test]
fn json_stays_json() {
    let target = seal(&[]).stdin(INPUT).run().expect_code(0).stdout;
    let output = seal(&["--merge-into", "s.json", "-o", "yaml"])
        .file("s.json", &target)
        .stdin(INPUT.replace("token: t", "token: u, new: v"))
        .run()
        .expect_code(0);
    let after = output.read("s.json");
    assert_eq!(opened(&after, "token"), "u");
    assert_eq!(opened(&after, "new"), "v");
    assert_eq!(after.lines().count(), target.lines().count() + 1);
    assert!(
        output
            .stderr
            .contains("warning: s.json stays in its format, whatever --format says\n"),
        "{output}"
    );
}

#[test]
fn wrong_use_is_refused() {
    for (args, code, message) in [
        (&["--merge-into", "-"][..], 2, "expected a path, not `-`"),
        (&["--merge-into", "missing.yaml"], 3, "missing.yaml"),
        (&["--merge-into", "a", "-f", "b", "-f", "c"], 2, "takes one input"),
        (&["--merge-into", "a", "--raw"], 2, "--raw"),
        (&["--merge-into", "a", "--fetch-cert"], 2, "a command of its own"),
    ] {
        let output = seal(args).stdin(INPUT).run().expect_code(code);
        assert!(output.stderr.contains(message), "{message}: {output}");
    }
    let output = run(&["seal", "--cert", "keys/sealing-2048.crt"])
        .env("SEALED_SECRETS_MERGE_INTO", "s.yaml")
        .file("s.yaml", TARGET)
        .stdin(INPUT)
        .run()
        .expect_code(0);
    assert!(output.read("s.yaml").contains("    token: AQ"));
}

#[cfg(unix)]
#[test]
fn mode_and_link_stay() {
    use std::os::unix::fs::PermissionsExt;
    let run = seal(&["--merge-into", "link.yaml"]).file("s.yaml", TARGET).stdin(INPUT);
    let file = run.path().join("s.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("s.yaml", run.path().join("link.yaml")).unwrap();
    let output = run.run().expect_code(0);
    assert!(output.read("s.yaml").contains("    token: AQ"));
    assert!(
        std::fs::symlink_metadata(output.path().join("link.yaml"))
            .unwrap()
            .is_symlink()
    );
    let mode = std::fs::metadata(output.path().join("s.yaml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}
