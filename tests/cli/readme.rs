use crate::support::cli::kship;
use crate::support::registry::TestRegistry;

/// The commands in the README's console blocks, without comments and without what they are piped into.
fn commands() -> Vec<Vec<&'static str>> {
    let readme = include_str!("../../README.md");
    let mut inside = false;
    let lines = readme.lines().filter(|line| {
        if line.starts_with("```") {
            inside = *line == "```console";
        }
        inside
    });
    let commands = lines.filter_map(|line| line.strip_prefix("$ kship "));
    commands
        .map(|line| line.split(['#', '|']).next().unwrap().split_whitespace().collect())
        .collect()
}

#[test]
fn its_commands_work() {
    let registry = TestRegistry::any();
    let policy = format!("registries: {{mirrors: {{'*': '{}'}}}}\n", registry.host());
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    for args in commands.into_iter().filter(|args| !args[0].ends_with("seal")) {
        let run = kship(&args)
            .folder("fixtures/pin/shop/deploy", "deploy")
            .file("kship.yaml", &policy);
        let _ = run.run().expect_code(0);
    }
}

/// Each command finds what the ones before it have written.
#[test]
fn its_secret_is_sealed_and_opened() {
    let commands: Vec<_> = commands()
        .into_iter()
        .filter(|args| args[0].ends_with("seal"))
        .collect();
    assert!(commands.len() >= 3, "{commands:?}");
    let (mut sealed, mut last) = (String::new(), String::new());
    for args in commands {
        let run = kship(&args)
            .folder("keys-example", "keys-example")
            .folder("fixtures/seal", "fixtures/seal")
            .file("sealed.yaml", &sealed);
        let output = run.run().expect_code(0);
        sealed = output.read("sealed.yaml");
        last = output.stdout;
    }
    assert!(sealed.contains("kind: SealedSecret\n"));
    assert_eq!(last, "correct horse battery staple");
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
