//! Redaction: rules that take values out of records before anything of them is written.
//!
//! A trail applies its rules to every record, whichever door it comes through, and before it is
//! sealed: neither the database nor the spool ever has what they take out. Each find leaves a
//! [`RedactionTrace`](crate::record::RedactionTrace) in the record.
//!
//! Values that were not sent anywhere, such as inputs and tool outputs, are changed in place. A text
//! that was sent to a model, and a model's answer, stay what they were: no rule changes them, they
//! are stored whole or not at all, and their digest says which text it was.
//!
//! Rules are applied in their order, and each sees what those before it left. What records are
//! found and erased by stays: entities, subjects, actors, names of features and other artifacts. Of
//! these, only entities and subjects are looked at, by rules that block.
//!
//! ```
//! use contextrail::privacy::Kind;
//! use contextrail::privacy::redaction::{Match, Redaction, Rule};
//! use contextrail::record::RedactionTreatment;
//!
//! let redaction = Redaction::new()
//!     .with(Rule::new(
//!         "emails".parse()?,
//!         Match::kind(Kind::Email),
//!         RedactionTreatment::Hash,
//!     ))
//!     .with(Rule::new(
//!         "salaries".parse()?,
//!         Match::path("/inputs/salary".parse()?),
//!         RedactionTreatment::Drop,
//!     ));
//! # Ok::<(), contextrail::record::InvalidValue>(())
//! ```

mod apply;
mod error;
mod file;
mod guard;
mod path;
mod rule;
mod scrub;
mod sent;
mod walk;
mod walk_context;

use super::guardrail::HashKey;
use super::keys::TokenKey;
use super::kind::Kind;
use crate::record::{Name, RedactionTreatment};

pub use error::{Blocked, RedactError, RulesError};
pub use guard::RedactionGuard;
pub use path::PathPattern;
pub use rule::{Match, Rule};

/// An ordered set of rules.
#[derive(Clone, Debug)]
pub struct Redaction {
    rules: Vec<Rule>,
    imports: bool,
}

/// What hashes and tokens are made with.
#[derive(Clone, Debug)]
pub struct RedactionKeys {
    /// For hashes.
    pub hash: HashKey,
    /// For tokens.
    pub tokens: Tokens,
}

/// What tokens are made with.
#[derive(Clone, Debug)]
pub enum Tokens {
    /// The key of the one entity that a record is about.
    Of(TokenKey),
    /// Nothing: the record is about none or several.
    NoOwner {
        /// How many it is about.
        entities: usize,
    },
    /// Nothing is made, because what comes out is looked at and thrown away.
    Pretended,
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

impl Redaction {
    /// No rules: records are stored as they come.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rules: Vec::new(),
            imports: true,
        }
    }

    /// One rule for every kind that there is a detector for, named after it.
    #[must_use]
    pub fn of_every_kind(treatment: RedactionTreatment) -> Self {
        Kind::ALL.into_iter().fold(Self::new(), |redaction, kind| {
            let name = Name::new(kind.as_str()).expect("the words for kinds are names");
            redaction.with(Rule::new(name, Match::kind(kind), treatment))
        })
    }

    /// Adds a rule behind the others.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Whether imported records are redacted too; they are unless set. Records that are not stay as
    /// they were exported, and have the root they had.
    #[must_use]
    pub const fn with_imports(mut self, imports: bool) -> Self {
        self.imports = imports;
        self
    }

    /// Whether there is no rule.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether there is anything to be done about imported records.
    #[must_use]
    pub const fn redacts_imports(&self) -> bool {
        self.imports && !self.rules.is_empty()
    }

    /// Whether any rule makes tokens, for which keys of entities are needed.
    #[must_use]
    pub fn makes_tokens(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.treatment == RedactionTreatment::Tokenise)
    }
}
