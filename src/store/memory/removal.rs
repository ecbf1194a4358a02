//! Taking values away.

use super::{Log, Placed, Removal, StoreError};
use crate::record::{Kind, Timestamp};
use crate::store::LookedThrough;

impl Log {
    /// See [`super::Store::erase`].
    pub(super) fn remove(
        &mut self,
        removal: &Removal,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        if self.has_grown(&removal.looked_through) {
            return Ok(None);
        }
        for (index, slot) in &removal.slots {
            if let Some(row) = self.row(*index) {
                row.stored.slots.retain(|it| it.slot != *slot);
            }
        }
        for relocked in &removal.relocked {
            let slots = self
                .row(relocked.log_index)
                .map(|row| &mut row.stored.slots);
            for slot in slots.into_iter().flatten() {
                if slot.slot == relocked.slot {
                    slot.bytes.clone_from(&relocked.bytes);
                }
            }
        }
        for lookup in &removal.lookups {
            self.keys.remove(lookup);
        }
        for id in &removal.keys {
            self.entity_keys.remove(id);
        }
        for key in &removal.new_keys {
            self.entity_keys.insert(key.id, key.clone());
        }
        self.append(&removal.record, at).map(Some)
    }

    /// Whether a record has come that a look did not see: found by one of its keys, or a hold.
    fn has_grown(&self, LookedThrough { keys, size }: &LookedThrough) -> bool {
        let new = usize::try_from(*size).ok();
        let new = new.and_then(|size| self.records.get(size..));
        let is_held = new.unwrap_or_default().iter();
        let late = |key: &i64| self.keys.range((*key, *size)..=(*key, u64::MAX)).next();
        is_held.map(|row| row.kind).any(|kind| kind == Kind::Hold)
            || keys.iter().any(|key| late(key).is_some())
    }
}
