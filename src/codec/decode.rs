//! From a tree to a type, with place and path in every error.

use serde::Deserializer;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};
use serde::forward_to_deserialize_any;

use super::error::{ReadError, ReadErrorKind};
use super::keep::Keeper;
use super::node::{Member, Node, Tree};
use super::number::MAX_INTEGER;

/// Decodes a tree into a type.
///
/// A whole number written as `1.0` is accepted where a whole number is wanted. An object that lacks
/// a member, has one too many or has one of another type is refused.
///
/// # Errors
///
/// [`ReadError`] with path and place; for an unknown member or word with the nearest known one.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, ReadError> {
    T::deserialize(Source { node, keeper: None }).map_err(|error| error.or_at(node.at))
}

/// A node that is decoded, and what keeps its unknown members when they are not refused.
#[derive(Clone, Copy)]
pub(super) struct Source<'de, 'k> {
    pub(super) node: &'de Node,
    pub(super) keeper: Option<&'k Keeper>,
}

impl<'de, 'k> Source<'de, 'k> {
    fn any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.tree {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Integer(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Tree::Float(value) => visitor.visit_f64(*value),
            Tree::String(text) => visitor.visit_borrowed_str(text),
            Tree::Sequence(elements) => {
                let mut rest = self.elements(elements);
                let value = visitor.visit_seq(&mut rest)?;
                match rest.elements.next() {
                    None => Ok(value),
                    Some(_) => Err(too_many(rest.index, elements.len())),
                }
            }
            Tree::Mapping(members) => visitor.visit_map(self.members(members, None)),
        }
    }

    /// A number with nothing behind the point is a whole one.
    fn whole<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.tree {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole and within 2^53"
            )]
            Tree::Float(value) if value.fract() == 0.0 && value.abs() <= MAX_EXACT => {
                visitor.visit_i64(value as i64)
            }
            _ => self.any(visitor),
        }
    }

    fn elements(self, elements: &'de [Node]) -> Elements<'de, 'k> {
        Elements {
            elements: elements.iter(),
            index: 0,
            keeper: self.keeper,
        }
    }

    fn members(
        self,
        members: &'de [Member],
        fields: Option<&'static [&'static str]>,
    ) -> Members<'de, 'k, std::slice::Iter<'de, Member>> {
        Members {
            members: members.iter(),
            fields,
            value: None,
            keeper: self.keeper,
        }
    }

    fn located<T>(self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.or_at(self.node.at))
    }
}

fn too_many(taken: usize, found: usize) -> ReadError {
    let message = format!("expected {taken} elements, found {found}");
    ReadError::new(ReadErrorKind::InvalidValue, message)
}

macro_rules! whole_numbers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.located(self.whole(visitor))
        }
    )+};
}

impl<'de> Deserializer<'de> for Source<'de, '_> {
    type Error = ReadError;

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.located(self.any(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.tree {
            Tree::Null => visitor.visit_none(),
            _ => self.located(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.located(visitor.visit_newtype_struct(self))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.located(match &self.node.tree {
            Tree::Mapping(members) => visitor.visit_map(self.members(members, Some(fields))),
            other => Err(ReadError::wrong_type("an object", other)),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.located(match &self.node.tree {
            Tree::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Tree::Mapping(members) => {
                visitor.visit_enum(MapAccessDeserializer::new(self.members(members, None)))
            }
            other => {
                let expected = format!(
                    "one of {}",
                    super::wording::listed(variants.iter().copied())
                );
                Err(ReadError::wrong_type(&expected, other))
            }
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }
}

struct Elements<'de, 'k> {
    elements: std::slice::Iter<'de, Node>,
    index: usize,
    keeper: Option<&'k Keeper>,
}

impl<'de> de::SeqAccess<'de> for Elements<'de, '_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let Some(node) = self.elements.next() else {
            return Ok(None);
        };
        let (index, keeper) = (self.index, self.keeper);
        self.index += 1;
        Keeper::within(keeper, &index.to_string(), || {
            seed.deserialize(Source { node, keeper })
        })
        .map(Some)
        .map_err(|error| error.or_at(node.at).in_element(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

/// The members of an object, as serde asks for them.
pub(super) struct Members<'de, 'k, I> {
    pub(super) members: I,
    /// The names known here; `None` for an object that may have any.
    pub(super) fields: Option<&'static [&'static str]>,
    pub(super) value: Option<&'de Member>,
    pub(super) keeper: Option<&'k Keeper>,
}

impl<'de, I: Iterator<Item = &'de Member>> de::MapAccess<'de> for Members<'de, '_, I> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        for member in self.members.by_ref() {
            if let (Some(keeper), Some(fields)) = (self.keeper, self.fields)
                && !fields.contains(&member.name.as_str())
            {
                keeper.keep(member)?;
                continue;
            }
            self.value = Some(member);
            return seed
                .deserialize(BorrowedStrDeserializer::new(&member.name))
                .map(Some)
                .map_err(|error: ReadError| error.or_at(member.at).in_member(&member.name));
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let Some(Member {
            name, value: node, ..
        }) = self.value.take()
        else {
            return Err(de::Error::custom("a value was asked for before its name"));
        };
        let keeper = self.keeper;
        Keeper::within(keeper, name, || seed.deserialize(Source { node, keeper }))
            .map_err(|error| error.or_at(node.at).in_member(name))
    }
}

/// 2^53 − 1 as a double.
#[expect(clippy::cast_precision_loss, reason = "a double holds it exactly")]
const MAX_EXACT: f64 = MAX_INTEGER as f64;
