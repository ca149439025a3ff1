//! Flags together with kubeseal's variables: a flag wins over its variable.

use crate::cli::env::variable_name;
use crate::cli::{Env, Failure};

/// What the flag says, or else its variable.
pub(super) fn settle<T, E: std::error::Error + Send + Sync + 'static>(
    env: &Env,
    flag: &'static str,
    given: Option<T>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    match (given, env.sealing.variables.get(flag)) {
        (Some(given), _) => Ok(Some(given)),
        (None, Some(text)) => parse(text).map(Some).map_err(|source| unusable(flag, source)),
        (None, None) => Ok(None),
    }
}

/// As [`settle`], for a flag without a value.
pub(super) fn switch(env: &Env, flag: &'static str, given: bool) -> Result<bool, Failure> {
    Ok(settle(env, flag, given.then_some(true), parse_switch)?.unwrap_or(false))
}

/// Go's `strconv.ParseBool`.
pub(in crate::cli) fn parse_switch(text: &str) -> Result<bool, NotASwitch> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(NotASwitch { text: text.to_owned() }),
    }
}

fn unusable(flag: &str, source: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::usage(Variable {
        name: variable_name(flag),
        source: Box::new(source),
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the variable {name} cannot be used")]
struct Variable {
    name: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is neither true nor false")]
pub(in crate::cli) struct NotASwitch {
    text: String,
}
