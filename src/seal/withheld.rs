//! What stands in the place of values that are not here.

use super::slot::Slot;

/// What stands in the place of the value at `path` in a record that is read, as JSON.
///
/// A member that may be left out is left out: its stand-in is empty. What has to be there is
/// [`WITHHELD`], or an object with it; entities stay apart by their slots. Members of maps that are
/// the caller's keep their names.
pub(super) fn stand_in(path: &str, slot: Slot) -> String {
    let (_, tokens) = path.split_once('/').unwrap_or_default();
    let first = tokens.split('/').next().unwrap_or_default();
    let last = tokens.rsplit('/').next().unwrap_or_default();
    let below = path.matches('/').count();
    let text = || format!("\"{WITHHELD}\"");
    match (first, last) {
        ("entities", _) | ("subject", _) | ("target", "entity") => {
            let slot = slot.number();
            format!("{{\"id\":\"{slot}\",\"type\":\"{WITHHELD}\"}}")
        }
        ("actor" | "approved_by" | "author" | "holder" | "placed_by", _)
        | ("allowed_unmeasured", "by") => {
            format!("{{\"id\":\"{WITHHELD}\",\"kind\":\"human\",\"method\":\"asserted\"}}")
        }
        ("decided_by", _) => format!("{{\"id\":\"{WITHHELD}\",\"kind\":\"human\"}}"),
        ("owners", _) => format!("{{\"name\":\"{WITHHELD}\"}}"),
        ("slices", _) if below == 2 => text(),
        ("rationale", "contribution") => "0".to_owned(),
        ("inputs" | "extra" | "output", _) if below == 2 => text(),
        ("template", _) if path.starts_with("/template/variables/") => text(),
        ("retrievals", "query" | "document") => text(),
        ("retrievals", _) if path.contains("/filters/") => text(),
        ("freshness", "ref") => text(),
        ("capture", _) if path.starts_with("/capture/warnings/") => text(),
        (_, "message") => text(),
        ("text" | "outcome" | "kind" | "original_outcome" | "reason", _) if below == 1 => text(),
        _ => String::new(),
    }
}

/// The text in the place of one that is not here.
pub const WITHHELD: &str = "[withheld]";
