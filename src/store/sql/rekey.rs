//! Changing the keys that values are encrypted under.

use std::collections::BTreeMap;

use sqlx::Row;

use super::SqlStore;
use super::append::EntityKeys;
use super::backend::{Backend, ENTITY_KEY};
use super::read::{int_sql, sql_int};
use crate::privacy::keys::{EntityKey, KeyId};
use crate::record::Tenant;
use crate::store::{Rekey, Relocked, StoreError};

sql_impl! {
    impl SqlStore {
        /// See [`crate::store::Store::rekey`].
        pub(super) async fn rekey_tenant(&self, tenant: &Tenant, change: &Rekey) -> Result<bool, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly {
                place: self.place.clone(),
            })?;
            // Dropped before its end, it changes nothing.
            let mut transaction = writer.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let is_done = self.rekey_in(&mut transaction, tenant, change).await?;
            let end = match is_done {
                true => transaction.commit().await,
                false => transaction.rollback().await,
            };
            end.map_err(|e| self.fault(e))?;
            Ok(is_done)
        }

        async fn rekey_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            change: &Rekey,
        ) -> Result<bool, StoreError> {
            let Rekey { added, rewrapped, relocked, removed, size } = change;
            let Some(tenant) = self.tenant_in(&mut *connection, tenant).await? else {
                return Ok(false);
            };
            let head = self.locked_head(&mut *connection, tenant).await?;
            if size.is_some_and(|size| size != head.size) {
                return Ok(false);
            }
            let added: EntityKeys = added.iter().cloned().collect();
            DB::insert(&mut *connection, &ENTITY_KEY, tenant, added.into_columns())
                .await
                .map_err(|e| self.fault(e))?;
            for key in rewrapped {
                self.rewrap(&mut *connection, tenant, key).await?;
            }
            for slot in relocked {
                self.relock(&mut *connection, tenant, slot).await?;
            }
            for key in removed {
                self.remove_key(&mut *connection, tenant, *key).await?;
            }
            Ok(true)
        }

        pub(super) async fn rewrap(&self, connection: &mut DB::Connection, tenant: i64, key: &EntityKey) -> Result<(), StoreError> {
            let sql = "update entity_key set epoch = $1, wrapped = $2 where tenant = $3 and entity = $4 and number = $5";
            let query = sqlx::query(sql)
                .bind(i64::from(key.epoch))
                .bind(key.wrapped.clone())
                .bind(tenant)
                .bind(key.id.entity.0.to_vec())
                .bind(i64::from(key.id.number));
            query.execute(connection).await.map(|_| ()).map_err(|e| self.fault(e))
        }

        async fn relock(&self, connection: &mut DB::Connection, tenant: i64, slot: &Relocked) -> Result<(), StoreError> {
            let sql = "update slot set payload = $1 where tenant = $2 and log_index = $3 and slot = $4";
            let query = sqlx::query(sql)
                .bind(slot.bytes.clone())
                .bind(tenant)
                .bind(sql_int(slot.log_index))
                .bind(i64::from(slot.slot.number()));
            query.execute(connection).await.map(|_| ()).map_err(|e| self.fault(e))
        }

        pub(super) async fn remove_key(&self, connection: &mut DB::Connection, tenant: i64, key: KeyId) -> Result<(), StoreError> {
            let sql = "delete from entity_key where tenant = $1 and entity = $2 and number = $3";
            let query = sqlx::query(sql)
                .bind(tenant)
                .bind(key.entity.0.to_vec())
                .bind(i64::from(key.number));
            query.execute(connection).await.map(|_| ()).map_err(|e| self.fault(e))
        }

        /// See [`crate::store::Store::entity_keys_after`].
        pub(super) async fn keys_after(
            &self,
            tenant: &Tenant,
            after: Option<KeyId>,
            limit: u32,
        ) -> Result<Vec<EntityKey>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            self.keys_after_in(&mut connection, tenant, after, limit).await
        }

        pub(super) async fn keys_after_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            after: Option<KeyId>,
            limit: u32,
        ) -> Result<Vec<EntityKey>, StoreError> {
            let Some(tenant) = self.tenant_in(&mut *connection, tenant).await? else {
                return Ok(Vec::new());
            };
            let entity = after.map(|key| key.entity.0.to_vec()).unwrap_or_default();
            let number = after.map_or(-1, |key| i64::from(key.number));
            let rows = sqlx::query(
                "select entity, number, epoch, wrapped from entity_key \
                 where tenant = $1 and (entity > $2 or (entity = $2 and number > $3)) \
                 order by entity, number limit $4",
            )
            .bind(tenant)
            .bind(entity)
            .bind(number)
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await
            .map_err(|e| self.fault(e))?;
            rows.iter().map(|row| self.entity_key(row)).collect()
        }

        /// See [`crate::store::Store::keys_by_epoch`].
        pub(super) async fn count_keys(&self, tenant: &Tenant) -> Result<BTreeMap<u32, u64>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let Some(tenant) = self.tenant_in(&mut connection, tenant).await? else {
                return Ok(BTreeMap::new());
            };
            let rows = sqlx::query("select epoch, count(*) from entity_key where tenant = $1 group by epoch")
                .bind(tenant)
                .fetch_all(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let mut counts = BTreeMap::new();
            for row in rows {
                let epoch: i64 = row.try_get(0).map_err(|e| self.fault(e))?;
                let count: i64 = row.try_get(1).map_err(|e| self.fault(e))?;
                let epoch = u32::try_from(epoch)
                    .map_err(|_| self.damaged("entity_key", "*".to_owned(), "an epoch is out of range"))?;
                counts.insert(epoch, int_sql(count));
            }
            Ok(counts)
        }
    }
}
