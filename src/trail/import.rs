//! Records in and out as they are: export, and import of what was exported.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::imported_file::distinct;
use super::{Stored, Trail, TrailError};
use crate::codec::ExportedRecord;
use crate::record::{
    Body, CaptureReport, Digest, Draft, Import, InvalidValue, Kind, Receipt, Record, Texts,
};
use crate::seal::{Seed, Slots, Source, stored_digests};

/// What an import did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// How many records of each kind the document held; one that it held twice counts once.
    pub counts: BTreeMap<String, u64>,
    /// How many of them were there already.
    pub existed: u64,
    /// The receipt of the import's own record.
    pub receipt: Receipt,
}

impl Trail {
    /// What an export of `stored` holds: the record, and unless `with_text` is off its text, the
    /// texts of its items, and the seeds that its keyed digests are checked with.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when a text cannot be read or is not that of its digest.
    pub async fn export(
        &self,
        stored: &Stored,
        with_text: bool,
    ) -> Result<ExportedRecord, TrailError> {
        let mut exported = ExportedRecord::from(stored.record().clone());
        if !with_text {
            return Ok(exported);
        }
        if stored.context().is_some() {
            let texts = self.texts(stored).await?;
            let texts = texts
                .iter()
                .map(|(digest, text)| (digest.to_string(), text.to_string()));
            exported.texts = Some(texts.collect());
            exported.text = self.text(stored).await?;
        }
        let seeds = stored.seeds().iter();
        let seeds = seeds.map(|(slot, seed)| (slot.to_string(), BASE64.encode(seed.as_bytes())));
        exported.seeds = Some(seeds.collect());
        Ok(exported)
    }

    /// Appends records that were exported elsewhere as they are, id and door included, and a
    /// record of the import, whose document had the digest `file_digest`.
    ///
    /// Importing the same again changes nothing but adds one record of the import.
    ///
    /// # Errors
    ///
    /// [`TrailError::DigestMismatch`] for an altered text, [`TrailError::OtherTenant`],
    /// [`TrailError::Conflict`], [`TrailError::UnknownRecord`]; what came before stays imported.
    pub async fn import(
        &self,
        records: Vec<ExportedRecord>,
        file_digest: Digest,
    ) -> Result<Imported, TrailError> {
        let mut counts = BTreeMap::new();
        let mut by_kind: BTreeMap<Kind, Vec<(Draft, Source)>> = BTreeMap::new();
        for exported in distinct(records)? {
            let kind = exported.record.kind();
            *counts.entry(kind.to_string()).or_default() += 1;
            let prepared = self.prepare_import(exported)?;
            by_kind.entry(kind).or_default().push(prepared);
        }
        let before = self.status_size().await?;
        let total: u64 = counts.values().sum();
        // Kinds are in the order in which they refer to one another.
        for drafts in by_kind.into_values() {
            self.append_imported(drafts).await?;
        }
        let added = self.status_size().await?.saturating_sub(before);
        let import = Import {
            file_digest,
            counts: counts.clone(),
        };
        Ok(Imported {
            counts,
            existed: total.saturating_sub(added),
            receipt: self.record(Draft::new(self.new_id(), import)).await?,
        })
    }

    async fn status_size(&self) -> Result<u64, TrailError> {
        Ok(self.0.store.status(self.tenant()).await?.size)
    }

    /// Appends records of one kind in the order of time. Those that refer to one of their own kind
    /// wait for it; the others are handed over one after the other and awaited in groups.
    async fn append_imported(&self, mut drafts: Vec<(Draft, Source)>) -> Result<(), TrailError> {
        drafts.sort_by_key(|(draft, _)| (draft.recorded_at, draft.id));
        let mut under_way = VecDeque::new();
        for (mut draft, source) in drafts {
            if refers_to_its_kind(&draft.body) {
                while let Some(earlier) = under_way.pop_front() {
                    earlier_done(earlier).await?;
                }
            }
            // What it refers to is in memory after this, so that the first poll hands it over.
            self.link(&mut draft, &source).await?;
            let mut write: Write<'_> = Box::pin(self.record_from(draft, source));
            match poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await {
                Poll::Ready(done) => drop(done?),
                Poll::Pending => under_way.push_back(write),
            }
            if under_way.len() > IN_FLIGHT
                && let Some(earlier) = under_way.pop_front()
            {
                earlier_done(earlier).await?;
            }
        }
        for earlier in under_way {
            earlier_done(earlier).await?;
        }
        Ok(())
    }

    fn prepare_import(&self, exported: ExportedRecord) -> Result<(Draft, Source), TrailError> {
        let ExportedRecord {
            mut record,
            text,
            texts,
            seeds,
        } = exported;
        if record.head.tenant != *self.tenant() {
            return Err(TrailError::OtherTenant {
                found: record.head.tenant,
                expected: self.tenant().clone(),
            });
        }
        let seeds = read_seeds(seeds.unwrap_or_default())?;
        let mut texts = read_texts(texts.unwrap_or_default())?;
        check_texts(&record, &texts, &seeds)?;
        check_text(&record, text.as_deref(), &seeds)?;
        if seeds.is_empty() {
            // why: what no seed is there for could be anything, and no verification would see it.
            texts.retain(|digest, _| matches!(digest, Digest::Sha256(_)));
        }
        note_missing(&mut record, &texts, &seeds);
        let Record { head, body } = record;
        let draft = Draft {
            id: head.id,
            body,
            actor: Some(head.actor),
            recorded_at: Some(head.recorded_at),
            about: Vec::new(),
            texts: Texts::default(),
        };
        Ok((draft, Source::Elsewhere { seeds, texts }))
    }
}

/// A write that is handed over and not yet answered.
type Write<'a> = Pin<Box<dyn Future<Output = Result<Receipt, TrailError>> + Send + 'a>>;

async fn earlier_done(write: Write<'_>) -> Result<(), TrailError> {
    write.await.map(|_| ())
}

fn refers_to_its_kind(body: &Body) -> bool {
    match body {
        Body::Context(context) => !context.parents.is_empty(),
        Body::Decision(decision) => decision.supersedes.is_some() || !decision.caused_by.is_empty(),
        _ => false,
    }
}

fn read_seeds(seeds: BTreeMap<String, String>) -> Result<BTreeMap<u16, Seed>, TrailError> {
    let malformed =
        |text: &str| InvalidValue::new("seed", text, "a slot number and 32 bytes in base64");
    seeds
        .into_iter()
        .map(|(slot, seed)| {
            let number = slot.parse().map_err(|_| malformed(&slot))?;
            let bytes = BASE64.decode(&seed).map_err(|_| malformed(&slot))?;
            let bytes = bytes.try_into().map_err(|_| malformed(&slot))?;
            Ok((number, Seed::from_bytes(bytes)))
        })
        .collect()
}

fn read_texts(texts: BTreeMap<String, String>) -> Result<BTreeMap<Digest, Arc<str>>, TrailError> {
    texts
        .into_iter()
        .map(|(digest, text)| Ok((digest.parse()?, text.into())))
        .collect()
}

/// Lets a context say so when a text that it is stored with did not come, or no seed did.
fn note_missing(
    record: &mut Record,
    texts: &BTreeMap<Digest, Arc<str>>,
    seeds: &BTreeMap<u16, Seed>,
) {
    let wanted = stored_digests(&record.body);
    let Body::Context(context) = &mut record.body else {
        return;
    };
    let is_bare = seeds.is_empty() && (context.assembly.is_some() || !wanted.is_empty());
    let is_missing = is_bare || wanted.iter().any(|digest| !texts.contains_key(digest));
    if is_missing && !context.capture.is_without_texts() {
        let warning = CaptureReport::WITHOUT_TEXTS.to_owned();
        context.capture.warnings.push(warning);
    }
}

/// A keyed digest is taken with the seed of one slot; without seeds it cannot be checked.
fn check_texts(
    record: &Record,
    texts: &BTreeMap<Digest, Arc<str>>,
    seeds: &BTreeMap<u16, Seed>,
) -> Result<(), TrailError> {
    for (digest, text) in texts {
        let fits = match digest {
            Digest::Sha256(_) => Digest::sha256(text.as_bytes()) == *digest,
            Digest::HmacSha256(_) => {
                seeds.is_empty()
                    || seeds
                        .values()
                        .any(|seed| seed.digest(text.as_bytes()) == *digest)
            }
        };
        if !fits {
            return Err(TrailError::DigestMismatch {
                id: record.head.id,
                member: format!("the text {digest}"),
            });
        }
    }
    Ok(())
}

fn check_text(
    record: &Record,
    text: Option<&str>,
    seeds: &BTreeMap<u16, Seed>,
) -> Result<(), TrailError> {
    let (Body::Context(context), Some(text)) = (&record.body, text) else {
        return Ok(());
    };
    let expected = context.assembly.as_ref().and_then(|it| it.text_digest);
    let slot = Slots::of(&record.head, &record.body, &[])?
        .everybody()
        .number();
    match (expected, seeds.get(&slot)) {
        (Some(expected), Some(seed)) if seed.digest(text.as_bytes()) != expected => {
            Err(TrailError::DigestMismatch {
                id: record.head.id,
                member: "`text`".to_owned(),
            })
        }
        _ => Ok(()),
    }
}

const IN_FLIGHT: usize = 256;
