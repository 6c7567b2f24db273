use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use std::fmt;

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a size: expected a number with a unit, as in \"500M\" or \"2G\" (M is 1024 x 1024 bytes)"
)]
pub struct BadSize(pub String);

/// Reads a size as Docker does: a number and an optional unit `k`, `m`, `g`, `t` or `p`, each 1024 times the one before,
/// with an optional `i` and `b`. `"500M"` is 524288000 bytes (docker/go-units, `RAMInBytes`).
///
/// # Errors
/// When the text is no such size, or does not fit 64 bits.
pub fn parse_size(text: &str) -> Result<u64, BadSize> {
    let bad = || BadSize(text.to_owned());
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let power = match unit.strip_suffix('i').unwrap_or(unit) {
        "" if unit.is_empty() => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return Err(bad()),
    };
    scale(number, 1 << (10 * power)).ok_or_else(bad)
}

/// `number`, whole or with a fraction, times `factor`; a fraction of a byte is cut off.
fn scale(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    // Nine digits are more than any size needs, and keep the product within 128 bits.
    let fraction = fraction.get(..9).unwrap_or(fraction);
    let part: u128 = fraction.parse().ok()?;
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u64::try_from(part * u128::from(factor) / scale).ok()?;
    whole.checked_mul(factor)?.checked_add(part)
}

/// Writes a size the way people do, without losing a byte: `"500M"`, `"2G"`, `"1000"`. [`parse_size`] reads it back.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    let units = [(1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    match units.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((unit, letter)) => format!("{}{letter}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// A size above zero, written as `"500M"` or as a number of bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size as in \"500M\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Size, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
        match parse_size(text).map_err(E::custom)? {
            // tmpfs reads `size=0` as no limit (kernel, `Documentation/filesystems/tmpfs.rst`).
            0 => Err(E::custom("0 means no limit to the kernel: expected a size above zero")),
            bytes => Ok(Size(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_size, show_size};
    use proptest::prelude::*;

    #[test]
    fn units_are_binary_as_docker_reads_them() {
        assert_eq!(parse_size("500M"), Ok(524_288_000));
        assert_eq!(parse_size("1.5g"), Ok(1_610_612_736));
        assert_eq!(parse_size("64 MiB"), Ok(67_108_864));
        assert_eq!(parse_size("10kb"), Ok(10_240));
        assert_eq!(parse_size("7b"), Ok(7));
        assert_eq!(parse_size("7"), Ok(7));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "M", "5X", "-1M", "5ii", "5i", "1..5G", "99999999999P", "5  M", "five"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_shown_size_reads_back(bytes: u64) {
            prop_assert_eq!(parse_size(&show_size(bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = parse_size(&text);
        }
    }
}
