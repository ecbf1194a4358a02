//! What a plain scalar means in the core schema of YAML 1.2 (chapter 10.3).

use super::error::{ReadError, ReadErrorKind};
use super::node::Tree;
use super::number;

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Result<Tree, ReadError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Tree::Null),
        "true" | "True" | "TRUE" => return Ok(Tree::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Tree::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(number::not_finite(text)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Err(number::not_finite(text));
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_digit(radix))
        {
            let magnitude = u64::from_str_radix(digits, radix).unwrap_or(u64::MAX);
            return number::integer(text, magnitude, false);
        }
    }
    if is_decimal(unsigned) {
        return number::decimal(text);
    }
    Ok(Tree::String(text.to_owned()))
}

/// Whether a name written plain is a string, as names must be.
pub(super) fn name(text: &str) -> Result<(), ReadError> {
    if text == "<<" {
        return Err(unsupported("merge keys are not read")
            .with_hint(Some("write the members out, or quote the name".to_owned())));
    }
    match resolve(text) {
        Ok(Tree::String(_)) => Ok(()),
        _ => Err(unsupported("a name must be a string")
            .with_hint(Some("put the name in double quotes".to_owned()))),
    }
}

/// The refusal of a part of YAML that is not read.
pub(super) fn unsupported(message: &str) -> ReadError {
    ReadError::new(ReadErrorKind::Unsupported, message)
}

/// `[0-9]+ | (\.[0-9]+ | [0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let all_digits = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some_digit = !whole.is_empty() || !fraction.is_empty();
    exponent_fits && some_digit && all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        for (text, tree) in [
            ("~", Tree::Null),
            ("NULL", Tree::Null),
            ("True", Tree::Bool(true)),
            ("012", Tree::Integer(12)),
            ("+5", Tree::Integer(5)),
            ("0o17", Tree::Integer(15)),
            ("0xFf", Tree::Integer(255)),
            (".5", Tree::Float(0.5)),
            ("5.", Tree::Float(5.0)),
            ("-1.5E+3", Tree::Float(-1500.0)),
        ] {
            assert_eq!(resolve(text).unwrap(), tree, "{text}");
        }
    }

    #[test]
    fn what_only_older_readers_take_for_something_is_a_string() {
        for text in [
            "yes",
            "off",
            "12:30",
            "1_000",
            "0b11",
            "-0x1",
            "2026-11-22",
            ".",
            "e5",
            "-",
        ] {
            assert_eq!(resolve(text).unwrap(), Tree::String(text.to_owned()));
        }
    }

    #[test]
    fn numbers_that_are_not_finite_or_not_exact_are_refused() {
        for text in [
            ".nan",
            "-.inf",
            "+.INF",
            "0xfffffffffffffffff",
            "0.30000000000000001",
        ] {
            assert_eq!(resolve(text).unwrap_err().kind(), ReadErrorKind::Number);
        }
    }
}
