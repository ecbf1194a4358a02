//! What a bundle holds, as the readable files are derived from it.

use std::collections::BTreeMap;

use super::bundle::{FieldEntry, RecordFile};
use crate::log::Hash;
use crate::record::{Digest, EntityRef, Kind, RecordId, Tenant, Timestamp, TrailId, UsedRef};

/// The contents of a bundle that its readable files are derived from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct View {
    /// What the bundle is said to be evidence of.
    pub claim: Claim,
    /// The records, by index.
    pub records: Vec<RecordView>,
    /// The signed head of the log that every record is proved to be in.
    pub checkpoint: CheckpointView,
    /// Who made the bundle.
    pub custody: Custody,
    /// The things of which it says whether they were used.
    pub asked: Vec<UsedRef>,
}

impl Claim {
    /// The epoch of the log that `origin` names; 1 for one that names none.
    pub(super) fn epoch(&self, origin: &str) -> u64 {
        let log = format!("contextrail/{}/{}/", self.trail, self.tenant);
        let epoch = origin.strip_prefix(&log);
        epoch.and_then(|it| it.parse().ok()).unwrap_or(1)
    }
}

/// What a bundle is said to be evidence of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// One decision, a part of the log, or one entity.
    pub scope: Scope,
    /// Whose log it is.
    pub tenant: Tenant,
    /// The trail the log belongs to.
    pub trail: TrailId,
}

/// The extent of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// One decision, or all decisions on one business key, with what they rest on and what followed.
    Decision {
        /// The business key, unless it is withheld.
        subject: Option<EntityRef>,
    },
    /// Every entry of the log from one index to another, both included.
    Range {
        /// The first index.
        from: u64,
        /// The last index.
        to: u64,
    },
    /// Everything about one entity.
    Entity {
        /// The entity.
        entity: EntityRef,
    },
}

impl Scope {
    /// The word for the kind of bundle.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Decision { .. } => "decision",
            Self::Range { .. } => "range",
            Self::Entity { .. } => "entity",
        }
    }
}

/// One record of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordView {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The hash of its entry, which is its leaf in the log.
    pub entry_hash: Hash,
    /// The entry hashes of the records its entry refers to.
    pub refs: Vec<Hash>,
    /// Its fields, in byte order of path.
    pub fields: Vec<FieldEntry>,
    /// The text of a context as it was sent, unless it is withheld.
    pub text: Option<String>,
    /// The texts of its items that the bundle carries, by the digest in the record.
    pub texts: BTreeMap<Digest, String>,
}

impl RecordView {
    /// What `record` holds, without anything of its entry.
    pub(super) fn without_entry(record: &RecordFile) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            index: record.index,
            entry_hash: Hash::default(),
            refs: Vec::new(),
            fields: record.fields.clone(),
            text: None,
            texts: BTreeMap::new(),
        }
    }
}

/// A signed head of the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckpointView {
    /// The name of the log within the world: `contextrail/<trail id>/<tenant>`.
    pub origin: String,
    /// How many entries the log had.
    pub size: u64,
    /// The root over all of them.
    pub root: Hash,
    /// Who signed it, in the order of the signatures.
    pub signers: Vec<Signer>,
    /// When timestamp authorities saw it, as their tokens say.
    pub timestamps: Vec<Stamp>,
}

/// What a timestamp says. That its authority is one to trust is for the reader to check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// When the head was seen.
    pub at: Timestamp,
    /// The name in the certificate that signed.
    pub by: String,
}

/// One signature of a checkpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// The name of the key.
    pub name: String,
    /// Whose signature it is.
    pub role: SignerRole,
}

/// Whose signature one is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignerRole {
    /// The log's own.
    Log,
    /// That of a witness, who says when it saw the head.
    Witness {
        /// When the witness signed.
        at: Timestamp,
    },
    /// Neither, as far as the signature tells.
    Other,
}

/// Who made a bundle, for whom, when and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Custody {
    /// Who made it.
    pub by: Option<String>,
    /// For whom it was made.
    pub made_for: Option<String>,
    /// When it was made.
    pub at: Timestamp,
    /// Why it was made.
    pub why: Option<String>,
}
