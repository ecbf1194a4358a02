//! Taking in what was read of another store, as it is.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use sqlx::Connection as _;

use super::SqlStore;
use super::append::{EntityKeys, Rows};
use super::backend::{Backend, ENTITY_KEY};
use super::read::sql_int;
use crate::log::Edge;
use crate::privacy::keys::{EntityKey, KeyId};
use crate::record::{Tenant, TrailId};
use crate::seal::entry_hash;
use crate::store::verify::bucket_of;
use crate::store::{LogHead, Part, StoreError, StoredRow};

/// What a part changed: the number of rows, their bytes, and the edge of the log when it has grown.
struct Change {
    tenant: i64,
    rows: u64,
    bytes: usize,
    edge: Option<Edge>,
}

sql_impl! {
    impl SqlStore {
        /// See [`crate::store::Store::adopt`].
        pub(super) async fn adopt_trail(&self, trail: TrailId) -> Result<bool, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| self.read_only())?;
            let sql = "update trail set id = $1 where not exists (select 1 from record)";
            let mut transaction = writer.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let query = sqlx::query(sql).bind(trail.to_string());
            query.execute(&mut *transaction).await.map_err(|e| self.fault(e))?;
            let sql = "select count(*) from trail where id = $1";
            let count = sqlx::query_scalar(sql).bind(trail.to_string());
            let count: i64 = count.fetch_one(&mut *transaction).await.map_err(|e| self.fault(e))?;
            transaction.commit().await.map_err(|e| self.fault(e))?;
            Ok(count == 1)
        }

        /// See [`crate::store::Store::put`].
        pub(super) async fn put_part(&self, tenant: &Tenant, part: &Part) -> Result<u64, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| self.read_only())?;
            let mut connection = writer.acquire().await.map_err(|e| self.fault(e))?;
            DB::overwrite(&mut connection, true).await.map_err(|e| self.fault(e))?;
            let mut transaction = connection.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let change = self.put_in(&mut transaction, tenant, part).await;
            let ended = match change.is_ok() {
                true => transaction.commit().await,
                false => transaction.rollback().await,
            };
            DB::overwrite(&mut connection, false).await.map_err(|e| self.fault(e))?;
            drop(connection);
            let Change { tenant, rows, bytes, edge } = change?;
            ended.map_err(|e| self.fault(e))?;
            if let Some(edge) = edge {
                self.keep_edge(tenant, edge);
            }
            self.unsettled_bytes.fetch_add(bytes, Ordering::Relaxed);
            Ok(rows)
        }

        async fn put_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            part: &Part,
        ) -> Result<Change, StoreError> {
            let tenant = self.tenant_for_writing(&mut *connection, tenant).await?;
            // why: all that write hold the head first; none waits for another one in a circle.
            let head = self.locked_head(&mut *connection, tenant).await?;
            match part {
                Part::Records(records) => self.put_records(connection, (tenant, head), records).await,
                Part::Texts(texts) => {
                    let mut rows = Rows::default();
                    rows.put_texts(texts);
                    let bytes = rows.bytes();
                    self.insert_rows(connection, tenant, rows).await?;
                    Ok(Change { tenant, rows: 0, bytes, edge: None })
                }
                Part::Keys { there, gone } => self.put_keys(connection, tenant, there, gone).await,
            }
        }

        async fn put_records(
            &self,
            connection: &mut DB::Connection,
            (tenant, head): (i64, LogHead),
            records: &[StoredRow],
        ) -> Result<Change, StoreError> {
            let mut edge = self.edge(&mut *connection, tenant, head).await?;
            let mut there: BTreeMap<u64, StoredRow> = BTreeMap::new();
            let buckets = records.iter().map(|row| row.stored.log_index);
            let mut buckets: Vec<u64> = buckets.filter(|index| *index < head.size).map(bucket_of).collect();
            buckets.dedup();
            for bucket in buckets {
                let rows = self.bucket_rows(&mut *connection, tenant, bucket).await?;
                there.extend(rows.into_iter().map(|row| (row.stored.log_index, row)));
            }
            let (mut rows, mut changed) = (Rows::default(), 0);
            for row in records {
                let index = row.stored.log_index;
                match there.get(&index) {
                    Some(known) if known == row => continue,
                    Some(known) if known.is_same_entry(row) => {
                        self.clear(&mut *connection, tenant, index).await?;
                        rows.put_again(row);
                    }
                    Some(_) => return Err(StoreError::OtherEntry { place: self.place.clone(), index }),
                    None if index == edge.size() => {
                        rows.put(row);
                        rows.tiles.extend(edge.push(entry_hash(&row.stored.entry)));
                    }
                    None => return Err(self.damaged("record", index.to_string(), "what came does not go on where the log ends")),
                }
                changed += 1;
            }
            if !rows.tiles.is_empty() {
                rows.tiles.extend(edge.partial().into_iter().filter(|tile| tile.id().level() > 0));
            }
            let bytes = rows.bytes();
            self.insert_rows(&mut *connection, tenant, rows).await?;
            if edge.size() > head.size {
                self.move_head(connection, tenant, head, &edge).await?;
            }
            Ok(Change { tenant, rows: changed, bytes, edge: Some(edge) })
        }

        /// Takes away what can change of a record while its entry stays.
        async fn clear(&self, connection: &mut DB::Connection, tenant: i64, index: u64) -> Result<(), StoreError> {
            let sql = "delete from slot where tenant = $1 and log_index = $2";
            let query = sqlx::query(sql).bind(tenant).bind(sql_int(index));
            query.execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            let sql = "delete from lookup where tenant = $1 and bucket = $2 and log_index = $3";
            let query = sqlx::query(sql).bind(tenant).bind(sql_int(bucket_of(index))).bind(sql_int(index));
            query.execute(connection).await.map(|_| ()).map_err(|e| self.fault(e))
        }

        async fn put_keys(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            there: &[EntityKey],
            gone: &[KeyId],
        ) -> Result<Change, StoreError> {
            let keys: EntityKeys = there.iter().cloned().collect();
            DB::insert(&mut *connection, &ENTITY_KEY, tenant, keys.into_columns())
                .await
                .map_err(|e| self.fault(e))?;
            // One that was here may be encrypted otherwise there.
            for key in there {
                self.rewrap(&mut *connection, tenant, key).await?;
            }
            for key in gone {
                self.remove_key(&mut *connection, tenant, *key).await?;
            }
            let rows = u64::try_from(there.len() + gone.len()).unwrap_or(u64::MAX);
            Ok(Change { tenant, rows, bytes: 0, edge: None })
        }

        fn read_only(&self) -> StoreError {
            StoreError::ReadOnly { place: self.place.clone() }
        }
    }
}
