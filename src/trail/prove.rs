//! Proofs that a record is in the log.

use super::{Stored, Trail, TrailError};
use crate::log::{Hash, SignedCheckpoint, TlogProof};
use crate::notary::{KnownHead, NotaryError};
use crate::record::Receipt;

impl Trail {
    /// The newest signed head; a new one when the log has grown and this trail may sign.
    ///
    /// # Errors
    ///
    /// [`TrailError::Frozen`]; [`TrailError::NotSigned`] for a log without signed heads.
    pub async fn checkpoint(&self) -> Result<KnownHead, TrailError> {
        let newest = if self.0.appender.is_some() {
            self.notary().checkpoint().await?
        } else {
            self.notary().standing().await?.newest
        };
        newest.ok_or(TrailError::NotSigned)
    }

    /// The proof that `stored` is in the log, under the newest signed head.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotSigned`] when no signed head reaches it yet.
    pub async fn prove(&self, stored: &Stored) -> Result<TlogProof, TrailError> {
        let newest = self.checkpoint().await?;
        self.prove_under(stored.log_index(), &newest.checkpoint)
            .await
    }

    /// The proof that the entry at `log_index` is in the log, under `checkpoint`.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotSigned`] when the checkpoint does not reach it.
    pub async fn prove_under(
        &self,
        log_index: u64,
        checkpoint: &SignedCheckpoint,
    ) -> Result<TlogProof, TrailError> {
        let size = checkpoint.checkpoint().size();
        if log_index >= size {
            return Err(TrailError::NotSigned);
        }
        let path = self.notary().inclusion(log_index, size).await?;
        TlogProof::new(log_index, path, checkpoint.clone())
            .map_err(|error| TrailError::Incomplete(error.to_string()))
    }

    /// The proof that the log of `to` entries begins with that of `from`.
    ///
    /// # Errors
    ///
    /// [`TrailError::Incomplete`] when the log has no such sizes.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, TrailError> {
        let size = self.0.store.head(self.tenant()).await?.size;
        if from > to || to > size {
            return Err(TrailError::Incomplete(format!(
                "there is no proof from {from} to {to} entries: the log has {size}, and the first size may not be above the second"
            )));
        }
        match self.notary().consistency(from, to).await {
            Err(NotaryError::Tree(error)) => Err(TrailError::Incomplete(error.to_string())),
            proved => Ok(proved?),
        }
    }

    /// The receipt as it would be given now: a head that was signed since counts.
    pub async fn receipt_now(&self, receipt: &Receipt) -> Receipt {
        let mut now = receipt.clone();
        if let Some(log_index) = receipt.log_index {
            now.acknowledged = self.notary().level(log_index).await;
        }
        now
    }
}
