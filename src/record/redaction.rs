//! What redaction leaves in a record: the trace of what was taken out, never the value.

use serde::{Deserialize, Serialize};

use super::Name;

/// One value that a rule took out of a record before it was sealed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionTrace {
    /// The name of the rule.
    pub rule: Name,
    /// Where it was, as a JSON pointer into the record. Names of members within a value are written
    /// `*`: they are part of the value.
    pub path: String,
    /// What was found: the word for its kind, the name of a rule with a pattern of its own, or
    /// `value` where a rule took the whole of it.
    pub kind: Name,
    /// Its length in bytes.
    pub length: u64,
    /// What was done about it.
    pub treatment: RedactionTreatment,
}

/// What a redaction rule does about what it matches.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactionTreatment {
    /// `[email]` stands in its place.
    Mask,
    /// `[email:1f0c…]` stands in its place: twelve digits of a hash keyed for the tenant, the same
    /// for the same value.
    Hash,
    /// `[tok:…]` stands in its place, which gives the value back as long as there is the key of the
    /// entity that the record is about.
    Tokenise,
    /// Nothing stands in its place. A text that was sent is not stored, and its digest is.
    Drop,
    /// The record is refused.
    Block,
}

/// The path, in a trace, of the text of the item at `index`.
#[must_use]
pub fn item_text_path(index: usize) -> String {
    format!("/assembly/items/{index}/text")
}

/// The path, in a trace, of the text of the template.
pub const TEMPLATE_TEXT_PATH: &str = "/template/text";
