//! Records as they are exported: flat objects, with the texts that go with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer, ser};

use super::error::{ReadError, ReadErrorKind};
use super::keep::Keeper;
use super::nested::kind_in;
use super::node::Node;
use super::parts::{Parts, SCHEMA, decode_body};
use super::wording::listed;
use crate::record::{Actor, Body, Head, Kind, Members, Record, RecordId, Tenant, Timestamp};

/// A record and what an export carries beside it.
///
/// It is written flat: the head's members, the body's in the order declared, then `text`, `texts`,
/// `seeds` and `withheld`, those that are there.
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
    /// The paths of values that are not there, and why; stand-ins are in their place.
    pub withheld: Option<BTreeMap<String, String>>,
}

impl From<Record> for ExportedRecord {
    /// A record without its texts.
    fn from(record: Record) -> Self {
        Self {
            record,
            text: None,
            texts: None,
            seeds: None,
            withheld: None,
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
            #[serde(skip_serializing_if = "Option::is_none")]
            withheld: &'a Option<BTreeMap<String, String>>,
        }
        let Self {
            record,
            text,
            texts,
            seeds,
            withheld,
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
            withheld,
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
/// The members `superseded_by`, `reviews`, `outcomes` and `generation_records` of a decision are
/// worked out from other records, and left out; [`decode_records`](super::decode_records()) gives
/// those records as well.
///
/// # Errors
///
/// [`ReadError`] with path and place: a schema that is not known, and all that
/// [`decode`](super::decode()) refuses.
pub fn decode_record(node: &Node, unknown: Unknown) -> Result<ExportedRecord, ReadError> {
    let parts = Parts::of(node)?;
    let kind = parts.kind.ok_or_else(|| missing_schema().or_at(node.at))?;
    let kept = (unknown == Unknown::Keep && has_extra(kind)).then(Keeper::default);
    let keeper = kept.as_ref();
    let HeadMembers {
        id,
        tenant,
        recorded_at,
        actor,
    } = parts.fields(parts.head.clone(), keeper).decode()?;
    let carried = parts.members(|name| is_carried(kind, name));
    let Carried {
        text,
        texts,
        seeds,
        withheld,
    } = parts.fields(carried, None).decode()?;
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
        withheld,
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
    #[serde(default)]
    withheld: Option<BTreeMap<String, String>>,
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
        "texts" | "seeds" | "withheld" => true,
        _ => false,
    }
}

/// Whether an export works the member out from other records.
fn is_derived(kind: Kind, name: &str) -> bool {
    kind == Kind::Decision && (name == "superseded_by" || kind_in(name).is_some())
}

/// Whether records of the kind have a place for members that are not known.
const fn has_extra(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Context | Kind::Generation | Kind::Decision | Kind::Review | Kind::Outcome
    )
}

fn extra_of(body: &mut Body) -> Option<&mut Members> {
    match body {
        Body::Context(context) => Some(&mut context.extra),
        Body::Generation(generation) => Some(&mut generation.extra),
        Body::Decision(decision) => Some(&mut decision.extra),
        Body::Review(review) => Some(&mut review.extra),
        Body::Outcome(outcome) => Some(&mut outcome.extra),
        Body::Import(_)
        | Body::Key(_)
        | Body::Succession(_)
        | Body::Erasure(_)
        | Body::Hold(_)
        | Body::Release(_)
        | Body::Policy(_)
        | Body::Retention(_)
        | Body::Archive(_)
        | Body::Token(_)
        | Body::Access(_)
        | Body::Artifact(_)
        | Body::Approval(_)
        | Body::Retirement(_)
        | Body::Deployment(_)
        | Body::Kpi(_)
        | Body::Check(_)
        | Body::Freeze(_)
        | Body::Unfreeze(_) => None,
    }
}
