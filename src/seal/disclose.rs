//! The fields of a stored record, with what their commitments are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::OpenError;
use super::payload::decode;
use super::sealed::SlotBytes;
use super::slot::{Keyed, Seed};
use crate::log::Hash;
use crate::record::{Class, Digest, EntityRef};

/// A field with all that its leaf is computed from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disclosed {
    /// JSON pointer (RFC 6901) into the record.
    pub path: String,
    /// How the value has to be treated.
    pub class: Class,
    /// Whom the value is about; nobody for what is plain or confidential, and where it is withheld.
    pub owners: Vec<EntityRef>,
    /// The value, or the commitment to it.
    pub content: Disclosure,
}

/// What there is of a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Disclosure {
    /// The value itself.
    Shown {
        /// What the commitment to the value is salted with.
        salt: [u8; 32],
        /// The value in RFC 8785 form.
        value: Vec<u8>,
    },
    /// The value is not here: it was erased, or is encrypted under a key that is not here.
    Withheld {
        /// The commitment to it.
        commitment: Hash,
    },
}

/// The fields of the record in these slots, in byte order of path.
///
/// # Errors
///
/// [`OpenError`] when the bytes are not those of a record.
pub fn disclose(slots: &[SlotBytes]) -> Result<Vec<Disclosed>, OpenError> {
    let (fields, opened) = decode(slots)?;
    let keyed = opened
        .iter()
        .map(|open| (open.slot, Seed::keyed(&open.seed)));
    let keyed: BTreeMap<_, Keyed> = keyed.collect();
    let owners = opened.iter().map(|open| (open.slot, &open.owners));
    let owners: BTreeMap<_, _> = owners.collect();
    let disclosed = fields.iter().filter_map(|field| {
        Some(Disclosed {
            content: match field.commitment {
                Some(commitment) if field.is_withheld => Disclosure::Withheld { commitment },
                _ => Disclosure::Shown {
                    salt: keyed.get(&field.slot)?.salt(field.path),
                    value: field.value.to_vec(),
                },
            },
            path: field.path.to_owned(),
            class: field.class,
            owners: owners
                .get(&field.slot)
                .map_or_else(Vec::new, |it| it.to_vec()),
        })
    });
    Ok(disclosed.collect())
}

/// The texts in these slots that are about `owner` alone.
///
/// # Errors
///
/// [`OpenError`] when the bytes are not those of a record.
pub fn own_texts(
    slots: &[SlotBytes],
    owner: &EntityRef,
) -> Result<BTreeMap<Digest, Arc<str>>, OpenError> {
    let (_, opened) = decode(slots)?;
    let own = opened.into_iter();
    let own = own.filter(|open| open.owners == std::slice::from_ref(owner));
    Ok(own.flat_map(|open| open.texts).collect())
}
