//! What kship tells: findings, changes, skips and failures, and the formats in which it tells them.
//!
//! A verb fills one [`Report`]; the renderers are pure functions from it to text. They have no terminal and no clock, and
//! a format never changes the answer.

#[cfg(test)]
mod examples;
mod finding;
pub mod github;
#[cfg(feature = "cli")]
pub mod human;
pub mod json;
mod model;
pub mod sarif;
mod visible;

pub use finding::{Excerpt, Finding, Fix, Level, Location, Replacement, Rule, relative_path};
pub use model::{Answer, Change, Count, Failure, Report, Skip, chain};
pub use visible::{visible, visible_lines};

/// The form in which a report is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// Text with the line and a caret, for people
    #[default]
    Human,
    /// One JSON object that only grows
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}
