//! Putting stubs in the place of what is in the archive, in one transaction with the record of it.

use sqlx::Connection as _;

use super::SqlStore;
use super::backend::Backend;
use super::read::sql_int;
use crate::log::Edge;
use crate::record::{Tenant, Timestamp};
use crate::store::{Archived, Placed, Prepared, StoreError};

sql_impl! {
    impl SqlStore {
        /// See [`crate::store::Store::archive`].
        pub(super) async fn move_slots(
            &self,
            tenant: &Tenant,
            slots: &[Archived],
            record: &Prepared,
            at: Timestamp,
        ) -> Result<Option<Placed>, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly {
                place: self.place.clone(),
            })?;
            let mut connection = writer.acquire().await.map_err(|e| self.fault(e))?;
            // why: the record keys in the payloads are encrypted under those of now, and must go with them.
            DB::overwrite(&mut connection, true).await.map_err(|e| self.fault(e))?;
            let mut transaction = connection.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let moved = self.move_in(&mut transaction, tenant, slots, (record, at)).await;
            let ended = match matches!(moved, Ok(Some(_))) {
                true => transaction.commit().await,
                false => transaction.rollback().await,
            };
            DB::overwrite(&mut connection, false).await.map_err(|e| self.fault(e))?;
            drop(connection);
            let Some((number, placed, edge)) = moved? else { return Ok(None) };
            ended.map_err(|e| self.fault(e))?;
            self.keep_edge(number, edge);
            self.appended(number, std::iter::once(record));
            Ok(Some(placed))
        }

        async fn move_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            slots: &[Archived],
            (record, at): (&Prepared, Timestamp),
        ) -> Result<Option<(i64, Placed, Edge)>, StoreError> {
            let number = self.tenant_for_writing(&mut *connection, tenant).await?;
            // why: nobody else erases, encrypts anew or moves between the look at a slot and the commit.
            self.locked_head(&mut *connection, number).await?;
            for Archived { log_index, slot, before, stub } in slots {
                // A row that is not what was read is not counted.
                let stay = "select count(*) from slot \
                     where tenant = $1 and log_index = $2 and slot = $3 and payload = $4";
                let rows: i64 = sqlx::query_scalar(stay)
                    .bind(number)
                    .bind(sql_int(*log_index))
                    .bind(i64::from(slot.number()))
                    .bind(before.clone())
                    .fetch_one(&mut *connection)
                    .await
                    .map_err(|e| self.fault(e))?;
                if rows != 1 {
                    return Ok(None);
                }
                let sql = "update slot set payload = $4 where tenant = $1 and log_index = $2 and slot = $3";
                let query = sqlx::query(sql).bind(number).bind(sql_int(*log_index)).bind(i64::from(slot.number()));
                query.bind(stub.clone()).execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            let (_, placed, edge) = self.append_in(connection, tenant, std::slice::from_ref(record), at).await?;
            Ok(placed.into_iter().next().map(|placed| (number, placed, edge)))
        }
    }
}
