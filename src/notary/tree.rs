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

    async fn tiles(&self, ids: &[TileId]) -> Result<BTreeMap<TileId, Vec<Hash>>, NotaryError> {
        Ok(self.options.store.tiles(&self.options.tenant, ids).await?)
    }
}
