//! The keys of entities.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Row};

use super::SqlStore;
use super::backend::Backend;
use super::read::list;
use super::verify::or_finding;
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId, OpenedKeys, Vault};
use crate::store::examine::opened_keys;
use crate::store::locked::keys_of;
use crate::store::verify::{Audit, RawRecord};
use crate::store::{StoreError, Verification};

sql_impl! {
    impl SqlStore {
        /// The keys of `entities`.
        pub(super) async fn entity_keys_in(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            entities: &[EntityHandle],
        ) -> Result<Vec<EntityKey>, StoreError> {
            let mut keys = Vec::with_capacity(entities.len());
            for chunk in entities.chunks(CHUNK) {
                let sql = format!(
                    "select entity, number, epoch, wrapped from entity_key \
                     where tenant = $1 and entity in {} order by entity, number",
                    list(chunk.len())
                );
                let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant);
                let last = chunk.last().into_iter().cycle();
                for entity in chunk.iter().chain(last).take(chunk.len().next_power_of_two()) {
                    query = query.bind(entity.0.to_vec());
                }
                for row in query.fetch_all(&mut *connection).await.map_err(|e| self.fault(e))? {
                    keys.push(self.entity_key(&row)?);
                }
            }
            Ok(keys)
        }

        /// The keys that the slots of `raws` are encrypted under, as far as they open.
        pub(super) async fn keys_for(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            raws: &[RawRecord],
            vault: &Vault,
        ) -> Result<Arc<OpenedKeys>, StoreError> {
            let ids = raws.iter().flat_map(|raw| keys_of(&raw.slots));
            let entities: BTreeSet<EntityHandle> = ids.map(|id| id.entity).collect();
            let entities: Vec<_> = entities.into_iter().collect();
            // A row that cannot be read is named with the rest of its table.
            let rows = self.entity_keys_in(connection, tenant, &entities).await.unwrap_or_default();
            Ok(Arc::new(opened_keys(vault, &rows).0))
        }

        /// Every key of an entity, held against the slots that are encrypted under it.
        pub(super) async fn verify_keys(
            &self,
            connection: &mut DB::Connection,
            (tenant, vault): (i64, &Vault),
            is_whole: bool,
            (audit, found): (&mut Audit<'_>, &mut Verification),
        ) -> Result<(), StoreError> {
            let mut after = Vec::new();
            loop {
                let rows = sqlx::query(
                    "select entity, number, epoch, wrapped from entity_key \
                     where tenant = $1 and entity > $2 order by entity, number limit 512",
                )
                .bind(tenant)
                .bind(after.clone())
                .fetch_all(&mut *connection)
                .await
                .map_err(|e| self.fault(e));
                let rows = or_finding(rows, "entity_key", found)?;
                let Some(last) = rows.last() else { return Ok(()) };
                after = last.try_get(0).map_err(|e| self.fault(e))?;
                let mut keys = Vec::with_capacity(rows.len());
                for row in &rows {
                    match self.entity_key(row) {
                        Ok(key) => keys.push(key),
                        Err(StoreError::CorruptRow { row, what, .. }) => audit.wrong("entity_key", row, "row", what),
                        Err(error) => return Err(error),
                    }
                }
                let (_, faults) = opened_keys(vault, &keys);
                for key in keys {
                    audit.entity_key(key.id, faults.get(&key.id).cloned(), is_whole);
                }
            }
        }

        pub(super) fn entity_key(&self, row: &DB::Row) -> Result<EntityKey, StoreError> {
            let entity: Vec<u8> = row.try_get(0).map_err(|e| self.fault(e))?;
            let number: i64 = row.try_get(1).map_err(|e| self.fault(e))?;
            let epoch: i64 = row.try_get(2).map_err(|e| self.fault(e))?;
            let name: String = entity.iter().map(|byte| format!("{byte:02x}")).collect();
            let damaged = |what| self.damaged("entity_key", format!("{name}/{number}"), what);
            Ok(EntityKey {
                id: KeyId {
                    entity: EntityHandle(entity.try_into().map_err(|_| damaged("its entity has another length"))?),
                    number: u32::try_from(number).map_err(|_| damaged("its number is out of range"))?,
                },
                epoch: u32::try_from(epoch).map_err(|_| damaged("its epoch is out of range"))?,
                wrapped: row.try_get(3).map_err(|e| self.fault(e))?,
            })
        }
    }
}

const CHUNK: usize = 256;
