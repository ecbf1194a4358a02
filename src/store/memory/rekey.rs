//! Changing the keys that values are encrypted under.

use super::Log;
use crate::store::{Rekey, Relocked};

impl Log {
    /// See [`crate::store::Store::rekey`].
    pub(super) fn rekey(&mut self, change: &Rekey) -> bool {
        let Rekey {
            added,
            rewrapped,
            relocked,
            removed,
            size,
        } = change;
        if size.is_some_and(|size| size != self.edge.size()) {
            return false;
        }
        for key in added {
            self.entity_keys
                .entry(key.id)
                .or_insert_with(|| key.clone());
        }
        for key in rewrapped {
            if let Some(there) = self.entity_keys.get_mut(&key.id) {
                *there = key.clone();
            }
        }
        for Relocked {
            log_index,
            slot,
            bytes,
        } in relocked
        {
            let index = usize::try_from(*log_index).unwrap_or(usize::MAX);
            let slots = self.records.get_mut(index).map(|row| &mut row.stored.slots);
            let mut slots = slots.into_iter().flatten();
            if let Some(there) = slots.find(|it| it.slot == *slot) {
                there.bytes.clone_from(bytes);
            }
        }
        for key in removed {
            self.entity_keys.remove(key);
        }
        true
    }
}
