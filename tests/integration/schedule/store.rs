//! The door of [`SimStore`]: what it does is what the store in memory does, slowly and now and then not.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use contextrail::log::{Hash, TileId};
use contextrail::privacy::keys::{EntityHandle, EntityKey, KeyId, Vault};
use contextrail::record::{Tenant, Timestamp, TrailId};
use contextrail::store::{
    Archived, Find, IdPrefix, Located, LogHead, Part, Placed, Prepared, Rekey, Removal, Segments,
    Snapshot, Store, StoreError, StoreStatus, StoredRecord, Verification, VerifyPlan,
};

use super::disk::SimStore;

#[async_trait]
impl Store for SimStore {
    async fn append(
        &self,
        tenant: &Tenant,
        batch: &[Prepared],
        at: Timestamp,
    ) -> Result<Vec<Placed>, StoreError> {
        self.commit(tenant, batch, at).await
    }

    async fn locate(
        &self,
        tenant: &Tenant,
        prefix: IdPrefix,
        limit: u32,
    ) -> Result<Vec<Located>, StoreError> {
        self.reads().await?;
        self.kept.locate(tenant, prefix, limit).await
    }

    async fn find(&self, tenant: &Tenant, find: &Find, limit: u32) -> Result<Vec<u64>, StoreError> {
        self.reads().await?;
        self.kept.find(tenant, find, limit).await
    }

    async fn read(
        &self,
        tenant: &Tenant,
        indexes: &[u64],
    ) -> Result<Vec<StoredRecord>, StoreError> {
        self.reads().await?;
        self.kept.read(tenant, indexes).await
    }

    async fn texts(
        &self,
        tenant: &Tenant,
        digests: &[[u8; 32]],
    ) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.reads().await?;
        self.kept.texts(tenant, digests).await
    }

    async fn entity_keys(
        &self,
        tenant: &Tenant,
        entities: &[EntityHandle],
    ) -> Result<Vec<EntityKey>, StoreError> {
        self.reads().await?;
        self.kept.entity_keys(tenant, entities).await
    }

    async fn erase(
        &self,
        tenant: &Tenant,
        removal: &Removal,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        self.writes().await?;
        let placed = self.kept.erase(tenant, removal, at).await;
        self.pause().await;
        placed
    }

    async fn found_by(
        &self,
        tenant: &Tenant,
        indexes: &[u64],
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        self.reads().await?;
        self.kept.found_by(tenant, indexes).await
    }

    async fn entity_keys_after(
        &self,
        tenant: &Tenant,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<EntityKey>, StoreError> {
        self.reads().await?;
        self.kept.entity_keys_after(tenant, after, limit).await
    }

    async fn keys_by_epoch(&self, tenant: &Tenant) -> Result<BTreeMap<u32, u64>, StoreError> {
        self.reads().await?;
        self.kept.keys_by_epoch(tenant).await
    }

    async fn rekey(&self, tenant: &Tenant, change: &Rekey) -> Result<bool, StoreError> {
        self.writes().await?;
        let changed = self.kept.rekey(tenant, change).await;
        self.pause().await;
        changed
    }

    async fn snapshot<'s>(&'s self) -> Result<Box<dyn Snapshot + 's>, StoreError> {
        self.reads().await?;
        self.kept.snapshot().await
    }

    async fn adopt(&self, trail: TrailId) -> Result<bool, StoreError> {
        self.writes().await?;
        self.kept.adopt(trail).await
    }

    async fn put(&self, tenant: &Tenant, part: &Part) -> Result<u64, StoreError> {
        self.writes().await?;
        self.kept.put(tenant, part).await
    }

    async fn archive(
        &self,
        tenant: &Tenant,
        slots: &[Archived],
        record: &Prepared,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        self.writes().await?;
        let placed = self.kept.archive(tenant, slots, record, at).await;
        self.pause().await;
        placed
    }

    async fn trail(&self) -> Result<TrailId, StoreError> {
        self.kept.trail().await
    }

    async fn head(&self, tenant: &Tenant) -> Result<LogHead, StoreError> {
        self.reads().await?;
        self.kept.head(tenant).await
    }

    async fn tiles(
        &self,
        tenant: &Tenant,
        ids: &[TileId],
    ) -> Result<BTreeMap<TileId, Vec<Hash>>, StoreError> {
        self.reads().await?;
        self.kept.tiles(tenant, ids).await
    }

    async fn verify(&self, plan: &VerifyPlan) -> Result<Verification, StoreError> {
        self.kept.verify(plan).await
    }

    async fn rebuild(
        &self,
        tenant: &Tenant,
        vault: &Vault,
        segments: &Segments,
    ) -> Result<u64, StoreError> {
        self.kept.rebuild(tenant, vault, segments).await
    }

    async fn status(&self, tenant: &Tenant) -> Result<StoreStatus, StoreError> {
        self.kept.status(tenant).await
    }

    async fn settle(&self, now: bool) -> Result<(), StoreError> {
        self.pause().await;
        self.kept.settle(now).await
    }

    async fn close(&self) {
        self.pause().await;
        self.kept.close().await;
    }
}
