//! Roots and proofs out of the tiles of the log.

use std::collections::BTreeMap;

use super::{Notary, NotaryError};
use crate::log::{Hash, TileId, TiledTree};

impl Notary {
    /// The root over the first `size` entries, out of the tiles.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Tree`] when tiles are missing.
    pub async fn root_at(&self, size: u64) -> Result<Hash, NotaryError> {
        let tree = TiledTree::new(size);
        let tiles = self.tiles(&tree.root_tiles()).await?;
        Ok(tree.root(&tiles)?)
    }

    /// The proof that the entry at `log_index` is in the tree of `size` entries.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Tree`] when it is not, or tiles are missing.
    pub async fn inclusion(&self, log_index: u64, size: u64) -> Result<Vec<Hash>, NotaryError> {
        let tree = TiledTree::new(size);
        let tiles = self.tiles(&tree.inclusion_tiles(log_index)?).await?;
        Ok(tree.inclusion_path(log_index, &tiles)?)
    }

    /// The proof that the tree of `to` entries begins with that of `from`.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Tree`] when `from` is the larger one, or tiles are missing.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, NotaryError> {
        let tree = TiledTree::new(to);
        let tiles = self.tiles(&tree.consistency_tiles(from)?).await?;
        Ok(tree.consistency_path(from, &tiles)?)
    }

    /// A tile of the log with the width asked for; `None` when the log does not reach so far.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the store cannot be read.
    pub async fn tile(&self, id: TileId) -> Result<Option<Vec<Hash>>, NotaryError> {
        let tiles = self.tiles(&[id]).await?;
        let width = usize::from(id.width());
        // why: the store may give a wider one in its place, which begins with the same hashes.
        let wide = tiles.into_values().find(|hashes| hashes.len() >= width);
        Ok(wide.map(|mut hashes| {
            hashes.truncate(width);
            hashes
        }))
    }

    async fn tiles(&self, ids: &[TileId]) -> Result<BTreeMap<TileId, Vec<Hash>>, NotaryError> {
        Ok(self.options.store.tiles(&self.options.tenant, ids).await?)
    }
}
