//! The published crate `tlog_tiles` as a second opinion on roots, proofs and tile paths.

use contextrail::log::{Hash, TileId, TiledTree, verify_consistency, verify_inclusion};
use proptest::prelude::*;
use tlog_tiles::{
    Error, HashReader, check_record, check_tree, prove_record, prove_tree,
    stored_hashes_for_record_hash, tree_hash,
};

use super::naive::{count, leaves, tiles};

/// All the hashes of a tree in the order in which the crate numbers them.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0[usize::try_from(*index).unwrap()])
            .collect())
    }
}

impl Stored {
    fn of(leaves: &[Hash]) -> Self {
        let mut stored = Self(Vec::new());
        for (number, leaf) in (0..).zip(leaves) {
            let leaf = tlog_tiles::Hash(*leaf);
            let new = stored_hashes_for_record_hash(number, leaf, &stored).unwrap();
            stored.0.extend(new);
        }
        stored
    }
}

fn theirs(path: &[Hash]) -> Vec<tlog_tiles::Hash> {
    path.iter().copied().map(tlog_tiles::Hash).collect()
}

fn ours(path: &[tlog_tiles::Hash]) -> Vec<Hash> {
    path.iter().map(|hash| hash.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn roots_and_proofs_are_those_of_the_crate(size in 1_usize..1_200, at: prop::sample::Index) {
        let leaves = leaves(size);
        let (stored, source) = (Stored::of(&leaves), tiles(&leaves));
        let (tree, n) = (TiledTree::new(count(size)), count(size));
        let root = tree_hash(n, &stored).unwrap();
        prop_assert_eq!(tree.root(&source), Ok(root.0));

        let index = at.index(size);
        let leaf = tlog_tiles::Hash(leaves[index]);
        let path = tree.inclusion_path(count(index), &source).unwrap();
        let theirs_path = prove_record(n, count(index), &stored).unwrap();
        prop_assert_eq!(&path, &ours(&theirs_path));
        prop_assert!(check_record(&theirs(&path), n, root, count(index), leaf).is_ok());
        let held = verify_inclusion(count(index), n, &leaves[index], &ours(&theirs_path), &root.0);
        prop_assert_eq!(held, Ok(()));

        let from = count(index + 1);
        let old = tree_hash(from, &stored).unwrap();
        let path = tree.consistency_path(from, &source).unwrap();
        let theirs_path = prove_tree(n, from, &stored).unwrap();
        prop_assert_eq!(&path, &ours(&theirs_path));
        prop_assert!(check_tree(&theirs(&path), n, root, from, old).is_ok());
        prop_assert_eq!(verify_consistency(from, n, &old.0, &root.0, &path), Ok(()));
    }

    #[test]
    fn both_judge_a_changed_proof_alike(
        size in 1_usize..200,
        at: prop::sample::Index,
        claimed_size in 1_u64..220,
        claimed_index in 0_u64..220,
        cut in 0_usize..3,
    ) {
        let leaves = leaves(size);
        let (stored, n) = (Stored::of(&leaves), count(size));
        let root = tree_hash(n, &stored).unwrap();
        let index = at.index(size);
        let mut path = prove_record(n, count(index), &stored).unwrap();
        path.truncate(path.len().saturating_sub(cut));
        let leaf = tlog_tiles::Hash(leaves[index]);
        for (n, index) in [(n, count(index)), (claimed_size, count(index)), (n, claimed_index)] {
            let theirs = check_record(&path, n, root, index, leaf);
            let ours = verify_inclusion(index, n, &leaf.0, &ours(&path), &root.0);
            prop_assert_eq!(theirs.is_ok(), ours.is_ok());
        }
    }

    #[test]
    fn tile_paths_are_those_of_the_crate(
        level in 0_u8..8,
        index: u64,
        width in 1_u16..=256,
        shift in 0_u32..64,
    ) {
        let index = index >> shift;
        let Ok(id) = TileId::new(level, index, width) else {
            return Ok(());
        };
        let tile = tlog_tiles::Tile::new(8, level, index, width.into(), false);
        // The crate writes the height too, as the Go checksum database does.
        prop_assert_eq!(id.to_string().replacen("tile/", "tile/8/", 1), tile.path());
    }
}
