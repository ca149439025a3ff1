//! `kship reseal`: a tree of SealedSecrets moves to the newest key.

use crate::support::cli::{Output, Run, kship};
use crate::support::cluster::{ApiServer, Reply, Seen};
use crate::support::controller::controller;

const OLD: &str = "keys/sealing-2048.key";
const NEW: &str = "keys/sealing-4096.key";
const CERT: &str = "keys/sealing-4096.crt";

fn run(args: &[&str]) -> Run {
    kship(args).folder("keys-example", "keys")
}

/// A SealedSecret under the old key, in YAML or, with `-w` and another name, in JSON.
fn sealed(name: &str, args: &[&str]) -> String {
    let secret = format!(
        "kind: Secret\nmetadata: {{name: {name}, namespace: shop}}\nstringData: {{password: hunter2, user: bob}}\n"
    );
    run(&[&["seal", "--cert", "keys/sealing-2048.crt"], args].concat())
        .stdin(secret)
        .run()
        .expect_code(0)
        .stdout
}

fn yaml(name: &str) -> String {
    sealed(name, &["-o", "yaml"])
}

fn reseal(args: &[&str]) -> Run {
    run(&[&["reseal", "tree", "--cert", CERT], args].concat())
}

/// What a file of a finished run opens to with the new key alone.
fn password(output: &Output, path: &str) -> String {
    run(&["unseal", "--private-key", NEW, "--key", "password"])
        .stdin(output.read(path))
        .run()
        .expect_code(0)
        .stdout
}

#[test]
fn a_tree_moves_and_a_second_run_changes_nothing() {
    let crlf = format!(
        "# top\r\n---\r\nkind: ConfigMap   # as it is\r\n{}# end",
        yaml("b").replace('\n', "\r\n")
    );
    let both = format!("{OLD},{NEW}");
    let output = reseal(&["--private-key", &both])
        .file("tree/a.yaml", yaml("a"))
        .file("tree/sub/b.yml", &crlf)
        .file("tree/sub/c.json", sealed("c", &["--scope", "cluster-wide"]))
        .file("tree/ignored.yaml", yaml("d"))
        .file("tree/.kshipignore", "ignored.yaml\n")
        .file("tree/other.yaml", "{{ template }}")
        .run()
        .expect_code(0);
    for file in ["tree/a.yaml", "tree/sub/b.yml", "tree/sub/c.json"] {
        assert_eq!(password(&output, file), "hunter2");
        for key in ["password", "user"] {
            let told = format!(
                "{key} of shop/{}: resealed, key da5e7fb1764d ({OLD}) opened it",
                match file {
                    "tree/a.yaml" => "a",
                    "tree/sub/b.yml" => "b",
                    _ => "c",
                }
            );
            assert!(output.stdout.contains(&told), "{told}: {output}");
        }
    }
    assert_eq!(
        output.stderr,
        format!("key da5e7fb1764d ({OLD}) opened 6: 0 stay, 6 moved\nresealed 6 in 3 files, kept 0\n")
    );
    let after = output.read("tree/sub/b.yml");
    let lines = |text: &str| -> Vec<String> {
        text.split('\n')
            .filter(|line| !line.contains("    password: ") && !line.contains("    user: "))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(lines(&after), lines(&crlf));
    assert_eq!(after.matches("\r\n").count(), crlf.matches("\r\n").count());
    // The second run has one file that an interrupted first run would have left.
    let again = reseal(&["--private-key", &both])
        .file("tree/a.yaml", yaml("a"))
        .file("tree/b.yaml", &after)
        .run()
        .expect_code(0);
    assert_eq!(again.read("tree/b.yaml"), after);
    assert_eq!(password(&again, "tree/a.yaml"), "hunter2");
    assert!(again.stderr.ends_with("resealed 2 in 1 file, kept 2\n"), "{again}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let before = yaml("a");
    let output = reseal(&["--private-key", OLD, "--dry-run"])
        .file("tree/a.yaml", &before)
        .run()
        .expect_code(0);
    assert_eq!(output.read("tree/a.yaml"), before);
    assert_eq!(
        output.stdout,
        format!(
            "tree/a.yaml:9:15: password of shop/a: would be resealed, key da5e7fb1764d ({OLD}) opened it\n\
             tree/a.yaml:10:11: user of shop/a: would be resealed, key da5e7fb1764d ({OLD}) opened it\n"
        )
    );
    assert!(
        output.stderr.ends_with("would reseal 2 in 1 file, kept 0\n"),
        "{output}"
    );
}

#[test]
fn a_file_with_a_value_that_does_not_open_is_left_alone_and_others_go_on() {
    let (good, bad) = (
        yaml("a"),
        yaml("b").replace(
            "  name: b\n  namespace: shop\nspec",
            "  name: x\n  namespace: shop\nspec",
        ),
    );
    let half = format!("{}{bad}", yaml("c"));
    let output = reseal(&["--private-key", OLD])
        .file("tree/a.yaml", good)
        .file("tree/half.yaml", &half)
        .file("tree/torn.yaml", "kind: SealedSecret\na: [\n")
        .run()
        .expect_code(1);
    assert_eq!(password(&output, "tree/a.yaml"), "hunter2");
    assert_eq!(output.read("tree/half.yaml"), half);
    assert!(
        output.stderr.contains(
            "error: tree/half.yaml:23:15: password of shop/x does not open: it was sealed for the name `b` in the namespace `shop` (scope strict)\n"
        ),
        "{output}"
    );
    assert!(
        output
            .stdout
            .contains("password of shop/c: left alone with its file, key"),
        "{output}"
    );
    assert!(output.stderr.contains("error: tree/torn.yaml:2:"), "{output}");
    assert!(
        output
            .stderr
            .contains("resealed 2 in 1 file, kept 2, could not open 2\n"),
        "{output}"
    );
    assert!(!output.stderr.contains("hunter2") && !output.stdout.contains("hunter2"));
    let torn = reseal(&["--private-key", OLD])
        .file("tree/torn.yaml", "kind: SealedSecret\na: [\n")
        .run()
        .expect_code(3);
    assert!(
        torn.stderr
            .starts_with("error: tree/torn.yaml:2:4 cannot be resealed\n"),
        "{torn}"
    );
}

#[test]
fn damaged_values_never_pass() {
    let text = yaml("a");
    let value = text.split("password: ").nth(1).unwrap().lines().next().unwrap();
    let last = value.trim_end_matches('=').len() - 2;
    for (at, with) in [
        (0, "B"),
        (8, "!"),
        (last / 2, "+"),
        (last / 2, "/"),
        (last, "+"),
        (last, "/"),
    ] {
        let mut damaged = value.to_owned();
        damaged.replace_range(at..=at, with);
        if damaged == value {
            continue;
        }
        let file = text.replace(value, &damaged);
        let output = reseal(&["--private-key", OLD]).file("tree/a.yaml", &file).run();
        assert!(matches!(output.code, Some(1 | 3)), "{output}");
        assert_eq!(output.read("tree/a.yaml"), file);
    }
    let cut = text.replace(value, &value[..200]);
    let output = reseal(&["--private-key", OLD])
        .file("tree/a.yaml", &cut)
        .run()
        .expect_code(1);
    assert!(
        output.stderr.contains("it is cut off, or was never a sealed value"),
        "{output}"
    );
}

#[test]
fn values_that_the_new_key_sealed_need_that_key_to_be_recognised() {
    let output = reseal(&["--private-key", &format!("{OLD},{NEW}")])
        .file("tree/a.yaml", yaml("a"))
        .run()
        .expect_code(0);
    let again = reseal(&["--private-key", OLD])
        .file("tree/a.yaml", output.read("tree/a.yaml"))
        .run()
        .expect_code(1);
    assert!(
        again
            .stderr
            .contains("it was sealed with a key of 4096 bits, and those given have 2048"),
        "{again}"
    );
    assert!(
        again
            .stderr
            .contains("hint: values that are sealed for the new certificate already open with its private key only"),
        "{again}"
    );
}

#[test]
fn age_decides_with_older_than() {
    let before = yaml("a");
    let output = reseal(&["--private-key", OLD, "--older-than", "keys/sealing-2048.crt"])
        .file("tree/a.yaml", &before)
        .run()
        .expect_code(0);
    assert_eq!(output.read("tree/a.yaml"), before);
    assert!(output.stdout.contains("kept, key da5e7fb1764d"), "{output}");
    let output = run(&[
        "reseal",
        "tree",
        "--private-key",
        OLD,
        "--cert",
        "keys/sealing-expired.crt",
        "--older-than",
        CERT,
    ])
    .file("tree/a.yaml", &before)
    .run();
    // It has expired, which is told first.
    assert!(output.expect_code(3).stderr.contains("expired on 2021-01-01"));
    let output = run(&[
        "reseal",
        "tree",
        "--private-key",
        OLD,
        "--cert",
        "keys/sealing-expired.crt",
        "--allow-expired",
        "--older-than",
        CERT,
    ])
    .file("tree/a.yaml", &before)
    .run()
    .expect_code(2);
    assert!(
        output
            .stderr
            .contains("error: keys/sealing-4096.crt is newer than the certificate to seal for\n"),
        "{output}"
    );
}

#[test]
fn nothing_goes_back_to_an_older_key() {
    let before = yaml("a");
    let bundle = format!(
        "{}{}",
        include_str!("../../keys-example/sealing-2048.key"),
        include_str!("../../keys-example/sealing-2048.crt")
    );
    let output = run(&[
        "reseal",
        "tree",
        "--private-key",
        "bundle.pem",
        "--cert",
        "keys/sealing-expired.crt",
        "--allow-expired",
    ])
    .file("bundle.pem", bundle)
    .file("tree/a.yaml", &before)
    .run()
    .expect_code(0);
    assert_eq!(output.read("tree/a.yaml"), before);
    assert!(
        output
            .stderr
            .contains("has a newer certificate: what it opens stays as it is\n"),
        "{output}"
    );
}

#[test]
fn a_template_of_another_scope_is_refused() {
    let text = yaml("a").replace(
        "  template:\n    metadata:\n",
        "  template:\n    metadata:\n      annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}\n",
    );
    let output = reseal(&["--private-key", OLD])
        .file("tree/a.yaml", &text)
        .run()
        .expect_code(1);
    assert_eq!(output.read("tree/a.yaml"), text);
    assert!(
        output
            .stderr
            .contains("the annotations of the object say the scope strict, those of its template cluster-wide\n"),
        "{output}"
    );
}

#[test]
fn the_controller_can_do_it() {
    let server = ApiServer::plain(controller);
    let (crlf, list) = (
        yaml("a").replace('\n', "\r\n"),
        sealed("b", &["--scope", "cluster-wide"]),
    );
    let list = format!("{{\"kind\": \"List\",\t\"items\": [{}]}}\n", list.trim_end());
    let folded = yaml("c").replace("password: ", "password: | # kept\n      ");
    let by_controller = |args: &[&str]| {
        run(&[&["reseal", "tree", "--controller"], args].concat())
            .home_file(".kube/config", server.kubeconfig("{}"))
            .file("tree/a.yaml", &crlf)
            .file("tree/b.json", &list)
            .file("tree/c.yaml", &folded)
            .file("tree/config.yaml", "kind: ConfigMap\n")
    };
    let output = by_controller(&["--dry-run"]).run().expect_code(0);
    assert!(
        output.stderr.ends_with("would reseal 6 in 3 files, kept 0\n"),
        "{output}"
    );
    assert!(server.seen().is_empty(), "nobody is asked");
    let output = by_controller(&[]).run().expect_code(0);
    assert_eq!(output.stderr, "resealed 6 in 3 files, kept 0\n");
    assert!(
        output
            .stdout
            .starts_with("tree/a.yaml:9:15: password of shop/a: resealed\n"),
        "{output}"
    );
    for (file, before) in [("tree/a.yaml", &crlf), ("tree/b.json", &list), ("tree/c.yaml", &folded)] {
        let after = output.read(file);
        assert_eq!(after.len(), before.len());
        assert_ne!(after, *before);
        assert_eq!(after.matches("\r\n").count(), before.matches("\r\n").count());
        let opened = run(&["unseal", "--private-key", OLD, "--key", "password"])
            .stdin(after)
            .run()
            .expect_code(0);
        assert_eq!(opened.stdout, "hunter2");
    }
}

#[test]
fn what_the_controller_does_not_do_is_told_and_others_go_on() {
    let server = ApiServer::plain(controller);
    let wide = yaml("b").replace(
        "  template:\n    metadata:\n",
        "  template:\n    metadata:\n      annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}\n",
    );
    let moved = yaml("c").replace("  name: c\n", "  name: x\n");
    let output = run(&["reseal", "tree", "--controller"])
        .home_file(".kube/config", server.kubeconfig("{}"))
        .file("tree/a.yaml", yaml("a"))
        .file("tree/b.yaml", &wide)
        .file("tree/c.yaml", &moved)
        .run()
        .expect_code(1);
    assert_eq!((output.read("tree/b.yaml"), output.read("tree/c.yaml")), (wide, moved));
    assert!(
        output.stderr.contains("those of its template cluster-wide\n"),
        "{output}"
    );
    assert!(
        output.stderr.contains("the controller does not re-encrypt shop/x"),
        "{output}"
    );
    assert!(output.stderr.ends_with("resealed 2 in 1 file, kept 0\n"), "{output}");
    // An API server that says no says no to all.
    let server = ApiServer::plain(|_| Reply::new(403, "{\"kind\": \"Status\", \"message\": \"no\"}"));
    let output = run(&["reseal", "tree", "--controller"])
        .home_file(".kube/config", server.kubeconfig("{}"))
        .file("tree/a.yaml", yaml("a"))
        .file("tree/b.yaml", yaml("b"))
        .run()
        .expect_code(3);
    assert!(
        output.stderr.contains("error: files that were not tried: 1\n"),
        "{output}"
    );
}

#[test]
fn wrong_use_is_refused_before_anything_is_read() {
    for (args, code, message) in [
        (&["reseal"][..], 2, "<PATH>"),
        (&["reseal", "a.yaml"], 2, "no certificate"),
        (&["reseal", "a.yaml", "--cert", CERT], 2, "no private key"),
        (
            &["reseal", "a.yaml", "--controller", "--private-key", OLD],
            2,
            "cannot be used with",
        ),
        (
            &["reseal", "-", "--cert", CERT, "--private-key", OLD],
            2,
            "expected paths, not `-`",
        ),
        (
            &["reseal", "a.yaml", "--cert", "-", "--private-key", "-"],
            2,
            "standard input is asked for twice",
        ),
        (
            &["reseal", "missing", "--cert", CERT, "--private-key", OLD],
            3,
            "`missing` cannot be read",
        ),
        (
            &["reseal", "keys", "--cert", CERT, "--private-key", CERT],
            3,
            "no private key: expected PEM",
        ),
        (
            &["reseal", "keys", "--cert", OLD, "--private-key", OLD],
            3,
            "a private key where a PEM certificate",
        ),
        (
            &["reseal", "keys", "--cert", CERT, "--private-key", OLD],
            3,
            "no SealedSecret with values in these paths",
        ),
    ] {
        let output = run(args).run().expect_code(code);
        assert!(output.stderr.contains(message), "{message}: {output}");
        assert!(output.stdout.is_empty(), "{output}");
    }
}

#[cfg(unix)]
#[test]
fn mode_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let run = reseal(&["--private-key", OLD]).file("tree/a.yaml", yaml("a"));
    let path = run.path().join("tree/a.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("a.yaml", run.path().join("tree/link.yaml")).unwrap();
    let output = run.run().expect_code(0);
    let tree = output.path().join("tree");
    assert!(std::fs::symlink_metadata(tree.join("link.yaml")).unwrap().is_symlink());
    let mode = std::fs::metadata(tree.join("a.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(&tree).unwrap().count(), 2);
}

/// Ctrl-C, or a job that the system ends, while the controller lets the second file wait.
#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_is_done() {
    let is_rotate = |seen: &Seen| seen.path.ends_with("/rotate");
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = ApiServer::plain(move |seen| {
        if is_rotate(seen) && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0 {
            return Reply::new(429, "limit exceeded").with("retry-after", "20");
        }
        controller(seen)
    });
    let (a, b) = (yaml("a"), yaml("b"));
    let output = run(&["reseal", "tree", "--controller"])
        .home_file(".kube/config", server.kubeconfig("{}"))
        .file("tree/a.yaml", &a)
        .file("tree/b.yaml", &b)
        .run_while(|process| {
            let started = std::time::Instant::now();
            let asked = || server.seen().iter().filter(|seen| is_rotate(seen)).count();
            while asked() < 2 && started.elapsed().as_secs() < 60 {
                std::thread::yield_now();
            }
            let killed = std::process::Command::new("kill")
                .args(["-INT", &process.to_string()])
                .status()
                .unwrap();
            assert!(killed.success());
        });
    let output = output.expect_code(3);
    assert_eq!(
        output.stderr,
        "error: interrupted: files that were done are written, the others are as they were\nresealed 2 in 1 file, kept 0\n"
    );
    let done = output.read("tree/a.yaml");
    assert_ne!(done, a);
    assert_eq!(output.read("tree/b.yaml"), b);
    assert_eq!(std::fs::read_dir(output.path().join("tree")).unwrap().count(), 2);
}
