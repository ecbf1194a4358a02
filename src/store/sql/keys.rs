//! The keys of entities.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Row};

use super::SqlStore;
use super::backend::Backend;
use super::read::list;
use super::verify::or_finding;
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId, OpenedKeys, Vault};
use crate::store::examine::{key_fault, opened_keys};
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
            let rows = self.entity_key_rows(connection, tenant, entities).await?;
            rows.iter().map(|row| self.entity_key(row)).collect()
        }

        async fn entity_key_rows(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            entities: &[EntityHandle],
        ) -> Result<Vec<DB::Row>, StoreError> {
            let mut rows = Vec::with_capacity(entities.len());
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
                rows.extend(query.fetch_all(&mut *connection).await.map_err(|e| self.fault(e))?);
            }
            Ok(rows)
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
            let rows = self.entity_key_rows(connection, tenant, &entities).await.unwrap_or_default();
            let keys: Vec<EntityKey> = rows.iter().filter_map(|row| self.entity_key(row).ok()).collect();
            Ok(Arc::new(opened_keys(vault, &keys)))
        }

        /// Every key of an entity, held against the slots that are encrypted under it.
        pub(super) async fn verify_keys(
            &self,
            connection: &mut DB::Connection,
            (tenant, vault): (i64, &Vault),
            is_whole: bool,
            (audit, found): (&mut Audit<'_>, &mut Verification),
        ) -> Result<(), StoreError> {
            let mut after = None;
            loop {
                let is_first = after.is_none();
                let (entity, number) = after.take().unwrap_or((Vec::new(), i64::MIN));
                // An entity may be empty: the first row has none before it.
                let rows = sqlx::query(if is_first {
                    "select entity, number, epoch, wrapped from entity_key \
                     where tenant = $1 and (entity, number) >= ($2, $3) order by entity, number limit 512"
                } else {
                    "select entity, number, epoch, wrapped from entity_key \
                     where tenant = $1 and (entity, number) > ($2, $3) order by entity, number limit 512"
                })
                .bind(tenant)
                .bind(entity)
                .bind(number)
                .fetch_all(&mut *connection)
                .await
                .map_err(|e| self.fault(e));
                for row in or_finding(rows, "entity_key", found)? {
                    // A value of another type has been named.
                    let (Ok(entity), Ok(number)) = (row.try_get(0), row.try_get(1)) else { continue };
                    after = Some((entity, number));
                    match self.entity_key(&row) {
                        Ok(key) => audit.entity_key(key.id, key_fault(vault, &key), is_whole),
                        Err(StoreError::CorruptRow { row, what, .. }) => {
                            let field = if what == EPOCH { "epoch" } else { "row" };
                            audit.wrong("entity_key", row, field, what);
                        }
                        Err(error) if error.is_damage() => {}
                        Err(error) => return Err(error),
                    }
                }
                if after.is_none() {
                    return Ok(());
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
                epoch: u32::try_from(epoch).map_err(|_| damaged(EPOCH))?,
                wrapped: row.try_get(3).map_err(|e| self.fault(e))?,
            })
        }
    }
}

const EPOCH: &str = "its epoch is out of range";
const CHUNK: usize = 256;
