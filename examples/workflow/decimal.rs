//! Converts seconds as a decimal text to integer nanoseconds, exactly.
//!
//! A recorded runtime never passes through a float: 0.1 has no exact binary value, and one nanosecond of rounding shows
//! in the hash of the schedule. The digits stay digits, and the decimal point moves nine places to the right (and by
//! the exponent). The rest behind it is rounded half to even.
//!
//! Limits: from 0 up to [`MAX_RUNTIME_NS`], a hundred years, so that sums stay far from 2^64.

use thiserror::Error;

/// The longest runtime of one task: 100 Julian years, in nanoseconds.
pub const MAX_RUNTIME_NS: u64 = 3_155_760_000 * NS_PER_SECOND;

/// Nanoseconds in a second.
pub const NS_PER_SECOND: u64 = 1_000_000_000;

/// The decimal places of a nanosecond.
const NS_PLACES: i64 = 9;

/// The largest exponent that matters, since no input is long enough to make up for it with zeros.
const EXPONENT_LIMIT: i64 = 1_000_000_000_000;

/// Why a text is not a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// The text is not a decimal number.
    #[error("is not a number; give seconds as a JSON number")]
    NotANumber,
    /// The number is below zero.
    #[error("is negative; a runtime is 0 s or more")]
    Negative,
    /// The number is more than [`MAX_RUNTIME_NS`].
    #[error("is longer than 100 years; give seconds")]
    TooLong,
}

/// Returns the nanoseconds in `text` seconds, rounded half to even. Linear in the length of the text.
///
/// # Errors
///
/// [`DecimalError`], for anything but a JSON number between 0 and 100 years.
pub fn seconds_to_ns(text: &str) -> Result<u64, DecimalError> {
    let number = Number::parse(text).ok_or(DecimalError::NotANumber)?;
    if number.digits.is_empty() {
        return Ok(0); // also "-0.0": some recorders write it
    }
    if number.negative {
        return Err(DecimalError::Negative);
    }
    let ns = number.shifted(NS_PLACES).ok_or(DecimalError::TooLong)?;
    u64::try_from(ns)
        .ok()
        .filter(|ns| *ns <= MAX_RUNTIME_NS)
        .ok_or(DecimalError::TooLong)
}

/// A decimal number that is not yet a machine number: `0.digits * 10^point`.
struct Number {
    negative: bool,
    /// The digits as values 0 to 9, without leading zeros; empty for zero.
    digits: Vec<u8>,
    /// How many of the digits stand before the decimal point. It may be negative or beyond the end.
    point: i64,
}

impl Number {
    /// Splits a number by the grammar of JSON: sign, digits, fraction, exponent.
    fn parse(text: &str) -> Option<Number> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        if !all_digits(whole) || fraction.is_some_and(|fraction| !all_digits(fraction)) {
            return None;
        }
        let all = whole.bytes().chain(fraction.unwrap_or_default().bytes());
        let zeros = all.clone().take_while(|digit| *digit == b'0').count();
        Some(Number {
            negative,
            digits: all.skip(zeros).map(|digit| digit - b'0').collect(),
            point: i64::try_from(whole.len()).ok()? + exponent - i64::try_from(zeros).ok()?,
        })
    }

    /// Returns the number times `10^places`, rounded half to even, or `None` if it has more than 30 digits.
    fn shifted(&self, places: i64) -> Option<u128> {
        let point = self.point + places;
        if point > 30 {
            return None;
        }
        let Ok(point) = usize::try_from(point) else {
            return Some(0); // below 0.1: there is a zero between the point and the first digit
        };
        let before = self
            .digits
            .iter()
            .copied()
            .chain(std::iter::repeat(0))
            .take(point);
        let whole = before.fold(0_u128, |sum, digit| sum * 10 + u128::from(digit));
        let rest = self.digits.get(point..).unwrap_or_default();
        Some(whole + u128::from(rounds_up(rest, whole % 2 == 1)))
    }
}

/// Returns whether `rest`, the digits behind the point, rounds an integer up: if it is more than a half, or a half and
/// the integer is odd.
fn rounds_up(rest: &[u8], odd: bool) -> bool {
    match rest.split_first() {
        Some((5, tail)) => odd || tail.iter().any(|digit| *digit != 0),
        Some((first, _)) => *first > 5,
        None => false,
    }
}

/// Returns the exponent, held within [`EXPONENT_LIMIT`].
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let add = |sum: i64, digit: u8| (sum * 10 + i64::from(digit - b'0')).min(EXPONENT_LIMIT);
    all_digits(digits).then(|| sign * digits.bytes().fold(0, add))
}

/// Returns whether the text is one or more ASCII digits and nothing else.
fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
