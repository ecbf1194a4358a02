//! An exported record on its way in: its texts and seeds, checked against its digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::codec::ExportedRecord;
use crate::record::{
    Body, CaptureReport, Digest, Draft, InvalidValue, Kind, Record, RecordId, Tenant, Texts,
};
use crate::seal::{Seed, Slots, Source, stored_digests};
use crate::trail::TrailError;

/// A record that can be stored as it is.
pub(super) struct Arriving {
    pub(super) draft: Draft,
    pub(super) source: Source,
}

impl Arriving {
    pub(super) const fn id(&self) -> RecordId {
        self.draft.id
    }

    pub(super) fn kind(&self) -> Kind {
        self.draft.body.kind()
    }

    /// Takes `exported` apart for a log of `tenant`.
    pub(super) fn of(exported: ExportedRecord, tenant: &Tenant) -> Result<Self, TrailError> {
        let ExportedRecord {
            mut record,
            text,
            texts,
            seeds,
            withheld,
        } = exported;
        if let Some((path, why)) = withheld.unwrap_or_default().into_iter().next() {
            return Err(TrailError::Withheld {
                id: record.head.id,
                path,
                why,
            });
        }
        if record.head.tenant != *tenant {
            return Err(TrailError::OtherTenant {
                found: record.head.tenant,
                expected: tenant.clone(),
            });
        }
        let mut seeds = read_seeds(seeds.unwrap_or_default())?;
        if let Body::Context(_) = &record.body {
            // why: a text that only a seed without a slot fits would have no place to be stored in.
            let slots = Slots::of(&record.head, &record.body, &[])?.owners().len();
            seeds.retain(|slot, _| usize::from(*slot) < slots);
        }
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
        let source = Source::Elsewhere { seeds, texts };
        Ok(Self { draft, source })
    }
}

pub(in crate::trail) fn read_seeds(
    seeds: BTreeMap<String, String>,
) -> Result<BTreeMap<u16, Seed>, TrailError> {
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
