//! The one error of values that do not have the form their type asks for.

/// A text that does not have the form its type asks for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{value:?} is not a valid {what}: expected {expected}")]
pub struct InvalidValue {
    what: &'static str,
    value: String,
    expected: String,
}

impl InvalidValue {
    /// Says `what` was being read, the offending text (shortened) and what was `expected`.
    pub fn new(what: &'static str, value: &str, expected: impl Into<String>) -> Self {
        let mut shown: String = value.chars().take(SHOWN_CHARS).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self {
            what,
            value: shown,
            expected: expected.into(),
        }
    }

    /// What was being read: `id`, `time`, `entity`.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.what
    }
}

const SHOWN_CHARS: usize = 80;
