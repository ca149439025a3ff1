//! The files that other people's tools read: the pre-commit hook, the GitHub action and the workflows.

use std::fs;
use std::path::{Path, PathBuf};

use kship::yaml;
use serde_json::Value;

use crate::peers::{self, Home};

#[test]
fn the_action_uses_each_of_its_inputs() {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    let action = read(&text);
    let inputs: Vec<&String> = action["inputs"].as_object().unwrap().keys().collect();
    assert_eq!(inputs, ["path", "format", "args", "version"]);
    for input in inputs {
        assert!(text.contains(&format!("${{{{ inputs.{input} }}}}")), "{input}");
    }
    for step in action["runs"]["steps"].as_array().unwrap() {
        // An input inside a script would be run as a part of it.
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
        assert_eq!(step["shell"], "bash", "{step}");
    }
}

/// Runs the action's own script, as a runner would, on a tree with an image that has no digest.
#[test]
fn the_action_checks_a_tree() {
    let Some(bash) = peers::need(peers::program("bash")) else {
        return;
    };
    let action = read(&fs::read_to_string(root().join("action.yml")).unwrap());
    let script = action["runs"]["steps"][1]["run"].as_str().unwrap();
    let mut home = Home::new();
    let kship = Path::new(env!("CARGO_BIN_EXE_kship"));
    home.file(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: nginx:1.25\n",
    );
    for (name, value) in [("FORMAT", "github"), ("TREE", ".")] {
        home.set(name, value);
    }
    let path = std::env::join_paths([kship.parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    for (arguments, code) in [("", 1), ("--exclude docker.io/library/nginx", 0)] {
        home.set("ARGS", arguments);
        let mut command = home.command(&bash);
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.env("PATH", &path);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(said.contains("::error file=pod.yaml,line=5"), code == 1, "{said}");
    }
}

#[test]
fn the_hooks_run_commands_that_are_there() {
    let hooks = read(&fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap());
    let home = Home::new();
    let wrong = [
        ("kship-pin-check", "Dockerfile", "FROM nginx:1.25\n"),
        (
            "kship-seal-check",
            "secret.yaml",
            "kind: Secret\nstringData: {a: hunter2}\n",
        ),
    ];
    let hooks = hooks.as_array().unwrap();
    assert_eq!(hooks.len(), wrong.len());
    for (hook, (id, name, content)) in hooks.iter().zip(wrong) {
        assert_eq!(hook["id"], id);
        for field in ["id", "name", "description", "entry", "language"] {
            assert!(hook[field].is_string(), "{field}");
        }
        let file = home.file(name, content);
        let mut words = hook["entry"].as_str().unwrap().split(' ');
        assert_eq!(words.next(), Some("kship"));
        let mut command = home.command(Path::new(env!("CARGO_BIN_EXE_kship")));
        let output = command.args(words).arg(file).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A tag of an action can be moved, and what is not granted cannot be misused.
#[test]
fn workflows_are_pinned_and_grant_nothing() {
    let folder = root().join(".github/workflows");
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            read(&text)["permissions"],
            Value::Object(serde_json::Map::new()),
            "{}",
            file.display()
        );
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, commit) = line.split_once('@').unwrap_or(("", ""));
            let commit = commit.split(' ').next().unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{line}"
            );
        }
    }
}

fn read(text: &str) -> Value {
    let stream = yaml::parse(text).unwrap();
    stream.documents()[0].root().unwrap().to_json()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
