use std::fmt::Write as _;

use crate::support::cli::kship;

#[test]
fn the_whole_help() {
    let mut page = "# The help of kship\n".to_owned();
    let mut command = kship::cli::command();
    command.build();
    describe(&command, &mut Vec::new(), &mut page);
    insta::assert_snapshot!("help", page);
}

/// Asks kship itself, as a user does; the arguments only say what there is to ask.
fn describe(command: &clap::Command, path: &mut Vec<String>, page: &mut String) {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let output = kship(&args).run().expect_code(0);
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
    let title = std::iter::once("kship")
        .chain(path.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ");
    let help: Vec<&str> = output.stdout.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## `{title}`\n\n```text\n{}\n```\n", help.join("\n"));
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        path.push(verb.get_name().to_owned());
        describe(verb, path, page);
        path.pop();
    }
}
