//! Values of Secrets go into SealedSecrets that exist, and nothing else of their file changes.
//!
//! What kubeseal's `--merge-into` loses is kept: comments, order, the format, other documents, and the scope of the target,
//! which together with its name and namespace decides how the values are sealed.

use std::collections::BTreeSet;

use super::document::{self, Located, Sealer};
use super::merge_error::MergeError;
use super::scope::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope};
use super::sealed_secret::{Random, SecretSealError, seal_value};
use super::set_entry::set_entry;
use super::targets::{self, Place};
use crate::k8s::{Note, Object, Secret, check_data_key};

/// What came of a merge.
#[derive(Debug, Default)]
pub struct Merged {
    /// The new text of the target.
    pub text: String,
    /// The SealedSecrets that changed.
    pub objects: Vec<MergedObject>,
    /// What the author of the input should know.
    pub notes: Vec<Located<Note>>,
}

/// What changed in a SealedSecret: names only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MergedObject {
    /// `namespace/name` of the target.
    pub object: String,
    /// Values that were there before.
    pub replaced: Vec<String>,
    /// Values that were not.
    pub added: Vec<String>,
    /// Annotations and labels of the template that are new or differ.
    pub metadata: Vec<String>,
    /// What the input says, and the target has another word for.
    pub ignored: Vec<&'static str>,
}

/// Seals the Secrets of `input` for SealedSecrets of `target`, and writes their values there.
///
/// A Secret goes to the SealedSecret of its name and namespace; one alone goes to the only SealedSecret, whatever their names.
///
/// # Errors
/// Something cannot be read, the SealedSecret that is meant is not clear or has another scope than is asked for, or the text
/// leaves no place for an edit. Then nothing is merged.
pub fn merge(target: &str, input: &str, sealer: &Sealer<'_>, random: &mut Random<'_>) -> Result<Merged, MergeError> {
    let mut notes = Vec::new();
    let secrets = secrets(input, &mut notes)?;
    let merged = merge_secrets(target, &secrets, sealer, random)?;
    Ok(Merged { notes, ..merged })
}

/// As [`merge`], of Secrets that have been read.
///
/// # Errors
/// As [`merge`].
pub fn merge_secrets(
    target: &str,
    secrets: &[Secret],
    sealer: &Sealer<'_>,
    random: &mut Random<'_>,
) -> Result<Merged, MergeError> {
    let mut merged = Merged {
        text: target.to_owned(),
        ..Merged::default()
    };
    if secrets.is_empty() {
        return Err(MergeError::NoSecret);
    }
    let targets = candidates(target)?;
    if targets.is_empty() {
        return Err(MergeError::NoTarget);
    }
    for secret in secrets {
        if secret.data.is_empty() && !sealer.allow_empty {
            return Err(SecretSealError::Empty.into());
        }
        let at = choose(&targets, secret, sealer, secrets.len() == 1)?;
        if let Some(goal) = Goal::read(&merged.text, at, sealer.namespace.as_deref())? {
            let object = merge_one(&mut merged.text, &goal, secret, sealer, random)?;
            merged.objects.push(object);
        }
    }
    Ok(merged)
}

/// A SealedSecret of the target file.
struct Candidate {
    namespace: String,
    name: String,
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "`{}`", self.name)
        } else {
            write!(f, "`{}/{}`", self.namespace, self.name)
        }
    }
}

/// The one that takes the values.
struct Goal {
    candidate: Candidate,
    /// Which of the file.
    at: usize,
    scope: Scope,
    label: String,
    keys: BTreeSet<String>,
    is_version_1: bool,
    /// The type of the Secret that it makes.
    kind: String,
}

impl Candidate {
    fn read(place: &Place<'_, '_, '_>) -> Self {
        Self {
            namespace: place.text(&["metadata", "namespace"]),
            name: place.text(&["metadata", "name"]),
        }
    }
}

impl Goal {
    fn read(text: &str, at: usize, namespace: Option<&str>) -> Result<Option<Self>, MergeError> {
        let mut goal = None;
        let mut before = 0;
        targets::visit(text, |place| {
            before += 1;
            if before != at + 1 {
                return Ok(());
            }
            let candidate = Candidate::read(place);
            let scope = place.scope()?;
            let own = candidate.namespace.as_str();
            let sealed_for = if own.is_empty() {
                namespace.unwrap_or_default()
            } else {
                own
            };
            let is_version_1 =
                place.field(&["spec", "data"]).is_some() && place.field(&["spec", "encryptedData"]).is_none();
            goal = Some(Self {
                at,
                scope,
                label: place.label(scope, sealed_for, &candidate.name)?,
                keys: place.slots()?.into_iter().map(|slot| slot.key).collect(),
                is_version_1,
                kind: place.text(&["spec", "template", "type"]),
                candidate,
            });
            Ok::<_, MergeError>(())
        })?;
        Ok(goal)
    }
}

fn secrets(input: &str, notes: &mut Vec<Located<Note>>) -> Result<Vec<Secret>, MergeError> {
    let mut secrets = Vec::new();
    let visited = document::visit(input, |found| {
        if let Object::Secret(node) = found.object {
            let secret = Secret::read(node, found.text).map_err(|error| found.error(error.offset, error))?;
            notes.extend(secret.notes.iter().map(|note| Located {
                position: found.position(note.offset),
                what: note.clone(),
            }));
            secrets.push(secret);
        }
        Ok(())
    });
    visited.map_err(|source| MergeError::Input {
        position: source.position,
        source,
    })?;
    Ok(secrets)
}

fn candidates(text: &str) -> Result<Vec<Candidate>, MergeError> {
    let mut candidates = Vec::new();
    targets::visit(text, |place| {
        candidates.push(Candidate::read(place));
        Ok::<_, MergeError>(())
    })?;
    Ok(candidates)
}

/// Which SealedSecret a Secret goes to.
fn choose(targets: &[Candidate], secret: &Secret, sealer: &Sealer<'_>, is_alone: bool) -> Result<usize, MergeError> {
    let name = sealer.name.as_deref().unwrap_or(&secret.metadata.name);
    let own = &secret.metadata.namespace;
    let namespace = if own.is_empty() {
        sealer.namespace.as_deref().unwrap_or_default()
    } else {
        own
    };
    let is_named = |(_, one): &(usize, &Candidate)| {
        one.name == name && (one.namespace == namespace || one.namespace.is_empty() || namespace.is_empty())
    };
    let named: Vec<(usize, &Candidate)> = targets.iter().enumerate().filter(is_named).collect();
    match (named.as_slice(), targets) {
        ([(found, _)], _) => Ok(*found),
        ([], [_]) if is_alone => Ok(0),
        _ => Err(MergeError::NotFound {
            wanted: match (name.is_empty(), namespace.is_empty()) {
                (true, _) => "as the Secret, which has no name".to_owned(),
                (false, true) => format!("`{name}`"),
                (false, false) => format!("`{namespace}/{name}`"),
            },
            candidates: targets.iter().map(Candidate::to_string).collect(),
        }),
    }
}

fn merge_one(
    text: &mut String,
    goal: &Goal,
    secret: &Secret,
    sealer: &Sealer<'_>,
    random: &mut Random<'_>,
) -> Result<MergedObject, MergeError> {
    let object = goal.candidate.to_string();
    let own = &goal.candidate.namespace;
    if goal.is_version_1 {
        return Err(MergeError::Version1 { object });
    }
    if let Some(asked) = sealer.scope.filter(|asked| *asked != goal.scope) {
        let found = goal.scope;
        return Err(MergeError::Scope { asked, object, found });
    }
    if let Some(asked) = sealer
        .namespace
        .as_ref()
        .filter(|asked| !own.is_empty() && *asked != own)
    {
        return Err(MergeError::Seal(SecretSealError::NamespaceMismatch {
            found: own.clone(),
            asked: asked.clone(),
        }));
    }
    let mut merged = MergedObject {
        object,
        ..MergedObject::default()
    };
    for (key, value) in &secret.data {
        check_data_key(key)?;
        let sealed = seal_value(sealer.key, &goal.label, value, random)?;
        set_entry(text, goal.at, &["spec", "encryptedData"], key, &sealed)?;
        let keys = if goal.keys.contains(key) {
            &mut merged.replaced
        } else {
            &mut merged.added
        };
        keys.push(key.clone());
    }
    let metadata = &secret.metadata;
    for (field, entries) in [("annotations", &metadata.annotations), ("labels", &metadata.labels)] {
        for (key, value) in entries {
            // They would contradict those of the target, or repeat them.
            if matches!(key.as_str(), CLUSTER_WIDE | NAMESPACE_WIDE) {
                continue;
            }
            if set_entry(text, goal.at, &["spec", "template", "metadata", field], key, value)? {
                merged.metadata.push(key.clone());
            }
        }
    }
    let own = Scope::of_annotations(|name| metadata.annotations.get(name).map(String::as_str));
    merged
        .ignored
        .extend((own != goal.scope && own != Scope::Strict).then_some("scope"));
    merged
        .ignored
        .extend((!secret.kind.is_empty() && secret.kind != goal.kind).then_some("type"));
    merged.ignored.extend(secret.immutable.map(|_| "immutable"));
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::seal::{Certificate, OpeningKey, opening_keys, unseal};

    static CERTIFICATE: LazyLock<Certificate> =
        LazyLock::new(|| Certificate::parse(include_bytes!("../../keys-example/sealing-2048.crt")).unwrap());
    static KEYS: LazyLock<Vec<OpeningKey>> =
        LazyLock::new(|| opening_keys(include_str!("../../keys-example/sealing-2048.key")).unwrap());

    fn sealer() -> Sealer<'static> {
        Sealer {
            key: CERTIFICATE.key(),
            scope: None,
            name: None,
            namespace: None,
            default_namespace: None,
            allow_empty: false,
        }
    }

    fn merged_with(target: &str, input: &str, sealer: &Sealer<'_>) -> Result<Merged, MergeError> {
        let mut count = 0;
        merge(target, input, sealer, &mut |buffer: &mut [u8]| {
            count += 1;
            buffer.fill(count);
            Ok(())
        })
    }

    fn merged(target: &str, input: &str) -> Merged {
        merged_with(target, input, &sealer()).unwrap()
    }

    fn refusal(target: &str, input: &str, sealer: &Sealer<'_>) -> String {
        let error = merged_with(target, input, sealer).unwrap_err();
        let chain = crate::report::chain(&error);
        chain.join(": ")
    }

    /// The text with sealed values as `V`.
    fn masked(text: &str) -> String {
        let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='));
        words
            .map(|word| {
                let value =
                    word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='));
                if value.starts_with("AQ") && value.len() > 300 {
                    word.replace(value, "V")
                } else {
                    word.to_owned()
                }
            })
            .collect()
    }

    fn opened(text: &str, key: &str) -> Vec<u8> {
        let unsealed = unseal(text, &KEYS, None, Some(key)).unwrap();
        assert!(unsealed.unopened.is_empty(), "{:?}", unsealed.unopened);
        let mut values = unsealed.opened.iter().filter_map(|one| one.secret.data.get(key));
        values.next().unwrap().to_vec()
    }

    const TARGET: &str = "# top\r\nkind: ConfigMap # other\r\n---\r\nkind: SealedSecret\r\nmetadata: # m\r\n  name: a\r\n  namespace: shop\r\nspec:\r\n  encryptedData:\r\n    old: AgAold # keep\r\n    # about password\r\n    password: 'AgAx'   # secret\r\n  template:\r\n    data: {x: '{{ .old }}'}\r\n    type: Opaque\r\n---\r\nkind: Pod";

    #[test]
    fn only_what_is_merged_changes() {
        let input = "kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {password: hunter2, token: t}\n";
        let result = merged(TARGET, input);
        assert_eq!(
            masked(&result.text),
            TARGET.replace("AgAx'   # secret\r\n", "V'   # secret\r\n    token: V\r\n")
        );
        assert_eq!(opened(&result.text, "password"), b"hunter2");
        assert_eq!(opened(&result.text, "token"), b"t");
        let object = &result.objects[0];
        assert_eq!(object.object, "`shop/a`");
        assert_eq!(
            (object.replaced.as_slice(), object.added.as_slice()),
            (&["password".to_owned()][..], &["token".to_owned()][..])
        );
    }

    #[test]
    fn kubeseals_panics_are_work() {
        // A template without annotations or labels, no template, no encryptedData, no spec.
        let input = "kind: Secret\nmetadata: {name: a, namespace: shop, annotations: {note: x}, labels: {l: 'yes'}}\nstringData: {k: v}\n";
        let head = "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\n";
        for (rest, expected) in [
            (
                "spec:\n  encryptedData:\n  template:\n    metadata:\n      annotations:\n        o: p\n",
                "spec:\n  encryptedData:\n    k: V\n  template:\n    metadata:\n      annotations:\n        o: p\n        note: x\n      labels:\n        l: \"yes\"\n",
            ),
            (
                "spec:\n  template: {metadata: {annotations: null}}\n",
                "spec:\n  template: {metadata: {annotations: {note: x}, labels: {l: \"yes\"}}}\n  encryptedData:\n    k: V\n",
            ),
            (
                "spec: {}\n",
                "spec:\n  encryptedData:\n    k: V\n  template:\n    metadata:\n      annotations:\n        note: x\n      labels:\n        l: \"yes\"\n",
            ),
            (
                "",
                "spec:\n  encryptedData:\n    k: V\n  template:\n    metadata:\n      annotations:\n        note: x\n      labels:\n        l: \"yes\"\n",
            ),
        ] {
            let result = merged(&format!("{head}{rest}"), input);
            assert_eq!(masked(&result.text), format!("{head}{expected}"));
            assert_eq!(opened(&result.text, "k"), b"v");
        }
    }

    #[test]
    fn the_scope_of_the_target_counts() {
        let target = "kind: SealedSecret\nmetadata:\n  name: a\n  namespace: shop\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: \"true\"\nspec:\n  encryptedData: {}\n";
        let input = "kind: Secret\nmetadata: {name: b, annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true'}}\nstringData: {k: v}\n";
        let result = merged(target, input);
        assert_eq!(opened(&result.text, "k"), b"v");
        assert!(!result.text.contains("namespace-wide"), "{}", result.text);
        assert_eq!(result.objects[0].ignored, ["scope"]);
        let strict = Sealer {
            scope: Some(Scope::Strict),
            ..sealer()
        };
        assert_eq!(
            refusal(target, input, &strict),
            "the scope strict is asked for, but `shop/a` has the scope cluster-wide"
        );
        let wide = Sealer {
            scope: Some(Scope::ClusterWide),
            ..sealer()
        };
        assert_eq!(opened(&merged_with(target, input, &wide).unwrap().text, "k"), b"v");
        let other = Sealer {
            namespace: Some("other".to_owned()),
            ..sealer()
        };
        assert_eq!(
            refusal(target, input, &other),
            "the Secret is in the namespace `shop`, but `other` was asked for"
        );
    }

    #[test]
    fn the_target_is_the_one_of_that_name_or_the_only_one() {
        let one = "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\nspec: {encryptedData: {}}\n";
        let two = one.replace("name: a", "name: b");
        let both = format!("{one}---\n{two}");
        let input = |name: &str| format!("kind: Secret\nmetadata: {{name: {name}}}\nstringData: {{k: v}}\n");
        assert_eq!(
            masked(&merged(&both, &input("b")).text),
            format!("{one}---\n{}", two.replace("{}", "{k: V}"))
        );
        assert_eq!(masked(&merged(one, &input("c")).text), one.replace("{}", "{k: V}"));
        assert_eq!(
            refusal(&both, &input("c"), &sealer()),
            "no SealedSecret is called `c`, and which one is meant is not clear: the file has `shop/a`, `shop/b`"
        );
        assert_eq!(
            refusal(&both, "kind: Secret\nstringData: {k: v}\n", &sealer()),
            "no SealedSecret is called as the Secret, which has no name, and which one is meant is not clear: the file has `shop/a`, `shop/b`"
        );
        let named = Sealer {
            name: Some("b".to_owned()),
            ..sealer()
        };
        assert!(merged_with(&both, &input("c"), &named).is_ok());
        // Each of several Secrets needs its own target.
        let several = format!("{}---\n{}", input("a"), input("b"));
        assert_eq!(merged(&both, &several).objects.len(), 2);
        assert!(refusal(one, &several, &sealer()).contains("`b`"));
    }

    #[test]
    fn json_and_lists_keep_their_form() {
        let target = "{\n  \"kind\": \"List\",\n  \"items\": [\n    {\"kind\": \"Pod\", \"x\": \"\\/\"},\n    {\n      \"kind\": \"SealedSecret\",\n      \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"},\n      \"spec\": {\n        \"encryptedData\": {\n          \"k\": \"AgA\"\n        }\n      }\n    }\n  ]\n}\n{\"kind\": \"Other\"}";
        let input = "kind: Secret\nmetadata: {name: a, labels: {l: \"\\t\"}}\nstringData: {k: v, n: w}\n";
        let result = merged(target, input);
        assert_eq!(
            masked(&result.text),
            target.replace(
                "\"AgA\"\n        }\n",
                "\"V\",\n          \"false\": \"V\"\n        },\n        \"template\": {\"metadata\":{\"labels\":{\"l\":\"\\t\"}}}\n"
            )
        );
        assert_eq!(opened(&result.text, "k"), b"v");
    }

    #[test]
    fn what_cannot_be_merged_is_named() {
        let input = "kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {k: v}\n";
        let target = "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\nspec: {encryptedData: {}}\n";
        for (target, input, expected) in [
            (
                target,
                "kind: ConfigMap\n",
                "the input holds no Secret: expected a document with `kind: Secret`",
            ),
            (
                target,
                "kind: Secret\nmetadata: {name: a}\n",
                "the Secret has neither data nor stringData",
            ),
            (target, "kind: Secret\nstringData: {'a b': c}\n", "`a b` is not a key"),
            ("kind: Secret\n", input, "the file to merge into holds no SealedSecret"),
            ("a: [\n", input, "the file to merge into cannot be edited"),
            (
                "kind: SealedSecret\nspec: {}\n",
                input,
                "the SealedSecret has no metadata.name",
            ),
            (
                "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\nspec: {data: AgA}\n",
                input,
                "`shop/a` is of version 1",
            ),
            (
                "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\nspec: {encryptedData: [a]}\n",
                input,
                "spec.encryptedData is not a mapping",
            ),
            (
                "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\nspec: {encryptedData: &x {k: a}, y: *x}\n",
                input,
                "an alias repeats this",
            ),
        ] {
            let found = refusal(target, input, &sealer());
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
