//! The appender: one task for each log, which commits in groups.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::load::{Counts, Load};
use super::{Placed, Prepared, Store, StoreError};
use crate::record::{Clock, Tenant};

/// The answer to one append. Everybody whose record was in a failed group gets the same error.
pub type Reply = Result<Placed, Arc<StoreError>>;

/// How much an appender takes at once.
#[derive(Clone, Copy, Debug)]
pub struct AppenderOptions {
    /// Bytes that may wait; [`Appender::append`] waits for room.
    pub queue_bytes: u32,
    /// Records in one transaction.
    pub group_records: usize,
}

impl Default for AppenderOptions {
    fn default() -> Self {
        Self {
            queue_bytes: 64 << 20,
            group_records: 512,
        }
    }
}

/// One task that appends to one log: it takes what is queued, commits it in one transaction, and
/// then answers everybody who waits.
pub struct Appender {
    queue: Mutex<Option<mpsc::UnboundedSender<Job>>>,
    room: Arc<Semaphore>,
    room_bytes: u32,
    counts: Arc<Counts>,
    /// `None` when it has ended. Held by whoever waits for that.
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are records, which a box would cost an allocation each"
)]
enum Job {
    Append {
        prepared: Prepared,
        reply: oneshot::Sender<Reply>,
        /// Given back when the job is done.
        room: Option<OwnedSemaphorePermit>,
    },
    /// Answered when everything before it is.
    Mark(oneshot::Sender<()>),
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender")
            .field("room_bytes", &self.room.available_permits())
            .finish_non_exhaustive()
    }
}

impl Appender {
    /// Starts the task for the log of `tenant` on the current tokio runtime.
    pub fn start(
        store: Arc<dyn Store>,
        tenant: Tenant,
        clock: Arc<dyn Clock>,
        options: AppenderOptions,
    ) -> Self {
        let (queue, jobs) = mpsc::unbounded_channel();
        let counts = Arc::<Counts>::default();
        let group = Group {
            counts: Arc::clone(&counts),
            store,
            tenant,
            clock,
            most: options.group_records.max(1),
        };
        let room = usize::try_from(options.queue_bytes).unwrap_or(usize::MAX);
        Self {
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(room)),
            room_bytes: options.queue_bytes,
            counts,
            task: tokio::sync::Mutex::new(Some(tokio::spawn(group.run(jobs)))),
        }
    }

    /// How busy it is.
    #[must_use]
    pub fn load(&self) -> Load {
        let whole = u64::from(self.room_bytes);
        let left = u64::try_from(self.room.available_permits()).unwrap_or(whole);
        self.counts.load((whole, whole.saturating_sub(left)))
    }

    /// Appends one record; waits for room in the queue, and until the record is durable.
    ///
    /// # Errors
    ///
    /// The error of the group it was in; the record is not stored then.
    pub async fn append(&self, prepared: Prepared) -> Reply {
        let bytes = self.bytes_of(&prepared);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await;
        let answer = self.enqueue(prepared, room.ok());
        answer
            .await
            .unwrap_or_else(|_| Err(Arc::new(StoreError::Closed)))
    }

    /// Queues one record if there is room, without waiting.
    ///
    /// # Errors
    ///
    /// Gives the record back when the queue is full.
    pub fn try_append(
        &self,
        prepared: Prepared,
    ) -> Result<oneshot::Receiver<Reply>, Box<Prepared>> {
        let bytes = self.bytes_of(&prepared);
        match Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            Ok(room) => Ok(self.enqueue(prepared, Some(room))),
            Err(_) => Err(Box::new(prepared)),
        }
    }

    /// Queues one record whether there is room or not: for the few that nobody can wait for.
    pub fn push(&self, prepared: Prepared) -> oneshot::Receiver<Reply> {
        self.enqueue(prepared, None)
    }

    /// Waits until everything that is queued now is answered.
    pub async fn flush(&self) {
        let (reply, answer) = oneshot::channel();
        let marked = {
            let queue = self.queue.lock().expect("no holder of this lock panics");
            queue
                .as_ref()
                .map(|queue| drop(queue.send(Job::Mark(reply))))
        };
        match marked {
            // A task that ended early has dropped the mark.
            Some(()) => drop(answer.await),
            None => self.ended().await,
        }
    }

    /// Takes nothing more, and returns when everything queued is answered: to every caller, and also
    /// to one who comes after another has stopped waiting.
    pub async fn close(&self) {
        drop(
            self.queue
                .lock()
                .expect("no holder of this lock panics")
                .take(),
        );
        self.ended().await;
    }

    async fn ended(&self) {
        let mut task = self.task.lock().await;
        if let Some(running) = task.as_mut() {
            // The handle stays in its place until then: whoever waits may be cancelled.
            if let Err(error) = running.await {
                tracing::error!(error = %error, "the appender stopped early");
            }
            *task = None;
        }
    }

    fn bytes_of(&self, prepared: &Prepared) -> u32 {
        u32::try_from(prepared.queued_bytes())
            .unwrap_or(u32::MAX)
            .min(self.room_bytes)
    }

    fn enqueue(
        &self,
        prepared: Prepared,
        room: Option<OwnedSemaphorePermit>,
    ) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Append {
            prepared,
            reply,
            room,
        };
        let queue = self.queue.lock().expect("no holder of this lock panics");
        if let Some(queue) = &*queue {
            self.counts.came();
            // A job that cannot be sent drops its reply, which its waiter reads as closed.
            if queue.send(job).is_err() {
                self.counts.left();
            }
        }
        answer
    }
}

struct Group {
    counts: Arc<Counts>,
    store: Arc<dyn Store>,
    tenant: Tenant,
    clock: Arc<dyn Clock>,
    most: usize,
}

impl Group {
    async fn run(self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut group = Vec::with_capacity(self.most);
        while jobs.recv_many(&mut group, self.most).await > 0 {
            let mut batch = Vec::with_capacity(group.len());
            let mut waiters = Vec::with_capacity(group.len());
            let mut marks = Vec::new();
            for job in group.drain(..) {
                match job {
                    Job::Append {
                        prepared,
                        reply,
                        room,
                    } => {
                        batch.push(prepared);
                        waiters.push((reply, room));
                    }
                    Job::Mark(reply) => marks.push(reply),
                }
            }
            let answers = match batch.as_slice() {
                [] => Vec::new(),
                batch => {
                    let began = Instant::now();
                    let answers = self.append(batch).await;
                    let failed = answers.iter().filter(|it| it.is_err()).count();
                    self.counts.went(batch.len(), failed, began.elapsed());
                    answers
                }
            };
            for ((reply, room), answer) in waiters.into_iter().zip(answers) {
                drop(room);
                // Whoever does not wait any longer finds the record in the log.
                drop(reply.send(answer));
            }
            for mark in marks {
                mark.send(()).ok();
            }
            if let Err(error) = self.store.settle(false).await {
                tracing::warn!(error = %error, "the store could not be settled; it will be tried again");
            }
        }
    }

    async fn append(&self, batch: &[Prepared]) -> Vec<Reply> {
        match self
            .store
            .append(&self.tenant, batch, self.clock.now())
            .await
        {
            Ok(placed) => placed.into_iter().map(Ok).collect(),
            Err(error) if batch.len() == 1 || error.is_passing() => {
                let error = Arc::new(error);
                batch.iter().map(|_| Err(Arc::clone(&error))).collect()
            }
            // why: one record that the database refuses must not take its neighbours with it.
            Err(_) => {
                let mut answers = Vec::with_capacity(batch.len());
                for one in batch.chunks(1) {
                    let placed = self.store.append(&self.tenant, one, self.clock.now()).await;
                    answers.push(match placed {
                        Ok(placed) => placed.first().copied().ok_or(Arc::new(StoreError::Closed)),
                        Err(error) => Err(Arc::new(error)),
                    });
                }
                answers
            }
        }
    }
}
