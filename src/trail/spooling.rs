//! What waits on disk while the store cannot take it, and how it gets there after all.

use std::io;

use super::{Inner, Trail, TrailError};
use crate::seal::{Sealed, Source, open};
use crate::store::{Backlog, Prepared, Spool, Spooled, StoredRecord};

impl Trail {
    /// Appends everything that waits in the spool, in the order it came.
    pub(super) async fn replay_spool(&self) -> Result<(), TrailError> {
        while let Some(backlog) = self.0.backlog()? {
            if !backlog.torn.is_empty() {
                tracing::warn!(
                    torn_bytes = backlog.torn.len(),
                    "a crash tore off the end of the spool, or it is damaged; it is kept beside it"
                );
                self.0
                    .with_spool(|spool| spool.set_aside_damage(&backlog.torn))?;
            }
            self.replay_all(backlog.records).await?;
            self.0.clear_spool(backlog.bytes)?;
        }
        Ok(())
    }

    /// Appends what was spooled. A record can stand before what it refers to, when the store failed that
    /// one later: what is refused is tried again behind the others, for as long as any of it is taken.
    async fn replay_all(&self, mut left: Vec<Spooled>) -> Result<(), TrailError> {
        loop {
            let (before, mut refused) = (left.len(), Vec::new());
            for spooled in left {
                match self.replay(&spooled).await {
                    Err(error) if error.is_final() => refused.push((spooled, error)),
                    replayed => replayed?,
                }
            }
            if refused.len() == before {
                // why: one record that can never be appended must not keep the trail from opening.
                for (spooled, error) in &refused {
                    tracing::error!(error = %error, "a spooled record is refused; it is kept beside the spool");
                    self.0.with_spool(|spool| spool.set_aside(spooled))?;
                }
                return Ok(());
            }
            left = refused.into_iter().map(|(spooled, _)| spooled).collect();
        }
    }

    async fn replay(&self, spooled: &Spooled) -> Result<(), TrailError> {
        let damaged =
            |what: String| TrailError::Incomplete(format!("a spooled record is damaged: {what}"));
        for key in &spooled.keys {
            self.vault().unwrap(key)?;
        }
        let stored = StoredRecord {
            log_index: 0,
            entry: Vec::new(),
            slots: spooled.slots.clone(),
            fetched: Vec::new(),
        };
        let closed = stored.without_keys();
        let closed = closed.map_err(|error| damaged(error.to_string()))?;
        let closed = open(&closed).map_err(|error| damaged(error.to_string()))?;
        let (id, schema) = (closed.record.head.id, closed.record.kind().schema());
        let keys = self.keys_for(std::slice::from_ref(&stored)).await?;
        let slots = stored
            .unlocked((id, schema), self.vault(), &keys)
            .map_err(|it| damaged(format!("slot {}: {}", it.slot.number(), it.what)))?;
        if !slots.locked.is_empty() {
            return Err(self.keys_missing());
        }
        let opened = open(&slots.slots).map_err(|error| damaged(error.to_string()))?;
        let mut draft = Sealed::to_draft(&opened.record, opened.about.clone());
        let refs = self.link(&mut draft, &Source::New).await?;
        let sealed = Sealed::reopened(opened, slots.slots, spooled.shared.clone())?;
        let prepared = Prepared::spooled(&sealed, refs.clone(), self.vault(), spooled)?;
        let answer = self.0.appender()?.append(prepared).await;
        self.answered((sealed, refs), answer).await.map(|_| ())
    }
}

impl Inner {
    pub(super) fn spool(&self, spooled: &Spooled) -> Result<(), TrailError> {
        let mut spool = self.spool.lock().expect("no holder of this lock panics");
        let Some(spool) = &mut *spool else {
            return Err(TrailError::Spool {
                path: "of a trail in memory".to_owned(),
                source: io::ErrorKind::Unsupported.into(),
            });
        };
        spool
            .add(spooled)
            .map_err(|source| spool_error(spool, source))
    }

    fn backlog(&self) -> Result<Option<Backlog>, TrailError> {
        let spool = self.spool.lock().expect("no holder of this lock panics");
        let Some(spool) = spool.as_ref().filter(|spool| !spool.is_empty()) else {
            return Ok(None);
        };
        let backlog = spool
            .backlog()
            .map_err(|source| spool_error(spool, source))?;
        Ok(Some(backlog))
    }

    /// Empties the spool, unless something came in since it had `bytes`.
    fn clear_spool(&self, bytes: u64) -> Result<(), TrailError> {
        self.with_spool(|spool| spool.clear_if_still(bytes))
    }

    /// Does something with the spool, if there is one.
    fn with_spool(&self, act: impl FnOnce(&mut Spool) -> io::Result<()>) -> Result<(), TrailError> {
        let mut spool = self.spool.lock().expect("no holder of this lock panics");
        let Some(spool) = &mut *spool else {
            return Ok(());
        };
        act(spool).map_err(|source| spool_error(spool, source))
    }
}

fn spool_error(spool: &Spool, source: io::Error) -> TrailError {
    TrailError::Spool {
        path: spool.path().display().to_string(),
        source,
    }
}
