//! Scalars that go-yaml, the YAML reader of Docker Compose, reads as something other than their text.

use super::load_path::KeyPath;

/// A point in time, as go-yaml makes one of `2024-01-31` and `2024-01-31T10:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp<'t> {
    /// Year, month, day, hour, minute, second.
    fields: [u32; 6],
    /// Digits after the point of the second, without zeros at the end.
    fraction: &'t str,
    /// Minutes east of UTC.
    offset: i32,
}

/// What becomes of a point in time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AsText {
    /// Compose takes this text.
    Text(String),
    /// Compose takes what is written.
    Written,
    /// Compose refuses it: it expects a text.
    Refused,
}

/// Where Compose makes a text of any value.
const SCALARS: [&str; 16] = [
    "configs.*.labels.*",
    "networks.*.driver_opts.*",
    "networks.*.labels.*",
    "secrets.*.driver_opts.*",
    "secrets.*.labels.*",
    "services.*.annotations.*",
    "services.*.build.args.*",
    "services.*.build.labels.*",
    "services.*.deploy.labels.*",
    "services.*.environment.*",
    "services.*.labels.*",
    "services.*.logging.options.*",
    "services.*.storage_opt.*",
    "services.*.sysctls.*",
    "volumes.*.driver_opts.*",
    "volumes.*.labels.*",
];

impl<'t> Timestamp<'t> {
    /// Reads what go-yaml takes for a point in time: `resolve.go`, `allowedTimestampFormats`. Parts may lack their
    /// leading zero, only the year has four digits.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let (date, time) = match text.find(['T', 't', ' ']) {
            Some(at) => (text.get(..at)?, text.get(at..)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = parts.next().filter(|year| year.len() == 4).and_then(|year| digits(year, 4))?;
        let (month, day) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
            return None;
        }
        let mut read = Self { fields: [year, month, day, 0, 0, 0], fraction: "", offset: 0 };
        if let Some(time) = time {
            read.set_time(time)?;
        }
        Some(read)
    }

    /// `time` begins with its separator. Only after a letter it ends with a zone, and then it must.
    fn set_time(&mut self, time: &'t str) -> Option<()> {
        let (clock, zone) = match time.strip_prefix(' ') {
            Some(clock) => (clock, "Z"),
            None => {
                let rest = time.get(1..)?;
                let zone = rest.find(['Z', '+', '-'])?;
                (rest.get(..zone)?, rest.get(zone..)?)
            }
        };
        self.offset = zone_minutes(zone)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.fraction = fraction.trim_end_matches('0');
        let mut parts = clock.split(':');
        for (field, limit) in [(3, 24), (4, 60), (5, 60)] {
            let part = digits(parts.next()?, 2).filter(|part| *part < limit)?;
            *self.fields.get_mut(field)? = part;
        }
        parts.next().is_none().then_some(())
    }

    /// What Compose makes of it at that place.
    pub(super) fn at(self, path: &KeyPath) -> AsText {
        let keys = path.keys();
        if path.matches("name") || path.matches("version") {
            return AsText::Written;
        }
        if keys.iter().any(|key| key.starts_with("x-")) {
            return AsText::Text(self.iso());
        }
        // An item of a list, not a value with a name.
        let is_item = keys.last().is_some_and(|key| key.parse::<usize>().is_ok());
        if !is_item && SCALARS.iter().any(|pattern| path.matches(pattern)) {
            return AsText::Text(self.shown());
        }
        AsText::Refused
    }

    /// As Go's `fmt` prints it where the machine's clock is on UTC.
    fn shown(self) -> String {
        let zone = self.zone("");
        let name = if self.offset == 0 { "UTC" } else { &zone };
        format!("{} {} {zone} {name}", self.date(), self.clock())
    }

    /// As Go's JSON has it: RFC 3339.
    fn iso(self) -> String {
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
        format!("{}T{}{zone}", self.date(), self.clock())
    }

    fn date(self) -> String {
        let [year, month, day, ..] = self.fields;
        format!("{year:04}-{month:02}-{day:02}")
    }

    fn clock(self) -> String {
        let [.., hour, minute, second] = self.fields;
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{hour:02}:{minute:02}:{second:02}{point}{}", self.fraction)
    }

    fn zone(self, separator: &str) -> String {
        let (sign, minutes) = (if self.offset < 0 { '-' } else { '+' }, self.offset.abs());
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }
}

/// A number of at most `most` digits.
fn digits(text: &str, most: usize) -> Option<u32> {
    let fits = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn days_of(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `Z`, or hours and minutes: `+02:00`.
fn zone_minutes(zone: &str) -> Option<i32> {
    if zone == "Z" {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':').filter(|(a, b)| a.len() == 2 && b.len() == 2)?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let offset = i32::try_from(hours * 60 + minutes).ok().filter(|_| hours <= 24 && minutes < 60)?;
    Some(if zone.starts_with('-') { -offset } else { offset })
}

/// The bytes of a `!!binary` value as text; `None` when it is not base64 (RFC 4648, padded, line ends left out).
pub(super) fn binary(text: &str) -> Option<String> {
    let symbols: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let unpadded = symbols.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    if symbols.len() - unpadded > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    for chunk in symbols.get(..unpadded)?.chunks(4) {
        let mut bits = 0_u32;
        for symbol in chunk {
            bits = bits << 6 | sextet(*symbol)?;
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, whole @ ..] = bits.to_be_bytes();
        bytes.extend(whole.iter().take(chunk.len() - 1));
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn sextet(symbol: u8) -> Option<u32> {
    let value = match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::{AsText, Timestamp, binary};
    use crate::compose::load_path::KeyPath;

    fn shown(text: &str) -> Option<String> {
        Timestamp::of(text).map(Timestamp::shown)
    }

    #[test]
    fn dates_and_times_are_printed_as_go_does() {
        for (text, expected) in [
            ("2024-01-02", "2024-01-02 00:00:00 +0000 UTC"),
            ("2024-1-2", "2024-01-02 00:00:00 +0000 UTC"),
            ("2024-02-29 7:08:09", "2024-02-29 07:08:09 +0000 UTC"),
            ("2024-01-02T10:00:00.50Z", "2024-01-02 10:00:00.5 +0000 UTC"),
            ("2024-01-02t10:00:00-02:30", "2024-01-02 10:00:00 -0230 -0230"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_stays_a_text() {
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-01",
            "24-01-02",
            "2024-01-02T10:00:00",
            "2024-01-02 10:00:00Z",
            "2024-01-02 10:00",
            "2024-01-02T24:00:00Z",
            "2024-01-02-03",
            "2024-01-02T10:00:00+2:00",
            "",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn place_decides_what_becomes_of_a_date() {
        let at = |keys: &[&str]| Timestamp::of("2024-01-02").map(|time| time.at(&KeyPath::of(keys)));
        let text = |text: &str| Some(AsText::Text(text.to_owned()));
        assert_eq!(at(&["services", "a", "labels", "b"]), text("2024-01-02 00:00:00 +0000 UTC"));
        assert_eq!(at(&["x-a", "b"]), text("2024-01-02T00:00:00Z"));
        assert_eq!(at(&["name"]), Some(AsText::Written));
        assert_eq!(at(&["services", "a", "image"]), Some(AsText::Refused));
        assert_eq!(at(&["services", "a", "labels", "0"]), Some(AsText::Refused));
    }

    #[test]
    fn base64_is_read_as_the_standard_says() {
        for (text, expected) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("aGVs\nbG8=", "hello"),
            ("/+8=", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(binary(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["Zg", "Zg=", "=", "====", "Z===", "@@@@", "Zg==Zg=="] {
            assert_eq!(binary(text), None, "{text}");
        }
    }
}
