//! Import of what was exported: records as they are, all of a document or nothing of it.

mod arriving;
mod check;
mod recount;

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::{Trail, TrailError};
use crate::codec::ExportedRecord;
use crate::record::{Body, Digest, Draft, Import, Receipt, RecordId};
use crate::seal::Source;
use arriving::Arriving;
#[cfg(feature = "network")]
pub(super) use arriving::read_seeds;
use check::distinct;

/// What an import did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// How many records of each kind the document held; one that it held twice counts once.
    pub counts: BTreeMap<String, u64>,
    /// How many of them were there already.
    pub existed: u64,
    /// The contexts whose `budget.used` is not the count of their text, as they were imported.
    pub miscounted: Vec<RecordId>,
    /// The receipt of the import's own record.
    pub receipt: Receipt,
}

impl Trail {
    /// Appends records that were exported elsewhere as they are but for what the trail's
    /// [`Redaction`](crate::privacy::Redaction) takes out, id and door included, and a record of the import, whose document had the digest `file_digest`.
    ///
    /// The whole document is checked first: its texts against their digests, its records against
    /// those that are there, and whether what they refer to is in the document or in the trail. So
    /// a document that is refused changes nothing. Tokens of texts that came are counted again, and
    /// contexts that say otherwise are named, not refused: that they said so is a fact. Importing
    /// the same again changes nothing but adds one record of the import.
    ///
    /// # Errors
    ///
    /// [`TrailError::DigestMismatch`] for an altered text, [`TrailError::OtherTenant`],
    /// [`TrailError::TwiceInFile`], [`TrailError::OtherContent`], [`TrailError::BareCopy`],
    /// [`TrailError::UnknownRecord`], [`TrailError::WrongKind`], [`TrailError::Blocked`]: nothing is
    /// stored.
    /// [`TrailError::ImportStopped`] when the store fails on the way: it says how much is stored.
    pub async fn import(
        &self,
        records: Vec<ExportedRecord>,
        file_digest: Digest,
    ) -> Result<Imported, TrailError> {
        let arriving = distinct(records)?
            .into_iter()
            .map(|exported| Arriving::of(exported, self.tenant()))
            .collect::<Result<Vec<_>, _>>()?;
        let mut counts = BTreeMap::new();
        for arriving in &arriving {
            *counts.entry(arriving.kind().to_string()).or_default() += 1;
        }
        let total: u64 = counts.values().sum();
        let arriving = self.new_among(in_order(arriving)).await?;
        let existed = total - u64::try_from(arriving.len()).unwrap_or(0);
        let (arriving, miscounted) = recount::recounted(arriving).await?;
        let mut stored = BTreeMap::new();
        if let Err(source) = self.append_imported(arriving, &mut stored).await {
            return Err(self.stopped(source, stored, total, file_digest).await);
        }
        let import = Import {
            file_digest,
            counts: counts.clone(),
        };
        Ok(Imported {
            counts,
            existed,
            miscounted,
            receipt: self.record(Draft::new(self.new_id(), import)).await?,
        })
    }

    /// Appends one record that was finished elsewhere, as it is but for what redaction takes out.
    ///
    /// Its texts are checked against its digests first. Without an import's record: whoever calls this
    /// has looked at whose record it is.
    ///
    /// # Errors
    ///
    /// [`TrailError::DigestMismatch`], [`TrailError::OtherTenant`], [`TrailError::Withheld`], and those
    /// of [`Trail::record`].
    pub async fn take_in(&self, exported: ExportedRecord) -> Result<Receipt, TrailError> {
        let Arriving {
            mut draft,
            mut source,
        } = Arriving::of(exported, self.tenant())?;
        super::write::check_trace(&draft)?;
        self.link(&mut draft, &source).await?;
        self.redact_arriving(&mut draft, &mut source).await?;
        self.learn_keys_for(&draft).await?;
        self.record_from(draft, source).await
    }

    /// Says how far an import came, and records it, if the store takes that.
    async fn stopped(
        &self,
        source: TrailError,
        stored: BTreeMap<String, u64>,
        total: u64,
        file_digest: Digest,
    ) -> TrailError {
        let came_in = stored.values().sum();
        if came_in == 0 {
            return source;
        }
        let import = Import {
            file_digest,
            counts: stored,
        };
        // When this fails too, it is for the reason that is told.
        let recorded = self.record(Draft::new(self.new_id(), import)).await;
        TrailError::ImportStopped {
            stored: came_in,
            total,
            import: recorded.ok().map(|receipt| receipt.id),
            source: Box::new(source),
        }
    }

    async fn at_hand(&self, draft: &mut Draft, source: &mut Source) -> Result<(), TrailError> {
        self.link(draft, source).await?;
        self.redact_import(draft, source).await?;
        self.learn_keys_for(draft).await
    }

    /// Appends records in their order, and counts those that were. One that refers to another of
    /// its kind waits for it; the others are handed over one after the other and awaited in groups.
    async fn append_imported(
        &self,
        arriving: Vec<Arriving>,
        stored: &mut BTreeMap<String, u64>,
    ) -> Result<(), TrailError> {
        let mut under_way = UnderWay {
            writes: VecDeque::new(),
            stored,
        };
        let mut handed = Ok(());
        let mut kind = None;
        for Arriving {
            mut draft,
            mut source,
        } in arriving
        {
            if refers_to_its_kind(&draft.body) || kind.replace(draft.body.kind()) != kind {
                handed = under_way.down_to(0).await;
            }
            if handed.is_err() {
                break;
            }
            // What it refers to and what it is encrypted under is in memory after this, so that the
            // first poll hands it over.
            if let Err(error) = self.at_hand(&mut draft, &mut source).await {
                handed = Err(error);
                break;
            }
            handed = under_way
                .add(Box::pin(self.record_from(draft, source)))
                .await;
        }
        // What is handed over is written whether it is waited for or not.
        let finished = under_way.down_to(0).await;
        handed.and(finished)
    }
}

/// A write that is handed over and not yet answered.
type Write<'a> = Pin<Box<dyn Future<Output = Result<Receipt, TrailError>> + Send + 'a>>;

struct UnderWay<'a> {
    writes: VecDeque<Write<'a>>,
    stored: &'a mut BTreeMap<String, u64>,
}

impl<'a> UnderWay<'a> {
    async fn add(&mut self, mut write: Write<'a>) -> Result<(), TrailError> {
        match poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await {
            Poll::Ready(done) => self.count(&done?),
            Poll::Pending => self.writes.push_back(write),
        }
        self.down_to(IN_FLIGHT).await
    }

    /// Waits until no more than `most` are under way: for those as well that come behind a failure.
    async fn down_to(&mut self, most: usize) -> Result<(), TrailError> {
        let mut waited = Ok(());
        while self.writes.len() > most
            && let Some(earlier) = self.writes.pop_front()
        {
            match earlier.await {
                Ok(receipt) => self.count(&receipt),
                Err(error) => waited = waited.and(Err(error)),
            }
        }
        waited
    }

    fn count(&mut self, receipt: &Receipt) {
        *self.stored.entry(receipt.kind.to_string()).or_default() += 1;
    }
}

/// Kinds in the order in which they refer to one another, each in the order of time.
fn in_order(mut arriving: Vec<Arriving>) -> Vec<Arriving> {
    arriving.sort_by_key(|it| (it.kind(), it.draft.recorded_at, it.id()));
    arriving
}

fn refers_to_its_kind(body: &Body) -> bool {
    match body {
        Body::Context(context) => !context.parents.is_empty(),
        Body::Decision(decision) => decision.supersedes.is_some() || !decision.caused_by.is_empty(),
        _ => false,
    }
}

const IN_FLIGHT: usize = 256;
