//! Signed heads in a second place, which goes down with neither the database nor the files beside it.
//!
//! A head lies there under a name that rises with it, and is never replaced:
//! `heads/TRAIL/TENANT/EPOCH/…/SIZE.head`. The newest one is found by listing six folders of at most a
//! thousand names each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::open::State;
use super::{KnownHead, Notary, NotaryError};
use crate::store::{Archive, ArchiveError};

/// The second place, and what is known of it.
#[derive(Debug)]
pub(super) struct Elsewhere {
    place: Arc<dyn Archive>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Whether it was asked for what it has.
    asked: bool,
    /// The newest head that is there.
    newest: Option<KnownHead>,
}

/// How the second place of the heads stands.
#[derive(Clone, Debug)]
pub struct HeadPlace {
    /// Where it is.
    pub place: String,
    /// The newest head there, as far as it is known here.
    pub newest: Option<KnownHead>,
    /// Why it cannot be said what is there, if so.
    pub away: Option<String>,
}

impl Elsewhere {
    pub(super) fn new(place: Arc<dyn Archive>) -> Self {
        Self {
            place,
            seen: Mutex::default(),
        }
    }

    fn newest(&self) -> Option<KnownHead> {
        self.seen().newest.clone()
    }

    fn is_asked(&self) -> bool {
        self.seen().asked
    }

    /// Has it asked once more before anything is signed.
    pub(super) fn ask_again(&self) {
        self.seen().asked = false;
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        // What is in it is whole between any two statements.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saw(&self, head: Option<KnownHead>) {
        let mut seen = self.seen();
        seen.asked = true;
        if head.is_some() {
            seen.newest = head;
        }
    }

    fn fault(&self, what: impl Into<String>) -> NotaryError {
        NotaryError::Elsewhere {
            place: self.place.place(),
            what: what.into(),
            source: None,
        }
    }

    fn away(&self, source: ArchiveError) -> NotaryError {
        NotaryError::Elsewhere {
            place: self.place.place(),
            what: "it cannot be reached".to_owned(),
            source: Some(Box::new(source)),
        }
    }

    /// Gives up on a place that does not answer.
    async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, ArchiveError>>,
    ) -> Result<T, NotaryError> {
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(|error| self.away(error)),
            Err(_) => Err(self.fault(format!("it did not answer within {PATIENCE:?}"))),
        }
    }

    /// The newest head of the log that lies in `folder`.
    async fn find(&self, folder: &str) -> Result<Option<KnownHead>, NotaryError> {
        let mut folder = folder.to_owned();
        for _ in 0..DEPTH {
            let below = self.within(self.place.folders(&folder)).await?;
            let Some(newest) = below.into_iter().max() else {
                return Ok(None);
            };
            folder = newest;
        }
        let heads = self.within(self.place.list(&folder)).await?;
        match heads.into_iter().max() {
            Some(name) => self.read(&name).await,
            None => Ok(None),
        }
    }

    async fn read(&self, name: &str) -> Result<Option<KnownHead>, NotaryError> {
        let Some(size) = self.within(self.place.size(name)).await? else {
            return Ok(None);
        };
        if size > MOST_BYTES {
            return Err(self.fault(format!("{name} is too long for a head")));
        }
        let bytes = self.within(self.place.read(name, 0..size)).await?;
        let line = String::from_utf8(bytes).map_err(|error| error.to_string());
        let head = line.and_then(|line| super::head::Line::read(line.trim_end()));
        let head = head.map_err(|what| self.fault(format!("{name} is no head: {what}")))?;
        Ok(Some(head))
    }
}

impl Notary {
    /// Asks the second place for its newest head, once: what it knows, and the heads file does not,
    /// is known from then on.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Elsewhere`] when it does not answer, or with what no key of the trail signed.
    pub(super) async fn learn(&self) -> Result<(), NotaryError> {
        let Some(elsewhere) = self.elsewhere.as_ref().filter(|it| !it.is_asked()) else {
            return Ok(());
        };
        let found = elsewhere.find(&self.folder()).await?;
        if let Some(head) = &found {
            let origin = head.checkpoint.checkpoint().origin();
            let keys = self.trail_keys()?;
            let is_signed = keys.is_empty() || head.checkpoint.verify(&keys).is_ok();
            if self.epoch_of(origin).is_none() || !is_signed {
                let what = format!("no key of this trail signed the newest head of {origin} there");
                return Err(elsewhere.fault(what));
            }
        }
        if let Some(head) = found.clone() {
            self.take_over(&mut *self.state.lock().await, head)?;
        }
        elsewhere.saw(found);
        Ok(())
    }

    /// Whether the second place, if there is one, was asked since this process began to sign.
    pub(super) fn has_learnt(&self) -> bool {
        self.elsewhere.as_ref().is_none_or(Elsewhere::is_asked)
    }

    /// [`Notary::learn`], where a place that is away only keeps heads from being signed.
    pub(super) async fn try_to_learn(&self) -> Result<(), NotaryError> {
        match self.learn().await {
            Err(error @ NotaryError::Elsewhere { .. }) => {
                tracing::warn!(error = %error.in_full(), "nothing is signed until that place is there");
                Ok(())
            }
            learnt => learnt,
        }
    }

    fn take_over(&self, state: &mut State, head: KnownHead) -> Result<(), NotaryError> {
        let is_newer = self
            .newest(state)
            .is_none_or(|known| self.order(known) < self.order(&head));
        match is_newer {
            true if state.keys.is_some() => state.heads.add(head),
            true => {
                state.heads.learn(head);
                Ok(())
            }
            false => Ok(()),
        }
    }

    /// Whether the second place, if there is one, is known to have this head or a newer one.
    pub(super) fn is_kept(&self, head: &KnownHead) -> bool {
        let newest = self.elsewhere.as_ref().map(Elsewhere::newest);
        newest.is_none_or(|newest| newest.is_some_and(|it| self.order(&it) >= self.order(head)))
    }

    /// Puts a head into the second place; when this returns it is there.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Elsewhere`] when it is not there, or another head of its size.
    pub(super) async fn keep_elsewhere(&self, head: &KnownHead) -> Result<(), NotaryError> {
        let Some(elsewhere) = &self.elsewhere else {
            return Ok(());
        };
        if self.is_kept(head) {
            return Ok(());
        }
        let name = self.name_of(head);
        let mut line = super::head::line_of(head)?;
        line.push('\n');
        let put = elsewhere.place.put(&name, line.into_bytes());
        elsewhere.within(put).await?;
        // A file that was there stays as it was: what counts is what is there now.
        let there = elsewhere.read(&name).await?;
        let is_same = |it: &KnownHead| it.checkpoint.checkpoint() == head.checkpoint.checkpoint();
        match there {
            Some(there) if is_same(&there) => elsewhere.saw(Some(there)),
            Some(_) => return Err(elsewhere.fault(format!("{name} is the head of another log"))),
            None => return Err(elsewhere.fault(format!("{name} was put there and is gone"))),
        }
        Ok(())
    }

    /// How the second place stands, if there is one.
    pub async fn head_place(&self) -> Option<HeadPlace> {
        let elsewhere = self.elsewhere.as_ref()?;
        let asked = self.learn().await;
        Some(HeadPlace {
            place: elsewhere.place.place(),
            newest: elsewhere.newest(),
            away: asked.err().map(|error| error.in_full()),
        })
    }

    /// What the second place is known to have.
    pub(super) fn newest_elsewhere(&self) -> Option<KnownHead> {
        self.elsewhere.as_ref()?.newest()
    }

    fn order(&self, head: &KnownHead) -> (Option<u64>, u64) {
        let checkpoint = head.checkpoint.checkpoint();
        (self.epoch_of(checkpoint.origin()), checkpoint.size())
    }

    /// The folder of the heads of this log: `heads/TRAIL/TENANT`.
    fn folder(&self) -> String {
        let log = self.log.split_once('/').map_or("", |(_, log)| log);
        format!("heads/{log}")
    }

    fn name_of(&self, head: &KnownHead) -> String {
        let (epoch, size) = self.order(head);
        let epoch = epoch.unwrap_or(1);
        let (billions, millions, thousands) = (
            size / 1_000_000_000,
            size / 1_000_000 % 1_000,
            size / 1_000 % 1_000,
        );
        format!(
            "{}/{epoch:010}/{billions:011}/{millions:03}/{thousands:03}/{size:020}.head",
            self.folder()
        )
    }
}

/// Folders below that of a log: epoch, and three of the size.
const DEPTH: usize = 4;
/// Far more than a head with the cosignatures and timestamps it may have.
const MOST_BYTES: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);
