//! Copying logs from one store to another, as they are stored. Nothing is opened: no key is needed.

use std::sync::Arc;

use super::error::MoveError;
use crate::log::TiledTree;
use crate::privacy::keys::{EntityKey, KeyId};
use crate::record::Tenant;
use crate::store::{BUCKET_RECORDS, LogHead, Part, Snapshot, Store, StoreError};
use crate::trail::TrailError;

/// Is told how many entries are done.
pub(super) type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// A store, and what messages call it.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    pub(super) store: &'s dyn Store,
    pub(super) name: &'s str,
}

/// A log as it was copied.
#[derive(Clone, Debug)]
pub(super) struct MovedLog {
    pub(super) tenant: Tenant,
    /// As it was when the copy began.
    pub(super) head: LogHead,
    /// How many of its rows were not there before, or otherwise.
    pub(super) changed: u64,
}

/// Makes the logs of `to` those of `from`, as they are at this moment, and holds their roots against
/// each other.
///
/// Stopped at any point, it goes on where it was when it is called again. What was erased or encrypted
/// anew in the meantime is made so here too.
///
/// # Errors
///
/// [`MoveError`] when something else is there; nothing has changed then.
pub(super) async fn copy_logs(
    from: Place<'_>,
    to: Place<'_>,
    progress: &Progress,
) -> Result<Vec<MovedLog>, TrailError> {
    let trail = from.store.trail().await?;
    if !to.store.adopt(trail).await? {
        return Err(MoveError::OtherTrail {
            place: to.name.to_owned(),
            found: to.store.trail().await?,
            expected: trail,
        }
        .into());
    }
    let mut source = from.store.snapshot().await?;
    let logs = source.logs().await?;
    check_beginnings((from, &mut *source), &logs, to).await?;
    let mut moved = Vec::with_capacity(logs.len());
    let mut before = 0;
    for (tenant, head) in logs {
        let told = |done| progress(before + done);
        let mut changed = copy_records(&mut *source, (&tenant, head), (from, to), &told).await?;
        changed += copy_texts(&mut *source, &tenant, to.store).await?;
        changed += copy_keys(&mut *source, &tenant, to.store).await?;
        if to.store.head(&tenant).await? != head {
            let place = from.name.to_owned();
            return Err(MoveError::Root { place, tenant }.into());
        }
        before += head.size;
        moved.push(MovedLog {
            tenant,
            head,
            changed,
        });
    }
    // What was overwritten must not wait in a write-ahead log.
    to.store.empty_log().await?;
    Ok(moved)
}

/// Looks whether each log that is there is the beginning of the one that comes.
async fn check_beginnings(
    (from, source): (Place<'_>, &mut dyn Snapshot),
    logs: &[(Tenant, LogHead)],
    to: Place<'_>,
) -> Result<(), TrailError> {
    let there = to.store.snapshot().await?.logs().await?;
    for (tenant, found) in there.into_iter().filter(|(_, head)| head.size > 0) {
        let of_tenant = logs.iter().find(|(it, _)| *it == tenant);
        let size = of_tenant.map_or(0, |(_, head)| head.size);
        if found.size > size {
            return Err(MoveError::Ahead {
                place: to.name.to_owned(),
                tenant,
                found: found.size,
                size,
            }
            .into());
        }
        let tree = TiledTree::new(found.size);
        let tiles = from.store.tiles(&tenant, &tree.root_tiles()).await?;
        if tree.root(&tiles).is_ok_and(|root| root == found.root) {
            continue;
        }
        let place = to.name.to_owned();
        let error = match first_other(source, &tenant, found.size, to.store).await? {
            Some(index) => MoveError::Differs {
                place,
                tenant,
                index,
            },
            None => MoveError::Root { place, tenant },
        };
        return Err(error.into());
    }
    Ok(())
}

/// The first of `size` entries that is another one in `there`.
async fn first_other(
    source: &mut dyn Snapshot,
    tenant: &Tenant,
    size: u64,
    there: &dyn Store,
) -> Result<Option<u64>, TrailError> {
    let mut there = there.snapshot().await?;
    for bucket in 0..size.div_ceil(BUCKET_RECORDS) {
        let ours = source.bucket(tenant, bucket).await?;
        let theirs = there.bucket(tenant, bucket).await?;
        let mut pairs = ours.iter().zip(&theirs);
        if let Some((one, other)) = pairs.find(|(one, other)| !one.is_same_entry(other)) {
            return Ok(Some(one.stored.log_index.min(other.stored.log_index)));
        }
        let expected = (size - bucket * BUCKET_RECORDS).min(BUCKET_RECORDS);
        let fewer = many(ours.len().min(theirs.len()));
        if fewer < expected {
            return Ok(Some(bucket * BUCKET_RECORDS + fewer));
        }
    }
    Ok(None)
}

async fn copy_records(
    source: &mut dyn Snapshot,
    (tenant, head): (&Tenant, LogHead),
    (from, to): (Place<'_>, Place<'_>),
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, TrailError> {
    // A tenant that has written nothing is one all the same.
    let mut changed = to.store.put(tenant, &Part::Records(Vec::new())).await?;
    for bucket in 0..head.size.div_ceil(BUCKET_RECORDS) {
        let first = bucket * BUCKET_RECORDS;
        let rows = source.bucket(tenant, bucket).await?;
        let mut expected = first..(first + BUCKET_RECORDS).min(head.size);
        let end = expected.end;
        let mut indexes = rows.iter().map(|row| row.stored.log_index);
        if let Some(missing) = expected.find(|index| indexes.next() != Some(*index)) {
            return Err(StoreError::CorruptRow {
                place: from.name.to_owned(),
                table: "record",
                row: missing.to_string(),
                what: "it is missing: run `contextrail verify`".to_owned(),
            }
            .into());
        }
        drop(indexes);
        changed += to.store.put(tenant, &Part::Records(rows)).await?;
        to.store.settle(false).await?;
        progress(end);
    }
    Ok(changed)
}

async fn copy_texts(
    source: &mut dyn Snapshot,
    tenant: &Tenant,
    to: &dyn Store,
) -> Result<u64, TrailError> {
    let (mut after, mut changed) = (None, 0);
    loop {
        let texts = source.texts_after(tenant, after, TEXTS).await?;
        let Some(last) = texts.last() else {
            return Ok(changed);
        };
        after = Some(last.sha256);
        changed += to.put(tenant, &Part::Texts(texts)).await?;
        to.settle(false).await?;
    }
}

/// Makes the keys of entities those of the source: added, encrypted anew, and gone.
async fn copy_keys(
    source: &mut dyn Snapshot,
    tenant: &Tenant,
    to: &dyn Store,
) -> Result<u64, TrailError> {
    let (mut after, mut changed) = (None, 0);
    loop {
        let ours = source.entity_keys_after(tenant, after, KEYS).await?;
        let last = ours.last().map(|key| key.id);
        let theirs = keys_between(to, tenant, after, last).await?;
        let known = |key: &EntityKey| {
            theirs
                .binary_search_by_key(&key.id, |it| it.id)
                .ok()
                .and_then(|at| theirs.get(at))
        };
        let is_new = |key: &&EntityKey| known(key) != Some(key);
        let there: Vec<EntityKey> = ours.iter().filter(is_new).cloned().collect();
        let gone = theirs.iter().map(|key| key.id);
        let gone: Vec<KeyId> = gone
            .filter(|id| ours.binary_search_by_key(id, |key| key.id).is_err())
            .collect();
        if !there.is_empty() || !gone.is_empty() {
            changed += to.put(tenant, &Part::Keys { there, gone }).await?;
        }
        if last.is_none() {
            return Ok(changed);
        }
        after = last;
    }
}

/// The keys behind `after` up to `last`, or all of them.
async fn keys_between(
    store: &dyn Store,
    tenant: &Tenant,
    after: Option<KeyId>,
    last: Option<KeyId>,
) -> Result<Vec<EntityKey>, TrailError> {
    let (mut found, mut cursor) = (Vec::new(), after);
    loop {
        let page = store.entity_keys_after(tenant, cursor, KEYS).await?;
        let Some(end) = page.last().map(|key| key.id) else {
            return Ok(found);
        };
        let is_within = |key: &EntityKey| last.is_none_or(|last| key.id <= last);
        found.extend(page.into_iter().filter(is_within));
        if last.is_some_and(|last| end > last) {
            return Ok(found);
        }
        cursor = Some(end);
    }
}

fn many(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

const TEXTS: u32 = 256;
const KEYS: u32 = 1_024;
