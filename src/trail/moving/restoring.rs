//! How far a restore has come: what is on disk before the database is replaced.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::beside::{named, remove};
use super::error::{MoveError, fault};
use crate::file;
use crate::record::{Actor, Digest, Tenant, Timestamp};

/// The file `TRAIL.restoring`. While it is there, a restore has been decided on and is not finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restoring {
    /// The backup, and what it has to be.
    pub(super) backup: PathBuf,
    pub(super) sha256: Digest,
    /// The moment it is of.
    pub(super) of: Timestamp,
    /// What the database that it takes the place of is called from then on; `None` when none is there.
    pub(super) replaced: Option<PathBuf>,
    pub(super) logs: Vec<LogToRestore>,
    pub(super) reason: String,
    pub(super) approved_by: Vec<Actor>,
}

/// A log of the backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogToRestore {
    pub(super) tenant: Tenant,
    /// How many entries it has in the backup.
    pub(super) entries: u64,
    /// How many records of erasures.
    pub(super) erasures: u64,
    /// Whether more is known of it, so that it has to begin a new epoch.
    pub(super) is_behind: bool,
}

/// The files of a restore beside the database.
pub(super) struct Files {
    pub(super) database: PathBuf,
    /// The backup, checked, until it takes the name of the database.
    pub(super) staged: PathBuf,
    state: PathBuf,
}

impl Files {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            staged: named(database, ".restored"),
            state: named(database, ".restoring"),
        }
    }

    pub(super) fn state(&self) -> Result<Option<Restoring>, MoveError> {
        let text = file::read(&self.state).map_err(fault(&self.state, "read"))?;
        let state = text.map(|text| serde_json::from_str(&text).map_err(std::io::Error::other));
        state.transpose().map_err(fault(&self.state, "read"))
    }

    /// Decides on it: from here on the restore goes on, whatever happens.
    pub(super) fn decide(&self, state: &Restoring) -> Result<(), MoveError> {
        let text = serde_json::to_string_pretty(state).map_err(std::io::Error::other);
        let text = text.map_err(fault(&self.state, "written"))? + "\n";
        file::replace(&self.state, &text, 0o600).map_err(fault(&self.state, "written"))
    }

    pub(super) fn finish(&self) -> Result<(), MoveError> {
        remove(&self.state)?;
        file::sync_folder(&self.state).map_err(fault(&self.state, "removed"))
    }

    /// Takes away what was staged and not decided on.
    pub(super) fn unstage(&self) -> Result<(), MoveError> {
        self.tidy()?;
        remove(&self.staged)
    }

    /// Removes what reading leaves beside the staged database.
    pub(super) fn tidy(&self) -> Result<(), MoveError> {
        for end in ["-wal", "-shm"] {
            remove(&named(&self.staged, end))?;
        }
        Ok(())
    }

    /// Gives the staged database the name of the one that is there, which keeps another one.
    ///
    /// Stopped anywhere, it is done when this is called again. The write-ahead log goes before the new
    /// database comes: it would be taken for its own.
    pub(super) fn replace(&self, replaced: Option<&Path>) -> Result<(), MoveError> {
        if !self.staged.exists() {
            return Ok(());
        }
        self.tidy()?;
        let log = named(&self.database, "-wal");
        if let Some(replaced) = replaced {
            keep(&self.database, replaced)?;
            if log.metadata().is_ok_and(|it| it.len() > 0) {
                keep(&log, &named(replaced, "-wal"))?;
            }
            file::sync_folder(&self.database).map_err(fault(replaced, "written"))?;
        }
        remove(&log)?;
        remove(&named(&self.database, "-shm"))?;
        let renamed = std::fs::rename(&self.staged, &self.database);
        renamed.map_err(fault(&self.database, "replaced"))?;
        file::sync_folder(&self.database).map_err(fault(&self.database, "replaced"))
    }
}

/// Gives a file a second name, or copies it where the file system gives only one.
fn keep(path: &Path, kept: &Path) -> Result<(), MoveError> {
    if !path.exists() || kept.exists() {
        return Ok(());
    }
    if std::fs::hard_link(path, kept).is_ok() {
        return Ok(());
    }
    let partial = named(kept, ".partial");
    super::beside::copy_private(path, &partial, |_| ())?;
    std::fs::rename(&partial, kept).map_err(fault(kept, "written"))
}
