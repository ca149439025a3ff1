//! The values of a document as JSON has them, with the bytes where they stand.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::yaml::{Kind, Node};

/// A value and its bytes in the text.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) value: Value,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Value {
    Array(Vec<Tree>),
    Bool,
    Null,
    /// As JSON writes it.
    Number(String),
    Object(Vec<Member>),
    String(Zeroizing<String>),
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: Tree,
}

impl Tree {
    /// What `sigs.k8s.io/yaml` turns a YAML node into: keys in order, and of a key that stands twice the last value.
    pub(super) fn of_yaml(node: Node<'_, '_>) -> Self {
        let value = match node.kind() {
            Kind::Mapping => {
                let mut members: Vec<Member> = Vec::new();
                for (key, value) in node.entries() {
                    members.push(Member {
                        key: key.text.to_owned(),
                        key_span: key.span,
                        value: Self::of_yaml(value),
                    });
                }
                members.sort_by(|a, b| a.key.cmp(&b.key));
                members.reverse();
                members.dedup_by(|earlier, kept| earlier.key == kept.key);
                members.reverse();
                Value::Object(members)
            }
            Kind::Sequence => Value::Array(node.items().map(Self::of_yaml).collect()),
            Kind::Scalar => scalar(node),
        };
        Self {
            value,
            span: node.span(),
        }
    }

    /// The word that Go's messages have for it.
    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Array(_) => "array",
            Value::Bool => "bool",
            Value::Null => "null",
            Value::Number(_) => "number",
            Value::Object(_) => "object",
            Value::String(_) => "string",
        }
    }
}

fn scalar(node: Node<'_, '_>) -> Value {
    if let Some(text) = node.as_str() {
        return Value::String(Zeroizing::new(text.to_owned()));
    }
    match node.to_json() {
        serde_json::Value::Bool(_) => Value::Bool,
        serde_json::Value::Number(number) => Value::Number(number.to_string()),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_keys_that_stand_twice_the_last_counts() {
        let first = crate::yaml::parse_first("b: 1\na: 2\nb: {c: x}\na: 3\n").unwrap();
        let tree = Tree::of_yaml(first.root().unwrap());
        let Value::Object(members) = tree.value else {
            panic!("no object")
        };
        let told = members
            .iter()
            .map(|member| (member.key.as_str(), member.value.kind(), member.key_span.start));
        assert_eq!(told.collect::<Vec<_>>(), [("a", "number", 20), ("b", "object", 10)]);
    }
}
