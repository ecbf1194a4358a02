//! Signing the heads of one log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, watch};

use super::heads::Heads;
use super::keys::{Keys, published};
use super::{Frozen, KnownHead, NotaryError, NotaryFiles};
use crate::log::{Checkpoint, Hash, KeyName, SignedCheckpoint, TileId, TiledTree, VerifierKey};
use crate::record::{Clock, Kind, Tenant, TrailId};
use crate::store::{Find, LogHead, Store};

/// What a notary works on.
#[derive(Clone)]
pub struct NotaryOptions {
    /// Where the log is.
    pub store: Arc<dyn Store>,
    /// Whose log it is.
    pub tenant: Tenant,
    /// Where the time of day comes from.
    pub clock: Arc<dyn Clock>,
    /// Its files; `None` for a trail in memory, whose keys and heads go with it.
    pub files: Option<NotaryFiles>,
    /// Whether a signing key that is gone may be replaced by a new one.
    pub replace_lost_key: bool,
    /// Who is asked to attest heads.
    #[cfg(feature = "network")]
    pub attesters: super::Attesters,
}

/// Signs the heads of one log, and holds each against the newest one known.
pub struct Notary {
    options: NotaryOptions,
    /// The origin of the first epoch.
    log: String,
    pub(super) state: Mutex<State>,
    frozen: OnceLock<Frozen>,
    /// Tells those who wait for a level that there is more to see.
    pub(super) news: watch::Sender<()>,
    #[cfg(feature = "network")]
    pub(super) remote: super::remote::Remote,
}

pub(super) struct State {
    /// `None` when opened for reading.
    pub(super) keys: Option<Keys>,
    pub(super) heads: Heads,
    pub(super) epoch: u64,
}

/// How a log stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The origin of its checkpoints.
    pub origin: String,
    /// The epoch, from 1.
    pub epoch: u64,
    /// The head of the database.
    pub head: LogHead,
    /// The newest head that was signed.
    pub newest: Option<KnownHead>,
    /// Why nothing is appended or signed, if so.
    pub frozen: Option<Frozen>,
}

impl fmt::Debug for Notary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notary")
            .field("log", &self.log)
            .field("frozen", &self.frozen)
            .finish_non_exhaustive()
    }
}

impl Notary {
    /// Opens the notary of a log for signing, and looks whether the log contains the newest head
    /// known: if not, [`Notary::frozen`] says so.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when a file cannot be read or written, or the key is missing or exposed.
    pub async fn open(options: NotaryOptions) -> Result<Self, NotaryError> {
        Self::start(options, true).await
    }

    /// Opens the notary of a log for reading: nothing is signed, made or changed.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when a file cannot be read.
    pub async fn open_for_reading(options: NotaryOptions) -> Result<Self, NotaryError> {
        Self::start(options, false).await
    }

    async fn start(options: NotaryOptions, sign: bool) -> Result<Self, NotaryError> {
        let heads = Heads::open(options.files.as_ref().map(|files| files.heads.as_path()))?;
        let trail = match options.store.trail().await {
            Ok(trail) => trail,
            Err(error) if sign => return Err(error.into()),
            // A damaged trail can be looked at all the same: its heads say which one it was.
            Err(_) => heads
                .trail()
                .unwrap_or(TrailId::from_uuid(uuid::Uuid::nil())),
        };
        let log = format!("contextrail/{trail}/{}", options.tenant);
        let notary = Self {
            log,
            state: Mutex::new(State {
                keys: None,
                heads,
                epoch: 1,
            }),
            frozen: OnceLock::new(),
            news: watch::Sender::new(()),
            #[cfg(feature = "network")]
            remote: super::remote::Remote::new(options.attesters.clone())?,
            options,
        };
        if !sign {
            return Ok(notary);
        }
        let mut state = notary.state.lock().await;
        state.epoch = notary.epoch_in_log().await?;
        let origin = notary.origin(state.epoch)?;
        let files = notary.options.files.as_ref();
        let may_create = state.heads.all().is_empty() || notary.options.replace_lost_key;
        state.keys = Some(Keys::open(files, &origin, may_create)?);
        let found = notary.options.store.head(&notary.options.tenant).await?;
        match notary.guard(&state, found).await {
            Err(NotaryError::Frozen(frozen)) => notary.set_frozen(*frozen),
            guarded => guarded?,
        }
        drop(state);
        #[cfg(feature = "network")]
        notary.ask_at_open().await?;
        Ok(notary)
    }

    /// Looks whether witnesses have seen more than the newest head known here.
    ///
    /// Without a heads file nothing else can tell that the database is an older one: its head is
    /// signed, because a witness answers to signed heads alone.
    #[cfg(feature = "network")]
    async fn ask_at_open(&self) -> Result<(), NotaryError> {
        if self.frozen().is_some() || !self.can_reach(crate::record::Acknowledged::Witnessed) {
            return Ok(());
        }
        if self.standing().await?.newest.is_none() {
            self.checkpoint().await?;
        }
        match self.attest(super::Ask::WitnessesAgain).await {
            // It is frozen now, and says so whenever something is to be appended.
            Err(NotaryError::Frozen(_)) => Ok(()),
            asked => asked.map(|_| ()),
        }
    }

    pub(super) fn set_frozen(&self, frozen: Frozen) {
        // The first reason stays.
        drop(self.frozen.set(frozen));
        self.news.send_replace(());
    }

    /// Keeps what was said of a head since it was signed.
    #[cfg(feature = "network")]
    pub(super) async fn amend(&self, head: KnownHead) -> Result<(), NotaryError> {
        self.state.lock().await.heads.add(head)?;
        self.news.send_replace(());
        Ok(())
    }

    /// Why nothing is appended or signed, if so.
    #[must_use]
    pub fn frozen(&self) -> Option<&Frozen> {
        self.frozen.get()
    }

    /// How the log stands.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the store cannot be read.
    pub async fn standing(&self) -> Result<Standing, NotaryError> {
        let mut state = self.state.lock().await;
        state.epoch = self.epoch_in_log().await?;
        let head = self.options.store.head(&self.options.tenant).await?;
        let frozen = match self.guard(&state, head).await {
            Err(NotaryError::Frozen(frozen)) => Some(*frozen),
            guarded => guarded.map(|()| self.frozen().cloned())?,
        };
        Ok(Standing {
            origin: self.origin(state.epoch)?.to_string(),
            epoch: state.epoch,
            head,
            newest: self.newest(&state).cloned(),
            frozen,
        })
    }

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

    /// Signs the head of the log, unless it is signed already, and gives the newest signed head;
    /// `None` for a log without entries.
    ///
    /// When this returns, the head is in the heads file, on disk.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Frozen`] when the log does not contain the newest head known.
    pub async fn checkpoint(&self) -> Result<Option<KnownHead>, NotaryError> {
        if let Some(frozen) = self.frozen() {
            return Err(frozen.clone().into());
        }
        let mut state = self.state.lock().await;
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
        if let Err(error) = self.guard(&state, found).await {
            if let NotaryError::Frozen(frozen) = &error {
                self.set_frozen((**frozen).clone());
            }
            return Err(error);
        }
        let head = self.sign(&origin, found, &keys)?;
        state.heads.add(head.clone())?;
        self.news.send_replace(());
        if let Some(keys) = &mut state.keys {
            keys.retire(self.options.files.as_ref())?;
        }
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
        let origin = self.origin(state.epoch)?;
        let keys = state.keys.as_mut().ok_or(NotaryError::ReadOnly)?;
        keys.rotate(self.options.files.as_ref(), &origin)?;
        keys.newest(&origin).ok_or(NotaryError::ReadOnly)
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

    /// Signs the first head of an epoch that has just begun.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the head cannot be signed or kept.
    pub async fn begin_epoch(&self) -> Result<KnownHead, NotaryError> {
        let mut state = self.state.lock().await;
        state.epoch = self.epoch_in_log().await?;
        let found = self.options.store.head(&self.options.tenant).await?;
        let origin = self.origin(state.epoch)?;
        let keys = state.keys.as_ref().ok_or(NotaryError::ReadOnly)?;
        let head = self.sign(&origin, found, &keys.of(&origin))?;
        keys.publish_for(self.options.files.as_ref(), &origin)?;
        state.heads.add(head.clone())?;
        Ok(head)
    }

    /// Whether `found` contains the newest head known.
    async fn guard(&self, state: &State, found: LogHead) -> Result<(), NotaryError> {
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

    /// The root over the first `size` entries, out of the tiles.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Tree`] when tiles are missing.
    pub async fn root_at(&self, size: u64) -> Result<Hash, NotaryError> {
        let tree = TiledTree::new(size);
        let tiles = self.tiles(&tree.root_tiles()).await?;
        Ok(tree.root(&tiles)?)
    }

    /// The proof that the entry at `log_index` is in the tree of `size` entries.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Tree`] when it is not, or tiles are missing.
    pub async fn inclusion(&self, log_index: u64, size: u64) -> Result<Vec<Hash>, NotaryError> {
        let tree = TiledTree::new(size);
        let tiles = self.tiles(&tree.inclusion_tiles(log_index)?).await?;
        Ok(tree.inclusion_path(log_index, &tiles)?)
    }

    /// The proof that the tree of `to` entries begins with that of `from`.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Tree`] when `from` is the larger one, or tiles are missing.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, NotaryError> {
        let tree = TiledTree::new(to);
        let tiles = self.tiles(&tree.consistency_tiles(from)?).await?;
        Ok(tree.consistency_path(from, &tiles)?)
    }

    async fn tiles(&self, ids: &[TileId]) -> Result<BTreeMap<TileId, Vec<Hash>>, NotaryError> {
        Ok(self.options.store.tiles(&self.options.tenant, ids).await?)
    }

    /// The epoch of the log: one more than it has records of succession.
    pub(super) async fn epoch_in_log(&self) -> Result<u64, NotaryError> {
        let find = Find {
            kind: Some(Kind::Succession),
            ..Find::default()
        };
        let found = self
            .options
            .store
            .find(&self.options.tenant, &find, MOST_EPOCHS)
            .await?;
        Ok(u64::try_from(found.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1))
    }

    pub(super) fn origin(&self, epoch: u64) -> Result<KeyName, NotaryError> {
        Ok(match epoch {
            1 => self.log.parse()?,
            epoch => format!("{}/{epoch}", self.log).parse()?,
        })
    }

    fn newest<'s>(&self, state: &'s State) -> Option<&'s KnownHead> {
        state.heads.newest(|origin| self.is_ours(origin))
    }

    fn is_ours(&self, origin: &str) -> bool {
        self.epoch_of(origin).is_some()
    }

    /// The epoch of an origin of this log; `None` for that of another.
    fn epoch_of(&self, origin: &str) -> Option<u64> {
        match origin.strip_prefix(self.log.as_str())? {
            "" => Some(1),
            rest => rest.strip_prefix('/')?.parse().ok(),
        }
    }

    /// What the origins of every log of this trail begin with.
    fn trail_prefix(&self) -> &str {
        let end = self.log.rfind('/').map_or(self.log.len(), |at| at + 1);
        &self.log[..end]
    }
}

/// More than a log can ever need.
const MOST_EPOCHS: u32 = 10_000;
