//! Where trails are kept: the [`Store`] trait, its backends, and the appender before them.

mod appender;
mod archive;
mod error;
mod examine;
mod frame;
mod load;
mod locked;
mod lookup;
mod memory;
mod pack;
mod part;
mod prepared;
mod rekey;
mod spool;
#[cfg(feature = "sqlite")]
mod sql;
mod verification;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::log::{Hash, TileId};
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId, OpenedKeys, Vault};
use crate::record::{Kind, RecordId, Tenant, Timestamp, TrailId};
use crate::seal::{Slot, SlotBytes};

pub use appender::{Appender, AppenderOptions, Reply};
#[cfg(feature = "archive")]
pub use archive::ObjectArchive;
pub use archive::{
    Archive, ArchiveChoice, ArchiveError, Archived, NewSegment, SegmentId, SegmentWriter, Segments,
};
pub use error::{BoxError, StoreError};
pub use load::{COMMIT_BOUNDS_US, GROUP_BOUNDS, Load};
pub use locked::{DamagedSlot, Unlocked};
pub use lookup::{Handle, KeyRange, handles};
pub use memory::MemoryStore;
pub use part::{PackedText, Part, Snapshot, StoredRow};
pub use prepared::{PrepareError, Prepared};
pub use rekey::{Rekey, Relocked, Replacements};
pub use spool::{Backlog, Spool, Spooled};
#[cfg(feature = "sqlite")]
pub use sql::{Access, SqliteStore, WriterLock};
#[cfg(feature = "postgres")]
pub use sql::{PostgresPlace, PostgresStore};

pub use verification::{Finding, Verification, VerifyPlan};

/// A place where trails are kept. It appends and reads; it has no way to change what records say, or
/// to remove it.
///
/// Every method names a tenant first: one tenant's log never shows in another's answers.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Appends `batch` behind the end of the log, in order, each under an entry made at `at`.
    ///
    /// The append is atomic and durable: when it returns, either every record of the batch is
    /// stored at contiguous indexes, or nothing has changed. A record whose id is there already is
    /// not stored again; the entry that is there is given back.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has been stored then.
    async fn append(
        &self,
        tenant: &Tenant,
        batch: &[Prepared],
        at: Timestamp,
    ) -> Result<Vec<Placed>, StoreError>;

    /// The ids that begin with the bits of `prefix`, lowest first, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn locate(
        &self,
        tenant: &Tenant,
        prefix: IdPrefix,
        limit: u32,
    ) -> Result<Vec<Located>, StoreError>;

    /// The indexes of records that fit `find`, in its order, `limit` at most.
    ///
    /// Handles narrow the search by hashed keys: the caller compares them with the record read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn find(&self, tenant: &Tenant, find: &Find, limit: u32) -> Result<Vec<u64>, StoreError>;

    /// The records at `indexes`, in that order; an index without a record is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or a row is damaged.
    async fn read(&self, tenant: &Tenant, indexes: &[u64])
    -> Result<Vec<StoredRecord>, StoreError>;

    /// The shared texts with these SHA-256 digests, in that order, `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or a text is not that of its digest.
    async fn texts(
        &self,
        tenant: &Tenant,
        digests: &[[u8; 32]],
    ) -> Result<Vec<Option<Arc<str>>>, StoreError>;

    /// The keys of these entities, as they are stored.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn entity_keys(
        &self,
        tenant: &Tenant,
        entities: &[EntityHandle],
    ) -> Result<Vec<EntityKey>, StoreError>;

    /// Takes values away for ever, and appends the record that says so: all of it, or nothing.
    ///
    /// The bytes of what goes are overwritten. A log that has grown since it was looked through by a
    /// record that is found by one of the keys, or by a legal hold, is left as it is, and `None` is
    /// given.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has been taken away then.
    async fn erase(
        &self,
        tenant: &Tenant,
        removal: &Removal,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError>;

    /// What the records at `indexes` are found by, in no order: each key, with the index.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn found_by(
        &self,
        tenant: &Tenant,
        indexes: &[u64],
    ) -> Result<Vec<(i64, u64)>, StoreError>;

    /// The keys of all entities behind `after`, in the order of their ids, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn entity_keys_after(
        &self,
        tenant: &Tenant,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<EntityKey>, StoreError>;

    /// How many keys of entities are encrypted under each epoch of the tenant's key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn keys_by_epoch(&self, tenant: &Tenant) -> Result<BTreeMap<u32, u64>, StoreError>;

    /// Makes `change`, atomically and durably: which keys values are encrypted under, and nothing
    /// else. `false` when the log has another size than it asks for; nothing has changed then.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has changed then.
    async fn rekey(&self, tenant: &Tenant, change: &Rekey) -> Result<bool, StoreError>;

    /// Everything there is as of now, to be read part by part.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn snapshot<'s>(&'s self) -> Result<Box<dyn Snapshot + 's>, StoreError>;

    /// Takes over the id of another trail, whose log is to come here. `false` when there is a record
    /// already; nothing has changed then.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has changed then.
    async fn adopt(&self, trail: TrailId) -> Result<bool, StoreError>;

    /// Makes a part of the tenant's log what it is in the store it was read of, atomically and durably;
    /// the bytes of what goes are overwritten. Gives the number of rows that were not so before.
    ///
    /// This is no door for new records: entries come with their bytes, and nobody's clock or key is
    /// asked. What `part` says is to be verified when all of it is here.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherEntry`] when a record that is here has another entry. Nothing has changed
    /// after an error.
    async fn put(&self, tenant: &Tenant, part: &Part) -> Result<u64, StoreError>;

    /// Puts stubs in the place of payloads whose values are in the archive, and appends the record
    /// that says so: all of it, or nothing. The bytes of the payloads are overwritten.
    ///
    /// `None` when one of them is not what was read; nothing has changed then.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has changed then.
    async fn archive(
        &self,
        tenant: &Tenant,
        slots: &[Archived],
        record: &Prepared,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError>;

    /// The id of the trail.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or the row is damaged.
    async fn trail(&self) -> Result<TrailId, StoreError>;

    /// The size of the log and the root over it, as of the last commit.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or the row is damaged.
    async fn head(&self, tenant: &Tenant) -> Result<LogHead, StoreError>;

    /// Those of the tiles `ids` of the log that are there, or wider ones in their place.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn tiles(
        &self,
        tenant: &Tenant,
        ids: &[TileId],
    ) -> Result<BTreeMap<TileId, Vec<Hash>>, StoreError>;

    /// Hashes everything again, and holds every projection against the records.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read; what is wrong in it is no error, but found.
    async fn verify(&self, plan: &VerifyPlan) -> Result<Verification, StoreError>;

    /// Drops the projections of the tenant's log and makes them anew from the records, in one
    /// transaction: those in `segments` as well. Gives the number of records.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when a record cannot be read; nothing is changed then.
    async fn rebuild(
        &self,
        tenant: &Tenant,
        vault: &Vault,
        segments: &Segments,
    ) -> Result<u64, StoreError>;

    /// What the store says of itself.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    async fn status(&self, tenant: &Tenant) -> Result<StoreStatus, StoreError>;

    /// Moves what was committed to its final place: if that is due, or `now`.
    ///
    /// The appender calls it between groups, while nobody waits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be done now; nothing is lost by that.
    async fn settle(&self, _now: bool) -> Result<(), StoreError> {
        Ok(())
    }

    /// Moves what was committed to its final place, and leaves nothing of it elsewhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] while somebody still reads what is older.
    async fn empty_log(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes everything through and lets go of files.
    async fn close(&self);
}

/// What an erasure, or retention, takes away.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The slots whose values go: the index of the record, and the slot.
    pub slots: Vec<(u64, Slot)>,
    /// The keys of entities that go.
    pub keys: Vec<KeyId>,
    /// What the records are found by no longer: the key, and the index.
    pub lookups: Vec<(i64, u64)>,
    /// Slots that stay, encrypted anew under another key.
    pub relocked: Vec<Relocked>,
    /// The keys of entities that those are encrypted under.
    pub new_keys: Vec<EntityKey>,
    /// What was looked at before.
    pub looked_through: LookedThrough,
    /// The record of what was done.
    pub record: Prepared,
}

/// How far a log was looked through for what may go, and which later records would change that.
#[derive(Clone, Debug, Default)]
pub struct LookedThrough {
    /// What a record is found by that has to be looked at first.
    pub keys: BTreeSet<i64>,
    /// How many records the log had.
    pub size: u64,
}

/// Where a record was placed in its log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Placed {
    /// Its place, from 0.
    pub log_index: u64,
    /// The hash of its entry.
    pub entry_hash: Hash,
    /// Whether it was there before.
    pub existed: bool,
}

/// The first bits of an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdPrefix {
    /// The lowest id with these bits.
    pub first: [u8; 16],
    /// The highest id with these bits.
    pub last: [u8; 16],
}

impl From<RecordId> for IdPrefix {
    fn from(id: RecordId) -> Self {
        let bytes = *id.uuid().as_bytes();
        Self {
            first: bytes,
            last: bytes,
        }
    }
}

/// The size of a log and the root over it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogHead {
    /// How many entries it has.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Hash,
}

impl LogHead {
    /// The head of a log without entries.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: crate::log::root(&[]),
        }
    }
}

/// An id and where it is in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Located {
    /// The id.
    pub id: RecordId,
    /// Its place, from 0.
    pub log_index: u64,
}

/// A search: everything given has to fit.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// The kind of record.
    pub kind: Option<Kind>,
    /// Keys that the record is under, the most telling one first.
    pub keys: Vec<KeyRange>,
    /// The earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    pub until: Option<Timestamp>,
    /// Only records before this index.
    pub before: Option<u64>,
}

/// A record as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRecord {
    /// Its place in the log, from 0.
    pub log_index: u64,
    /// The bytes of its entry.
    pub entry: Vec<u8>,
    /// The bytes of its slots, compressed, and encrypted where they are not the tenant's; a stub
    /// where the values are in the archive.
    pub slots: Vec<SlotBytes>,
    /// What stands behind the stubs, when it was fetched: see [`Segments::fetch_all`].
    pub fetched: Vec<SlotBytes>,
}

impl StoredRecord {
    /// A slot as it was before its values moved, when they have and were fetched.
    fn whole<'s>(&'s self, slot: &'s SlotBytes) -> &'s SlotBytes {
        let mut fetched = self.fetched.iter();
        fetched.find(|it| it.slot == slot.slot).unwrap_or(slot)
    }

    /// The keys of entities that its slots are encrypted under.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        locked::keys_of(&self.slots)
    }

    /// Its slots but the tenant's: what it holds of anybody.
    pub fn owned_slots(&self) -> impl Iterator<Item = Slot> {
        let slots = self.slots.iter().map(|it| it.slot);
        slots.filter(|slot| *slot != Slot::TENANT)
    }

    /// The slots that are encrypted under one of `keys`.
    #[must_use]
    pub fn slots_under(&self, keys: &BTreeSet<KeyId>) -> BTreeSet<Slot> {
        let under = self.slots.iter().filter(|slot| {
            let mut own = locked::keys_of(std::slice::from_ref(*slot));
            own.any(|id| keys.contains(&id))
        });
        under.map(|slot| slot.slot).collect()
    }

    /// The bytes of the tenant's slot as it was sealed: what can be read without keys.
    ///
    /// # Errors
    ///
    /// What is wrong with it, when it is damaged.
    pub fn without_keys(&self) -> std::io::Result<Vec<SlotBytes>> {
        let own = self.slots.iter().filter(|slot| slot.slot == Slot::TENANT);
        let own = own.map(|slot| {
            let SlotBytes { slot, bytes } = self.whole(slot);
            Ok(SlotBytes {
                slot: *slot,
                bytes: pack::unpack(bytes)?,
            })
        });
        own.collect()
    }

    /// The bytes of its slots as they were sealed, of those that `keys` open. `id` and `schema` are
    /// those of its entry.
    ///
    /// # Errors
    ///
    /// What is wrong with a slot that is damaged.
    pub fn unlocked(
        &self,
        (id, schema): (RecordId, &str),
        vault: &Vault,
        keys: &OpenedKeys,
    ) -> Result<Unlocked, DamagedSlot> {
        let slots = self.slots.iter().map(|slot| self.whole(slot));
        locked::unlock(slots, (id, schema), vault, keys)
    }
}

/// What a store says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreStatus {
    /// The id of the trail.
    pub trail: TrailId,
    /// The version of the schema.
    pub schema: i64,
    /// How many entries the tenant's log has.
    pub size: u64,
    /// How many records there are of each kind.
    pub counts: Vec<(Kind, u64)>,
    /// Bytes on disk, logs and lock files aside; 0 in memory.
    pub bytes: u64,
    /// The database and its version.
    pub engine: String,
    /// What is wrong, in words; empty when nothing is.
    pub problems: Vec<String>,
}

/// Records per bucket of the lookup index: what keeps its inserts in a small hot tail.
pub(crate) const BUCKET_RECORDS: u64 = 1_024;
