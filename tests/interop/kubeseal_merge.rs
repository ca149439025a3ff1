//! `--merge-into`, flag by flag beside kubeseal's: where that is right, and each of its losses.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};

use super::kubeseal_flags::Peers;
use super::peers::{need, tool};

const KEY: [&str; 3] = ["--recovery-unseal", "--recovery-private-key", "sealing-4096.key"];

/// What the targets are sealed from.
const BEFORE: &str = "kind: Secret\nmetadata: {name: a, namespace: shop, annotations: {team: x, kept: y}, labels: {tier: db}}\nstringData: {old: o, token: before}\n";

const INPUT: &str = "kind: Secret\nmetadata: {name: a, namespace: shop, annotations: {team: z, new: v}, labels: {tier: web, app: s}}\nstringData: {token: after, added: '1'}\n";

/// What a program did: its exit code, and the target.
struct Merge {
    code: i32,
    text: String,
}

impl Peers {
    fn seal(&self, secret: &str, args: &[&str]) -> String {
        let args = [&["--cert", "sealing-4096.crt"], args].concat();
        let (_, theirs) = self.run(&args, &[], secret);
        assert_eq!(theirs.0, 0, "{args:?}");
        theirs.1
    }

    fn merge_with(&self, program: &Path, target: &str, input: &str, args: &[&str]) -> Merge {
        let file = self.home.file("target", target);
        let input = self.home.file("input", input);
        let mut command = self.home.command(program);
        command.args(["--cert", "sealing-4096.crt", "--merge-into", "target"]);
        let output = command.args(args).stdin(File::open(input).unwrap()).output().unwrap();
        Merge {
            code: output.status.code().unwrap(),
            text: std::fs::read_to_string(file).unwrap(),
        }
    }

    /// What kship does, and what kubeseal does.
    fn merge(&self, target: &str, input: &str, args: &[&str]) -> (Merge, Merge) {
        let merge = |program| self.merge_with(program, target, input, args);
        (merge(&self.kship), merge(&self.kubeseal))
    }

    /// The data that kubeseal itself opens, in base64; nothing if a value does not open.
    fn data(&self, sealed: &str) -> Option<Value> {
        let (code, stdout) = self.run(&KEY, &[], sealed).1;
        let mut secret: Value = (code == 0).then(|| serde_json::from_str(&stdout).unwrap())?;
        Some(secret["data"].take())
    }
}

/// The only resource of a text, with sealed values as their lengths; what older versions of kubeseal add counts for nothing.
fn masked(text: &str) -> Value {
    let stream = kship::yaml::parse(text).unwrap();
    let roots: Vec<_> = stream
        .documents()
        .iter()
        .filter_map(kship::yaml::Document::root)
        .collect();
    assert_eq!(roots.len(), 1, "{text}");
    let mut json = roots[0].to_json();
    for value in json["spec"]["encryptedData"].as_object_mut().unwrap().values_mut() {
        *value = value.as_str().unwrap().len().into();
    }
    json.as_object_mut().unwrap().remove("status");
    json
}

#[cfg(unix)]
#[test]
fn where_kubeseal_loses_nothing_the_result_is_equal() {
    let Some(kubeseal) = need(tool("kubeseal")) else { return };
    let peers = Peers::new(kubeseal);
    let wide = ["--scope", "namespace-wide"];
    let cluster = ["--scope", "cluster-wide"];
    let bare = "kind: Secret\nstringData: {token: after}\n";
    let other = INPUT.replace("name: a, namespace: shop", "name: b, namespace: shop");
    let template = r#""template": {"data": {"file": "a={{ .old }}"},"#;
    for (of_target, input, args) in [
        (&[][..], INPUT, &[][..]),
        (&[], INPUT, &["--scope", "strict"]),
        (&[], INPUT, &["-n", "shop"]),
        (&[], INPUT, &["--name", "a"]),
        (&[], INPUT, &["--name", "other"]),
        (&[], INPUT, &["--allow-empty-data"]),
        (&[], bare, &[]),
        (&[], other.as_str(), &[]),
        (
            &[],
            "kind: Secret\nmetadata: {name: a, namespace: shop}\n",
            &["--allow-empty-data"],
        ),
        (
            &[],
            "{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"data\": {\"token\": \"YWZ0ZXI=\"}}",
            &[],
        ),
        (&wide, INPUT, &wide),
        (&cluster, INPUT, &cluster),
    ] {
        for format in ["json", "yaml"] {
            let args = [args, &["-o", format]].concat();
            let target = peers.seal(BEFORE, &[of_target, &["-o", format]].concat());
            let (ours, theirs) = peers.merge(&target, input, &args);
            assert_eq!((ours.code, theirs.code), (0, 0), "{args:?} {input}");
            assert_eq!(masked(&ours.text), masked(&theirs.text), "{args:?} {input}");
            let data = peers.data(&ours.text);
            assert!(data.is_some(), "{args:?} {input}");
            assert_eq!(data, peers.data(&theirs.text), "{args:?} {input}");
        }
    }
    // What stands in the target's template stays.
    let target = peers.seal(BEFORE, &[]).replacen("\"template\": {", template, 1);
    let (ours, theirs) = peers.merge(&target, INPUT, &[]);
    assert_eq!(masked(&ours.text), masked(&theirs.text));
    assert_eq!(
        masked(&ours.text)["spec"]["template"]["data"],
        json!({"file": "a={{ .old }}"})
    );
}

#[cfg(unix)]
#[test]
fn what_cannot_be_merged_leaves_the_target_alone() {
    let Some(kubeseal) = need(tool("kubeseal")) else { return };
    let peers = Peers::new(kubeseal);
    let target = peers.seal(BEFORE, &[]);
    let empty = "kind: Secret\nmetadata: {name: a, namespace: shop}\n";
    for (target, input, args) in [
        (target.as_str(), empty, &[][..]),
        (&target, "", &[]),
        // kubeseal never ends if the input is `{` alone.
        (&target, "kind: [", &[]),
        (&target, INPUT, &["-f", "missing"]),
        (&target, INPUT, &["-n", "other"]),
        (&target, INPUT, &["-o", "xml"]),
        (&target, INPUT, &["--cert", "missing"]),
        (&target, INPUT, &["--cert", "sealing-expired.crt"]),
        (INPUT, INPUT, &[]),
    ] {
        let (ours, theirs) = peers.merge(target, input, args);
        assert_eq!((ours.code, theirs.code), (1, 1), "{args:?} {input}");
        assert_eq!(
            (ours.text.as_str(), theirs.text.as_str()),
            (target, target),
            "{args:?} {input}"
        );
    }
}

/// What kubeseal does to a target that kship does not, one loss each.
#[cfg(unix)]
#[test]
fn what_kubeseal_loses_stays() {
    let Some(kubeseal) = need(tool("kubeseal")) else { return };
    let peers = Peers::new(kubeseal);
    let yaml = peers.seal(BEFORE, &["-o", "yaml"]);

    // It turns YAML into JSON, and loses comments and what it does not know.
    let target = format!(
        "# top\n{}",
        yaml.replace("  template:\n", "  template:\n    stringData: {{}} # mine\n")
            .replace("{{}}", "{}")
    );
    let (ours, theirs) = peers.merge(&target, INPUT, &[]);
    assert_eq!((ours.code, theirs.code), (0, 0));
    assert!(
        theirs.text.starts_with('{') && !theirs.text.contains("stringData"),
        "{}",
        theirs.text
    );
    assert!(
        ours.text.starts_with("# top\n---\n") && ours.text.contains("    stringData: {} # mine\n"),
        "{}",
        ours.text
    );
    assert_eq!(peers.data(&ours.text), peers.data(&theirs.text));

    // It does not ask the target for its scope, and what it adds does not open.
    let wide = peers.seal(BEFORE, &["--scope", "namespace-wide"]);
    let (ours, theirs) = peers.merge(&wide, INPUT, &[]);
    assert_eq!((ours.code, theirs.code), (0, 0));
    assert!(peers.data(&ours.text).is_some());
    assert_eq!(peers.data(&theirs.text), None);

    // It panics where the template has no annotations and the input has some.
    let plain = peers.seal(
        "kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {old: o}\n",
        &[],
    );
    let (ours, theirs) = peers.merge(&plain, INPUT, &[]);
    assert_eq!((ours.code, theirs.code), (0, 2));
    assert_eq!(
        masked(&ours.text)["spec"]["template"]["metadata"]["annotations"],
        json!({"team": "z", "new": "v"})
    );

    // It panics where the target is empty.
    let (ours, theirs) = peers.merge("", INPUT, &[]);
    assert_eq!((ours.code, theirs.code), (1, 2));
    assert_eq!(ours.text, "");

    // It deletes every other document of the target, and merges the first of the input only.
    let (a, b) = (&yaml, yaml.replace("name: a\n", "name: b\n"));
    let both = format!(
        "{INPUT}---\n{}",
        INPUT.replace("name: a", "name: b").replace("after", "second")
    );
    let (ours, theirs) = peers.merge(&format!("{a}{b}"), &both, &["-o", "yaml"]);
    assert_eq!((ours.code, theirs.code), (0, 0));
    assert_eq!(theirs.text.matches("kind: SealedSecret\n").count(), 1);
    assert_eq!(ours.text.matches("kind: SealedSecret\n").count(), 2);
    assert_eq!(ours.text.matches("    added: ").count(), 2);
}
