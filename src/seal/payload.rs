//! The bytes of the slots of one record; `docs/format.md` has the layout.
//!
//! The tenant's slot lists every field: its own with their values, those of other slots with the
//! commitments to theirs. Every other slot holds the values alone, so that it can be encrypted, and
//! be gone, while what is left can still be held against the root.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::OpenError;
use super::field::Fields;
use super::sealed::SlotBytes;
use super::slot::{Seed, Slot};
use super::wire::{Reader, class_byte, write_bytes, write_length};
use crate::log::Hash;
use crate::record::{Digest, EntityRef};

/// What a slot holds besides values.
#[derive(Clone, Debug)]
pub(super) struct OpenSlot {
    pub(super) slot: Slot,
    pub(super) seed: Seed,
    pub(super) owners: Vec<EntityRef>,
    pub(super) texts: BTreeMap<Digest, Arc<str>>,
}

impl OpenSlot {
    /// The bytes of the tenant's slot: `commitments` are those to the values of `fields`.
    pub(super) fn encode_listing(seed: &Seed, fields: &Fields, commitments: &[Hash]) -> Vec<u8> {
        let bytes = fields.iter().map(|field| match field.slot {
            Slot::TENANT => field.path.len() + field.value.len() + 6,
            _ => field.path.len() + 40,
        });
        let mut out = Vec::with_capacity(64 + bytes.sum::<usize>());
        out.push(FORMAT);
        out.extend_from_slice(seed.as_bytes());
        write_length(&mut out, fields.len());
        for field in fields.iter() {
            let class = class_byte(field.class);
            if field.slot == Slot::TENANT {
                out.push(class);
                write_bytes(&mut out, field.path.as_bytes());
                write_bytes(&mut out, field.value);
            } else {
                out.push(class | ELSEWHERE);
                write_bytes(&mut out, field.path.as_bytes());
                write_length(&mut out, usize::from(field.slot.number()));
            }
        }
        // why: nothing compresses them, and between the paths they would keep those from being.
        for (field, commitment) in fields.iter().zip(commitments) {
            if field.slot != Slot::TENANT {
                out.extend_from_slice(commitment);
            }
        }
        out
    }

    /// The bytes of this slot, which is not the tenant's: the values of those of `fields` that are
    /// in it, in their order.
    pub(super) fn encode(&self, fields: &Fields) -> Vec<u8> {
        let own = || fields.iter().filter(|field| field.slot == self.slot);
        let values = own().map(|field| field.value.len() + 4);
        let texts = self.texts.values().map(|text| text.len() + 40);
        let mut out = Vec::with_capacity(128 + values.chain(texts).sum::<usize>());
        out.push(FORMAT);
        out.extend_from_slice(self.seed.as_bytes());
        write_length(&mut out, self.owners.len());
        for owner in &self.owners {
            write_bytes(&mut out, owner.to_string().as_bytes());
        }
        write_length(&mut out, own().count());
        for field in own() {
            write_bytes(&mut out, field.value);
        }
        write_length(&mut out, self.texts.len());
        for (digest, text) in &self.texts {
            out.extend_from_slice(digest.as_bytes());
            write_bytes(&mut out, text.as_bytes());
        }
        out
    }
}

/// Reads the slots of one record; values whose slot is not among them are withheld.
///
/// There is one way to write a slot: lengths in as few bytes as they need, fields and texts in
/// order. Any other is an error, so that no byte of a store is without a meaning.
pub(super) fn decode(slots: &[SlotBytes]) -> Result<(Fields, Vec<OpenSlot>), OpenError> {
    let mut fields = Fields::with_room_for(slots.iter().map(|it| it.bytes.len()).sum());
    let mut opened = Vec::with_capacity(slots.len());
    let mut values = Vec::with_capacity(slots.len());
    let mut listing = None;
    for SlotBytes { slot, bytes } in slots {
        let mut reader = Reader { bytes, slot: *slot };
        let format = reader.byte()?;
        let mut open = OpenSlot {
            slot: *slot,
            seed: Seed::from_bytes(reader.array()?),
            owners: Vec::new(),
            texts: BTreeMap::new(),
        };
        match format {
            FIRST_FORMAT => {
                open.owners = owners(&mut reader)?;
                first_fields(&mut reader, &mut fields)?;
                open.texts = texts(&mut reader)?;
                reader.end()?;
            }
            FORMAT if *slot == Slot::TENANT && listing.is_none() => listing = Some(reader),
            FORMAT => {
                open.owners = owners(&mut reader)?;
                let count = reader.length()?;
                let own: Result<Vec<&[u8]>, _> = (0..count).map(|_| reader.bytes()).collect();
                values.push((*slot, own?.into_iter()));
                open.texts = texts(&mut reader)?;
                reader.end()?;
            }
            _ => return Err(reader.damaged("it has a format this version does not know")),
        }
        opened.push(open);
    }
    if let Some(mut reader) = listing {
        listed(&mut reader, &mut values, &mut fields)?;
        reader.end()?;
    }
    for (slot, mut rest) in values {
        if rest.next().is_some() {
            return Err(Reader { bytes: &[], slot }.damaged("it has values of no field"));
        }
    }
    fields.sort();
    Ok((fields, opened))
}

fn listed<'a>(
    reader: &mut Reader<'a>,
    values: &mut [(Slot, std::vec::IntoIter<&'a [u8]>)],
    fields: &mut Fields,
) -> Result<(), OpenError> {
    let mut before = "";
    let mut elsewhere = Vec::new();
    for _ in 0..reader.length()? {
        let (class, is_elsewhere) = reader.class()?;
        let path = next_path(reader, &mut before)?;
        if !is_elsewhere {
            fields.push(path, class, Slot::TENANT, reader.bytes()?);
            continue;
        }
        let number = u16::try_from(reader.length()?);
        let slot = match number {
            Ok(number) if number > 0 => Slot::new(number),
            _ => return Err(reader.damaged("a field is in a slot that cannot be")),
        };
        elsewhere.push((path, class, slot));
    }
    for (path, class, slot) in elsewhere {
        let commitment = reader.array()?;
        match values.iter_mut().find(|(of, _)| *of == slot) {
            None => fields.push_withheld(path, class, slot, commitment),
            Some((_, own)) => {
                let value = own.next().ok_or_else(|| {
                    let reader = Reader { bytes: &[], slot };
                    reader.damaged("it has fewer values than fields")
                })?;
                fields.push_listed(path, class, slot, value, commitment);
            }
        }
    }
    Ok(())
}

/// The fields of a slot in the first format, in which each slot held its own with their paths.
fn first_fields(reader: &mut Reader<'_>, fields: &mut Fields) -> Result<(), OpenError> {
    let mut before = "";
    for _ in 0..reader.length()? {
        let (class, is_elsewhere) = reader.class()?;
        if is_elsewhere {
            return Err(reader.damaged("a field has an unknown class"));
        }
        let path = next_path(reader, &mut before)?;
        fields.push(path, class, reader.slot, reader.bytes()?);
    }
    Ok(())
}

fn next_path<'a>(reader: &mut Reader<'a>, before: &mut &'a str) -> Result<&'a str, OpenError> {
    let path = reader.text()?;
    if path <= *before {
        return Err(reader.damaged("its fields are not in order"));
    }
    *before = path;
    Ok(path)
}

fn owners(reader: &mut Reader<'_>) -> Result<Vec<EntityRef>, OpenError> {
    let mut owners = Vec::new();
    for _ in 0..reader.length()? {
        let text = reader.text()?;
        let owner: EntityRef = text.parse()?;
        if owner.to_string() != text {
            return Err(reader.damaged("an owner is not in the form it is written in"));
        }
        owners.push(owner);
    }
    Ok(owners)
}

fn texts(reader: &mut Reader<'_>) -> Result<BTreeMap<Digest, Arc<str>>, OpenError> {
    let mut texts: BTreeMap<Digest, Arc<str>> = BTreeMap::new();
    for _ in 0..reader.length()? {
        let digest = Digest::HmacSha256(reader.array()?);
        if texts
            .last_key_value()
            .is_some_and(|(last, _)| *last >= digest)
        {
            return Err(reader.damaged("its texts are not in order"));
        }
        texts.insert(digest, reader.text()?.into());
    }
    Ok(texts)
}

const FIRST_FORMAT: u8 = 1;
const FORMAT: u8 = 2;
/// The bit beside the class of a field whose value is in another slot.
const ELSEWHERE: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Class;

    fn encoded() -> Vec<SlotBytes> {
        let mut fields = Fields::default();
        let (seed, slot) = (Seed::from_bytes([7; 32]), Slot::new(1));
        fields.push("/a", Class::Plain, Slot::TENANT, b"\"x\"");
        fields.push("/b", Class::Personal, slot, b"\"y\"");
        let open = OpenSlot {
            slot,
            seed,
            owners: vec!["applicant:user_1".parse().unwrap()],
            texts: BTreeMap::from([(seed.digest(b"z"), Arc::from("z"))]),
        };
        let bytes = |slot, bytes| SlotBytes { slot, bytes };
        let commitments = [[1; 32], [2; 32]];
        vec![
            bytes(
                Slot::TENANT,
                OpenSlot::encode_listing(&seed, &fields, &commitments),
            ),
            bytes(slot, open.encode(&fields)),
        ]
    }

    #[test]
    fn a_slot_that_is_not_there_withholds_its_values_and_no_others() {
        let slots = encoded();
        let (whole, opened) = decode(&slots).unwrap();
        assert_eq!(opened.len(), 2);
        let values: Vec<_> = whole.iter().map(|field| field.value.to_vec()).collect();
        assert_eq!(values, [b"\"x\"", b"\"y\""]);
        let (left, _) = decode(&slots[..1]).unwrap();
        let withheld: Vec<_> = left.iter().map(|field| field.is_withheld).collect();
        assert_eq!(withheld, [false, true]);
        assert!(decode(&slots[1..]).is_err(), "values of no field");
    }

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let slots = encoded();
        for damaged in 0..slots.len() {
            let bytes = &slots[damaged].bytes;
            for end in 0..bytes.len() {
                let mut cut = slots.clone();
                cut[damaged].bytes.truncate(end);
                assert!(decode(&cut).is_err());
            }
            for at in 0..bytes.len() {
                let mut flipped = slots.clone();
                flipped[damaged].bytes[at] ^= 0x80;
                drop(decode(&flipped));
            }
        }
    }
}
