//! How long to wait before a request is tried again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::Times;

/// HTTP dates are RFC 2822 dates; a wrong day of the week does not matter here.
static DATES: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// Waits without a `Retry-After` start at this many times the floor, and double.
const FIRST: u32 = 4;

/// Reads a `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3), or a Go duration such as `23.7µs`, which GitHub's
/// registry sends.
///
/// `now` is the answer's own `Date`, where it has one: the two clocks need not agree.
pub(crate) fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    parse_date(text)
        .map(|date| Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
        .or_else(|| parse_go_duration(text))
}

/// Reads an HTTP date.
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    DATES.parse_timestamp(text).ok()
}

/// `1m30s`, `1.5h`, `23.7µs`: decimal numbers, each with a unit (Go, `time.ParseDuration`).
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, tail) = tail.split_at(
            tail.find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(tail.len()),
        );
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// The wait after the `attempt`-th try, from 1: what the registry asks for within the limits, or longer each time.
///
/// `random` adds up to a quarter, so that many clients do not come back at the same moment.
pub(crate) fn delay(attempt: u32, asked: Option<Duration>, times: &Times, random: u16) -> Duration {
    let base = asked.unwrap_or_else(|| {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1)).saturating_mul(FIRST);
        times.retry_floor.saturating_mul(doubled)
    });
    let base = base.min(times.retry_after).max(times.retry_floor);
    base.saturating_add(base.saturating_mul(u32::from(random)) / (4 * u32::from(u16::MAX)))
}

/// A random number for [`delay`].
pub(crate) fn random() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness there is no jitter, which does no harm.
    let _ = getrandom::fill(&mut bytes);
    u16::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn reads_every_form_of_retry_after() {
        let now = parse_date(NOW).unwrap();
        let read = |text: &str| parse_retry_after(text, now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("23.7µs"), Some(Duration::from_nanos(23_700)));
        assert_eq!(read("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(read("1h0.5s"), Some(Duration::from_millis(3_600_500)));
        assert_eq!(read("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
        for text in ["", "soon", "-1", "1d", "s", "..s", "1e9h", "999999999999999999999999h"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn waits_stay_within_the_limits() {
        let times = Times::default();
        let wait = |attempt, asked| delay(attempt, asked, &times, 0);
        assert_eq!(wait(1, None), Duration::from_millis(400));
        assert_eq!(wait(3, None), Duration::from_millis(1600));
        assert_eq!(wait(u32::MAX, None), times.retry_after);
        assert_eq!(wait(1, Some(Duration::from_nanos(23_700))), times.retry_floor);
        assert_eq!(wait(1, Some(Duration::MAX)), times.retry_after);
        assert_eq!(
            delay(1, Some(Duration::from_secs(4)), &times, u16::MAX),
            Duration::from_secs(5)
        );
    }

    proptest! {
        #[test]
        fn any_wait_stays_within_the_limits(text in "[0-9a-zµ.: ]{0,30}", attempt in 1_u32.., random: u16) {
            let times = Times::default();
            let wait = delay(attempt, parse_retry_after(&text, parse_date(NOW).unwrap()), &times, random);
            prop_assert!(wait >= times.retry_floor && wait <= times.retry_after * 5 / 4);
        }
    }
}
