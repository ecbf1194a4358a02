//! Commitments: from fields to the root of a record.

use sha2::{Digest as _, Sha256};

use super::field::Fields;
use super::slot::{Keyed, Seed};
use crate::log::{Hash, root};
use crate::record::Class;

/// The root over the commitments of `fields`: the RFC 6962 root over their leaves, in byte order
/// of path.
///
/// ```text
/// salt = HMAC-SHA256(seed, "salt\0" ‖ path)
/// vc   = SHA-256("contextrail/value/v1\0" ‖ lp(salt) ‖ lp(value))
/// leaf = SHA-256(0x00 ‖ "contextrail/field/v1\0" ‖ lp(path) ‖ lp(class) ‖ lp(vc))
/// ```
///
/// with `lp(x)` the length of `x` in four bytes, big-endian, and then `x`.
pub(super) fn record_root(fields: &Fields, commitments: &[Hash]) -> Hash {
    let mut message = Vec::with_capacity(1024);
    let leaves: Vec<Hash> = fields
        .iter()
        .zip(commitments)
        .map(|(field, commitment)| leaf_in(&mut message, field.path, field.class, commitment))
        .collect();
    root(&leaves)
}

/// The commitments to the values of `fields`; of a value that is withheld the one that is listed.
pub(super) fn commitments(fields: &Fields, seeds: &[Seed]) -> Vec<Hash> {
    let keyed: Vec<Keyed> = seeds.iter().map(Seed::keyed).collect();
    // why: one call for a message of two blocks takes less than one for each of its parts.
    let mut message = Vec::with_capacity(1024);
    fields
        .iter()
        .map(|field| match field.commitment {
            Some(commitment) if field.is_withheld => commitment,
            _ => {
                let salt = keyed[usize::from(field.slot.number())].salt(field.path);
                commitment_in(&mut message, &salt, field.value)
            }
        })
        .collect()
}

/// The commitment to a value under its salt.
#[must_use]
pub fn value_commitment(salt: &[u8; 32], value: &[u8]) -> Hash {
    commitment_in(&mut Vec::with_capacity(value.len() + 64), salt, value)
}

/// The leaf of a field: what a record's root is taken over.
#[must_use]
pub fn field_leaf(path: &str, class: Class, value_commitment: &Hash) -> Hash {
    let mut message = Vec::with_capacity(path.len() + 96);
    leaf_in(&mut message, path, class, value_commitment)
}

fn commitment_in(message: &mut Vec<u8>, salt: &[u8; 32], value: &[u8]) -> Hash {
    message.clear();
    message.extend_from_slice(b"contextrail/value/v1\0");
    for part in [salt.as_slice(), value] {
        message.extend_from_slice(&length(part));
        message.extend_from_slice(part);
    }
    Sha256::digest(&message).into()
}

fn leaf_in(message: &mut Vec<u8>, path: &str, class: Class, value_commitment: &Hash) -> Hash {
    message.clear();
    message.extend_from_slice(b"\0contextrail/field/v1\0");
    for part in [path.as_bytes(), class.as_str().as_bytes(), value_commitment] {
        message.extend_from_slice(&length(part));
        message.extend_from_slice(part);
    }
    Sha256::digest(&message).into()
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len())
        .expect("a record is far below 4 GiB")
        .to_be_bytes()
}
