//! Moving the values of records to the archive when their hot period is over.

use std::collections::HashMap;

use serde::Serialize;

use super::keeping::Keeping;
use super::relative::Relative;
use super::{Stored, Trail, TrailError};
use crate::capture::Sink as _;
use crate::record::{
    Archival, Body, Digest, Draft, Kind, Name, Record, RecordId, RetentionClass, Timestamp,
    VersionedName,
};
use crate::seal::Source;
use crate::store::{ArchiveError, Find, NewSegment, Prepared, SegmentWriter, StoreError};

/// Which records are to move to the archive at one time, by a policy.
#[derive(Clone, Debug, Serialize)]
pub struct ArchivePlan {
    /// The policy.
    pub policy: VersionedName,
    /// The time it was made for.
    pub at: Timestamp,
    /// The records, oldest first.
    pub records: Vec<ArchiveLine>,
}

/// A record that is to move.
#[derive(Clone, Debug, Serialize)]
pub struct ArchiveLine {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its retention class, or that of the context or decision it belongs to.
    pub class: Name,
    /// When it happened: what days are counted from.
    pub at: Timestamp,
    /// Since when it is due.
    pub due_since: Timestamp,
    /// Its place in the log.
    pub log_index: u64,
}

impl Trail {
    /// Which records the policy in force lets move to the archive now: contexts, generations,
    /// decisions, reviews and outcomes whose hot period is over, and that are not there yet.
    ///
    /// Each counts from its own time, by the class of the context or decision it belongs to. A legal
    /// hold forbids that values are erased, not that they move.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when a record cannot be read.
    pub async fn archive_plan(&self, now: Timestamp) -> Result<ArchivePlan, TrailError> {
        let keeping = Keeping::without_holds(self.clone()).await?;
        let policy = keeping.policy();
        let days = policy
            .classes
            .values()
            .filter_map(RetentionClass::archive_days);
        let mut records = Vec::new();
        if let Some(least) = days.min() {
            let mut classes = HashMap::new();
            for kind in MOVED {
                let find = Find {
                    kind: Some(kind),
                    // The bound is exclusive, and what is due this very moment is due.
                    until: just_after(now, least),
                    ..Find::default()
                };
                let mut indexes = self.0.store.find(self.tenant(), &find, u32::MAX).await?;
                indexes.sort_unstable();
                for chunk in indexes.chunks(CHUNK) {
                    let due = self.due_of(chunk, (&keeping, now), &mut classes);
                    records.extend(due.await?);
                }
            }
        }
        records.sort_by_key(|it| it.log_index);
        Ok(ArchivePlan {
            policy: policy.id(),
            at: now,
            records,
        })
    }

    /// Those of the records at `indexes` that are due. What is in the archive already is not read.
    async fn due_of(
        &self,
        indexes: &[u64],
        (keeping, now): (&Keeping, Timestamp),
        classes: &mut HashMap<RecordId, Option<Name>>,
    ) -> Result<Vec<ArchiveLine>, TrailError> {
        let rows = self.0.store.read(self.tenant(), indexes).await?;
        let here = rows.iter().filter(|row| !row.is_archived_whole());
        let here: Vec<u64> = here.map(|row| row.log_index).collect();
        let mut due = Vec::new();
        for stored in self.read_indexes(&here).await? {
            let Some(class) = self.class_of(keeping, &stored, classes).await? else {
                continue;
            };
            let kept = keeping.policy().class(&class);
            let at = stored.record().at();
            let Some(days) = kept.and_then(RetentionClass::archive_days) else {
                continue;
            };
            let due_since = at.plus_days(days);
            if due_since <= now {
                due.push(ArchiveLine {
                    id: stored.id(),
                    kind: stored.record().kind(),
                    class,
                    at,
                    due_since,
                    log_index: stored.log_index(),
                });
            }
        }
        Ok(due)
    }

    /// The class of a record; that of what it belongs to is remembered in `classes`.
    async fn class_of(
        &self,
        keeping: &Keeping,
        stored: &Stored,
        classes: &mut HashMap<RecordId, Option<Name>>,
    ) -> Result<Option<Name>, TrailError> {
        let parent: RecordId = match &stored.record().body {
            Body::Generation(it) => it.context.into(),
            Body::Review(it) => it.decision.into(),
            Body::Outcome(it) => it.decision.into(),
            _ => return Ok(Relative::of(stored).and_then(|it| keeping.class_of(&it))),
        };
        if let Some(known) = classes.get(&parent) {
            return Ok(known.clone());
        }
        let relative = self.relative(parent).await?;
        let class = relative.and_then(|it| keeping.class_of(&it));
        if classes.len() >= REMEMBERED {
            classes.clear();
        }
        classes.insert(parent, class.clone());
        Ok(class)
    }

    /// Moves what [`Trail::archive_plan`] says is due: puts segments into the archive, reads them
    /// back, and has stubs take the place of the values in the database together with a record of
    /// each. `progress` is told the number of records moved.
    ///
    /// Stopped at any point, every value is in the database or in a segment that the log names; the
    /// next call goes on. Gives the records of the segments.
    ///
    /// # Errors
    ///
    /// [`TrailError::NoArchive`] when nobody said where the archive is; [`TrailError::Store`] when it
    /// cannot be reached; [`TrailError::Frozen`]. What was moved before stays moved.
    pub async fn archive_due(
        &self,
        now: Timestamp,
        progress: impl Fn(u64) + Send,
    ) -> Result<Vec<Record>, TrailError> {
        self.0.appender()?;
        let Some(archive) = self.0.segments.archive() else {
            return Err(TrailError::NoArchive);
        };
        let place = archive.place();
        // Who encrypts anew has read what would be moved meanwhile.
        let _alone = self.0.rekeying.lock().await;
        let plan = self.archive_plan(now).await?;
        let indexes: Vec<u64> = plan.records.iter().map(|it| it.log_index).collect();
        let (mut records, mut moved, mut next, mut tries) = (Vec::new(), 0, 0, 0);
        while let Some(rest) = indexes.get(next..).filter(|rest| !rest.is_empty()) {
            let (segment, taken) = self.segment_of(rest).await?;
            let record = match &segment {
                Some(segment) => self.move_to(segment, (&plan.policy, &place)).await?,
                None => None,
            };
            match (segment, record) {
                // Something was erased or encrypted anew meanwhile: it is looked at again.
                (Some(_), None) if tries < TRIES => tries += 1,
                (segment, record) => {
                    moved += segment
                        .filter(|_| record.is_some())
                        .map_or(0, |it| it.records);
                    records.extend(record);
                    progress(moved);
                    next += taken;
                    tries = 0;
                }
            }
        }
        if !records.is_empty() {
            // What was overwritten must not wait in the write-ahead log.
            self.0.store.empty_log().await?;
        }
        Ok(records)
    }

    /// One segment out of the first of the records at `indexes`, and how many of these it takes.
    async fn segment_of(&self, indexes: &[u64]) -> Result<(Option<NewSegment>, usize), TrailError> {
        let unwritable = |source: std::io::Error| StoreError::Backend {
            place: "a new segment".to_owned(),
            source: source.into(),
        };
        let (mut writer, mut taken) = (SegmentWriter::default(), 0);
        'full: for chunk in indexes.chunks(CHUNK) {
            for row in self.0.store.read(self.tenant(), chunk).await? {
                if writer.records() >= SEGMENT_RECORDS || writer.replaced() >= SEGMENT_BYTES {
                    break 'full;
                }
                // What cannot be read now would be found as damaged in the archive, too late.
                self.check_row(&row).await?;
                writer.add(&row).map_err(unwritable)?;
                taken += 1;
            }
        }
        let trail = self.id().await?;
        let tenant = self.tenant().clone();
        let made = tokio::task::spawn_blocking(move || writer.finish(trail, &tenant)).await;
        let made = made.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        Ok((made.map_err(unwritable)?, taken.max(1)))
    }

    async fn check_row(&self, row: &crate::store::StoredRecord) -> Result<(), TrailError> {
        let mut rows = [row.clone()];
        let fetched = self.0.segments.fetch_all(self.tenant(), &mut rows).await;
        fetched.map_err(StoreError::from)?;
        let keys = self.keys_for(&rows).await?;
        let [row] = rows;
        self.open_row(row, &keys).map(drop)
    }

    async fn move_to(
        &self,
        segment: &NewSegment,
        (policy, place): (&VersionedName, &str),
    ) -> Result<Option<Record>, TrailError> {
        if let Some(frozen) = self.notary().frozen() {
            return Err(TrailError::Frozen(Box::new(frozen.clone())));
        }
        let put = self.0.segments.put(self.tenant(), segment).await;
        put.map_err(StoreError::from)?;
        let now = self.clock().now();
        let body = Archival {
            policy: policy.clone(),
            segment: Digest::Sha256(segment.id.0),
            bytes: u64::try_from(segment.bytes.len()).unwrap_or(u64::MAX),
            records: segment.records,
            first: segment.range.0,
            last: segment.range.1,
            replaced: segment.replaced,
            place: Some(place.to_owned()),
        };
        let draft = Draft::new(RecordId::from_uuid(self.0.options.ids.new_id(now)), body);
        let sealed = self.seal_only(draft, &Source::New)?;
        self.learn_keys_of(&sealed.owners).await?;
        let prepared = Prepared::new(&sealed, Vec::new(), self.vault())?;
        let placed = self
            .0
            .store
            .archive(self.tenant(), &segment.slots, &prepared, now)
            .await;
        Ok(self.unless_key_gone(placed)?.map(|placed| {
            self.0.grown_to(placed.log_index + 1);
            sealed.record
        }))
    }
}

impl From<ArchiveError> for TrailError {
    fn from(error: ArchiveError) -> Self {
        StoreError::from(error).into()
    }
}

/// The moment after the one that lies so many days before `now`; `None` for none that can be told.
fn just_after(now: Timestamp, days: u32) -> Option<Timestamp> {
    let before = now.as_micros().checked_sub(i64::from(days) * DAY_US)?;
    Timestamp::from_micros(before.checked_add(1)?).ok()
}

/// The kinds of records whose values move.
const MOVED: [Kind; 5] = [
    Kind::Context,
    Kind::Generation,
    Kind::Decision,
    Kind::Review,
    Kind::Outcome,
];
const DAY_US: i64 = 86_400_000_000;
const CHUNK: usize = 128;
/// How often one segment is made; what changes all the time moves the next time.
const TRIES: u32 = 4;
const REMEMBERED: usize = 10_000;
const SEGMENT_RECORDS: u64 = 4_096;
const SEGMENT_BYTES: u64 = 64 << 20;
