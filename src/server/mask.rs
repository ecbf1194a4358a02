//! Records as they are given: whole, or with what is personal masked.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::record::Class;
use crate::trail::{Stored, Trail};

/// The record as JSON, whole but for what was erased.
pub(super) async fn whole(trail: &Trail, stored: &Stored) -> Result<Value, Problem> {
    let exported = trail.export(stored, false).await?;
    serde_json::to_value(&exported).map_err(|error| Problem::internal(error.to_string()))
}

/// The record as JSON with every personal value masked; `withheld` says where.
///
/// What is personal is what the record was sealed with as personal: the fields that erasing would
/// take away. A personal field that has no place in the JSON is an error, never shown.
pub(super) async fn masked(trail: &Trail, stored: &Stored) -> Result<Value, Problem> {
    let mut value = whole(trail, stored).await?;
    let mut why = match value.as_object_mut().and_then(|it| it.remove("withheld")) {
        Some(Value::Object(why)) => why,
        _ => Map::new(),
    };
    let mut masked: Vec<String> = Vec::new();
    let mut fields = trail.disclose(stored).await?;
    fields.retain(|it| it.class == Class::Personal);
    for field in fields {
        let within = |it: &String| {
            field
                .path
                .strip_prefix(it.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        if masked.iter().any(within) {
            continue;
        }
        let Some(place) = value.pointer_mut(&field.path) else {
            return Err(Problem::internal(format!(
                "{} of {} has no place to be masked at",
                field.path,
                stored.id()
            )));
        };
        *place = MASKED.into();
        why.entry(field.path.clone())
            .or_insert_with(|| "masked".into());
        masked.push(field.path);
    }
    if let Some(members) = value.as_object_mut()
        && !why.is_empty()
    {
        members.insert("withheld".to_owned(), Value::Object(why));
    }
    Ok(value)
}

/// What stands in the place of a value that is masked.
pub(super) const MASKED: &str = "[masked]";
