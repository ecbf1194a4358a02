//! The keys of a trail: where they are, and those that records are read and written with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Trail, TrailError};
use crate::privacy::keys::{
    EntityHandle, KeyError, KeyProvider, LocalKeys, OpenedKeys, Unopened, Vault,
};
use crate::record::{Draft, EntityRef, Tenant, Timestamp};
use crate::seal::Slots;
use crate::store::{Store, StoredRecord};

/// The files of keys beside a database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyFiles {
    /// The key-encryption keys, unless another provider keeps them: for their owner alone.
    pub key_encryption: PathBuf,
    /// The keys of tenants, encrypted: for their owner alone.
    pub keyring: PathBuf,
}

impl KeyFiles {
    /// The files beside the database `path`: `….kek` and `….keyring`.
    #[must_use]
    pub fn beside(path: &Path) -> Self {
        let beside = |end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Self {
            key_encryption: beside(".kek"),
            keyring: beside(".keyring"),
        }
    }
}

/// Opens the keys of `tenant` for writing; a log that is still empty gets new ones.
pub(super) async fn for_writing(
    store: &Arc<dyn Store>,
    (files, provider): (Option<&KeyFiles>, Option<Arc<dyn KeyProvider>>),
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Vault, TrailError> {
    let is_new = store.head(tenant).await?.size == 0;
    let vault = open(files, provider, tenant, is_new.then_some(now)).await?;
    match vault.why_locked() {
        None => Ok(vault),
        Some(_) => Err(TrailError::Key(Arc::new(KeyError::Missing {
            path: files.map_or_else(String::new, |it| it.keyring.display().to_string()),
            tenant: tenant.to_string(),
        }))),
    }
}

/// Opens the keys of `tenant` for reading: without them what is not personal can be read.
#[cfg(feature = "sqlite")]
pub(super) async fn for_reading(
    (files, provider): (Option<&KeyFiles>, Option<Arc<dyn KeyProvider>>),
    tenant: &Tenant,
) -> Vault {
    match open(files, provider, tenant, None).await {
        Ok(vault) => vault,
        Err(error) => Vault::locked(tenant, error_chain(&error)),
    }
}

async fn open(
    files: Option<&KeyFiles>,
    provider: Option<Arc<dyn KeyProvider>>,
    tenant: &Tenant,
    create: Option<Timestamp>,
) -> Result<Vault, KeyError> {
    let provider = match (provider, files) {
        (Some(provider), _) => provider,
        (None, Some(files)) => Arc::new(LocalKeys::open(&files.key_encryption)?),
        (None, None) => Arc::new(LocalKeys::in_memory()),
    };
    let keyring = files.map(|files| files.keyring.as_path());
    Vault::open(keyring, provider, tenant, create).await
}

#[cfg(feature = "sqlite")]
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

impl Trail {
    /// The keys that values are encrypted under.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Whether a key is known of every owner of a slot.
    pub(super) fn knows_keys_of(&self, owners: &[Vec<EntityRef>]) -> bool {
        let mut slots = owners.iter().skip(1);
        slots.all(|owners| self.vault().knows(&self.vault().handles(owners)))
    }

    /// Reads the stored keys of owners of which none is known, and makes those that are not there.
    pub(super) async fn learn_keys_of(&self, owners: &[Vec<EntityRef>]) -> Result<(), TrailError> {
        let handles = owners.iter().skip(1);
        let handles = handles.flat_map(|owners| self.vault().handles(owners));
        let unknown: BTreeSet<EntityHandle> =
            handles.filter(|it| !self.vault().knows(&[*it])).collect();
        let unknown: Vec<EntityHandle> = unknown.into_iter().collect();
        for row in self.0.store.entity_keys(self.tenant(), &unknown).await? {
            // A key that does not open is left to those records that need it; new ones get another.
            if let Err(error) = self.vault().unwrap(&row) {
                tracing::warn!(error = %error, "the key of an entity does not open");
            }
        }
        for entity in unknown {
            self.vault().newest_or_new(entity)?;
        }
        Ok(())
    }

    /// Reads or makes the keys that `draft` will be encrypted under, so that it can be handed over
    /// without waiting.
    pub(super) async fn learn_keys_for(&self, draft: &Draft) -> Result<(), TrailError> {
        let slots = Slots::of(&self.head_of(draft), &draft.body, &draft.about)?;
        if self.knows_keys_of(slots.owners()) {
            return Ok(());
        }
        self.learn_keys_of(slots.owners()).await
    }

    /// The keys that `rows` are encrypted under, as far as they are here.
    pub(super) async fn keys_for(&self, rows: &[StoredRecord]) -> Result<OpenedKeys, TrailError> {
        let mut opened = OpenedKeys::new();
        if self.vault().why_locked().is_some() {
            return Ok(opened);
        }
        let mut unknown = BTreeSet::new();
        for id in rows.iter().flat_map(StoredRecord::key_ids) {
            match self.vault().opened(id) {
                Some(secret) => drop(opened.insert(id, secret)),
                None => drop(unknown.insert(id.entity)),
            }
        }
        if unknown.is_empty() {
            return Ok(opened);
        }
        let unknown: Vec<EntityHandle> = unknown.into_iter().collect();
        for row in self.0.store.entity_keys(self.tenant(), &unknown).await? {
            if let Ok(secret) = self.vault().unwrap(&row) {
                opened.insert(row.id, secret);
            }
        }
        Ok(opened)
    }

    /// What is to be said when something is found by keyed hashes and the keys are not here.
    pub(super) fn keys_missing(&self) -> TrailError {
        TrailError::Key(Arc::new(self.vault().locked_error()))
    }
}

/// Why values of a record are not there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct WhyWithheld(Option<Unopened>);

impl WhyWithheld {
    pub(super) const ERASED: Self = Self(None);
    pub(super) const LOCKED: Self = Self(Some(Unopened::Locked));

    pub(super) const fn as_str(self) -> &'static str {
        match self.0 {
            None => "erased",
            Some(_) => "encrypted under a key that is not here",
        }
    }
}
