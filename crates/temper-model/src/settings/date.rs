use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use toml::value::Datetime;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    // Fields in this order make the derived order the order of time.
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: expected year-month-day, as in \"2027-01-31\"")]
pub struct BadDate(pub String);

impl Date {
    /// The day, when the calendar has it.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let valid = (1..=days_in(year, month)).contains(&day);
        valid.then_some(Self { year, month, day })
    }

    /// The day in UTC on which a number of seconds since 1970-01-01 falls. Days after the year 9999 count as its last.
    #[must_use]
    pub fn from_unix_seconds(seconds: u64) -> Self {
        let mut days = seconds / 86_400;
        let mut date = Self { year: 1970, month: 1, day: 1 };
        while date.year < 9999 && days >= days_of(date.year) {
            days -= days_of(date.year);
            date.year += 1;
        }
        while date.month < 12 && days >= u64::from(days_in(date.year, date.month)) {
            days -= u64::from(days_in(date.year, date.month));
            date.month += 1;
        }
        let last = days_in(date.year, date.month);
        date.day = u8::try_from(days + 1).map_or(last, |day| day.min(last));
        date
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days of a month; 0 when there is no such month.
fn days_in(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        let mut parts = text.split('-');
        let date = (|| {
            let date = Self::new(number(parts.next()?, 4)?, narrow(parts.next()?)?, narrow(parts.next()?)?);
            parts.next().is_none().then_some(date)?
        })();
        date.ok_or_else(|| BadDate(text.to_owned()))
    }
}

fn number(text: &str, digits: usize) -> Option<u16> {
    let whole = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| text.parse().ok())?
}

fn narrow(text: &str) -> Option<u8> {
    u8::try_from(number(text, 2)?).ok()
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DateVisitor)
    }
}

/// Reads `"2027-01-31"` and TOML's own date `2027-01-31`.
struct DateVisitor;

impl<'de> Visitor<'de> for DateVisitor {
    type Value = Date;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date as in \"2027-01-31\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Date, A::Error> {
        let datetime = Datetime::deserialize(MapAccessDeserializer::new(map))?;
        datetime.to_string().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_that_the_calendar_lacks_are_refused() {
        for text in
            ["2027-02-29", "2100-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "27-01-01", "soon", ""]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert_eq!(date("2028-02-29").to_string(), "2028-02-29");
    }

    #[test]
    fn days_compare_in_order_of_time() {
        assert!(date("2026-12-31") < date("2027-01-01"));
        assert!(date("2027-01-31") < date("2027-02-01"));
    }

    #[test]
    fn unix_seconds_fall_on_their_day() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::from_unix_seconds(seconds).to_string(), day);
        }
    }
}
