//! What one store gives another: records, texts and keys as they are stored.

use async_trait::async_trait;

use super::{LogHead, StoreError, StoredRecord};
use crate::privacy::keys::{EntityKey, KeyId};
use crate::record::{Kind, RecordId, Tenant, Timestamp};

/// A store as of one moment, read part by part. What is appended, erased or encrypted anew meanwhile
/// is not in it.
#[async_trait]
pub trait Snapshot: Send {
    /// Every log there is and its head, in the order in which tenants first wrote.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn logs(&mut self) -> Result<Vec<(Tenant, LogHead)>, StoreError>;

    /// The records of one bucket of a log, those from `1,024 × bucket` on, in order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or a row is damaged.
    async fn bucket(&mut self, tenant: &Tenant, bucket: u64) -> Result<Vec<StoredRow>, StoreError>;

    /// The shared texts behind `after`, in the order of their digests, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or a row is damaged.
    async fn texts_after(
        &mut self,
        tenant: &Tenant,
        after: Option<[u8; 32]>,
        limit: u32,
    ) -> Result<Vec<PackedText>, StoreError>;

    /// The keys of entities behind `after`, in the order of their ids, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or a row is damaged.
    async fn entity_keys_after(
        &mut self,
        tenant: &Tenant,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<EntityKey>, StoreError>;
}

/// A record as it is stored, with what it is found by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRow {
    /// Its place, its entry and its slots, as they are stored.
    pub stored: StoredRecord,
    /// The id.
    pub id: RecordId,
    /// The kind.
    pub kind: Kind,
    /// When it happened.
    pub at: Timestamp,
    /// The keys it is found by, lowest first. Some can be told only with the keys of its owners,
    /// which whoever moves a trail need not have.
    pub keys: Vec<i64>,
}

/// A shared text as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PackedText {
    /// The SHA-256 of the text.
    pub sha256: [u8; 32],
    /// The text, compressed.
    pub body: Vec<u8>,
}

/// A part of a log of another store, as it is there.
#[derive(Clone, Debug)]
pub enum Part {
    /// Records one after the other. Those that are here already have to have the same entries; their
    /// slots and what they are found by become those of the part.
    Records(Vec<StoredRow>),
    /// Shared texts.
    Texts(Vec<PackedText>),
    /// Keys of entities.
    Keys {
        /// Those that are there, as they are encrypted there.
        there: Vec<EntityKey>,
        /// Those that are here and not there.
        gone: Vec<KeyId>,
    },
}

impl StoredRow {
    /// Whether `other` has the same place and entry; what keys its values are under, and whether they
    /// were erased, may differ.
    #[must_use]
    pub fn is_same_entry(&self, other: &Self) -> bool {
        self.stored.log_index == other.stored.log_index && self.stored.entry == other.stored.entry
    }
}
