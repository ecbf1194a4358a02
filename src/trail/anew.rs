//! Records whose keys went while they were on their way.

use super::{Trail, TrailError};
use crate::log::Hash;
use crate::seal::Sealed;
use crate::store::{Placed, Prepared, Reply, StoreError};

impl Trail {
    /// Appends a record again whose keys another process has erased or replaced: under new ones.
    pub(super) async fn or_under_new_keys(
        &self,
        sealed: &Sealed,
        refs: &[Hash],
        mut answer: Reply,
    ) -> Result<Placed, TrailError> {
        for _ in 0..KEY_TRIES {
            match &answer {
                Err(error) if error.key_gone().is_some() => {}
                _ => break,
            }
            let owners = sealed.owners.iter().skip(1);
            for entity in owners.flat_map(|owners| self.vault().handles(owners)) {
                self.vault().forget(entity);
            }
            self.learn_keys_of(&sealed.owners).await?;
            let prepared = Prepared::new(sealed, refs.to_vec(), self.vault())?;
            answer = self.0.appender()?.append(prepared).await;
        }
        Ok(answer?)
    }

    /// `None` as well when another process has erased or replaced a key that the record is encrypted
    /// under: what is tried again is under those of now.
    pub(super) fn unless_key_gone(
        &self,
        placed: Result<Option<Placed>, StoreError>,
    ) -> Result<Option<Placed>, TrailError> {
        match placed {
            Err(error) if let Some(entity) = error.key_gone() => {
                self.vault().forget(entity);
                Ok(None)
            }
            placed => Ok(placed?),
        }
    }
}

/// How often a record is encrypted anew while its keys keep going.
const KEY_TRIES: u32 = 8;
