//! Which file an API server runs: the hash in its metrics.
//!
//! `apiserver_encryption_config_controller_last_config_info{apiserver_id_hash="sha256:...",hash="sha256:..."} 1` names the
//! SHA-256 of the bytes of the file that was loaded last (`k8s.io/apiserver`, `encryptionconfig/metrics`).

use std::collections::BTreeMap;

/// The metric that names the file.
pub const METRIC: &str = "apiserver_encryption_config_controller_last_config_info";

/// What one API server runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loaded {
    /// The hash of the server's identity: `sha256:` and hexadecimal digits; empty where it has none.
    pub server: String,
    /// The hash of the file's bytes: `sha256:` and hexadecimal digits.
    pub hash: String,
}

/// Finds what API servers run in metrics in Prometheus's text format; usually there is one.
#[must_use]
pub fn loaded(text: &str) -> Vec<Loaded> {
    text.lines().filter_map(loaded_in).collect()
}

fn loaded_in(line: &str) -> Option<Loaded> {
    let labels = line.trim_start().strip_prefix(METRIC)?.trim_start().strip_prefix('{')?;
    let (mut labels, rest) = read_labels(labels)?;
    let value: f64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
    (value > 0.0).then_some(())?;
    Some(Loaded {
        hash: labels.remove("hash")?,
        server: labels.remove("apiserver_id_hash").unwrap_or_default(),
    })
}

/// Reads labels up to the brace, and gives what stands behind it.
fn read_labels(mut text: &str) -> Option<(BTreeMap<&str, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        text = text.trim_start_matches([',', ' ', '\t']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once('=')?;
        let (value, rest) = read_value(rest.trim_start().strip_prefix('"')?)?;
        labels.insert(name.trim_end(), value);
        text = rest;
    }
}

/// Reads a value up to its closing quote; `\\`, `\"` and `\n` are escapes.
fn read_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_is_found_among_other_metrics() {
        let text = "# HELP apiserver_encryption_config_controller_last_config_info [ALPHA] Information\n\
                    # TYPE apiserver_encryption_config_controller_last_config_info gauge\n\
                    apiserver_encryption_config_controller_last_config_info{apiserver_id_hash=\"sha256:14f9\",hash=\"sha256:6bc9\"} 1\n\
                    apiserver_authentication_config_controller_last_config_info{apiserver_id_hash=\"sha256:14f9\",hash=\"sha256:aaaa\"} 1\n\
                    up 1\n";
        let expected = Loaded {
            server: "sha256:14f9".into(),
            hash: "sha256:6bc9".into(),
        };
        assert_eq!(loaded(text), [expected]);
    }

    #[test]
    fn labels_are_read_as_prometheus_writes_them() {
        let one = |labels: &str| loaded(&format!("{METRIC}{labels}")).pop();
        let read = one(" { instance=\"a\\\"},b\\\\\\n\" , hash = \"sha256:1\", } 1 1700000000").unwrap();
        assert_eq!((read.server.as_str(), read.hash.as_str()), ("", "sha256:1"));
        for broken in [
            "",
            " 1",
            "{hash=\"sha256:1\"}",
            "{hash=\"sha256:1\"} 0",
            "{hash=\"sha256:1\"} x",
            "{hash=\"sha256:1} 1",
            "{hash=1} 1",
            "{hash} 1",
            "{} 1",
            "_total{hash=\"sha256:1\"} 1",
        ] {
            assert_eq!(one(broken), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_a_panic(rest in "[{}=\", \\\\a1é\n]{0,24}") {
            let _ = loaded(&format!("{METRIC}{{{rest}"));
        }
    }
}
