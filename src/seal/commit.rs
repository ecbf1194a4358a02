//! Commitments: from fields to the root of a record.

use sha2::{Digest as _, Sha256};

use super::field::{Field, Fields};
use super::slot::{Keyed, Seed};
use crate::log::{Hash, hash_leaf, root};
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
pub(super) fn record_root(fields: &Fields, seeds: &[Seed]) -> Hash {
    let keyed: Vec<Keyed> = seeds.iter().map(Seed::keyed).collect();
    let leaves: Vec<Hash> = fields
        .iter()
        .map(|field| {
            let salt = keyed[usize::from(field.slot.number())].salt(field.path);
            leaf(&field, &salt)
        })
        .collect();
    root(&leaves)
}

fn leaf(field: &Field<'_>, salt: &[u8; 32]) -> Hash {
    field_leaf(
        field.path,
        field.class,
        &value_commitment(salt, field.value),
    )
}

/// The commitment to a value under its salt.
#[must_use]
pub fn value_commitment(salt: &[u8; 32], value: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(b"contextrail/value/v1\0");
    update_with_length(&mut hasher, salt);
    update_with_length(&mut hasher, value);
    hasher.finalize().into()
}

/// The leaf of a field: what a record's root is taken over.
#[must_use]
pub fn field_leaf(path: &str, class: Class, value_commitment: &Hash) -> Hash {
    let mut bytes = Vec::with_capacity(path.len() + 96);
    bytes.extend_from_slice(b"contextrail/field/v1\0");
    for part in [path.as_bytes(), class.as_str().as_bytes(), value_commitment] {
        bytes.extend_from_slice(&length(part));
        bytes.extend_from_slice(part);
    }
    hash_leaf(&bytes)
}

fn update_with_length(hasher: &mut Sha256, part: &[u8]) {
    hasher.update(length(part));
    hasher.update(part);
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len())
        .expect("a record is far below 4 GiB")
        .to_be_bytes()
}
