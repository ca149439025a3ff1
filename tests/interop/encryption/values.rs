//! Stored values: what either side encrypts, the other one reads, and what one refuses the other refuses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kship::encryption::cipher::Buffer;
use kship::encryption::transform::is_object;
use kship::encryption::{Configuration, GroupResource, Loader, Reading, Slot, Transformer};

use super::oracle::{Oracle, Question, Read};
use crate::chance::Chance;
use crate::peers;

const PLACE: &str = "/registry/secrets/shop/db";
const ELSEWHERE: &str = "/registry/secrets/shop/db2";
const SIZES: [usize; 6] = [0, 1, 15, 16, 17, 1 << 20];

/// Providers, and the length of their keys.
const CIPHERS: [(&str, usize); 7] = [
    ("aescbc", 16),
    ("aescbc", 24),
    ("aescbc", 32),
    ("aesgcm", 16),
    ("aesgcm", 24),
    ("aesgcm", 32),
    ("secretbox", 32),
];

/// A key as a configuration holds it: its name, and the byte that it consists of.
type Key = (&'static str, u8);

const WRITER: Key = ("key1", 1);
const OTHER: Key = ("key2", 2);
const SAME_NAME: Key = ("key1", 3);

/// Who reads, and at which place among the keys stands the one that wrote.
const READERS: [(&[Key], Option<usize>); 5] = [
    (&[WRITER], Some(0)),
    (&[WRITER, OTHER], Some(0)),
    (&[OTHER, WRITER], Some(1)),
    (&[SAME_NAME, OTHER], None),
    (&[OTHER], None),
];

#[test]
fn each_reads_what_the_other_wrote() {
    let Some(oracle) = peers::need(Oracle::build()) else {
        return;
    };
    for cipher in CIPHERS {
        let writer = config(cipher, &[WRITER]);
        let plaintexts: Vec<_> = SIZES.iter().map(|&size| plaintext(size)).collect();
        let questions: Vec<_> = plaintexts.iter().map(|value| question(&writer, PLACE, value)).collect();
        let theirs = oracle.write(&questions).into_iter().map(Result::unwrap);
        let ours = plaintexts
            .iter()
            .zip(1..)
            .map(|(value, seed)| write(&writer, value, seed));
        let values: Vec<_> = theirs.chain(ours).collect();
        let plaintexts = || plaintexts.iter().cycle();
        for (keys, place) in READERS {
            let reader = config(cipher, keys);
            for key in [PLACE, ELSEWHERE] {
                let questions: Vec<_> = values.iter().map(|value| question(&reader, key, value)).collect();
                let opens = place.filter(|_| key == PLACE || cipher.0 != "aesgcm");
                for ((answer, value), plaintext) in oracle.read(&questions).iter().zip(&values).zip(plaintexts()) {
                    let what = format!("{cipher:?} {keys:?} {key}, {} bytes", plaintext.len());
                    agree(&reader, key, value, answer, &what);
                    if let Some(place) = opens {
                        let expected = Read {
                            value: plaintext.clone(),
                            stale: place > 0,
                        };
                        assert!(answer.as_ref() == Ok(&expected), "{what}");
                    } else if let Ok(garbage) = answer {
                        assert!(cipher.0 == "aescbc" && garbage.value != *plaintext, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn damaged_values_are_refused_by_both() {
    let Some(oracle) = peers::need(Oracle::build()) else {
        return;
    };
    let mut chance = Chance::new(5);
    let mut panics = 0;
    for cipher in CIPHERS {
        let reader = config(cipher, &[OTHER, WRITER]);
        let writer = config(cipher, &[WRITER]);
        let mut values = Vec::new();
        for seed in 0..300 {
            let length = chance.below(70);
            values.push(damaged(&mut chance, write(&writer, &plaintext(length), seed)));
        }
        // Every length, down to the prefix alone.
        let whole = write(&writer, &plaintext(33), 1);
        values.extend((0..whole.len()).map(|length| whole[..length].to_vec()));
        let questions: Vec<_> = values.iter().map(|value| question(&reader, PLACE, value)).collect();
        for (answer, value) in oracle.read(&questions).iter().zip(&values) {
            if let Err(error) = answer {
                panics += usize::from(error.starts_with("panic: "));
            }
            let what = format!("{cipher:?} {}", STANDARD.encode(value));
            agree(&reader, PLACE, value, answer, &what);
        }
    }
    // An IV and nothing behind it, which the API server does not survive.
    assert!(panics >= 3, "{panics}");
}

/// Holds kship's reading of a value against that of the API server.
fn agree(config: &str, key: &str, value: &[u8], theirs: &Result<Read, String>, what: &str) {
    let mut buffer = Buffer::default();
    let ours = transformer(config).read(key.as_bytes(), value, &mut buffer);
    match (&ours, theirs) {
        (Reading::Opened(slot) | Reading::Garbage(slot), Ok(theirs)) => {
            assert!(buffer.bytes() == theirs.value, "{what}");
            assert_eq!(*slot != Slot::WRITING, theirs.stale, "{what}");
            // What kship doubts is no object, and nothing had vouched for it.
            let doubted = matches!(ours, Reading::Garbage(_));
            assert_eq!(doubted, what.contains("aescbc") && !is_object(&theirs.value), "{what}");
        }
        (Reading::Damaged { .. } | Reading::Unknown { .. } | Reading::Plain { slot: None }, Err(_)) => {}
        _ => panic!(
            "{what}: kship {ours:?}, the API server {:?}",
            theirs.as_ref().map(|read| read.stale)
        ),
    }
}

/// Cuts a value, adds to it, or turns bits behind its prefix.
fn damaged(chance: &mut Chance, mut value: Vec<u8>) -> Vec<u8> {
    let prefix = value.windows(5).position(|part| part == b"key1:").unwrap() + 5;
    let at = prefix + chance.below(value.len() - prefix);
    match chance.below(4) {
        0 => value.truncate(at),
        1 => value.extend(std::iter::repeat_n(7, 1 + chance.below(40))),
        2 => drop(value.drain(prefix..at)),
        _ => value[at] ^= 1 << chance.below(8),
    }
    value
}

fn question<'a>(config: &'a str, key: &'a str, value: &'a [u8]) -> Question<'a> {
    Question {
        config,
        resource: "secrets",
        key,
        value,
    }
}

/// What kship stores, with nonces that a seed makes.
fn write(config: &str, plaintext: &[u8], seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed);
    let random = |bytes: &mut [u8]| bytes.fill_with(|| u8::try_from(chance.below(256)).unwrap());
    let written = transformer(config).write(PLACE.as_bytes(), plaintext, random);
    written.unwrap().unwrap()
}

fn transformer(config: &str) -> Transformer {
    let configuration = Configuration::parse(config, &Loader::new("FILE")).unwrap();
    let providers = configuration.providers_of(&GroupResource::new("secrets", "")).unwrap();
    Transformer::new(providers).unwrap()
}

fn config((provider, length): (&str, usize), keys: &[Key]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|&(name, byte)| format!("{{name: '{name}', secret: {}}}", STANDARD.encode(vec![byte; length])))
        .collect();
    format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n\
         - resources: [secrets]\n  providers:\n  - {provider}: {{keys: [{}]}}\n",
        keys.join(", ")
    )
}

/// The beginning of an object, as far as it fits.
fn plaintext(size: usize) -> Vec<u8> {
    b"k8s\0".iter().copied().chain((0..=255).cycle()).take(size).collect()
}
