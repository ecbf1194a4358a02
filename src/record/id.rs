//! Identifiers of records: UUIDv7 in the usual hyphenated form, one type per kind of record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use super::InvalidValue;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Uuid);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut text = Uuid::encode_buffer();
                serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut text))
            }
        }

        impl $name {
            /// Wraps a UUID that an [`IdSource`](super::IdSource) made.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The 16 bytes of the id; their order is the order of creation times.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                parse_uuid(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

macro_rules! record_id_type {
    ($(#[$doc:meta])* $name:ident) => {
        id_type!($(#[$doc])* $name);

        impl From<$name> for RecordId {
            fn from(id: $name) -> RecordId {
                RecordId(id.0)
            }
        }

        impl From<RecordId> for $name {
            fn from(id: RecordId) -> $name {
                $name(id.0)
            }
        }
    };
}

id_type! {
    /// Names one record of any kind.
    RecordId
}
record_id_type! {
    /// Names one context record.
    ContextId
}
record_id_type! {
    /// Names one generation: a model's answer to a context.
    GenerationId
}
record_id_type! {
    /// Names one business decision.
    DecisionId
}
record_id_type! {
    /// Names one human review.
    ReviewId
}
record_id_type! {
    /// Names one outcome event.
    OutcomeId
}
record_id_type! {
    /// Names one legal hold.
    HoldId
}
id_type! {
    /// Names one trail; stays the same when the trail moves between stores.
    TrailId
}

fn parse_uuid(text: &str) -> Result<Uuid, InvalidValue> {
    let malformed = || {
        InvalidValue::new(
            "id",
            text,
            "a UUID such as 01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b",
        )
    };
    if text.len() != 36 {
        return Err(malformed());
    }
    let uuid = Uuid::try_parse(text).map_err(|_| malformed())?;
    if uuid.get_version_num() != 7 {
        return Err(InvalidValue::new("id", text, "a UUID of version 7"));
    }
    Ok(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let text = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
        assert_eq!(text.parse::<ContextId>().unwrap().to_string(), text);
    }

    #[test]
    fn another_version_and_a_path_are_refused() {
        assert!(
            "7c9e6679-7425-40de-944b-e07fc1f90ae7"
                .parse::<RecordId>()
                .is_err()
        );
        assert!("../../etc/passwd".parse::<RecordId>().is_err());
        assert!(
            "01948c9a2b3e7d4f8e5a1c2d3e4f5a6b"
                .parse::<RecordId>()
                .is_err()
        );
    }
}
