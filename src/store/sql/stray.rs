//! Rows that belong to nothing: to no tenant, to no record, to no part of the log.

use sqlx::{AssertSqlSafe, Row};

use super::backend::Backend;
use super::read::sql_int;
use super::verify::{finding, or_finding};
use super::{SqlStore, TABLES};
use crate::store::verify::bucket_of;
use crate::store::{StoreError, Verification};

sql_impl! {
    impl SqlStore {
        /// Rows of a tenant that lie before or behind everything that was read.
        pub(super) async fn strays_of(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            (since, end): (u64, u64),
            slots_seen: usize,
            found: &mut Verification,
        ) -> Result<(), StoreError> {
            for (table, column, behind) in [("lookup", "bucket", bucket_of(end)), ("record", "log_index", end)] {
                let is_outside = format!("{column} < 0 or {column} >= {}", sql_int(behind));
                let what = "it lies outside of the log";
                self.name_strays(&mut *connection, (table, column, what), (tenant, &is_outside), found).await?;
            }
            // why: counting is cheap, and looking for the record of each slot is not.
            let count = "select count(*) from slot where tenant = $1 and log_index >= $2";
            let from = if since == 0 { i64::MIN } else { sql_int(since) };
            let slots: Result<i64, _> = sqlx::query_scalar(count)
                .bind(tenant)
                .bind(from)
                .fetch_one(&mut *connection)
                .await
                .map_err(|e| self.fault(e));
            let slots = or_finding(slots, "slot", found)?;
            if u64::try_from(slots).ok() == u64::try_from(slots_seen).ok() {
                return Ok(());
            }
            let is_alone = "not exists (select 1 from record r where r.tenant = slot.tenant and r.log_index = slot.log_index)";
            let what = "it belongs to no record";
            self.name_strays(connection, ("slot", "log_index", what), (tenant, is_alone), found).await
        }

        /// Rows of tenants that are not there.
        pub(super) async fn strays(&self, connection: &mut DB::Connection, found: &mut Verification) -> Result<(), StoreError> {
            for table in TABLES {
                let sql = format!(
                    "select tenant, count(*) from {table} where tenant not in (select tenant from tenant) \
                     group by tenant order by tenant limit {MOST_NAMED}"
                );
                let rows = sqlx::query(AssertSqlSafe(sql))
                    .fetch_all(&mut *connection)
                    .await
                    .map_err(|e| self.fault(e));
                for row in or_finding(rows, table, found)? {
                    let tenant: i64 = row.try_get(0).unwrap_or(-1);
                    found.findings.push(finding("tenant", tenant.to_string(), "row", "it is missing, and rows of it are there"));
                    self.name_strays(&mut *connection, (table, "tenant", "it belongs to no tenant"), (tenant, "true"), found).await?;
                }
            }
            Ok(())
        }

        /// Names the rows of `tenant` for which `condition` holds by their keys, the first of them.
        async fn name_strays(
            &self,
            connection: &mut DB::Connection,
            (table, field, what): (&'static str, &str, &str),
            (tenant, condition): (i64, &str),
            found: &mut Verification,
        ) -> Result<(), StoreError> {
            let keys = keys_of(table);
            let sql = format!(
                "select {keys} from {table} where tenant = $1 and ({condition}) limit {MOST_NAMED}"
            );
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(tenant)
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e));
            for row in or_finding(rows, table, found)? {
                let parts: Vec<String> = (0..row.len())
                    .map(|at| match (row.try_get::<i64, _>(at), row.try_get::<Vec<u8>, _>(at)) {
                        (Ok(number), _) => number.to_string(),
                        (_, Ok(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                        // Its type is not that of the column, which has been named.
                        _ => "?".to_owned(),
                    })
                    .collect();
                found.findings.push(finding(table, parts.join("/"), field, what));
            }
            Ok(())
        }
    }
}

/// What names a row among those of its tenant.
const fn keys_of(table: &str) -> &'static str {
    match table.as_bytes() {
        b"record" => "log_index",
        b"slot" => "log_index, slot",
        b"shared_text" => "sha256",
        b"entity_key" => "entity, number",
        b"tile" => "level, tile_index",
        b"lookup" => "bucket, lookup_key, log_index",
        b"zone" => "bucket",
        _ => "tenant",
    }
}

/// Of rows of one kind; whoever sees that many has seen enough.
const MOST_NAMED: u32 = 100;
