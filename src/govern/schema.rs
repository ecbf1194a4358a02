//! The form of objectives, for editors.

use crate::record::Objective;

/// The JSON Schema of an objective, as `docs/schema/objective.json` has it.
#[must_use]
pub fn objective_schema() -> String {
    let mut schema = schemars::schema_for!(Objective).to_value();
    if let Some(members) = schema.as_object_mut() {
        members.insert("title".to_owned(), "Contextrail objective".into());
    }
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}
