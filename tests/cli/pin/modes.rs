//! How flags go together: what is decided, written and told in each mode.

use insta::assert_snapshot;

use super::{API, WEB, ZERO, pin, plain, pod};
use crate::support::registry::TestRegistry;

/// A host that nothing listens at.
fn dead_host() -> String {
    let registry = TestRegistry::any();
    registry.host()
}

#[test]
fn no_digest_is_a_no_whatever_a_registry_or_lock_says() {
    let text = pod(&format!("{}/shop/web:1", dead_host()));
    for format in ["human", "json", "sarif", "github"] {
        let output = plain(&["--check", "--online", "--format", format])
            .file("a.yaml", &text)
            .run()
            .expect_code(1);
        assert!(output.stdout.contains("unpinned"), "{output}");
    }
    let lock = "apiVersion: kship.dev/v1alpha1\nkind: ImageLock\nimages: {}\n";
    let output = plain(&["--check", "--lock", "images.lock"])
        .file("a.yaml", pod("a/b:1"))
        .file("images.lock", lock)
        .run();
    assert!(output.expect_code(1).stderr.is_empty());
}

#[test]
fn a_registry_that_fails_is_no_answer_about_a_digest() {
    let text = pod(&format!("{}/shop/web:1@{ZERO}", dead_host()));
    for format in ["human", "json", "sarif", "github"] {
        let _ = plain(&["--check", "--online", "--format", format])
            .file("a.yaml", &text)
            .run()
            .expect_code(3);
    }
    let _ = plain(&["--check"]).file("a.yaml", &text).run().expect_code(0);
}

#[test]
fn locked_holds_in_every_mode_that_could_change_the_lock() {
    for args in [
        &["--lock", "l", "--locked"][..],
        &["--lock", "l", "--locked", "--diff"],
        &["--lock", "l", "--locked", "--stdout"],
    ] {
        let output = pin(args).file("a.yaml", pod("shop/api:2.0.1")).run().expect_code(3);
        assert_eq!(output.read("a.yaml"), pod("shop/api:2.0.1"));
        assert!(
            output.stderr.contains("would change") && !output.stdout.contains("sha256"),
            "{output}"
        );
    }
    let _ = pin(&["-", "--lock", "l", "--locked"])
        .stdin(pod("shop/api:2.0.1"))
        .run()
        .expect_code(3);
    for args in [["--check", "--locked"], ["--check", "--frozen"]] {
        let _ = plain(&[&args[..], &["--lock", "l"]].concat()).run().expect_code(2);
    }
}

#[test]
fn printing_still_keeps_the_lock() {
    let output = pin(&["-", "--lock", "l"])
        .stdin(pod("shop/api:2.0.1"))
        .run()
        .expect_code(0);
    assert!(output.read("l").contains(API));
    let output = pin(&["--diff", "--lock", "l"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .run()
        .expect_code(0);
    assert!(!output.path().join("l").exists());
}

#[test]
fn a_comment_in_the_lock_is_nobody_s_change() {
    let lock = format!(
        "# ours\napiVersion: kship.dev/v1alpha1\nkind: ImageLock\nimages: {{\"docker.io/shop/api:2.0.1\": {{digest: \"{API}\"}}}}\n"
    );
    let output = plain(&["--lock", "l", "--locked"])
        .file("a.yaml", pod("shop/api:2.0.1"))
        .file("l", &lock)
        .run()
        .expect_code(0);
    assert_eq!(output.read("l"), lock);
    assert_eq!(output.read("a.yaml"), pod(&format!("shop/api:2.0.1@{API}")));
}

#[test]
fn a_foreign_lock_does_not_spoil_a_check() {
    let kbld = format!(
        "apiVersion: kbld.k14s.io/v1alpha1\nkind: Config\noverrides:\n- {{image: shop/web:1.4.2, newImage: \"shop/web@{WEB}\", preresolved: true}}\n"
    );
    let output = pin(&["--check", "--online", "--lock", "kbld", "a.yaml"])
        .file("a.yaml", pod(&format!("shop/api:2.0.1@{ZERO}")))
        .file("kbld", kbld)
        .run();
    assert!(output.expect_code(1).stdout.contains("vanished"));
}

#[test]
fn a_failed_run_shows_no_change() {
    let run = |args: &[&str]| {
        pin(args)
            .file("a.yaml", pod("shop/api:2.0.1"))
            .file("b.yaml", pod("shop/missing:1"))
            .run()
    };
    assert_snapshot!(run(&[]).expect_code(3), @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: b.yaml:6:22: registry has no `docker.io/shop/missing:1` (asked registry)
    hint: check the name and tag; leave images that are in no registry out with `--exclude` or `# kship:ignore=...`
    warning: nothing was written
    ");
    assert_eq!(run(&["--diff"]).expect_code(3).stdout, "");
    assert_eq!(run(&["--stdout"]).expect_code(3).stdout, "");
    let kept = run(&["--stdout", "--keep-going"]).expect_code(3);
    assert_eq!(kept.stdout, pod(&format!("shop/api:2.0.1@{API}")));
    assert_eq!(
        run(&["--keep-going"]).expect_code(3).read("b.yaml"),
        pod("shop/missing:1")
    );
}

#[test]
fn the_diff_is_what_is_written() {
    let text = format!("{}---\r\n{}", pod("shop/api:2.0.1"), pod("shop/web:1.4.2").trim_end());
    let written = pin(&[]).file("a.yaml", &text).run().expect_code(0).read("a.yaml");
    let diff = pin(&["--diff"]).file("a.yaml", &text).run().expect_code(0).stdout;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), &text).unwrap();
    std::fs::write(folder.path().join("change.diff"), &diff).unwrap();
    let applied = std::process::Command::new("git")
        .args(["apply", "change.diff"])
        .current_dir(folder.path())
        .status();
    match applied {
        Ok(status) => {
            assert!(status.success(), "{diff}");
            assert_eq!(std::fs::read_to_string(folder.path().join("a.yaml")).unwrap(), written);
        }
        Err(error) => eprintln!("skipped: no git to apply the diff with: {error}"),
    }
    let json = pin(&["--format", "json"])
        .file("a.yaml", &text)
        .run()
        .expect_code(0)
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let edits = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|change| change["edits"].as_array().unwrap());
    let mut edits: Vec<kship::text::Edit> = edits
        .map(|edit| {
            let byte = |name: &str| usize::try_from(edit[name]["byte"].as_u64().unwrap()).unwrap();
            let range = byte("start")..byte("end");
            kship::text::Edit {
                range,
                replacement: edit["replacement"].as_str().unwrap().to_owned(),
            }
        })
        .collect();
    assert_eq!(kship::text::apply(&text, &edits).unwrap(), written);
    edits.pop();
    assert_ne!(kship::text::apply(&text, &edits).unwrap(), written);
}

#[test]
fn what_is_left_alone_is_told() {
    let escaped = pod(&format!("\"shop/api:2.0.1@sha\\x3256:{}\"", &ZERO[7..]));
    let output = pin(&["--update"]).file("a.yaml", &escaped).run().expect_code(1);
    assert!(output.stdout.contains("error[drifted]"), "{output}");
    let output = plain(&["--unpin", "--explain"])
        .file("a.yaml", &escaped)
        .run()
        .expect_code(0);
    assert!(output.stdout.contains("the digest stays"), "{output}");
}

#[test]
fn a_run_that_finds_nothing_says_so() {
    assert_snapshot!(plain(&["--check"]).run().expect_code(0), @"
    exit: 0
    ----- stderr -----
    no images found; files looked at: 0
    ");
    assert_snapshot!(plain(&["--check", "README.md"]).file("README.md", "# a\n").run().expect_code(0), @"
    exit: 0
    ----- stderr -----
    no images found; files looked at: 1
    ");
}

#[test]
fn a_dockerfile_needs_no_name_on_standard_input() {
    let output = pin(&["-"]).stdin("# c\nFROM shop/api:2.0.1\n").run().expect_code(0);
    assert_eq!(output.stdout, format!("# c\nFROM shop/api:2.0.1@{API}\n"));
    let _ = plain(&["--check", "-"])
        .stdin("FROM shop/api:2.0.1\n")
        .run()
        .expect_code(1);
}

#[test]
fn one_image_must_be_for_the_platform_that_is_asked_for() {
    let output = pin(&["--platform", "linux/s390x"])
        .file("a.yaml", pod("shop/web:1.4.2-arm64"))
        .run()
        .expect_code(3);
    assert!(
        output
            .stderr
            .contains("has no image for linux/s390x: it has linux/arm64"),
        "{output}"
    );
    let _ = pin(&["--platform", "linux/arm64"])
        .file("a.yaml", pod("shop/web:1.4.2-arm64"))
        .run()
        .expect_code(0);
}

#[test]
fn settings_are_those_of_the_repository() {
    let accepting = "ignore: [{rule: unpinned, reason: test}]\n";
    // The run's own folder is in no repository: what stands above it does not count.
    let run = plain(&["--check"]).file("a.yaml", pod("a:1"));
    std::fs::write(run.path().parent().unwrap().join("kship.yaml"), accepting).unwrap();
    let _ = run.run().expect_code(1);
    let unknown = plain(&["--check"])
        .file("kship.yaml", "ignore: [{rule: unpind, reason: test}]\n")
        .run();
    assert_snapshot!(unknown.expect_code(3), @"
    exit: 3
    ----- stderr -----
    error: kship.yaml: `ignore` names the finding `unpind`, which there is none of: expected one of aescbc, aesgcm-rotation, ambiguous-key-name, cis-1.2.28, drifted, duplicate-key-name, example-key, file-mode, identity-first, ignored-document, invalid, invalid-digest, key-name, kms-v1, last-applied-copy, malformed-value, no-identity, opted-out, other-key-size, plaintext-beside-sealed, plaintext-generator, plaintext-secret, plaintext-template, repeated-resource, reused-key, scope-mismatch, scope-value, secrets-plaintext, short-key, single-platform, unknown-resource, unpinned, unsupported, vanished, weak-key
    ");
    let outside = plain(&[]).file("kship.yaml", "pin: {lock: ../images.lock}\n").run();
    assert_snapshot!(outside.expect_code(3), @"
    exit: 3
    ----- stderr -----
    error: kship.yaml: lock file `../images.lock` is outside the tree: expected a path below the folder of kship.yaml
    ");
}

#[test]
fn paths_are_told_from_the_working_directory() {
    for path in ["deploy", "./deploy/", "deploy/a.yaml", "../tree/deploy"] {
        let output = plain(&["--check", path, "--format", "github"])
            .file("deploy/a.yaml", pod("a:1"))
            .run()
            .expect_code(1);
        assert!(output.stdout.starts_with("::error file=deploy/a.yaml,"), "{output}");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let text = pod("shop/api:2.0.1");
    let run = pin(&[]).file("a.yaml", &text).file("b.yaml", &text);
    let folder = run.path();
    // No file may grow: writing fails, and the signal that goes with it is ignored.
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" pin --layout registry";
    let output = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_kship")])
        .current_dir(&folder)
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in ["a.yaml", "b.yaml"] {
        assert_eq!(std::fs::read_to_string(folder.join(name)).unwrap(), text);
    }
    drop(run);
}
