//! Holding the log against the newest head known of it.

use std::cmp::Ordering;

use super::open::State;
use super::{Frozen, KnownHead, Notary, NotaryError};
use crate::store::LogHead;

impl Notary {
    /// Looks whether `found` contains the newest head known, and freezes the log when it does not.
    pub(super) async fn hold(&self, state: &State, found: LogHead) -> Result<(), NotaryError> {
        let guarded = self.guard(state, found).await;
        if let Err(NotaryError::Frozen(frozen)) = &guarded {
            self.set_frozen((**frozen).clone());
        }
        guarded
    }

    /// Whether `found` contains the newest head known.
    pub(super) async fn guard(&self, state: &State, found: LogHead) -> Result<(), NotaryError> {
        let frozen = |what, newest: &KnownHead| Frozen {
            origin: newest.checkpoint.checkpoint().origin().to_owned(),
            what,
            known: newest.head(),
            found,
            witness: None,
        };
        let is_of_trail = |origin: &str| origin.starts_with(self.trail_prefix());
        if state.heads.newest(is_of_trail).is_none()
            && let Some(stranger) = state.heads.newest(|_| true)
        {
            return Err(frozen("the heads file speaks of another trail", stranger).into());
        }
        let Some(newest) = self.newest(state) else {
            return Ok(());
        };
        let known = newest.head();
        match self
            .epoch_of(newest.checkpoint.checkpoint().origin())
            .cmp(&Some(state.epoch))
        {
            Ordering::Greater => {
                return Err(frozen("the database is of an earlier epoch", newest).into());
            }
            // Anybody can write a record that says so; the epochs of this trail begin with a head.
            Ordering::Less => {
                return Err(
                    frozen("the log begins an epoch that no head was signed in", newest).into(),
                );
            }
            Ordering::Equal => {}
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
        // What lies elsewhere may be older than what is known here, and has to be of the same log.
        if let Some(elsewhere) = self.newest_elsewhere()
            && self.epoch_of(elsewhere.checkpoint.checkpoint().origin()) == Some(state.epoch)
        {
            match self.root_at(elsewhere.head().size).await {
                Ok(root) if root == elsewhere.head().root => {}
                Ok(_) | Err(NotaryError::Tree(_)) => {
                    return Err(frozen(changed, &elsewhere).into());
                }
                Err(error) => return Err(error),
            }
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
