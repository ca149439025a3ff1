use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::*;
use crate::yaml::json_with_offsets;
use crate::yaml::tests::{Tree, Writer, tree, value};

/// A step towards a node.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

fn walk<'d, 'a>(root: Node<'d, 'a>, path: &[Step]) -> Node<'d, 'a> {
    path.iter().fold(root, |node, step| match step {
        Step::Key(key) => node.get(key).unwrap(),
        Step::Item(at) => node.items().nth(*at).unwrap(),
    })
}

fn walk_value<'v>(root: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(root, |value, step| match step {
        Step::Key(key) => value.get_mut(key).unwrap(),
        Step::Item(at) => value.get_mut(*at).unwrap(),
    })
}

/// The paths of all nodes of a kind.
fn paths(node: Node<'_, '_>, wanted: &impl Fn(Node<'_, '_>) -> bool, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    if wanted(node) {
        found.push(path.clone());
    }
    let keys = node
        .entries()
        .map(|(key, value)| (Step::Key(key.text.to_owned()), value));
    let items = node.items().enumerate().map(|(at, value)| (Step::Item(at), value));
    for (step, value) in keys.chain(items) {
        path.push(step);
        paths(value, wanted, path, found);
        path.pop();
    }
}

type Plan<'p> = dyn Fn(&Editor<'_, '_>, Node<'_, '_>) -> Result<Vec<Edit>, EditError> + 'p;

/// Edits the first document; `change` does the same to its value.
fn edit(
    text: &str,
    plan: impl Fn(&Editor<'_, '_>, Node<'_, '_>) -> Result<Vec<Edit>, EditError>,
    change: impl Fn(&mut Value),
) -> Result<String, EditError> {
    let stream = parse(text).unwrap();
    let editor = Editor::new(&stream);
    let edits = plan(&editor, stream.documents()[0].root().unwrap())?;
    let mut expected = editor.values();
    change(&mut expected[0]);
    editor.apply(&edits, &expected)
}

fn at<'d, 'a>(root: Node<'d, 'a>, path: &str) -> Node<'d, 'a> {
    path.split('.')
        .filter(|step| !step.is_empty())
        .fold(root, |node, step| match step.parse::<usize>() {
            Ok(at) => node.items().nth(at).unwrap(),
            Err(_) => node.get(step).unwrap(),
        })
}

fn pointer(path: &str) -> String {
    path.split('.')
        .filter(|step| !step.is_empty())
        .map(|step| format!("/{step}"))
        .collect()
}

fn replaced(text: &str, path: &str, new: Value) -> String {
    edit(
        text,
        |editor, root| editor.replace(at(root, path), &new),
        |value| *value.pointer_mut(&pointer(path)).unwrap() = new.clone(),
    )
    .unwrap()
}

fn entered(text: &str, path: &str, key: &str, new: Value, after: Option<&str>) -> String {
    edit(
        text,
        |editor, root| editor.insert_entry(at(root, path), key, &new, after),
        |value| {
            let place = value.pointer_mut(&pointer(path)).unwrap();
            if place.is_null() {
                *place = json!({});
            }
            place[key] = new.clone();
        },
    )
    .unwrap()
}

fn without(text: &str, path: &str, key: &str) -> String {
    edit(
        text,
        |editor, root| editor.remove_entry(at(root, path), key),
        |value| {
            value
                .pointer_mut(&pointer(path))
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(key);
        },
    )
    .unwrap()
}

fn added(text: &str, path: &str, index: usize, new: Value) -> String {
    edit(
        text,
        |editor, root| editor.insert_item(at(root, path), index, &new),
        |value| {
            let place = value.pointer_mut(&pointer(path)).unwrap();
            if place.is_null() {
                *place = json!([]);
            }
            place.as_array_mut().unwrap().insert(index, new.clone());
        },
    )
    .unwrap()
}

fn dropped(text: &str, path: &str, index: usize) -> String {
    edit(
        text,
        |editor, root| editor.remove_item(at(root, path), index),
        |value| {
            value
                .pointer_mut(&pointer(path))
                .unwrap()
                .as_array_mut()
                .unwrap()
                .remove(index);
        },
    )
    .unwrap()
}

fn moved(text: &str, path: &str, from: usize, to: usize) -> String {
    edit(
        text,
        |editor, root| editor.move_item(at(root, path), from, to),
        |value| {
            let items = value.pointer_mut(&pointer(path)).unwrap().as_array_mut().unwrap();
            let item = items.remove(from);
            items.insert(to, item);
        },
    )
    .unwrap()
}

#[test]
fn a_scalar_keeps_its_style_where_the_value_allows() {
    let text = "a: one # c\nb: 'two'\nc: \"three\"\nd:\ne: [x, 'y', ]\n";
    assert_eq!(replaced(text, "a", json!("two")), text.replace("one", "two"));
    assert_eq!(replaced(text, "a", json!("yes")), text.replace("one", "\"yes\""));
    assert_eq!(replaced(text, "a", json!("0777")), text.replace("one", "\"0777\""));
    assert_eq!(replaced(text, "a", json!("a: b")), text.replace("one", "\"a: b\""));
    assert_eq!(replaced(text, "a", json!("")), text.replace("one", "\"\""));
    assert_eq!(replaced(text, "a", json!(5)), text.replace("one", "5"));
    assert_eq!(replaced(text, "b", json!("it's")), text.replace("two", "it''s"));
    assert_eq!(replaced(text, "b", json!("a\nb")), text.replace("'two'", "\"a\\nb\""));
    assert_eq!(replaced(text, "c", json!("\"\\")), text.replace("three", "\\\"\\\\"));
    assert_eq!(replaced(text, "d", json!("x")), text.replace("d:", "d: x"));
    assert_eq!(replaced(text, "e.0", json!("a,b")), text.replace("[x", "[\"a,b\""));
    assert_eq!(replaced(text, "e.1", Value::Null), text.replace("'y'", "null"));
    assert_eq!(replaced("{\"a\": 1}\n", "a", json!("é\n")), "{\"a\": \"é\\n\"}\n");
}

#[test]
fn a_block_scalar_keeps_its_lines_or_becomes_quoted() {
    let text = "a: |  # c\r\n  one\r\n  two\r\nb: >-\r\n    x\r\n    y\r\n\r\nc: 1\r\n";
    assert_eq!(
        replaced(text, "a", json!("three\nfour\n")),
        text.replace("one\r\n  two", "three\r\n  four")
    );
    assert_eq!(replaced(text, "b", json!("z")), text.replace("x\r\n    y", "z"));
    assert_eq!(
        replaced(text, "a", json!("x")),
        text.replace("|  # c\r\n  one\r\n  two", "\"x\"")
    );
    assert_eq!(
        replaced(text, "b", json!("z\nx")),
        text.replace(">-\r\n    x\r\n    y", "\"z\\nx\"")
    );
    assert_eq!(
        replaced("a: |2\n   x\nb: 1\n", "a", json!("y\n")),
        "a: \"y\\n\"\nb: 1\n"
    );
    assert_eq!(
        replaced("a: |+\n  x\n\n\nb: 1\n", "a", json!("y\n\n\n")),
        "a: |+\n  y\n\n\nb: 1\n"
    );
}

#[test]
fn an_entry_takes_the_manner_of_its_neighbours() {
    let text = "# top\na:\n    b: 1 # one\n    # about c\n    c: |\n      x\n\n# after\nd: 2";
    assert_eq!(
        entered(text, "a", "new", json!("yes"), None),
        text.replace("      x\n", "      x\n    new: \"yes\"\n")
    );
    assert_eq!(
        entered(text, "a", "new", json!({"z": [1, {"k": "v"}], "y": {}}), Some("b")),
        text.replace(
            "# one\n",
            "# one\n    new:\n        z:\n        - 1\n        - k: v\n        \"y\": {}\n"
        )
    );
    assert_eq!(
        entered(text, "", "new", json!("a\nb\n"), None),
        format!("{text}\nnew: \"a\\nb\\n\"")
    );
    let crlf = "a: 1\r\nb:\r\n  - x\r\n";
    assert_eq!(
        entered(crlf, "", "new", json!("a\nb\n"), Some("a")),
        crlf.replace("b:", "new: |\r\n  a\r\n  b\r\nb:")
    );
    assert_eq!(
        entered(crlf, "", "new", json!([1, 2]), None),
        format!("{crlf}new:\r\n  - 1\r\n  - 2\r\n")
    );
    let keeps = "a: |+\n  x\n\n\nb: 1\n";
    assert_eq!(
        entered(keeps, "", "new", json!(1), Some("a")),
        keeps.replace("b:", "new: 1\nb:")
    );
    assert_eq!(
        entered("- a: 1\n  # deep\n- b\n", "0", "new", json!(1), None),
        "- a: 1\n  new: 1\n  # deep\n- b\n"
    );
}

#[test]
fn nothing_becomes_a_collection() {
    for nothing in ["", " {}", " ~", " null", " { }"] {
        let text = format!("a:\n  b:{nothing} # c\nd: 1\n");
        assert_eq!(
            entered(&text, "a.b", "new", json!("v"), None),
            "a:\n  b: # c\n    new: v\nd: 1\n"
        );
    }
    assert_eq!(entered("{}\n", "", "new", json!(1), None), "{\"new\": 1}\n");
    assert_eq!(entered("~\n", "", "new", json!(1), None), "new: 1\n");
    assert_eq!(entered("- {}\n-\n", "0", "new", json!(1), None), "- new: 1\n-\n");
    assert_eq!(
        added("a: []\n", "a", 0, json!({"b": 1, "c": 2})),
        "a:\n- b: 1\n  c: 2\n"
    );
    assert_eq!(added("a: [[]]\n", "a.0", 0, json!("x")), "a: [[x]]\n");
    assert_eq!(
        entered("{\n  \"a\": {},\n  \"b\": 1\n}\n", "a", "new", json!("x"), None),
        "{\n  \"a\": {\n    \"new\": \"x\"\n  },\n  \"b\": 1\n}\n"
    );
    assert_eq!(without("a:\n  b: 1\nc: 2\n", "a", "b"), "a: {}\nc: 2\n");
    assert_eq!(dropped("a: # c\n- b: 1\n  c: 2\n", "a", 0), "a: [] # c\n");
}

#[test]
fn brackets_keep_their_layout() {
    assert_eq!(
        entered("{a: 1, b: [x]}\n", "", "new", json!("yes"), None),
        "{a: 1, b: [x], new: \"yes\"}\n"
    );
    assert_eq!(
        entered("{a: 1, }\n", "", "new", json!({"k": ["v", 1]}), None),
        "{a: 1, new: {k: [v, 1]}, }\n"
    );
    assert_eq!(
        entered("{\"a\":1}", "", "new", json!("v"), None),
        "{\"a\":1,\"new\":\"v\"}"
    );
    let lines = "{\r\n\t\"a\": 1,\r\n\t\"b\": 2\r\n}\r\n";
    let spaces = lines.replace('\t', "    ");
    assert_eq!(
        entered(&spaces, "", "new", json!(3), None),
        spaces.replace("2\r\n", "2,\r\n    \"new\": 3\r\n")
    );
    assert_eq!(
        entered(&spaces, "", "new", json!(3), Some("a")),
        spaces.replace("1,\r\n", "1,\r\n    \"new\": 3,\r\n")
    );
    let comments = "a: [\n  1, # one\n  2 # two\n]\n";
    assert_eq!(
        added(comments, "a", 2, json!(3)),
        "a: [\n  1, # one\n  2, # two\n  3\n]\n"
    );
    assert_eq!(
        added(comments, "a", 0, json!(3)),
        "a: [\n  3,\n  1, # one\n  2 # two\n]\n"
    );
    assert_eq!(dropped(comments, "a", 1), "a: [\n  1 # one\n]\n");
    assert_eq!(dropped(comments, "a", 0), "a: [\n  2 # two\n]\n");
    assert_eq!(moved("a: [1, 2,  3]\n", "a", 2, 0), "a: [3, 1,  2]\n");
    assert_eq!(dropped("a: [{\"b\": \" #\"}]\n", "a", 0), "a: []\n", "no comment");
    let (yaml, offsets) = json_with_offsets(lines);
    let stream = parse(&yaml).unwrap();
    let editor = Editor::with_source(&stream, lines, offsets);
    let root = stream.documents()[0].root().unwrap();
    let edits = editor.insert_entry(root, "new", &json!("\t"), None).unwrap();
    let edited = editor.apply(&edits, &[json!({"a": 1, "b": 2, "new": "\t"})]).unwrap();
    assert_eq!(edited, lines.replace("2\r\n", "2,\r\n\t\"new\": \"\\t\"\r\n"));
}

#[test]
fn items_move_with_their_comments() {
    let text = "a:\n  # first\n  # of all\n  - x # ex\n\n  - y:\n      z: 1\n      # deep\n  # third\n  - |\n    w\n# end\nb: 1\n";
    assert_eq!(
        moved(text, "a", 2, 0),
        "a:\n  # third\n  - |\n    w\n\n  # first\n  # of all\n  - x # ex\n  - y:\n      z: 1\n      # deep\n# end\nb: 1\n"
    );
    assert_eq!(
        moved(text, "a", 0, 1),
        "a:\n  - y:\n      z: 1\n      # deep\n\n  # first\n  # of all\n  - x # ex\n  # third\n  - |\n    w\n# end\nb: 1\n"
    );
    assert_eq!(
        dropped(text, "a", 2),
        "a:\n  # first\n  # of all\n  - x # ex\n\n  - y:\n      z: 1\n      # deep\n# end\nb: 1\n"
    );
    assert_eq!(
        added(text, "a", 1, json!({"k": 1})),
        text.replace("# ex\n", "# ex\n  - k: 1\n")
    );
    assert_eq!(moved("- a\r\n- b", "", 0, 1), "- b\r\n- a");
    assert_eq!(dropped("- a\r\n- b", "", 1), "- a");
    assert_eq!(dropped("- - a\n  - b\n- c\n", "0", 0), "- - b\n- c\n");
    assert_eq!(added("- - a\n  - b\n", "0", 0, json!("new")), "- - new\n  - a\n  - b\n");
}

#[test]
fn what_an_alias_repeats_is_left_alone() {
    let refusal = |text: &str, plan: &Plan<'_>| edit(text, plan, |_| {}).unwrap_err().to_string();
    let shared = "an alias repeats this, so that the edit would change several places: write it out there first";
    let text = "a: &x {k: [v]}\nb: *x\nc:\n  <<: *x\n  d: 1\n";
    for path in ["a", "b", "c.k"] {
        let path = path.to_owned();
        let found = refusal(text, &|editor, root| match at(root, &path).kind() {
            Kind::Mapping => editor.insert_entry(at(root, &path), "new", &json!(1), None),
            _ => editor.insert_item(at(root, &path), 0, &json!(1)),
        });
        assert_eq!(found, format!("1:{}: {shared}", if path == "c.k" { 11 } else { 7 }));
    }
    assert_eq!(
        refusal(text, &|editor, root| editor.remove_entry(root, "a")),
        format!("1:7: {shared}")
    );
    assert_eq!(
        refusal(text, &|editor, root| editor.remove_entry(at(root, "c"), "k")),
        "4:3: there is no key `k` here"
    );
    assert_eq!(without(text, "", "b"), text.replace("b: *x\n", ""));
    assert_eq!(entered(text, "c", "new", json!(1), None), format!("{text}  new: 1\n"));
    let items = "- &x a\n- *x\n- b\n";
    assert_eq!(
        refusal(items, &|editor, root| editor.move_item(root, 0, 2)),
        format!("1:6: {shared}")
    );
    assert_eq!(moved("- &x a\n- b\n", "", 0, 1), "- b\n- &x a\n");
    assert_eq!(replaced("a: &x 1\nb: 2\n", "a", json!("v")), "a: &x v\nb: 2\n");
}

#[test]
fn what_has_no_place_is_refused() {
    let refusal = |text: &str, plan: &Plan<'_>| edit(text, plan, |_| {}).unwrap_err().to_string();
    assert_eq!(
        refusal("a: !!int 1\n", &|e, root| e.replace(at(root, "a"), &json!("x"))),
        "1:10: the value has a tag, which kship does not edit"
    );
    assert_eq!(
        refusal("a: 1\n", &|e, root| e.insert_entry(root, "a", &json!(1), None)),
        "1:1: the mapping has the key `a` already"
    );
    assert_eq!(
        refusal("a: 1\n", &|e, root| e.insert_entry(root, "b", &json!(1), Some("c"))),
        "1:1: there is no key `c` here"
    );
    assert_eq!(
        refusal("a: 1\n", &|e, root| e.insert_entry(at(root, "a"), "b", &json!(1), None)),
        "1:4: expected a mapping"
    );
    assert_eq!(
        refusal("a: [1]\n", &|e, root| e.remove_item(at(root, "a"), 1)),
        "1:4: there is no item 1 here"
    );
    assert_eq!(
        refusal("a: |+\n\nb: 1\n", &|e, root| e.insert_entry(root, "c", &json!(1), None)),
        "1:1: a block scalar without text, which kship does not edit"
    );
    assert_eq!(
        refusal("? a\n: 1\n", &|e, root| e.insert_entry(root, "b", &json!(1), None)),
        "1:3: a collection that begins behind other text, which kship does not edit"
    );
    assert_eq!(
        refusal("a: 1\n", &|_, _| Ok(vec![Edit {
            range: 3..4,
            replacement: "2".to_owned()
        }])),
        "the edit would change more than was meant, in document 1"
    );
    assert_eq!(
        refusal("a: 1\n", &|_, _| Ok(vec![Edit {
            range: 3..4,
            replacement: "[".to_owned()
        }])),
        "the edited text cannot be read"
    );
    assert_eq!(
        refusal("a: 1\n", &|_, _| Ok(vec![Edit {
            range: 5..5,
            replacement: "---\nb: 1\n".to_owned()
        }])),
        "the edit would change more than was meant, in document 2"
    );
}

fn new_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~é\n]{0,12}|yes|0777|~|1e3|2026-11-22|[a-z]{1,6}(\n[a-z]{1,6}){0,2}\n{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec(("[a-z ]{1,4}|no|1", inner), 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A text in every manner: line endings, final newline, several documents.
fn written(tree: &Tree, crlf: bool, last: bool, indented: bool) -> String {
    let mut writer = Writer::default();
    writer.text.push_str("# head\n---\n");
    let body = writer.text.len();
    writer.write(tree, 0, false);
    let mut text = writer.text;
    if indented && text[body..].starts_with('\n') {
        // The generator begins with a line feed.
        text.remove(body);
    }
    if last {
        text.push_str("\n---\nother: document # 'c'\n");
    }
    if crlf { text.replace('\n', "\r\n") } else { text }
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1_000_000, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_is_inserted_and_removed_leaves_no_trace(
        tree in tree(), new in new_value(), which in any::<Index>(), place in any::<Index>(),
        crlf in any::<bool>(), last in any::<bool>(), trimmed in any::<bool>(),
    ) {
        let text = written(&tree, crlf, last, trimmed);
        let stream = parse(&text).unwrap();
        let editor = Editor::new(&stream);
        let document = stream.documents().iter().position(|document| document.root().is_some()).unwrap();
        let root = stream.documents()[document].root().unwrap();
        prop_assert_eq!(root.to_json(), value(&tree));
        let mut found = Vec::new();
        paths(root, &|node| node.kind() != Kind::Scalar, &mut Vec::new(), &mut found);
        prop_assume!(!found.is_empty());
        let path = which.get(&found);
        let node = walk(root, path);
        let mut expected = editor.values();
        let count = node.entries().count() + node.items().count();
        let at = place.index(count + 1);
        let edits = match walk_value(&mut expected[document], path) {
            Value::Array(items) => {
                items.insert(at, new.clone());
                editor.insert_item(node, at, &new)
            }
            Value::Object(map) => {
                map.insert("new".to_owned(), new.clone());
                let after = at.checked_sub(1).map(|at| format!("k{at}"));
                editor.insert_entry(node, "new", &new, after.as_deref())
            }
            _ => unreachable!(),
        };
        let edits = edits.map_err(|error| TestCaseError::fail(format!("{error} in {text:?}")))?;
        let edited = editor
            .apply(&edits, &expected)
            .map_err(|error| TestCaseError::fail(format!("{error} {edits:?} in {text:?}")))?;
        prop_assert_eq!(edited.matches("# 'c'").count(), text.matches("# 'c'").count());
        let stream = parse(&edited).unwrap();
        let again = Editor::new(&stream);
        let node = walk(stream.documents()[document].root().unwrap(), path);
        let edits = match node.kind() {
            Kind::Sequence => again.remove_item(node, at),
            _ => again.remove_entry(node, "new"),
        };
        let edits = edits.map_err(|error| TestCaseError::fail(format!("{error} in {edited:?}")))?;
        let back = again.apply(&edits, &editor.values()).map_err(|error| TestCaseError::fail(format!("{error} {edits:?} in {edited:?}")))?;
        if count > 0 {
            prop_assert_eq!(back, text, "{:?}", edited);
        }
    }

    #[test]
    fn scalars_take_any_value(
        tree in tree(), new in new_value(), which in any::<Index>(), crlf in any::<bool>(), last in any::<bool>(),
    ) {
        let new = if new.is_array() || new.is_object() { Value::from(new.to_string()) } else { new };
        let text = written(&tree, crlf, last, false);
        let stream = parse(&text).unwrap();
        let editor = Editor::new(&stream);
        let document = stream.documents().iter().position(|document| document.root().is_some()).unwrap();
        let root = stream.documents()[document].root().unwrap();
        let mut found = Vec::new();
        paths(root, &|node| node.kind() == Kind::Scalar, &mut Vec::new(), &mut found);
        prop_assume!(!found.is_empty());
        let path = which.get(&found);
        let mut expected = editor.values();
        *walk_value(&mut expected[document], path) = new.clone();
        let edits = editor.replace(walk(root, path), &new).map_err(|error| TestCaseError::fail(format!("{error} in {text:?}")))?;
        let edited = editor.apply(&edits, &expected).map_err(|error| TestCaseError::fail(format!("{error} {edits:?} in {text:?}")))?;
        let count = text.matches("# 'c'").count();
        prop_assert_eq!(edited.matches("# 'c'").count(), count);
    }

    #[test]
    fn items_move_to_any_place(tree in tree(), which in any::<Index>(), from in any::<Index>(), to in any::<Index>(), crlf in any::<bool>()) {
        let text = written(&tree, crlf, true, false);
        let stream = parse(&text).unwrap();
        let editor = Editor::new(&stream);
        let document = stream.documents().iter().position(|document| document.root().is_some()).unwrap();
        let root = stream.documents()[document].root().unwrap();
        let mut found = Vec::new();
        paths(root, &|node| node.items().next().is_some(), &mut Vec::new(), &mut found);
        prop_assume!(!found.is_empty());
        let path = which.get(&found);
        let node = walk(root, path);
        let count = node.items().count();
        let (from, to) = (from.index(count), to.index(count));
        let mut expected = editor.values();
        let items = walk_value(&mut expected[document], path).as_array_mut().unwrap();
        let item = items.remove(from);
        items.insert(to, item);
        let edits = editor.move_item(node, from, to).map_err(|error| TestCaseError::fail(format!("{error} in {text:?}")))?;
        let edited = editor.apply(&edits, &expected).map_err(|error| TestCaseError::fail(format!("{error} {edits:?} in {text:?}")))?;
        prop_assert_eq!(edited.len(), text.len());
        let stream = parse(&edited).unwrap();
        let again = Editor::new(&stream);
        let node = walk(stream.documents()[document].root().unwrap(), path);
        let edits = again.move_item(node, to, from).unwrap();
        prop_assert_eq!(again.apply(&edits, &editor.values()).unwrap(), text);
    }

    #[test]
    fn json_stays_json(tree in tree(), new in new_value(), which in any::<Index>(), pretty in any::<bool>(), tabs in any::<bool>()) {
        let value = value(&tree);
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let text = if tabs && pretty { text.replace("\n  ", "\n\t") } else { text };
        let (yaml, offsets) = json_with_offsets(&text);
        let stream = parse(&yaml).unwrap();
        let root = stream.documents()[0].root().unwrap();
        let editor = Editor::with_source(&stream, &text, offsets);
        let mut found = Vec::new();
        paths(root, &|node| node.kind() == Kind::Mapping, &mut Vec::new(), &mut found);
        prop_assume!(!found.is_empty());
        let path = which.get(&found);
        let mut expected = editor.values();
        walk_value(&mut expected[0], path)["new"] = new.clone();
        let edits = editor.insert_entry(walk(root, path), "new", &new, None).unwrap();
        let edited = editor.apply(&edits, &expected).map_err(|error| TestCaseError::fail(format!("{error} {edits:?} in {text:?}")))?;
        prop_assert_eq!(&serde_json::from_str::<Value>(&edited).unwrap(), &expected[0]);
    }
}
