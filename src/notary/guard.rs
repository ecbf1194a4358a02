//! Holding the log against the newest head known of it.

use super::open::State;
use super::{Frozen, KnownHead, Notary, NotaryError};
use crate::store::LogHead;

impl Notary {
    /// Whether `found` contains the newest head known.
    pub(super) async fn guard(&self, state: &State, found: LogHead) -> Result<(), NotaryError> {
        let Some(newest) = state.heads.newest(|origin| !origin.is_empty()) else {
            return Ok(());
        };
        let origin = newest.checkpoint.checkpoint().origin();
        let frozen = |what, newest: &KnownHead| Frozen {
            origin: newest.checkpoint.checkpoint().origin().to_owned(),
            what,
            known: newest.head(),
            found,
            witness: None,
        };
        if !origin.starts_with(self.trail_prefix()) {
            return Err(frozen("the heads file speaks of another trail", newest).into());
        }
        let Some(newest) = self.newest(state) else {
            return Ok(());
        };
        let known = newest.head();
        if self.epoch_of(newest.checkpoint.checkpoint().origin()) > Some(state.epoch) {
            return Err(frozen("the database is of an earlier epoch", newest).into());
        }
        if self.epoch_of(newest.checkpoint.checkpoint().origin()) < Some(state.epoch) {
            // The record that begins an epoch names the heads that part there.
            return Ok(());
        }
        if found.size < known.size {
            return Err(frozen("entries are missing at the end of the log", newest).into());
        }
        let changed = "the log has other entries than it had";
        match self.root_at(known.size).await {
            Ok(root) if root == known.root => {}
            Ok(_) | Err(NotaryError::Tree(_)) => return Err(frozen(changed, newest).into()),
            Err(error) => return Err(error),
        }
        match self.root_at(found.size).await {
            Ok(root) if root == found.root => Ok(()),
            Ok(_) | Err(NotaryError::Tree(_)) => Err(frozen(
                "the head of the database is not that of its entries",
                newest,
            )
            .into()),
            Err(error) => Err(error),
        }
    }
}
