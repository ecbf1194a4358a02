//! What is not sent yet: in memory, and behind that on disk when the server is away.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::RemoteError;
use super::outgoing::Outgoing;
use super::waiting::Waiting;
use crate::record::Receipt;

pub(super) type Answer = oneshot::Sender<Result<Receipt, RemoteError>>;

/// One record on its way.
pub(super) struct Job {
    pub(super) outgoing: Outgoing,
    /// `None` when nobody waits.
    pub(super) answer: Option<Answer>,
}

/// What is not sent yet. What is on disk came before what is in the queue.
pub(super) struct State {
    /// `None` where evidence is required: then nothing waits on disk.
    pub(super) waiting: Option<Waiting>,
    pub(super) queue: VecDeque<Job>,
    /// Whether what is on disk is being sent, so that what comes now can follow it out of memory.
    pub(super) is_catching_up: bool,
    pub(super) is_closed: bool,
}

impl State {
    pub(super) const fn new(waiting: Option<Waiting>) -> Self {
        Self {
            waiting,
            queue: VecDeque::new(),
            is_catching_up: false,
            is_closed: false,
        }
    }

    pub(super) fn has_on_disk(&self) -> bool {
        self.waiting.as_ref().is_some_and(|it| !it.is_empty())
    }

    /// Takes a record that somebody waits for.
    pub(super) fn take(&mut self, outgoing: Outgoing, answer: Answer) -> Result<(), RemoteError> {
        if self.is_closed {
            return Err(RemoteError::Closed);
        }
        self.queue.push_back(Job {
            outgoing,
            answer: Some(answer),
        });
        Ok(())
    }

    /// Takes a record that nobody waits for: into the queue, or to the disk while others wait there or the
    /// queue is full. What neither takes is refused, and not kept.
    pub(super) fn hand_over(&mut self, outgoing: Outgoing) -> Result<(), RemoteError> {
        if self.is_closed {
            return Err(RemoteError::Closed);
        }
        let behind_disk = self.has_on_disk() && !self.is_catching_up;
        if !behind_disk && self.queue.len() < ROOM {
            self.queue.push_back(Job {
                outgoing,
                answer: None,
            });
            return Ok(());
        }
        self.is_catching_up = false;
        self.spill()?;
        match &mut self.waiting {
            Some(waiting) => waiting.add(&outgoing),
            None => Err(RemoteError::Closed),
        }
    }

    /// Moves the queue to the disk. When it does not fit, what is left stays in the queue, in its order.
    pub(super) fn spill(&mut self) -> Result<(), RemoteError> {
        let Some(waiting) = &mut self.waiting else {
            return Ok(());
        };
        while !self.queue.is_empty() {
            let outgoing: Vec<&Outgoing> = self.queue.iter().map(|it| &it.outgoing).collect();
            let fitted = waiting.add_some(&outgoing)?;
            self.queue.drain(..fitted);
            // Says why it does not fit.
            if let Some(next) = self.queue.front() {
                waiting.add(&next.outgoing)?;
                self.queue.pop_front();
            }
        }
        Ok(())
    }
}

/// Records that wait in memory before the disk is used.
const ROOM: usize = 1_024;
