//! Times of several works, taken in turn, as ratios to the first.

use std::time::{Duration, Instant};

/// Times several works in turn, so that a busy moment of the machine hits all of them; the median of each.
pub(crate) fn medians<const N: usize>(runs: usize, works: [&dyn Fn() -> Duration; N]) -> [Duration; N] {
    let mut times = [(); N].map(|()| Vec::new());
    for _ in 0..runs {
        for (work, times) in works.iter().zip(&mut times) {
            times.push(work());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[runs / 2]
    })
}

/// The time that a work takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Prints each time, and its ratio to the first.
pub(crate) fn table(names: &[&str], times: &[Duration]) {
    for (name, time) in names.iter().zip(times) {
        let ratio = time.as_secs_f64() / times[0].as_secs_f64();
        println!("  {name:<52} {:>8.1} ms  {ratio:>6.2}x", time.as_secs_f64() * 1e3);
    }
}
