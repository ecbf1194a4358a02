//! The store of a trail that is behind a server: everything that goes over HTTP goes by another way, and
//! what does not says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::RemoteError;
use crate::log::{Hash, TileId};
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId, Vault};
use crate::record::{Tenant, Timestamp, TrailId};
use crate::store::{
    Archived, Find, IdPrefix, Located, LogHead, Part, Placed, Prepared, Rekey, Removal, Segments,
    Snapshot, Store, StoreError, StoreStatus, StoredRecord, Verification, VerifyPlan,
};

/// Stands where the store of a local trail stands.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) url: String,
}

impl Elsewhere {
    fn no<T>(&self, what: &'static str) -> Result<T, StoreError> {
        let url = self.url.clone();
        let error = RemoteError::NotRemote { what, url };
        Err(StoreError::Elsewhere {
            source: Box::new(error),
        })
    }
}

#[async_trait]
impl Store for Elsewhere {
    async fn append(
        &self,
        _: &Tenant,
        _: &[Prepared],
        _: Timestamp,
    ) -> Result<Vec<Placed>, StoreError> {
        self.no("writing to the log")
    }

    async fn locate(&self, _: &Tenant, _: IdPrefix, _: u32) -> Result<Vec<Located>, StoreError> {
        self.no("reading the log")
    }

    async fn find(&self, _: &Tenant, _: &Find, _: u32) -> Result<Vec<u64>, StoreError> {
        self.no("this search")
    }

    async fn read(&self, _: &Tenant, _: &[u64]) -> Result<Vec<StoredRecord>, StoreError> {
        self.no("reading the log")
    }

    async fn texts(
        &self,
        _: &Tenant,
        digests: &[[u8; 32]],
    ) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        // Texts come with their record. What did not come is not stored.
        Ok(vec![None; digests.len()])
    }

    async fn entity_keys(
        &self,
        _: &Tenant,
        _: &[EntityHandle],
    ) -> Result<Vec<EntityKey>, StoreError> {
        self.no("reading keys")
    }

    async fn erase(
        &self,
        _: &Tenant,
        _: &Removal,
        _: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        self.no("erasing")
    }

    async fn found_by(&self, _: &Tenant, _: &[u64]) -> Result<Vec<(i64, u64)>, StoreError> {
        self.no("erasing")
    }

    async fn entity_keys_after(
        &self,
        _: &Tenant,
        _: Option<KeyId>,
        _: u32,
    ) -> Result<Vec<EntityKey>, StoreError> {
        self.no("reading keys")
    }

    async fn keys_by_epoch(&self, _: &Tenant) -> Result<BTreeMap<u32, u64>, StoreError> {
        self.no("reading keys")
    }

    async fn rekey(&self, _: &Tenant, _: &Rekey) -> Result<bool, StoreError> {
        self.no("replacing keys")
    }

    async fn snapshot<'s>(&'s self) -> Result<Box<dyn Snapshot + 's>, StoreError> {
        self.no("copying")
    }

    async fn adopt(&self, _: TrailId) -> Result<bool, StoreError> {
        self.no("copying")
    }

    async fn put(&self, _: &Tenant, _: &Part) -> Result<u64, StoreError> {
        self.no("copying")
    }

    async fn archive(
        &self,
        _: &Tenant,
        _: &[Archived],
        _: &Prepared,
        _: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        self.no("moving to the archive")
    }

    async fn trail(&self) -> Result<TrailId, StoreError> {
        self.no("this")
    }

    async fn head(&self, _: &Tenant) -> Result<LogHead, StoreError> {
        self.no("reading the log")
    }

    async fn tiles(
        &self,
        _: &Tenant,
        _: &[TileId],
    ) -> Result<BTreeMap<TileId, Vec<Hash>>, StoreError> {
        self.no("proving")
    }

    async fn verify(&self, _: &VerifyPlan) -> Result<Verification, StoreError> {
        self.no("verifying")
    }

    async fn rebuild(&self, _: &Tenant, _: &Vault, _: &Segments) -> Result<u64, StoreError> {
        self.no("rebuilding")
    }

    async fn status(&self, _: &Tenant) -> Result<StoreStatus, StoreError> {
        self.no("looking at the database")
    }

    async fn close(&self) {}
}
