//! The keys of entities.

use sqlx::{AssertSqlSafe, Row};

use super::SqlStore;
use super::backend::Backend;
use super::read::list;
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId};
use crate::store::StoreError;

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
