//! Checking a whole document before anything of it is stored.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::arriving::Arriving;
use crate::codec::ExportedRecord;
use crate::record::{Kind, RecordId};
use crate::trail::link::{Named, named};
use crate::trail::{Trail, TrailError};

/// Leaves out records that come again as they are: several decisions carry what they share.
///
/// # Errors
///
/// [`TrailError::TwiceInFile`] when two records have one id and are not the same.
pub(super) fn distinct(records: Vec<ExportedRecord>) -> Result<Vec<ExportedRecord>, TrailError> {
    let mut places: HashMap<RecordId, usize> = HashMap::new();
    let mut distinct: Vec<ExportedRecord> = Vec::with_capacity(records.len());
    for record in records {
        match places.entry(record.record.head.id) {
            Entry::Vacant(place) => {
                place.insert(distinct.len());
                distinct.push(record);
            }
            Entry::Occupied(place) if distinct[*place.get()] == record => {}
            Entry::Occupied(place) => return Err(TrailError::TwiceInFile(*place.key())),
        }
    }
    Ok(distinct)
}

impl Trail {
    /// Those of the records that are not there yet, in the order in which they will be stored.
    ///
    /// # Errors
    ///
    /// What keeps one of them from being stored then: see [`Trail::import`].
    pub(super) async fn new_among(
        &self,
        arriving: Vec<Arriving>,
    ) -> Result<Vec<Arriving>, TrailError> {
        let mut before: HashMap<RecordId, Kind> = HashMap::with_capacity(arriving.len());
        let mut new = Vec::with_capacity(arriving.len());
        for record in arriving {
            let (id, kind) = (record.id(), record.kind());
            if !self.is_there(&record).await? {
                for named in named(&record.draft.body, &record.source) {
                    self.check_named(&named, &before).await?;
                }
                self.check_import(&record.draft, &record.source)?;
                new.push(record);
            }
            before.insert(id, kind);
        }
        Ok(new)
    }

    async fn is_there(&self, arriving: &Arriving) -> Result<bool, TrailError> {
        let Some(stored) = self.read(arriving.id()).await? else {
            return Ok(false);
        };
        let mut draft = arriving.draft.clone();
        self.link(&mut draft, &arriving.source).await?;
        let came = self.seal_only(draft.clone(), &arriving.source)?;
        let checked = self.check_copy(&stored, &came);
        if checked.is_err() && self.redaction().redacts_imports() {
            // It may have been redacted when it came the first time.
            let mut source = arriving.source.clone();
            self.redact_import(&mut draft, &mut source).await?;
            let came = self.seal_only(draft, &source)?;
            self.check_copy(&stored, &came)?;
            return Ok(true);
        }
        checked.map(|()| true)
    }

    /// Whether what a record names is in the document before it, or in the trail.
    async fn check_named(
        &self,
        named: &Named,
        before: &HashMap<RecordId, Kind>,
    ) -> Result<(), TrailError> {
        let found = match before.get(&named.id) {
            Some(kind) => Some(*kind),
            None => self.kind_of(named.id).await?,
        };
        match found {
            None if named.needed => Err(TrailError::UnknownRecord {
                named_as: named.named_as,
                id: named.id,
            }),
            Some(found) if named.kind.is_some_and(|kind| kind != found) => {
                Err(TrailError::WrongKind {
                    named_as: named.named_as,
                    id: named.id,
                    found,
                })
            }
            _ => Ok(()),
        }
    }
}
