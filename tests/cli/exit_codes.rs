use clap::ValueEnum;
use kship::cli::Exit;

use crate::support::cli::kship;

#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../README.md");
    let table: Vec<(&str, String)> = readme
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let code = cells.next().filter(|code| code.parse::<u8>().is_ok())?;
            Some((code, cells.next()?.to_owned()))
        })
        .collect();
    let codes: Vec<String> = Exit::value_variants()
        .iter()
        .map(|exit| exit.code().to_string())
        .collect();
    let expected: Vec<(&str, String)> = codes
        .iter()
        .map(String::as_str)
        .zip(Exit::value_variants().iter().map(|exit| exit.meaning()))
        .collect();
    assert_eq!(table, expected);
    assert_eq!(codes, ["0", "1", "2", "3"]);
}

#[test]
fn help_and_version_are_answers() {
    for args in [["--help"], ["-h"], ["--version"], ["-V"]] {
        let output = kship(&args).run().expect_code(0);
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
    }
    assert_eq!(
        kship(&["--version"]).run().expect_code(0).stdout,
        format!("kship {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn no_arguments_and_wrong_ones_are_usage() {
    let output = kship(&[]).run().expect_code(2);
    assert!(output.stderr.contains("Usage: kship"), "{output}");
    assert_eq!(output.stdout, "");
    let output = kship(&["completions", "tcsh"]).run().expect_code(2);
    assert!(output.stderr.starts_with("error: invalid value 'tcsh'"), "{output}");
    assert_eq!(kship(&["pinn"]).run().expect_code(2).stdout, "");
}
