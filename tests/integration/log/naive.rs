//! The tree of RFC 6962 §2.1 as its text defines it, on all the leaves, and trees for tests.

use std::collections::BTreeMap;

use contextrail::log::{Edge, Hash, TileId, hash_leaf, hash_node};
use sha2::{Digest as _, Sha256};

/// The leaf hashes of a log whose entries are the numbers from 0.
pub(super) fn leaves(size: usize) -> Vec<Hash> {
    (0..size)
        .map(|number| hash_leaf(number.to_string().as_bytes()))
        .collect()
}

/// `MTH(D[n])` (RFC 6962 §2.1).
pub(super) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            hash_node(&mth(left), &mth(right))
        }
    }
}

/// `PATH(m, D[n])` (RFC 6962 §2.1.1).
pub(super) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut below, sibling) = if index < k {
        (path(index, left), mth(right))
    } else {
        (path(index - k, right), mth(left))
    };
    below.push(sibling);
    below
}

/// `PROOF(m, D[n])` (RFC 6962 §2.1.2), for 0 < m < n.
pub(super) fn proof(from: usize, leaves: &[Hash]) -> Vec<Hash> {
    subproof(from, leaves, true)
}

fn subproof(from: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if from == leaves.len() {
        return if known { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut below, sibling) = if from <= k {
        (subproof(from, left, known), mth(right))
    } else {
        (subproof(from - k, right, false), mth(left))
    };
    below.push(sibling);
    below
}

/// The largest power of two smaller than `size`.
fn split(size: usize) -> usize {
    let mut k = 1;
    while k * 2 < size {
        k *= 2;
    }
    k
}

/// All the tiles of the tree over `leaves`, the full and the partial ones.
pub(super) fn tiles(leaves: &[Hash]) -> BTreeMap<TileId, Vec<Hash>> {
    let mut edge = Edge::new();
    let mut tiles = Vec::new();
    for leaf in leaves {
        tiles.extend(edge.push(*leaf));
    }
    tiles.extend(edge.partial());
    tiles
        .into_iter()
        .map(|tile| (tile.id(), tile.hashes().to_vec()))
        .collect()
}

/// A size or index as the log counts.
pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}
