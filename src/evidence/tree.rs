//! The fields of a record put together, with marks where values are withheld.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::record::Class;
use crate::seal::{LISTS, MAPS};

/// What can be read of a record, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tree {
    /// Set where a field stands at this very place and its value is withheld.
    pub(super) mark: Option<Mark>,
    pub(super) shape: Shape,
}

/// Why a value is withheld.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Mark {
    #[serde(rename = "redacted", serialize_with = "as_word")]
    pub(super) class: Class,
    pub(super) why: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Shape {
    /// No value is known here.
    #[default]
    Absent,
    /// Null, a boolean, a number or a string.
    Scalar(Value),
    /// Elements by index: those that are missing in between are hidden.
    List(BTreeMap<usize, Tree>),
    Object(BTreeMap<String, Tree>),
}

/// Fields that cannot be those of one record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The bytes of a value are not JSON.
    #[error("record {record}, field {path:?}: the value is not JSON")]
    Value {
        /// The id of the record.
        record: String,
        /// The path of the field.
        path: String,
    },
    /// A path is no pointer into a record, or leads to where another value stands.
    #[error("record {record}, field {path:?}: no value of a record can stand there")]
    Place {
        /// The id of the record.
        record: String,
        /// The path of the field.
        path: String,
    },
    /// More elements of lists are missing than there are hidden fields.
    #[error("record {record}: elements of its lists are missing, and no hidden field can be them")]
    Gaps {
        /// The id of the record.
        record: String,
    },
}

impl Tree {
    /// The value that `bytes` hold; `None` when they are not JSON.
    pub(super) fn of_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self::of_value)
    }

    fn of_value(value: Value) -> Self {
        let shape = match value {
            Value::Array(list) => {
                Shape::List(list.into_iter().map(Self::of_value).enumerate().collect())
            }
            Value::Object(members) => Shape::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Self::of_value(value)))
                    .collect(),
            ),
            Value::Number(number) => Shape::Scalar(exact(&number)),
            scalar => Shape::Scalar(scalar),
        };
        Self { mark: None, shape }
    }

    /// A place where a value is withheld.
    pub(super) const fn withheld(class: Class, why: String) -> Self {
        Self {
            mark: Some(Mark { class, why }),
            shape: Shape::Absent,
        }
    }

    /// Puts what stands at `path` into this tree; `None` when it cannot stand there.
    pub(super) fn place(&mut self, path: &str, what: Self) -> Option<()> {
        let mut at = self;
        let mut parent = "";
        let mut in_map = false;
        let tokens = path.strip_prefix('/')?.split('/');
        if tokens.clone().count() > MAX_STEPS {
            return None;
        }
        for token in tokens {
            at = if !in_map && LISTS.contains(&parent) {
                at.element(token)?
            } else {
                at.member(token)?
            };
            in_map = !in_map && MAPS.contains(&token);
            parent = token;
        }
        at.merge(what)
    }

    fn element(&mut self, token: &str) -> Option<&mut Self> {
        let index: usize = token.parse().ok().filter(|it| *it < MAX_ELEMENTS)?;
        if matches!(self.shape, Shape::Absent) {
            self.shape = Shape::List(BTreeMap::new());
        }
        match &mut self.shape {
            Shape::List(list) => Some(list.entry(index).or_default()),
            _ => None,
        }
    }

    fn member(&mut self, token: &str) -> Option<&mut Self> {
        if matches!(self.shape, Shape::Absent) {
            self.shape = Shape::Object(BTreeMap::new());
        }
        match &mut self.shape {
            Shape::Object(members) => {
                let name = token.replace("~1", "/").replace("~0", "~");
                Some(members.entry(name).or_default())
            }
            _ => None,
        }
    }

    /// A parent's own field can come before or after what was cut out of it.
    fn merge(&mut self, what: Self) -> Option<()> {
        if self.mark.is_some() {
            return None;
        }
        self.mark = what.mark;
        match (&mut self.shape, what.shape) {
            (_, Shape::Absent) => {}
            (Shape::Absent, shape) => self.shape = shape,
            (Shape::Object(members), Shape::Object(more)) => {
                for (name, tree) in more {
                    if members.insert(name, tree).is_some() {
                        return None;
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// What stands at the member or element `token`.
    pub(super) fn child(&self, token: &str) -> Option<&Self> {
        match &self.shape {
            Shape::Object(members) if token.contains('~') => {
                members.get(&token.replace("~1", "/").replace("~0", "~"))
            }
            Shape::Object(members) => members.get(token),
            Shape::List(list) => list.get(&token.parse().ok()?),
            Shape::Absent | Shape::Scalar(_) => None,
        }
    }

    /// How many elements of lists are missing, counting whole trees.
    pub(super) fn gaps(&self) -> usize {
        match &self.shape {
            Shape::Absent | Shape::Scalar(_) => 0,
            Shape::Object(members) => members.values().map(Self::gaps).sum(),
            Shape::List(list) => {
                let length = list.keys().next_back().map_or(0, |last| last + 1);
                length - list.len() + list.values().map(Self::gaps).sum::<usize>()
            }
        }
    }

    /// The value for a reader: strings bare, everything else as JSON.
    pub(super) fn text(&self) -> String {
        match &self.shape {
            Shape::Scalar(Value::String(text)) => text.clone(),
            _ => serde_json::to_string(self).unwrap_or_default(),
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.shape, &self.mark) {
            (Shape::Absent, Some(mark)) => mark.serialize(serializer),
            (Shape::Absent, None) => serializer.collect_map([("hidden", true)]),
            (Shape::Scalar(value), _) => value.serialize(serializer),
            (Shape::List(list), _) => {
                let length = list.keys().next_back().map_or(0, |last| last + 1);
                let hidden = Self::default();
                serializer.collect_seq((0..length).map(|at| list.get(&at).unwrap_or(&hidden)))
            }
            (Shape::Object(members), mark) => {
                let mut map = serializer.serialize_map(None)?;
                if let Some(Mark { class, why }) = mark {
                    map.serialize_entry("redacted", class.as_str())?;
                    map.serialize_entry("why", why)?;
                }
                for (name, tree) in members {
                    map.serialize_entry(name, tree)?;
                }
                map.end()
            }
        }
    }
}

fn as_word<S: Serializer>(class: &Class, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(class.as_str())
}

/// RFC 8785 writes whole doubles without a point. Integers are sealed up to 2^53 − 1 alone, so what
/// is larger was a double.
fn exact(number: &serde_json::Number) -> Value {
    let is_safe = |it: i64| it.unsigned_abs() <= MAX_SAFE_INTEGER;
    if number.is_f64() || number.as_i64().is_some_and(is_safe) {
        return Value::Number(number.clone());
    }
    number.as_f64().map_or(Value::Null, Value::from)
}

const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
const MAX_ELEMENTS: usize = 4_096;
/// Paths of records have six steps at most.
const MAX_STEPS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn put(fields: &[(&str, &str)]) -> Option<Tree> {
        let mut tree = Tree::default();
        for (path, json) in fields {
            tree.place(path, Tree::of_json(json.as_bytes())?)?;
        }
        Some(tree)
    }

    #[test]
    fn members_cut_out_of_an_object_go_back_into_it() {
        let tree = put(&[
            ("/features/0", r#"{"name":"score"}"#),
            ("/features/0/value", "720"),
            ("/inputs/0", "true"),
        ]);
        assert_eq!(
            tree.unwrap().text(),
            r#"{"features":[{"name":"score","value":720}],"inputs":{"0":true}}"#
        );
    }

    #[test]
    fn a_withheld_parent_keeps_the_members_that_are_shown() {
        let mut tree = put(&[("/features/0/value", "720")]).unwrap();
        let mark = Tree::withheld(Class::Plain, "asked".to_owned());
        tree.place("/features/0", mark).unwrap();
        assert_eq!(
            tree.text(),
            r#"{"features":[{"redacted":"plain","why":"asked","value":720}]}"#
        );
    }

    #[test]
    fn what_cannot_stand_together_is_refused() {
        assert!(put(&[("/a", "1"), ("/a/b", "2")]).is_none());
        assert!(put(&[("/a", "1"), ("/a", "1")]).is_none());
        assert!(put(&[("a", "1")]).is_none());
        assert!(put(&[("/features/x", "1")]).is_none());
        assert!(put(&[("/features/4096", "1")]).is_none());
        assert!(put(&[(&"/a".repeat(17), "1")]).is_none());
        assert!(put(&[("/a", "{")]).is_none());
    }

    #[test]
    fn a_large_whole_number_is_a_double_again() {
        let tree = put(&[("/inputs/a", "9007199254740993")]).unwrap();
        assert_eq!(tree.text(), r#"{"inputs":{"a":9007199254740992.0}}"#);
    }
}
