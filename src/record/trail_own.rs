//! The trail's own records: what was done to the log itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Actor, Digest, VersionedName};

/// An import of records made elsewhere: the trail's own record of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// SHA-256 of the imported document's bytes.
    pub file_digest: Digest,
    /// How many records of each kind it held.
    pub counts: BTreeMap<String, u64>,
}

/// Something done to a key: the trail's own record of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEvent {
    /// Which keys it is about.
    pub level: KeyLevel,
    /// What was done.
    pub action: KeyAction,
    /// The key it was done to: a verification key in signed-note form, `name+hash+key`; the name of a
    /// key-encryption key; `epoch N` of the tenant's key; what stands for an entity where its keys
    /// are kept, in hexadecimal. It names nobody.
    pub key_id: String,
    /// The size of the log from which it holds.
    pub tree_size: u64,
    /// Why, for what cannot be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who approved that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<Actor>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyLevel {
    /// The key that signs the log's checkpoints.
    Signing,
    /// The key that the keys of tenants are encrypted under.
    KeyEncryption,
    /// The key of the tenant, that the keys of entities are encrypted under.
    Tenant,
    /// The keys of one entity, that its values are encrypted under.
    Entity,
}

/// What was done to a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAction {
    /// It took over from the key before it. Of the key that signs: which signs one last checkpoint
    /// beside it. Of the others: and everything was encrypted under it that was under that one.
    Rotate,
    /// Nothing it signed for a log of this size or larger is to be trusted.
    Revoke,
    /// It was destroyed: nothing encrypted under it can be read again.
    Destroy,
}

/// A new epoch of a log whose newest head could not be reached any more: after a restore.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Succession {
    /// The epoch that begins, from 2.
    pub epoch: u64,
    /// The head that was found, and that the log goes on from.
    pub restored: HeadStatement,
    /// The newest head that was known.
    pub known: HeadStatement,
    /// The first index whose entry is lost or not the one known; as far back as heads can tell.
    pub lost_from: u64,
    /// The index behind the last one that is lost.
    pub lost_to: u64,
    /// Why the log goes on all the same.
    pub reason: String,
    /// Who approved that.
    pub approved_by: Vec<Actor>,
}

/// The values of a person or thing, erased: what is left of them are the commitments.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// Who was erased: a digest of `type:id` under a key of the tenant.
    pub subject_digest: Digest,
    /// Why.
    pub reason: String,
    /// Who approved it: two people.
    pub approved_by: Vec<Actor>,
    /// The values that are gone: the index of the record in the log, and the slot of it.
    pub slots: Vec<[u64; 2]>,
    /// How many keys were destroyed.
    pub keys: u64,
    /// What stays for now, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptValues>,
}

/// Values that an erasure left, since something forbids that they go.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptValues {
    /// The index of the record in the log.
    pub log_index: u64,
    /// The hold or the retention floor that keeps them.
    pub why: String,
}

/// A head of a log, as a record states it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadStatement {
    /// The origin of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Digest,
}

/// The values of records, moved to a segment of the archive: what the log says of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archival {
    /// The policy by which they were due.
    pub policy: VersionedName,
    /// SHA-256 of the segment: its name, and what every byte of it is held against.
    pub segment: Digest,
    /// How many bytes the segment has.
    pub bytes: u64,
    /// How many records have values in it.
    pub records: u64,
    /// The lowest index of these in the log.
    pub first: u64,
    /// The highest.
    pub last: u64,
    /// How many bytes the values took in the database before.
    pub replaced: u64,
    /// Where the segment was put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}
