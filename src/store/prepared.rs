//! A sealed record, ready to be appended.

use super::lookup::handles;
use super::pack::pack;
use crate::log::Hash;
use crate::record::{Kind, RecordId, Timestamp};
use crate::seal::{Entry, MAX_REFERENCES, SealError, Sealed, SharedText, SlotBytes, entry_hash};

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
    /// The bytes of its slots, compressed.
    pub slots: Vec<SlotBytes>,
    /// The shared texts it points at.
    pub shared: Vec<SharedText>,
    /// The keys it can be found by.
    pub keys: Vec<i64>,
}

impl Prepared {
    /// Prepares `sealed`, which refers to the records whose entry hashes are `refs`.
    ///
    /// # Errors
    ///
    /// [`SealError::TooManyReferences`] beyond 64.
    pub fn new(sealed: &Sealed, refs: Vec<Hash>) -> Result<Self, SealError> {
        if refs.len() > MAX_REFERENCES {
            return Err(SealError::TooManyReferences(refs.len()));
        }
        let mut keys: Vec<i64> = handles(&sealed.record, &sealed.about)
            .iter()
            .map(super::Handle::key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(Self {
            id: sealed.record.head.id,
            kind: sealed.record.kind(),
            at: sealed.record.at(),
            fields: sealed.fields,
            root: sealed.root,
            refs,
            slots: sealed.slots.iter().map(packed).collect::<Result<_, _>>()?,
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

fn packed(slot: &SlotBytes) -> Result<SlotBytes, SealError> {
    let bytes = pack(&slot.bytes).map_err(|error| SealError::Unwritable(error.to_string()))?;
    Ok(SlotBytes {
        slot: slot.slot,
        bytes,
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
    }
}

const FIXED_BYTES: usize = 512;
