//! Opening a stored record with every byte accounted for.

use std::collections::BTreeSet;

use super::OpenError;
use super::field::Fields;
use super::payload::Payload;
use super::sealed::{Opened, SlotBytes, open};
use super::slot::{Slot, Slots};
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
    let opened = open(slots)?;
    let mut faults = Vec::new();
    let Record { head, body } = &opened.record;
    let expected = match Slots::of(head, body, &opened.about) {
        Ok(expected) => expected,
        Err(error) => return Ok((opened, vec![error.to_string()])),
    };
    let known = digests_of(body);
    for SlotBytes { slot, bytes } in slots {
        let mut fields = Fields::default();
        let (payload, seed) = Payload::decode(*slot, bytes, &mut fields)?;
        let owners = expected.owners().get(usize::from(slot.number()));
        if owners != Some(&payload.owners) {
            faults.push(format!(
                "slot {slot}: its owners are not those of the record",
                slot = slot.number()
            ));
        }
        for (digest, text) in &payload.texts {
            if seed.digest(text.as_bytes()) != *digest {
                faults.push(format!(
                    "slot {}: a text is not that of its digest",
                    slot.number()
                ));
            }
            if !known.contains(digest) {
                faults.push(format!(
                    "slot {}: it holds a text that the record does not name",
                    slot.number()
                ));
            }
        }
        if payload.encode(*slot, &seed, &fields) != *bytes {
            faults.push(format!(
                "slot {}: its bytes are not in the one form there is",
                slot.number()
            ));
        }
    }
    let numbers: Vec<Slot> = slots.iter().map(|slot| slot.slot).collect();
    if !numbers.is_sorted_by(|a, b| a < b) {
        faults.push("a slot is there twice".to_owned());
    }
    Ok((opened, faults))
}

/// The keyed digests by which a record names its personal texts.
fn digests_of(body: &Body) -> BTreeSet<Digest> {
    let Body::Context(context) = body else {
        return BTreeSet::new();
    };
    let items = context.assembly.iter().flat_map(|made| &made.items);
    let template = context.template.as_ref().and_then(|used| used.digest);
    let results = context.retrievals.iter().flat_map(|call| &call.results);
    items
        .filter_map(|item| item.digest)
        .chain(template)
        .chain(results.filter_map(|result| result.digest))
        .collect()
}

/// The shared texts a record points at, by their SHA-256.
#[must_use]
pub fn shared_digests(record: &Record) -> BTreeSet<[u8; 32]> {
    digests_of(&record.body)
        .into_iter()
        .filter_map(|digest| match digest {
            Digest::Sha256(sha256) => Some(sha256),
            Digest::HmacSha256(_) => None,
        })
        .collect()
}
