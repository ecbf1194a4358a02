//! Records as they are exported: flat objects, with the texts that go with them.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, forward_to_deserialize_any, ser};

use super::decode::Members;
use super::error::{ReadError, ReadErrorKind};
use super::keep::Keeper;
use super::node::{Member, Node, Position};
use super::wording::{listed, nearest};
use crate::record::{Actor, Body, Head, Kind, Record, RecordId, Tenant, Timestamp};

/// A record and what an export carries beside it.
///
/// It is written flat: the head's members, the body's in the order declared, then `text`, `texts`
/// and `seeds`, those that are there.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedRecord {
    /// The record.
    pub record: Record,
    /// The text of a context as it was sent. Records of other kinds have none.
    pub text: Option<String>,
    /// The texts of the items, by digest.
    pub texts: Option<BTreeMap<String, String>>,
    /// The seeds of keyed digests in base64, by the number of the entity slot.
    pub seeds: Option<BTreeMap<String, String>>,
}

impl From<Record> for ExportedRecord {
    /// A record without its texts.
    fn from(record: Record) -> Self {
        Self {
            record,
            text: None,
            texts: None,
            seeds: None,
        }
    }
}

impl Serialize for ExportedRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(flatten)]
            record: &'a Record,
            #[serde(skip_serializing_if = "Option::is_none")]
            text: &'a Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            texts: &'a Option<BTreeMap<String, String>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            seeds: &'a Option<BTreeMap<String, String>>,
        }
        let Self {
            record,
            text,
            texts,
            seeds,
        } = self;
        if text.is_some() && record.kind() != Kind::Context {
            return Err(ser::Error::custom(
                "only a context is exported with its text",
            ));
        }
        Flat {
            record,
            text,
            texts,
            seeds,
        }
        .serialize(serializer)
    }
}

/// What becomes of members that are not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unknown {
    /// They are refused.
    Refuse,
    /// They are kept among the record's `extra` members, under the JSON pointer (RFC 6901) of their
    /// place, such as `/features/0/foo`. A kind without `extra` members refuses them.
    Keep,
}

/// Decodes an exported record.
///
/// The members `superseded_by` and `reviews` of a decision are derived, and left out.
///
/// # Errors
///
/// [`ReadError`] with path and place: a schema that is not known, and all that
/// [`decode`](super::decode()) refuses.
pub fn decode_record(node: &Node, unknown: Unknown) -> Result<ExportedRecord, ReadError> {
    let parts = Parts::of(node)?;
    let kind = parts.kind.ok_or_else(|| missing_schema().or_at(node.at))?;
    let kept = (unknown == Unknown::Keep && kind != Kind::Import).then(Keeper::default);
    let keeper = kept.as_ref();
    let HeadMembers {
        id,
        tenant,
        recorded_at,
        actor,
    } = parts.fields(parts.head.clone(), keeper).decode()?;
    let carried = parts.members(|name| is_carried(kind, name));
    let Carried { text, texts, seeds } = parts.fields(carried, None).decode()?;
    let own = parts.members(|name| !is_carried(kind, name) && !is_derived(kind, name));
    let mut body = decode_body(&parts.fields(own, keeper), kind)?;
    if let (Some(kept), Some(extra)) = (kept, extra_of(&mut body)) {
        kept.pour_into(extra).map_err(|e| e.or_at(node.at))?;
    }
    let head = Head {
        id,
        tenant,
        recorded_at,
        actor,
    };
    Ok(ExportedRecord {
        record: Record { head, body },
        text,
        texts,
        seeds,
    })
}

#[derive(Deserialize)]
struct HeadMembers {
    id: RecordId,
    tenant: Tenant,
    recorded_at: Timestamp,
    actor: Actor,
}

#[derive(Deserialize)]
struct Carried {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    texts: Option<BTreeMap<String, String>>,
    #[serde(default)]
    seeds: Option<BTreeMap<String, String>>,
}

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

pub(super) fn decode_body(fields: &Fields<'_, '_>, kind: Kind) -> Result<Body, ReadError> {
    Ok(match kind {
        Kind::Context => Body::Context(fields.decode()?),
        Kind::Generation => Body::Generation(fields.decode()?),
        Kind::Decision => Body::Decision(fields.decode()?),
        Kind::Review => Body::Review(fields.decode()?),
        Kind::Outcome => Body::Outcome(fields.decode()?),
        Kind::Import => Body::Import(fields.decode()?),
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
            let shown = super::error::shortened(text, SHOWN_CHARS);
            let message = format!("{shown:?} is not one of {}", listed(known));
            ReadError::new(ReadErrorKind::Schema, message).with_hint(hint)
        })
    })
    .map_err(|error| error.or_at(schema.at).in_member(SCHEMA))
}

fn missing_schema() -> ReadError {
    let known = listed(Kind::ALL.map(Kind::schema));
    ReadError::new(
        ReadErrorKind::MissingMember,
        format!("the member {SCHEMA:?} is missing"),
    )
    .with_hint(Some(format!("it is one of {known}")))
}

/// Whether an export carries the member beside the record itself.
fn is_carried(kind: Kind, name: &str) -> bool {
    match name {
        "text" => kind == Kind::Context,
        "texts" | "seeds" => true,
        _ => false,
    }
}

/// Whether an export works the member out from other records.
fn is_derived(kind: Kind, name: &str) -> bool {
    kind == Kind::Decision && matches!(name, "superseded_by" | "reviews")
}

fn extra_of(body: &mut Body) -> Option<&mut crate::record::Members> {
    match body {
        Body::Context(context) => Some(&mut context.extra),
        Body::Generation(generation) => Some(&mut generation.extra),
        Body::Decision(decision) => Some(&mut decision.extra),
        Body::Review(review) => Some(&mut review.extra),
        Body::Outcome(outcome) => Some(&mut outcome.extra),
        Body::Import(_) => None,
    }
}

pub(super) const SCHEMA: &str = "schema";
const HEAD: [&str; 4] = ["id", "tenant", "recorded_at", "actor"];
const SHOWN_CHARS: usize = 60;
