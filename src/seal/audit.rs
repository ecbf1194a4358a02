//! Opening a stored record with every byte accounted for.

use std::collections::BTreeSet;

use super::OpenError;
use super::sealed::{Opened, SlotBytes, open_with, placed_digests};
use super::slot::{Slot, Slots, entities};
use crate::record::{Body, Digest, EntityRef, Record};

/// Something in a slot that its record does not speak for, or that the record names and is not there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SlotFault {
    /// The number of the slot.
    pub slot: u16,
    /// What of its row is wrong: `slot`, its number, or `payload`, its bytes.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: String,
}

impl SlotFault {
    fn payload(slot: Slot, what: &str) -> Self {
        let slot = slot.number();
        Self {
            slot,
            field: "payload",
            what: format!("slot {slot}: {what}"),
        }
    }
}

/// Opens the slots of one record, and looks for bytes that its root does not speak for and for texts
/// that it names and that are not there.
///
/// What the root commits to is checked by comparing [`Opened::root`] with the log entry. Besides
/// the fields a slot holds whose values they are, personal texts, and the lengths of everything:
/// each of these has to be the one way the record can be written, or it is named.
///
/// # Errors
///
/// [`OpenError`] when the bytes are not those of a record.
pub fn audit(slots: &[SlotBytes]) -> Result<(Opened, Vec<SlotFault>), OpenError> {
    let mut faults = Vec::new();
    let mut seen = Vec::with_capacity(slots.len());
    let opened = open_with(slots, |open| {
        let texts = open.texts.iter();
        let strange = texts.filter(|(digest, text)| open.seed.digest(text.as_bytes()) != **digest);
        let what = "a text is not that of its digest";
        faults.extend(strange.map(|_| SlotFault::payload(open.slot, what)));
        let digests: Vec<Digest> = open.texts.keys().copied().collect();
        seen.push((open.slot, open.owners.clone(), digests));
    })?;
    let Record { head, body } = &opened.record;
    let expected = match Slots::of(head, body, &opened.about) {
        Ok(expected) => expected,
        Err(error) => {
            let fault = SlotFault::payload(Slot::TENANT, &error.to_string());
            return Ok((opened, vec![fault]));
        }
    };
    let known = digests_of(body);
    for (slot, owners, digests) in &seen {
        let there = expected.owners().get(usize::from(slot.number()));
        // Of kinds that list no entities, the numbers of slots come from all that are there; the
        // tenant's slot has no owners.
        let is_told = opened.withheld.is_empty() || entities(body).is_some();
        if is_told && there != Some(owners) {
            faults.push(other_owners(*slot, owners, &expected));
        }
        // The digest that names a text may be withheld where the text is not.
        let is_named = |digest: &Digest| !opened.withheld.is_empty() || known.contains(digest);
        let strange = digests.iter().filter(|digest| !is_named(digest));
        let what = "it holds a text that the record does not name";
        faults.extend(strange.map(|_| SlotFault::payload(*slot, what)));
    }
    if let Some(pair) = seen.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        faults.push(SlotFault::payload(pair[1].0, "it is there twice"));
    }
    if !is_without_texts(&opened.record) {
        let missing = keyed_texts(body, &expected);
        let missing = missing.filter(|(digest, _)| !opened.texts.contains_key(digest));
        let what = "a text that the record names is missing";
        faults.extend(missing.map(|(_, slot)| SlotFault::payload(slot, what)));
    }
    Ok((opened, faults))
}

/// A slot with owners that are not those of its number: those of another number, or of none.
fn other_owners(slot: Slot, owners: &[EntityRef], expected: &Slots) -> SlotFault {
    let mut all = expected.owners().iter();
    match all.position(|it| it == owners) {
        Some(number) => SlotFault {
            slot: slot.number(),
            field: "slot",
            what: format!("its owners are those of slot {number}"),
        },
        None => SlotFault::payload(slot, "its owners are not those of the record"),
    }
}

/// The texts that are stored in the slots of a record, and the slot of each by whose text it is.
fn keyed_texts(body: &Body, slots: &Slots) -> impl Iterator<Item = (Digest, Slot)> {
    let placed = placed_digests(body);
    let placed = placed.map(|(digest, owner)| (digest, slots.of_entity(owner)));
    placed.filter(|(digest, _)| matches!(digest, Digest::HmacSha256(_)))
}

/// The digests by which a record names its texts, those of results included, which are not stored
/// unless an item holds them.
fn digests_of(body: &Body) -> BTreeSet<Digest> {
    let Body::Context(context) = body else {
        return BTreeSet::new();
    };
    let results = context.retrievals.iter().flat_map(|call| &call.results);
    let results = results.filter_map(|result| result.digest);
    stored_digests(body).into_iter().chain(results).collect()
}

/// The digests of the texts that are stored with a record: of its items, and of its template.
#[must_use]
pub fn stored_digests(body: &Body) -> BTreeSet<Digest> {
    placed_digests(body).map(|(digest, _)| digest).collect()
}

/// The shared texts a record points at, by their SHA-256.
#[must_use]
pub fn shared_digests(record: &Record) -> BTreeSet<[u8; 32]> {
    stored_digests(&record.body)
        .into_iter()
        .filter_map(|digest| match digest {
            Digest::Sha256(sha256) => Some(sha256),
            Digest::HmacSha256(_) => None,
        })
        .collect()
}

/// Whether the sealed record says that it was imported without all its texts and seeds.
#[must_use]
pub fn is_without_texts(record: &Record) -> bool {
    matches!(&record.body, Body::Context(context) if context.capture.is_without_texts())
}
