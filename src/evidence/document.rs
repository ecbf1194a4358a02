//! JSON files of a bundle: read strictly, and written in one form (RFC 8785).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{ReadError, decode, read_json};
use crate::seal::{SealError, to_canonical};

/// Why a JSON file of a bundle cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not what the format demands.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Members that belong together are not there together, or contradict each other.
    #[error("{at}: {what}")]
    Shape {
        /// The member concerned.
        at: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It says the right thing in other bytes.
    #[error("the file is not in canonical form (RFC 8785)")]
    NotCanonical,
}

/// Reads a document of the form `T`, and nothing besides.
pub(super) fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, DocumentError> {
    let document: T = decode(&read_json(bytes)?)?;
    match write(&document) {
        Ok(canonical) if canonical == bytes => Ok(document),
        _ => Err(DocumentError::NotCanonical),
    }
}

/// The canonical bytes of `document`.
pub(super) fn write<T: Serialize>(document: &T) -> Result<Vec<u8>, SealError> {
    to_canonical(document)
}

/// Bytes in padded base64.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text);
        bytes
            .map(Self)
            .map_err(|_| D::Error::custom("not bytes in padded base64"))
    }
}

/// 32 bytes in padded base64: a hash, a salt, a seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Bytes32(pub(super) [u8; 32]);

impl Serialize for Bytes32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        let bytes = bytes.try_into();
        bytes
            .map(Self)
            .map_err(|_| D::Error::custom("not 32 bytes in padded base64"))
    }
}
