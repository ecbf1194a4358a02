//! The notary of one log: opened, held against what is known, asked how the log stands.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, watch};

use super::elsewhere::Elsewhere;
use super::heads::Heads;
use super::keys::Keys;
use super::{Frozen, KnownHead, NotaryError, NotaryFiles};
use crate::record::{Clock, Tenant, TrailId};
use crate::store::{Archive, LogHead, Store};

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
    /// The file that whoever signs holds locked, where several processes share a trail: the others
    /// look at what was signed, and take over when it is let go of. `None` where one alone writes.
    pub signer: Option<PathBuf>,
    /// A second place for signed heads, which goes down with neither the database nor the files:
    /// nothing is signed while it is away, and what it knows of the log is held against it.
    pub elsewhere: Option<Arc<dyn Archive>>,
    /// Whether a signing key that is gone may be replaced by a new one.
    pub replace_lost_key: bool,
    /// Who is asked to attest heads.
    #[cfg(feature = "network")]
    pub attesters: super::Attesters,
}

/// Signs the heads of one log, and holds each against the newest one known.
pub struct Notary {
    pub(super) options: NotaryOptions,
    /// The origin of the first epoch.
    pub(super) log: String,
    pub(super) state: Mutex<State>,
    frozen: OnceLock<Frozen>,
    pub(super) elsewhere: Option<Elsewhere>,
    /// Tells those who wait for a level that there is more to see.
    pub(super) news: watch::Sender<()>,
    #[cfg(feature = "network")]
    pub(super) remote: super::remote::Remote,
}

pub(super) struct State {
    /// `None` when opened for reading, and while another process signs.
    pub(super) keys: Option<Keys>,
    /// Held while this process signs for a trail that others share.
    pub(super) turn: Option<std::fs::File>,
    /// Nothing is signed here any longer.
    pub(super) is_over: bool,
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
                turn: None,
                is_over: false,
                heads,
                epoch: 1,
            }),
            frozen: OnceLock::new(),
            elsewhere: options.elsewhere.clone().map(Elsewhere::new),
            news: watch::Sender::new(()),
            #[cfg(feature = "network")]
            remote: super::remote::Remote::new(options.attesters.clone())?,
            options,
        };
        if !sign {
            notary.try_to_learn().await?;
            return Ok(notary);
        }
        let mut state = notary.state.lock().await;
        state.epoch = notary.epoch_in_log().await?;
        notary.take_turn(&mut state)?;
        let signs = state.keys.is_some();
        drop(state);
        if signs {
            notary.try_to_learn().await?;
        }
        let state = notary.state.lock().await;
        let found = notary.options.store.head(&notary.options.tenant).await?;
        match notary.guard(&state, found).await {
            Err(NotaryError::Frozen(frozen)) => notary.set_frozen(*frozen),
            guarded => guarded?,
        }
        drop(state);
        #[cfg(feature = "network")]
        if signs {
            notary.ask_at_open().await?;
        }
        #[cfg(not(feature = "network"))]
        let _ = signs;
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
        let mut state = self.state.lock().await;
        if state.keys.is_some() || self.options.signer.is_none() {
            state.heads.add(head)?;
        }
        drop(state);
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
        self.look_again(&mut state)?;
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
}
