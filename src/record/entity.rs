//! Entities: what compliance asks about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{InvalidValue, Name};

/// A thing or person that records are about, written `type:id` and split at the first `:`.
///
/// ```
/// use contextrail::record::EntityRef;
/// let entity: EntityRef = "applicant:user:456".parse().unwrap();
/// assert_eq!((entity.kind.as_str(), entity.id.as_str()), ("applicant", "user:456"));
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityRef {
    /// The type: `applicant`, `customer`. It has no `:`.
    #[serde(rename = "type")]
    pub kind: Name,
    /// The id within the type.
    pub id: Name,
}

impl EntityRef {
    /// Checks both parts.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when either is not a [`Name`] or the type has a `:`.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Result<Self, InvalidValue> {
        let kind = Name::new(kind)?;
        if kind.as_str().contains(':') {
            return Err(InvalidValue::new("entity type", kind.as_str(), "no `:`"));
        }
        Ok(Self {
            kind,
            id: Name::new(id)?,
        })
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for EntityRef {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (kind, id) = text.split_once(':').ok_or_else(|| {
            InvalidValue::new("entity", text, "type:id, such as applicant:user_456")
        })?;
        Self::new(kind, id)
            .map_err(|_| InvalidValue::new("entity", text, "type:id, such as applicant:user_456"))
    }
}

/// Serialises an [`EntityRef`] as `type:id`, for members that hold a reference in one text.
pub(crate) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::EntityRef;

    #[expect(clippy::ref_option, reason = "serde gives the field by reference")]
    pub(crate) fn serialize<S: Serializer>(
        entity: &Option<EntityRef>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match entity {
            Some(entity) => serializer.collect_str(entity),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<EntityRef>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(de::Error::custom))
            .transpose()
    }
}
