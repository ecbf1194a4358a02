//! Signing the heads of one log.

use super::turn::Turn;
use super::{KnownHead, Notary, NotaryError};
use crate::log::{Checkpoint, KeyName, SignedCheckpoint, VerifierKey};
use crate::store::LogHead;

impl Notary {
    /// Signs the head of the log, unless it is signed already, and gives the newest signed head;
    /// `None` for a log without entries.
    ///
    /// When this returns, the head is in the heads file, on disk, and in the second place, if there is one.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Frozen`] when the log does not contain the newest head known;
    /// [`NotaryError::Elsewhere`] when the second place cannot be used.
    pub async fn checkpoint(&self) -> Result<Option<KnownHead>, NotaryError> {
        if let Some(frozen) = self.frozen() {
            return Err(frozen.clone().into());
        }
        let mut state = loop {
            self.learn().await?;
            match self.state_of_signer().await? {
                Turn::Ours(state) if self.has_learnt() => {
                    let newest = self.newest(&state);
                    let Some(head) = newest.filter(|it| !self.is_kept(it)).cloned() else {
                        break state;
                    };
                    // No more than one head is ahead of the second place.
                    drop(state);
                    self.keep_elsewhere(&head).await?;
                }
                // It has just become our turn.
                Turn::Ours(_) => {}
                Turn::Theirs(newest) => return Ok(newest),
            }
        };
        state.epoch = self.epoch_in_log().await?;
        let found = self.options.store.head(&self.options.tenant).await?;
        let newest = self.newest(&state);
        let signing = state.keys.as_ref().ok_or(NotaryError::ReadOnly)?;
        let origin = self.origin(state.epoch)?;
        let keys = signing.of(&origin);
        let is_new_key = keys.len() > 1;
        let is_signed = newest.is_some_and(|it| {
            it.head() == found && it.checkpoint.checkpoint().origin() == origin.as_str()
        });
        if found.size == 0 || (is_signed && !is_new_key) {
            return Ok(newest.cloned());
        }
        self.hold(&state, found).await?;
        let head = self.sign(&origin, found, &keys)?;
        state.heads.add(head.clone())?;
        self.news.send_replace(());
        if let Some(keys) = &mut state.keys {
            keys.retire(self.options.files.as_ref())?;
        }
        drop(state);
        self.keep_elsewhere(&head).await?;
        Ok(Some(head))
    }

    fn sign(
        &self,
        origin: &KeyName,
        head: LogHead,
        keys: &[crate::log::SigningKey],
    ) -> Result<KnownHead, NotaryError> {
        let checkpoint = Checkpoint::new(origin.as_str(), head.size, head.root)?;
        let text = checkpoint.to_string();
        let mut signatures = keys.iter().rev().map(|key| key.sign(&text));
        let first = signatures.next().ok_or(NotaryError::ReadOnly)??;
        let note = crate::log::Note::new(text.clone(), vec![first])?;
        let mut signed = SignedCheckpoint::from_note(note)?;
        for signature in signatures {
            signed.add(signature?)?;
        }
        Ok(KnownHead {
            at: self.options.clock.now(),
            checkpoint: signed,
            timestamps: Vec::new(),
        })
    }

    /// Makes a new signing key. It signs the next checkpoint together with the one before it, and
    /// every later one alone.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when it cannot be written.
    pub async fn rotate_key(&self) -> Result<VerifierKey, NotaryError> {
        let mut state = self.state.lock().await;
        self.take_turn(&mut state)?;
        let origin = self.origin(state.epoch)?;
        let keys = state.keys.as_mut().ok_or_else(|| self.no_keys())?;
        keys.rotate(self.options.files.as_ref(), &origin)?;
        keys.newest(&origin).ok_or(NotaryError::ReadOnly)
    }

    /// Signs the first head of an epoch that has just begun.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the head cannot be signed or kept.
    pub async fn begin_epoch(&self) -> Result<KnownHead, NotaryError> {
        let mut state = self.state.lock().await;
        state.epoch = self.epoch_in_log().await?;
        self.take_turn(&mut state)?;
        let found = self.options.store.head(&self.options.tenant).await?;
        let origin = self.origin(state.epoch)?;
        let keys = state.keys.as_ref().ok_or_else(|| self.no_keys())?;
        let head = self.sign(&origin, found, &keys.of(&origin))?;
        keys.publish_for(self.options.files.as_ref(), &origin)?;
        state.heads.add(head.clone())?;
        drop(state);
        if let Err(error) = self.keep_elsewhere(&head).await {
            // The epoch has begun; the next checkpoint tries again.
            tracing::warn!(error = %error.in_full(), "the first head of the epoch is not kept there yet");
        }
        Ok(head)
    }
}
