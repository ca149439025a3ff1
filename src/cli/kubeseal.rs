//! kship called by the name `kubeseal`: `kship seal` with kubeseal's exit codes.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Env, Exit, Global, Ui, color_asked_for, conclude, refuse, seal};

/// The version of kubeseal whose flags, formats and exit codes these are.
const VERSION: &str = concat!("v0.40.0+kship.", env!("CARGO_PKG_VERSION"));

/// kubeseal's command line.
#[derive(Debug, Parser)]
#[command(
    name = "kubeseal",
    about = "Turn Secrets into SealedSecrets that only the cluster can open (this is kship)",
    max_term_width = 100
)]
struct Kubeseal {
    #[command(flatten)]
    seal: seal::Seal,
    /// Print the version
    #[arg(long)]
    version: bool,
    // Last: its heading would stand over what follows.
    #[command(flatten)]
    global: Global,
}

/// Says whether the program was called by this name, as over a symbolic link.
pub(super) fn is_called(args: &[OsString]) -> bool {
    let stem = args.first().and_then(|program| Path::new(program).file_stem());
    stem == Some(OsStr::new("kubeseal"))
}

/// Runs it.
pub(super) fn main(args: Vec<OsString>, env: &Env) -> ExitCode {
    let asked = color_asked_for(&args);
    match Kubeseal::try_parse_from(plain_switches(args)) {
        Ok(app) => {
            let mut ui = Ui::new(env, app.global.color, app.global.quiet);
            let result = if app.version {
                ui.product(&format!("kubeseal version: {VERSION}\n")).map(|()| Exit::Ok)
            } else {
                app.seal
                    .check_as_kubeseal(env)
                    .and_then(|()| app.seal.run(env, &mut ui))
            };
            match conclude(result, &mut ui) {
                Exit::Ok => 0.into(),
                // kubeseal knows one failure, whatever it was.
                Exit::Failure | Exit::Finding | Exit::Usage => 1.into(),
            }
        }
        Err(error) => {
            let mut ui = Ui::new(env, asked, false);
            let result = refuse(&error, &mut ui);
            match conclude(result, &mut ui) {
                Exit::Ok => 0.into(),
                _ if is_found_late(&error) => 1.into(),
                _ => 2.into(),
            }
        }
    }
}

/// What kubeseal finds when its flags have been parsed: then it ends with 1.
fn is_found_late(error: &clap::Error) -> bool {
    match error.kind() {
        ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument => true,
        ErrorKind::InvalidValue => matches!(
            error.get(ContextKind::InvalidArg),
            Some(ContextValue::String(flag)) if flag.starts_with("--format")
        ),
        _ => false,
    }
}

/// Writes `--raw=true` as `--raw`, and leaves `--raw=false` out: pflag knows both.
fn plain_switches(args: Vec<OsString>) -> Vec<OsString> {
    const SWITCHES: [&str; 10] = [
        "allow-empty-data",
        "disable-compression",
        "fetch-cert",
        "insecure-skip-tls-verify",
        "raw",
        "re-encrypt",
        "recovery-unseal",
        "rotate",
        "validate",
        "version",
    ];
    let mut ended = false;
    let plain = args.into_iter().filter_map(|arg| {
        ended |= arg == "--";
        let text = arg.to_str().filter(|_| !ended).and_then(|text| text.strip_prefix("--"));
        let Some((flag, value)) = text.and_then(|text| text.split_once('=')) else {
            return Some(arg);
        };
        match seal::parse_switch(value) {
            Ok(true) if SWITCHES.contains(&flag) => Some(format!("--{flag}").into()),
            Ok(false) if SWITCHES.contains(&flag) => None,
            _ => Some(arg),
        }
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(all: &[&str]) -> Vec<OsString> {
        all.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_name_decides() {
        for (name, expected) in [
            ("kubeseal", true),
            ("/usr/local/bin/kubeseal", true),
            ("./kubeseal.exe", true),
            ("kship", false),
            ("kubeseal2", false),
        ] {
            assert_eq!(is_called(&args(&[name, "kubeseal"])), expected, "{name}");
        }
        assert!(!is_called(&[]));
    }

    #[test]
    fn switches_with_values_are_understood() {
        let plain = plain_switches(args(&[
            "kubeseal",
            "--raw=true",
            "--validate=F",
            "--name=true",
            "--",
            "--raw=true",
        ]));
        assert_eq!(plain, args(&["kubeseal", "--raw", "--name=true", "--", "--raw=true"]));
        assert_eq!(
            plain_switches(args(&["kubeseal", "--raw=x"])),
            args(&["kubeseal", "--raw=x"])
        );
    }

    #[test]
    fn the_flags_of_sealing_stand_under_options() {
        use clap::CommandFactory;
        let help = Kubeseal::command().render_help().to_string();
        let (options, global) = help.split_once("Global options:").unwrap();
        assert!(
            options.contains("--secret-file") && options.contains("--version"),
            "{help}"
        );
        assert!(
            global.contains("--quiet") && !global.contains("--secret-file"),
            "{help}"
        );
    }
}
