//! Proofs that a record is in the log.

use super::{Stored, Trail, TrailError};
use crate::log::{Hash, SignedCheckpoint, TlogProof};
use crate::notary::{KnownHead, NotaryError};
use crate::record::Acknowledged;

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

    /// The signed head to prove entries under whose last one is at `log_index`: of those that cover
    /// it the newest one that most stands behind, witnesses or a timestamp; a new one when none does
    /// and this trail may sign.
    ///
    /// # Errors
    ///
    /// [`TrailError::Frozen`]; [`TrailError::NotSigned`] when no signed head reaches it yet.
    pub async fn head_over(&self, log_index: u64) -> Result<KnownHead, TrailError> {
        let head = match self.notary().best_head(log_index, None).await {
            Some(head) => head,
            None => self.checkpoint().await?,
        };
        if log_index >= head.head().size {
            return Err(TrailError::NotSigned);
        }
        self.check_contained(&head).await?;
        Ok(head)
    }

    /// Looks whether the log still has the entries that `head` was signed over.
    async fn check_contained(&self, head: &KnownHead) -> Result<(), TrailError> {
        match self.notary().root_at(head.head().size).await {
            Ok(root) if root == head.head().root => return Ok(()),
            Ok(_) | Err(NotaryError::Tree(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Err(match self.notary().standing().await?.frozen {
            Some(frozen) => TrailError::Frozen(Box::new(frozen)),
            None => TrailError::Incomplete(format!(
                "the log does not have the root that was signed for {} entries: run `contextrail verify`",
                head.head().size
            )),
        })
    }

    /// The proof that `stored` is in the log, under [`Trail::head_over`] it.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotSigned`] when no signed head reaches it yet.
    pub async fn prove(&self, stored: &Stored) -> Result<TlogProof, TrailError> {
        let head = self.head_over(stored.log_index()).await?;
        self.prove_under(stored.log_index(), &head.checkpoint).await
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

    /// The proof that `stored` is in the log, under a signed head that has reached `level`.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotAttested`] when no head that covers it has.
    pub async fn prove_at(
        &self,
        stored: &Stored,
        level: Acknowledged,
    ) -> Result<TlogProof, TrailError> {
        let log_index = stored.log_index();
        match self.notary().best_head(log_index, Some(level)).await {
            Some(head) => {
                self.check_contained(&head).await?;
                self.prove_under(log_index, &head.checkpoint).await
            }
            None => Err(TrailError::NotAttested {
                id: stored.id(),
                wanted: level,
                reached: self.notary().level(log_index).await,
                why: "no head that covers it has been attested so",
            }),
        }
    }
}
