//! The fields of a stored record, with what they were salted with.

use std::collections::BTreeMap;

use super::OpenError;
use super::field::Fields;
use super::payload::Payload;
use super::sealed::SlotBytes;
use super::slot::{Keyed, Seed};
use crate::record::Class;

/// A field with its salt: all that its leaf is computed from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disclosed {
    /// JSON pointer (RFC 6901) into the record.
    pub path: String,
    /// How the value has to be treated.
    pub class: Class,
    /// What the commitment to the value is salted with.
    pub salt: [u8; 32],
    /// The value in RFC 8785 form.
    pub value: Vec<u8>,
}

/// The fields in the slots of one record with their salts, in byte order of path.
///
/// # Errors
///
/// [`OpenError`] when the bytes are not those of a record.
pub fn disclose(slots: &[SlotBytes]) -> Result<Vec<Disclosed>, OpenError> {
    let mut fields = Fields::default();
    let mut keyed: BTreeMap<u16, Keyed> = BTreeMap::new();
    for SlotBytes { slot, bytes } in slots {
        let (_, seed) = Payload::decode(*slot, bytes, &mut fields)?;
        keyed.insert(slot.number(), Seed::keyed(&seed));
    }
    fields.sort();
    let disclosed = fields.iter().filter_map(|field| {
        Some(Disclosed {
            salt: keyed.get(&field.slot.number())?.salt(field.path),
            path: field.path.to_owned(),
            class: field.class,
            value: field.value.to_vec(),
        })
    });
    Ok(disclosed.collect())
}
