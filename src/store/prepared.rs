//! A sealed record, ready to be appended.

use std::sync::Arc;

use super::locked::write_locked;
use super::lookup::handles;
use super::pack::{pack, pack_listing};
use super::spool::Spooled;
use crate::log::Hash;
use crate::privacy::keys::{KeyError, NewKey, SlotPlace, Vault};
use crate::record::{Kind, RecordId, Timestamp};
use crate::seal::{
    Entry, MAX_REFERENCES, SealError, Sealed, SharedText, Slot, SlotBytes, entry_hash,
};

/// A sealed record, ready to be appended: everything but its place and the time of the append.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The id.
    pub id: RecordId,
    /// The kind.
    pub kind: Kind,
    /// When it happened.
    pub at: Timestamp,
    /// The number of its fields.
    pub fields: u64,
    /// The root over them.
    pub root: Hash,
    /// The entry hashes of the records it refers to.
    pub refs: Vec<Hash>,
    /// The bytes of its slots, compressed, and encrypted where they are not the tenant's.
    pub slots: Vec<SlotBytes>,
    /// Keys of entities that its slots are encrypted under and that may not be stored yet.
    pub new_keys: Vec<Arc<NewKey>>,
    /// The shared texts it points at.
    pub shared: Vec<SharedText>,
    /// The keys it can be found by.
    pub keys: Vec<i64>,
}

impl Prepared {
    /// Prepares `sealed`, which refers to the records whose entry hashes are `refs`: compresses its
    /// slots, and encrypts the values of each owner under the newest key that `vault` knows of the
    /// owner, or a new one.
    ///
    /// # Errors
    ///
    /// [`PrepareError`]: more than 64 references, or a vault that is locked.
    pub fn new(sealed: &Sealed, refs: Vec<Hash>, vault: &Vault) -> Result<Self, PrepareError> {
        let mut new_keys = Vec::new();
        let slots = sealed.slots.iter();
        let slots = slots.map(|slot| stored(slot, sealed, vault, &mut new_keys));
        let slots = slots.collect::<Result<_, _>>()?;
        Self::of(sealed, refs, vault, (slots, new_keys))
    }

    /// Prepares a record again that was prepared before and waited in the spool.
    ///
    /// # Errors
    ///
    /// As [`Prepared::new`].
    pub fn spooled(
        sealed: &Sealed,
        refs: Vec<Hash>,
        vault: &Vault,
        spooled: &Spooled,
    ) -> Result<Self, PrepareError> {
        let keys = spooled.keys.iter().cloned();
        let keys = keys.map(|row| Arc::new(NewKey::of(row))).collect();
        Self::of(sealed, refs, vault, (spooled.slots.clone(), keys))
    }

    fn of(
        sealed: &Sealed,
        refs: Vec<Hash>,
        vault: &Vault,
        (slots, new_keys): (Vec<SlotBytes>, Vec<Arc<NewKey>>),
    ) -> Result<Self, PrepareError> {
        if refs.len() > MAX_REFERENCES {
            return Err(SealError::TooManyReferences(refs.len()).into());
        }
        let found_by = handles(&sealed.record, &sealed.about);
        let keys: Option<Vec<i64>> = found_by.iter().map(|handle| handle.key(vault)).collect();
        let mut keys = keys.ok_or_else(|| vault.locked_error())?;
        keys.sort_unstable();
        keys.dedup();
        Ok(Self {
            slots,
            new_keys,
            id: sealed.record.head.id,
            kind: sealed.record.kind(),
            at: sealed.record.at(),
            fields: sealed.fields,
            root: sealed.root,
            refs,
            shared: sealed.shared.clone(),
            keys,
        })
    }

    /// The bytes of its entry when appended at `at`, and their hash.
    ///
    /// # Errors
    ///
    /// Never for a record that was sealed here.
    pub fn entry(&self, at: Timestamp) -> Result<(Vec<u8>, Hash), SealError> {
        let entry = Entry::new(
            at,
            self.id,
            self.kind,
            (self.fields, &self.root),
            &self.refs,
        );
        let bytes = entry.to_bytes()?;
        let hash = entry_hash(&bytes);
        Ok((bytes, hash))
    }

    /// How many bytes it takes in a queue.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        let slots: usize = self.slots.iter().map(|slot| slot.bytes.len()).sum();
        let shared: usize = self.shared.iter().map(|shared| shared.text.len()).sum();
        slots + shared + FIXED_BYTES
    }
}

/// Why a record cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Its values cannot be encrypted.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The bytes of a slot as they are stored.
fn stored(
    slot: &SlotBytes,
    sealed: &Sealed,
    vault: &Vault,
    new_keys: &mut Vec<Arc<NewKey>>,
) -> Result<SlotBytes, PrepareError> {
    let unwritable = |error: std::io::Error| SealError::Unwritable(error.to_string());
    if slot.slot == Slot::TENANT {
        return Ok(SlotBytes {
            slot: slot.slot,
            bytes: pack_listing(&slot.bytes, sealed.listed).map_err(unwritable)?,
        });
    }
    let packed = pack(&slot.bytes).map_err(unwritable)?;
    let owners = sealed.owners.get(usize::from(slot.slot.number()));
    let mut keys = Vec::new();
    for entity in vault.handles(owners.map_or(&[][..], Vec::as_slice)) {
        let owner = vault.newest_or_new(entity)?;
        if let Some(new) = owner.new.filter(|it| !it.is_stored())
            && !new_keys.iter().any(|known| known.row.id == new.row.id)
        {
            new_keys.push(new);
        }
        keys.push((owner.id, owner.secret));
    }
    let place = SlotPlace {
        record: sealed.record.head.id,
        schema: sealed.record.kind().schema(),
        slot: slot.slot.number(),
    };
    Ok(SlotBytes {
        slot: slot.slot,
        bytes: write_locked(&vault.seal(place, &keys, &packed)?),
    })
}

/// The number that stands for a kind in the database. Numbers are never given anew.
pub(super) const fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Context => 1,
        Kind::Generation => 2,
        Kind::Decision => 3,
        Kind::Review => 4,
        Kind::Outcome => 5,
        Kind::Import => 6,
        Kind::Key => 7,
        Kind::Succession => 8,
        Kind::Erasure => 9,
        Kind::Hold => 10,
        Kind::Release => 11,
        Kind::Policy => 12,
        Kind::Retention => 13,
        Kind::Archive => 14,
        Kind::Token => 15,
        Kind::Access => 16,
        Kind::Artifact => 17,
        Kind::Approval => 18,
        Kind::Retirement => 19,
        Kind::Deployment => 20,
        Kind::Kpi => 21,
        Kind::Check => 22,
        Kind::Freeze => 23,
        Kind::Unfreeze => 24,
    }
}

/// The kind that a number in the database stands for.
#[cfg(feature = "sqlite")]
pub(super) fn kind_of(number: i64) -> Option<Kind> {
    let mut kinds = Kind::ALL.into_iter();
    kinds.find(|kind| kind_number(*kind) == number)
}

const FIXED_BYTES: usize = 512;
