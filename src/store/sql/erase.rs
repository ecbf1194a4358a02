//! Taking values away, in one transaction with the record that says so.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::Ordering;

use sqlx::{AssertSqlSafe, Connection as _};

use super::SqlStore;
use super::backend::{Backend, Column, ENTITY_KEY};
use super::read::{index, sql_int};
use crate::log::Edge;
use crate::privacy::keys::{EntityHandle, KeyId, key_ids};
use crate::record::{Kind, Tenant, Timestamp};
use crate::seal::Slot;
use crate::store::locked::{keys_in, keys_of};
use crate::store::prepared::kind_number;
use crate::store::verify::bucket_of;
use crate::store::{LookedThrough, Placed, Removal, StoreError};

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
            let overwritten = removal.slots.len() * OVERWRITTEN_BYTES;
            self.unsettled_bytes.fetch_add(overwritten, Ordering::Relaxed);
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
            let head = self.locked_head(&mut *connection, number).await?;
            if self.has_grown(&mut *connection, number, &removal.looked_through).await? {
                return Ok(None);
            }
            if DB::SHARED && self.has_changed(&mut *connection, (number, head.size), removal).await? {
                return Ok(None);
            }
            let deleted = self.delete_slots(&mut *connection, number, &removal.slots).await?;
            // why: another process may have taken some of it away since it was looked through.
            let seen = |(index, _): &&(u64, Slot)| *index < removal.looked_through.size;
            if DB::SHARED && deleted < removal.slots.iter().filter(seen).count() {
                return Ok(None);
            }
            for slot in &removal.relocked {
                let sql = "update slot set payload = $4 where tenant = $1 and log_index = $2 and slot = $3";
                let query = sqlx::query(sql).bind(number).bind(sql_int(slot.log_index)).bind(i64::from(slot.slot.number()));
                query.bind(slot.bytes.clone()).execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            self.delete_lookups(&mut *connection, number, &removal.lookups).await?;
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

        async fn delete_slots(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            slots: &[(u64, Slot)],
        ) -> Result<usize, StoreError> {
            let mut deleted = 0;
            let mut by_number: BTreeMap<Slot, Vec<i64>> = BTreeMap::new();
            for (index, slot) in slots {
                by_number.entry(*slot).or_default().push(sql_int(*index));
            }
            // why: a list of pairs is looked for row by row; a list of indexes is looked up.
            for (slot, indexes) in by_number {
                for chunk in indexes.chunks(MOST_ROWS) {
                    let rows = chunk.len().next_power_of_two();
                    let list: Vec<String> = (3..3 + rows).map(|at| format!("${at}")).collect();
                    let sql = format!(
                        "delete from slot where tenant = $1 and slot = $2 and log_index in ({})",
                        list.join(",")
                    );
                    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(i64::from(slot.number()));
                    for index in padded(chunk, rows) {
                        query = query.bind(*index);
                    }
                    let done = query.execute(&mut *connection).await.map_err(|e| self.fault(e))?;
                    deleted += usize::try_from(DB::rows_affected(&done)).unwrap_or(usize::MAX);
                }
            }
            Ok(deleted)
        }

        async fn delete_lookups(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            lookups: &[(i64, u64)],
        ) -> Result<(), StoreError> {
            for chunk in lookups.chunks(MOST_ROWS) {
                let rows = chunk.len().next_power_of_two();
                // why: each term names the whole key, so that each is one look into the index.
                let term = |row: usize| {
                    let at = 2 + 3 * row;
                    format!(
                        "(tenant = $1 and bucket = ${at} and lookup_key = ${} and log_index = ${})",
                        at + 1,
                        at + 2
                    )
                };
                let terms: Vec<String> = (0..rows).map(term).collect();
                let sql = format!("delete from lookup where {}", terms.join(" or "));
                let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant);
                for (key, index) in padded(chunk, rows) {
                    query = query.bind(sql_int(bucket_of(*index))).bind(*key).bind(sql_int(*index));
                }
                query.execute(&mut *connection).await.map_err(|e| self.fault(e))?;
            }
            Ok(())
        }

        /// Whether a record has come that the look did not see: found by one of its keys, or a hold.
        async fn has_grown(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            LookedThrough { keys, size }: &LookedThrough,
        ) -> Result<bool, StoreError> {
            let hold = "select count(*) from record where tenant = $1 and kind = $2 and log_index >= $3";
            let holds: i64 = sqlx::query_scalar(hold)
                .bind(tenant)
                .bind(kind_number(Kind::Hold))
                .bind(sql_int(*size))
                .fetch_one(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            if holds > 0 {
                return Ok(true);
            }
            let late: Vec<i64> = sqlx::query_scalar(
                "select lookup_key from lookup where tenant = $1 and bucket >= $2 and log_index >= $3",
            )
            .bind(tenant)
            .bind(sql_int(bucket_of(*size)))
            .bind(sql_int(*size))
            .fetch_all(connection)
            .await
            .map_err(|e| self.fault(e))?;
            Ok(late.iter().any(|key| keys.contains(key)))
        }

        /// Whether another process has changed what this rests on. It may have put something under one of
        /// the keys that go, behind what was looked through, which need not be found by anything; and
        /// what stays may be encrypted under a key that it has taken away.
        async fn has_changed(
            &self,
            connection: &mut DB::Connection,
            (tenant, size): (i64, u64),
            removal: &Removal,
        ) -> Result<bool, StoreError> {
            if removal.keys.is_empty() {
                return Ok(false);
            }
            let stays = removal.relocked.iter().filter_map(|slot| keys_in(&slot.bytes));
            let stays: BTreeSet<KeyId> = stays.flat_map(|keys| key_ids(&keys).unwrap_or_default()).collect();
            let entities: BTreeSet<EntityHandle> = stays.iter().map(|key| key.entity).collect();
            let entities: Vec<EntityHandle> = entities.into_iter().collect();
            let stored = self.entity_keys_in(&mut *connection, tenant, &entities).await?;
            let known: BTreeSet<KeyId> = stored.iter().chain(&removal.new_keys).map(|key| key.id).collect();
            if !stays.is_subset(&known) {
                return Ok(true);
            }
            let mut unreadable = Vec::new();
            let range = (removal.looked_through.size, size);
            let slots = self.raw_slots(connection, tenant, range, &mut unreadable).await?;
            if let Some((table, row, _, what)) = unreadable.into_iter().next() {
                return Err(self.damaged(table, row, &what));
            }
            Ok(slots.values().any(|slots| keys_of(slots).any(|key| removal.keys.contains(&key))))
        }

        /// See [`crate::store::Store::found_by`].
        pub(super) async fn lookups_of(
            &self,
            tenant: &Tenant,
            indexes: &[u64],
        ) -> Result<Vec<(i64, u64)>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let Some(tenant) = self.tenant_in(&mut connection, tenant).await? else {
                return Ok(Vec::new());
            };
            let mut found = Vec::new();
            let wanted: HashSet<u64> = indexes.iter().copied().collect();
            let buckets: BTreeSet<u64> = wanted.iter().map(|index| bucket_of(*index)).collect();
            for bucket in buckets {
                for (key, at) in self.lookups_in(&mut connection, tenant, bucket).await? {
                    let at = index(at, "lookup", || format!("{bucket}/{key}/{at}")).map_err(|e| e.at(&self.place))?;
                    if wanted.contains(&at) {
                        found.push((key, at));
                    }
                }
            }
            Ok(found)
        }
    }
}

/// `chunk`, with the last of it repeated up to `rows`, so that few statements serve every number.
fn padded<T>(chunk: &[T], rows: usize) -> impl Iterator<Item = &T> {
    chunk
        .iter()
        .chain(chunk.last().into_iter().cycle())
        .take(rows)
}

/// Rows of one statement.
const MOST_ROWS: usize = 128;
/// About what a slot takes in the write-ahead log when it is overwritten.
const OVERWRITTEN_BYTES: usize = 8 << 10;
