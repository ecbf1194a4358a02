//! Reading everything there is, for verification and for making projections anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Row};
use tokio::task::JoinHandle;

use super::SqlStore;
use super::append::Rows;
use super::backend::Backend;
use super::raw::ReadBucket;
use super::read::sql_int;
use crate::log::Edge;
use crate::privacy::keys::{EntityHandle, OpenedKeys, Vault};
use crate::record::{Tenant, TrailId};
use crate::seal::{Entry, open};
use crate::store::examine::Examined;
use crate::store::verify::{Audit, Fetching, RawRecord, bucket_of};
use crate::store::{
    BUCKET_RECORDS, Finding, Segments, StoreError, StoredRecord, Verification, VerifyPlan, handles,
};

sql_impl! {
    impl SqlStore {
        /// See [`crate::store::Store::verify`].
        pub(super) async fn verify_all(&self, plan: &VerifyPlan) -> Result<Verification, StoreError> {
            let mut connection = match self.readers.acquire().await.map_err(|e| self.fault(e)) {
                // It cannot even be opened.
                Err(error) if error.is_damage() => {
                    let findings = vec![unreadable("sqlite", &error)];
                    return Ok(Verification { findings, ..Verification::default() });
                }
                acquired => acquired?,
            };
            // One transaction, so that what is appended meanwhile is not seen by halves.
            self.run(&mut connection, DB::BEGIN_READING).await?;
            let verified = self.verify_in(&mut connection, plan).await;
            // A database that is damaged may have ended it by itself.
            drop(self.run(&mut connection, "rollback").await);
            verified
        }

        async fn verify_in(
            &self,
            connection: &mut DB::Connection,
            plan: &VerifyPlan,
        ) -> Result<Verification, StoreError> {
            let mut found = Verification::default();
            let faults = DB::shape_faults(&mut *connection).await.map_err(|e| self.fault(e));
            let faults = or_finding(faults, DB::CATALOG, &mut found)?;
            found.findings.extend(faults);
            self.verify_trail(&mut *connection, &mut found).await?;
            let tenants = self.tenants_in(&mut *connection, &mut found).await?;
            for (number, tenant) in &tenants {
                self.verify_tenant(&mut *connection, (*number, tenant), plan, &mut found).await?;
            }
            for tenant in plan.known.keys().filter(|known| !tenants.values().any(|it| it == *known)) {
                found.findings.push(finding("tenant", tenant.to_string(), "name", "it is missing, though heads of its log were signed"));
            }
            self.strays(connection, &mut found).await?;
            Ok(found)
        }

        async fn verify_trail(
            &self,
            connection: &mut DB::Connection,
            found: &mut Verification,
        ) -> Result<(), StoreError> {
            let rows = sqlx::query("select id from trail").fetch_all(connection).await.map_err(|e| self.fault(e));
            let rows = or_finding(rows, "trail", found)?;
            if rows.len() != 1 {
                let what = format!("there are {} rows, and there is one trail", rows.len());
                found.findings.push(finding("trail", "*".to_owned(), "row", &what));
            }
            for row in rows {
                let id = row.try_get::<String, _>(0).unwrap_or_default();
                if id.parse::<TrailId>().ok().map(|it| it.to_string()).as_ref() != Some(&id) {
                    found.findings.push(finding("trail", id, "id", "it is not the id of a trail"));
                }
            }
            Ok(())
        }

        async fn tenants_in(
            &self,
            connection: &mut DB::Connection,
            found: &mut Verification,
        ) -> Result<BTreeMap<i64, Tenant>, StoreError> {
            let rows = sqlx::query("select tenant, name from tenant order by tenant")
                .fetch_all(connection)
                .await
                .map_err(|e| self.fault(e));
            let rows = or_finding(rows, "tenant", found)?;
            let mut tenants = BTreeMap::new();
            for row in rows {
                let number: i64 = row.try_get(0).unwrap_or(-1);
                let name: String = row.try_get(1).unwrap_or_default();
                if usize::try_from(number).ok() != Some(tenants.len() + 1) {
                    found.findings.push(finding("tenant", number.to_string(), "tenant", "tenants are numbered from 1 without gaps"));
                }
                match name.parse() {
                    Ok(tenant) => drop(tenants.insert(number, tenant)),
                    Err(_) => found.findings.push(finding("tenant", number.to_string(), "name", "it is not the name of a tenant")),
                }
            }
            Ok(tenants)
        }

        async fn verify_tenant(
            &self,
            connection: &mut DB::Connection,
            (number, tenant): (i64, &Tenant),
            plan: &VerifyPlan,
            found: &mut Verification,
        ) -> Result<(), StoreError> {
            let head = or_finding(self.raw_head(&mut *connection, number).await, "head", found)?;
            let stored = self.raw_tiles(&mut *connection, number, found).await;
            let stored = or_finding(stored, "tile", found)?;
            let since = plan.since - plan.since % BUCKET_RECORDS;
            let tiles = self.tiles_in(&mut *connection, number, &Edge::tiles(since)).await;
            let tiles = or_finding(tiles, "tile", found)?;
            let (edge, since) = match Edge::resume(since, &tiles) {
                Ok(edge) => (edge, since),
                // Without the tiles of what is before, everything has to be read.
                Err(_) => (Edge::new(), 0),
            };
            let known = plan.known.get(tenant).map_or(&[][..], Vec::as_slice);
            let mut audit = Audit::new(tenant, number, edge, stored, known);
            let vault = plan.vault_of(tenant);
            let mut fetching = Fetching::new(tenant, &plan.segments);
            let zones = self.raw_zones(&mut *connection, number).await;
            let mut zones = or_finding(zones, "zone", found)?;
            let mut slots_seen = 0;
            let mut next = since;
            let mut ahead = self.read_bucket(&mut *connection, number, next, found).await?;
            while let Some(read) = ahead {
                let ReadBucket { bucket, mut raws, strays, slots, lookups, unreadable } = read;
                slots_seen += slots;
                next = (bucket + 1) * BUCKET_RECORDS;
                for raw in &mut raws {
                    fetching.fetch(raw).await;
                }
                // why: the next bucket is read while this one is examined.
                let keys = self.keys_for(&mut *connection, number, &raws, &vault).await?;
                let examining = examine(raws, &vault, &keys);
                ahead = self.read_bucket(&mut *connection, number, next, found).await?;
                for (table, row, field, what) in unreadable {
                    audit.wrong(table, row, field, what);
                }
                for task in examining {
                    for (index, examined) in task.await.map_err(|e| self.backend(e.into()))? {
                        audit.record(index, examined);
                    }
                }
                for row in strays {
                    audit.wrong("slot", row, "row", "it belongs to no record");
                }
                audit.bucket(bucket, &lookups, zones.remove(&bucket));
                (plan.progress)(next);
            }
            for bucket in zones.into_keys().filter(|bucket| *bucket >= bucket_of(since)) {
                audit.wrong("zone", bucket, "row", "there are no records in it");
            }
            fetching.finish(&mut audit).await;
            self.strays_of(&mut *connection, number, (since, next), slots_seen, found).await?;
            self.verify_keys(&mut *connection, (number, &vault), since == 0, (&mut audit, &mut *found)).await?;
            self.verify_texts(connection, number, since == 0, &mut audit, found).await?;
            found.add(audit.finish(head, since));
            Ok(())
        }

        async fn verify_texts(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            is_whole: bool,
            audit: &mut Audit<'_>,
            found: &mut Verification,
        ) -> Result<(), StoreError> {
            let mut after = None;
            loop {
                // A digest may be empty: the first has none before it.
                let sql = match after {
                    None => "select sha256, body from shared_text where tenant = $1 and sha256 >= $2 order by sha256 limit 256",
                    Some(_) => "select sha256, body from shared_text where tenant = $1 and sha256 > $2 order by sha256 limit 256",
                };
                let rows = sqlx::query(sql)
                    .bind(tenant)
                    .bind(after.clone().unwrap_or_default())
                    .fetch_all(&mut *connection)
                    .await
                    .map_err(|e| self.fault(e));
                let rows = or_finding(rows, "shared_text", found)?;
                let Some(last) = rows.last() else { return Ok(()) };
                after = Some(last.try_get::<Vec<u8>, _>(0).map_err(|e| self.fault(e))?);
                for row in &rows {
                    let sha256: Vec<u8> = row.try_get(0).unwrap_or_default();
                    let body: Vec<u8> = row.try_get(1).unwrap_or_default();
                    audit.text(&sha256, &body, is_whole);
                }
            }
        }

        /// See [`crate::store::Store::rebuild`].
        pub(super) async fn rebuild_tenant(
            &self,
            tenant: &Tenant,
            vault: &Vault,
            segments: &Segments,
        ) -> Result<u64, StoreError> {
            let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly {
                place: self.place.clone(),
            })?;
            // Dropped before its end, it changes nothing.
            let mut transaction = writer.begin_with(DB::BEGIN).await.map_err(|e| self.fault(e))?;
            let rebuilt = self.rebuild_in(&mut transaction, tenant, (vault, segments)).await?;
            transaction.commit().await.map_err(|e| self.fault(e))?;
            Ok(rebuilt)
        }

        async fn rebuild_in(
            &self,
            connection: &mut DB::Connection,
            tenant: &Tenant,
            (vault, segments): (&Vault, &Segments),
        ) -> Result<u64, StoreError> {
            let Some(number) = self.tenant_in(&mut *connection, tenant).await? else {
                return Ok(0);
            };
            let head = self.locked_head(&mut *connection, number).await?;
            for table in ["lookup", "zone", "tile"] {
                let sql = format!("delete from {table} where tenant = $1");
                sqlx::query(AssertSqlSafe(sql))
                    .bind(number)
                    .execute(&mut *connection)
                    .await
                    .map_err(|e| self.fault(e))?;
            }
            let mut edge = Edge::new();
            while edge.size() < head.size {
                let end = (edge.size() + REBUILT_AT_ONCE).min(head.size);
                let indexes: Vec<u64> = (edge.size()..end).collect();
                let mut records = self.records_in(&mut *connection, number, &indexes).await?;
                segments.fetch_all(tenant, &mut records).await?;
                let keys = self.opened_keys_of(&mut *connection, number, &records, vault).await?;
                let mut rows = Rows::default();
                for (stored, index) in records.iter().zip(&indexes) {
                    if stored.log_index != *index {
                        return Err(self.damaged("record", index.to_string(), "it is missing: projections come from records"));
                    }
                    self.project(stored, (vault, &keys), &mut rows)?;
                    rows.tiles.extend(edge.push(crate::seal::entry_hash(&stored.entry)));
                }
                if records.len() != indexes.len() {
                    return Err(self.damaged("record", end.to_string(), "records are missing: projections come from records"));
                }
                if end == head.size {
                    rows.tiles.extend(edge.partial().into_iter().filter(|tile| tile.id().level() > 0));
                }
                self.insert_rows(&mut *connection, number, rows).await?;
            }
            if edge.root() != head.root {
                return Err(self.damaged("head", number.to_string(), "its root is not that of the entries: run `contextrail verify`"));
            }
            Ok(head.size)
        }

        /// The keys that `records` are encrypted under: without them it is not known what they are
        /// found by.
        async fn opened_keys_of(
            &self,
            connection: &mut DB::Connection,
            tenant: i64,
            records: &[StoredRecord],
            vault: &Vault,
        ) -> Result<OpenedKeys, StoreError> {
            let ids = records.iter().flat_map(StoredRecord::key_ids);
            let entities: BTreeSet<EntityHandle> = ids.map(|id| id.entity).collect();
            let entities: Vec<_> = entities.into_iter().collect();
            let rows = self.entity_keys_in(connection, tenant, &entities).await?;
            let opened = rows.iter().map(|row| Ok((row.id, vault.unwrap(row).map_err(|e| self.backend(e.into()))?)));
            opened.collect()
        }

        fn project(
            &self,
            stored: &StoredRecord,
            (vault, keys): (&Vault, &OpenedKeys),
            rows: &mut Rows,
        ) -> Result<(), StoreError> {
            let index = stored.log_index;
            let damaged = |table, what: String| self.damaged(table, index.to_string(), &what);
            let entry: Entry = serde_json::from_slice(&stored.entry).map_err(|e| damaged("record", e.to_string()))?;
            let unlocked = stored.unlocked((entry.id, &entry.schema), vault, keys);
            let unlocked = unlocked.map_err(|it| damaged("slot", format!("slot {}: {}", it.slot.number(), it.what)))?;
            if !unlocked.locked.is_empty() {
                return Err(damaged("slot", "the key of an owner is missing: what it is found by cannot be told".to_owned()));
            }
            let opened = open(&unlocked.slots).map_err(|e| damaged("slot", e.to_string()))?;
            let found_by = handles(&opened.record, &opened.about);
            let keys: Option<BTreeSet<i64>> = found_by.iter().map(|handle| handle.key(vault)).collect();
            let keys = keys.ok_or_else(|| self.backend(vault.locked_error().into()))?;
            rows.find_by(sql_int(index), opened.record.at().as_micros(), keys);
            Ok(())
        }
    }
}

/// Examines records on as many threads as there are processors, in order.
fn examine(
    raws: Vec<RawRecord>,
    vault: &Arc<Vault>,
    keys: &Arc<OpenedKeys>,
) -> Vec<JoinHandle<Vec<(u64, Examined)>>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = raws.len().div_ceil(threads).max(1);
    let mut rest = raws;
    let mut tasks = Vec::with_capacity(threads);
    while !rest.is_empty() {
        let later = rest.split_off(share.min(rest.len()));
        let (vault, keys) = (Arc::clone(vault), Arc::clone(keys));
        tasks.push(tokio::task::spawn_blocking(move || {
            let each = rest
                .iter()
                .map(|raw| (raw.log_index, Examined::of(raw, &vault, &keys)));
            each.collect()
        }));
        rest = later;
    }
    tasks
}

pub(super) fn finding(table: &'static str, row: String, field: &str, what: &str) -> Finding {
    Finding {
        table,
        row,
        field: field.to_owned(),
        what: what.to_owned(),
    }
}

/// What was read of `table`, or nothing and a finding when the database is too damaged for it:
/// whatever else there is can be verified all the same.
pub(super) fn or_finding<T: Default>(
    read: Result<T, StoreError>,
    table: &'static str,
    found: &mut Verification,
) -> Result<T, StoreError> {
    match read {
        Err(error) if error.is_damage() => {
            found.findings.push(unreadable(table, &error));
            Ok(T::default())
        }
        read => read,
    }
}

fn unreadable(table: &'static str, error: &StoreError) -> Finding {
    // What the database says is the cause of what is told to users.
    let cause = std::error::Error::source(error);
    let what = cause.map_or_else(|| error.to_string(), ToString::to_string);
    finding(
        table,
        "*".to_owned(),
        "row",
        &format!("it cannot be read: {what}"),
    )
}

const REBUILT_AT_ONCE: u64 = 1_024;
