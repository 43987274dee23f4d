//! Dates as HTTP writes them (RFC 9110, section 5.6.7).

/// What separates the parts of a date, in any of its forms.
const BETWEEN: [char; 4] = [' ', ',', '-', ':'];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Days of a year before each of its months, without the leap day.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Returns the seconds since the beginning of 1970, of a date in one of the three forms that HTTP allows:
///
/// ```text
/// Sun, 06 Nov 1994 08:49:37 GMT
/// Sunday, 06-Nov-94 08:49:37 GMT
/// Sun Nov  6 08:49:37 1994
/// ```
pub fn seconds(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text
        .split(BETWEEN)
        .filter(|part| !part.is_empty())
        .collect();
    match parts[..] {
        [_, day, month, year, hour, minute, second, "GMT"]
        | [_, month, day, hour, minute, second, year] => {
            let days = days(number(year)?, month, number(day)?)?;
            Some(days * 86_400 + time(number(hour)?, number(minute)?, number(second)?)?)
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// Days since the beginning of 1970.
fn days(year: u64, month: &str, day: u64) -> Option<u64> {
    let year = match year {
        70..=99 => 1900 + year,
        0..70 => 2000 + year,
        _ => year,
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    if year < 1970 || !(1..=31).contains(&day) {
        return None;
    }
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let leap_day = u64::from(is_leap && month > 1);
    let leap_years = leap_years_before(year) - leap_years_before(1970);
    Some(365 * (year - 1970) + leap_years + DAYS_BEFORE[month] + leap_day + day - 1)
}

fn leap_years_before(year: u64) -> u64 {
    let last = year - 1;
    last / 4 - last / 100 + last / 400
}

/// Seconds since midnight; a leap second is one more.
fn time(hour: u64, minute: u64, second: u64) -> Option<u64> {
    let valid = hour < 24 && minute < 60 && second <= 60;
    valid.then_some(hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_one_date() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(seconds(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn leap_years_and_ends() {
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "GMT",
            "soon",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
