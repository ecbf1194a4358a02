//! Which records say that values are gone.

use std::collections::BTreeMap;

use super::{Search, Stored, Trail, TrailError};
use crate::record::{Kind, RecordId};

/// The records that say which values are gone, and where each stands.
#[derive(Clone, Debug, Default)]
pub struct Removals {
    records: Vec<Stored>,
    /// By index of the record and slot of it, which of `records` says so first.
    by_slot: BTreeMap<(u64, u64), usize>,
}

impl Trail {
    /// Every record that says which values are gone.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn removals(&self) -> Result<Removals, TrailError> {
        let mut removals = Removals::default();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.takes_away()) {
            let search = Search {
                kind: Some(kind),
                ..Search::default()
            };
            removals
                .records
                .extend(self.search(search).await?.all().await?);
        }
        removals.records.sort_by_key(Stored::log_index);
        for (place, stored) in removals.records.iter().enumerate() {
            for [index, slot] in stored.record().body.gone() {
                removals.by_slot.entry((*index, *slot)).or_insert(place);
            }
        }
        Ok(removals)
    }
}

impl Removals {
    /// The record that says that the value at `path` of `stored` is gone, and the slot it was in.
    #[must_use]
    pub fn of(&self, stored: &Stored, path: &str) -> Option<(&Stored, u16)> {
        let slot = stored.erased().find(|it| it.path == path)?.slot.number();
        let place = self.by_slot.get(&(stored.log_index(), slot.into()))?;
        Some((self.records.get(*place)?, slot))
    }

    /// The records that say of values of `stored` that they are gone, by id.
    #[must_use]
    pub fn about(&self, stored: &Stored) -> BTreeMap<RecordId, &Stored> {
        let found = stored
            .erased()
            .filter_map(|it| self.of(stored, &it.path))
            .map(|(removal, _)| (removal.id(), removal));
        found.collect()
    }
}
