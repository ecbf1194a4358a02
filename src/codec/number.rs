//! Numbers as they are written, held against the double they would become.

use super::error::{ReadError, ReadErrorKind, shortened};
use super::node::Tree;

/// The largest whole number that every JSON reader keeps: 2^53 − 1.
pub(super) const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Reads a decimal literal: digits, an optional fraction, an optional exponent, a sign.
///
/// Refused is every literal whose nearest double is another number, that is, whose value is not
/// that of a shortest decimal naming the same double. There are two of these where the double lies
/// in the middle between them, and writers differ in which one they take.
pub(super) fn decimal(literal: &str) -> Result<Tree, ReadError> {
    if literal.contains(['.', 'e', 'E']) {
        return float(literal).map(Tree::Float);
    }
    let digits = literal.trim_start_matches(['-', '+']);
    let magnitude = digits.parse().unwrap_or(u64::MAX);
    integer(literal, magnitude, literal.starts_with('-'))
}

/// Checks that a whole number written as `literal` is one that every reader keeps.
pub(super) fn integer(literal: &str, magnitude: u64, negative: bool) -> Result<Tree, ReadError> {
    if magnitude > MAX_INTEGER {
        return Err(refused(literal, "is beyond ±(2^53−1)"));
    }
    let magnitude = i64::try_from(magnitude).expect("2^53 is far below 2^63");
    Ok(Tree::Integer(if negative { -magnitude } else { magnitude }))
}

/// The refusal of NaN and the infinities, in the words of either format.
pub(super) fn not_finite(literal: &str) -> ReadError {
    refused(literal, "is not a finite number")
}

fn float(literal: &str) -> Result<f64, ReadError> {
    let value: f64 = literal
        .parse()
        .map_err(|_| refused(literal, "is not a number"))?;
    if !value.is_finite() {
        return Err(refused(literal, "is beyond the range of a double"));
    }
    let written = Decimal::of(literal);
    if written != Decimal::of(&format!("{value:e}")) && !written.is_as_near_to(value) {
        return Err(refused(literal, &format!("would be rounded to {value:?}")));
    }
    // Negative zero is the number zero.
    Ok(if value == 0.0 { 0.0 } else { value })
}

fn refused(literal: &str, why: &str) -> ReadError {
    let shown = shortened(literal, SHOWN_CHARS);
    ReadError::new(ReadErrorKind::Number, format!("the number {shown} {why}"))
        .with_hint(Some("write it as a string to keep it exactly".to_owned()))
}

/// A decimal number without regard to how it is written: sign, significant digits, power of ten.
#[derive(Debug, PartialEq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    /// The power of ten of the last digit; `None` when it is beyond reckoning.
    exponent: Option<i64>,
}

impl Decimal {
    fn of(literal: &str) -> Self {
        let negative = literal.starts_with('-');
        let unsigned = literal.trim_start_matches(['-', '+']);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let significant = digits.iter().rposition(|&d| d != b'0').map_or(0, |i| i + 1);
        let zeros = digits.len() - significant;
        digits.truncate(significant);
        digits.drain(..digits.iter().take_while(|&&d| d == b'0').count());
        if digits.is_empty() {
            return Self {
                negative: false,
                digits,
                exponent: Some(0),
            };
        }
        let shift = i64::try_from(zeros)
            .ok()
            .zip(i64::try_from(fraction.len()).ok())
            .map(|(zeros, fraction)| zeros - fraction);
        Self {
            negative,
            digits,
            exponent: exponent
                .parse::<i64>()
                .ok()
                .zip(shift)
                .and_then(|(exponent, shift)| exponent.checked_add(shift)),
        }
    }
}

impl Decimal {
    /// Whether `value` lies in the middle between this and another decimal of as many digits.
    fn is_as_near_to(&self, value: f64) -> bool {
        // Every digit of a double: there are 767 at most.
        let exact = Self::of(&format!("{value:.767e}"));
        let (Some((5, kept)), Some((last, before))) = (
            exact.digits.split_last().map(|(d, rest)| (d - b'0', rest)),
            self.digits.split_last(),
        ) else {
            return false;
        };
        let Some((cut, same)) = kept.split_last() else {
            return false;
        };
        exact.negative == self.negative
            && exact.exponent.map(|it| it + 1) == self.exponent
            && before == same
            && (last == cut || *last == cut + 1)
    }
}

const SHOWN_CHARS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(literal: &str) -> String {
        decimal(literal).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_number_may_be_written_in_any_way_that_means_its_double() {
        for (literal, value) in [
            ("0.1", 0.1),
            ("1.10", 1.1),
            ("1e2", 100.0),
            ("1E+2", 100.0),
            ("0.0001e4", 1.0),
            ("-0.0", 0.0),
            ("0e999999999999999999999", 0.0),
            ("1.7976931348623157e308", f64::MAX),
            ("5e-324", 5e-324),
            ("9007199254740994.0", 9_007_199_254_740_994.0),
            // The double is …061.25: both are as short, and as near.
            ("-1786589524644061.2", -1_786_589_524_644_061.2),
            ("-1786589524644061.3", -1_786_589_524_644_061.2),
        ] {
            assert_eq!(decimal(literal).unwrap(), Tree::Float(value), "{literal}");
        }
    }

    #[test]
    fn whole_numbers_go_up_to_two_to_the_53rd() {
        assert_eq!(decimal("-0").unwrap(), Tree::Integer(0));
        assert_eq!(
            decimal("-9007199254740991").unwrap(),
            Tree::Integer(-9_007_199_254_740_991)
        );
        for literal in [
            "9007199254740992",
            "9007199254740993",
            "99999999999999999999",
        ] {
            assert_eq!(
                message(literal),
                format!("the number {literal} is beyond ±(2^53−1)")
            );
        }
    }

    #[test]
    fn a_number_that_a_double_would_change_is_refused() {
        assert_eq!(
            message("0.30000000000000001"),
            "the number 0.30000000000000001 would be rounded to 0.3"
        );
        assert_eq!(
            message("9007199254740993.0"),
            "the number 9007199254740993.0 would be rounded to 9007199254740992.0"
        );
        assert_eq!(
            message("1786589524644061.35"),
            "the number 1786589524644061.35 would be rounded to 1786589524644061.3"
        );
        assert_eq!(
            message("1e-400"),
            "the number 1e-400 would be rounded to 0.0"
        );
        assert_eq!(
            message("1e400"),
            "the number 1e400 is beyond the range of a double"
        );
        assert_eq!(
            message("1e99999999999999999999"),
            "the number 1e99999999999999999999 is beyond the range of a double"
        );
    }
}
