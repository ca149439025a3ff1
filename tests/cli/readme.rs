use crate::support::cli::{Output, kship};
use crate::support::registry::TestRegistry;

/// A command of the README's console blocks.
struct Command {
    /// Without comment, and without what it is piped into.
    args: Vec<&'static str>,
    /// The exit code that its comment tells, else 0.
    code: i32,
}

/// The commands of one section.
fn commands(section: &str) -> Vec<Command> {
    let readme = include_str!("../../README.md");
    let start = readme.find(&format!("\n## {section}\n")).unwrap();
    let text = &readme[start + 1..];
    let text = &text[..text.find("\n## ").unwrap_or(text.len())];
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        if line.starts_with("```") {
            inside = *line == "```console";
        }
        inside
    });
    let command = |line: &'static str| {
        let (command, comment) = line.split_once('#').unwrap_or((line, ""));
        let args = command.split('|').next().unwrap().split_whitespace().collect();
        let code = comment.trim().strip_prefix("exits with ");
        let code = code.map_or(0, |rest| rest[..1].parse().unwrap());
        Command { args, code }
    };
    lines
        .filter_map(|line| line.strip_prefix("$ kship "))
        .map(command)
        .collect()
}

/// Runs the commands of a section one after another in one folder, and gives what the last one printed.
fn walk(section: &str, at_least: usize) -> Output {
    let commands = commands(section);
    assert!(commands.len() >= at_least, "{section}");
    let mut last: Option<Output> = None;
    for Command { args, code } in commands {
        let mut run = kship(&args)
            .folder("keys-example", "keys-example")
            .folder("fixtures/encryption", "fixtures/encryption")
            .folder("fixtures/seal", "fixtures/seal");
        if let Some(last) = last {
            run = run.folder(last.path(), ".");
        }
        last = Some(run.run().expect_code(code));
    }
    last.unwrap()
}

#[test]
fn its_images_are_pinned() {
    let registry = TestRegistry::any();
    let policy = format!("registries: {{mirrors: {{'*': '{}'}}}}\n", registry.host());
    let commands = commands("Pin");
    assert!(commands.len() >= 5);
    for Command { args, code } in commands {
        let run = kship(&args)
            .folder("fixtures/pin/shop/deploy", "deploy")
            .file("kship.yaml", &policy);
        let _ = run.run().expect_code(code);
    }
}

#[test]
fn its_secret_is_sealed_and_opened() {
    let last = walk("Seal", 6);
    assert_eq!(last.stdout, "correct horse battery staple");
    assert!(last.read("sealed.yaml").contains("kind: SealedSecret\n"));
}

#[test]
fn its_configuration_is_rotated_and_audited() {
    let last = walk("Encryption", 7);
    assert!(last.stdout.contains("error[older-key]"), "{last}");
    let file = last.read("enc.yaml");
    assert!(file.find("key2").unwrap() < file.find("key1").unwrap(), "promoted");
}

#[test]
fn its_settings_are_read() {
    let readme = include_str!("../../README.md");
    let settings = readme
        .split("```yaml\n")
        .find(|block| block.starts_with("apiVersion: kship.dev/"))
        .unwrap();
    let settings = settings.split("```").next().unwrap();
    let run = kship(&["pin", "--check"])
        .file("kship.yaml", settings)
        .file("images.lock", "");
    let _ = run.run().expect_code(0);
}

#[test]
fn what_it_says_of_the_shop_is_true() {
    let shop = "fixtures/pin/shop";
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!(
        "$ cargo run --release --locked -- pin --layout fixtures/registry {shop}\n"
    )));
    let run = kship(&["pin", "--layout", "fixtures/registry", shop]);
    let run = run
        .folder("fixtures/registry/shop", "fixtures/registry/shop")
        .folder(shop, shop);
    let _ = run.run().expect_code(0);
}
