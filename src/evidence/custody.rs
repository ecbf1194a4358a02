//! The file `custody.json`: who made the bundle, for whom, when and why.

use serde::{Deserialize, Serialize};

use super::document::{self, DocumentError};
use super::view::Custody;
use crate::record::Timestamp;
use crate::seal::SealError;

impl Custody {
    /// Reads the file, strictly.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place of what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let CustodyText {
            at,
            by,
            made_for,
            why,
        } = document::read(bytes)?;
        Ok(Self {
            by,
            made_for,
            at,
            why,
        })
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// Never: texts and times always have a canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        let Self {
            by,
            made_for,
            at,
            why,
        } = self.clone();
        document::write(&CustodyText {
            at,
            by,
            made_for,
            why,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustodyText {
    at: Timestamp,
    #[serde(default)]
    by: Option<String>,
    #[serde(default, rename = "for")]
    made_for: Option<String>,
    #[serde(default)]
    why: Option<String>,
}
