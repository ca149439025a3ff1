//! Bad input: a clear error with file, line and column, nothing written, other files unharmed.

use insta::assert_snapshot;

use super::{API, pin, plain, pod};

/// Runs over a bad file beside a good one: exit 3, both untouched. Returns what is said.
fn refused(name: &str, content: impl AsRef<[u8]>) -> String {
    let good = pod("shop/api:2.0.1");
    let output = pin(&[])
        .file(name, &content)
        .file("good.yaml", &good)
        .run()
        .expect_code(3);
    assert_eq!(output.read("good.yaml"), good);
    assert_eq!(std::fs::read(output.path().join(name)).unwrap(), content.as_ref());
    assert!(output.stderr.ends_with("warning: nothing was written\n"), "{output}");
    let kept = pin(&["--keep-going"])
        .file(name, &content)
        .file("good.yaml", &good)
        .run()
        .expect_code(3);
    assert_eq!(kept.read("good.yaml"), pod(&format!("shop/api:2.0.1@{API}")));
    assert_eq!(std::fs::read(kept.path().join(name)).unwrap(), content.as_ref());
    output.stderr.replace("warning: nothing was written\n", "")
}

#[test]
fn text_that_is_no_yaml() {
    assert_snapshot!(refused("a.yaml", b"image: \xff\n"), @"
    error: a.yaml is not UTF-8 (byte 7): kship reads and writes UTF-8 only
    hint: convert the file to UTF-8; `kship pin` leaves out what `.kshipignore` names
    ");
    assert_snapshot!(refused("a.yaml", "image: [a\n"), @"
    error: a.yaml:1:8: not readable as YAML
      caused by: unclosed bracket '['
    ");
    assert_snapshot!(refused("a.yaml", "a:\n\timage: b\n"), @"
    error: a.yaml:2:2: not readable as YAML
      caused by: tabs disallowed within this context (block indentation)
    ");
    assert_snapshot!(refused("a.yaml", "image: a:1\n---\n\u{feff}b: 1\n"), @"
    error: a.yaml:3:1: not readable as YAML
      caused by: a byte order mark (U+FEFF) inside the text: remove it
    ");
    assert_snapshot!(refused("a.yaml", "image: a:1\nimage: b:2\n"), @"
    error: a.yaml:2:1: not readable as YAML
      caused by: the key `image` is set twice in one mapping: remove one
    ");
    assert_snapshot!(refused("a.yaml", "x: &x {image: b:1}\nimage: a:1\n<<: *x\n"), @"
    error: a.yaml:3:1: not readable as YAML
      caused by: `<<` stands after the key `image`, which kubectl lets it replace: write `<<` first
    ");
}

#[test]
fn text_that_is_too_much() {
    let deep = format!("image: {}", "[".repeat(10_000));
    assert_snapshot!(refused("a.yaml", deep), @"
    error: a.yaml:1:264: not readable as YAML
      caused by: nested deeper than 256 levels
    ");
    let mut laughs = "image: a:1\nl0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let one_less = format!("*l{}", level - 1);
        laughs.push_str(&format!("l{level}: &l{level} [{}]\n", vec![one_less; 9].join(", ")));
    }
    assert_snapshot!(refused("a.yaml", laughs), @"
    error: a.yaml:8:10: not readable as YAML
      caused by: aliases and merge keys repeat more than 1000000 nodes beyond what is written
    ");
}

#[cfg(unix)]
#[test]
fn a_file_of_a_gigabyte_is_refused_by_its_size() {
    let run = plain(&[]).file("a.yaml", "");
    std::fs::OpenOptions::new()
        .write(true)
        .open(run.path().join("a.yaml"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    assert_snapshot!(run.run().expect_code(3), @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: a.yaml is larger than 268435456 bytes
    warning: nothing was written
    ");
}

#[test]
fn paths_that_are_not_there() {
    assert_snapshot!(plain(&["nowhere"]).run().expect_code(3), @"
    exit: 3
    ----- stderr -----
    error: `nowhere` cannot be read
      caused by: No such file or directory (os error 2)
    ");
    assert_snapshot!(plain(&["-", "a.yaml"]).file("a.yaml", "").run().expect_code(2), @"
    exit: 2
    ----- stderr -----
    error: `-` stands for standard input and cannot be mixed with other paths
    ");
    assert_snapshot!(plain(&["--layout", "nowhere"]).file("a.yaml", pod("a:1")).run().expect_code(3), @"
    exit: 3
    ----- stdout -----
    1 failed

    ----- stderr -----
    error: nowhere is not a folder of image layouts: expected a directory
    warning: nothing was written
    ");
}

#[cfg(unix)]
#[test]
fn a_folder_that_leads_into_itself_is_no_circle() {
    let run = pin(&[]).file("deploy/a.yaml", pod("shop/api:2.0.1"));
    std::os::unix::fs::symlink("..", run.path().join("deploy/loop")).unwrap();
    std::os::unix::fs::symlink("a.yaml", run.path().join("deploy/link.yaml")).unwrap();
    let output = run.run().expect_code(0);
    assert_eq!(output.read("deploy/a.yaml"), pod(&format!("shop/api:2.0.1@{API}")));
    assert_snapshot!(output, @"
    exit: 0
    ----- stdout -----
    deploy/a.yaml:6:22: shop/api:2.0.1@sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00
    1 pinned, 1 skipped
    ");
}

#[test]
fn templates_are_passed_over_but_not_broken_yaml_beside_them() {
    let output = plain(&["--check", "--explain"])
        .file("a.yaml", "{{- if .x }}\nimage: a:1\n{{- end }}\n")
        .run();
    assert_snapshot!(output.expect_code(0), @"
    exit: 0
    ----- stdout -----
    a.yaml:1:3: skipped: made by a template
    1 skipped
    ");
    let hidden = "# {{ }}\nimage: a:1\nimage: b:1\n";
    let _ = plain(&["--check"]).file("a.yaml", hidden).run().expect_code(3);
    let _ = plain(&["--check"])
        .file("a.yaml", "# {{\nimage: [\n")
        .run()
        .expect_code(3);
}

#[test]
fn a_key_spelled_with_escapes_is_the_same_key() {
    let output = plain(&["--check"])
        .file(
            "a.yaml",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{\"\\x69m\\u0061ge\": a:1}]}\n",
        )
        .run();
    let _ = output.expect_code(1);
    let output = plain(&["--check"])
        .file(
            "a.yaml",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{!!binary aW1hZ2U=: a:1}]}\n",
        )
        .run();
    assert_ne!(output.code, Some(0), "{output}");
}

#[test]
fn standard_input_becomes_standard_output() {
    let output = pin(&["-"]).stdin(pod("shop/api:2.0.1")).run().expect_code(0);
    assert_eq!(output.stdout, pod(&format!("shop/api:2.0.1@{API}")));
    assert_eq!(output.stderr, "1 pinned\n");
    let output = pin(&["-"]).stdin(pod("shop/missing:1")).run().expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stderr -----
    error: <stdin>:6:22: registry has no `docker.io/shop/missing:1` (asked registry)
    hint: check the name and tag; leave images that are in no registry out with `--exclude` or `# kship:ignore=...`
    warning: nothing was written
    1 failed
    ");
    let output = pin(&["-"]).stdin("image: [\n").run().expect_code(3);
    assert_snapshot!(output, @"
    exit: 3
    ----- stderr -----
    error: <stdin>:1:8: not readable as YAML
      caused by: unclosed bracket '['
    warning: nothing was written
    1 failed
    ");
    let _ = pin(&["-", "--format", "json"]).stdin("").run().expect_code(2);
}

#[test]
fn several_files_become_one_stream() {
    let service = "apiVersion: v1\nkind: Service\n";
    let output = pin(&["--stdout", "--quiet"])
        .file("a.yaml", service)
        .file("b.yaml", pod("shop/api:2.0.1").trim_end())
        .run()
        .expect_code(0);
    assert_eq!(
        output.stdout,
        format!("{service}---\n{}", pod(&format!("shop/api:2.0.1@{API}")))
    );
    assert_eq!(output.stderr, "");
    assert_eq!(output.read("b.yaml"), pod("shop/api:2.0.1").trim_end());
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_file_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let run = pin(&[]).file("a.yaml", pod("shop/api:2.0.1"));
    let file = run.path().join("a.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let output = run.run().expect_code(0);
    let mode = std::fs::metadata(output.path().join("a.yaml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}
