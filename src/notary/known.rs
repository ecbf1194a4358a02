//! What is known of the log and of others of its trail: heads, keys, epochs.

use super::keys::published;
use super::open::State;
use super::{KnownHead, Notary, NotaryError};
use crate::log::{KeyName, VerifierKey};
use crate::record::{Body, Kind};
use crate::seal::open;
use crate::store::{Find, StoreError};

impl Notary {
    /// Every head known of every log of the trail, oldest first.
    pub async fn all_heads(&self) -> Vec<KnownHead> {
        self.state.lock().await.heads.all().to_vec()
    }

    /// What the origins of every log of this trail begin with.
    #[must_use]
    pub fn trail_origin(&self) -> &str {
        self.trail_prefix()
    }

    /// Every head known of this log, oldest first.
    pub async fn heads(&self) -> Vec<KnownHead> {
        let state = self.state.lock().await;
        let known = state.heads.all().iter();
        known
            .filter(|head| self.is_ours(head.checkpoint.checkpoint().origin()))
            .cloned()
            .collect()
    }

    /// The verification keys of this log, the newest last.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when their file cannot be read.
    pub async fn verifier_keys(&self) -> Result<Vec<VerifierKey>, NotaryError> {
        if let Some(files) = &self.options.files {
            let keys = published(&files.public_keys)?.into_iter();
            return Ok(keys
                .filter(|key| self.is_ours(key.name().as_str()))
                .collect());
        }
        let state = self.state.lock().await;
        let origin = self.origin(state.epoch)?;
        Ok(state
            .keys
            .iter()
            .filter_map(|keys| keys.newest(&origin))
            .collect())
    }

    /// The verification keys of every log of the trail; empty when their file is not there.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the file cannot be read.
    pub fn trail_keys(&self) -> Result<Vec<VerifierKey>, NotaryError> {
        match &self.options.files {
            Some(files) => published(&files.public_keys),
            None => Ok(Vec::new()),
        }
    }

    /// The newest epoch that a head was signed in.
    pub async fn newest_epoch(&self) -> u64 {
        let state = self.state.lock().await;
        let heads = state.heads.all().iter();
        let epochs = heads.filter_map(|head| self.epoch_of(head.checkpoint.checkpoint().origin()));
        epochs.max().unwrap_or(1)
    }

    /// The epoch of the log: the one that its newest record of succession begins, or the first.
    ///
    /// Whether that record is to be believed is for the guard to say.
    pub(super) async fn epoch_in_log(&self) -> Result<u64, NotaryError> {
        let find = Find {
            kind: Some(Kind::Succession),
            ..Find::default()
        };
        let (store, tenant) = (&self.options.store, &self.options.tenant);
        let newest = store.find(tenant, &find, 1).await?;
        let records = store.read(tenant, &newest).await?;
        let Some(record) = records.first() else {
            return Ok(1);
        };
        let opened = record.without_keys().map_err(|error| error.to_string());
        let opened = opened.and_then(|it| open(&it).map_err(|error| error.to_string()));
        match opened.map(|it| it.record.body) {
            Ok(Body::Succession(succession)) => Ok(succession.epoch),
            Ok(_) => Err(self.damaged(record.log_index, "it is not of the kind its row says")),
            Err(what) => Err(self.damaged(record.log_index, &what)),
        }
    }

    fn damaged(&self, log_index: u64, what: &str) -> NotaryError {
        let damaged = StoreError::CorruptRow {
            place: self.log.clone(),
            table: "record",
            row: log_index.to_string(),
            what: what.to_owned(),
        };
        damaged.into()
    }

    pub(super) fn origin(&self, epoch: u64) -> Result<KeyName, NotaryError> {
        Ok(match epoch {
            1 => self.log.parse()?,
            epoch => format!("{}/{epoch}", self.log).parse()?,
        })
    }

    pub(super) fn newest<'s>(&self, state: &'s State) -> Option<&'s KnownHead> {
        state.heads.newest(|origin| self.is_ours(origin))
    }

    fn is_ours(&self, origin: &str) -> bool {
        self.epoch_of(origin).is_some()
    }

    /// The epoch of an origin of this log; `None` for that of another.
    pub(super) fn epoch_of(&self, origin: &str) -> Option<u64> {
        match origin.strip_prefix(self.log.as_str())? {
            "" => Some(1),
            rest => rest.strip_prefix('/')?.parse().ok(),
        }
    }

    /// What the origins of every log of this trail begin with.
    pub(super) fn trail_prefix(&self) -> &str {
        let end = self.log.rfind('/').map_or(self.log.len(), |at| at + 1);
        &self.log[..end]
    }
}
