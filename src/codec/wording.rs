//! The words of decoding errors: what was expected, what was found, which name was meant.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::error::{ReadError, ReadErrorKind, shortened};
use super::node::Tree;

impl ReadError {
    /// The refusal of a member that is none of `known`.
    pub(super) fn unknown_member<'a>(
        name: &str,
        known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
    ) -> Self {
        let known = known.into_iter();
        let hint = match nearest(name, known.clone()) {
            Some(near) => Some(format!("did you mean {near:?}?")),
            None if known.clone().count() == 0 => None,
            None => Some(format!("known here are {}", listed(known))),
        };
        Self::new(ReadErrorKind::UnknownMember, "unknown member").with_hint(hint)
    }

    /// The refusal of a value that is not the `expected` one.
    pub(super) fn wrong_type(expected: &str, found: &Tree) -> Self {
        let message = format!("expected {expected}, found {}", found_tree(found));
        Self::new(ReadErrorKind::WrongType, message)
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        // What serde says here names a Rust type, which the writer of a document does not know.
        if message.starts_with("data did not match any variant of untagged enum") {
            return Self::new(
                ReadErrorKind::InvalidValue,
                "the value has none of the forms this member can have",
            );
        }
        Self::new(ReadErrorKind::InvalidValue, message)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(ReadErrorKind::WrongType, found, expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(ReadErrorKind::InvalidValue, found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let message = format!("expected {}, found {length} elements", wanted(&expected));
        Self::new(ReadErrorKind::InvalidValue, message)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let shown = shortened(variant, SHOWN_CHARS);
        let known = listed(expected.iter().copied());
        let hint = nearest(variant, expected.iter().copied());
        Self::new(
            ReadErrorKind::InvalidValue,
            format!("{shown:?} is not one of {known}"),
        )
        .with_hint(hint.map(|near| format!("did you mean {near:?}?")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown_member(field, expected.iter().copied())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(
            ReadErrorKind::MissingMember,
            format!("the member {field:?} is missing"),
        )
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(
            ReadErrorKind::Duplicate,
            format!("the member {field:?} occurs twice"),
        )
    }
}

fn mismatch(kind: ReadErrorKind, found: Unexpected<'_>, expected: &dyn Expected) -> ReadError {
    let expected = expected.to_string();
    ReadError::new(
        kind,
        format!("expected {}, found {}", wanted(&expected), found_in(found)),
    )
}

fn found_tree(tree: &Tree) -> String {
    found_in(match tree {
        Tree::Null => Unexpected::Unit,
        Tree::Bool(value) => Unexpected::Bool(*value),
        Tree::Integer(value) => Unexpected::Signed(*value),
        Tree::Float(value) => Unexpected::Float(*value),
        Tree::String(text) => Unexpected::Str(text),
        Tree::Sequence(_) => Unexpected::Seq,
        Tree::Mapping(_) => Unexpected::Map,
    })
}

fn found_in(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value:?}"),
        Unexpected::Str(text) => format!("the string {:?}", shortened(text, SHOWN_CHARS)),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// What serde expects, in the words of a document.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "unit" => "null",
        "any valid JSON value" => "a value",
        struct_name if struct_name.starts_with("struct ") => "an object",
        enum_name if enum_name.contains("enum ") => "a string",
        other => other,
    }
}

/// The known name that `name` was most likely meant to be, if any is near enough.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST_NAME {
        return None;
    }
    let given = name.to_lowercase();
    let reach = |known: &str| {
        let reach = (length / 3).clamp(1, 3);
        // A word that begins alike may lack an end, as `reson` for `reasons`.
        let is_alike = length >= ALIKE_FROM && known.chars().next() == given.chars().next();
        if is_alike { reach.max(2) } else { reach }
    };
    let known: Vec<&str> = known.into_iter().collect();
    let by_distance = known
        .iter()
        .map(|known| (strsim::osa_distance(&given, known), *known))
        .filter(|(distance, known)| *distance <= reach(known) && *distance < known.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known);
    by_distance.or_else(|| only_beginning(&given, &known))
}

/// The one known name that begins with `given`.
fn only_beginning<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let mut begun = known.iter().filter(|known| known.starts_with(given));
    let first = begun
        .next()
        .filter(|_| given.chars().count() >= SHORTEST_BEGINNING)?;
    begun.next().is_none().then_some(*first)
}

/// The names in a row, the first dozen of them.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut list = names.by_ref().take(LISTED).collect::<Vec<_>>().join(", ");
    if names.next().is_some() {
        list.push_str(", …");
    }
    list
}

/// Characters from which on names that begin alike may differ by two.
const ALIKE_FROM: usize = 5;
const SHORTEST_BEGINNING: usize = 3;
const SHOWN_CHARS: usize = 40;
const LONGEST_NAME: usize = 64;
const LISTED: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_name_and_another_word_does_not() {
        let known = ["limit", "reserve_output", "tokenizer", "per_message"];
        for (name, near) in [
            ("limt", Some("limit")),
            ("Limit", Some("limit")),
            ("tokeniser", Some("tokenizer")),
            ("reserve-output", Some("reserve_output")),
            ("reserve", Some("reserve_output")),
            ("size", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known), near, "{name}");
        }
    }

    #[test]
    fn a_name_cut_short_finds_the_one_that_begins_so() {
        let item = [
            "ref",
            "role",
            "priority",
            "required",
            "reason",
            "reasons_shown",
        ];
        for (name, near) in [
            ("prio", Some("priority")),
            ("reson", Some("reason")),
            ("re", Some("ref")),
            ("requ", Some("required")),
        ] {
            assert_eq!(nearest(name, item), near, "{name}");
        }
        assert_eq!(nearest("reson", ["reasons", "outcome"]), Some("reasons"));
        assert_eq!(nearest("con", ["contexts", "confidence"]), None);
    }
}
