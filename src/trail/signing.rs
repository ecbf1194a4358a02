//! The task that has the heads of a growing log signed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::notary::Notary;

/// Signs the head of a log at least once a second while it grows, and once more at the end.
#[derive(Debug)]
pub(super) struct Signing {
    grown: watch::Sender<Grown>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Grown {
    /// The log has this many entries or more.
    To(u64),
    /// Nothing more is appended.
    Done,
}

impl Signing {
    /// Starts the task on the current tokio runtime.
    pub(super) fn start(notary: Arc<Notary>) -> Self {
        let (grown, seen) = watch::channel(Grown::To(0));
        Self {
            grown,
            task: Mutex::new(Some(tokio::spawn(run(notary, seen)))),
        }
    }

    /// Says that the log has at least `size` entries.
    pub(super) fn grown_to(&self, size: u64) {
        self.grown.send_if_modified(|grown| match grown {
            Grown::To(known) if *known < size => {
                *known = size;
                true
            }
            _ => false,
        });
    }

    /// Has the last head signed; nothing more is appended.
    pub(super) async fn stop(&self) {
        self.grown.send_replace(Grown::Done);
        let task = self
            .task
            .lock()
            .expect("no holder of this lock panics")
            .take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(error = %error, "the signing of checkpoints stopped early");
        }
    }
}

async fn run(notary: Arc<Notary>, mut grown: watch::Receiver<Grown>) {
    while grown.changed().await.is_ok() {
        let is_done = *grown.borrow_and_update() == Grown::Done;
        if let Err(error) = notary.checkpoint().await {
            tracing::error!(error = %error, "no checkpoint was signed; it will be tried again when the log grows");
        }
        if is_done {
            return;
        }
        // What is appended meanwhile is in the next checkpoint.
        let done = grown.wait_for(|grown| *grown == Grown::Done);
        let is_done = tokio::time::timeout(INTERVAL, done).await;
        if is_done.is_ok_and(|done| done.is_ok()) {
            grown.mark_changed();
        }
    }
}

const INTERVAL: Duration = Duration::from_millis(900);
