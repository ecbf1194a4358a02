//! The right-hand edge of a growing tree.

use super::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileId};
use super::tiled::{TileSource, TreeError};
use super::tree::{Hash, hash_node, root};

/// The right-hand edge of a growing tree: all that is needed to append leaves.
///
/// Holds the partial tile of each level, so at most 255 hashes a level, and the roots of the whole
/// subtrees that the tree consists of, so that [`root`](Self::root) costs a few dozen hashes.
///
/// # Examples
///
/// ```
/// use contextrail::log::{Edge, hash_leaf, root};
///
/// let leaves = [hash_leaf(b"first"), hash_leaf(b"second"), hash_leaf(b"third")];
/// let mut edge = Edge::new();
/// for leaf in leaves {
///     for tile in edge.push(leaf) {
///         println!("{} is full: store it for good", tile.id());
///     }
/// }
/// assert_eq!(edge.root(), root(&leaves));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Edge {
    size: u64,
    /// The partial tiles, from level 0; the hashes of a full tile are let go.
    levels: Vec<Vec<Hash>>,
    /// The roots of the whole subtrees, from the left: one for each bit of the size that is set.
    peaks: Vec<Hash>,
}

impl Edge {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of the tree over `leaves`, which are leaf hashes. Full tiles are not kept.
    #[must_use]
    pub fn from_leaves<'a>(leaves: impl IntoIterator<Item = &'a Hash>) -> Self {
        let mut edge = Self::new();
        for leaf in leaves {
            edge.push(*leaf);
        }
        edge
    }

    /// The tiles that [`resume`](Self::resume) reads for a tree of `size` leaves: the partial
    /// ones.
    #[must_use]
    pub fn tiles(size: u64) -> Vec<TileId> {
        (0..LEVELS)
            .filter_map(|level| {
                let index = size.checked_shr(u32::from(level + 1) * TILE_HEIGHT);
                TileId::in_tree(size, level, index.unwrap_or(0))
            })
            .collect()
    }

    /// The edge of a tree of `size` leaves, out of its partial tiles.
    ///
    /// The tiles are taken as they come: compare [`root`](Self::root) with the root that is known
    /// for this size.
    ///
    /// # Errors
    ///
    /// [`TreeError::Missing`] or [`TreeError::Short`] for a tile that is not as
    /// [`tiles`](Self::tiles) names it.
    pub fn resume(size: u64, source: &impl TileSource) -> Result<Self, TreeError> {
        let mut edge = Self {
            size,
            ..Self::default()
        };
        for id in Self::tiles(size) {
            let hashes = source.tile(&id).ok_or(TreeError::Missing(id))?;
            let width = usize::from(id.width());
            let hashes = hashes.get(..width).ok_or(TreeError::Short {
                id,
                hashes: hashes.len(),
            })?;
            edge.level(id.level()).extend_from_slice(hashes);
        }
        edge.peaks = edge.peaks_of_levels();
        Ok(edge)
    }

    /// Appends a leaf hash and returns the tiles that became full, lowest level first.
    ///
    /// A tree of 2⁶⁴ − 1 leaves, which nobody lives to see, takes no more: nothing is appended.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let mut full = Vec::new();
        let index = self.size;
        let Some(size) = index.checked_add(1) else {
            return full;
        };
        self.place(0, index, leaf, &mut full);
        let mut node = leaf;
        for height in 1..=size.trailing_zeros() {
            let left = self
                .peaks
                .pop()
                .expect("each set bit of the size has its peak");
            node = hash_node(&left, &node);
            if height % TILE_HEIGHT == 0 {
                let level = u8::try_from(height / TILE_HEIGHT).expect("a height is below 64");
                self.place(level, index >> height, node, &mut full);
            }
        }
        self.peaks.push(node);
        self.size = size;
        full
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| hash_node(left, &right)),
            None => root(&[]),
        }
    }

    /// The partial tiles, lowest level first: what is stored besides the full ones.
    #[must_use]
    pub fn partial(&self) -> Vec<Tile> {
        Self::tiles(self.size)
            .into_iter()
            .filter_map(|id| {
                let hashes = self.levels.get(usize::from(id.level()))?.clone();
                Tile::new(id.level(), id.index(), hashes).ok()
            })
            .collect()
    }

    /// Puts the hash at `place` of `level`, and moves the tile to `full` when it is the last one.
    fn place(&mut self, level: u8, place: u64, hash: Hash, full: &mut Vec<Tile>) {
        let width = u64::from(TILE_WIDTH);
        let hashes = self.level(level);
        hashes.push(hash);
        if place % width == width - 1 {
            let hashes = std::mem::take(hashes);
            full.extend(Tile::new(level, place / width, hashes));
        }
    }

    fn level(&mut self, level: u8) -> &mut Vec<Hash> {
        let level = usize::from(level);
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        &mut self.levels[level]
    }

    /// The peaks as the partial tiles have them.
    fn peaks_of_levels(&self) -> Vec<Hash> {
        let mut peaks = Vec::new();
        for mut hashes in self.levels.iter().rev().map(Vec::as_slice) {
            while !hashes.is_empty() {
                let (peak, rest) = hashes.split_at(1 << hashes.len().ilog2());
                peaks.push(root(peak));
                hashes = rest;
            }
        }
        peaks
    }
}

/// The number of levels of tiles in the largest tree.
const LEVELS: u8 = 8;
