//! How Go writes and reads texts, durations and addresses: messages are made of it.

use std::fmt::Write as _;

/// `strconv.Quote`, and `%q`.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{b}' => "\\v",
            _ if is_printable(character) => {
                out.push(character);
                continue;
            }
            _ => {
                let code = u32::from(character);
                // Writing to a string does not fail.
                let _ = match code {
                    0..0x20 | 0x7f => write!(out, "\\x{code:02x}"),
                    ..0x1_0000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
                continue;
            }
        };
        out.push_str(escape);
    }
    out.push('"');
    out
}

/// `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
fn is_printable(character: char) -> bool {
    // The standard library escapes what is not printable by the same tables, and combining marks only in front.
    character.is_ascii_graphic() || character == ' ' || {
        let behind_another = format!("a{character}");
        !character.is_ascii() && behind_another.escape_debug().count() == 2
    }
}

/// `json.Marshal` of a text, which escapes what HTML would read.
pub(super) fn json_string(text: &str) -> String {
    let plain = serde_json::Value::from(text).to_string();
    plain
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// `json.Marshal` of a list of texts.
pub(super) fn json_strings<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.map(json_string).collect();
    format!("[{}]", quoted.join(","))
}

/// `time.ParseDuration`, in nanoseconds.
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    const LIMIT: u64 = 1 << 63;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole_digits = digits(rest);
        let (whole, behind) = rest.split_at_checked(whole_digits).ok_or_else(invalid)?;
        let (fraction, behind) = match behind.strip_prefix('.') {
            Some(behind) => behind.split_at_checked(digits(behind)).ok_or_else(invalid)?,
            None => ("", behind),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let value: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok().filter(|value| *value <= LIMIT).ok_or_else(invalid)?
        };
        let unit_length = behind
            .bytes()
            .take_while(|byte| *byte != b'.' && !byte.is_ascii_digit())
            .count();
        let (unit, behind) = behind.split_at_checked(unit_length).ok_or_else(invalid)?;
        let scale: u64 = match unit {
            "" => return Err(format!("time: missing unit in duration {}", quote(text))),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    quote(unit),
                    quote(text)
                ));
            }
        };
        let part = value
            .checked_mul(scale)
            .filter(|part| *part <= LIMIT)
            .ok_or_else(invalid)?;
        let part = part.checked_add(fraction_of(fraction, scale)).ok_or_else(invalid)?;
        total = total
            .checked_add(part)
            .filter(|total| *total <= LIMIT && part <= LIMIT)
            .ok_or_else(invalid)?;
        rest = behind;
    }
    if negative {
        return 0_i64.checked_sub_unsigned(total).ok_or_else(invalid);
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// A fraction of a unit, cut to nanoseconds.
fn fraction_of(digits: &str, scale: u64) -> u64 {
    // Beyond 18 digits nothing is left of a unit of 3.6e12 nanoseconds.
    let digits = digits.get(..digits.len().min(18)).unwrap_or_default();
    let Ok(fraction) = digits.parse::<u128>() else { return 0 };
    let power = u32::try_from(digits.len()).unwrap_or(u32::MAX);
    let part = fraction.saturating_mul(u128::from(scale)) / 10_u128.saturating_pow(power).max(1);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// `time.Duration.String`.
pub(super) fn duration(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let decimal = |whole: u64, part: u64, width: usize| {
        let digits = format!("{part:0width$}");
        let digits = digits.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        format!("{whole}{point}{digits}")
    };
    const SECOND: u64 = 1_000_000_000;
    let text = match total {
        ..1_000 => format!("{total}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(total / 1_000, total % 1_000, 3)),
        1_000_000..SECOND => format!("{}ms", decimal(total / 1_000_000, total % 1_000_000, 6)),
        _ => {
            let (hours, minutes) = (total / (3600 * SECOND), total / (60 * SECOND) % 60);
            let seconds = decimal(total / SECOND % 60, total % SECOND, 9);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, _) => format!("{minutes}m{seconds}s"),
                _ => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_quotes() {
        for (text, quoted) in [
            ("a\"b\\", r#""a\"b\\""#),
            ("\u{0}\u{7}\n\u{7f}", r#""\x00\a\n\x7f""#),
            ("é\u{301}😀", "\"é\u{301}😀\""),
            (
                "\u{a0}\u{200b}\u{feff}\u{e000}\u{10ffff}",
                r#""\u00a0\u200b\ufeff\ue000\U0010ffff""#,
            ),
        ] {
            assert_eq!(quote(text), quoted);
        }
        assert_eq!(
            json_string("<a&\"\u{1}\u{2028}>"),
            r#""\u003ca\u0026\"\u0001\u2028\u003e""#
        );
        assert_eq!(json_strings(["a", "*."].into_iter()), r#"["a","*."]"#);
    }

    #[test]
    fn durations_are_read_and_written_as_go_does() {
        for (text, nanoseconds, written) in [
            ("3s", 3_000_000_000, "3s"),
            ("0", 0, "0s"),
            ("-1.5h", -5_400_000_000_000, "-1h30m0s"),
            ("1h0.5m.25s", 3_630_250_000_000, "1h0m30.25s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("1us", 1_000, "1µs"),
            ("1.0015ms", 1_001_500, "1.0015ms"),
            ("+5ns", 5, "5ns"),
        ] {
            assert_eq!(parse_duration(text), Ok(nanoseconds), "{text}");
            assert_eq!(duration(nanoseconds), written, "{text}");
        }
        for (text, message) in [
            ("", "time: invalid duration \"\""),
            ("3", "time: missing unit in duration \"3\""),
            ("3x", "time: unknown unit \"x\" in duration \"3x\""),
            (".s", "time: invalid duration \".s\""),
            ("s", "time: invalid duration \"s\""),
            ("9999999h", "time: invalid duration \"9999999h\""),
            ("3 s", "time: unknown unit \" s\" in duration \"3 s\""),
        ] {
            assert_eq!(parse_duration(text), Err(message.to_owned()), "{text}");
        }
    }
}
