//! Records as they are posted: what the trail fills in may be left out.

use serde::Deserialize;
use serde_json::Value;

use super::build::node_of;
use super::error::{ReadError, ReadErrorKind};
use super::node::{Member, Node};
use super::parts::{Parts, SCHEMA, decode_body};
use crate::record::{Actor, Body, Kind, RecordId, Tenant, Timestamp, Trace};

/// What of a record's head its writer gave; the trail fills in the rest.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(default)]
pub struct PartialHead {
    /// The id of the record.
    pub id: Option<RecordId>,
    /// The tenant whose log it is for.
    pub tenant: Option<Tenant>,
    /// When it was accepted, for records that come from elsewhere.
    pub recorded_at: Option<Timestamp>,
    /// Who caused it.
    pub actor: Option<Actor>,
}

/// Decodes a posted record of the given kind. It may leave out `schema` and every member of the head.
///
/// `defaults` are members of the body, with the values they have when they are left out.
///
/// # Errors
///
/// [`ReadError`] with path and place: a `schema` of another kind, and all that
/// [`decode`](super::decode()) refuses. What only an export has, as `texts`, is an unknown member.
pub fn decode_body_draft(
    node: &Node,
    kind: Kind,
    defaults: &[(&str, Value)],
) -> Result<(PartialHead, Body), ReadError> {
    let parts = Parts::of(node)?;
    if let Some(other) = parts.kind.filter(|found| *found != kind) {
        let at = node.member(SCHEMA).map_or(node.at, |schema| schema.at);
        let message = format!("expected {:?}, found {:?}", kind.schema(), other.schema());
        return Err(ReadError::new(ReadErrorKind::Schema, message)
            .or_at(at)
            .in_member(SCHEMA));
    }
    let filled = filled_in(node, defaults)?;
    let head = parts.fields(parts.head.clone(), None).decode()?;
    let mut fields = parts.fields(parts.members(|_| true), None);
    fields.members.extend(&filled);
    let body = decode_body(&fields, kind)?;
    check_trace(node, &body)?;
    Ok((head, body))
}

fn check_trace(node: &Node, body: &Body) -> Result<(), ReadError> {
    let trace = match body {
        Body::Context(context) => &context.trace,
        Body::Decision(decision) => &decision.trace,
        _ => &None,
    };
    let Some(Err(error)) = trace.as_ref().map(Trace::check) else {
        return Ok(());
    };
    let place = node.member(TRACE).unwrap_or(node);
    let place = place.member(error.what()).unwrap_or(place);
    Err(
        ReadError::new(ReadErrorKind::InvalidValue, error.to_string())
            .or_at(place.at)
            .in_member(error.what())
            .in_member(TRACE),
    )
}

const TRACE: &str = "trace";

/// The defaults of the members that `node` leaves out, placed where it begins.
fn filled_in(node: &Node, defaults: &[(&str, Value)]) -> Result<Vec<Member>, ReadError> {
    let absent = defaults
        .iter()
        .filter(|(name, _)| node.member(name).is_none());
    absent
        .map(|(name, value)| {
            let value = node_of(value).map_err(|error| {
                ReadError::new(ReadErrorKind::InvalidValue, error.to_string())
                    .or_at(node.at)
                    .in_member(name)
            })?;
            Ok(Member {
                name: (*name).to_owned(),
                at: node.at,
                value: value.moved_to(node.at),
            })
        })
        .collect()
}
