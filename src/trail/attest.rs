//! The level that records have reached, and waiting for it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Trail, TrailError};
use crate::record::{Acknowledged, Digest, Receipt};

impl Trail {
    /// The receipt as it would be given now, with the highest level the record has reached: a head
    /// that was signed or attested since counts, and a record that was only queued may have been
    /// appended.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the record cannot be looked up.
    pub async fn receipt_now(&self, receipt: &Receipt) -> Result<Receipt, TrailError> {
        let mut now = receipt.clone();
        if now.log_index.is_none()
            && let Some(stored) = self.read(now.id).await?
        {
            now.log_index = Some(stored.log_index());
            now.entry_hash = Some(Digest::Sha256(stored.entry_hash()));
        }
        if let Some(log_index) = now.log_index {
            now.acknowledged = self.notary().level(log_index).await;
        }
        Ok(now)
    }

    /// Waits until the record has reached `level`, and gives its receipt as of then.
    ///
    /// Heads are signed within a second; witnesses are asked at once, and timestamp authorities as
    /// well while somebody waits for them. Appending goes on meanwhile, and nothing else waits. The
    /// level in the receipt is the highest one reached: a timestamp does not mean that a witness has
    /// seen the head too.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use contextrail::Trail;
    /// use contextrail::record::Acknowledged;
    ///
    /// let trail = Trail::open("sqlite::memory:").await.unwrap();
    /// let decided = trail.decide("loan_application", "12345").outcome("approved").commit();
    /// let receipt = decided.await.unwrap().receipt().clone();
    /// assert_eq!(receipt.acknowledged, Acknowledged::Durable);
    ///
    /// let limit = Duration::from_secs(10);
    /// let signed = trail.attested(&receipt, Acknowledged::Checkpointed, limit).await.unwrap();
    /// assert_eq!(signed.acknowledged, Acknowledged::Checkpointed);
    /// # trail.close().await;
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrailError::NotAttested`] when `limit` has passed, and at once when nobody can give the
    /// level; [`TrailError::Frozen`] when nothing is signed any longer.
    pub async fn attested(
        &self,
        receipt: &Receipt,
        level: Acknowledged,
        limit: Duration,
    ) -> Result<Receipt, TrailError> {
        let end = Instant::now() + limit;
        let mut news = self.notary().news();
        let mut receipt = receipt.clone();
        loop {
            receipt = self.receipt_now(&receipt).await?;
            let reached = match receipt.log_index {
                Some(log_index) => self.notary().has_reached(log_index, level).await,
                None => level == Acknowledged::Queued,
            };
            if reached {
                // The head may have been signed since the receipt was made.
                return self.receipt_now(&receipt).await;
            }
            if let Some(frozen) = self.notary().frozen() {
                return Err(TrailError::Frozen(Box::new(frozen.clone())));
            }
            if let Some(why) = self.why_not(level, end) {
                return Err(TrailError::NotAttested {
                    id: receipt.id,
                    wanted: level,
                    reached: receipt.acknowledged,
                    why,
                });
            }
            self.ask_now();
            let again = end.min(Instant::now() + AGAIN);
            // Whether there is news or time has passed, the next round sees what there is.
            drop(tokio::time::timeout_at(again, news.changed()).await);
        }
    }

    /// Why waiting on is of no use, if so.
    fn why_not(&self, level: Acknowledged, end: Instant) -> Option<&'static str> {
        if self.0.signing.is_none() {
            return Some(
                "the trail was opened for reading, and whoever writes to it has heads attested",
            );
        }
        #[cfg(feature = "network")]
        let can = self.notary().can_reach(level);
        #[cfg(not(feature = "network"))]
        let can = level <= Acknowledged::Checkpointed;
        if !can {
            return Some(
                "this trail has nobody who could say so: name witnesses and timestamp authorities when it is opened, or in the attesters file beside it",
            );
        }
        (Instant::now() >= end).then_some("nobody has said so within the time given; what is recorded is safe as it is, and they are asked again")
    }

    fn ask_now(&self) {
        if let Some(signing) = &self.0.signing {
            signing.ask_now();
        }
    }
}

/// How soon attesters that did not answer are asked again while somebody waits.
const AGAIN: Duration = Duration::from_secs(1);
