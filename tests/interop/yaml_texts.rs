//! YAML that nobody would write, and everybody's parser reads in its own way.

use crate::chance::Chance;

const KEYS: &[&str] = &[
    "image",
    "name",
    "containers",
    "spec",
    "a",
    "b",
    "yes",
    "on",
    "1",
    "1.0",
    "0x1F",
    "null",
    "~",
    "true",
    "'q'",
    "\"d\"",
    "\"e\\tf\"",
    "'it''s'",
    "a b",
    "a-b",
    "a.b/c",
    "<<",
    "=",
    "?",
    "-x",
    "!!str k",
    "&k k",
    "2001-01-01",
    "\u{e9}",
    "[x]",
    "{x: y}",
    "*a",
    "1e3",
    "-0",
    ".inf",
    "''",
];

const SCALARS: &[&str] = &[
    "nginx:1.25",
    "nginx",
    "ghcr.io/o/app:v1",
    "1.25",
    "1.10",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "True",
    "NULL",
    "null",
    "~",
    "",
    "''",
    "\"\"",
    "0755",
    "0o17",
    "0x1F",
    "0b11",
    "1_000",
    "1:30",
    "190:20:30.15",
    "1e3",
    "1.e+3",
    ".5",
    "5.",
    "+1",
    "-0",
    ".inf",
    "-.INF",
    ".nan",
    "9223372036854775808",
    "18446744073709551616",
    "1e400",
    "0.1",
    "123456789012345678901234567890",
    "2001-12-14t21:59:43.10-05:00",
    "2001-01-01",
    "<<",
    "=",
    "- x",
    "-",
    "--",
    "?",
    "? x",
    ":",
    "a:b",
    "a: b",
    "a:",
    "a #b",
    "a#b",
    "#c",
    "'a''b'",
    "'a'",
    "\"a\"",
    "\"\\x41\\u00e9\\U0001F980\"",
    "\"\\/\\_\\N\\L\\P\\e\\0\"",
    "\"\\q\"",
    "\"a\\",
    "'a\"",
    "\"a'",
    "%a",
    "@a",
    "`a",
    "!a b",
    "!!str 1",
    "!!int '1'",
    "!!binary aGk=",
    "!!null ''",
    "!!float 1",
    "!!bool yes",
    "! 1",
    "!<tag:yaml.org,2002:str> 1",
    "&x v",
    "*x",
    "&x",
    "[a, b]",
    "[a, b",
    "[]",
    "[ ]",
    "{}",
    "{a: 1}",
    "{a}",
    "{a: , b: }",
    "{\"a\":1}",
    "{a:1}",
    "[a: 1, b: 2]",
    "[{image: x}]",
    "{? a : b}",
    "{?a: b}",
    "[? a]",
    "[,]",
    "[a,]",
    "{a: 1,}",
    "{a: 1, a: 2}",
    "{<<: *x, b: 1}",
    "[*x, *x]",
    "{*x : 1}",
    "\u{feff}x",
    "a\u{85}b",
    "a\u{2028}b",
    "a\tb",
    "\ta",
    "a\t",
    "a\u{7f}b",
    "a\u{1}b",
    "\u{1f980}",
    "a\\b",
    "$VAR",
    "${VAR}",
    "{{ .Values.image }}",
    "'{{ x }}'",
    "a,b",
    "a]b",
    "a}b",
    "--- a",
    "... a",
    "|",
    ">",
    "|-",
    ">+2",
];

/// Makes a stream of up to three documents; in about a third of the cases it is damaged afterwards.
pub(crate) fn generate(chance: &mut Chance) -> String {
    let mut text = String::new();
    if chance.one_in(30) {
        text.push_str(chance.pick(&[
            "%YAML 1.1\n---\n",
            "%YAML 1.2\n---\n",
            "%TAG ! tag:x,2000:\n---\n",
            "\u{feff}",
            "# c\n",
            "\n",
        ]));
    }
    for index in 0..=chance.below(3) {
        if index > 0 || chance.one_in(4) {
            text.push_str(chance.pick(&[
                "---\n",
                "---\n",
                "---\n",
                "--- # c\n",
                "---  \n",
                "--- \n\n",
                "...\n---\n",
                "---\t\n",
                "---\n",
                "---\n",
                "---\n",
                "---\n",
                "---\n",
                "--- |\n",
                " ---\n",
            ]));
        }
        block(chance, &mut text, 0, 3);
        if chance.one_in(15) {
            text.push_str("...\n");
        }
    }
    if chance.one_in(12) {
        text = text.replace('\n', "\r\n");
    }
    if chance.one_in(10) {
        text.truncate(text.trim_end().len());
    }
    if chance.one_in(3) {
        text = damage(chance, &text);
    }
    text
}

/// Writes a block mapping, sequence or scalar; the cursor is at the start of a line.
fn block(chance: &mut Chance, text: &mut String, indent: usize, depth: usize) {
    match chance.below(8) {
        0 => {
            text.push_str(&" ".repeat(indent));
            scalar(chance, text, indent);
        }
        1 | 2 => {
            for _ in 0..=chance.below(3) {
                text.push_str(&" ".repeat(indent));
                text.push('-');
                value(chance, text, indent, depth);
            }
        }
        _ => {
            for index in 0..=chance.below(4) {
                text.push_str(&" ".repeat(indent));
                // Keys that differ, or most texts would only show that a key stands there twice.
                let key = if chance.one_in(20) {
                    chance.pick(KEYS).to_owned()
                } else {
                    format!("k{index}")
                };
                if chance.one_in(80) {
                    text.push_str("? ");
                    text.push_str(&key);
                    text.push('\n');
                    text.push_str(&" ".repeat(indent));
                } else {
                    text.push_str(&key);
                }
                text.push_str(chance.pick(&[":", ":", ":", ":", ":", ":", " :"]));
                value(chance, text, indent, depth);
            }
        }
    }
}

/// Writes what follows a `-` or a `key:`, up to the end of its last line.
fn value(chance: &mut Chance, text: &mut String, indent: usize, depth: usize) {
    if chance.one_in(25) {
        text.push_str(chance.pick(&[" &x", " &y", " &z", " !!map", " !!str", " !t"]));
    }
    if depth > 0 && chance.one_in(3) {
        text.push_str(chance.pick(&["\n", "\n", "\n", " # c\n", "\n\n", " \n", "\n  # c\n"]));
        let deeper = indent + chance.pick(&[2, 2, 2, 2, 2, 2, 2, 2, 4, 4, 1, 2]);
        block(chance, text, deeper, depth - 1);
    } else if chance.one_in(8) {
        text.push_str(chance.pick(&[" |", " >", " |-", " >-", " |+", " |2", " >1-", " | # c"]));
        text.push('\n');
        for _ in 0..chance.below(4) {
            let deeper = if chance.one_in(20) {
                0
            } else {
                indent + 2 + chance.pick(&[0, 0, 0, 1, 2])
            };
            text.push_str(&" ".repeat(deeper));
            text.push_str(chance.pick(&[
                "text",
                "# no comment",
                "- a: b",
                "",
                "  more",
                "\ttab",
                "---",
                "image: nginx",
            ]));
            text.push('\n');
        }
    } else {
        text.push(' ');
        scalar(chance, text, indent + 2);
    }
}

fn scalar(chance: &mut Chance, text: &mut String, indent: usize) {
    let tame = [
        "nginx:1.25",
        "ghcr.io/o/app:v1",
        "'a'",
        "\"b\"",
        "web",
        "[a, b]",
        "{image: x}",
        "5",
    ];
    text.push_str(if chance.one_in(9) {
        chance.pick(SCALARS)
    } else {
        chance.pick(&tame)
    });
    if chance.one_in(50) {
        // A plain or quoted scalar, or a flow collection, that goes on in the next line.
        text.push('\n');
        text.push_str(&" ".repeat(indent));
        text.push_str(chance.pick(SCALARS));
    }
    text.push_str(chance.pick(&[
        "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", " # c\n", " # c\n", "  \n", "\t\n", " #\n", "\n\n",
    ]));
}

/// Changes a text in one to three places: a character, a line, or an indentation.
pub(crate) fn damage(chance: &mut Chance, text: &str) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for _ in 0..=chance.below(3) {
        let place = chance.below(lines.len());
        let other = chance.below(lines.len());
        match chance.below(8) {
            0 => drop(lines.remove(place)),
            1 => lines.insert(other, lines[place].clone()),
            2 => lines.swap(place, other),
            3 => lines[place].insert_str(0, chance.pick(&[" ", "  ", "\t", "- ", "# ", "? "])),
            4 => lines[place] = lines[place].trim_start_matches(' ').to_owned(),
            _ => lines[place] = damage_line(chance, &lines[place]),
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

fn damage_line(chance: &mut Chance, line: &str) -> String {
    let odd: Vec<char> = ":-?,[]{}#&*!|>'\"%@` \t\r\\<=~0xy\u{85}\u{a0}\u{2028}\u{feff}\u{7f}\u{0}"
        .chars()
        .collect();
    let mut characters: Vec<char> = line.chars().collect();
    let place = chance.below(characters.len() + 1);
    match chance.below(3) {
        0 if place < characters.len() => drop(characters.remove(place)),
        1 if place < characters.len() => characters[place] = chance.pick(&odd),
        _ => characters.insert(place, chance.pick(&odd)),
    }
    characters.into_iter().collect()
}
