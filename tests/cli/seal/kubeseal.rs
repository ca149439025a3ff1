//! What kubeseal v0.40.0 answered to 42 awkward inputs in 140 runs, with each ciphertext replaced by its length.

use serde_json::Value;

use super::run;

/// Where kship answers otherwise, and why.
const DIFFERENCES: [(&str, &str); 0] = [];

#[test]
fn output_equals_kubeseals() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../../fixtures/seal/outputs.json")).unwrap();
    let (mut runs, mut different) = (0, Vec::new());
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        for expected in case["runs"].as_array().unwrap() {
            runs += 1;
            let flags: Vec<&str> = expected["flags"]
                .as_array()
                .unwrap()
                .iter()
                .map(|flag| flag.as_str().unwrap())
                .collect();
            let args = [&["seal", "--cert", "keys/sealing-4096.crt"], flags.as_slice()].concat();
            let output = run(&args).stdin(case["input"].as_str().unwrap()).run();
            let is_equal = match expected["output"].as_str() {
                Some(text) => output.code == Some(0) && masked(&output.stdout) == text,
                None => output.code == Some(3) && output.stdout.is_empty() && output.stderr.contains("error: "),
            };
            if !is_equal && !DIFFERENCES.iter().any(|(known, _)| *known == name) {
                let (stdout, stderr) = (masked(&output.stdout), &output.stderr);
                different.push(format!("{name} {flags:?}\n{stdout}{stderr}\n{expected:#}"));
            }
        }
    }
    assert_eq!((cases.len(), runs), (42, 140));
    assert!(
        different.is_empty(),
        "{} of {runs}:\n{}",
        different.len(),
        different.join("\n")
    );
}

/// Replaces sealed values, which start with the length of an RSA block, by their length.
fn masked(text: &str) -> String {
    let words = text.split_inclusive(['"', ' ', '\n']);
    words
        .map(|word| {
            let value = word.trim_end_matches(['"', ' ', '\n']);
            if value.starts_with("AgA")
                || value.starts_with("AgB")
                || value.starts_with("AgC")
                || value.starts_with("AgD")
            {
                word.replace(value, &format!("<{} characters>", value.len()))
            } else {
                word.to_owned()
            }
        })
        .collect()
}
