//! The one way in: link, seal, append, and only then show the id.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::copy::is_same;
use super::link::Linked;
use super::{Acting, Evidence, Inner, Trail, TrailError};
use crate::assembly::CountCache;
use crate::capture::{Pending, Sink, SinkError};
use crate::log::Hash;
use crate::record::{Acknowledged, Body, Clock, Digest, Draft, Head, IdSource, Receipt, Trace};
use crate::seal::{Sealed, Source, seal};
use crate::store::{Appender, Placed, Prepared, Reply, Spooled, StoreError};

impl Trail {
    /// Seals and appends `draft`; returns when it is as durable as the trail promises.
    ///
    /// The same id with the same content gives the same receipt. The draft is handed over by the
    /// first poll: dropping the future afterwards ends the waiting, not the write.
    ///
    /// # Errors
    ///
    /// [`TrailError::Conflict`] for a known id with other content, [`TrailError::UnknownRecord`]
    /// when it names a record that is not there, [`TrailError::Govern`] for a decision that its use
    /// case refuses, [`TrailError::Invalid`] for a trace that is none, [`TrailError::Blocked`] when a
    /// redaction rule refuses it, [`TrailError::Store`] when it cannot be stored.
    pub async fn record(&self, mut draft: Draft) -> Result<Receipt, TrailError> {
        check_trace(&draft)?;
        list_entities_of_features(&mut draft);
        if Self::is_governed(&draft) {
            return self.detached(Self::govern_and_record, draft).await;
        }
        self.record_from(draft, Source::New).await
    }

    /// Redacts a new record, and appends it. One that is imported is redacted before this.
    pub(super) async fn record_from(
        &self,
        draft: Draft,
        source: Source,
    ) -> Result<Receipt, TrailError> {
        match source {
            Source::New if !self.redaction().is_empty() => self.redact_and_append(draft).await,
            source => self.append_from(draft, source).await,
        }
    }

    pub(super) async fn append_from(
        &self,
        mut draft: Draft,
        source: Source,
    ) -> Result<Receipt, TrailError> {
        #[cfg(feature = "network")]
        if let Some(remote) = self.remote() {
            return remote.record(self, draft, &source).await;
        }
        if let Some(refs) = self.link_from_memory(&mut draft, &source) {
            let refs = refs?;
            let sealed = self.seal_only(draft, &source)?;
            if !self.knows_keys_of(&sealed.owners) {
                return self.detached(Self::lock_and_append, (sealed, refs)).await;
            }
            return match self.0.enqueue(self.prepare(sealed, refs)?)? {
                Enqueued::Answered(receipt) => Ok(receipt),
                Enqueued::Waiting(waiting, answer) => self.acknowledge(*waiting, answer).await,
                Enqueued::Full(sealed) => self.detached(Self::append_when_room, *sealed).await,
            };
        }
        self.detached(Self::link_and_append, (draft, source)).await
    }

    /// Runs a write to its end even if nobody waits for it any longer.
    pub(super) async fn detached<A, F>(
        &self,
        write: fn(Self, A) -> F,
        argument: A,
    ) -> Result<Receipt, TrailError>
    where
        A: Send + 'static,
        F: Future<Output = Result<Receipt, TrailError>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let trail = self.clone();
        self.spawn(async move {
            // Whoever does not wait any longer finds the record in the log.
            drop(sender.send(write(trail, argument).await));
        })?;
        receiver
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    async fn link_and_append(
        self,
        (mut draft, source): (Draft, Source),
    ) -> Result<Receipt, TrailError> {
        let refs = self.link(&mut draft, &source).await?;
        let sealed = self.seal_only(draft, &source)?;
        self.lock_and_append((sealed, refs)).await
    }

    async fn lock_and_append(
        self,
        (sealed, refs): (Sealed, Vec<Hash>),
    ) -> Result<Receipt, TrailError> {
        self.learn_keys_of(&sealed.owners).await?;
        let submission = self.prepare(sealed, refs)?;
        self.append_when_room(submission).await
    }

    async fn append_when_room(self, sealed: Submission) -> Result<Receipt, TrailError> {
        match self.0.enqueue(sealed)? {
            Enqueued::Answered(receipt) => Ok(receipt),
            Enqueued::Waiting(waiting, answer) => self.acknowledge(*waiting, answer).await,
            Enqueued::Full(submission) => {
                let Submission { sealed, prepared } = *submission;
                let refs = prepared.refs.clone();
                let answer = self.0.appender()?.append(prepared).await;
                self.answered((sealed, refs), answer).await
            }
        }
    }

    /// Encrypts what is sealed under keys that are known.
    fn prepare(&self, sealed: Sealed, refs: Vec<Hash>) -> Result<Submission, TrailError> {
        let prepared = Prepared::new(&sealed, refs, self.vault())?;
        Ok(Submission { sealed, prepared })
    }

    /// Seals a draft that is linked, and stores nothing.
    pub(super) fn seal_only(&self, draft: Draft, source: &Source) -> Result<Sealed, TrailError> {
        Ok(seal(self.head_of(&draft), draft, source)?)
    }

    /// The members that a record of `draft` has whatever its kind.
    pub(super) fn head_of(&self, draft: &Draft) -> Head {
        Head {
            id: draft.id,
            tenant: self.tenant().clone(),
            recorded_at: draft.recorded_at.unwrap_or_else(|| self.clock().now()),
            actor: draft.actor.clone().unwrap_or_else(|| self.actor().clone()),
        }
    }

    async fn acknowledge(
        &self,
        waiting: Linking,
        answer: oneshot::Receiver<Reply>,
    ) -> Result<Receipt, TrailError> {
        let answer = answer.await;
        let answer = answer.unwrap_or_else(|_| Err(Arc::new(StoreError::Closed)));
        self.answered(waiting, answer).await
    }

    pub(super) async fn answered(
        &self,
        (sealed, refs): Linking,
        answer: Reply,
    ) -> Result<Receipt, TrailError> {
        let placed = self.or_under_new_keys(&sealed, &refs, answer).await?;
        self.receipt(&sealed, placed).await
    }

    pub(super) async fn receipt(
        &self,
        sealed: &Sealed,
        placed: Placed,
    ) -> Result<Receipt, TrailError> {
        if placed.existed {
            self.check_same(sealed).await?;
        }
        self.0.grown_to(placed.log_index + 1);
        self.0.registry.appended(sealed.record.kind());
        self.0.linked.insert(
            sealed.record.head.id,
            Linked {
                kind: sealed.record.kind(),
                entry_hash: Some(placed.entry_hash),
                about: sealed.about.clone(),
            },
        );
        Ok(Receipt {
            id: sealed.record.head.id,
            kind: sealed.record.kind(),
            tenant: self.tenant().clone(),
            log_index: Some(placed.log_index),
            entry_hash: Some(Digest::Sha256(placed.entry_hash)),
            acknowledged: Acknowledged::Durable,
        })
    }

    /// Whether the record that is there already says the same as the one that came.
    async fn check_same(&self, sealed: &Sealed) -> Result<(), TrailError> {
        let id = sealed.record.head.id;
        match self.read(id).await? {
            Some(stored) if is_same(&stored, sealed) => Ok(()),
            _ => Err(TrailError::Conflict(id)),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Result<(), TrailError> {
        let runtime = self.0.runtime.as_ref().ok_or(TrailError::ReadOnly)?;
        self.0.tasks.spawn(task, runtime);
        Ok(())
    }

    /// Waits until no write is under way any longer.
    pub(super) async fn finish_tasks(&self) {
        self.0.tasks.finish("a write").await;
    }
}

pub(super) fn check_trace(draft: &Draft) -> Result<(), TrailError> {
    let trace = match &draft.body {
        Body::Context(context) => &context.trace,
        Body::Decision(decision) => &decision.trace,
        _ => &None,
    };
    Ok(trace.as_ref().map_or(Ok(()), Trace::check)?)
}

/// A context is about everybody its features are about, whoever put it together.
fn list_entities_of_features(draft: &mut Draft) {
    let Body::Context(context) = &mut draft.body else {
        return;
    };
    for entity in context.features.iter().filter_map(|it| it.entity.as_ref()) {
        if !context.entities.contains(entity) {
            context.entities.push(entity.clone());
        }
    }
}

/// A sealed record, and the entry hashes of those it refers to.
type Linking = (Sealed, Vec<Hash>);

/// A sealed record on its way to the appender.
struct Submission {
    sealed: Sealed,
    prepared: Prepared,
}

enum Enqueued {
    /// It is queued or spooled, and its receipt says so.
    Answered(Receipt),
    /// It is queued, and the answer will come.
    Waiting(Box<Linking>, oneshot::Receiver<Reply>),
    /// There is no room.
    Full(Box<Submission>),
}

impl Inner {
    /// Lets the notary know that the log has grown.
    pub(super) fn grown_to(&self, size: u64) {
        if let Some(signing) = &self.signing {
            signing.grown_to(size);
        }
    }

    pub(super) fn appender(&self) -> Result<&Appender, TrailError> {
        if let Some(frozen) = self.notary.frozen() {
            return Err(TrailError::Frozen(Box::new(frozen.clone())));
        }
        self.appender.as_ref().ok_or(TrailError::ReadOnly)
    }

    /// Queues a record without waiting.
    fn enqueue(self: &Arc<Self>, submission: Submission) -> Result<Enqueued, TrailError> {
        let appender = self.appender()?;
        if self.options.evidence == Evidence::BestEffort {
            return self.enqueue_best_effort(appender, submission);
        }
        let Submission { sealed, prepared } = submission;
        let refs = prepared.refs.clone();
        Ok(match appender.try_append(prepared) {
            Ok(answer) => Enqueued::Waiting(Box::new((sealed, refs)), answer),
            Err(prepared) => Enqueued::Full(Box::new(Submission {
                sealed,
                prepared: *prepared,
            })),
        })
    }

    fn enqueue_best_effort(
        self: &Arc<Self>,
        appender: &Appender,
        Submission { sealed, prepared }: Submission,
    ) -> Result<Enqueued, TrailError> {
        let new_keys = prepared.new_keys.iter();
        let spooled = Spooled {
            slots: prepared.slots.clone(),
            keys: new_keys.map(|new| new.row.clone()).collect(),
            shared: prepared.shared.clone(),
        };
        let receipt = Receipt {
            id: prepared.id,
            kind: prepared.kind,
            tenant: self.options.tenant.clone(),
            log_index: None,
            entry_hash: None,
            acknowledged: Acknowledged::Queued,
        };
        let linked = Linked {
            kind: prepared.kind,
            entry_hash: None,
            about: sealed.about.clone(),
        };
        let refs = prepared.refs.clone();
        match appender.try_append(prepared) {
            Ok(answer) => self.watch(answer, spooled, (sealed, refs))?,
            Err(_) => self.spool(&spooled)?,
        }
        // What neither takes is not there for others to name.
        self.linked.insert(receipt.id, linked);
        Ok(Enqueued::Answered(receipt))
    }

    /// Spools a queued record should the store not take it.
    fn watch(
        self: &Arc<Self>,
        answer: oneshot::Receiver<Reply>,
        spooled: Spooled,
        (sealed, refs): Linking,
    ) -> Result<(), TrailError> {
        let trail = Trail(Arc::clone(self), Acting::default());
        let inner = Arc::clone(self);
        trail.clone().spawn(async move {
            let answer = answer.await;
            let answer = answer.unwrap_or_else(|_| Err(Arc::new(StoreError::Closed)));
            let problem = match trail.answered((sealed, refs), answer).await {
                Ok(_) => return,
                Err(error) => error.to_string(),
            };
            tracing::warn!(problem, "the store did not take a queued record; it goes to the spool");
            if let Err(error) = inner.spool(&spooled) {
                tracing::error!(error = %error, "a queued record is lost: neither the store nor the spool took it");
            }
        })
    }
}

#[async_trait]
impl Sink for Trail {
    fn clock(&self) -> &dyn Clock {
        &*self.0.options.clock
    }

    fn ids(&self) -> &dyn IdSource {
        self.1.ids.as_deref().unwrap_or(&*self.0.options.ids)
    }

    fn counts(&self) -> &Arc<CountCache> {
        &self.0.counts
    }

    async fn write(&self, draft: Draft) -> Result<Receipt, SinkError> {
        Ok(self.record(draft).await?)
    }

    fn submit(&self, draft: Draft) -> Pending {
        let (sender, pending) = Pending::channel();
        let trail = self.clone();
        let id = draft.id;
        let started = self.spawn(async move {
            let result = trail.record(draft).await.inspect_err(|error| {
                tracing::error!(record.id = %id, error = %error, "a record was not stored");
            });
            sender.complete(result.map_err(SinkError::from));
        });
        if let Err(error) = started {
            tracing::error!(record.id = %id, error = %error, "a record was not stored");
        }
        pending
    }
}
