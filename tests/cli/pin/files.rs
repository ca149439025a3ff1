//! The difficult files of `fixtures/pin`, byte for byte.

use std::path::Path;

use super::plain;

/// A lock in which every tag of the fixtures means the same digest.
fn lock() -> String {
    let digest = format!("sha256:{}", "a".repeat(64));
    let hub = [
        "a:1",
        "alpine:3",
        "b:2",
        "c:3",
        "nginx:1.25",
        "nginx:1.26",
        "nginx:1.27",
        "nginx:1.28",
        "redis:7",
    ];
    let local = [
        "anch", "base", "cp", "crlf", "df", "flow", "helm", "i1", "i2", "lat", "lower", "noeol", "one", "q", "sp",
        "tagdig", "two", "x",
    ];
    let tag = |name: &str| match name {
        "helm" => "1.2",
        "lat" => "latest",
        _ => "1",
    };
    let names = hub.iter().map(|name| format!("docker.io/library/{name}"));
    let names = names.chain(
        local
            .iter()
            .map(|name| format!("127.0.0.1:5078/a/{name}:{}", tag(name))),
    );
    let lines: String = names
        .map(|name| format!("  \"{name}\": {{\"digest\": \"{digest}\"}}\n"))
        .collect();
    format!("apiVersion: kship.dev/v1alpha1\nkind: ImageLock\nimages:\n{lines}")
}

fn check(folder: &str, args: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pin").join(folder);
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() || name == "README.md" {
            continue;
        }
        seen += 1;
        let before = std::fs::read(&path).unwrap();
        let run = |args: &[&str], content: &[u8]| {
            let all = [&["--lock", "lock", "--frozen", name], args].concat();
            plain(&all).file("lock", lock()).file(name, content).run()
        };
        let output = run(args, &before);
        let after = std::fs::read(output.path().join(name)).unwrap();
        match std::fs::read(folder.join("expected").join(name)) {
            Ok(expected) => {
                assert!(matches!(output.code, Some(0 | 1)), "{name}: {output}");
                assert_eq!(
                    String::from_utf8_lossy(&after),
                    String::from_utf8_lossy(&expected),
                    "{name}: {output}"
                );
                let again = run(args, &after);
                assert_eq!(
                    std::fs::read(again.path().join(name)).unwrap(),
                    after,
                    "pin(pin(x)) = pin(x): {name}"
                );
                if !String::from_utf8_lossy(&before).contains("sha256:") {
                    let undone = plain(&["--unpin", name]).file(name, &after).run().expect_code(0);
                    assert_eq!(
                        std::fs::read(undone.path().join(name)).unwrap(),
                        before,
                        "unpin(pin(x)) = x: {name}"
                    );
                }
            }
            Err(_) => {
                let error = std::fs::read_to_string(folder.join("expected").join(format!("{name}.error"))).unwrap();
                let (line, rest) = error.trim_end().split_once(':').unwrap();
                let (column, message) = rest.split_once(": ").unwrap();
                let output = output.expect_code(3);
                assert!(
                    output.stderr.contains(&format!("error: {name}:{line}:{column}: ")),
                    "{output}"
                );
                assert!(output.stderr.contains(message), "{output}");
                assert_eq!(after, before, "{name}");
            }
        }
    }
    assert!(seen > 10, "{}", folder.display());
}

#[test]
fn every_form_of_a_scalar() {
    check("edge-yaml", &[]);
}

#[test]
fn what_other_tools_get_wrong() {
    check("peer-edge-cases", &[]);
}
