//! How every verb tells its report.

use super::{Failure, Ui};
use crate::report::{Format, Report, github, human, json, sarif};

/// Prints a report as the product, in the format asked for; failures for people go to standard error.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn print(ui: &mut Ui, report: &Report, format: Format, explain: bool) -> Result<(), Failure> {
    match format {
        Format::Human => {
            let text = human::render(report, layout(ui, explain));
            if !ui.is_quiet() || !report.findings.is_empty() {
                ui.product(&text)?;
            }
            failures(ui, report);
            Ok(())
        }
        Format::Json => ui.product(&json::render(report)?),
        Format::Sarif => ui.product(&sarif::render(report)?),
        Format::Github => ui.product(&github::render(report)),
    }
}

/// Prints a report for people on standard error, because standard output holds something else.
pub(super) fn aside(ui: &mut Ui, report: &Report, explain: bool) {
    ui.status(human::render(report, layout(ui, explain)).trim_end());
    failures(ui, report);
}

fn layout(ui: &Ui, explain: bool) -> human::Layout {
    human::Layout {
        width: ui.width(),
        color: ui.color(),
        explain,
    }
}

fn failures(ui: &mut Ui, report: &Report) {
    for failure in &report.failures {
        for (at, line) in human::failure_lines(failure).iter().enumerate() {
            if at == 0 { ui.error(line) } else { ui.cause(line) }
        }
    }
}
