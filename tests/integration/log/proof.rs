//! Proofs against the naive tree, and proofs that were changed.

use contextrail::log::{Hash, ProofError, TiledTree, root, verify_consistency, verify_inclusion};
use proptest::prelude::*;

use super::naive::{count, leaves, mth, path, proof, tiles};

#[test]
fn every_proof_of_a_small_tree_is_the_naive_one_and_holds() {
    let all = leaves(40);
    let source = tiles(&all);
    for size in 1..=all.len() {
        let part = &all[..size];
        let source = if size == all.len() {
            source.clone()
        } else {
            tiles(part)
        };
        let tree = TiledTree::new(count(size));
        let whole = mth(part);
        assert_eq!(root(part), whole);
        assert_eq!(tree.root(&source), Ok(whole));
        for index in 0..size {
            let path = path(index, part);
            assert_eq!(tree.inclusion_path(count(index), &source), Ok(path.clone()));
            let held = verify_inclusion(count(index), count(size), &part[index], &path, &whole);
            assert_eq!(held, Ok(()), "{index} of {size}");
        }
        for from in 1..size {
            let path = proof(from, part);
            assert_eq!(
                tree.consistency_path(count(from), &source),
                Ok(path.clone())
            );
            let old = mth(&part[..from]);
            let held = verify_consistency(count(from), count(size), &old, &whole, &path);
            assert_eq!(held, Ok(()), "{from} to {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_proof_out_of_tiles_is_the_naive_one(size in 1_usize..700, at: prop::sample::Index) {
        let leaves = leaves(size);
        let source = tiles(&leaves);
        let tree = TiledTree::new(count(size));
        let whole = mth(&leaves);
        let index = at.index(size);
        let included = path(index, &leaves);
        prop_assert_eq!(tree.root(&source), Ok(whole));
        prop_assert_eq!(tree.inclusion_path(count(index), &source), Ok(included.clone()));
        let held = verify_inclusion(count(index), count(size), &leaves[index], &included, &whole);
        prop_assert_eq!(held, Ok(()));
        let from = index + 1;
        let path = if from == size { Vec::new() } else { proof(from, &leaves) };
        prop_assert_eq!(tree.consistency_path(count(from), &source), Ok(path.clone()));
        let old = mth(&leaves[..from]);
        let held = verify_consistency(count(from), count(size), &old, &whole, &path);
        prop_assert_eq!(held, Ok(()));
    }

    #[test]
    fn a_changed_inclusion_proof_does_not_hold(
        size in 2_usize..300,
        at: prop::sample::Index,
        change in change(),
    ) {
        let leaves = leaves(size);
        let index = at.index(size);
        let (whole, good) = (mth(&leaves), path(index, &leaves));
        let mut bad = good.clone();
        change.apply(&mut bad);
        prop_assume!(bad != good);
        let held = verify_inclusion(count(index), count(size), &leaves[index], &bad, &whole);
        prop_assert!(held.is_err());
    }

    #[test]
    fn an_inclusion_proof_holds_for_its_own_leaf_and_index_only(
        size in 2_usize..300,
        at: prop::sample::Index,
        other: prop::sample::Index,
    ) {
        let leaves = leaves(size);
        let (index, other) = (at.index(size), other.index(size));
        prop_assume!(index != other);
        let (whole, path) = (mth(&leaves), path(index, &leaves));
        let check = |index: usize, leaf: &Hash| {
            verify_inclusion(count(index), count(size), leaf, &path, &whole)
        };
        prop_assert!(check(other, &leaves[index]).is_err());
        prop_assert!(check(index, &leaves[other]).is_err());
    }

    #[test]
    fn a_changed_consistency_proof_does_not_hold(
        size in 2_usize..300,
        at: prop::sample::Index,
        change in change(),
    ) {
        let leaves = leaves(size);
        let from = 1 + at.index(size - 1);
        let (old, new) = (mth(&leaves[..from]), mth(&leaves));
        let good = proof(from, &leaves);
        let mut bad = good.clone();
        change.apply(&mut bad);
        prop_assume!(bad != good);
        let held = verify_consistency(count(from), count(size), &old, &new, &bad);
        prop_assert!(held.is_err());
    }

    #[test]
    fn a_rewritten_tree_is_not_consistent(
        size in 2_usize..300,
        at: prop::sample::Index,
        changed: prop::sample::Index,
    ) {
        let honest = leaves(size);
        let from = 1 + at.index(size - 1);
        let mut rewritten = honest.clone();
        rewritten[changed.index(from)][0] ^= 1;
        let held = verify_consistency(
            count(from),
            count(size),
            &mth(&honest[..from]),
            &mth(&rewritten),
            &proof(from, &rewritten),
        );
        prop_assert!(held.is_err());
    }

    #[test]
    fn no_numbers_and_hashes_make_a_check_panic(
        a: u64,
        b: u64,
        path in prop::collection::vec(any::<Hash>(), 0..70),
        x: Hash,
        y: Hash,
    ) {
        prop_assert!(verify_inclusion(a, b, &x, &path, &y).is_err());
        prop_assert!(verify_consistency(a, b, &x, &y, &path).is_err());
    }
}

/// Something that happens to a path.
#[derive(Clone, Debug)]
enum Change {
    Flip(prop::sample::Index, u8),
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Append(Hash),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, bit)| Change::Flip(at, bit)),
        at().prop_map(Change::Drop),
        at().prop_map(Change::Repeat),
        any::<Hash>().prop_map(Change::Append),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
    ]
}

impl Change {
    fn apply(&self, path: &mut Vec<Hash>) {
        let length = path.len();
        match self {
            Self::Append(hash) => path.push(*hash),
            _ if length == 0 => path.push([0; 32]),
            Self::Flip(at, bit) => path[at.index(length)][usize::from(bit / 8)] ^= 1 << (bit % 8),
            Self::Drop(at) => drop(path.remove(at.index(length))),
            Self::Repeat(at) => path.insert(at.index(length), path[at.index(length)]),
            Self::Swap(a, b) => path.swap(a.index(length), b.index(length)),
        }
    }
}

#[test]
fn each_reason_not_to_believe_a_proof_is_named() {
    let leaves = leaves(5);
    let (whole, good) = (mth(&leaves), path(1, &leaves));
    let check = |index, path: &[Hash], root| verify_inclusion(index, 5, &leaves[1], path, root);
    assert_eq!(check(1, &good, &whole), Ok(()));
    assert_eq!(
        check(5, &good, &whole),
        Err(ProofError::IndexBeyondTree { index: 5, size: 5 })
    );
    assert_eq!(
        check(1, &good[..2], &whole),
        Err(ProofError::PathTooShort { hashes: 2 })
    );
    assert_eq!(
        check(1, &[&good[..], &good[..1]].concat(), &whole),
        Err(ProofError::PathTooLong { hashes: 4 })
    );
    assert_eq!(
        check(1, &good, &leaves[0]),
        Err(ProofError::OtherRoot { size: 5 })
    );
}

#[test]
fn each_reason_not_to_believe_a_continuation_is_named() {
    let leaves = leaves(7);
    let (old, new, path) = (mth(&leaves[..3]), mth(&leaves), proof(3, &leaves));
    let other = leaves[0];
    assert_eq!(verify_consistency(3, 7, &old, &new, &path), Ok(()));
    assert_eq!(
        verify_consistency(7, 3, &new, &old, &path),
        Err(ProofError::Shrunk { from: 7, to: 3 })
    );
    assert_eq!(
        verify_consistency(0, 7, &mth(&[]), &new, &[]),
        Err(ProofError::FromEmpty)
    );
    assert_eq!(
        verify_consistency(3, 7, &other, &new, &path),
        Err(ProofError::OtherRoot { size: 3 })
    );
    assert_eq!(
        verify_consistency(3, 7, &old, &other, &path),
        Err(ProofError::OtherRoot { size: 7 })
    );
    assert_eq!(
        verify_consistency(3, 7, &old, &new, &[]),
        Err(ProofError::PathTooShort { hashes: 0 })
    );
    assert_eq!(
        verify_consistency(7, 7, &new, &new, &path),
        Err(ProofError::PathTooLong { hashes: path.len() })
    );
    assert_eq!(
        verify_consistency(7, 7, &new, &other, &[]),
        Err(ProofError::OtherRoot { size: 7 })
    );
}

#[test]
fn the_largest_tree_can_be_spoken_of() {
    // No tree is so large, but a file may say so.
    let path = vec![[1; 32]; 64];
    let outcome = verify_inclusion(u64::MAX - 1, u64::MAX, &[0; 32], &path, &[0; 32]);
    assert!(outcome.is_err());
    assert_eq!(
        verify_inclusion(0, u64::MAX, &[0; 32], &path, &[0; 32]),
        Err(ProofError::OtherRoot { size: u64::MAX })
    );
    let outcome = verify_consistency(u64::MAX - 1, u64::MAX, &[0; 32], &[0; 32], &path);
    assert!(outcome.is_err());
}
