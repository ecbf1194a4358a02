//! Where drafts go.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::assembly::CountCache;
use crate::capture::BoxError;
use crate::record::{Clock, Draft, IdSource, Receipt, RecordId};

/// Where a capture takes its time and ids from, and where its record goes.
#[async_trait]
pub trait Sink: fmt::Debug + Send + Sync {
    /// The time of day for everything that is recorded.
    fn clock(&self) -> &dyn Clock;

    /// The source of record ids.
    fn ids(&self) -> &dyn IdSource;

    /// The token counts that all captures of this sink share.
    fn counts(&self) -> &Arc<CountCache>;

    /// Seals and appends `draft`; returns when it is as durable as the trail promises.
    ///
    /// A draft is handed over by the first poll: dropping the future afterwards ends the waiting,
    /// not the write.
    ///
    /// # Errors
    ///
    /// [`SinkError`] when the record is not stored, or not known to be.
    async fn write(&self, draft: Draft) -> Result<Receipt, SinkError>;

    /// Hands `draft` over without waiting, which makes it fit for `Drop`.
    ///
    /// The result arrives through the returned [`Pending`], which may be dropped.
    fn submit(&self, draft: Draft) -> Pending;
}

/// The result of a write that is still under way.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Receipt, SinkError>>);

/// The end of a [`Pending`] that the writer holds.
#[derive(Debug)]
pub struct PendingSender(oneshot::Sender<Result<Receipt, SinkError>>);

impl Pending {
    /// Makes a result to wait for, and the end to answer it by.
    #[must_use]
    pub fn channel() -> (PendingSender, Self) {
        let (sender, receiver) = oneshot::channel();
        (PendingSender(sender), Self(receiver))
    }
}

impl PendingSender {
    /// Answers whoever waits; nobody has to.
    pub fn complete(self, result: Result<Receipt, SinkError>) {
        // Nobody waiting is allowed: the builder was dropped.
        self.0.send(result).ok();
    }
}

impl Future for Pending {
    type Output = Result<Receipt, SinkError>;

    /// A writer that went away without an answer is [`SinkError::Closed`].
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|answer| answer.unwrap_or(Err(SinkError::Closed)))
    }
}

/// Why a record is not stored, or not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A record with this id and other content is stored already. The one stored stays.
    #[error("record {0} is already stored with other content")]
    Conflict(RecordId),
    /// The draft names a record that is not in the trail. Write that one first.
    #[error("the {what} {id} is not in the trail")]
    UnknownRecord {
        /// What kind of record is missing: `context`, `decision`.
        what: &'static str,
        /// The id named.
        id: RecordId,
    },
    /// The draft is larger than the trail takes. Nothing is stored.
    #[error("the record has {size_bytes} bytes, the trail takes at most {limit_bytes}")]
    TooLarge {
        /// Size of the draft in bytes.
        size_bytes: u64,
        /// The largest size taken, in bytes.
        limit_bytes: u64,
    },
    /// The draft holds what no record can hold. Nothing is stored.
    #[error("the record cannot be sealed")]
    Unsealable {
        /// What it holds.
        #[source]
        source: BoxError,
    },
    /// A rule refuses the draft.
    #[error("the record is refused")]
    Refused {
        /// The record that says so, if it is stored.
        id: Option<RecordId>,
        /// Which rule, and why.
        #[source]
        source: BoxError,
    },
    /// The trail was closed. Nothing is stored.
    #[error("the trail is closed")]
    Closed,
    /// The store cannot be written now. Writing the same draft again is safe.
    #[error("the trail cannot be written")]
    Unavailable {
        /// What the store says.
        #[source]
        source: BoxError,
    },
}
