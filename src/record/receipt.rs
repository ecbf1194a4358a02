//! What the caller of a write gets back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Digest, Kind, RecordId, Tenant};

/// Proof for the caller that a record was accepted, and how safe it is by now.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The id of the record.
    pub id: RecordId,
    /// The kind of the record.
    pub kind: Kind,
    /// The tenant whose log holds it.
    pub tenant: Tenant,
    /// Its place in the log, from 0; absent while it is only queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// The hash of its log entry; absent while it is only queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_hash: Option<Digest>,
    /// How safe the record is.
    pub acknowledged: Acknowledged,
}

/// How safe a record is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledged {
    /// In a bounded queue or spool; a crash of the machine may lose it.
    Queued,
    /// Committed and synced to disk.
    Durable,
    /// Under a signed checkpoint.
    Checkpointed,
    /// Under a checkpoint that a witness cosigned.
    Witnessed,
    /// Under a checkpoint with a trusted timestamp.
    Timestamped,
}

impl Acknowledged {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Durable => "durable",
            Self::Checkpointed => "checkpointed",
            Self::Witnessed => "witnessed",
            Self::Timestamped => "timestamped",
        }
    }
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
