//! Tiles of a log, as they come from whoever keeps them: a tree is read out of them, or it is said why not, and
//! never more than was asked for.
//!
//! The first 16 bytes are the size of the tree and an index; the rest are hashes.

use std::collections::BTreeMap;

use contextrail::log::{Hash, TileId, TiledTree, verify_consistency, verify_inclusion};

pub(super) fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some((path, bytes)) = text.split_once('\n')
        && let Ok(id) = path.parse::<TileId>()
    {
        let hashes = id.hashes(bytes.as_bytes());
        assert!(hashes.is_err() || bytes.len() % 32 == 0);
    }
    let Some((numbers, rest)) = data.split_first_chunk::<16>() else {
        return;
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (size, index) = (number(&numbers[..8]), number(&numbers[8..]));
    let hashes: Vec<Hash> = rest.as_chunks::<32>().0.to_vec();
    check(size, index, &hashes);
    // A tree that has as many hashes as there are has tiles that are whole.
    let small = u64::try_from(hashes.len()).unwrap_or(0);
    check(small, index % (small + 1), &hashes);
}

fn check(size: u64, index: u64, hashes: &[Hash]) {
    let tree = TiledTree::new(size);
    let mut ids = tree.root_tiles();
    ids.extend(tree.inclusion_tiles(index).unwrap_or_default());
    ids.extend(tree.consistency_tiles(index).unwrap_or_default());
    let mut left = hashes.iter().copied().cycle();
    let tile = |id: TileId, left: &mut dyn Iterator<Item = Hash>| {
        let width = usize::from(id.width());
        (id, left.take(width).collect::<Vec<_>>())
    };
    let tiles: BTreeMap<TileId, Vec<Hash>> =
        ids.into_iter().map(|id| tile(id, &mut left)).collect();
    let Ok(root) = tree.root(&tiles) else {
        return;
    };
    if let (Ok(path), Some(leaf)) = (tree.inclusion_path(index, &tiles), hashes.first()) {
        let _ = verify_inclusion(index, size, leaf, &path, &root);
    }
    if let Ok(path) = tree.consistency_path(index, &tiles) {
        let _ = verify_consistency(index, size, &root, &root, &path);
    }
}
