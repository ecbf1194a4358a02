//! Roots and proofs out of tiles.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Range;

use super::tile::{TILE_HEIGHT, TILE_WIDTH, TileId};
use super::tree::{Hash, hash_node, root};

/// Where the hashes of tiles come from.
pub trait TileSource {
    /// The hashes of the tile `id`, or `None` when it is not there.
    ///
    /// A wider tile of the same level and index may be given in its place; what is too much is not
    /// looked at.
    fn tile(&self, id: &TileId) -> Option<&[Hash]>;
}

impl TileSource for BTreeMap<TileId, Vec<Hash>> {
    fn tile(&self, id: &TileId) -> Option<&[Hash]> {
        self.get(id).map(Vec::as_slice)
    }
}

/// A tree of a given size whose hashes lie in tiles.
///
/// Each question has two halves: which tiles are needed, so that they can be fetched first, and
/// the answer out of a [`TileSource`] that has them. Tiles are taken as they come; whoever does
/// not trust them checks the answer against a root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TiledTree {
    size: u64,
}

impl TiledTree {
    /// The tree of `size` leaves.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size }
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The tiles that [`root`](Self::root) reads, in the order of their ids.
    #[must_use]
    pub fn root_tiles(&self) -> Vec<TileId> {
        self.tiles(iter::once(0..self.size))
    }

    /// The root of the tree.
    ///
    /// # Errors
    ///
    /// [`TreeError`] when a tile is missing or too short.
    pub fn root(&self, source: &impl TileSource) -> Result<Hash, TreeError> {
        if self.size == 0 {
            return Ok(root(&[]));
        }
        self.hash(&(0..self.size), source)
    }

    /// The tiles that [`inclusion_path`](Self::inclusion_path) reads.
    ///
    /// # Errors
    ///
    /// [`TreeError::IndexBeyondTree`] when no leaf has this index.
    pub fn inclusion_tiles(&self, index: u64) -> Result<Vec<TileId>, TreeError> {
        Ok(self.tiles(self.inclusion(index)?))
    }

    /// The inclusion proof of the leaf at `index`, from its sibling up (RFC 9162 §2.1.3.1).
    ///
    /// # Errors
    ///
    /// [`TreeError`] when no leaf has this index, or a tile is missing or too short.
    pub fn inclusion_path(
        &self,
        index: u64,
        source: &impl TileSource,
    ) -> Result<Vec<Hash>, TreeError> {
        self.hashes(&self.inclusion(index)?, source)
    }

    /// The tiles that [`consistency_path`](Self::consistency_path) reads.
    ///
    /// # Errors
    ///
    /// [`TreeError::FromBeyondTree`] when the earlier tree is the larger one.
    pub fn consistency_tiles(&self, from: u64) -> Result<Vec<TileId>, TreeError> {
        Ok(self.tiles(self.consistency(from)?))
    }

    /// The proof that this tree begins with the tree of its first `from` leaves (RFC 9162
    /// §2.1.4.1). Empty when `from` is 0 or the size of this tree.
    ///
    /// # Errors
    ///
    /// [`TreeError`] when `from` is larger than this tree, or a tile is missing or too short.
    pub fn consistency_path(
        &self,
        from: u64,
        source: &impl TileSource,
    ) -> Result<Vec<Hash>, TreeError> {
        self.hashes(&self.consistency(from)?, source)
    }

    /// The subtrees of an inclusion proof: `PATH(m, D[n])`.
    fn inclusion(&self, index: u64) -> Result<Vec<Range<u64>>, TreeError> {
        let size = self.size;
        if index >= size {
            return Err(TreeError::IndexBeyondTree { index, size });
        }
        let mut path = Vec::new();
        let mut tree = 0..size;
        while tree.end - tree.start > 1 {
            let (left, right) = halves(&tree);
            if index < left.end {
                path.push(right);
                tree = left;
            } else {
                path.push(left);
                tree = right;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The subtrees of a consistency proof: `PROOF(m, D[n])`.
    fn consistency(&self, from: u64) -> Result<Vec<Range<u64>>, TreeError> {
        let size = self.size;
        if from > size {
            return Err(TreeError::FromBeyondTree { from, size });
        }
        let mut path = Vec::new();
        let mut tree = 0..size;
        while from > 0 && from < tree.end {
            let (left, right) = halves(&tree);
            if from <= left.end {
                path.push(right);
                tree = left;
            } else {
                path.push(left);
                tree = right;
            }
        }
        // Whoever checks the proof has the root of the earlier tree, but not of a part of it.
        if tree.start > 0 {
            path.push(tree);
        }
        path.reverse();
        Ok(path)
    }

    fn tiles(&self, subtrees: impl IntoIterator<Item = Range<u64>>) -> Vec<TileId> {
        let needed: BTreeSet<TileId> = subtrees
            .into_iter()
            .flat_map(|subtree| whole_nodes(&subtree))
            .filter_map(|node| node.tile(self.size))
            .collect();
        needed.into_iter().collect()
    }

    fn hashes(
        &self,
        subtrees: &[Range<u64>],
        source: &impl TileSource,
    ) -> Result<Vec<Hash>, TreeError> {
        subtrees
            .iter()
            .map(|subtree| self.hash(subtree, source))
            .collect()
    }

    /// The root over the leaves of `subtree`, which begins where a whole subtree may begin.
    fn hash(&self, subtree: &Range<u64>, source: &impl TileSource) -> Result<Hash, TreeError> {
        let mut right: Option<Hash> = None;
        for node in whole_nodes(subtree).into_iter().rev() {
            let left = node.hash(self.size, source)?;
            right = Some(right.map_or(left, |right| hash_node(&left, &right)));
        }
        Ok(right.unwrap_or_else(|| root(&[])))
    }
}

/// Why tiles do not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// No leaf has this index.
    #[error("index {index} is not in a tree of {size} leaves")]
    IndexBeyondTree {
        /// The index asked for, from 0.
        index: u64,
        /// The number of leaves.
        size: u64,
    },
    /// The earlier tree is the larger one.
    #[error("a tree of {size} leaves does not continue one of {from}")]
    FromBeyondTree {
        /// The number of leaves of the earlier tree.
        from: u64,
        /// The number of leaves of this tree.
        size: u64,
    },
    /// A tile is not there.
    #[error("{0} is missing")]
    Missing(TileId),
    /// A tile has fewer hashes than the tree needs.
    #[error("{id} has {hashes} hashes only")]
    Short {
        /// The tile that was read.
        id: TileId,
        /// The number of hashes found.
        hashes: usize,
    },
}

/// The root over a whole subtree of 2^height leaves, the one at `index` on its height.
struct Node {
    height: u32,
    index: u64,
}

impl Node {
    /// The level of tiles whose hashes lie below or at this node.
    fn level(&self) -> u8 {
        u8::try_from(self.height / TILE_HEIGHT).expect("a height is below 64")
    }

    /// The place, on that level, of the first hash below this node.
    const fn first(&self) -> u64 {
        self.index << (self.height % TILE_HEIGHT)
    }

    fn tile(&self, size: u64) -> Option<TileId> {
        TileId::in_tree(size, self.level(), self.first() / u64::from(TILE_WIDTH))
    }

    fn hash(&self, size: u64, source: &impl TileSource) -> Result<Hash, TreeError> {
        let id = self
            .tile(size)
            .expect("a node that is asked for lies in the tree");
        let hashes = source.tile(&id).ok_or(TreeError::Missing(id))?;
        let start = usize::try_from(self.first() % u64::from(TILE_WIDTH))
            .expect("a place in a tile is below 256");
        let end = start + (1 << (self.height % TILE_HEIGHT));
        let below = hashes.get(start..end).ok_or(TreeError::Short {
            id,
            hashes: hashes.len(),
        })?;
        Ok(root(below))
    }
}

/// The whole subtrees that make up `subtree`, from the left, each smaller than the one before.
fn whole_nodes(subtree: &Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut start = subtree.start;
    while start < subtree.end {
        let height = (subtree.end - start).ilog2();
        nodes.push(Node {
            height,
            index: start >> height,
        });
        start += 1 << height;
    }
    nodes
}

/// Splits a tree of two leaves or more where RFC 6962 does: after the largest power of two smaller
/// than its size.
fn halves(tree: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = tree.start + (1 << (tree.end - tree.start - 1).ilog2());
    (tree.start..middle, middle..tree.end)
}
