//! Whether two copies of a record say the same.

use super::stored::texts_in_order;
use super::{Stored, Trail, TrailError};
use crate::record::{CaptureReport, Record};
use crate::seal::{Sealed, is_without_texts, open};

impl Trail {
    /// Whether an imported record says what the one that is there already says. A copy without
    /// texts and seeds says nothing that the whole record does not say.
    ///
    /// # Errors
    ///
    /// [`TrailError::BareCopy`], [`TrailError::OtherContent`].
    pub(super) fn check_copy(&self, stored: &Stored, came: &Sealed) -> Result<(), TrailError> {
        let (there, new) = (stored.record(), &came.record);
        if is_same(stored, came) {
            return Ok(());
        }
        let is_bare = is_without_texts(there);
        if is_bare == is_without_texts(new) || without_warning(there) != without_warning(new) {
            return Err(TrailError::OtherContent(new.head.id));
        }
        match is_bare {
            true => Err(TrailError::BareCopy(new.head.id)),
            false => Ok(()),
        }
    }
}

/// Whether the record that is there says the same as the one that came.
pub(super) fn is_same(stored: &Stored, came: &Sealed) -> bool {
    if stored.root() == came.root {
        return true;
    }
    let Ok(came) = open(&came.slots) else {
        return false;
    };
    facts(stored.record()) == facts(&came.record)
        && stored.personal_texts_in_order() == texts_in_order(&came.record, &came.texts)
}

/// What a record says but for the warning that its texts did not come with it.
fn without_warning(record: &Record) -> Result<serde_json::Value, String> {
    let mut value = facts(record)?;
    let warnings = value.pointer_mut("/capture/warnings");
    if let Some(warnings) = warnings.and_then(|it| it.as_array_mut()) {
        warnings.retain(|it| it != CaptureReport::WITHOUT_TEXTS);
    }
    Ok(value)
}

/// What a record says, without what differs when the same is sent twice: the time it was accepted
/// and digests keyed with seeds drawn anew.
fn facts(record: &Record) -> Result<serde_json::Value, String> {
    let mut value = serde_json::to_value(record).map_err(|error| error.to_string())?;
    if let Some(members) = value.as_object_mut() {
        members.remove("recorded_at");
    }
    forget_keyed(&mut value);
    Ok(value)
}

fn forget_keyed(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) if text.starts_with("hmac-sha256:") => *value = Value::Null,
        Value::Array(list) => list.iter_mut().for_each(forget_keyed),
        Value::Object(members) => members.values_mut().for_each(forget_keyed),
        _ => {}
    }
}
