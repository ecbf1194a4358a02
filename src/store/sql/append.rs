//! Appending a batch in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::Row;

use super::SqlStore;
use super::backend::{Backend, Column, ENTITY_KEY, LOOKUP, RECORD, SHARED_TEXT, SLOT, TILE, ZONE};
use super::read::{ids_in, index, sql_int};
use crate::log::{Edge, Tile};
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId};
use crate::record::{RecordId, Tenant, Timestamp};
use crate::seal::entry_hash;
use crate::store::locked::keys_of;
use crate::store::pack::pack;
use crate::store::prepared::kind_number;
use crate::store::{BUCKET_RECORDS, PackedText, Placed, Prepared, StoreError, StoredRow};

sql_impl! {
    impl SqlStore {
        /// Appends `batch`; see [`crate::store::Store::append`].
        pub(super) async fn append_batch(
            &self,
            tenant: &Tenant,
            batch: &[Prepared],
            at: Timestamp,
        ) -> Result<Vec<Placed>, StoreError> {
            let mut tries = 0;
            loop {
                match self.append_once(tenant, batch, at).await {
                    // why: a commit whose answer was lost may have been made; a record that is there
                    // already is not stored again, so that trying again is safe.
                    Err(error) if tries < TRIES && DB::SHARED && error.is_passing_soon() => {
                        tracing::warn!(error = %error, "a batch is appended again");
                        tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(tries)).await;
                        tries += 1;
                    }
                    appended => return appended,
                }
            }
        }

        async fn append_once(
            &self,
            tenant: &Tenant,
            batch: &[Prepared],
            at: Timestamp,
        ) -> Result<Vec<Placed>, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly {
                place: self.place.clone(),
            })?;
            // Dropped before its end, it changes nothing.
            let mut transaction = writer.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let appended = self.append_in(&mut transaction, tenant, batch, at).await;
            let (tenant, placed, edge) = match appended {
                Ok(appended) => appended,
                Err(error) => {
                    // The first error says more than a failed rollback.
                    drop(transaction.rollback().await);
                    return Err(error);
                }
            };
            transaction.commit().await.map_err(|e| self.fault(e))?;
            self.keep_edge(tenant, edge);
            let new = batch.iter().zip(&placed).filter(|(_, placed)| !placed.existed);
            self.appended(tenant, new.map(|(prepared, _)| prepared));
            Ok(placed)
        }

        pub(super) async fn append_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            batch: &[Prepared],
            at: Timestamp,
        ) -> Result<(i64, Vec<Placed>, Edge), StoreError> {
            let tenant = self.tenant_for_writing(connection, tenant).await?;
            let head = self.locked_head(connection, tenant).await?;
            let mut edge = self.edge(connection, tenant, head).await?;
            let mut there = self.existing(connection, tenant, batch).await?;
            let mut rows = Rows::default();
            let mut new = Vec::with_capacity(batch.len());
            let mut placed = Vec::with_capacity(batch.len());
            for prepared in batch {
                if let Some(existing) = there.get(&prepared.id) {
                    placed.push(*existing);
                    continue;
                }
                let (entry, hash) = prepared.entry(at).map_err(|e| self.backend(e.into()))?;
                let place = Placed { log_index: edge.size(), entry_hash: hash, existed: false };
                rows.add(prepared, sql_int(edge.size()), entry);
                rows.tiles.extend(edge.push(hash));
                there.insert(prepared.id, Placed { existed: true, ..place });
                placed.push(place);
                new.push(prepared);
            }
            if DB::SHARED {
                self.check_keys(connection, tenant, &new).await?;
            }
            rows.texts = self.new_texts(tenant, &new)?;
            if edge.size() > head.size {
                if !rows.tiles.is_empty() {
                    rows.tiles.extend(edge.partial().into_iter().filter(|tile| tile.id().level() > 0));
                }
                self.insert_rows(connection, tenant, rows).await?;
                self.move_head(connection, tenant, head, &edge).await?;
            }
            Ok((tenant, placed, edge))
        }

        /// Where those of `batch` are that are stored already.
        async fn existing(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            batch: &[Prepared],
        ) -> Result<HashMap<RecordId, Placed>, StoreError> {
            let mut found = HashMap::new();
            for chunk in batch.chunks(EXISTING_CHUNK) {
                let sql = ids_in(chunk.len());
                let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant);
                // Padding repeats the last id, so that few statements serve every number of ids.
                let last = chunk.last().into_iter().cycle();
                for prepared in chunk.iter().chain(last).take(chunk.len().next_power_of_two()) {
                    query = query.bind(prepared.id.uuid().as_bytes().to_vec());
                }
                let rows = query.fetch_all(&mut *connection).await.map_err(|e| self.fault(e))?;
                for row in rows {
                    let (id, placed) = self.existing_row(&row)?;
                    found.insert(id, placed);
                }
            }
            Ok(found)
        }

        /// Whether every key that `records` are encrypted under is stored, or comes with them: another
        /// process may have erased or replaced one meanwhile.
        async fn check_keys(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            records: &[&Prepared],
        ) -> Result<(), StoreError> {
            let brought: HashSet<KeyId> = records
                .iter()
                .flat_map(|record| record.new_keys.iter().filter(|it| !it.is_stored()))
                .map(|new| new.row.id)
                .collect();
            let used = records.iter().flat_map(|record| Some((record.id, keys_of(&record.slots))));
            let used: Vec<_> = used
                .flat_map(|(record, keys)| keys.map(move |key| (record, key)))
                .filter(|(_, key)| !brought.contains(key))
                .collect();
            let entities: BTreeSet<EntityHandle> = used.iter().map(|(_, key)| key.entity).collect();
            if entities.is_empty() {
                return Ok(());
            }
            let entities: Vec<EntityHandle> = entities.into_iter().collect();
            let stored = self.entity_keys_in(connection, tenant, &entities).await?;
            let stored: HashSet<KeyId> = stored.iter().map(|key| key.id).collect();
            match used.iter().find(|(_, key)| !stored.contains(key)) {
                Some((record, key)) => Err(StoreError::KeyGone { record: *record, key: *key }),
                None => Ok(()),
            }
        }

        fn existing_row(&self, row: &DB::Row) -> Result<(RecordId, Placed), StoreError> {
            let id: Vec<u8> = row.try_get(0).map_err(|e| self.fault(e))?;
            let log_index: i64 = row.try_get(1).map_err(|e| self.fault(e))?;
            let entry: Vec<u8> = row.try_get(2).map_err(|e| self.fault(e))?;
            let row_name = || log_index.to_string();
            let place = Placed {
                log_index: index(log_index, "record", row_name).map_err(|e| e.at(&self.place))?,
                entry_hash: entry_hash(&entry),
                existed: true,
            };
            Ok((self.record_id(&id, log_index)?, place))
        }

        /// The shared texts of `records` that are not known to be stored, packed.
        fn new_texts(
            &self,
            tenant: i64,
            records: &[&Prepared],
        ) -> Result<Vec<TextRow>, StoreError> {
            let mut new = HashMap::new();
            for shared in records.iter().flat_map(|prepared| &prepared.shared) {
                if self.known_texts.get(&(tenant, shared.sha256)).is_none() {
                    new.entry(shared.sha256).or_insert(&shared.text);
                }
            }
            new.into_iter()
                .map(|(sha256, text)| {
                    let body = pack(text.as_bytes()).map_err(|e| self.backend(e.into()))?;
                    Ok((sha256.to_vec(), body))
                })
                .collect()
        }

        pub(super) async fn insert_rows(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            rows: Rows,
        ) -> Result<(), StoreError> {
            let (digests, bodies) = rows.texts.into_iter().unzip();
            let (first, last) = (rows.zones.values().map(|z| z.0), rows.zones.values().map(|z| z.1));
            let zones = vec![
                Column::Int(rows.zones.keys().copied().collect()),
                Column::Int(first.collect()),
                Column::Int(last.collect()),
            ];
            let tiles = vec![
                Column::Int(rows.tiles.iter().map(|tile| i64::from(tile.id().level())).collect()),
                Column::Int(rows.tiles.iter().map(|tile| sql_int(tile.id().index())).collect()),
                Column::Bytes(rows.tiles.iter().map(|tile| tile.bytes().to_vec()).collect()),
            ];
            let tables = [
                (&RECORD, vec![
                    Column::Int(rows.indexes), Column::Bytes(rows.ids), Column::Int(rows.kinds),
                    Column::Int(rows.times), Column::Bytes(rows.entries),
                ]),
                (&SLOT, vec![
                    Column::Int(rows.slot_indexes), Column::Int(rows.slots), Column::Bytes(rows.payloads),
                ]),
                (&ENTITY_KEY, rows.entity_keys.into_columns()),
                (&LOOKUP, rows.lookups.into_columns()),
                (&SHARED_TEXT, vec![Column::Bytes(digests), Column::Bytes(bodies)]),
                (&ZONE, zones),
                (&TILE, tiles),
            ];
            for (table, columns) in tables {
                DB::insert(&mut *connection, table, tenant, columns)
                    .await
                    .map_err(|e| self.fault(e))?;
            }
            Ok(())
        }

        /// Notes what is stored now that the transaction is committed.
        pub(super) fn appended<'a>(&self, tenant: i64, records: impl Iterator<Item = &'a Prepared>) {
            let mut bytes = 0;
            for prepared in records {
                for shared in &prepared.shared {
                    self.known_texts.insert((tenant, shared.sha256), ());
                }
                prepared.new_keys.iter().for_each(|new| new.stored());
                bytes += prepared.queued_bytes();
            }
            self.unsettled_bytes.fetch_add(bytes, Ordering::Relaxed);
        }

        pub(super) async fn run(
            &self,
            connection: &mut DB::Connection,
            statement: &'static str,
        ) -> Result<(), StoreError> {
            sqlx::query(statement)
                .execute(connection)
                .await
                .map(|_| ())
                .map_err(|e| self.fault(e))
        }

        /// The number that stands for `tenant`, which is made when it is not there.
        pub(super) async fn tenant_for_writing(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
        ) -> Result<i64, StoreError> {
            if let Some(number) = self.tenant_in(&mut *connection, tenant).await? {
                return Ok(number);
            }
            let number: i64 = sqlx::query_scalar("select coalesce(max(tenant), 0) + 1 from tenant")
                .fetch_one(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            sqlx::query("insert into tenant (tenant, name) values ($1, $2)")
                .bind(number)
                .bind(tenant.to_string())
                .execute(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            sqlx::query("insert into head (tenant, size, root) values ($1, 0, $2)")
                .bind(number)
                .bind(Edge::new().root().to_vec())
                .execute(&mut *connection)
                .await
                .map_err(|e| self.fault(e))?;
            Ok(number)
        }
    }
}

/// A digest and a packed text.
type TextRow = (Vec<u8>, Vec<u8>);

/// The rows of a batch, by column.
#[derive(Default)]
pub(super) struct Rows {
    indexes: Vec<i64>,
    ids: Vec<Vec<u8>>,
    kinds: Vec<i64>,
    times: Vec<i64>,
    entries: Vec<Vec<u8>>,
    slot_indexes: Vec<i64>,
    slots: Vec<i64>,
    payloads: Vec<Vec<u8>>,
    entity_keys: EntityKeys,
    lookups: Lookups,
    zones: HashMap<i64, (i64, i64)>,
    pub(super) tiles: Vec<Tile>,
    texts: Vec<TextRow>,
}

/// The rows of keys of entities, in the order of their key.
#[derive(Default)]
pub(super) struct EntityKeys(BTreeMap<KeyId, EntityKey>);

impl FromIterator<EntityKey> for EntityKeys {
    fn from_iter<I: IntoIterator<Item = EntityKey>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.id, key)).collect())
    }
}

impl EntityKeys {
    pub(super) fn into_columns(self) -> Vec<Column> {
        let rows = || self.0.values();
        vec![
            Column::Bytes(rows().map(|row| row.id.entity.0.to_vec()).collect()),
            Column::Int(rows().map(|row| i64::from(row.id.number)).collect()),
            Column::Int(rows().map(|row| i64::from(row.epoch)).collect()),
            Column::Bytes(rows().map(|row| row.wrapped.clone()).collect()),
        ]
    }
}

/// The rows of the lookup index, in the order of its key.
#[derive(Default)]
struct Lookups(Vec<[i64; 3]>);

impl Lookups {
    fn into_columns(mut self) -> Vec<Column> {
        self.0.sort_unstable();
        (0..3)
            .map(|column| Column::Int(self.0.iter().map(|row| row[column]).collect()))
            .collect()
    }
}

impl Rows {
    fn add(&mut self, prepared: &Prepared, log_index: i64, entry: Vec<u8>) {
        let at = prepared.at.as_micros();
        self.indexes.push(log_index);
        self.ids.push(prepared.id.uuid().as_bytes().to_vec());
        self.kinds.push(kind_number(prepared.kind));
        self.times.push(at);
        self.entries.push(entry);
        for slot in &prepared.slots {
            self.slot_indexes.push(log_index);
            self.slots.push(i64::from(slot.slot.number()));
            self.payloads.push(slot.bytes.clone());
        }
        for new in prepared.new_keys.iter().filter(|it| !it.is_stored()) {
            self.entity_keys.0.insert(new.row.id, new.row.clone());
        }
        self.find_by(log_index, at, prepared.keys.iter().copied());
    }

    /// Adds a record as it was stored elsewhere.
    pub(super) fn put(&mut self, row: &StoredRow) {
        let (log_index, at) = (sql_int(row.stored.log_index), row.at.as_micros());
        self.indexes.push(log_index);
        self.ids.push(row.id.uuid().as_bytes().to_vec());
        self.kinds.push(kind_number(row.kind));
        self.times.push(at);
        self.entries.push(row.stored.entry.clone());
        self.put_again(row);
    }

    /// Adds what can change of a record while its entry stays: its slots, and what it is found by.
    pub(super) fn put_again(&mut self, row: &StoredRow) {
        let log_index = sql_int(row.stored.log_index);
        for slot in &row.stored.slots {
            self.slot_indexes.push(log_index);
            self.slots.push(i64::from(slot.slot.number()));
            self.payloads.push(slot.bytes.clone());
        }
        self.find_by(log_index, row.at.as_micros(), row.keys.iter().copied());
    }

    /// Adds shared texts as they were stored elsewhere.
    pub(super) fn put_texts(&mut self, texts: &[PackedText]) {
        let texts = texts.iter();
        let texts = texts.map(|text| (text.sha256.to_vec(), text.body.clone()));
        self.texts.extend(texts);
    }

    /// Bytes of records and texts in them.
    pub(super) fn bytes(&self) -> usize {
        let columns = self.entries.iter().chain(&self.payloads);
        let bodies = self.texts.iter().map(|(_, body)| body);
        columns.chain(bodies).map(Vec::len).sum()
    }

    /// Adds the projections of a record.
    pub(super) fn find_by(&mut self, log_index: i64, at: i64, keys: impl IntoIterator<Item = i64>) {
        let bucket = log_index / sql_int(BUCKET_RECORDS);
        let keys = keys.into_iter().map(|key| [bucket, key, log_index]);
        self.lookups.0.extend(keys);
        let zone = self.zones.entry(bucket).or_insert((at, at));
        *zone = (zone.0.min(at), zone.1.max(at));
    }
}

const EXISTING_CHUNK: usize = 256;
/// With the pauses between them, five seconds, and what connecting takes.
const TRIES: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(40);
