//! What is in the archive, and whether it is what the log says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Search, Trail, TrailError};
use crate::record::{Archival, Body, Kind, RecordId, Timestamp};
use crate::seal::Slot;
use crate::store::{ArchiveError, Finding, SegmentId, StoredRecord};

/// What is in the archive, by what the log says.
#[derive(Clone, Debug, Serialize)]
pub struct ArchiveStatus {
    /// Where it is; `None` when nobody said.
    pub place: Option<String>,
    /// The segments, oldest first.
    pub segments: Vec<ArchivedSegment>,
}

/// A segment of the archive.
#[derive(Clone, Debug, Serialize)]
pub struct ArchivedSegment {
    /// The record of it.
    pub id: RecordId,
    /// When its values moved.
    pub at: Timestamp,
    /// What the record says.
    #[serde(flatten)]
    pub archival: Archival,
}

/// What verifying the archive has found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ArchiveVerified {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Segments that are what the log says, byte by byte.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records whose values in them are what the log commits to.
    pub records: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is not as it should be, and no harm.
    pub warnings: Vec<String>,
}

impl Trail {
    /// The segments that the log names, oldest first.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read.
    pub async fn archive_status(&self) -> Result<ArchiveStatus, TrailError> {
        let search = Search {
            kind: Some(Kind::Archive),
            ..Search::default()
        };
        let stored = self.search(search).await?.all().await?;
        let segments = stored.iter().rev().filter_map(|stored| {
            let Body::Archive(archival) = &stored.record().body else {
                return None;
            };
            Some(ArchivedSegment {
                id: stored.id(),
                at: stored.record().head.recorded_at,
                archival: Archival::clone(archival),
            })
        });
        Ok(ArchiveStatus {
            place: self.0.segments.archive().map(|it| it.place()),
            segments: segments.collect(),
        })
    }

    /// Reads every segment that the log names, or `only` one, byte by byte, holds it against the log,
    /// and the values in it against the entries of their records. What else is in the archive is a
    /// warning.
    ///
    /// # Errors
    ///
    /// [`TrailError::NoArchive`] when nobody said where the archive is; [`TrailError::Store`] when it
    /// cannot be reached; [`TrailError::NotFound`] for a segment that the log does not name. What is
    /// wrong is no error.
    pub async fn verify_archive(
        &self,
        only: Option<SegmentId>,
        progress: impl Fn(u64) + Send,
    ) -> Result<ArchiveVerified, TrailError> {
        if self.0.segments.archive().is_none() {
            return Err(TrailError::NoArchive);
        }
        let status = self.archive_status().await?;
        let mut named = BTreeMap::new();
        for segment in status.segments {
            if let Some(id) = SegmentId::of(segment.archival.segment) {
                named.insert(id, segment.archival);
            }
        }
        if let Some(only) = only.filter(|only| !named.contains_key(only)) {
            return Err(TrailError::NoSegment(only));
        }
        let there = self.0.segments.list(self.tenant()).await?;
        let mut found = ArchiveVerified::default();
        for (segment, archival) in &named {
            if only.is_none_or(|only| only == *segment) {
                self.verify_segment(*segment, archival, &mut found).await?;
                progress(found.records);
            }
        }
        if only.is_none() {
            for name in there {
                found.warnings.extend(match name {
                    Ok(segment) if named.contains_key(&segment) => None,
                    Ok(segment) => Some(format!(
                        "the log does not name the segment {segment}: an `archive apply` that was stopped has left it, or somebody put it there"
                    )),
                    Err(name) => Some(format!("{name} is no segment")),
                });
            }
        }
        found.findings.sort();
        found.ok = found.findings.is_empty();
        Ok(found)
    }

    async fn verify_segment(
        &self,
        segment: SegmentId,
        archival: &Archival,
        found: &mut ArchiveVerified,
    ) -> Result<(), TrailError> {
        let mut wrong = |what: String| {
            found.findings.push(Finding {
                table: "archive",
                row: segment.to_string(),
                field: "segment".to_owned(),
                what,
            });
        };
        match self.0.segments.check(self.tenant(), segment).await {
            Ok(size) if size == archival.bytes => {
                found.segments += 1;
                found.bytes += size;
            }
            Ok(size) => wrong(format!(
                "it has {size} bytes, and the log says {}",
                archival.bytes
            )),
            Err(error) => wrong(damage(error)?),
        }
        let trail = self.id().await?;
        let slots = match self.0.segments.slots(self.tenant(), trail, segment).await {
            Ok(slots) => slots,
            Err(error) => {
                let what = damage(error)?;
                // The whole has been named already, where that is all there is to say.
                if found.findings.iter().all(|it| it.what != what) {
                    found.findings.push(of_segment(segment, what));
                }
                return Ok(());
            }
        };
        let indexes: Vec<u64> = slots.keys().copied().collect();
        let range = indexes.first().copied().zip(indexes.last().copied());
        if range != Some((archival.first, archival.last)) || count(&indexes) != archival.records {
            let what = "its records are not those that the log says it has";
            found.findings.push(of_segment(segment, what.to_owned()));
        }
        for chunk in indexes.chunks(CHUNK) {
            for row in self.0.store.read(self.tenant(), chunk).await? {
                self.verify_row(row, (segment, &slots), found).await?;
            }
        }
        Ok(())
    }

    /// Holds what a segment has of one record against its entry.
    async fn verify_row(
        &self,
        row: StoredRecord,
        (segment, slots): (SegmentId, &BTreeMap<u64, Vec<Slot>>),
        found: &mut ArchiveVerified,
    ) -> Result<(), TrailError> {
        let index = row.log_index;
        let mut rows = [row];
        let stubs: BTreeSet<SegmentId> = rows.iter().flat_map(StoredRecord::segments).collect();
        if !stubs.contains(&segment) {
            // Everything it had there was erased, or is elsewhere.
            return Ok(());
        }
        let named = slots.get(&index).into_iter().flatten();
        let named: Vec<String> = named.map(|slot| slot.number().to_string()).collect();
        let at = format!("{index}/{}", named.join(","));
        let mut wrong = |what: String| {
            found.findings.push(Finding {
                table: "slot",
                row: at.clone(),
                field: "payload".to_owned(),
                what,
            });
        };
        if let Err(error) = self.0.segments.fetch_all(self.tenant(), &mut rows).await {
            wrong(damage(error)?);
            return Ok(());
        }
        let keys = self.keys_for(&rows).await?;
        let [row] = rows;
        match self.open_row(row, &keys) {
            Ok(_) => found.records += 1,
            Err(TrailError::Store(error)) if error.is_damage() => wrong(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What is wrong with a segment; an archive that cannot be reached is an error.
fn damage(error: ArchiveError) -> Result<String, TrailError> {
    match error.is_damage() {
        true => Ok(error.to_string()),
        false => Err(error.into()),
    }
}

fn of_segment(segment: SegmentId, what: String) -> Finding {
    Finding {
        table: "archive",
        row: segment.to_string(),
        field: "segment".to_owned(),
        what,
    }
}

fn count(indexes: &[u64]) -> u64 {
    u64::try_from(indexes.len()).unwrap_or(u64::MAX)
}

const CHUNK: usize = 128;
