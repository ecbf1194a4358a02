//! Which level records have reached.

use tokio::sync::{MutexGuard, watch};

use super::open::State;
use super::{KnownHead, Notary};
use crate::record::Acknowledged;

impl Notary {
    /// The highest level that the record at `log_index` has reached.
    pub async fn level(&self, log_index: u64) -> Acknowledged {
        let state = self.up_to_date().await;
        let levels = self.covering(&state, log_index).map(KnownHead::level);
        levels.max().unwrap_or(Acknowledged::Durable)
    }

    /// Whether the record at `log_index` has reached `level`.
    pub async fn has_reached(&self, log_index: u64, level: Acknowledged) -> bool {
        if level <= Acknowledged::Durable {
            return true;
        }
        let state = self.up_to_date().await;
        self.covering(&state, log_index).any(|head| head.has(level))
    }

    /// The head to prove entries under whose last one is at `log_index`: of those that cover it the
    /// newest one that most stands behind; `None` when none does.
    ///
    /// With a `level`, only heads that have it count.
    pub async fn best_head(
        &self,
        log_index: u64,
        level: Option<Acknowledged>,
    ) -> Option<KnownHead> {
        let state = self.up_to_date().await;
        let mut best: Option<&KnownHead> = None;
        for head in self.covering(&state, log_index) {
            let counts = level.is_none_or(|level| head.has(level));
            if counts && best.is_none_or(|best| best.weight() < head.weight()) {
                best = Some(head);
            }
        }
        best.cloned()
    }

    /// The newest head that has `level`; `None` when none has.
    pub async fn newest_with(&self, level: Acknowledged) -> Option<KnownHead> {
        let state = self.up_to_date().await;
        let mut heads = self.covering(&state, 0);
        heads.find(|head| head.has(level)).cloned()
    }

    /// Is told whenever a head was signed or attested, or the trail was frozen.
    #[must_use]
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The state, with the epoch that the log is in; a notary that signs knows it.
    async fn up_to_date(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().await;
        if state.keys.is_none()
            && let Ok(epoch) = self.epoch_in_log().await
        {
            state.epoch = epoch;
        }
        state
    }

    /// The heads that have the entry at `log_index` below them, the newest first.
    ///
    /// Those of earlier epochs do not count: what stood at this index then may be lost.
    fn covering<'s>(
        &self,
        state: &'s State,
        log_index: u64,
    ) -> impl Iterator<Item = &'s KnownHead> {
        let origin = self.origin(state.epoch).ok();
        let heads = state.heads.all().iter().rev();
        heads
            .filter(move |head| {
                let of = head.checkpoint.checkpoint().origin();
                origin.as_ref().is_some_and(|origin| origin.as_str() == of)
            })
            .take_while(move |head| head.head().size > log_index)
    }
}
