//! Taking what a bundle is to hold from a trail.

use std::collections::{BTreeMap, BTreeSet};

use super::absence::Absence;
use super::bundle::{FieldEntry, Gone};
use super::carried_text::CarriedText;
use super::derived::PAGES;
use super::governing::governing_records;
use super::pack::{PackError, PackInput, PackRecord, pack_claiming};
use super::redaction::Redactions;
use super::view::{Claim, Custody, Scope};
use crate::log::SignedCheckpoint;
use crate::record::{DecisionId, Digest, EntityRef, Kind, RecordId, UsedRef};
use crate::seal::{Disclosed, Disclosure};
use crate::trail::{Removals, Stored, Trail, TrailError};

/// What a bundle is to be evidence of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// One decision, with all it rests on and all that followed.
    Decision(DecisionId),
    /// Every decision on a business key.
    Subject(EntityRef),
    /// The log from one index to another, both included.
    Range(u64, u64),
    /// Everything about an entity.
    Entity(EntityRef),
}

/// A bundle, and what it should hold and does not.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The bytes of the bundle.
    pub bundle: Vec<u8>,
    /// How many records it holds.
    pub records: usize,
    /// What it says of each thing that was asked about: whether it was used.
    pub absences: Vec<Absence>,
    /// What was asked for and is not there, in words; empty when all is.
    pub lacking: Vec<String>,
}

/// Why a bundle cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// The trail does not give what is needed.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// What was found cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Nothing was found.
    #[error("there is nothing in the trail about {0}")]
    Nothing(String),
    /// The range ends before it begins.
    #[error(
        "the first index, {from}, is after the last, {to}: write the smaller one first, \
         `contextrail evidence pack range {to} {from} --file F`"
    )]
    Backwards {
        /// The first index asked for.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The log is shorter.
    #[error("the log has no index {index}: its newest signed head has {size} entries")]
    Beyond {
        /// The index asked for.
        index: u64,
        /// How many entries a signed head covers.
        size: u64,
    },
}

/// Makes a bundle of `what` from `trail`, proved under the head that most stands behind of those that
/// cover it: [`Trail::head_over`] its last record.
///
/// Beside a decision it holds the contexts and generations it rests on, the decisions it replaced or
/// that replaced it, its reviews, its outcomes and what was measured of it: every record that one of them
/// refers to. Of decisions it holds the versions that governed them, with their approvals, their last
/// checks and what was deployed, and the versions that these come from. Whatever it
/// is of, it holds the legal holds that cover one of its records, or did until they were released, with
/// their releases; the records that say of values which are missing that they are gone; and under a head
/// of a later epoch the successions before it: they say what the log lost.
///
/// Of each thing in `absent` it says whether it was used in the contexts it carries.
///
/// # Errors
///
/// [`GatherError::Nothing`] when there is no such thing; [`TrailError::NotSigned`] when no signed head
/// reaches it yet.
pub async fn gather(
    trail: &Trail,
    what: What,
    redactions: Redactions,
    custody: Custody,
    absent: Vec<UsedRef>,
) -> Result<Gathered, GatherError> {
    let newest = trail.checkpoint().await?;
    let mut found = Found::default();
    let (scope, decisions) = found.collect(trail, what, newest.head().size).await?;
    let mut lacking = Vec::new();
    let governing = governing_records(trail, found.records.values(), newest.head().size).await?;
    found.extend(governing);
    found.add_holds(trail, &mut lacking).await?;
    let removals = found.add_removals(trail).await?;
    let last = found.records.keys().next_back().copied().unwrap_or(0);
    let head = trail.head_over(last).await?;
    found.add_successions(trail, &head.checkpoint).await?;
    let keys = trail
        .notary()
        .verifier_keys()
        .await
        .map_err(TrailError::from)?;
    #[cfg(feature = "network")]
    let keys = [keys, trail.notary().witness_keys(&head)].concat();
    let mut input = PackInput {
        claim: Claim {
            scope,
            tenant: trail.tenant().clone(),
            trail: trail.id().await?,
        },
        decisions,
        records: Vec::with_capacity(found.records.len()),
        keys,
        tokens: head.timestamps.clone(),
        custody,
        redactions,
        absent,
        pages: Some(PAGES),
    };
    for stored in found.records.values() {
        let mut record = packed(trail, stored, &head.checkpoint, &removals).await?;
        record.text = carried(trail, stored, &mut lacking).await?;
        input.records.push(record);
    }
    let records = input.records.len();
    let (bundle, absences) = pack_claiming(input)?;
    Ok(Gathered {
        bundle,
        records,
        absences,
        lacking,
    })
}

/// The records of a bundle, by index.
#[derive(Default)]
struct Found {
    records: BTreeMap<u64, Stored>,
    seen: BTreeSet<RecordId>,
}

impl Found {
    async fn collect(
        &mut self,
        trail: &Trail,
        what: What,
        size: u64,
    ) -> Result<(Scope, Vec<RecordId>), GatherError> {
        match what {
            What::Decision(id) => {
                let stored = trail.read_kind(id.into(), Kind::Decision).await?;
                let subject = stored.decision().map(|decision| decision.subject.clone());
                self.add_with_all(trail, stored).await?;
                Ok((Scope::Decision { subject }, vec![id.into()]))
            }
            What::Subject(subject) => {
                let decisions = trail.decisions_on(&subject).await?;
                if decisions.is_empty() {
                    return Err(GatherError::Nothing(subject.to_string()));
                }
                let mut ids: Vec<RecordId> =
                    decisions.iter().map(|view| view.decision.id()).collect();
                ids.sort_unstable();
                for view in decisions {
                    self.add_with_all(trail, view.decision).await?;
                }
                Ok((
                    Scope::Decision {
                        subject: Some(subject),
                    },
                    ids,
                ))
            }
            What::Range(from, to) => {
                if from > to {
                    return Err(GatherError::Backwards { from, to });
                }
                if to >= size {
                    return Err(GatherError::Beyond { index: to, size });
                }
                for stored in trail.read_range(from, to).await? {
                    self.records.insert(stored.log_index(), stored);
                }
                Ok((Scope::Range { from, to }, Vec::new()))
            }
            What::Entity(entity) => {
                let events = trail.history(&entity).await?;
                if events.is_empty() {
                    return Err(GatherError::Nothing(entity.to_string()));
                }
                for event in events {
                    self.add_with_all(trail, event.stored).await?;
                }
                Ok((Scope::Entity { entity }, Vec::new()))
            }
        }
    }

    /// Adds the successions that `head` is signed after.
    async fn add_successions(
        &mut self,
        trail: &Trail,
        head: &SignedCheckpoint,
    ) -> Result<(), TrailError> {
        let head = head.checkpoint();
        let first_epoch = format!("{}{}", trail.notary().trail_origin(), trail.tenant());
        if head.origin() == first_epoch {
            return Ok(());
        }
        for stored in trail.successions().await? {
            if stored.log_index() < head.size() {
                self.records.insert(stored.log_index(), stored);
            }
        }
        Ok(())
    }

    /// Adds the holds that cover any of the records, whatever they do that through, or did until they
    /// were released, and the releases.
    async fn add_holds(
        &mut self,
        trail: &Trail,
        lacking: &mut Vec<String>,
    ) -> Result<(), TrailError> {
        match trail.hold_records(self.records.values()).await {
            Ok(found) => self.extend(found),
            // Whom a hold is on is encrypted.
            Err(TrailError::Key(_)) => lacking.push(
                "the legal holds on its records: one is on an entity, and the keys that tell which are not here"
                    .to_owned(),
            ),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Adds the records that say of values of the others, or of each other, that they are gone.
    async fn add_removals(&mut self, trail: &Trail) -> Result<Removals, TrailError> {
        if !self.records.values().any(|it| it.erased().next().is_some()) {
            return Ok(Removals::default());
        }
        let removals = trail.removals().await?;
        loop {
            let about = self.records.values().flat_map(|it| removals.about(it));
            let about: Vec<Stored> = about
                .map(|(_, removal)| removal)
                .filter(|it| !self.records.contains_key(&it.log_index()))
                .cloned()
                .collect();
            if about.is_empty() {
                return Ok(removals);
            }
            self.extend(about);
        }
    }

    fn extend(&mut self, records: Vec<Stored>) {
        let records = records.into_iter().map(|it| (it.log_index(), it));
        self.records.extend(records);
    }

    /// Adds a record, all that it rests on, and for a decision all that followed from it.
    async fn add_with_all(&mut self, trail: &Trail, first: Stored) -> Result<(), TrailError> {
        let mut waiting = vec![first];
        while let Some(stored) = waiting.pop() {
            if !self.seen.insert(stored.id()) {
                continue;
            }
            for id in stored.refers_to() {
                if !self.seen.contains(&id) {
                    // A cause or parent may be in another trail.
                    waiting.extend(trail.read(id).await?);
                }
            }
            if stored.record().kind() == Kind::Decision {
                for kind in [Kind::Decision, Kind::Review, Kind::Outcome, Kind::Kpi] {
                    waiting.extend(trail.referring(stored.id(), kind).await?);
                }
            }
            self.records.insert(stored.log_index(), stored);
        }
        Ok(())
    }
}

async fn packed(
    trail: &Trail,
    stored: &Stored,
    checkpoint: &SignedCheckpoint,
    removals: &Removals,
) -> Result<PackRecord, TrailError> {
    let disclosed = trail.disclose(stored).await?;
    let proof = trail.prove_under(stored.log_index(), checkpoint).await?;
    Ok(PackRecord {
        id: stored.id(),
        kind: stored.record().kind(),
        index: stored.log_index(),
        entry: stored.entry().to_vec(),
        fields: disclosed
            .into_iter()
            .map(|field| entry_of(field, stored, removals))
            .collect(),
        proof: proof.to_string(),
        text: None,
    })
}

/// A field as the bundle has it: one whose value is not there any longer is named.
fn entry_of(field: Disclosed, stored: &Stored, removals: &Removals) -> FieldEntry {
    let Disclosed {
        path,
        class,
        content,
        owners: _,
    } = field;
    match content {
        Disclosure::Shown { salt, value } => FieldEntry::Shown {
            path,
            class,
            salt,
            value,
        },
        Disclosure::Withheld { commitment } => FieldEntry::Named {
            why: stored.why_withheld(&path).to_owned(),
            gone: removals.of(stored, &path).map(|(removal, slot)| Gone {
                by: removal.id(),
                slot,
            }),
            path,
            class,
            commitment,
        },
    }
}

/// The text of a context and of its items, with what their digests are checked with.
async fn carried(
    trail: &Trail,
    stored: &Stored,
    lacking: &mut Vec<String>,
) -> Result<Option<CarriedText>, TrailError> {
    let Some(assembly) = stored
        .context()
        .and_then(|context| context.assembly.as_ref())
    else {
        return Ok(None);
    };
    let text = trail.text(stored).await?;
    if text.is_none() && assembly.text_digest.is_some() {
        lacking.push(format!(
            "the text of the context {}, which is not there any longer",
            stored.id()
        ));
    }
    let wanted: BTreeSet<Digest> = assembly
        .items
        .iter()
        .filter_map(|item| item.digest)
        .collect();
    let texts = trail.texts(stored).await?;
    let items = texts
        .into_iter()
        .filter(|(digest, _)| wanted.contains(digest))
        .map(|(digest, text)| (digest, text.to_string()));
    Ok(Some(CarriedText {
        text,
        items: items.collect(),
        seeds: stored.seeds().values().copied().collect(),
    }))
}
