//! Why an assembly was refused, and why a record cannot be rendered.

use crate::record::AssemblyRecord;

use super::tokenizer::TokenizerError;

/// There is no text for these candidates and this budget.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// The required items alone go beyond the budget.
    #[error(
        "the required items need {needed} tokens and {available} are available; raise the limit, \
         let more of them be cut, or allow overflow"
    )]
    RequiredOverBudget {
        /// Tokens of all required items uncut, with separators and framing.
        needed: u64,
        /// Tokens that the budget leaves for them.
        available: u64,
        /// The items and the budget, with every item dropped and no text.
        record: Box<AssemblyRecord>,
    },
    /// The reserve for the answer is larger than the limit.
    #[error("{reserve} tokens cannot be reserved out of a limit of {limit}")]
    ReserveExceedsLimit {
        /// The limit in tokens.
        limit: u64,
        /// The reserve in tokens.
        reserve: u64,
    },
    /// The budget names another tokenizer than the one that counts.
    #[error("the budget is in tokens of {expected} and the counter counts those of {found}")]
    TokenizerMismatch {
        /// The tokenizer of the budget.
        expected: String,
        /// The tokenizer of the counter.
        found: String,
    },
    /// A custom tokenizer has a name or an engine that a record cannot hold.
    #[error("the tokenizer cannot be named in a record")]
    TokenizerName(#[source] crate::record::InvalidValue),
    /// The text of an item is not at hand.
    #[error("the text of item {index} is missing")]
    MissingText {
        /// The index of the item.
        index: u64,
    },
    /// A text could not be counted.
    #[error("a text could not be counted")]
    Tokenizer(#[from] TokenizerError),
}

impl AssemblyError {
    /// A stable word for the cause, as records note it: `required_over_budget`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RequiredOverBudget { .. } => "required_over_budget",
            Self::ReserveExceedsLimit { .. } => "reserve_exceeds_limit",
            Self::TokenizerMismatch { .. } => "tokenizer_mismatch",
            Self::TokenizerName(_) => "tokenizer_name",
            Self::MissingText { .. } => "missing_text",
            Self::Tokenizer(_) => "uncountable_text",
        }
    }
}

/// A record cannot be rendered from these texts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The text of an item is not at hand.
    #[error("the text of item {index} is missing")]
    MissingText {
        /// The index of the item.
        index: u64,
    },
    /// What the record says was kept of an item is not in its text.
    #[error(
        "item {index} keeps bytes {from} to {to}, which its text of {bytes} bytes does not have"
    )]
    KeptOutside {
        /// The index of the item.
        index: u64,
        /// The first byte kept.
        from: u64,
        /// The byte after the last one kept.
        to: u64,
        /// Length of the text in bytes.
        bytes: usize,
    },
    /// A truncated item does not say which part was kept.
    #[error("item {index} is truncated, and {found} kept ranges do not say how")]
    KeptMissing {
        /// The index of the item.
        index: u64,
        /// How many ranges the record has.
        found: usize,
    },
}
