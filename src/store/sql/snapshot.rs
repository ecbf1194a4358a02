//! Everything as of one moment, read in one transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::{Row, Transaction};

use super::SqlStore;
use super::backend::Backend;
use crate::privacy::keys::{EntityKey, KeyId};
use crate::record::{RecordId, Tenant, Timestamp};
use crate::store::prepared::kind_of;
use crate::store::{
    BUCKET_RECORDS, LogHead, PackedText, Snapshot, StoreError, StoredRecord, StoredRow,
};

/// A transaction that only reads. It ends when it is dropped.
pub(super) struct SqlSnapshot<'s, DB: Backend> {
    store: &'s SqlStore<DB>,
    transaction: Transaction<'static, DB>,
}

sql_impl! {
    impl SqlStore {
        pub(super) async fn begin_snapshot(&self) -> Result<SqlSnapshot<'_, DB>, StoreError> {
            let mut transaction = self.readers.begin_with(DB::BEGIN_READING).await.map_err(|e| self.fault(e))?;
            // The moment is that of the first read.
            self.logs_in(&mut transaction).await?;
            Ok(SqlSnapshot { store: self, transaction })
        }

        async fn logs_in(&self, connection: &mut DB::Connection) -> Result<Vec<(Tenant, LogHead)>, StoreError> {
            let rows = sqlx::query("select tenant, name from tenant order by tenant")
                .fetch_all(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            let mut logs = Vec::with_capacity(rows.len());
            for row in rows {
                let number: i64 = row.try_get(0).map_err(|e| self.fault(e))?;
                let name: String = row.try_get(1).map_err(|e| self.fault(e))?;
                let damaged = |what| self.damaged("tenant", number.to_string(), what);
                let tenant = name.parse().map_err(|_| damaged("its name is not that of a tenant"))?;
                let head = self.raw_head(&mut *connection, number).await?;
                logs.push((tenant, head.ok_or_else(|| damaged("it has no head"))?));
            }
            Ok(logs)
        }

        /// The records of a bucket, as they are stored.
        pub(super) async fn bucket_rows(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            bucket: u64,
        ) -> Result<Vec<StoredRow>, StoreError> {
            let range = (bucket * BUCKET_RECORDS, (bucket + 1) * BUCKET_RECORDS);
            let mut unreadable = Vec::new();
            let mut slots = self.raw_slots(&mut *connection, tenant, range, &mut unreadable).await?;
            let raws = self.raw_records(&mut *connection, tenant, range, &mut unreadable).await?;
            if let Some((table, row, _, what)) = unreadable.into_iter().next() {
                return Err(self.damaged(table, row, &what));
            }
            let mut keys: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
            for (key, index) in self.raw_lookups(connection, tenant, bucket).await? {
                keys.entry(index).or_default().push(key);
            }
            let rows = raws.into_iter().map(|raw| {
                let index = raw.log_index;
                let damaged = |what| self.damaged("record", index.to_string(), what);
                let id = uuid::Uuid::from_slice(&raw.id).map_err(|_| damaged("its id is not 16 bytes"))?;
                Ok(StoredRow {
                    id: RecordId::from_uuid(id),
                    kind: kind_of(raw.kind).ok_or_else(|| damaged("no kind has its number"))?,
                    at: Timestamp::from_micros(raw.at_us).map_err(|_| damaged("its time is out of range"))?,
                    keys: keys.remove(&index).unwrap_or_default(),
                    stored: StoredRecord {
                        log_index: index,
                        entry: raw.entry,
                        slots: slots.remove(&index).unwrap_or_default(),
                        fetched: Vec::new(),
                    },
                })
            });
            rows.collect()
        }

        async fn texts_behind(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            after: Option<[u8; 32]>,
            limit: u32,
        ) -> Result<Vec<PackedText>, StoreError> {
            let Some(tenant) = self.tenant_in(&mut *connection, tenant).await? else {
                return Ok(Vec::new());
            };
            let sql = "select sha256, body from shared_text where tenant = $1 and sha256 > $2 order by sha256 limit $3";
            let rows = sqlx::query(sql)
                .bind(tenant)
                .bind(after.map(Vec::from).unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e))?;
            let texts = rows.iter().map(|row| {
                let sha256: Vec<u8> = row.try_get(0).map_err(|e| self.fault(e))?;
                let damaged = |_| self.damaged("shared_text", "*".to_owned(), "a digest is not 32 bytes");
                Ok(PackedText {
                    sha256: sha256.try_into().map_err(damaged)?,
                    body: row.try_get(1).map_err(|e| self.fault(e))?,
                })
            });
            texts.collect()
        }
    }
}

#[async_trait]
impl<DB> Snapshot for SqlSnapshot<'_, DB>
where
    DB: Backend,
    DB::Arguments: sqlx::IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
    for<'q> i64: sqlx::Encode<'q, DB> + sqlx::Decode<'q, DB> + sqlx::Type<DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Decode<'q, DB> + sqlx::Type<DB>,
    for<'q> Vec<u8>: sqlx::Encode<'q, DB> + sqlx::Decode<'q, DB> + sqlx::Type<DB>,
{
    async fn logs(&mut self) -> Result<Vec<(Tenant, LogHead)>, StoreError> {
        self.store.logs_in(&mut self.transaction).await
    }

    async fn bucket(&mut self, tenant: &Tenant, bucket: u64) -> Result<Vec<StoredRow>, StoreError> {
        let number = self.store.tenant_in(&mut self.transaction, tenant).await?;
        match number {
            Some(number) => {
                let connection = &mut self.transaction;
                self.store.bucket_rows(connection, number, bucket).await
            }
            None => Ok(Vec::new()),
        }
    }

    async fn texts_after(
        &mut self,
        tenant: &Tenant,
        after: Option<[u8; 32]>,
        limit: u32,
    ) -> Result<Vec<PackedText>, StoreError> {
        let connection = &mut self.transaction;
        let texts = self.store.texts_behind(connection, tenant, after, limit);
        texts.await
    }

    async fn entity_keys_after(
        &mut self,
        tenant: &Tenant,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<EntityKey>, StoreError> {
        let connection = &mut self.transaction;
        let keys = self.store.keys_after_in(connection, tenant, after, limit);
        keys.await
    }
}
