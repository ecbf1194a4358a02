//! Putting stubs in the place of what is in the archive.

use super::Log;
use crate::record::Timestamp;
use crate::store::{Archived, Placed, Prepared, StoreError};

impl Log {
    /// See [`crate::store::Store::archive`].
    pub(super) fn archive(
        &mut self,
        slots: &[Archived],
        record: &Prepared,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        let is_as_before = |it: &Archived| {
            let index = usize::try_from(it.log_index).ok();
            let row = index.and_then(|index| self.records.get(index));
            let mut slots = row.into_iter().flat_map(|row| &row.stored.slots);
            slots.any(|slot| slot.slot == it.slot && slot.bytes == it.before)
        };
        if !slots.iter().all(is_as_before) {
            return Ok(None);
        }
        let placed = self.append(record, at)?;
        for it in slots {
            let row = self.row(it.log_index);
            let mut slots = row.into_iter().flat_map(|row| &mut row.stored.slots);
            if let Some(slot) = slots.find(|slot| slot.slot == it.slot) {
                slot.bytes.clone_from(&it.stub);
            }
        }
        Ok(Some(placed))
    }
}
