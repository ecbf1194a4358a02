//! Reading records and texts, and the store as a whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Row};

use super::SqlStore;
use super::backend::Backend;
use crate::log::{Hash, TileId};
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId, Vault};
use crate::record::{Kind, Tenant, Timestamp, TrailId};
use crate::seal::{Slot, SlotBytes};
use crate::store::pack::unpack;
use crate::store::prepared::kind_number;
use crate::store::{
    Archived, BoxError, Find, IdPrefix, Located, LogHead, Part, Placed, Prepared, Rekey, Removal,
    Segments, Snapshot, Store, StoreError, StoreStatus, StoredRecord, Verification, VerifyPlan,
};

sql_impl! {
    impl SqlStore {
        async fn read_records(
            &self,
            tenant: &Tenant,
            indexes: &[u64],
        ) -> Result<Vec<StoredRecord>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            match self.tenant_in(&mut connection, tenant).await? {
                Some(tenant) => self.records_in(&mut connection, tenant, indexes).await,
                None => Ok(Vec::new()),
            }
        }

        pub(super) async fn records_in(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            indexes: &[u64],
        ) -> Result<Vec<StoredRecord>, StoreError> {
            let mut records = Vec::with_capacity(indexes.len());
            for chunk in indexes.chunks(READ_CHUNK) {
                let entries = self.entries(&mut *connection, tenant, chunk).await?;
                let slots = self.slots(&mut *connection, tenant, chunk).await?;
                records.extend(chunk.iter().filter_map(|index| {
                    Some(StoredRecord {
                        log_index: *index,
                        entry: entries.get(index)?.clone(),
                        slots: slots.get(index).cloned().unwrap_or_default(),
                        fetched: Vec::new(),
                    })
                }));
            }
            Ok(records)
        }

        async fn entries(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            indexes: &[u64],
        ) -> Result<HashMap<u64, Vec<u8>>, StoreError> {
            let sql = format!(
                "select log_index, entry from record where tenant = $1 and log_index in {}",
                list(indexes.len())
            );
            let rows = self.rows_of(connection, sql, tenant, indexes).await?;
            rows.iter()
                .map(|row| {
                    let index: i64 = row.try_get(0).map_err(|e| self.fault(e))?;
                    Ok((int_sql(index), row.try_get(1).map_err(|e| self.fault(e))?))
                })
                .collect()
        }

        async fn slots(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            indexes: &[u64],
        ) -> Result<HashMap<u64, Vec<SlotBytes>>, StoreError> {
            let sql = format!(
                "select log_index, slot, payload from slot where tenant = $1 and log_index in {} \
                 order by log_index, slot",
                list(indexes.len())
            );
            let rows = self.rows_of(connection, sql, tenant, indexes).await?;
            let mut slots: HashMap<u64, Vec<SlotBytes>> = HashMap::new();
            for row in rows {
                let index: i64 = row.try_get(0).map_err(|e| self.fault(e))?;
                let number: i64 = row.try_get(1).map_err(|e| self.fault(e))?;
                let bytes: Vec<u8> = row.try_get(2).map_err(|e| self.fault(e))?;
                let number = u16::try_from(number).map_err(|_| {
                    self.damaged("slot", format!("{index}/{number}"), "its number is out of range")
                })?;
                slots.entry(int_sql(index)).or_default().push(SlotBytes {
                    slot: Slot::new(number),
                    bytes,
                });
            }
            Ok(slots)
        }

        async fn rows_of(
            &self,
            connection: &mut DB::Connection,
            sql: String,
            tenant: i64,
            indexes: &[u64],
        ) -> Result<Vec<DB::Row>, StoreError> {
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant);
            let last = indexes.last().into_iter().cycle();
            for index in indexes.iter().chain(last).take(indexes.len().next_power_of_two()) {
                query = query.bind(sql_int(*index));
            }
            query.fetch_all(connection).await.map_err(|e| self.fault(e))
        }

        async fn read_texts(
            &self,
            tenant: &Tenant,
            digests: &[[u8; 32]],
        ) -> Result<Vec<Option<Arc<str>>>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let Some(tenant) = self.tenant_in(&mut connection, tenant).await? else {
                return Ok(vec![None; digests.len()]);
            };
            let mut found: HashMap<[u8; 32], Arc<str>> = HashMap::new();
            for chunk in digests.chunks(READ_CHUNK) {
                let sql = format!(
                    "select sha256, body from shared_text where tenant = $1 and sha256 in {}",
                    list(chunk.len())
                );
                let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant);
                let last = chunk.last().into_iter().cycle();
                for digest in chunk.iter().chain(last).take(chunk.len().next_power_of_two()) {
                    query = query.bind(digest.to_vec());
                }
                let rows = query.fetch_all(&mut *connection).await.map_err(|e| self.fault(e))?;
                for row in rows {
                    let (digest, text) = self.text_row(&row)?;
                    found.insert(digest, text);
                }
            }
            Ok(digests.iter().map(|digest| found.get(digest).cloned()).collect())
        }

        fn text_row(&self, row: &DB::Row) -> Result<([u8; 32], Arc<str>), StoreError> {
            let sha256: Vec<u8> = row.try_get(0).map_err(|e| self.fault(e))?;
            let body: Vec<u8> = row.try_get(1).map_err(|e| self.fault(e))?;
            let name = || sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let damaged = |what| self.damaged("shared_text", name(), what);
            let bytes = unpack(&body).map_err(|_| damaged("it cannot be decompressed"))?;
            let digest: [u8; 32] = Sha256::digest(&bytes).into();
            if digest.as_slice() != sha256 {
                return Err(damaged("its text is not that of its digest"));
            }
            let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
            Ok((digest, text.into()))
        }

        /// The number that stands for `tenant`, if it has written anything.
        pub(super) async fn tenant_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
        ) -> Result<Option<i64>, StoreError> {
            let known = || self.tenants.lock().expect("no holder of this lock panics");
            if let Some(number) = known().get(tenant) {
                return Ok(Some(*number));
            }
            // why: only what another connection can see is remembered: the tenant row of a
            // transaction that may yet be rolled back must not be.
            let number: Option<i64> = sqlx::query_scalar("select tenant from tenant where name = $1")
                .bind(tenant.to_string())
                .fetch_optional(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let Some(number) = number else { return Ok(None) };
            let written: Option<i64> = sqlx::query_scalar("select size from head where tenant = $1 and size > 0")
                .bind(number)
                .fetch_optional(connection)
                .await
                .map_err(|e| self.fault(e))?;
            if written.is_some() {
                known().insert(tenant.clone(), number);
            }
            Ok(Some(number))
        }

        async fn read_trail(&self, connection: &mut DB::Connection) -> Result<TrailId, StoreError> {
            let trail: Option<String> = sqlx::query_scalar("select id from trail")
                .fetch_optional(connection)
                .await
                .map_err(|e| self.fault(e))?;
            let trail = trail.ok_or_else(|| {
                self.damaged("trail", "1".to_owned(), "it is missing")
            })?;
            trail
                .parse()
                .map_err(|_| self.damaged("trail", trail, "its id is not a UUID"))
        }

        async fn read_status(&self, tenant: &Tenant) -> Result<StoreStatus, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let connection = &mut *connection;
            let trail = self.read_trail(&mut *connection).await?;
            let schema: i64 = sqlx::query_scalar("select max(version) from _sqlx_migrations")
                .fetch_one(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let number = self.tenant_in(connection, tenant).await?.unwrap_or(0);
            let size: Option<i64> = sqlx::query_scalar("select size from head where tenant = $1")
                .bind(number)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let mut counts = Vec::new();
            for kind in Kind::ALL {
                let count: i64 =
                    sqlx::query_scalar("select count(*) from record where tenant = $1 and kind = $2")
                        .bind(number)
                        .bind(kind_number(kind))
                        .fetch_one(&mut *connection)
                        .await
                        .map_err(|e| self.fault(e))?;
                counts.push((kind, int_sql(count)));
            }
            Ok(StoreStatus {
                trail,
                schema,
                size: int_sql(size.unwrap_or(0)),
                counts,
                bytes: DB::bytes_on_disk(&mut *connection, &self.place).await.map_err(|e| self.fault(e))?,
                engine: DB::engine(&mut *connection).await.map_err(|e| self.fault(e))?,
                problems: DB::problems(connection).await.map_err(|e| self.fault(e))?,
            })
        }

        async fn settle_writer(&self, last: bool) -> Result<(), StoreError> {
            let Some(writer) = &self.writer else {
                return Ok(());
            };
            let mut connection = writer.acquire().await.map_err(|e| self.fault(e))?;
            DB::settle(&mut connection, last).await.map_err(|e| self.fault(e))?;
            self.unsettled_bytes.store(0, Ordering::Relaxed);
            Ok(())
        }

        pub(super) fn fault(&self, error: sqlx::Error) -> StoreError {
            DB::fault(&self.place, error)
        }

        pub(super) fn backend(&self, source: BoxError) -> StoreError {
            StoreError::Backend { place: self.place.clone(), source }
        }

        pub(super) fn damaged(&self, table: &'static str, row: String, what: &str) -> StoreError {
            StoreError::CorruptRow {
                place: self.place.clone(),
                table,
                row,
                what: what.to_owned(),
            }
        }
    }
}

sql_impl! {
    #[async_trait]
    impl [Store] SqlStore {
        async fn append(
            &self,
            tenant: &Tenant,
            batch: &[Prepared],
            at: Timestamp,
        ) -> Result<Vec<Placed>, StoreError> {
            self.append_batch(tenant, batch, at).await
        }

        async fn locate(
            &self,
            tenant: &Tenant,
            prefix: IdPrefix,
            limit: u32,
        ) -> Result<Vec<Located>, StoreError> {
            self.locate_ids(tenant, prefix, limit).await
        }

        async fn find(&self, tenant: &Tenant, find: &Find, limit: u32) -> Result<Vec<u64>, StoreError> {
            self.find_indexes(tenant, find, limit).await
        }

        async fn read(&self, tenant: &Tenant, indexes: &[u64]) -> Result<Vec<StoredRecord>, StoreError> {
            self.read_records(tenant, indexes).await
        }

        async fn texts(
            &self,
            tenant: &Tenant,
            digests: &[[u8; 32]],
        ) -> Result<Vec<Option<Arc<str>>>, StoreError> {
            self.read_texts(tenant, digests).await
        }

        async fn snapshot<'s>(&'s self) -> Result<Box<dyn Snapshot + 's>, StoreError> {
            Ok(Box::new(self.begin_snapshot().await?))
        }

        async fn adopt(&self, trail: TrailId) -> Result<bool, StoreError> {
            self.adopt_trail(trail).await
        }

        async fn put(&self, tenant: &Tenant, part: &Part) -> Result<u64, StoreError> {
            self.put_part(tenant, part).await
        }

        async fn trail(&self) -> Result<TrailId, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            self.read_trail(&mut connection).await
        }

        async fn head(&self, tenant: &Tenant) -> Result<LogHead, StoreError> {
            self.read_head(tenant).await
        }

        async fn tiles(
            &self,
            tenant: &Tenant,
            ids: &[TileId],
        ) -> Result<BTreeMap<TileId, Vec<Hash>>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            match self.tenant_in(&mut connection, tenant).await? {
                Some(tenant) => self.tiles_in(&mut connection, tenant, ids).await,
                None => Ok(BTreeMap::new()),
            }
        }

        async fn entity_keys(
            &self,
            tenant: &Tenant,
            entities: &[EntityHandle],
        ) -> Result<Vec<EntityKey>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            match self.tenant_in(&mut connection, tenant).await? {
                Some(tenant) => self.entity_keys_in(&mut connection, tenant, entities).await,
                None => Ok(Vec::new()),
            }
        }

        async fn erase(
            &self,
            tenant: &Tenant,
            removal: &Removal,
            at: Timestamp,
        ) -> Result<Option<Placed>, StoreError> {
            self.remove(tenant, removal, at).await
        }

        async fn found_by(&self, tenant: &Tenant, indexes: &[u64]) -> Result<Vec<(i64, u64)>, StoreError> {
            self.lookups_of(tenant, indexes).await
        }

        async fn entity_keys_after(
            &self,
            tenant: &Tenant,
            after: Option<KeyId>,
            limit: u32,
        ) -> Result<Vec<EntityKey>, StoreError> {
            self.keys_after(tenant, after, limit).await
        }

        async fn keys_by_epoch(&self, tenant: &Tenant) -> Result<BTreeMap<u32, u64>, StoreError> {
            self.count_keys(tenant).await
        }

        async fn rekey(&self, tenant: &Tenant, change: &Rekey) -> Result<bool, StoreError> {
            self.rekey_tenant(tenant, change).await
        }

        async fn verify(&self, plan: &VerifyPlan) -> Result<Verification, StoreError> {
            self.verify_all(plan).await
        }

        async fn rebuild(&self, tenant: &Tenant, vault: &Vault, segments: &Segments) -> Result<u64, StoreError> {
            self.rebuild_tenant(tenant, vault, segments).await
        }

        async fn archive(
            &self,
            tenant: &Tenant,
            slots: &[Archived],
            record: &Prepared,
            at: Timestamp,
        ) -> Result<Option<Placed>, StoreError> {
            self.move_slots(tenant, slots, record, at).await
        }

        async fn status(&self, tenant: &Tenant) -> Result<StoreStatus, StoreError> {
            self.read_status(tenant).await
        }

        async fn settle(&self, now: bool) -> Result<(), StoreError> {
            if !now && self.unsettled_bytes.load(Ordering::Relaxed) < SETTLE_BYTES {
                return Ok(());
            }
            self.settle_writer(false).await
        }

        async fn empty_log(&self) -> Result<(), StoreError> {
            let Some(writer) = &self.writer else {
                return Ok(());
            };
            let mut connection = writer.acquire().await.map_err(|e| self.fault(e))?;
            DB::tidy(&mut connection).await.map_err(|e| self.fault(e))?;
            self.unsettled_bytes.store(0, Ordering::Relaxed);
            Ok(())
        }

        async fn close(&self) {
            // A reader that is still at work would keep the write-ahead log from being emptied.
            self.readers.close().await;
            // A checkpoint that fails now is made when the file is next opened.
            drop(self.settle_writer(true).await);
            if let Some(writer) = &self.writer {
                writer.close().await;
            }
            drop(self.guard.lock().expect("no holder of this lock panics").take());
        }
    }
}

/// A damaged row, before the place is known.
pub(super) struct Damaged {
    table: &'static str,
    row: String,
    what: &'static str,
}

impl Damaged {
    pub(super) fn at(self, place: &str) -> StoreError {
        StoreError::CorruptRow {
            place: place.to_owned(),
            table: self.table,
            row: self.row,
            what: self.what.to_owned(),
        }
    }
}

/// A log index as read from `table`.
pub(super) fn index(
    value: i64,
    table: &'static str,
    row: impl FnOnce() -> String,
) -> Result<u64, Damaged> {
    u64::try_from(value).map_err(|_| Damaged {
        table,
        row: row(),
        what: "its index is negative",
    })
}

/// A count or index for the database, whose integers have 63 bits to count with.
pub(super) fn sql_int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn int_sql(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The statement that finds `count` ids.
pub(super) fn ids_in(count: usize) -> String {
    format!(
        "select id, log_index, entry from record where tenant = $1 and id in {}",
        list(count)
    )
}

/// A list of `count` parameters from `$2` on, padded to a power of two.
pub(super) fn list(count: usize) -> String {
    let last = 1 + count.next_power_of_two();
    let parameters: Vec<String> = (2..=last).map(|at| format!("${at}")).collect();
    format!("({})", parameters.join(","))
}

const READ_CHUNK: usize = 128;
/// About 4,000 pages of 4 KiB, the indexes included.
const SETTLE_BYTES: usize = 8 << 20;
