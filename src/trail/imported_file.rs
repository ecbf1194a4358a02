//! The records of an imported document, each of them once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::TrailError;
use crate::codec::ExportedRecord;
use crate::record::RecordId;

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
