//! Opening the store at a place, whatever database it is on.

use std::path::Path;
use std::sync::Arc;

use super::MoveError;
use crate::record::TrailId;
use crate::store::{Access, SqliteStore, Store};
use crate::trail::TrailError;
use crate::trail::open::Location;

impl Location {
    /// The file of the database; `None` for one that is not a file.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Memory => None,
        }
    }

    /// Opens the store alone: without keys, heads or an appender.
    pub(super) async fn open(
        &self,
        access: Access,
        fresh: TrailId,
    ) -> Result<Arc<dyn Store>, TrailError> {
        match self {
            Self::File(path) => Ok(Arc::new(SqliteStore::open(path, access, fresh).await?)),
            Self::Memory => Err(MoveError::InMemory {
                place: "sqlite::memory:".to_owned(),
            }
            .into()),
        }
    }

    pub(super) fn check_spool(&self) -> Result<(), TrailError> {
        self.file().map_or(Ok(()), super::check_spool)
    }
}
