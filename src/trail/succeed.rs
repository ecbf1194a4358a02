//! Going on after a restore: a new epoch that says what is lost.

use super::rotate::event;
use super::{Stored, Trail, TrailError};
use crate::capture::Sink as _;
use crate::log::root;
use crate::notary::Frozen;
use crate::record::{
    Actor, Digest, Draft, HeadStatement, KeyAction, KeyEvent, KeyLevel, Kind, Receipt, RecordId,
    Succession,
};
use crate::seal::{Source, seal};
use crate::store::{Find, Prepared};

impl Trail {
    /// Begins a new epoch of a frozen log, from the head it was found with.
    ///
    /// The first entry of the epoch names that head, the newest one known, and the indexes that
    /// are lost. Proofs under earlier heads stay valid. The trail has to be opened again
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`TrailError::Incomplete`] for a trail that is not frozen, or with fewer than two different
    /// approvers.
    pub async fn succeed(
        &self,
        reason: &str,
        approved_by: Vec<Actor>,
    ) -> Result<Receipt, TrailError> {
        let Some(frozen) = self.notary().frozen().cloned() else {
            return Err(TrailError::Incomplete(
                "the trail is not frozen: its log goes on as it is".to_owned(),
            ));
        };
        check_approvers(&approved_by, "a new epoch")?;
        let body = self.succession(&frozen, reason, approved_by).await?;
        let now = self.clock().now();
        let draft = Draft::new(RecordId::from_uuid(self.0.options.ids.new_id(now)), body);
        let receipt = self.append_frozen(draft).await?;
        self.notary().begin_epoch().await?;
        Ok(receipt)
    }

    /// The records of all successions of the log, oldest first.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when they cannot be read.
    pub async fn successions(&self) -> Result<Vec<Stored>, TrailError> {
        let find = Find {
            kind: Some(Kind::Succession),
            ..Find::default()
        };
        let mut found = self.0.store.find(self.tenant(), &find, u32::MAX).await?;
        found.sort_unstable();
        self.read_indexes(&found).await
    }

    async fn succession(
        &self,
        frozen: &Frozen,
        reason: &str,
        approved_by: Vec<Actor>,
    ) -> Result<Succession, TrailError> {
        let standing = self.notary().standing().await?;
        let statement = |origin: &str, head: crate::store::LogHead| HeadStatement {
            origin: origin.to_owned(),
            size: head.size,
            root: Digest::Sha256(head.root),
        };
        Ok(Succession {
            epoch: standing.epoch.max(self.notary().newest_epoch().await) + 1,
            restored: statement(&standing.origin, frozen.found),
            known: statement(&frozen.origin, frozen.known),
            lost_from: self.first_lost(frozen).await,
            lost_to: frozen.known.size,
            reason: reason.to_owned(),
            approved_by,
        })
    }

    /// The size of the largest known head that the log still contains.
    ///
    /// Against a witness only heads count that witnesses have seen: any other may be that of the
    /// history they do not know.
    async fn first_lost(&self, frozen: &Frozen) -> u64 {
        // Nor is more believed of a log that begins an epoch in which no head was signed.
        let epoch = self.notary().standing().await.map_or(0, |it| it.epoch);
        let is_forged = epoch > self.notary().newest_epoch().await;
        let by_witness = frozen.witness.is_some();
        let mut sizes: Vec<_> = self
            .notary()
            .heads()
            .await
            .iter()
            .filter(|head| !by_witness || head.is_witnessed())
            .map(crate::notary::KnownHead::head)
            .collect();
        sizes.sort_unstable_by_key(|head| std::cmp::Reverse(head.size));
        let whole = self.notary().root_at(frozen.found.size).await;
        if !by_witness
            && !is_forged
            && frozen.found.size < frozen.known.size
            && whole.is_ok_and(|root| root == frozen.found.root)
        {
            let larger = sizes.iter().find(|head| head.size <= frozen.found.size);
            let is_ours = match larger {
                Some(head) => self
                    .notary()
                    .root_at(head.size)
                    .await
                    .is_ok_and(|root| root == head.root),
                None => true,
            };
            if is_ours {
                return frozen.found.size;
            }
        }
        for head in sizes {
            let there = head.size <= frozen.found.size && head.root != root(&[]);
            if there
                && self
                    .notary()
                    .root_at(head.size)
                    .await
                    .is_ok_and(|root| root == head.root)
            {
                return head.size;
            }
        }
        0
    }

    /// Appends past the guard: what says that the log is not the one it was.
    async fn append_frozen(&self, draft: Draft) -> Result<Receipt, TrailError> {
        let head = crate::record::Head {
            id: draft.id,
            tenant: self.tenant().clone(),
            recorded_at: self.clock().now(),
            actor: self.actor().clone(),
        };
        let sealed = seal(head, draft, &Source::New)?;
        self.learn_keys_of(&sealed.owners).await?;
        let prepared = Prepared::new(&sealed, Vec::new(), self.vault())?;
        let appender = self.0.appender.as_ref().ok_or(TrailError::ReadOnly)?;
        let placed = appender.append(prepared).await?;
        self.receipt(&sealed, placed).await
    }

    /// Makes a new signing key, records it, and has both keys sign the head that covers the record.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when the key cannot be written or the record not appended.
    pub async fn rotate_key(&self) -> Result<Receipt, TrailError> {
        let key = self.notary().rotate_key().await?;
        let event = event(KeyLevel::Signing, KeyAction::Rotate, key.to_string());
        self.record_key(event).await
    }

    /// Records that nothing `key` signed for a log of `tree_size` entries or more is to be trusted.
    ///
    /// # Errors
    ///
    /// [`TrailError`] when the record cannot be appended.
    pub async fn revoke_key(&self, key: String, tree_size: u64) -> Result<Receipt, TrailError> {
        let event = KeyEvent {
            tree_size,
            ..event(KeyLevel::Signing, KeyAction::Revoke, key)
        };
        self.record_key(event).await
    }
}

/// Two different people have to approve of `what`; one person is one, however the name is written.
pub(super) fn check_approvers(approved_by: &[Actor], what: &str) -> Result<(), TrailError> {
    let mut names: Vec<String> = approved_by.iter().map(Actor::known_as).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 {
        return Err(TrailError::Incomplete(format!(
            "{what} needs two different people who approve it: name them with --approved-by A,B"
        )));
    }
    Ok(())
}
