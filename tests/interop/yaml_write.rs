//! `yaml::write` against `sigs.k8s.io/yaml`: the same bytes.

use kship::yaml;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::peers;

const GENERATED: usize = 8_000;

#[test]
fn values_are_printed_as_kubectl_prints_them() {
    let Some(oracle) = peers::need(peers::tool("yaml")) else {
        return;
    };
    let mut chance = Chance::new(3);
    let values: Vec<Value> = (0..GENERATED).map(|_| value(&mut chance, 3)).collect();
    // As Go writes JSON; go-yaml takes a bare U+2028 for a line break.
    let questions = values
        .iter()
        .map(|value| value.to_string().replace('\u{2028}', "\\u2028"));
    let answers = peers::ask_with(&oracle, &["write"], questions);
    assert_eq!(answers.len(), values.len());
    for (value, answer) in values.iter().zip(&answers) {
        assert_eq!(yaml::write(value), answer.as_str().unwrap(), "{value}");
    }
}

fn value(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth == 0 { 6 } else { 10 }) {
        0 => {
            let plain = [
                json!(null),
                json!(true),
                json!(0),
                json!(-7),
                json!(1.5),
                json!(1e30),
                json!(0.00001),
            ];
            plain[chance.below(plain.len())].clone()
        }
        1..=5 => string(chance).into(),
        6 | 7 => (0..chance.below(4)).map(|_| value(chance, depth - 1)).collect(),
        _ => {
            let count = chance.below(5);
            let entries = (0..count).map(|_| (key(chance), value(chance, depth - 1)));
            Value::Object(entries.collect())
        }
    }
}

fn string(chance: &mut Chance) -> String {
    match chance.below(8) {
        0 => chance.text("0123456789:-+._eExob TZ", 0, 12),
        1 => chance.text("ynoYNO~<=tTrueEfFalsnL.if", 1, 4),
        2 => chance.text("ab '\"\\\n", 0, 14),
        3 => chance.text("a -#:,[]{}&*!|>%@`?.\t", 0, 6),
        4 => chance.text("aé€😀 \u{a0}\u{2028}\r\n\u{1}", 0, 6),
        5 => chance.text("abcdefgh  ", 60, 260),
        6 => chance.text("abcdefgh \"'\n", 60, 260),
        _ => format!(
            "20{:02}-{}-{}{}",
            chance.below(30),
            chance.below(14),
            chance.below(33),
            chance.text("T 1:20.Z", 0, 9)
        ),
    }
}

/// Letters first: go-yaml has no order for `01`, `9` and `1a`.
fn key(chance: &mut Chance) -> String {
    let head = chance.text("abcxyzABC", 1, 3);
    match chance.below(12) {
        0 => head + &chance.text("abc/. -", 100, 180),
        1 => head + &chance.text("a:# \n'\"", 1, 5),
        _ => head + &chance.text("./-_: ", 0, 1) + &chance.text("123456789", 0, 2),
    }
}
