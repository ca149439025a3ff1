use crate::support::cli::{assert_committed, kship};

#[test]
fn scripts_are_committed() {
    for (name, script) in kship::cli::completions::scripts().unwrap() {
        assert_committed(&format!("completions/{name}"), &script);
    }
}

#[test]
fn manual_pages_are_committed() {
    let pages = kship::cli::completions::man_pages().unwrap();
    for (name, page) in &pages {
        assert_committed(&format!("completions/man/{name}"), page);
    }
    let mut expected: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/completions/man")).unwrap();
    let mut found: Vec<String> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "a page of a verb that is gone");
}

#[test]
fn every_shell_gets_its_script() {
    for (shell, name) in [
        ("bash", "kship.bash"),
        ("elvish", "kship.elv"),
        ("fish", "kship.fish"),
        ("powershell", "_kship.ps1"),
        ("zsh", "_kship"),
    ] {
        let output = kship(&["completions", shell]).run().expect_code(0);
        assert_committed(&format!("completions/{name}"), &output.stdout);
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn man_writes_the_pages_and_writes_them_again() {
    let run = kship(&["man", "."]).file("kship.1", "old");
    let output = run.run().expect_code(0);
    assert_committed("completions/man/kship.1", &output.read("kship.1"));
    assert_committed(
        "completions/man/kship-completions.1",
        &output.read("kship-completions.1"),
    );
    assert!(output.stderr.contains("wrote ./kship-man.1\n"), "{output}");
    assert_eq!(output.stdout, "");
}

#[test]
fn man_fails_without_its_directory() {
    let output = kship(&["man", "nowhere"]).run().expect_code(3);
    assert!(output.stderr.starts_with("error: `nowhere/"), "{output}");
}
