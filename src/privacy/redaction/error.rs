//! What can go wrong with redaction.

use crate::codec::{Position, ReadError};
use crate::privacy::RuleError;
use crate::privacy::keys::KeyError;
use crate::record::{InvalidValue, Name, RecordId};

/// A file of rules cannot be used. Every message says where it is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// The file.
        path: String,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// The document is not one of rules.
    #[error("{path}: {source}")]
    Document {
        /// The file.
        path: String,
        /// What is wrong, and where.
        source: ReadError,
    },
    /// A pattern of a rule does not compile.
    #[error("{path}: line {}, column {}: {source}", .at.line, .at.column)]
    Pattern {
        /// The file.
        path: String,
        /// Where the pattern begins.
        at: Position,
        /// What is wrong with it, and where in it.
        source: RuleError,
    },
    /// A rule makes no sense.
    #[error("{path}: line {}, column {}: the rule {rule:?} {what}", .at.line, .at.column)]
    Rule {
        /// The file.
        path: String,
        /// Where it is.
        at: Position,
        /// Its name.
        rule: Name,
        /// What is wrong with it.
        what: String,
    },
    /// A path of a rule is none.
    #[error("{path}: line {}, column {}: {source}", .at.line, .at.column)]
    Path {
        /// The file.
        path: String,
        /// Where it is.
        at: Position,
        /// What is wrong with it.
        source: InvalidValue,
    },
}

/// A rule keeps a record from being stored as it is. It names the place, and never the value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the redaction rule {rule} blocks {kind} at {path}{}", standing(.recorded.as_ref()))]
pub struct Blocked {
    /// The rule.
    pub rule: Name,
    /// Where it is, as a JSON pointer in which names within a value are `*`.
    pub path: String,
    /// What was found.
    pub kind: Name,
    /// The record that says that the context was refused, if it is stored.
    pub recorded: Option<RecordId>,
}

/// Why a record cannot be redacted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// A rule blocks it.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// A token is made under the key of the one entity that a record is about.
    #[error(
        "the redaction rule {rule} makes tokens under the key of the entity that a record is about, and this one is about {entities}: `hash` and `mask` need none (at {path})"
    )]
    NoOwner {
        /// The rule.
        rule: Name,
        /// Where it is.
        path: String,
        /// How many the record is about.
        entities: usize,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

fn standing(id: Option<&RecordId>) -> String {
    id.map_or_else(
        || ": nothing is stored".to_owned(),
        |id| format!(" (recorded as {id})"),
    )
}
