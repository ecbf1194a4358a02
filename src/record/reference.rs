//! What a record can be found by.

use std::fmt;
use std::str::FromStr;

use super::{InvalidValue, Name, Section, Version};

/// Something a context used, as it is asked for: `KIND:REF[@VERSION]`.
///
/// ```
/// use contextrail::record::{UsedKind, UsedRef};
/// let used: UsedRef = "document:doc_456#chunk_abc@7".parse().unwrap();
/// assert_eq!(used.kind, UsedKind::Document);
/// assert_eq!(used.name.as_str(), "doc_456#chunk_abc");
/// assert_eq!(used.version.unwrap().as_str(), "7");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UsedRef {
    /// What kind of thing.
    pub kind: UsedKind,
    /// Its name; for a document `doc`, or `doc#chunk`.
    pub name: Name,
    /// Its version; any when left out.
    pub version: Option<Version>,
}

/// A kind of thing a context can use.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum UsedKind {
    /// A feature.
    Feature,
    /// A retrieved document or a chunk of it.
    Document,
    /// A retriever's index.
    Index,
    /// A prompt template.
    Template,
    /// A model.
    Model,
    /// A guardrail.
    Guardrail,
    /// The policy of a guardrail, or the policy that governed a decision.
    Policy,
}

impl UsedKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Feature,
        Self::Document,
        Self::Index,
        Self::Template,
        Self::Model,
        Self::Guardrail,
        Self::Policy,
    ];

    /// The word before the `:`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Document => "document",
            Self::Index => "index",
            Self::Template => "template",
            Self::Model => "model",
            Self::Guardrail => "guardrail",
            Self::Policy => "policy",
        }
    }

    /// The section of a context in which everything of this kind stands.
    #[must_use]
    pub const fn section(self) -> Section {
        match self {
            Self::Feature => Section::Features,
            Self::Document | Self::Index => Section::Retrievals,
            Self::Template => Section::Template,
            Self::Model => Section::Model,
            Self::Guardrail | Self::Policy => Section::Guardrails,
        }
    }
}

impl UsedRef {
    /// The document and the chunk of it, where a chunk is asked for.
    #[must_use]
    pub fn chunk(&self) -> Option<(Name, Name)> {
        let (document, chunk) = match self.kind {
            UsedKind::Document => self.name.as_str().split_once('#')?,
            _ => return None,
        };
        Some((document.parse().ok()?, chunk.parse().ok()?))
    }
}

impl fmt::Display for UsedRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.name)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

impl FromStr for UsedRef {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            let kinds = UsedKind::ALL.map(UsedKind::as_str).join(", ");
            let expected = format!("KIND:REF or KIND:REF@VERSION, with KIND one of {kinds}");
            InvalidValue::new("reference", text, expected)
        };
        let (kind, rest) = text.split_once(':').ok_or_else(malformed)?;
        let kind = UsedKind::ALL
            .into_iter()
            .find(|known| known.as_str() == kind)
            .ok_or_else(malformed)?;
        let (name, version) = match rest.rsplit_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (rest, None),
        };
        Ok(Self {
            kind,
            name: name.parse().map_err(|_| malformed())?,
            version: version
                .map(str::parse)
                .transpose()
                .map_err(|_| malformed())?,
        })
    }
}
