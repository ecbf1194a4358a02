//! Why a record cannot be sealed or opened.

use crate::record::InvalidValue;

/// Why a record cannot be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A number that JSON readers do not agree on.
    #[error("the number {0} cannot be recorded exactly: send it as a string")]
    Number(String),
    /// Values nested too deeply.
    #[error("values are nested deeper than 32: flatten them")]
    TooDeep,
    /// Two members of one object with the same name.
    #[error("the member {0:?} is there twice")]
    DuplicateMember(String),
    /// More fields than a record may have.
    #[error("the record has {0} fields, more than 4096: split it, or shorten its lists")]
    TooManyFields(usize),
    /// More references than an entry may have.
    #[error("the record refers to {0} records, more than 64: link them in steps")]
    TooManyReferences(usize),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoEntropy(#[source] getrandom::Error),
    /// A value that cannot be written as JSON.
    #[error("{0}")]
    Unwritable(String),
}

impl serde::ser::Error for SealError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Unwritable(message.to_string())
    }
}

/// Why stored bytes cannot be read back as a record: the evidence is damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The payload ends early or says what it cannot.
    #[error("the payload of slot {slot} is damaged: {what}")]
    Payload {
        /// The slot concerned.
        slot: u16,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The fields do not make up a record.
    #[error("the field {path} does not fit into the record")]
    Field {
        /// The path of the field.
        path: String,
    },
    /// A commitment is not that to the value.
    #[error("the commitment to {path} that is stored is not that to its value")]
    Commitment {
        /// The path of the field.
        path: String,
    },
    /// The record composed from the fields is not one this version knows.
    #[error("the fields do not make up a {kind} record: {reason}")]
    Shape {
        /// The kind the record should have.
        kind: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// A value has a form its type does not allow.
    #[error(transparent)]
    Value(#[from] InvalidValue),
}
