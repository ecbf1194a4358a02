//! One process signs at a time, where several share a trail.
//!
//! Whoever signs holds a file locked, in the folder of the heads: the operating system lets go of it
//! when the process ends, however it ends. A process that is stopped keeps its turn, and nothing is
//! signed until it goes on or ends: two that write one file of heads would be worse.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::files::fault;
use super::heads::Heads;
use super::keys::Keys;
use super::open::State;
use super::{KnownHead, Notary, NotaryError};

/// Who signs.
pub(super) enum Turn<'n> {
    /// This process.
    Ours(MutexGuard<'n, State>),
    /// Another one, which has signed this head: it covers what was in the log.
    Theirs(Option<KnownHead>),
}

impl Notary {
    /// Whether other processes may append to the log and sign its heads.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.options.signer.is_some()
    }

    /// Whether heads are signed here, and not by another process.
    pub async fn signs(&self) -> bool {
        self.state.lock().await.keys.is_some()
    }

    /// Lets another process sign; nothing more is signed here.
    pub async fn let_go(&self) {
        let mut state = self.state.lock().await;
        if self.is_shared() {
            state.is_over = true;
            state.keys = None;
            state.turn = None;
        }
    }

    /// Opens the keys for signing, if it is our turn or can become so.
    pub(super) fn take_turn(&self, state: &mut State) -> Result<(), NotaryError> {
        if state.keys.is_some() || state.is_over {
            return Ok(());
        }
        if let Some(path) = &self.options.signer {
            let Some(turn) = locked(path)? else {
                return self.look_again(state);
            };
            state.turn = Some(turn);
            if let Some(elsewhere) = &self.elsewhere {
                elsewhere.ask_again();
            }
            // Whoever signed before has added to it.
            let heads = self.options.files.as_ref().map(|it| it.heads.as_path());
            state.heads = Heads::open(heads)?;
        }
        let origin = self.origin(state.epoch)?;
        let files = self.options.files.as_ref();
        let may_create = state.heads.all().is_empty() || self.options.replace_lost_key;
        let newest = self.newest(state);
        state.keys = Some(Keys::open(files, &origin, newest, may_create)?);
        Ok(())
    }

    /// Reads the heads that another process has signed since.
    pub(super) fn look_again(&self, state: &mut State) -> Result<(), NotaryError> {
        if self.is_shared() && state.keys.is_none() {
            state.heads.read_again()?;
        }
        Ok(())
    }

    /// Waits until it is our turn, or until another process has signed all that is in the log now.
    pub(super) async fn state_of_signer(&self) -> Result<Turn<'_>, NotaryError> {
        let Some(path) = &self.options.signer else {
            return Ok(Turn::Ours(self.state.lock().await));
        };
        let mut wanted = None;
        for _ in 0..TRIES {
            let mut state = self.state.lock().await;
            state.epoch = self.epoch_in_log().await?;
            self.take_turn(&mut state)?;
            if state.keys.is_some() {
                return Ok(Turn::Ours(state));
            }
            let found = self.options.store.head(&self.options.tenant).await?;
            // why: whoever signs may be stopped while another copy takes the place of the database.
            self.hold(&state, found).await?;
            let size = *wanted.get_or_insert(found.size);
            let newest = self.newest(&state);
            if size == 0 || newest.is_some_and(|it| it.head().size >= size) {
                let newest = newest.cloned();
                drop(state);
                self.news.send_replace(());
                return Ok(Turn::Theirs(newest));
            }
            drop(state);
            tokio::time::sleep(PAUSE).await;
        }
        Err(NotaryError::AnotherSigns {
            path: path.display().to_string(),
        })
    }

    /// Why nothing can be signed here.
    pub(super) fn no_keys(&self) -> NotaryError {
        match &self.options.signer {
            Some(path) => NotaryError::AnotherSigns {
                path: path.display().to_string(),
            },
            None => NotaryError::ReadOnly,
        }
    }
}

fn locked(path: &Path) -> Result<Option<File>, NotaryError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(path)
        .map_err(|source| fault(path, "written", source))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(fault(path, "locked", source)),
    }
}

/// Whoever signs does so every second.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);
