//! Taking values away, in one transaction with the record that says so.

use sqlx::Connection as _;

use super::SqlStore;
use super::backend::{Backend, Column, ENTITY_KEY};
use super::read::sql_int;
use crate::log::Edge;
use crate::record::{Kind, Tenant, Timestamp};
use crate::store::prepared::kind_number;
use crate::store::{Placed, Removal, StoreError};

sql_impl! {
    impl SqlStore {
        /// See [`crate::store::Store::erase`].
        pub(super) async fn remove(
            &self,
            tenant: &Tenant,
            removal: &Removal,
            at: Timestamp,
        ) -> Result<Option<Placed>, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly {
                place: self.place.clone(),
            })?;
            let mut connection = writer.acquire().await.map_err(|e| self.fault(e))?;
            DB::overwrite(&mut connection, true).await.map_err(|e| self.fault(e))?;
            let mut transaction = connection.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let removed = self.remove_in(&mut transaction, tenant, removal, at).await;
            let ended = match matches!(removed, Ok(Some(_))) {
                true => transaction.commit().await,
                false => transaction.rollback().await,
            };
            DB::overwrite(&mut connection, false).await.map_err(|e| self.fault(e))?;
            drop(connection);
            let Some((number, placed, edge)) = removed? else { return Ok(None) };
            ended.map_err(|e| self.fault(e))?;
            self.keep_edge(number, edge);
            self.appended(number, std::iter::once(&removal.record));
            Ok(Some(placed))
        }

        async fn remove_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            removal: &Removal,
            at: Timestamp,
        ) -> Result<Option<(i64, Placed, Edge)>, StoreError> {
            let number = self.tenant_for_writing(&mut *connection, tenant).await?;
            // why: nobody else appends between the look at what has come and the commit.
            self.locked_head(&mut *connection, number).await?;
            if self.has_grown(&mut *connection, number, removal.looked_through).await? {
                return Ok(None);
            }
            for (index, slot) in &removal.slots {
                let sql = "delete from slot where tenant = $1 and log_index = $2 and slot = $3";
                let query = sqlx::query(sql).bind(number).bind(sql_int(*index)).bind(i64::from(slot.number()));
                query.execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            for slot in &removal.relocked {
                let sql = "update slot set payload = $4 where tenant = $1 and log_index = $2 and slot = $3";
                let query = sqlx::query(sql).bind(number).bind(sql_int(slot.log_index)).bind(i64::from(slot.slot.number()));
                query.bind(slot.bytes.clone()).execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            for (key, index) in &removal.lookups {
                let sql = "delete from lookup where tenant = $1 and bucket = $2 and lookup_key = $3 and log_index = $4";
                let bucket = crate::store::verify::bucket_of(*index);
                let query = sqlx::query(sql).bind(number).bind(sql_int(bucket)).bind(*key).bind(sql_int(*index));
                query.execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            for id in &removal.keys {
                let sql = "delete from entity_key where tenant = $1 and entity = $2 and number = $3";
                let query = sqlx::query(sql).bind(number).bind(id.entity.0.to_vec()).bind(i64::from(id.number));
                query.execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            let new = || removal.new_keys.iter();
            let columns = vec![
                Column::Bytes(new().map(|key| key.id.entity.0.to_vec()).collect()),
                Column::Int(new().map(|key| i64::from(key.id.number)).collect()),
                Column::Int(new().map(|key| i64::from(key.epoch)).collect()),
                Column::Bytes(new().map(|key| key.wrapped.clone()).collect()),
            ];
            DB::insert(&mut *connection, &ENTITY_KEY, number, columns).await.map_err(|e| self.fault(e))?;
            let batch = std::slice::from_ref(&removal.record);
            let (_, placed, edge) = self.append_in(connection, tenant, batch, at).await?;
            Ok(placed.into_iter().next().map(|placed| (number, placed, edge)))
        }

        /// Whether a record has come behind the first `size` that is found by `key`, or a legal hold.
        async fn has_grown(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            (key, size): (i64, u64),
        ) -> Result<bool, StoreError> {
            let sql = "select count(*) from lookup \
                 where tenant = $1 and bucket >= $2 and lookup_key = $3 and log_index >= $4";
            let late: i64 = sqlx::query_scalar(sql)
                .bind(tenant)
                .bind(sql_int(crate::store::verify::bucket_of(size)))
                .bind(key)
                .bind(sql_int(size))
                .fetch_one(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let hold = "select count(*) from record where tenant = $1 and kind = $2 and log_index >= $3";
            let holds: i64 = sqlx::query_scalar(hold)
                .bind(tenant)
                .bind(kind_number(Kind::Hold))
                .bind(sql_int(size))
                .fetch_one(connection)
                .await
                .map_err(|e| self.fault(e))?;
            Ok(late + holds > 0)
        }
    }
}
