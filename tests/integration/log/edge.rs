//! The growing edge of a tree.

use std::collections::BTreeMap;

use contextrail::log::{Edge, Hash, TileId, TreeError};
use proptest::prelude::*;

use super::naive::{count, leaves, mth, tiles};

#[test]
fn at_every_size_the_edge_has_the_root_and_can_be_taken_up_again() {
    let all = leaves(600);
    let mut edge = Edge::new();
    assert_eq!(edge.root(), mth(&[]));
    for (index, leaf) in all.iter().enumerate() {
        edge.push(*leaf);
        let size = index + 1;
        assert_eq!(edge.size(), count(size));
        assert_eq!(edge.root(), mth(&all[..size]), "{size}");
        let stored: BTreeMap<TileId, Vec<Hash>> = edge
            .partial()
            .into_iter()
            .map(|tile| (tile.id(), tile.hashes().to_vec()))
            .collect();
        assert_eq!(
            stored.keys().copied().collect::<Vec<_>>(),
            Edge::tiles(count(size))
        );
        assert_eq!(
            Edge::resume(count(size), &stored),
            Ok(edge.clone()),
            "{size}"
        );
    }
}

#[test]
fn full_tiles_come_once_and_in_order() {
    let mut edge = Edge::new();
    let mut full = Vec::new();
    for leaf in leaves(65_536 + 256) {
        let tiles = edge.push(leaf);
        assert!(tiles.is_sorted_by_key(|tile| tile.id().level()));
        full.extend(tiles.into_iter().map(|tile| tile.id()));
    }
    let of_level = |level: u8| -> Vec<u64> {
        full.iter()
            .filter(|id| id.level() == level)
            .map(TileId::index)
            .collect()
    };
    assert_eq!(of_level(0), (0..257).collect::<Vec<u64>>());
    assert_eq!(of_level(1), [0]);
    assert!(full.iter().all(TileId::is_full));
    assert_eq!(full.len(), 258);
    let partial: Vec<String> = edge
        .partial()
        .iter()
        .map(|tile| tile.id().to_string())
        .collect();
    assert_eq!(partial, ["tile/1/001.p/1", "tile/2/000.p/1"]);
}

#[test]
fn the_bytes_of_a_tile_are_its_hashes() {
    let leaves = leaves(3);
    let edge = Edge::from_leaves(&leaves);
    let partial = edge.partial();
    assert_eq!(partial.len(), 1);
    assert_eq!(partial[0].bytes(), leaves.concat());
    assert_eq!(partial[0].id().hashes(partial[0].bytes()), Ok(leaves));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_edge_that_was_stored_goes_on_as_one_that_was_not(
        before in 0_usize..900,
        after in 0_usize..300,
    ) {
        let leaves = leaves(before + after);
        let mut edge = Edge::resume(count(before), &tiles(&leaves[..before])).unwrap();
        for leaf in &leaves[before..] {
            edge.push(*leaf);
        }
        prop_assert_eq!(edge.root(), mth(&leaves));
        prop_assert_eq!(edge, Edge::from_leaves(&leaves));
    }

    #[test]
    fn no_size_makes_taking_up_panic(size: u64) {
        prop_assert_eq!(Edge::resume(size, &BTreeMap::new()).is_err(), size > 0);
    }
}

#[test]
fn an_edge_says_which_tile_it_cannot_take_up() {
    let mut source = tiles(&leaves(300));
    let id = TileId::new(0, 1, 44).unwrap();
    source.get_mut(&id).unwrap().truncate(43);
    assert_eq!(
        Edge::resume(300, &source),
        Err(TreeError::Short { id, hashes: 43 })
    );
    source.remove(&id);
    assert_eq!(Edge::resume(300, &source), Err(TreeError::Missing(id)));
}

#[test]
fn the_largest_tree_takes_no_more() {
    let source: BTreeMap<TileId, Vec<Hash>> = Edge::tiles(u64::MAX)
        .into_iter()
        .map(|id| (id, vec![[3; 32]; usize::from(id.width())]))
        .collect();
    assert_eq!(source.len(), 8);
    let mut edge = Edge::resume(u64::MAX, &source).unwrap();
    let before = edge.clone();
    assert!(edge.push([4; 32]).is_empty());
    assert_eq!(edge, before);
}
