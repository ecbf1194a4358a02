//! New keys in the place of old ones, and the end of old ones.

use std::collections::BTreeMap;

use super::relock::Relocking;
use super::succeed::check_approvers;
use super::{Stored, Trail, TrailError};
use crate::capture::Sink as _;
use crate::privacy::keys::{EntityHandle, EntityKey, KeyError, KeyId};
use crate::record::{
    Actor, Body, Draft, EntityRef, KeyAction, KeyEvent, KeyLevel, Kind, Receipt, RecordId,
};
use crate::store::{Find, Rekey};

/// What rotating a key has done.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The record of it.
    pub receipt: Receipt,
    /// How many keys of entities, or records, are encrypted anew.
    pub changed: u64,
    /// Keys of entities that do not open, and stay as they are.
    pub unopened: u64,
}

impl Trail {
    /// Has the provider make a new key-encryption key, encrypts the keys of tenants under it, and
    /// records that.
    ///
    /// A provider outside has its key rotated there first: this brings everything under the newest.
    ///
    /// # Errors
    ///
    /// [`TrailError::Key`] when the provider fails; every key opens as before then.
    pub async fn rotate_key_encryption(&self) -> Result<Rotated, TrailError> {
        let _alone = self.begin_rekeying().await?;
        self.vault().rotate_provider().await?;
        let status = self.vault().status();
        let names = status
            .iter()
            .rev()
            .find_map(|key| key.encrypted_under.clone());
        let event = event(
            KeyLevel::KeyEncryption,
            KeyAction::Rotate,
            names.unwrap_or_default(),
        );
        let keys = status.iter().filter(|key| key.encrypted_under.is_some());
        Ok(Rotated {
            changed: u64::try_from(keys.count()).unwrap_or(u64::MAX),
            unopened: 0,
            receipt: self.record_key(event).await?,
        })
    }

    /// Begins a new epoch of the tenant's key, encrypts the keys of all entities under it, and records
    /// that. `progress` is told the number of keys done.
    ///
    /// Stopped halfway, everything opens, and the next call goes on with the epoch that had begun.
    ///
    /// # Errors
    ///
    /// [`TrailError::Key`] without the keys, [`TrailError::Store`] when a key cannot be stored.
    pub async fn rotate_tenant_key(
        &self,
        progress: impl Fn(u64) + Send,
    ) -> Result<Rotated, TrailError> {
        let _alone = self.begin_rekeying().await?;
        let epoch = match self.unrecorded_epoch().await? {
            Some(begun) => begun,
            None => self.vault().begin_epoch(self.clock().now()).await?,
        };
        // What was queued before may bring keys under the epoch before.
        self.settle_writes().await?;
        let (mut changed, mut unopened) = (0, 0);
        let mut after = None;
        loop {
            let keys = self
                .0
                .store
                .entity_keys_after(self.tenant(), after, BATCH_KEYS);
            let keys = keys.await?;
            let Some(last) = keys.last() else { break };
            after = Some(last.id);
            let (rewrapped, closed) = self.rewrapped(&keys, epoch)?;
            unopened += closed;
            changed += u64::try_from(rewrapped.len()).unwrap_or(u64::MAX);
            let change = Rekey {
                rewrapped,
                ..Rekey::default()
            };
            self.0.store.rekey(self.tenant(), &change).await?;
            progress(changed);
        }
        let event = event(KeyLevel::Tenant, KeyAction::Rotate, name_of(epoch));
        Ok(Rotated {
            changed,
            unopened,
            receipt: self.record_key(event).await?,
        })
    }

    /// Those of `keys` that are under an earlier epoch, encrypted under the newest, and how many do
    /// not open.
    fn rewrapped(
        &self,
        keys: &[EntityKey],
        epoch: u32,
    ) -> Result<(Vec<EntityKey>, u64), TrailError> {
        let (mut rewrapped, mut closed) = (Vec::new(), 0);
        for key in keys.iter().filter(|key| key.epoch != epoch) {
            match self.vault().unwrap_anew(key) {
                Ok(secret) => rewrapped.push(self.vault().wrap(key.id, &secret)?),
                Err(error) => {
                    closed += 1;
                    tracing::warn!(error = %error, "the key of an entity does not open, and stays as it is");
                }
            }
        }
        Ok((rewrapped, closed))
    }

    /// The newest epoch, when no record says that it has begun: a rotation that was stopped.
    async fn unrecorded_epoch(&self) -> Result<Option<u32>, TrailError> {
        let Some(epoch) = self.vault().epoch().filter(|epoch| *epoch > 1) else {
            return Ok(None);
        };
        let is_recorded = self.is_recorded(KeyAction::Rotate, epoch).await?;
        Ok((!is_recorded).then_some(epoch))
    }

    /// Makes a new key for `entity`, encrypts the keys of all its values under it, and records that.
    /// The values themselves stay as they are. `progress` is told the number of records done.
    ///
    /// Stopped halfway, everything opens; the next call brings all of it under a key of its own.
    ///
    /// # Errors
    ///
    /// [`TrailError::NoKeys`] when nothing is encrypted under a key of the entity;
    /// [`TrailError::Key`] when values do not open without the key of another owner.
    pub async fn rotate_entity_key(
        &self,
        entity: &EntityRef,
        progress: impl Fn(u64) + Send,
    ) -> Result<Rotated, TrailError> {
        let _alone = self.begin_rekeying().await?;
        let handle = self.vault().handle(Some(entity));
        let handle = handle.ok_or_else(|| self.keys_missing())?;
        self.settle_writes().await?;
        let stored = self.0.store.entity_keys(self.tenant(), &[handle]).await?;
        let old: Vec<KeyId> = stored.iter().map(|key| key.id).collect();
        if old.is_empty() {
            return Err(TrailError::NoKeys(entity.clone()));
        }
        let new = self.vault().retire(handle, &old)?;
        // What was prepared before that is encrypted under an old key.
        self.settle_writes().await?;
        let relocking = Relocking::new(self, &old, &new);
        let changed = relocking.run(progress).await?;
        self.vault().retired(&old);
        let event = event(KeyLevel::Entity, KeyAction::Rotate, hex(handle));
        Ok(Rotated {
            changed,
            unopened: 0,
            receipt: self.record_key(event).await?,
        })
    }

    /// Destroys the key of an epoch of the tenant, and records that: what is encrypted under it, in
    /// whichever copy of the database, can be read no more.
    ///
    /// # Errors
    ///
    /// [`KeyError::Kept`] for the epoch in use, one that is not there, and one that keys of entities
    /// are encrypted under; [`TrailError::Incomplete`] with fewer than two different approvers.
    pub async fn destroy_epoch(
        &self,
        epoch: u32,
        reason: &str,
        approved_by: Vec<Actor>,
    ) -> Result<Receipt, TrailError> {
        check_approvers(&approved_by, "the destruction of a key")?;
        let _alone = self.begin_rekeying().await?;
        self.settle_writes().await?;
        let counts = self.0.store.keys_by_epoch(self.tenant()).await?;
        if let Some(count) = counts.get(&epoch).filter(|count| **count > 0) {
            return Err(KeyError::Kept {
                tenant: self.tenant().to_string(),
                epoch,
                why: format!(
                    "{count} keys of entities are encrypted under it: rotate the key of the tenant first"
                ),
            }
            .into());
        }
        let status = self.vault().status();
        let mut destroyed = status.iter().filter(|key| key.destroyed_at.is_some());
        let is_destroyed = destroyed.any(|key| key.epoch == Some(epoch));
        // One that was stopped before it was recorded is recorded now.
        if !is_destroyed || self.is_recorded(KeyAction::Destroy, epoch).await? {
            self.vault().destroy(epoch, self.clock().now())?;
        }
        let event = KeyEvent {
            reason: Some(reason.to_owned()),
            approved_by,
            ..event(KeyLevel::Tenant, KeyAction::Destroy, name_of(epoch))
        };
        self.record_key(event).await
    }

    /// How many keys of entities are encrypted under each epoch of the tenant's key.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when they cannot be read.
    pub async fn entity_keys_by_epoch(&self) -> Result<BTreeMap<u32, u64>, TrailError> {
        Ok(self.0.store.keys_by_epoch(self.tenant()).await?)
    }

    /// The records of everything done to keys, oldest first.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when they cannot be read.
    pub async fn key_events(&self) -> Result<Vec<Stored>, TrailError> {
        let find = Find {
            kind: Some(Kind::Key),
            ..Find::default()
        };
        let mut found = self.0.store.find(self.tenant(), &find, u32::MAX).await?;
        found.sort_unstable();
        self.read_indexes(&found).await
    }

    async fn is_recorded(&self, action: KeyAction, epoch: u32) -> Result<bool, TrailError> {
        let events = self.key_events().await?;
        let mut events = events
            .iter()
            .filter_map(|stored| match &stored.record().body {
                Body::Key(event) => Some(event),
                _ => None,
            });
        Ok(events.any(|event| {
            event.level == KeyLevel::Tenant
                && event.action == action
                && event.key_id == name_of(epoch)
        }))
    }

    /// Keeps out others that change keys in this process, and refuses where nothing can be recorded.
    pub(super) async fn begin_changing_keys(
        &self,
    ) -> Result<tokio::sync::MutexGuard<'_, ()>, TrailError> {
        self.0.appender()?;
        Ok(self.0.rekeying.lock().await)
    }

    /// As [`Trail::begin_changing_keys`], and refuses while another process has the trail open.
    async fn begin_rekeying(&self) -> Result<Alone<'_>, TrailError> {
        let here = self.begin_changing_keys().await?;
        #[cfg(feature = "postgres")]
        let elsewhere = self.keep_others_out().await?;
        #[cfg(not(feature = "postgres"))]
        let elsewhere = None;
        Ok((here, elsewhere))
    }

    /// Waits until what was prepared under the keys of before is stored.
    pub(super) async fn settle_writes(&self) -> Result<(), TrailError> {
        self.finish_tasks().await;
        self.0.appender()?.flush().await;
        // Its records may have come back from the queue.
        self.finish_tasks().await;
        self.replay_spool().await
    }

    /// Appends the record of what was done to a key, and has the head that covers it signed.
    pub(super) async fn record_key(&self, mut event: KeyEvent) -> Result<Receipt, TrailError> {
        if event.tree_size == u64::MAX {
            event.tree_size = self.0.store.head(self.tenant()).await?.size;
        }
        let now = self.clock().now();
        let draft = Draft::new(RecordId::from_uuid(self.0.options.ids.new_id(now)), event);
        let receipt = self.record(draft).await?;
        self.notary().checkpoint().await?;
        // What was replaced is to leave the write-ahead log as well.
        if let Err(error) = self.settle().await {
            tracing::warn!(error = %error, "the write-ahead log keeps what was replaced for now");
        }
        Ok(receipt)
    }
}

/// Keeps out others that change keys: in this process, and in those that share the trail.
type Alone<'t> = (tokio::sync::MutexGuard<'t, ()>, Option<std::fs::File>);

/// What is to be recorded; it holds from where the log ends then.
pub(super) const fn event(level: KeyLevel, action: KeyAction, key_id: String) -> KeyEvent {
    KeyEvent {
        level,
        action,
        key_id,
        tree_size: u64::MAX,
        reason: None,
        approved_by: Vec::new(),
    }
}

fn name_of(epoch: u32) -> String {
    format!("epoch {epoch}")
}

fn hex(handle: EntityHandle) -> String {
    handle.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

const BATCH_KEYS: u32 = 256;
