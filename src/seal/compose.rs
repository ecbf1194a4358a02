//! From fields back to a record.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::OpenError;
use super::field::Fields;
use crate::record::{Actor, Body, Head, Kind, Record, RecordId, Tenant, Timestamp};

/// The record that `fields` make up.
pub(super) fn compose(fields: &Fields) -> Result<Record, OpenError> {
    let mut members = tree(fields)?;
    let schema: String = take(&mut members, "schema")?;
    let kind = Kind::of_schema(&schema).ok_or_else(|| OpenError::Shape {
        kind: "known",
        reason: format!("its schema is {schema:?}, which this version does not know"),
    })?;
    let id: RecordId = take(&mut members, "id")?;
    let tenant: Tenant = take(&mut members, "tenant")?;
    let recorded_at: Timestamp = take(&mut members, "recorded_at")?;
    let actor: Actor = take(&mut members, "actor")?;
    Ok(Record {
        head: Head {
            id,
            tenant,
            recorded_at,
            actor,
        },
        body: body(kind, Value::Object(members))?,
    })
}

/// The JSON object that `fields` make up.
fn tree(fields: &Fields) -> Result<Map<String, Value>, OpenError> {
    let mut root = Value::Object(Map::new());
    for field in fields.iter() {
        let misplaced = || OpenError::Field {
            path: field.path.to_owned(),
        };
        let mut value = serde_json::from_slice(field.value).map_err(|_| misplaced())?;
        restore_doubles(&mut value);
        place(&mut root, field.path, value).ok_or_else(misplaced)?;
    }
    match root {
        Value::Object(members) => Ok(members),
        _ => Err(OpenError::Field {
            path: String::new(),
        }),
    }
}

/// RFC 8785 writes whole doubles without a point. Integers are sealed up to 2^53 − 1 alone, so what
/// is larger was a double, and has to be one again to be written and read by others.
fn restore_doubles(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let is_safe = |it: i64| it.unsigned_abs() <= MAX_SAFE_INTEGER;
            if (number.is_u64() || number.is_i64()) && !number.as_i64().is_some_and(is_safe) {
                *value = number.as_f64().map_or(Value::Null, Value::from);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(restore_doubles),
        Value::Object(members) => members.values_mut().for_each(restore_doubles),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Puts `value` where `path` points; `None` when something else is in the way.
fn place(root: &mut Value, path: &str, value: Value) -> Option<()> {
    let mut at = root;
    let mut parent = "";
    let tokens = path.strip_prefix('/')?.split('/');
    let mut in_map = false;
    for token in tokens {
        let is_list = !in_map && LISTS.contains(&parent);
        if at.is_null() {
            *at = if is_list {
                Value::Array(Vec::new())
            } else {
                Value::Object(Map::new())
            };
        }
        at = match at {
            Value::Array(list) => {
                let index: usize = token.parse().ok().filter(|index| *index < MAX_ELEMENTS)?;
                if list.len() <= index {
                    list.resize(index + 1, Value::Null);
                }
                &mut list[index]
            }
            Value::Object(members) => members
                .entry(token.replace("~1", "/").replace("~0", "~"))
                .or_insert(Value::Null),
            _ => return None,
        };
        in_map = !in_map && MAPS.contains(&token);
        parent = token;
    }
    merge(at, value)
}

/// A parent's own field can come before or after what was cut out of it.
fn merge(at: &mut Value, value: Value) -> Option<()> {
    match (&mut *at, value) {
        (Value::Null, value) => *at = value,
        (Value::Object(members), Value::Object(more)) => {
            for (name, value) in more {
                if members.insert(name, value).is_some() {
                    return None;
                }
            }
        }
        _ => return None,
    }
    Some(())
}

fn take<T: for<'de> Deserialize<'de>>(
    members: &mut Map<String, Value>,
    name: &str,
) -> Result<T, OpenError> {
    let value = members.remove(name).unwrap_or(Value::Null);
    T::deserialize(value).map_err(|_| OpenError::Field {
        path: format!("/{name}"),
    })
}

fn body(kind: Kind, members: Value) -> Result<Body, OpenError> {
    fn read<T: for<'de> Deserialize<'de>>(kind: Kind, members: Value) -> Result<Box<T>, OpenError> {
        T::deserialize(members)
            .map(Box::new)
            .map_err(|error| OpenError::Shape {
                kind: kind.as_str(),
                reason: error.to_string(),
            })
    }
    Ok(match kind {
        Kind::Context => Body::Context(read(kind, members)?),
        Kind::Generation => Body::Generation(read(kind, members)?),
        Kind::Decision => Body::Decision(read(kind, members)?),
        Kind::Review => Body::Review(read(kind, members)?),
        Kind::Outcome => Body::Outcome(read(kind, members)?),
        Kind::Import => Body::Import(read(kind, members)?),
        Kind::Key => Body::Key(read(kind, members)?),
        Kind::Succession => Body::Succession(read(kind, members)?),
    })
}

/// Members that are lists cut into their elements.
pub(crate) const LISTS: [&str; 18] = [
    "approved_by",
    "caused_by",
    "checks",
    "contexts",
    "entities",
    "features",
    "generations",
    "guardrails",
    "items",
    "parents",
    "rationale",
    "reasons",
    "results",
    "retrievals",
    "tool_calls",
    "tools",
    "violations",
    "warnings",
];
/// Members that are maps cut into their members, whose names are the caller's.
pub(crate) const MAPS: [&str; 7] = [
    "extra",
    "filters",
    "governed_by",
    "inputs",
    "kpis",
    "output",
    "variables",
];
const MAX_ELEMENTS: usize = 4_096;
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
