use crate::support::cli::kship;

#[test]
fn colour_is_for_those_who_ask() {
    let colored = |args: &[&str], variable: &str| {
        let run = kship(args);
        let run = if variable.is_empty() {
            run
        } else {
            run.env(variable, "1")
        };
        let output = run.run();
        let all = output.stdout + &output.stderr;
        assert!(!all.is_empty());
        all.contains('\u{1b}')
    };
    assert!(!colored(&["--help"], ""), "no terminal, no colour");
    assert!(colored(&["--help"], "CLICOLOR_FORCE"));
    assert!(!colored(&["--help"], "NO_COLOR"));
    assert!(
        colored(&["--color", "always", "--help"], "NO_COLOR"),
        "a flag beats the environment"
    );
    assert!(colored(&["--color=always", "pinn"], ""), "errors too");
    assert!(!colored(&["--color=never", "pinn"], "CLICOLOR_FORCE"));
    assert!(colored(&["man", "nowhere", "--color=always"], ""), "and failures");
}

#[test]
fn quiet_keeps_the_product() {
    let output = kship(&["--quiet", "man", "."]).run().expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(output.read("kship.1").starts_with(".ie"), "{output}");
    let output = kship(&["completions", "bash", "-q"]).run().expect_code(0);
    assert!(!output.stdout.is_empty());
}

#[test]
fn a_broken_pipe_ends_quietly() {
    let output = kship(&["completions", "zsh"]).run_into_closed_pipe().expect_code(0);
    assert_eq!(output.stderr, "");
    let output = kship(&["--help"]).run_into_closed_pipe().expect_code(0);
    assert_eq!(output.stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let output = kship(&["completions", "bash"]).run_into_full_disk().expect_code(3);
    assert!(
        output
            .stderr
            .starts_with("error: standard output cannot be written\n  caused by: No space left on device"),
        "{output}"
    );
}
