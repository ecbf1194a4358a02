//! Opening a stored record with every byte accounted for.

use std::collections::BTreeSet;

use super::OpenError;
use super::sealed::{Opened, SlotBytes, open_with};
use super::slot::{Slots, entities};
use crate::record::{Body, Digest, Record};

/// Opens the slots of one record and looks for bytes that its root does not speak for.
///
/// What the root commits to is checked by comparing [`Opened::root`] with the log entry. Besides
/// the fields a slot holds whose values they are, personal texts, and the lengths of everything:
/// each of these has to be the one way the record can be written, or it is named.
///
/// # Errors
///
/// [`OpenError`] when the bytes are not those of a record.
pub fn audit(slots: &[SlotBytes]) -> Result<(Opened, Vec<String>), OpenError> {
    let mut faults = Vec::new();
    let mut seen = Vec::with_capacity(slots.len());
    let opened = open_with(slots, |open| {
        let texts = open.texts.iter();
        let strange = texts.filter(|(digest, text)| open.seed.digest(text.as_bytes()) != **digest);
        let number = open.slot.number();
        faults.extend(strange.map(|_| format!("slot {number}: a text is not that of its digest")));
        let digests: Vec<Digest> = open.texts.keys().copied().collect();
        seen.push((open.slot, open.owners.clone(), digests));
    })?;
    let Record { head, body } = &opened.record;
    let expected = match Slots::of(head, body, &opened.about) {
        Ok(expected) => expected,
        Err(error) => return Ok((opened, vec![error.to_string()])),
    };
    let known = digests_of(body);
    for (slot, owners, digests) in &seen {
        let number = slot.number();
        // Of kinds that list no entities, the numbers of slots come from all that are there.
        let is_told = opened.withheld.is_empty() || entities(body).is_some();
        if is_told && expected.owners().get(usize::from(number)) != Some(owners) {
            faults.push(format!(
                "slot {number}: its owners are not those of the record"
            ));
        }
        let strange = digests.iter().filter(|digest| !known.contains(digest));
        faults.extend(
            strange
                .map(|_| format!("slot {number}: it holds a text that the record does not name")),
        );
    }
    if !seen.is_sorted_by(|(a, ..), (b, ..)| a < b) {
        faults.push("a slot is there twice".to_owned());
    }
    Ok((opened, faults))
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
    let Body::Context(context) = body else {
        return BTreeSet::new();
    };
    let items = context.assembly.iter().flat_map(|made| &made.items);
    let template = context.template.as_ref().and_then(|used| used.digest);
    items
        .filter_map(|item| item.digest)
        .chain(template)
        .collect()
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
