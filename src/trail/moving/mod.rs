//! Moving a trail as a whole: to another database, into a backup, and back from one.

mod backup;
mod beside;
mod error;
mod logs;
mod manifest;
#[cfg(feature = "postgres")]
mod on_server;
mod place;
mod restore;
mod restoring;
mod staging;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::verify::Verified;
use super::{TrailError, TrailOptions};
use crate::record::{Tenant, TrailId};
use crate::store::{Access, Store};

pub use backup::BackedUp;
pub use beside::{FileFate, MovedFile};
pub use error::MoveError;
pub use restore::{Approval, Restored, RestoredLog};

use beside::{copy_open_files, move_secrets};
use logs::{MovedLog, Place, copy_logs};
use place::End;

/// Is told how many entries are done.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// A trail that was copied.
#[derive(Clone, Debug, Serialize)]
pub struct Copied {
    /// The trail: the copy is the same one.
    pub trail: TrailId,
    /// Its logs.
    pub logs: Vec<CopiedLog>,
    /// How many entries the source has by now that the copy has not: somebody writes to it. Then no
    /// file was copied, and copying again goes on from here.
    pub grown_by: u64,
    /// The files beside the trail.
    pub files: Vec<MovedFile>,
    /// What verifying the copy has found.
    pub verified: Verified,
}

/// A log that was copied.
#[derive(Clone, Debug, Serialize)]
pub struct CopiedLog {
    /// Whose log.
    pub tenant: Tenant,
    /// How many entries it has.
    pub entries: u64,
    /// How many rows had to be written: few when a copy goes on that was stopped.
    pub written: u64,
}

impl TrailOptions {
    /// Copies the trail at `from` to the place `to`, as it is stored: entries, proofs, encrypted values
    /// and the keys of entities. No key is needed, and nothing is opened. Files beside the trail that
    /// are no secrets go along; on PostgreSQL they lie in the folder of state. A schema there has been
    /// migrated before.
    ///
    /// What is at `to` has to be nothing or the beginning of the same logs: a copy that was stopped goes
    /// on, and one that is behind catches up. At the end roots are held against each other, and the
    /// copy is verified.
    ///
    /// A copy is a move. Two that sign for one trail make two logs of it, so the signing key stays where
    /// it is, and only with `hand_over` goes to the copy, away from the source. Nobody can write to the
    /// source while that is done, or afterwards.
    ///
    /// `progress` is told the number of entries copied.
    ///
    /// # Errors
    ///
    /// [`TrailError::Move`] when something else is at `to`, which is left as it is then;
    /// [`TrailError::Store`] when either cannot be used.
    pub async fn copy(
        self,
        from: &str,
        to: &str,
        hand_over: bool,
        progress: Progress,
    ) -> Result<Copied, TrailError> {
        let (source, target) = (End::parse(&self, from)?, End::parse(&self, to)?);
        if source.is_same(&target) {
            let place = source.name;
            return Err(MoveError::Same { place }.into());
        }
        source.check_spool()?;
        // Whoever gives the key away must not be signing with it.
        let held = match hand_over {
            true => Some(source.hold().await?),
            false => None,
        };
        let store = source.location.open(Access::Read, self.fresh()).await?;
        let copied = self.copy_from(&store, (&source, &target), &progress);
        let copied = copied.await;
        let (trail, logs) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                store.close().await;
                return Err(error);
            }
        };
        let grown_by = grown_by(&*store, &logs).await;
        store.close().await;
        let grown_by = grown_by?;
        let files = match grown_by {
            0 => copy_open_files(&source.base, &target.base)?,
            _ => Vec::new(),
        };
        let mut copied = Copied {
            trail,
            logs: logs.into_iter().map(CopiedLog::from).collect(),
            grown_by,
            files,
            verified: self.verify_copy(&source, to).await?,
        };
        if copied.verified.ok && grown_by == 0 {
            let moved = move_secrets(&source.base, &target.base, hand_over)?;
            copied.files.extend(moved);
        }
        drop(held);
        Ok(copied)
    }

    async fn copy_from(
        &self,
        store: &Arc<dyn Store>,
        (source, target): (&End, &End),
        progress: &Progress,
    ) -> Result<(TrailId, Vec<MovedLog>), TrailError> {
        let trail = store.trail().await?;
        if let Some(path) = target.location.file().filter(|path| !path.exists()) {
            self.files_of(path).check_nothing_is_known(path)?;
        }
        let copy = target.location.open(Access::Write, trail).await?;
        // A schema on a server is there already, and a trail without entries in it.
        if copy.trail().await? != trail && is_empty(&*copy).await? {
            let files = self.files_of(&target.base);
            files.check_nothing_is_known(Path::new(&target.name))?;
        }
        let logs = copy_logs(
            Place {
                store: &**store,
                name: &source.name,
            },
            Place {
                store: &*copy,
                name: &target.name,
            },
            progress,
        );
        let logs = logs.await;
        copy.close().await;
        Ok((trail, logs?))
    }

    /// Verifies the copy, with the keys beside the source: they may not be beside the copy yet.
    async fn verify_copy(&self, source: &End, to: &str) -> Result<Verified, TrailError> {
        let mut options = self.clone();
        if options.key_files.is_none() {
            options.key_files = Some(options.key_files_of(&source.base));
        }
        let copy = options.open_for_reading(to).await?;
        let verified = copy.verify(0, Arc::new(|_| {})).await;
        copy.close().await;
        verified
    }
}

async fn is_empty(store: &dyn Store) -> Result<bool, TrailError> {
    let logs = store.snapshot().await?.logs().await?;
    Ok(logs.iter().all(|(_, head)| head.size == 0))
}

/// How many entries there are that were not when the copy began.
async fn grown_by(store: &dyn Store, logs: &[MovedLog]) -> Result<u64, TrailError> {
    let now = store.snapshot().await?.logs().await?;
    let sizes = |tenant: &Tenant| {
        let copied = logs.iter().find(|log| log.tenant == *tenant);
        copied.map_or(0, |log| log.head.size)
    };
    let grown = now
        .iter()
        .map(|(tenant, head)| head.size.saturating_sub(sizes(tenant)));
    Ok(grown.sum())
}

impl From<MovedLog> for CopiedLog {
    fn from(log: MovedLog) -> Self {
        Self {
            tenant: log.tenant,
            entries: log.head.size,
            written: log.changed,
        }
    }
}
