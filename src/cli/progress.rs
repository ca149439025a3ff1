//! A progress bar for long work on a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts work that is done; shows it on standard error where that is a terminal and the work takes a while.
///
/// Clones count together. What is drawn goes away when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Progress(Option<Arc<Bar>>);

#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    since: Instant,
    shown: AtomicBool,
}

/// Work that ends sooner is not worth a bar.
const DELAY: Duration = Duration::from_millis(500);

impl Progress {
    /// Work of `total` steps; `what` says what they do: `resolving`.
    pub(super) fn new(visible: bool, what: &'static str, total: usize) -> Self {
        if !visible {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(Some(Arc::new(Bar {
            bar,
            since: Instant::now(),
            shown: AtomicBool::new(false),
        })))
    }

    /// Work of an unknown number of steps.
    pub(super) fn open(visible: bool, what: &'static str) -> Self {
        let progress = Self::new(visible, what, 0);
        if let Some(progress) = &progress.0 {
            progress.bar.unset_length();
            if let Ok(style) = ProgressStyle::with_template("{msg} {human_pos} ({per_sec})") {
                progress.bar.set_style(style);
            }
        }
        progress
    }

    /// Counts one step.
    pub fn step(&self) {
        self.advance(1);
    }

    /// Counts several steps.
    pub fn advance(&self, steps: usize) {
        let Some(progress) = &self.0 else { return };
        if progress.since.elapsed() >= DELAY && !progress.shown.swap(true, Ordering::Relaxed) {
            progress.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        progress.bar.inc(u64::try_from(steps).unwrap_or(0));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
