//! Redaction: which fields a bundle shows, names or hides.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::bundle::FieldEntry;
use crate::record::{Class, InvalidValue};
use crate::seal::value_commitment;

/// Which fields are withheld, how much of them, and why.
///
/// ```
/// use contextrail::evidence::{Redactions, Withheld};
///
/// let redactions = Redactions::new("not asked for")
///     .with(Withheld::Value, "personal".parse()?)
///     .with(Withheld::Field, "/inputs/income".parse()?);
/// # Ok::<(), contextrail::record::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Redactions {
    rules: Vec<(Withheld, Selector)>,
    why: String,
}

/// How much of a field is withheld.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Withheld {
    /// The value: path and class stay, and the commitment to the value.
    Value,
    /// The whole field: its leaf stays.
    Field,
}

/// Selects fields by class or by path.
///
/// Its text is a class (`plain`, `confidential`, `personal`) or a JSON pointer, which selects the field
/// there and those below it, or else the field that the place is a part of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selector {
    /// Every field of the class.
    Class(Class),
    /// The fields at and below the place, a JSON pointer (RFC 6901), or else the one around it.
    Path(String),
}

impl Default for Redactions {
    /// Nothing is withheld.
    fn default() -> Self {
        Self::new("withheld by the maker of the bundle")
    }
}

impl Redactions {
    /// Withholds nothing yet; `why` is written beside whatever is withheld.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self {
            rules: Vec::new(),
            why: why.into(),
        }
    }

    /// Withholds what `selector` selects. Where two rules select a field, the one that withholds more
    /// holds.
    #[must_use]
    pub fn with(mut self, withheld: Withheld, selector: Selector) -> Self {
        self.rules.push((withheld, selector));
        self
    }

    /// What is left of the `fields` of one record, and the places of the rules that selected any.
    pub(super) fn apply(&self, fields: Vec<FieldEntry>) -> (Vec<FieldEntry>, BTreeSet<usize>) {
        let mut withheld: Vec<Option<Withheld>> = vec![None; fields.len()];
        let mut used = BTreeSet::new();
        for (rule, (depth, selector)) in self.rules.iter().enumerate() {
            for place in selector.select(&fields) {
                withheld[place] = withheld[place].max(Some(*depth));
                used.insert(rule);
            }
        }
        let left = fields.into_iter().zip(withheld);
        let left = left.map(|(field, withheld)| match withheld {
            Some(withheld) => self.withhold(field, withheld),
            None => field,
        });
        (left.collect(), used)
    }

    /// The paths asked for by rules that are not in `used`: they are misspelt, or nothing is there.
    pub(super) fn idle(&self, used: &BTreeSet<usize>) -> Vec<&str> {
        let rules = self.rules.iter().enumerate();
        rules
            .filter(|(rule, _)| !used.contains(rule))
            .filter_map(|(_, (_, selector))| match selector {
                Selector::Path(path) => Some(path.as_str()),
                Selector::Class(_) => None,
            })
            .collect()
    }

    fn withhold(&self, field: FieldEntry, withheld: Withheld) -> FieldEntry {
        match (withheld, field) {
            (_, field @ FieldEntry::Hidden { .. })
            | (Withheld::Value, field @ FieldEntry::Named { .. }) => field,
            (Withheld::Field, field) => FieldEntry::Hidden {
                leaf: field.leaf(),
                why: self.why.clone(),
            },
            (
                Withheld::Value,
                FieldEntry::Shown {
                    path,
                    class,
                    salt,
                    value,
                },
            ) => FieldEntry::Named {
                path,
                class,
                commitment: value_commitment(&salt, &value),
                why: self.why.clone(),
                gone: None,
            },
        }
    }
}

impl Selector {
    /// The places, among the `fields` of one record, of those it selects.
    fn select(&self, fields: &[FieldEntry]) -> Vec<usize> {
        let places = |selects: &dyn Fn(&FieldEntry) -> bool| -> Vec<usize> {
            (0..fields.len())
                .filter(|it| selects(&fields[*it]))
                .collect()
        };
        match self {
            Self::Class(selected) => places(&|field| field.class() == Some(*selected)),
            Self::Path(selected) => {
                let below = places(&|field| field.path().is_some_and(|it| is_within(it, selected)));
                if !below.is_empty() {
                    return below;
                }
                let around = places(&|field| holds(field, selected));
                let nearest = around
                    .into_iter()
                    .max_by_key(|it| fields[*it].path().map(str::len));
                nearest.into_iter().collect()
            }
        }
    }
}

/// Whether the place `path` is `outer` or below it.
fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the place `selected` is a part of the field's value, as far as one can see.
fn holds(field: &FieldEntry, selected: &str) -> bool {
    let rest = field.path().and_then(|path| selected.strip_prefix(path));
    let Some(below) = rest.filter(|rest| rest.starts_with('/')) else {
        return false;
    };
    match field {
        FieldEntry::Shown { value, .. } => {
            super::value::read(value).is_some_and(|it| it.pointer(below).is_some())
        }
        _ => true,
    }
}

impl FromStr for Selector {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            let expected = "plain, confidential, personal, or a path such as /inputs/income";
            InvalidValue::new("selection of fields", text, expected)
        };
        if super::value::is_pointer(text) {
            return Ok(Self::Path(text.to_owned()));
        }
        text.parse().map(Self::Class).map_err(|_| malformed())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => class.fmt(f),
            Self::Path(path) => f.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> FieldEntry {
        FieldEntry::Shown {
            path: path.to_owned(),
            class: Class::Personal,
            salt: [7; 32],
            value: br#"{"x":[1]}"#.to_vec(),
        }
    }

    fn selected(selector: &str, paths: &[&str]) -> Vec<usize> {
        let fields: Vec<FieldEntry> = paths.iter().map(|path| shown(path)).collect();
        selector.parse::<Selector>().unwrap().select(&fields)
    }

    #[test]
    fn a_path_selects_what_is_at_and_below_it() {
        let paths = [
            "/inputs/a",
            "/inputs/a/b",
            "/inputs/ab",
            "/inputs",
            "/input",
        ];
        assert_eq!(selected("/inputs/a", &paths), [0, 1]);
        assert_eq!(selected("/inputs", &paths), [0, 1, 2, 3]);
        assert_eq!(selected("/in", &paths), [0_usize; 0]);
    }

    #[test]
    fn a_path_into_a_value_selects_the_nearest_field_around_it() {
        // The value is `{"x":[1]}`.
        let paths = ["/a", "/a/b"];
        assert_eq!(selected("/a/b/x/0", &paths), [1]);
        assert_eq!(selected("/a/x", &paths), [0]);
        assert_eq!(selected("/a/y", &paths), [0_usize; 0]);
    }

    #[test]
    fn the_rule_that_withholds_more_holds_and_the_leaf_stays() {
        let by_class = Redactions::new("w").with(Withheld::Value, "personal".parse().unwrap());
        let both = by_class
            .clone()
            .with(Withheld::Field, "/a".parse().unwrap());
        let field = shown("/a");
        for (redactions, hidden) in [(by_class, false), (both, true)] {
            let (left, _) = redactions.apply(vec![field.clone()]);
            assert_eq!(matches!(left[0], FieldEntry::Hidden { .. }), hidden);
            assert_eq!(left[0].leaf(), field.leaf());
        }
    }

    #[test]
    fn a_path_that_selects_nothing_is_found() {
        let redactions = Redactions::new("w").with(Withheld::Value, "/typo".parse().unwrap());
        let (_, used) = redactions.apply(vec![shown("/a")]);
        assert_eq!(redactions.idle(&used), ["/typo"]);
    }

    #[test]
    fn other_texts_select_nothing() {
        for text in ["", "secret", "inputs/a", "/a~2"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
