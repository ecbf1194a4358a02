//! Rows as they lie in the tables, for verification: nothing is taken for granted.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Row};

use super::SqlStore;
use super::backend::Backend;
use super::read::{int_sql, sql_int};
use super::verify::{finding, or_finding};
use crate::seal::{Slot, SlotBytes};
use crate::store::verify::{RawRecord, bucket_of};
use crate::store::{BUCKET_RECORDS, LogHead, StoreError, Verification};

/// The rows of one bucket.
pub(super) struct ReadBucket {
    pub(super) bucket: u64,
    pub(super) raws: Vec<RawRecord>,
    /// Slots that belong to no record, by what names them.
    pub(super) strays: Vec<String>,
    /// How many slots there are.
    pub(super) slots: usize,
    /// Keys and indexes of the look-up index.
    pub(super) lookups: BTreeSet<(i64, u64)>,
    /// Rows that are not what the table holds, and what is wrong with them.
    pub(super) unreadable: Vec<Unreadable>,
}

/// A table, a row, a field of it, and what is wrong with that.
type Unreadable = (&'static str, String, &'static str, String);

sql_impl! {
    impl SqlStore {
        /// The first bucket from `from` on that has a record.
        pub(super) async fn read_bucket(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            from: u64,
            found: &mut Verification,
        ) -> Result<Option<ReadBucket>, StoreError> {
            let first = self.next_index(&mut *connection, tenant, from).await;
            let Some(first) = or_finding(first, "record", found)? else {
                return Ok(None);
            };
            let bucket = bucket_of(first);
            let range = (bucket * BUCKET_RECORDS, (bucket + 1) * BUCKET_RECORDS);
            let mut unreadable = Vec::new();
            let slots = self.raw_slots(&mut *connection, tenant, range, &mut unreadable).await;
            let mut slots = or_finding(slots, "slot", found)?;
            let count = slots.values().map(Vec::len).sum();
            let raws = self.raw_records(&mut *connection, tenant, range, &mut unreadable).await;
            let mut raws = or_finding(raws, "record", found)?;
            for raw in &mut raws {
                raw.slots = slots.remove(&raw.log_index).unwrap_or_default();
            }
            let strays = slots.into_iter().flat_map(|(index, slots)| {
                slots.into_iter().map(move |it| format!("{index}/{}", it.slot.number()))
            });
            let lookups = self.raw_lookups(connection, tenant, bucket).await;
            Ok(Some(ReadBucket {
                bucket,
                raws,
                strays: strays.collect(),
                slots: count,
                lookups: or_finding(lookups, "lookup", found)?,
                unreadable,
            }))
        }

        pub(super) async fn raw_head(&self, connection: &mut DB::Connection, tenant: i64) -> Result<Option<LogHead>, StoreError> {
            let row = sqlx::query("select size, root from head where tenant = $1")
                .bind(tenant)
                .fetch_optional(connection)
                .await
                .map_err(|e| self.fault(e))?;
            let Some(row) = row else { return Ok(None) };
            let size: i64 = row.try_get(0).unwrap_or(-1);
            let root: Vec<u8> = row.try_get(1).unwrap_or_default();
            // A head that cannot be read is one that fits no log.
            Ok(Some(LogHead {
                size: u64::try_from(size).unwrap_or(u64::MAX),
                root: root.try_into().unwrap_or([0; 32]),
            }))
        }

        pub(super) async fn raw_tiles(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            found: &mut Verification,
        ) -> Result<BTreeMap<(u8, u64), Vec<u8>>, StoreError> {
            let rows = sqlx::query("select level, tile_index, hashes from tile where tenant = $1")
                .bind(tenant)
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e))?;
            let mut tiles = BTreeMap::new();
            for row in rows {
                let (level, index) = (row.try_get(0).unwrap_or(-1_i64), row.try_get(1).unwrap_or(-1_i64));
                let hashes: Vec<u8> = row.try_get(2).unwrap_or_default();
                match (u8::try_from(level), u64::try_from(index)) {
                    (Ok(level), Ok(index)) => drop(tiles.insert((level, index), hashes)),
                    _ => found.findings.push(finding("tile", format!("{level}/{index}"), "row", "no log has such a tile")),
                }
            }
            Ok(tiles)
        }

        pub(super) async fn raw_zones(&self, connection: &mut DB::Connection, tenant: i64) -> Result<BTreeMap<u64, (i64, i64)>, StoreError> {
            let rows = sqlx::query("select bucket, first_us, last_us from zone where tenant = $1")
                .bind(tenant)
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e))?;
            Ok(rows
                .iter()
                .map(|row| {
                    let int = |at: usize| row.try_get(at).unwrap_or(i64::MIN);
                    // A negative bucket is one that no record is in.
                    (u64::try_from(int(0)).unwrap_or(u64::MAX), (int(1), int(2)))
                })
                .collect())
        }

        /// The first index from `from` on that a record has.
        pub(super) async fn next_index(&self, connection: &mut DB::Connection, tenant: i64, from: u64) -> Result<Option<u64>, StoreError> {
            // A number that is none, or none that is whole, is not the index of a record.
            let next: Option<i64> = sqlx::query_scalar(
                "select cast(log_index as bigint) from record where tenant = $1 and log_index >= $2 \
                 and cast(log_index as bigint) = log_index order by log_index limit 1",
            )
            .bind(tenant)
            .bind(sql_int(from))
            .fetch_optional(connection)
            .await
            .map_err(|e| self.fault(e))?;
            Ok(next.map(int_sql).filter(|next| *next >= from))
        }

        /// What `sql` selects of a tenant between two indexes, the second not included.
        async fn rows_between(
            &self,
            connection: &mut DB::Connection,
            sql: &'static str,
            tenant: i64,
            (from, to): (u64, u64),
        ) -> Result<Vec<DB::Row>, StoreError> {
            sqlx::query(sql)
                .bind(tenant)
                .bind(sql_int(from))
                .bind(sql_int(to))
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e))
        }

        pub(super) async fn raw_records(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            range: (u64, u64),
            unreadable: &mut Vec<Unreadable>,
        ) -> Result<Vec<RawRecord>, StoreError> {
            let sql = "select log_index, id, kind, at_us, entry from record \
                 where tenant = $1 and log_index >= $2 and log_index < $3 order by log_index";
            let rows = self.rows_between(connection, sql, tenant, range).await?;
            let mut records = Vec::with_capacity(rows.len());
            for row in rows {
                // An index of another type has been named, and is that of no record.
                let Ok(log_index) = row.try_get(0).map(int_sql) else { continue };
                match raw_record(&row, log_index) {
                    Ok(raw) => records.push(raw),
                    Err(error) => unreadable.push(("record", log_index.to_string(), "row", error.to_string())),
                }
            }
            Ok(records)
        }

        pub(super) async fn raw_slots(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            range: (u64, u64),
            unreadable: &mut Vec<Unreadable>,
        ) -> Result<BTreeMap<u64, Vec<SlotBytes>>, StoreError> {
            let sql = "select log_index, slot, payload from slot \
                 where tenant = $1 and log_index >= $2 and log_index < $3 order by log_index, slot";
            let rows = self.rows_between(connection, sql, tenant, range).await?;
            let mut slots: BTreeMap<u64, Vec<SlotBytes>> = BTreeMap::new();
            for row in rows {
                // A key of another type has been named, and is that of no slot.
                let (Ok(index), Ok(number)) = (row.try_get(0).map(int_sql), row.try_get::<i64, _>(1)) else {
                    continue;
                };
                let Ok(slot) = u16::try_from(number) else {
                    let row = format!("{index}/{number}");
                    unreadable.push(("slot", row, "slot", "no record has such a slot".to_owned()));
                    continue;
                };
                slots.entry(index).or_default().push(SlotBytes {
                    slot: Slot::new(slot),
                    bytes: row.try_get(2).unwrap_or_default(),
                });
            }
            Ok(slots)
        }

        pub(super) async fn raw_lookups(&self, connection: &mut DB::Connection, tenant: i64, bucket: u64) -> Result<BTreeSet<(i64, u64)>, StoreError> {
            let rows = self.lookups_in(connection, tenant, bucket).await?;
            Ok(rows.into_iter().map(|(key, index)| (key, u64::try_from(index).unwrap_or(u64::MAX))).collect())
        }

        /// Keys and indexes of the look-up index; a row that is not two numbers is `(0, -1)`.
        pub(super) async fn lookups_in(&self, connection: &mut DB::Connection, tenant: i64, bucket: u64) -> Result<Vec<(i64, i64)>, StoreError> {
            // why: a bucket has tens of thousands of rows, and each that the driver hands over costs more than all that is in it.
            let sql = format!("select {} from lookup where tenant = $1 and bucket = $2", DB::LOOKUPS);
            let joined: Option<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(tenant)
                .bind(sql_int(bucket))
                .fetch_one(connection)
                .await
                .map_err(|e| self.fault(e))?;
            let joined = joined.unwrap_or_default();
            let rows = joined.split(|byte| *byte == b',').filter(|row| !row.is_empty());
            Ok(rows.map(|row| lookup(row).unwrap_or((0, -1))).collect())
        }
    }
}

/// A key and an index, as [`Backend::LOOKUPS`] writes them. What a value of another type passes for here
/// does not matter: [`Backend::shape_faults`] has named it.
fn lookup(row: &[u8]) -> Option<(i64, i64)> {
    let (key, index) = str::from_utf8(row).ok()?.split_once(' ')?;
    Some((key.parse().ok()?, index.parse().ok()?))
}

fn raw_record<R>(row: &R, log_index: u64) -> Result<RawRecord, sqlx::Error>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    for<'r> Vec<u8>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    Ok(RawRecord {
        log_index,
        id: row.try_get(1)?,
        kind: row.try_get(2)?,
        at_us: row.try_get(3)?,
        entry: row.try_get(4)?,
        slots: Vec::new(),
        fetched: Vec::new(),
        wrong: Vec::new(),
    })
}
