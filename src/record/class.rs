//! The class of a value: what decides masking, redaction, sharing and erasure.

use std::fmt;
use std::str::FromStr;

use super::InvalidValue;

/// How a value has to be treated.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Ids, names, versions, times, counts, verdicts.
    Plain,
    /// Templates, and documents of a retriever that declares itself shared.
    Confidential,
    /// Everything about a person: it belongs to an entity and can be erased.
    Personal,
}

impl Class {
    /// The text that is hashed into a field commitment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Confidential => "confidential",
            Self::Personal => "personal",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        [Self::Plain, Self::Confidential, Self::Personal]
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| InvalidValue::new("class", text, "plain, confidential or personal"))
    }
}
