//! The object of a record, taken apart: head, body and what goes with them.

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::decode::Members;
use super::error::{ReadError, ReadErrorKind, shortened};
use super::keep::Keeper;
use super::node::{Member, Node, Position};
use super::wording::{listed, nearest};
use crate::record::{Body, Kind};

/// The members of a record's object: the head's, and all others.
pub(super) struct Parts<'de> {
    pub(super) kind: Option<Kind>,
    pub(super) head: Vec<&'de Member>,
    others: Vec<&'de Member>,
    at: Position,
}

impl<'de> Parts<'de> {
    pub(super) fn of(node: &'de Node) -> Result<Self, ReadError> {
        let members = node
            .members()
            .ok_or_else(|| ReadError::wrong_type("an object", &node.tree).or_at(node.at))?;
        let mut parts = Self {
            kind: None,
            head: Vec::new(),
            others: Vec::new(),
            at: node.at,
        };
        for member in members {
            match member.name.as_str() {
                SCHEMA => parts.kind = Some(kind_of(&member.value)?),
                name if HEAD.contains(&name) => parts.head.push(member),
                _ => parts.others.push(member),
            }
        }
        Ok(parts)
    }

    pub(super) fn members(&self, wanted: impl Fn(&str) -> bool) -> Vec<&'de Member> {
        let others = self.others.iter().copied();
        others.filter(|member| wanted(&member.name)).collect()
    }

    pub(super) fn fields<'k>(
        &self,
        members: Vec<&'de Member>,
        keeper: Option<&'k Keeper>,
    ) -> Fields<'de, 'k> {
        Fields {
            members,
            at: self.at,
            keeper,
        }
    }
}

/// Some of the members of a record's object, decoded as if they were all.
#[derive(Clone)]
pub(super) struct Fields<'de, 'k> {
    pub(super) members: Vec<&'de Member>,
    at: Position,
    keeper: Option<&'k Keeper>,
}

impl Fields<'_, '_> {
    pub(super) fn decode<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        T::deserialize(self.clone()).map_err(|error| error.or_at(self.at))
    }
}

impl<'de> Deserializer<'de> for Fields<'de, '_> {
    type Error = ReadError;

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let known = |member: &&&Member| fields.contains(&member.name.as_str());
        let stranger = self.members.iter().find(|member| !known(member));
        if let (Some(Member { name, at, .. }), None) = (stranger, self.keeper) {
            let known = fields.iter().copied().chain(HEAD).chain([SCHEMA]);
            return Err(ReadError::unknown_member(name, known)
                .or_at(*at)
                .in_member(name));
        }
        visitor.visit_map(Members {
            members: self.members.into_iter(),
            fields: Some(fields),
            value: None,
            keeper: self.keeper,
        })
    }
}

/// Decodes the members of a body of the given kind.
pub(super) fn decode_body(fields: &Fields<'_, '_>, kind: Kind) -> Result<Body, ReadError> {
    Ok(match kind {
        Kind::Context => Body::Context(fields.decode()?),
        Kind::Generation => Body::Generation(fields.decode()?),
        Kind::Decision => Body::Decision(fields.decode()?),
        Kind::Review => Body::Review(fields.decode()?),
        Kind::Outcome => Body::Outcome(fields.decode()?),
        Kind::Import => Body::Import(fields.decode()?),
        Kind::Key => Body::Key(fields.decode()?),
        Kind::Succession => Body::Succession(fields.decode()?),
        Kind::Erasure => Body::Erasure(fields.decode()?),
        Kind::Hold => Body::Hold(fields.decode()?),
        Kind::Release => Body::Release(fields.decode()?),
        Kind::Policy => Body::Policy(fields.decode()?),
        Kind::Token => Body::Token(fields.decode()?),
        Kind::Access => Body::Access(fields.decode()?),
        Kind::Retention => Body::Retention(fields.decode()?),
        Kind::Archive => Body::Archive(fields.decode()?),
        Kind::Artifact => Body::Artifact(fields.decode()?),
        Kind::Approval => Body::Approval(fields.decode()?),
        Kind::Retirement => Body::Retirement(fields.decode()?),
        Kind::Deployment => Body::Deployment(fields.decode()?),
        Kind::Kpi => Body::Kpi(fields.decode()?),
        Kind::Check => Body::Check(fields.decode()?),
        Kind::Freeze => Body::Freeze(fields.decode()?),
        Kind::Unfreeze => Body::Unfreeze(fields.decode()?),
    })
}

fn kind_of(schema: &Node) -> Result<Kind, ReadError> {
    let text = schema
        .as_str()
        .ok_or_else(|| ReadError::wrong_type("a string", &schema.tree));
    text.and_then(|text| {
        Kind::of_schema(text).ok_or_else(|| {
            let known = Kind::ALL.map(Kind::schema);
            let hint = nearest(text, known).map(|near| format!("did you mean {near:?}?"));
            let shown = shortened(text, SHOWN_CHARS);
            let message = format!("{shown:?} is not one of {}", listed(known));
            ReadError::new(ReadErrorKind::Schema, message).with_hint(hint)
        })
    })
    .map_err(|error| error.or_at(schema.at).in_member(SCHEMA))
}

/// The member that says which kind of record an object is.
pub(super) const SCHEMA: &str = "schema";
const HEAD: [&str; 4] = ["id", "tenant", "recorded_at", "actor"];
const SHOWN_CHARS: usize = 60;
