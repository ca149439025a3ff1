//! Texts that go-yaml v2 takes for a time, and therefore quotes.

/// Whether `time.Parse` takes it in one of go-yaml's formats: `2006-1-2`, also with a time of day behind `T`, `t` (then
/// with a zone) or a blank.
pub(super) fn is_timestamp(text: &str) -> bool {
    parse(text).is_some()
}

fn parse(text: &str) -> Option<()> {
    let (year, rest) = text.split_at_checked(4)?;
    let year: u32 = digits(year)?.parse().ok()?;
    let (month, rest) = number(rest.strip_prefix('-')?)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) {
        return None;
    }
    if rest.is_empty() {
        return Some(());
    }
    let (separator, rest) = rest.split_at_checked(1)?;
    let (hour, rest) = number(rest)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            fraction.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        _ => rest,
    };
    match separator {
        "T" | "t" => zone(rest),
        " " => rest.is_empty().then_some(()),
        _ => None,
    }
}

fn zone(text: &str) -> Option<()> {
    if text == "Z" {
        return Some(());
    }
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let two = |text: &str| -> Option<u32> { digits(text).filter(|text| text.len() == 2)?.parse().ok() };
    (two(hours)? <= 24 && two(minutes)? <= 60).then_some(())
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// One or two digits, and what follows.
fn number(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(length)?;
    Some((number.parse().ok()?, rest))
}

fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_text() {
        for text in [
            "2026-11-22",
            "2026-1-2",
            "2024-2-29",
            "2026-11-22T10:00:00Z",
            "2026-11-22t1:2:3.5+02:00",
            "2026-11-22 10:00:00",
            "2026-11-22 10:00:00.123",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-",
            "2026-13-01",
            "2026-02-29",
            "2026-11-22T",
            "2026-11-22T10:00:00",
            "2026-11-22 10:00:00Z",
            "2026-11-22 24:00:00",
            "20261-1-1",
            "2026-11-22x",
            "é026-1-1",
            "2026-111-1",
            "2026-11-22T10:00:00+2:00",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
