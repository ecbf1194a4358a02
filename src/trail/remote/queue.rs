//! The queue of a client: records go in the order they came, many in one request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::RemoteError;
use super::connection::{Ask, Connection, jittered};
use super::outgoing::{Outgoing, path};
use super::state::{Job, State};
use super::waiting::Waiting;
use crate::record::{Receipt, Tenant};

/// What is on its way to the server.
pub(super) struct Queue {
    shared: Arc<Shared>,
    worker: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    connection: Arc<Connection>,
    state: Mutex<State>,
    /// Something came, or nothing more will.
    news: Notify,
}

impl Queue {
    pub(super) fn start(
        connection: Arc<Connection>,
        waiting: Option<Waiting>,
        runtime: &Handle,
    ) -> Self {
        let is_patient = waiting.is_none();
        let shared = Arc::new(Shared {
            connection,
            state: Mutex::new(State::new(waiting)),
            news: Notify::new(),
        });
        let worker = Worker {
            shared: Arc::clone(&shared),
            is_patient,
            taken: VecDeque::new(),
            sent_bytes: 0,
        };
        Self {
            shared,
            worker: tokio::sync::Mutex::new(Some(runtime.spawn(worker.run()))),
        }
    }

    /// Sends a record and waits for its receipt.
    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<Receipt, RemoteError> {
        let (answer, answered) = oneshot::channel();
        self.shared.state().take(outgoing, answer)?;
        self.shared.news.notify_one();
        answered.await.unwrap_or(Err(RemoteError::Closed))
    }

    /// Hands a record over: to the queue, or to the disk when others wait there already.
    pub(super) fn hand_over(
        &self,
        outgoing: Outgoing,
        tenant: &Tenant,
    ) -> Result<Receipt, RemoteError> {
        let receipt = outgoing.queued(tenant);
        self.shared.state().hand_over(outgoing)?;
        self.shared.news.notify_one();
        Ok(receipt)
    }

    /// Sends what is left, and ends. What the server does not take now stays on disk.
    pub(super) async fn close(&self) {
        self.shared.state().is_closed = true;
        self.shared.news.notify_one();
        let mut worker = self.worker.lock().await;
        if let Some(running) = worker.as_mut() {
            // The handle stays in its place until then: whoever waits may be cancelled.
            if let Err(error) = running.await {
                tracing::error!(error = %error, "the queue to the server stopped early");
            }
            *worker = None;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Without `close` the worker still sends what it can, and ends.
        self.shared.state().is_closed = true;
        self.shared.news.notify_one();
    }
}

struct Worker {
    shared: Arc<Shared>,
    /// Whether a server that is away is tried for a while: somebody waits.
    is_patient: bool,
    /// What was taken out of the queue to be sent next. It came before what is on disk.
    taken: VecDeque<Job>,
    /// Up to where in the file on disk the server has everything.
    sent_bytes: u64,
}

/// How sending went.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Went {
    /// Everything there was is sent.
    Idle,
    /// The server is away, or the token is not valid.
    Away,
}

impl Worker {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let went = self.send_all().await;
            if went == Went::Away {
                self.put_on_disk();
            }
            if self.shared.state().is_closed {
                if went == Went::Away {
                    self.put_all_on_disk();
                }
                break;
            }
            if went == Went::Idle {
                pause = FIRST_PAUSE;
                self.shared.news.notified().await;
                continue;
            }
            self.pause(jittered(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            while !self.is_patient
                && !self.shared.state().is_closed
                && !self.shared.connection.is_ready().await
            {
                self.pause(jittered(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        self.end();
    }

    /// Waits, until the trail is closed.
    async fn pause(&self, pause: Duration) {
        let until = tokio::time::sleep(pause);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return,
                () = self.shared.news.notified() => if self.shared.state().is_closed {
                    return;
                },
            }
        }
    }

    /// Sends what there is: what was taken, what is on disk, what is in the queue, in this order.
    async fn send_all(&mut self) -> Went {
        loop {
            if self.send_taken().await == Went::Away || self.send_disk().await == Went::Away {
                return Went::Away;
            }
            let mut state = self.shared.state();
            if state.has_on_disk() {
                continue;
            }
            let count = state.queue.len().min(MOST_AT_ONCE);
            if count == 0 {
                return Went::Idle;
            }
            self.taken.extend(state.queue.drain(..count));
        }
    }

    async fn send_taken(&mut self) -> Went {
        while let Some(batch) = next_batch(&mut self.taken) {
            let outgoing: Vec<&Outgoing> = batch.iter().map(|it| &it.outgoing).collect();
            let results = self.send(&outgoing).await;
            let mut left = Vec::new();
            for (job, result) in batch.into_iter().zip(results) {
                match (job.answer, result) {
                    (Some(answer), result) => {
                        if let Err(error) = &result
                            && error.passes()
                        {
                            self.all_fail(error);
                        }
                        // Whoever does not wait any longer has not been told.
                        drop(answer.send(result));
                    }
                    (None, Ok(_)) => {}
                    (None, Err(error)) if error.can_wait() => {
                        tracing::warn!(error = %error, "records wait for the server");
                        left.push(Job {
                            outgoing: job.outgoing,
                            answer: None,
                        });
                    }
                    (None, Err(error)) => self.set_aside(&job.outgoing, &error),
                }
            }
            if !left.is_empty() {
                for job in left.into_iter().rev() {
                    self.taken.push_front(job);
                }
                return Went::Away;
            }
        }
        Went::Idle
    }

    /// Tells all who wait that the server is away: it was tried for long enough.
    fn all_fail(&mut self, error: &RemoteError) {
        let queued: Vec<Job> = self.shared.state().queue.drain(..).collect();
        for job in self.taken.drain(..).chain(queued) {
            if let Some(answer) = job.answer {
                drop(answer.send(Err(error.clone())));
            }
        }
    }

    /// Sends what waits on disk.
    async fn send_disk(&mut self) -> Went {
        loop {
            let part = match &self.shared.state().waiting {
                Some(waiting) if !waiting.is_empty() => waiting.part(self.sent_bytes),
                _ => return Went::Idle,
            };
            let (records, next) = match part {
                Ok(part) => part,
                Err(error) => {
                    tracing::error!(error = %error, "what waits for the server cannot be read");
                    return Went::Away;
                }
            };
            let mut left: VecDeque<&Outgoing> = records.iter().collect();
            while let Some(batch) = next_batch_of(&mut left) {
                for (outgoing, result) in batch.iter().zip(self.send(&batch).await) {
                    match result {
                        Ok(_) => {}
                        Err(error) if error.can_wait() => {
                            tracing::warn!(error = %error, "records wait for the server");
                            return Went::Away;
                        }
                        Err(error) => self.set_aside(outgoing, &error),
                    }
                }
            }
            self.sent_bytes = next;
            let mut state = self.shared.state();
            let Some(waiting) = &mut state.waiting else {
                return Went::Idle;
            };
            if waiting.bytes() != next {
                // why: what comes from now on waits in memory, or the disk would never be empty under load.
                state.is_catching_up = true;
                continue;
            }
            if let Err(error) = waiting.clear_if_still(next) {
                tracing::error!(error = %error, "the spool cannot be emptied");
                return Went::Away;
            }
            self.sent_bytes = 0;
            state.is_catching_up = false;
            return Went::Idle;
        }
    }

    /// Keeps a record that the server refuses for good beside the spool.
    fn set_aside(&self, outgoing: &Outgoing, error: &RemoteError) {
        tracing::error!(record.id = %outgoing.id, error = %error, "the server refuses a record; it is kept beside the spool");
        if let Some(waiting) = &self.shared.state().waiting
            && let Err(error) = waiting.set_aside(outgoing)
        {
            tracing::error!(record.id = %outgoing.id, error = %error, "a record that the server refuses is lost");
        }
    }

    /// Puts on disk what is in memory. What does not fit stays there.
    fn put_on_disk(&mut self) {
        let mut state = self.shared.state();
        if state.waiting.is_none() {
            return;
        }
        state.is_catching_up = false;
        if !state.has_on_disk() {
            for job in self.taken.drain(..).rev() {
                state.queue.push_front(job);
            }
        }
        if let Err(error) = state.spill() {
            tracing::error!(error = %error, in_memory = state.queue.len(), "records wait in memory alone");
        }
    }

    /// The same at the end: better behind what is on disk already than nowhere.
    fn put_all_on_disk(&mut self) {
        let mut state = self.shared.state();
        for job in self.taken.drain(..).rev() {
            state.queue.push_front(job);
        }
        // What does not fit is said to be lost.
        state.spill().ok();
    }

    /// Says what is lost with the process, and lets go of the spool.
    fn end(self) {
        let mut state = self.shared.state();
        for job in self.taken.iter().chain(&state.queue) {
            if job.answer.is_none() {
                tracing::error!(record.id = %job.outgoing.id, "a queued record is lost: neither the server nor the spool took it");
            }
        }
        state.queue.clear();
        state.waiting = None;
    }

    /// What became of each record of one request. One that is refused does not hold up the others.
    async fn send(&self, batch: &[&Outgoing]) -> Vec<Result<Receipt, RemoteError>> {
        match self.post(batch).await {
            Ok(receipts) => receipts.into_iter().map(Ok).collect(),
            Err(error) if batch.len() > 1 && !error.can_wait() => {
                let mut results = Vec::with_capacity(batch.len());
                for one in batch {
                    let sent = self.post(&[*one]).await;
                    results.push(
                        sent.and_then(|mut receipts| receipts.pop().ok_or(RemoteError::Closed)),
                    );
                }
                results
            }
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn post(&self, batch: &[&Outgoing]) -> Result<Vec<Receipt>, RemoteError> {
        let connection = &self.shared.connection;
        let Some(first) = batch.first() else {
            return Ok(Vec::new());
        };
        let path = path(first.kind).ok_or(RemoteError::NotRecorded(first.kind))?;
        let body = if first.key.is_some() {
            serde_json::to_vec(&first.document)
        } else {
            let documents: Vec<&Value> = batch.iter().map(|it| &it.document).collect();
            serde_json::to_vec(&documents)
        };
        let ask = Ask {
            method: Method::POST,
            path,
            body: Some(body.map_err(|error| connection.senseless(error.to_string()))?),
            key: first.key.as_deref(),
        };
        let response = if self.is_patient {
            connection.ask(&ask).await?
        } else {
            connection.ask_impatiently(&ask).await?
        };
        let receipts: Vec<Receipt> = if first.key.is_some() {
            let receipt = response.headers().get("contextrail-receipt");
            let receipt = receipt.and_then(|it| serde_json::from_slice(it.as_bytes()).ok());
            vec![receipt.ok_or_else(|| connection.senseless("there is no receipt"))?]
        } else {
            let body = connection.body(response).await?;
            serde_json::from_slice(&body)
                .map_err(|error| connection.senseless(error.to_string()))?
        };
        if receipts.len() == batch.len() {
            Ok(receipts)
        } else {
            Err(connection.senseless("it is not one receipt for each record"))
        }
    }
}

fn next_batch(jobs: &mut VecDeque<Job>) -> Option<Vec<Job>> {
    let mut batch = vec![jobs.pop_front()?];
    while batch.len() < MOST_IN_ONE
        && let Some(next) = jobs.front()
        && next.outgoing.goes_with(&batch[0].outgoing)
        && let Some(next) = jobs.pop_front()
    {
        batch.push(next);
    }
    Some(batch)
}

fn next_batch_of<'a>(left: &mut VecDeque<&'a Outgoing>) -> Option<Vec<&'a Outgoing>> {
    let mut batch = vec![left.pop_front()?];
    while batch.len() < MOST_IN_ONE
        && let Some(next) = left.front()
        && next.goes_with(batch[0])
        && let Some(next) = left.pop_front()
    {
        batch.push(next);
    }
    Some(batch)
}

/// Records taken out of the queue together.
const MOST_AT_ONCE: usize = 256;
/// Records in one request: with their texts they stay well below what a server takes.
const MOST_IN_ONE: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
