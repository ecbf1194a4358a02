//! Finding records by keys and times.

use sqlx::{AssertSqlSafe, Row};

use super::SqlStore;
use super::backend::Backend;
use super::read::{index, sql_int};
use crate::record::{RecordId, Tenant, Timestamp};
use crate::store::prepared::kind_number;
use crate::store::{BUCKET_RECORDS, Find, IdPrefix, Located, StoreError};

sql_impl! {
    impl SqlStore {
        /// See [`crate::store::Store::find`].
        pub(super) async fn find_indexes(
            &self,
            tenant: &Tenant,
            find: &Find,
            limit: u32,
        ) -> Result<Vec<u64>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let Some(tenant) = self.tenant_in(&mut connection, tenant).await? else {
                return Ok(Vec::new());
            };
            let timed = is_timed(find);
            if find.keys.is_empty() && !timed {
                let sql = Statement::unbucketed(find);
                return self.indexes(&mut connection, sql, tenant, &[], find, limit).await;
            }
            let buckets = self.buckets(&mut connection, tenant, find, timed).await?;
            let mut found = Vec::new();
            let mut rest = buckets.as_slice();
            let mut chunk = FIRST_BUCKETS;
            while !rest.is_empty() && found.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
                let (now, later) = rest.split_at(chunk.min(rest.len()));
                let wanted = limit - u32::try_from(found.len()).unwrap_or(limit);
                let sql = Statement::bucketed(find, now.len());
                found.extend(self.indexes(&mut connection, sql, tenant, now, find, wanted).await?);
                rest = later;
                chunk = (chunk * 4).min(MOST_BUCKETS);
            }
            Ok(found)
        }

        /// The buckets that can hold what is looked for, newest first.
        async fn buckets(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            find: &Find,
            timed: bool,
        ) -> Result<Vec<i64>, StoreError> {
            let before = find.before.unwrap_or(u64::MAX).min(MAX_INDEX);
            let top = sql_int(before.div_ceil(BUCKET_RECORDS));
            let sql = "select bucket from zone where tenant = $1 and bucket < $2 \
                 and last_us >= $3 and first_us < $4 order by bucket desc";
            let bounds = if timed { bounds(find) } else { (i64::MIN, i64::MAX) };
            sqlx::query_scalar(sql)
                .bind(tenant)
                .bind(top)
                .bind(bounds.0)
                .bind(bounds.1)
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e))
        }

        async fn indexes(
            &self,
            connection: &mut DB::Connection,
            Statement { sql, padded }: Statement,
            tenant: i64,
            buckets: &[i64],
            find: &Find,
            limit: u32,
        ) -> Result<Vec<u64>, StoreError> {
            let (since, until) = bounds(find);
            let before = find.before.unwrap_or(u64::MAX).min(MAX_INDEX);
            let kind = find.kind.map_or(ANY_KIND, kind_number);
            let mut query = sqlx::query(AssertSqlSafe(sql))
                .bind(tenant)
                .bind(sql_int(before))
                .bind(kind)
                .bind(since)
                .bind(until)
                .bind(i64::from(limit));
            for range in &find.keys {
                query = query.bind(range.first).bind(range.last);
            }
            // Padding repeats the last bucket; a bucket is looked at once however often it is named.
            for bucket in buckets.iter().chain(buckets.last().into_iter().cycle()).take(padded) {
                query = query.bind(*bucket);
            }
            let rows = query.fetch_all(connection).await.map_err(|e| self.fault(e))?;
            rows.iter()
                .map(|row| {
                    let found: i64 = row.try_get(0).map_err(|e| self.fault(e))?;
                    index(found, "lookup", || found.to_string()).map_err(|e| e.at(&self.place))
                })
                .collect()
        }

        /// See [`crate::store::Store::locate`].
        pub(super) async fn locate_ids(
            &self,
            tenant: &Tenant,
            prefix: IdPrefix,
            limit: u32,
        ) -> Result<Vec<Located>, StoreError> {
            let mut connection = self.readers.acquire().await.map_err(|e| self.fault(e))?;
            let Some(tenant) = self.tenant_in(&mut connection, tenant).await? else {
                return Ok(Vec::new());
            };
            let rows = sqlx::query(
                "select id, log_index from record where tenant = $1 and id >= $2 and id <= $3 \
                 order by id limit $4",
            )
            .bind(tenant)
            .bind(prefix.first.to_vec())
            .bind(prefix.last.to_vec())
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| self.fault(e))?;
            rows.iter().map(|row| self.located(row)).collect()
        }

        fn located(&self, row: &DB::Row) -> Result<Located, StoreError> {
            let id: Vec<u8> = row.try_get(0).map_err(|e| self.fault(e))?;
            let log_index: i64 = row.try_get(1).map_err(|e| self.fault(e))?;
            Ok(Located {
                id: self.record_id(&id, log_index)?,
                log_index: index(log_index, "record", || log_index.to_string())
                    .map_err(|e| e.at(&self.place))?,
            })
        }

        pub(super) fn record_id(&self, bytes: &[u8], log_index: i64) -> Result<RecordId, StoreError> {
            uuid::Uuid::from_slice(bytes)
                .map(RecordId::from_uuid)
                .map_err(|_| StoreError::CorruptRow {
                    place: self.place.clone(),
                    table: "record",
                    row: log_index.to_string(),
                    what: "its id is not 16 bytes".to_owned(),
                })
        }
    }
}

/// A search as SQL. Parameters: $1 tenant, $2 before, $3 kind, $4 since, $5 until, $6 limit, then
/// two for each key, then the buckets.
struct Statement {
    sql: String,
    padded: usize,
}

impl Statement {
    fn unbucketed(find: &Find) -> Self {
        let fits = fits(find);
        Self {
            sql: format!(
                "select r.log_index from record r where r.tenant = $1 and r.log_index < $2 \
                 and {fits} order by r.log_index desc limit $6"
            ),
            padded: 0,
        }
    }

    fn bucketed(find: &Find, buckets: usize) -> Self {
        let padded = buckets.next_power_of_two();
        let first = 7 + 2 * find.keys.len();
        let list: Vec<String> = (first..first + padded)
            .map(|at| format!("(${at})"))
            .collect();
        let mut sql = format!(
            "with listed (n) as (values {}), b (n) as (select distinct n from listed) ",
            list.join(",")
        );
        let fits = fits(find);
        if find.keys.is_empty() {
            let first = format!("b.n * {BUCKET_RECORDS}");
            sql.push_str(&format!(
                "select r.log_index from b cross join record r where r.tenant = $1 and {fits} \
                 and r.log_index >= {first} and r.log_index < {first} + {BUCKET_RECORDS} \
                 and r.log_index < $2"
            ));
        } else {
            sql.push_str(
                "select distinct l0.log_index from b cross join lookup l0 \
                 where l0.tenant = $1 and l0.bucket = b.n and l0.lookup_key between $7 and $8 \
                 and l0.log_index < $2",
            );
            for (number, _) in find.keys.iter().enumerate().skip(1) {
                let at = 7 + 2 * number;
                sql.push_str(&format!(
                    " and exists (select 1 from lookup l where l.tenant = $1 and l.bucket = b.n \
                     and l.lookup_key between ${at} and ${} and l.log_index = l0.log_index)",
                    at + 1
                ));
            }
            // why: SQLite makes a join of `exists`, and then takes all records before $2 for the ones to
            // look at. A scalar it looks up for each row, by its index.
            sql.push_str(&format!(
                " and (select 1 from record r where r.tenant = $1 and {fits} and r.log_index = l0.log_index) = 1"
            ));
        }
        sql.push_str(" order by 1 desc limit $6");
        Self { sql, padded }
    }
}

/// What a record has to have; every parameter stands in it.
fn fits(find: &Find) -> String {
    let kind = match find.kind {
        Some(_) => "r.kind = $3",
        None => "$3 < 0",
    };
    let time = match is_timed(find) {
        true => "r.at_us >= $4 and r.at_us < $5",
        false => "$4 <= $5",
    };
    format!("{kind} and {time}")
}

const fn is_timed(find: &Find) -> bool {
    find.since.is_some() || find.until.is_some()
}

fn bounds(find: &Find) -> (i64, i64) {
    (
        find.since.map_or(i64::MIN, Timestamp::as_micros),
        find.until.map_or(i64::MAX, Timestamp::as_micros),
    )
}

const ANY_KIND: i64 = -1;
const FIRST_BUCKETS: usize = 32;
const MOST_BUCKETS: usize = 512;
const MAX_INDEX: u64 = 1 << 62;

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;
    use crate::record::Kind;
    use crate::store::KeyRange;
    use crate::store::sql::sqlite::MIGRATIONS;

    /// Every combination of what a search may have.
    fn searches() -> Vec<Find> {
        let mut all = Vec::new();
        for keys in 0..3 {
            for kind in [None, Some(Kind::Decision)] {
                for since in [None, Some(Timestamp::from_micros(1).unwrap())] {
                    all.push(Find {
                        kind,
                        keys: vec![KeyRange { first: 1, last: 2 }; keys],
                        since,
                        ..Find::default()
                    });
                }
            }
        }
        all
    }

    #[tokio::test]
    async fn no_search_reads_more_records_than_its_buckets_name() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS
            .run_direct(None, &mut connection, false)
            .await
            .unwrap();
        for find in searches().iter().filter(|it| !it.keys.is_empty()) {
            let Statement { sql, .. } = Statement::bucketed(find, 2);
            let sql = format!("explain query plan {sql}");
            let rows = sqlx::query(AssertSqlSafe(sql.clone()));
            let rows = rows.fetch_all(&mut connection).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
            let reads = |table: &str| {
                let step = steps
                    .iter()
                    .position(|it| it.starts_with(&format!("SEARCH {table} ")));
                step.unwrap_or_else(|| panic!("{table} in {steps:?} of {sql}"))
            };
            assert!(reads("l0") < reads("r"), "{steps:?} of {sql}");
            let record = &steps[reads("r")];
            assert!(record.contains("log_index=?"), "{record} of {sql}");
        }
    }
}
