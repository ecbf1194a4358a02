//! Tiles: their names, which of them a question needs, and trees of several levels.

use std::collections::BTreeMap;

use contextrail::log::{
    EntriesId, Hash, TileError, TileId, TiledTree, TreeError, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

use super::naive::{count, leaves, mth, path, proof, tiles};

#[test]
fn the_tree_of_the_specification_has_its_tiles() {
    // "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0
    // tile of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one
    // partial level 2 tile of width 1."
    let tiles = tiles(&leaves(70_000));
    let widths = |level: u8| -> Vec<u16> {
        tiles
            .keys()
            .filter(|id| id.level() == level)
            .map(TileId::width)
            .collect()
    };
    assert_eq!(widths(0), [vec![256; 273], vec![112]].concat());
    assert_eq!(widths(1), [256, 17]);
    assert_eq!(widths(2), [1]);
    assert_eq!(tiles.len(), 277);
    for (id, hashes) in &tiles {
        assert_eq!(TileId::in_tree(70_000, id.level(), id.index()), Some(*id));
        assert_eq!(hashes.len(), usize::from(id.width()));
    }
    assert_eq!(TileId::in_tree(70_000, 0, 274), None);
    assert_eq!(TileId::in_tree(70_000, 3, 0), None);
}

#[test]
fn trees_over_the_edges_of_tiles_are_the_naive_ones() {
    let all = leaves(65_793);
    let sizes = [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_793];
    for size in sizes {
        let part = &all[..size];
        let source = tiles(part);
        let tree = TiledTree::new(count(size));
        let whole = mth(part);
        assert_eq!(tree.root(&source), Ok(whole), "{size}");
        for index in [254, size - 1] {
            let path = path(index, part);
            assert_eq!(tree.inclusion_path(count(index), &source), Ok(path.clone()));
            let held = verify_inclusion(count(index), count(size), &part[index], &path, &whole);
            assert_eq!(held, Ok(()), "{index} of {size}");
        }
        for from in [200, size - 1] {
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
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_tiles_that_are_named_are_enough_and_needed(
        size in 1_usize..1_500,
        at: prop::sample::Index,
    ) {
        let all = tiles(&leaves(size));
        let tree = TiledTree::new(count(size));
        let index = count(at.index(size));
        let only = |ids: &[TileId]| -> BTreeMap<TileId, Vec<Hash>> {
            ids.iter().map(|id| (*id, all[id].clone())).collect()
        };
        let needed = tree.inclusion_tiles(index).unwrap();
        prop_assert!(tree.inclusion_path(index, &only(&needed)).is_ok());
        for missing in &needed {
            let mut rest = only(&needed);
            rest.remove(missing);
            let outcome = tree.inclusion_path(index, &rest);
            prop_assert_eq!(outcome, Err(TreeError::Missing(*missing)));
        }
        let needed = tree.consistency_tiles(index).unwrap();
        prop_assert!(tree.consistency_path(index, &only(&needed)).is_ok());
        prop_assert!(tree.root(&only(&tree.root_tiles())).is_ok());
    }

    #[test]
    fn a_path_reads_back_as_its_tile(
        level in 0_u8..8,
        index: u64,
        width in 1_u16..=256,
        shift in 0_u32..64,
    ) {
        let Ok(id) = TileId::new(level, index >> shift, width) else {
            return Ok(());
        };
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(id.is_full(), !id.to_string().contains(".p/"));
        if let Ok(id) = EntriesId::new(index >> shift, width) {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn what_reads_as_a_path_has_one_form(text in "tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,7}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(id) = text.parse::<TileId>() {
            prop_assert_eq!(id.to_string(), text.as_str());
        }
        if let Ok(id) = text.parse::<EntriesId>() {
            prop_assert_eq!(id.to_string(), text.as_str());
        }
    }

    #[test]
    fn no_size_makes_a_question_panic(size: u64, index: u64) {
        let (tree, nothing) = (TiledTree::new(size), BTreeMap::new());
        prop_assert!(tree.root_tiles().len() <= 64);
        prop_assert_eq!(tree.root(&nothing).is_err(), size > 0);
        let outcomes = [
            tree.inclusion_path(index, &nothing),
            tree.consistency_path(index, &nothing),
        ];
        prop_assert!(outcomes.iter().all(Result::is_err) || index == 0 || index == size);
    }
}

#[test]
fn paths_of_the_specification_are_read_and_written() {
    for (text, level, index, width) in [
        ("tile/0/000", 0, 0, 256),
        ("tile/0/000.p/1", 0, 0, 1),
        ("tile/3/999.p/255", 3, 999, 255),
        ("tile/0/x001/000", 0, 1_000, 256),
        ("tile/1/x001/x234/067", 1, 1_234_067, 256),
        ("tile/2/x001/x234/067.p/8", 2, 1_234_067, 8),
        ("tile/7/000.p/255", 7, 0, 255),
    ] {
        let id = TileId::new(level, index, width).unwrap();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.to_string(), text);
    }
    let id = EntriesId::new(1_234_067, 8).unwrap();
    assert_eq!(id.to_string(), "tile/entries/x001/x234/067.p/8");
    assert_eq!(id.first(), 1_234_067 * 256);
    assert_eq!((id.width(), id.tile().level()), (8, 0));
}

#[test]
fn paths_of_another_form_are_refused() {
    for text in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile//000",
        "tile/00/000",
        "tile/+0/000",
        "tile/256/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/00a",
        "tile/0/000/",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/x1/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1/2",
        "tile/0/000.p/1.p/1",
        "tile/0/../000",
        "tile/0/000 ",
        "tile/0/٠٠٠",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(text.parse::<TileId>().is_err(), "{text:?}");
        let entries = text.replacen("/0/", "/entries/", 1);
        assert!(entries.parse::<EntriesId>().is_err(), "{entries:?}");
    }
    assert!("tile/entries/000".parse::<TileId>().is_err());
    assert!("tile/0/000".parse::<EntriesId>().is_err());
}

#[test]
fn tiles_that_no_tree_has_are_refused() {
    assert_eq!(TileId::new(0, 0, 0), Err(TileError::Width(0)));
    assert_eq!(TileId::new(0, 0, 257), Err(TileError::Width(257)));
    for (level, index, width) in [
        (0, u64::MAX, 1),
        (0, (1 << 56) - 1, 256),
        (7, 0, 256),
        (7, 1, 1),
        (8, 0, 1),
        (63, 0, 1),
        (255, 0, 1),
    ] {
        let outcome = TileId::new(level, index, width);
        assert_eq!(outcome, Err(TileError::Beyond { level, index }));
    }
    assert!(TileId::new(0, (1 << 56) - 1, 255).is_ok());
    assert_eq!(TileId::new(7, 0, 255).unwrap().full(), None);
    assert_eq!(
        TileId::new(0, 3, 7).unwrap().full(),
        TileId::new(0, 3, 256).ok()
    );
}

#[test]
fn stored_bytes_are_read_only_at_their_full_length() {
    let id = TileId::new(0, 0, 2).unwrap();
    assert_eq!(id.hashes(&[5; 64]), Ok(vec![[5; 32]; 2]));
    for bytes in [0, 1, 32, 63, 65, 96] {
        let outcome = id.hashes(&vec![5; bytes]);
        assert_eq!(outcome, Err(TileError::Length { id, bytes }));
    }
}

#[test]
fn questions_about_what_is_not_in_the_tree_are_refused() {
    let (tree, source) = (TiledTree::new(3), tiles(&leaves(3)));
    assert_eq!(
        tree.inclusion_path(3, &source),
        Err(TreeError::IndexBeyondTree { index: 3, size: 3 })
    );
    assert_eq!(
        tree.consistency_path(4, &source),
        Err(TreeError::FromBeyondTree { from: 4, size: 3 })
    );
    assert_eq!(tree.consistency_path(3, &source), Ok(Vec::new()));
    assert_eq!(tree.consistency_path(0, &source), Ok(Vec::new()));
    assert!(TiledTree::new(0).inclusion_tiles(0).is_err());
    assert_eq!(TiledTree::new(0).root(&source), Ok(mth(&[])));
}

#[test]
fn a_tile_that_is_too_short_is_named_and_a_wider_one_will_do() {
    let leaves = leaves(300);
    let mut source = tiles(&leaves);
    let partial = TileId::new(0, 1, 44).unwrap();
    let whole = source[&partial].clone();
    source.insert(partial, whole[..40].to_vec());
    assert_eq!(
        TiledTree::new(300).root(&source),
        Err(TreeError::Short {
            id: partial,
            hashes: 40
        })
    );
    source.insert(partial, [whole, vec![[9; 32]; 5]].concat());
    assert_eq!(TiledTree::new(300).root(&source), Ok(mth(&leaves)));
}
