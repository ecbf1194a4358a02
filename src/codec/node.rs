//! The tree that both readers give and both writers take.

use serde::{Serialize, Serializer};

/// Where something stands in a document: line and column, from 1, the column in characters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a document.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A value as it was read, with the place it was read from.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub tree: Tree,
    /// Where it begins.
    pub at: Position,
}

/// The data of a [`Node`]: what JSON can say, with members in the order written.
#[derive(Clone, Debug)]
pub enum Tree {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number written as one, within ±(2^53−1).
    Integer(i64),
    /// A number with a fraction or an exponent. It is finite.
    Float(f64),
    /// A string.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// An object. No two members have the same name.
    Mapping(Vec<Member>),
}

/// One member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name begins.
    pub at: Position,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The members, when this is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[Member]> {
        match &self.tree {
            Tree::Mapping(members) => Some(members),
            _ => None,
        }
    }

    /// The value of the member `name`, when this is an object that has it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let members = self.members()?;
        members
            .iter()
            .find(|member| member.name == name)
            .map(|member| &member.value)
    }

    /// The string, when this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.tree {
            Tree::String(text) => Some(text),
            _ => None,
        }
    }

    /// The records of a document: the elements of a list, or the one value.
    #[must_use]
    pub fn into_records(self) -> Vec<Self> {
        match self.tree {
            Tree::Sequence(records) => records,
            _ => vec![self],
        }
    }

    /// Puts the whole tree at one place, for values that were not read from the document.
    pub(super) fn moved_to(mut self, at: Position) -> Self {
        self.at = at;
        self.tree = match self.tree {
            Tree::Sequence(elements) => {
                Tree::Sequence(elements.into_iter().map(|e| e.moved_to(at)).collect())
            }
            Tree::Mapping(members) => {
                let moved = members.into_iter().map(|member| Member {
                    name: member.name,
                    at,
                    value: member.value.moved_to(at),
                });
                Tree::Mapping(moved.collect())
            }
            scalar => scalar,
        };
        self
    }
}

/// Two nodes are equal when their data is; places do not count.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

/// The order of members counts, and a number written with a fraction is not a whole one.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Sequence(a), Self::Sequence(b)) => a == b,
            (Self::Mapping(a), Self::Mapping(b)) => {
                let pairs = |(a, b): (&Member, &Member)| a.name == b.name && a.value == b.value;
                a.len() == b.len() && a.iter().zip(b).all(pairs)
            }
            _ => false,
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.tree {
            Tree::Null => serializer.serialize_unit(),
            Tree::Bool(value) => serializer.serialize_bool(*value),
            Tree::Integer(value) => serializer.serialize_i64(*value),
            Tree::Float(value) => serializer.serialize_f64(*value),
            Tree::String(text) => serializer.serialize_str(text),
            Tree::Sequence(elements) => serializer.collect_seq(elements),
            Tree::Mapping(members) => {
                serializer.collect_map(members.iter().map(|m| (&m.name, &m.value)))
            }
        }
    }
}
