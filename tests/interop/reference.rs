//! `oci::Reference` against `github.com/distribution/reference`, which Docker, containerd and the kubelet read names with.

use kship::Reference;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::peers;

const NAMES: usize = 40_000;

/// A reading of distribution's that kship refuses.
type Reading = fn(&Value) -> bool;

/// Where kship reads names otherwise, and why. An exception that never occurs fails the test.
const EXCEPTIONS: &[(&str, Reading)] = &[
    (
        "sha384 is registered by go-digest only: neither the OCI image specification nor any registry uses it",
        |theirs| {
            theirs["digest"]
                .as_str()
                .is_some_and(|digest| digest.starts_with("sha384:"))
        },
    ),
    (
        "`a_b.c/d`: the first component counts as a registry but is no host name; distribution then gives a name without \
         a registry, which nothing can pull",
        |theirs| theirs.get("domain").is_none(),
    ),
];

#[test]
fn every_name_is_read_as_distribution_reads_it() {
    let Some(oracle) = peers::need(peers::tool("reference")) else {
        return;
    };
    let mut chance = Chance::new(3);
    let mut names: Vec<String> = HAND_MADE.iter().map(|name| (*name).to_owned()).collect();
    names.extend((0..NAMES).map(|_| generate(&mut chance)));

    let answers = peers::ask(&oracle, names.iter().map(|name| Value::from(name.as_str()).to_string()));
    assert_eq!(answers.len(), names.len());
    let mut excused = vec![0; EXCEPTIONS.len()];
    let mut accepted = 0;
    let mut differences = Vec::new();
    for (name, theirs) in names.iter().zip(&answers) {
        let ours = read(name);
        let same = match (&ours, theirs.get("error")) {
            (Some(ours), None) => ours == theirs,
            (None, Some(_)) => true,
            _ => false,
        };
        accepted += usize::from(same && ours.is_some());
        if !same {
            match EXCEPTIONS
                .iter()
                .position(|(_, applies)| ours.is_none() && applies(theirs))
            {
                Some(exception) => excused[exception] += 1,
                None => differences.push(format!("{name:?}: kship {ours:?}, distribution {theirs}")),
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
    // A generator that only makes one kind of name would prove nothing.
    assert!(
        accepted > names.len() / 5 && accepted < names.len() * 4 / 5,
        "{accepted} of {} are valid",
        names.len()
    );
    for (count, (reason, _)) in excused.iter().zip(EXCEPTIONS) {
        assert!(*count > 0, "never needed: {reason}");
    }
}

/// The parts as the oracle names them. A reference whose ranges and parts disagree counts as a difference.
fn read(name: &str) -> Option<Value> {
    let reference = Reference::parse(name).ok()?;
    let mut parts = json!({
        "domain": reference.repository().registry(),
        "path": reference.repository().path(),
    });
    if let Some(tag) = reference.tag() {
        parts["tag"] = tag.into();
    }
    if let Some(digest) = reference.digest() {
        parts["digest"] = digest.to_string().into();
    }
    let written = |range: Option<std::ops::Range<usize>>| range.and_then(|range| name.get(range));
    assert_eq!(written(reference.tag_range()), reference.tag(), "{name}");
    assert_eq!(
        written(reference.digest_range()),
        reference.digest().map(ToString::to_string).as_deref(),
        "{name}"
    );
    let path = &name[reference.path_range()];
    assert!(reference.repository().path().ends_with(path), "{name}");
    let rebuilt = [
        written(reference.registry_range()).map(|registry| format!("{registry}/")),
        Some(path.to_owned()),
        reference.tag().map(|tag| format!(":{tag}")),
        reference.digest().map(|digest| format!("@{digest}")),
    ];
    assert_eq!(rebuilt.into_iter().flatten().collect::<String>(), name);
    Some(parts)
}

const HAND_MADE: &[&str] = &[
    "",
    "/",
    ":",
    "@",
    "//",
    "a//b",
    "a/",
    "/a",
    "localhost",
    "localhost/",
    "localhost/a",
    "localhost:5000",
    "localhost:5000/a",
    "LOCALHOST/a",
    "Localhost:80/a",
    "docker.io",
    "docker.io/a",
    "docker.io/a/b",
    "docker.io/library/a",
    "DOCKER.IO/a",
    "index.docker.io/a",
    "index.docker.io/a/b",
    "index.docker.io/library/a",
    "registry-1.docker.io/a",
    "docker.io:443/a",
    "a.b",
    "a.b/c",
    "a..b/c",
    "a./c",
    ".a/c",
    "a:80/b",
    "a:/b",
    "a:x/b",
    "a:080/b",
    "a:99999999999999999999/b",
    "a:1:2/b",
    "a:1/b:2:3",
    "[::1]/a",
    "[::1]:80/a",
    "[::1]:/a",
    "[::1]x/a",
    "[::1/a",
    "[]/a",
    "[:]/a",
    "[1]/a",
    "[fe80::1%25eth0]/a",
    "[2001:DB8::1]/a:b",
    "::1/a",
    "1.2.3.4/a",
    "1.2.3.4:5/a",
    "-a.b/c",
    "a-.b/c",
    "a-b.c/d",
    "a_b.c/d",
    "xn--bcher-kva.example/a",
    "b\u{fc}cher.example/a",
    "a/\u{e4}",
    "\u{c4}/a",
    "\u{c4}.b/a",
    "\u{1e9e}/a",
    "\u{130}/a",
    "a/\u{212a}",
    "\u{212a}/a",
    "\u{1c5}/a",
    "a:\u{661}",
    "a:1\n",
    "\na",
    "a\u{0}",
    " a",
    "a ",
    "a b",
    "a:b c",
    "http://a.b/c",
    "docker://a/b",
    "a@b",
    "a@sha256",
    "a@sha256:",
    "a:@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a:b@",
    "a@@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855:t",
    "a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a@sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    "a@SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855:t",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
    "a/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a__b",
    "a___b",
    "a_-b",
    "a.-b",
    "a..b",
    "a---b",
    "a_",
    "_a",
    "a.",
    "-a",
    "a:_",
    "a:.",
    "a:-",
    "a:_.-",
    "library/a",
    "library/library/a",
    "Library/a",
];

/// Makes a name of the grammar, and in about half of the cases breaks it in one or two places.
fn generate(chance: &mut Chance) -> String {
    let mut name = String::new();
    if chance.one_in(2) {
        name.push_str(&domain(chance));
        name.push('/');
    }
    let components = if chance.one_in(60) { 70 } else { 1 + chance.below(3) };
    for index in 0..components {
        if index > 0 {
            name.push('/');
        }
        name.push_str(&component(chance));
    }
    if chance.one_in(2) {
        name.push(':');
        name.push_str(&tag(chance));
    }
    if chance.one_in(3) {
        name.push('@');
        name.push_str(&digest(chance));
    }
    if chance.one_in(2) {
        for _ in 0..=chance.below(2) {
            mutate(chance, &mut name);
        }
    }
    name
}

fn domain(chance: &mut Chance) -> String {
    let host = match chance.below(8) {
        0 => "localhost".to_owned(),
        1 => "docker.io".to_owned(),
        2 => "index.docker.io".to_owned(),
        3 => format!("[{}]", chance.text("0123456789abcdefABCDEF::::", 1, 20)),
        4 => format!("{}.{}.0.1", chance.below(300), chance.below(256)),
        5 => chance.text("abcXYZ019-", 1, 12),
        _ => {
            let labels = 2 + chance.below(3);
            (0..labels)
                .map(|_| chance.text("abcdXYZ0123-", 1, 9))
                .collect::<Vec<_>>()
                .join(".")
        }
    };
    if chance.one_in(3) {
        let port = chance.text("0123456789", 1, 6);
        format!("{host}:{port}")
    } else {
        host
    }
}

fn component(chance: &mut Chance) -> String {
    let mut text = chance.text("abcdefxyz0189", 1, 8);
    while chance.one_in(3) {
        text.push_str(chance.pick(&["-", "--", "---", "_", "__", "."]));
        text.push_str(&chance.text("abcdefxyz0189", 1, 8));
    }
    if chance.one_in(150) {
        text.push_str(&chance.text("abc", 150, 260));
    }
    text
}

fn tag(chance: &mut Chance) -> String {
    if chance.one_in(40) {
        return chance.text("aZ09._-", 120, 135);
    }
    chance.text("abcXYZ0123456789_", 1, 1) + &chance.text("abcXYZ0123456789_.-", 0, 12)
}

fn digest(chance: &mut Chance) -> String {
    let (name, length) = chance.pick(&[
        ("sha256", 64),
        ("sha256", 64),
        ("sha256", 64),
        ("sha512", 128),
        ("sha384", 96),
        ("sha256", 63),
        ("sha256", 32),
        ("sha1", 40),
        ("md5", 32),
        ("blake3", 64),
        ("sha256+b64u", 43),
        ("SHA256", 64),
    ]);
    let letters = if chance.one_in(12) {
        "0123456789ABCDEF"
    } else {
        "0123456789abcdef"
    };
    format!("{name}:{}", chance.text(letters, length, length))
}

fn mutate(chance: &mut Chance, name: &mut String) {
    let mut characters: Vec<char> = name.chars().collect();
    let odd: Vec<char> = ":@/.-_[]%+ \t\n\0A{}$~,\u{e4}\u{130}\u{212a}\u{65e5}\u{1f980}"
        .chars()
        .collect();
    let place = chance.below(characters.len() + 1);
    match chance.below(5) {
        0 => characters.insert(place, chance.pick(&odd)),
        1 if place < characters.len() => characters[place] = chance.pick(&odd),
        2 if place < characters.len() => drop(characters.remove(place)),
        3 if place < characters.len() => characters[place] = characters[place].to_ascii_uppercase(),
        _ => characters.truncate(place),
    }
    *name = characters.into_iter().collect();
}
