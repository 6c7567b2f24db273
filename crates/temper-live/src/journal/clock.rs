use std::time::{SystemTime, UNIX_EPOCH};

use temper_model::Date;

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    // A clock before 1970 is a broken clock; the times in the journal are for people only.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(0))
}

/// A moment for people, in UTC: `2026-11-22 12:11:46`.
#[must_use]
pub fn utc(seconds: i64) -> String {
    let since = u64::try_from(seconds).unwrap_or(0);
    let (date, second) = (Date::from_unix_seconds(since), since % 86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02}")
}

/// A name for a run that does not come twice: the time, and digits that tell apart two of one second.
pub(super) fn run_id() -> String {
    let moment = utc(now()).replace([' '], "T").replace(['-', ':'], "");
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.subsec_nanos());
    let mixed = nanos.wrapping_mul(2_654_435_761) ^ std::process::id().wrapping_mul(40_503);
    format!("{moment}-{:04x}", mixed & 0xffff)
}

/// An age for people: `40 s`, `12 min`, `3 h`, `2 d`.
pub(super) fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, utc};

    #[test]
    fn moments_agree_with_date_dash_u() {
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(utc(1_795_349_506), "2026-11-22 12:11:46");
        assert_eq!(utc(4_107_542_399), "2100-02-28 23:59:59");
    }

    #[test]
    fn an_age_has_the_unit_that_people_would_use() {
        assert_eq!([age(40), age(720), age(7300), age(200_000)], ["40 s", "12 min", "2 h", "2 d"]);
    }
}
