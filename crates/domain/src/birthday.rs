//! Birthdays: a day and a month, and the year for those who want to say it.

use crate::{Fault, Time};

const DAY_SECS: i64 = 86_400;
/// Nobody alive was born before it.
const YEAR_MIN: i32 = 1900;
const MONTH_DAYS: [i32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Whether there is such a day, and it is not in the future.
///
/// Errors: `BIRTHDAY_INVALID`.
pub fn check(day: i32, month: i32, year: Option<i32>, now: Time) -> Result<(), Fault> {
    let index = usize::try_from(month.wrapping_sub(1)).unwrap_or(usize::MAX);
    let days = MONTH_DAYS.get(index).copied().unwrap_or(0);
    let known = year.is_none_or(|year| {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let date = (year, month, day);
        year >= YEAR_MIN && date <= civil(now) && (leap || (month, day) != (2, 29))
    });
    if (1..=days).contains(&day) && known { Ok(()) } else { Err(Fault::birthday_invalid()) }
}

/// Whether the day is yesterday, today or tomorrow, for somebody in one of the world's time zones.
pub fn is_near(day: i32, month: i32, now: Time) -> bool {
    [-DAY_SECS, 0, DAY_SECS].iter().any(|secs| {
        let (_, m, d) = civil(now.plus_secs(*secs));
        (m, d) == (month, day)
    })
}

/// Year, month and day of a time (UTC), by the calendar that repeats every 146,097 days. Years are counted from
/// March here, so that the leap day comes last.
fn civil(time: Time) -> (i32, i32, i32) {
    let days = time.secs().div_euclid(DAY_SECS) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let narrow = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    (narrow(year), narrow(month), narrow(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (secs, date) in [
            (0, (1970, 1, 1)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_767_225_599, (2025, 12, 31)),
            (1_767_225_600, (2026, 1, 1)),
            (4_107_542_400, (2100, 3, 1)),
        ] {
            assert_eq!(civil(Time::from_secs(secs)), date, "{secs}");
        }
    }

    #[test]
    fn days_that_are_none() {
        let now = Time::from_secs(1_767_225_600);
        for (day, month, year, good) in [
            (1, 1, None, true),
            (29, 2, None, true),
            (30, 2, None, false),
            (29, 2, Some(2000), true),
            (29, 2, Some(1900), false),
            (31, 4, None, false),
            (0, 1, None, false),
            (1, 13, None, false),
            (1, 0, None, false),
            (1, i32::MIN, None, false),
            (1, 1, Some(2026), true),
            (2, 1, Some(2026), false),
            (1, 1, Some(1899), false),
        ] {
            assert_eq!(check(day, month, year, now).is_ok(), good, "{day}.{month}.{year:?}");
        }
    }

    #[test]
    fn the_days_around_today() {
        let new_year = Time::from_secs(1_767_225_600);
        for (day, month, near) in [(31, 12, true), (1, 1, true), (2, 1, true), (3, 1, false), (30, 12, false)]
        {
            assert_eq!(is_near(day, month, new_year), near, "{day}.{month}.");
        }
    }
}
