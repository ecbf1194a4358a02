//! Slots whose values are encrypted.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use super::archive::{Stub, is_stub, read_stub, write_stub};
use super::pack::unpack;
use crate::privacy::keys::{KeyId, LockedSlot, OpenedKeys, SlotPlace, Unopened, Vault, key_ids};
use crate::record::RecordId;
use crate::seal::{Slot, SlotBytes};

/// A slot as it is stored: one byte for the form, the first eight bytes of the SHA-256 of what
/// follows, the number of keys in two bytes, the keys, and the values.
///
/// The check says that bytes are damaged where the keys are not at hand that would say so.
pub(super) fn write_locked(slot: &LockedSlot) -> Vec<u8> {
    let ids = key_ids(&slot.keys).map_or(0, |ids| ids.len());
    let count = u16::try_from(ids).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(11 + slot.keys.len() + slot.bytes.len());
    out.push(LOCKED);
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&slot.keys);
    out.extend_from_slice(&slot.bytes);
    let check = check(&out[9..]);
    out[1..9].copy_from_slice(&check);
    out
}

/// Reads what [`write_locked`] wrote; `None` when it is damaged.
pub(super) fn read_locked(stored: &[u8]) -> Option<LockedSlot> {
    let rest = stored.strip_prefix(&[LOCKED])?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    if *sum != check(rest) {
        return None;
    }
    let (count, rest) = rest.split_first_chunk::<2>()?;
    let count = usize::from(u16::from_be_bytes(*count));
    let (keys, bytes) = rest.split_at_checked(count * KeyId::BYTES + WRAPPED)?;
    let slot = LockedSlot {
        keys: keys.to_vec(),
        bytes: bytes.to_vec(),
    };
    (count > 0).then_some(slot)
}

pub(super) fn is_locked(stored: &[u8]) -> bool {
    stored.first() == Some(&LOCKED)
}

/// The slots of a record, as far as they can be opened.
#[derive(Clone, Debug, Default)]
pub struct Unlocked {
    /// The bytes of those that were opened, as they were sealed.
    pub slots: Vec<SlotBytes>,
    /// Those whose keys are not at hand.
    pub locked: Vec<Slot>,
}

/// A slot that is damaged, and what is wrong with it.
#[derive(Debug)]
pub struct DamagedSlot {
    /// Which slot.
    pub slot: Slot,
    /// What is wrong with it.
    pub what: String,
}

/// Opens the stored `slots` of `record`.
pub(super) fn unlock<'s>(
    slots: impl Iterator<Item = &'s SlotBytes>,
    (record, schema): (RecordId, &str),
    vault: &Vault,
    keys: &OpenedKeys,
) -> Result<Unlocked, DamagedSlot> {
    let mut unlocked = Unlocked::default();
    for stored in slots {
        match unlock_one(stored, (record, schema), vault, keys)? {
            Some(opened) => unlocked.slots.push(opened),
            None => unlocked.locked.push(stored.slot),
        }
    }
    Ok(unlocked)
}

/// Opens one stored slot of `record`; `None` when its keys are not at hand.
pub(super) fn unlock_one(
    SlotBytes { slot, bytes }: &SlotBytes,
    (record, schema): (RecordId, &str),
    vault: &Vault,
    keys: &OpenedKeys,
) -> Result<Option<SlotBytes>, DamagedSlot> {
    let damaged = |what: String| DamagedSlot { slot: *slot, what };
    if is_stub(bytes) {
        let what = match read_stub(bytes) {
            Some(stub) => format!(
                "its values were not fetched from the segment {}",
                stub.segment
            ),
            None => "the bytes are damaged".to_owned(),
        };
        return Err(damaged(what));
    }
    let packed = if is_locked(bytes) {
        let place = SlotPlace {
            record,
            schema,
            slot: slot.number(),
        };
        let locked = read_locked(bytes);
        let locked = locked.ok_or_else(|| damaged("the bytes are damaged".to_owned()))?;
        match vault.open_slot(place, &locked, keys) {
            Ok(packed) => Cow::Owned(packed),
            Err(Unopened::Locked) => return Ok(None),
            Err(error) => return Err(damaged(error.to_string())),
        }
    } else {
        Cow::Borrowed(bytes)
    };
    Ok(Some(SlotBytes {
        slot: *slot,
        bytes: unpack(&packed).map_err(|error| damaged(error.to_string()))?,
    }))
}

/// The keys of entities that the slots are encrypted under, in the archive or here.
pub(super) fn keys_of(slots: &[SlotBytes]) -> impl Iterator<Item = KeyId> {
    let keys = slots.iter().filter_map(|slot| keys_in(&slot.bytes));
    keys.flat_map(|keys| key_ids(&keys).unwrap_or_default())
}

/// The encrypted record key of a slot, with the keys it is encrypted under.
pub(super) fn keys_in(stored: &[u8]) -> Option<Vec<u8>> {
    match is_stub(stored) {
        true => Some(read_stub(stored)?.keys),
        false => Some(read_locked(stored)?.keys),
    }
}

/// A slot with another encrypted record key, its values where they are.
pub(super) fn with_keys(stored: &[u8], keys: Vec<u8>) -> Option<Vec<u8>> {
    if is_stub(stored) {
        let stub = read_stub(stored)?;
        return Some(write_stub(&Stub { keys, ..stub }));
    }
    let locked = read_locked(stored)?;
    Some(write_locked(&LockedSlot { keys, ..locked }))
}

pub(super) fn check(bytes: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    *digest.first_chunk().expect("a digest has 32 bytes")
}

/// The form of encrypted values, beside those of packed ones.
const LOCKED: u8 = 2;
/// A nonce, a key and a tag.
const WRAPPED: usize = 60;
