//! The fields of a stored record, with what they were salted with.

use super::{Stored, Trail, TrailError};
use crate::record::{RecordId, TrailId};
use crate::seal::{Disclosed, disclose};

impl Trail {
    /// The fields of `stored` with their salts, in byte order of path: what its root is computed from.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the record cannot be read.
    pub async fn disclose(&self, stored: &Stored) -> Result<Vec<Disclosed>, TrailError> {
        let rows = self.read_rows(&[stored.log_index()]).await?;
        let damaged = |what: String| self.damaged(stored.id(), &what);
        let row = rows
            .first()
            .ok_or_else(|| damaged("its row is missing".to_owned()))?;
        let keys = self.keys_for(&rows).await?;
        let (_, unlocked) = self.unlock(row, &keys)?;
        disclose(&unlocked.slots).map_err(|error| damaged(error.to_string()))
    }

    /// The records from one index to another, both included, in the order of the log.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when a record is missing or damaged.
    pub async fn read_range(&self, from: u64, to: u64) -> Result<Vec<Stored>, TrailError> {
        let indexes: Vec<u64> = (from..=to).collect();
        let records = self.read_indexes(&indexes).await?;
        if records.len() == indexes.len() {
            return Ok(records);
        }
        let nobody = RecordId::from_uuid(uuid::Uuid::nil());
        Err(self.damaged(
            nobody,
            &format!("records between index {from} and {to} are missing"),
        ))
    }

    /// The id of the trail.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read.
    pub async fn id(&self) -> Result<TrailId, TrailError> {
        Ok(self.0.store.trail().await?)
    }
}
