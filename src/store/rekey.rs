//! Changing the keys that values are encrypted under, while the values stay.

use std::collections::HashMap;
use std::sync::Arc;

use super::StoredRecord;
use super::locked::{keys_in, with_keys};
use crate::privacy::keys::{
    EntityKey, KeyError, KeyId, OpenedKeys, Secret, SlotPlace, Vault, key_ids,
};
use crate::record::RecordId;
use crate::seal::Slot;

/// A change of keys, made as a whole or not at all. What it changes is still found where it was, and
/// what is not there is not made.
#[derive(Clone, Debug, Default)]
pub struct Rekey {
    /// Keys to be added, unless they are there.
    pub added: Vec<EntityKey>,
    /// Keys that are there, encrypted anew.
    pub rewrapped: Vec<EntityKey>,
    /// Slots whose own keys are encrypted anew.
    pub relocked: Vec<Relocked>,
    /// Keys that go: nothing is encrypted under them any longer.
    pub removed: Vec<KeyId>,
    /// The size that the log must have: what came behind it may need the keys that go.
    pub size: Option<u64>,
}

/// A slot as it is to be stored, encrypted under other keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Relocked {
    /// The record it belongs to.
    pub log_index: u64,
    /// Which slot.
    pub slot: Slot,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Which keys take the place of which.
pub type Replacements = HashMap<KeyId, (KeyId, Arc<Secret>)>;

impl StoredRecord {
    /// Those of its slots that are encrypted under a key which `replaced` names, under the key in its
    /// place and those of the other owners. `id` and `schema` are those of its entry.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when such a slot does not open with the keys that are `opened`.
    pub fn relocked(
        &self,
        (id, schema): (RecordId, &str),
        vault: &Vault,
        opened: &OpenedKeys,
        replaced: &Replacements,
    ) -> Result<Vec<Relocked>, KeyError> {
        let mut relocked = Vec::new();
        for slot in &self.slots {
            let Some(keys) = keys_in(&slot.bytes) else {
                continue;
            };
            let ids = key_ids(&keys).unwrap_or_default();
            if !ids.iter().any(|id| replaced.contains_key(id)) {
                continue;
            }
            let place = SlotPlace {
                record: id,
                schema,
                slot: slot.slot.number(),
            };
            let owners = ids.iter().filter_map(|id| match replaced.get(id) {
                Some(new) => Some(new.clone()),
                // Without it the slot does not open, which is said below.
                None => Some((*id, Arc::clone(opened.get(id)?))),
            });
            let owners: Vec<_> = owners.collect();
            let keys = vault.relock(place, &keys, opened, &owners)?;
            relocked.extend(with_keys(&slot.bytes, keys).map(|bytes| Relocked {
                log_index: self.log_index,
                slot: slot.slot,
                bytes,
            }));
        }
        Ok(relocked)
    }
}
