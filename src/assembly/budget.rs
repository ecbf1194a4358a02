//! What an assembly may use, and how the text is laid out.

use crate::record::Order;

/// A token limit: how many tokens a text may have, and by which tokenizer.
///
/// ```
/// use contextrail::assembly::Budget;
/// let budget = Budget::tokens(4_000).reserve_output(500).tokenizer("cl100k_base");
/// assert_eq!(budget.available(), Some(3_500));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Budget {
    limit: u64,
    reserve: u64,
    per_message: Option<u64>,
    tokenizer: Option<String>,
    overflow_allowed: bool,
}

impl Budget {
    /// A budget of `limit` tokens, all of them for the text.
    #[must_use]
    pub const fn tokens(limit: u64) -> Self {
        Self {
            limit,
            reserve: 0,
            per_message: None,
            tokenizer: None,
            overflow_allowed: false,
        }
    }

    /// Keeps `tokens` of the limit free for the model's answer.
    #[must_use]
    pub const fn reserve_output(mut self, tokens: u64) -> Self {
        self.reserve = tokens;
        self
    }

    /// Counts `tokens` of framing for each message, as the API that is called adds them.
    #[must_use]
    pub const fn per_message(mut self, tokens: u64) -> Self {
        self.per_message = Some(tokens);
        self
    }

    /// Names the tokenizer that counts.
    #[must_use]
    pub fn tokenizer(mut self, name: impl Into<String>) -> Self {
        self.tokenizer = Some(name.into());
        self
    }

    /// Keeps required items even where they alone go beyond the limit.
    #[must_use]
    pub const fn allow_overflow(mut self) -> Self {
        self.overflow_allowed = true;
        self
    }

    /// The limit in tokens.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Tokens kept free for the model's answer.
    #[must_use]
    pub const fn reserve(&self) -> u64 {
        self.reserve
    }

    /// Tokens left for the text and its framing; `None` when the reserve exceeds the limit.
    #[must_use]
    pub const fn available(&self) -> Option<u64> {
        self.limit.checked_sub(self.reserve)
    }

    /// Framing tokens of each message, where they count.
    #[must_use]
    pub const fn framing_per_message(&self) -> Option<u64> {
        self.per_message
    }

    /// The tokenizer named, if one is.
    #[must_use]
    pub fn tokenizer_name(&self) -> Option<&str> {
        self.tokenizer.as_deref()
    }

    /// Whether required items may go beyond the limit.
    #[must_use]
    pub const fn overflow_allowed(&self) -> bool {
        self.overflow_allowed
    }
}

/// How the items that are kept make a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Layout {
    /// What stands between two items; two line feeds by default.
    pub separator: String,
    /// In which order they stand; as added by default.
    pub order: Order,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            separator: "\n\n".to_owned(),
            order: Order::Added,
        }
    }
}
