//! Log entries: one line of the log, committing to one record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::SealError;
use super::canonical::to_canonical;
use crate::log::{Hash, hash_leaf};
use crate::record::{Kind, RecordId, Timestamp};

/// One line of the log: canonical JSON under 4 KiB, without personal data.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The time of the append.
    pub at: Timestamp,
    /// The id of the record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// The number of its fields.
    pub n: u64,
    /// The entry hashes, in base64, of the records it refers to.
    pub refs: Vec<String>,
    /// The root over its fields, in base64.
    pub root: String,
    /// Its schema.
    pub schema: String,
    /// The version of this form: 1.
    pub v: u64,
}

impl Entry {
    /// The entry of a record with `fields` fields under `root`, appended at `at`.
    #[must_use]
    pub fn new(
        at: Timestamp,
        id: RecordId,
        kind: Kind,
        (fields, root): (u64, &Hash),
        refs: &[Hash],
    ) -> Self {
        Self {
            at,
            id,
            kind,
            n: fields,
            refs: refs.iter().map(|hash| BASE64.encode(hash)).collect(),
            root: BASE64.encode(root),
            schema: kind.schema().to_owned(),
            v: 1,
        }
    }

    /// The bytes that are stored and hashed.
    ///
    /// # Errors
    ///
    /// Never for entries made by [`Entry::new`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        to_canonical(self)
    }

    /// The root over the record's fields, as bytes; `None` when it is not 32 bytes in base64.
    #[must_use]
    pub fn root_hash(&self) -> Option<Hash> {
        BASE64.decode(&self.root).ok()?.try_into().ok()
    }
}

/// The hash of an entry, which is its leaf in the log: `SHA-256(0x00 ‖ entry)`.
#[must_use]
pub fn entry_hash(entry: &[u8]) -> Hash {
    hash_leaf(entry)
}

/// The most records one entry may refer to.
pub const MAX_REFERENCES: usize = 64;
