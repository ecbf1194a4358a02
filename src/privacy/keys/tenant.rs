//! The keys of the tenant themselves: begun, destroyed and listed.

use std::path::Path;

use super::keyring::Keyring;
use super::{KeyError, KeyStatus, Vault};
use crate::record::{Tenant, Timestamp};

impl Vault {
    /// A locked vault that tells all the same what the file `path` says of its keys, and what keeps
    /// the key-encryption key.
    #[must_use]
    pub fn locked_beside(
        tenant: &Tenant,
        why: String,
        path: Option<&Path>,
        provider: Option<String>,
    ) -> Self {
        let lines = path.map(|path| Keyring::list(path, tenant));
        // Why it cannot be listed is why it is locked.
        let lines = lines.and_then(Result::ok).unwrap_or_default();
        let mut vault = Self::locked(tenant, why);
        vault.provider = provider;
        vault.listed = KeyStatus::of_all(lines.iter());
        vault
    }

    /// What keeps the key-encryption key, as far as that is known.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The newest epoch, which new keys of entities are encrypted under.
    #[must_use]
    pub fn epoch(&self) -> Option<u32> {
        self.with_ring(|ring| ring.current().map(|(epoch, _)| epoch))?
    }

    /// Begins a new epoch of the tenant's key; gives its number.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the vault is locked or the file cannot be written.
    pub async fn begin_epoch(&self, now: Timestamp) -> Result<u32, KeyError> {
        let mut ring = self.copy()?;
        let begun = ring.begin_epoch(now).await?;
        self.put(ring);
        self.forget_new_keys();
        Ok(begun)
    }

    /// Has the provider make a new key-encryption key, and encrypts the tenant's keys under it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the vault is locked, or the provider fails.
    pub async fn rotate_provider(&self) -> Result<(), KeyError> {
        let mut ring = self.copy()?;
        ring.rotate_provider().await?;
        self.put(ring);
        Ok(())
    }

    /// Destroys the key of an epoch.
    ///
    /// # Errors
    ///
    /// [`KeyError::Kept`] for the epoch in use and one that is not there.
    pub fn destroy(&self, epoch: u32, now: Timestamp) -> Result<(), KeyError> {
        let mut ring = self.copy()?;
        ring.destroy(epoch, now)?;
        self.put(ring);
        Ok(())
    }

    /// The keys of the tenant, without secrets.
    #[must_use]
    pub fn status(&self) -> Vec<KeyStatus> {
        let status = self.with_ring(|ring| KeyStatus::of_all(ring.own()));
        status.unwrap_or_else(|| self.listed.clone())
    }

    /// A copy of the keys, to be changed and put in their place: others go on with these meanwhile.
    fn copy(&self) -> Result<Keyring, KeyError> {
        self.with_ring(Keyring::clone)
            .ok_or_else(|| self.locked_error())
    }

    fn put(&self, ring: Keyring) {
        *self.ring.write().expect("no holder of this lock panics") = Some(ring);
    }
}
