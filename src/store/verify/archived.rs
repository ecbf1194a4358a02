//! What is in the archive, held against what the log and the stubs say.

use std::collections::BTreeMap;

use super::{Audit, RawRecord};
use crate::record::{Archival, Tenant};
use crate::store::archive::{is_stub, read_stub};
use crate::store::{ArchiveError, SegmentId, Segments};

/// Fetches what the records of one log have in the archive.
pub(in crate::store) struct Fetching<'s> {
    tenant: &'s Tenant,
    segments: &'s Segments,
    /// The segments that stubs name, and those of them that cannot be read.
    named: BTreeMap<SegmentId, Named>,
}

/// What the stubs that name a segment come to.
struct Named {
    first: u64,
    last: u64,
    records: u64,
    /// Why it cannot be read at all.
    failed: Option<ArchiveError>,
}

impl<'s> Fetching<'s> {
    pub(in crate::store) fn new(tenant: &'s Tenant, segments: &'s Segments) -> Self {
        Self {
            tenant,
            segments,
            named: BTreeMap::new(),
        }
    }

    /// Puts what stands behind the stubs of `raw` beside them, or what is wrong with it.
    pub(in crate::store) async fn fetch(&mut self, raw: &mut RawRecord) {
        let index = raw.log_index;
        let mut counted = None;
        for slot in raw.slots.iter().filter(|it| is_stub(&it.bytes)) {
            // One that is damaged says so itself.
            let Some(stub) = read_stub(&slot.bytes) else {
                continue;
            };
            let segment = stub.segment;
            if !self.named.contains_key(&segment) {
                let failed = self.segments.probe(self.tenant, segment).await.err();
                let named = Named {
                    first: index,
                    last: index,
                    records: 0,
                    failed,
                };
                self.named.insert(segment, named);
            }
            let Some(named) = self.named.get_mut(&segment) else {
                continue;
            };
            named.last = index;
            if counted != Some(segment) {
                named.records += 1;
                counted = Some(segment);
            }
            if named.failed.is_some() {
                continue;
            }
            match self.segments.fetch(self.tenant, index, slot).await {
                Ok(whole) => raw.fetched.extend(whole),
                Err(error) if error.is_damage() => raw.wrong.push((slot.slot, error.to_string())),
                Err(error) => named.failed = Some(error),
            }
        }
    }

    /// Holds every segment that a stub names against the record of it.
    pub(in crate::store) async fn finish(self, audit: &mut Audit<'_>) {
        for (segment, named) in self.named {
            let rows = &format!("{}..={}", named.first, named.last);
            let Some(archival) = audit.archivals.remove(&segment) else {
                let what =
                    format!("no record says that values were moved to the segment {segment}");
                audit.wrong("slot", rows, "payload", what);
                continue;
            };
            if !fits(&named, &archival) {
                let what = format!(
                    "the record of the segment {segment} says that it has values of {} records from {} to {}",
                    archival.records, archival.first, archival.last
                );
                audit.wrong("slot", rows, "payload", what);
            }
            let checked = match named.failed {
                Some(error) => Err(error),
                None => self.segments.check(self.tenant, segment).await,
            };
            match checked {
                Ok(size) if size == archival.bytes => audit.found.segments += 1,
                Ok(size) => {
                    let what = format!(
                        "it has {size} bytes, and its record says {}",
                        archival.bytes
                    );
                    audit.wrong("archive", segment, "bytes", what);
                }
                Err(error) if error.is_damage() => {
                    let what = format!("{error} (the records {rows})");
                    audit.wrong("archive", segment, "segment", what);
                }
                Err(error) => {
                    audit.found.why_unread.get_or_insert_with(|| told(&error));
                }
            }
        }
    }
}

fn fits(named: &Named, archival: &Archival) -> bool {
    named.first >= archival.first
        && named.last <= archival.last
        && named.records <= archival.records
}

/// The error with what was behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
