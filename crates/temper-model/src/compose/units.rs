//! Sizes, durations, booleans and numbers as Docker Compose reads and prints them.

use crate::Data;

/// A boolean as Compose reads it from a string; the words of YAML 1.1 are still accepted by Compose 2.26.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The integer that a value is, also one written as text or with a point and no fraction.
pub(crate) fn whole(data: &Data) -> Option<i64> {
    match data {
        Data::Int(number) => Some(*number),
        Data::Str(text) => integer(&text.value),
        #[expect(clippy::cast_possible_truncation, reason = "no fraction; a float too large saturates")]
        Data::Float(number) if number.fract() == 0.0 => Some(*number as i64),
        _ => None,
    }
}

/// An integer in decimal digits, with or without a sign.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust's parser would take the sign; it is split off so that nothing but digits is left.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A floating point number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Bytes from a number with an optional unit (`b`, `k`, `m`, `g`, `t`, `p`, also as `kb`, `KiB`): powers of 1024.
/// Source: the specification, "Specifying byte values", and `docker run --help`.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    let end = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')? + 1;
    let (digits, unit) = text.split_at(end);
    let digits = digits.trim_end_matches(' ');
    // Rust would also read signs and exponents, which are none of a size.
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let amount: f64 = digits.parse().ok()?;
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tb" | "tib" => 1024.0_f64.powi(4),
        "p" | "pb" | "pib" => 1024.0_f64.powi(5),
        _ => return None,
    };
    let total = amount * factor;
    #[expect(clippy::cast_possible_truncation, reason = "whole bytes are wanted; a float saturates on cast")]
    total.is_finite().then_some(total as i64)
}

/// Nanoseconds from a duration such as `1h30m`, `1.5s`, `10ms`. A bare `0` needs no unit.
/// Source: the specification, "Specifying durations"; the units are those of Go's `time.ParseDuration`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let unit: f64 = match &after[..end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole nanoseconds are wanted; a float saturates"
        )]
        let part = (amount * unit).round() as i64;
        total = total.checked_add(part)?;
        rest = &after[end..];
    }
    Some(if negative { -total } else { total })
}

/// A duration as Compose prints it: `1h0m0s`, `1m30s`, `1.5s`, `100ms`.
pub(crate) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let body = match total {
        0 => "0s".to_owned(),
        1..1_000 => format!("{total}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(total, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(total, 1_000_000)),
        _ => {
            let minutes = total / 60_000_000_000;
            let seconds = decimal(total % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{body}")
}

/// `amount / unit` with as many decimals as are needed; `unit` is a power of ten.
fn decimal(amount: u64, unit: u64) -> String {
    let whole = amount / unit;
    let rest = amount % unit;
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// A floating point number as Compose prints it in a string: the shortest form that reads back, with an exponent
/// below 1e-4 and from 1e6 (Go's `%v`).
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::{boolean, bytes, duration, duration_text, float_text, integer};

    #[test]
    fn sizes_are_powers_of_1024_with_any_spelling_of_the_unit() {
        for text in ["512m", "512M", "512mb", "512MiB", "0.5g", "512 m"] {
            assert_eq!(bytes(text), Some(512 << 20), "{text}");
        }
        assert_eq!(bytes("100"), Some(100));
        assert_eq!(bytes("100b"), Some(100));
    }

    #[test]
    fn what_is_no_size_has_none() {
        for text in ["", "m", "10x", "10bb", "-5m", "ten", "1g2"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn durations_read_back_as_go_prints_them() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5s", "1.5s"),
            ("1h1ms", "1h0m0.001s"),
            ("250ms", "250ms"),
            ("0", "0s"),
            ("15us", "15µs"),
        ] {
            assert_eq!(duration(text).map(duration_text).as_deref(), Some(printed), "{text}");
        }
        for text in ["", "10", "1d", "s", "1s1", "-"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn words_of_old_yaml_are_booleans() {
        assert_eq!(boolean("Yes"), Some(true));
        assert_eq!(boolean("off"), Some(false));
        assert_eq!(boolean("maybe"), None);
        assert_eq!(boolean("1"), None);
        assert_eq!(boolean(""), None);
    }

    #[test]
    fn integers_may_have_a_sign_and_nothing_else() {
        assert_eq!(integer("-12"), Some(-12));
        assert_eq!(integer("1.0"), None);
        assert_eq!(integer(""), None);
        assert_eq!(integer("é1"), None);
    }

    #[test]
    fn large_floats_have_an_exponent() {
        assert_eq!(float_text(1.5), "1.5");
        assert_eq!(float_text(1e23), "1e+23");
        assert_eq!(float_text(1e6), "1e+06");
        assert_eq!(float_text(123_456.5), "123456.5");
        assert_eq!(float_text(0.5), "0.5");
        assert_eq!(float_text(0.000_01), "1e-05");
    }
}
