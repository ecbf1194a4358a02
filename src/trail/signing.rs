//! The tasks that have the heads of a growing log signed and attested.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

#[cfg(feature = "network")]
use super::asking::Asking;
use super::tasks::Tasks;
use crate::notary::{Notary, NotaryError};

/// Signs the head of a log at least once a second while it grows, and once more at the end; has
/// signed heads attested besides, which may take longer.
#[derive(Debug)]
pub(super) struct Signing {
    grown: watch::Sender<Grown>,
    /// Somebody waits for a head to be attested.
    wanted: Arc<Notify>,
    tasks: Tasks,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Grown {
    /// The log has this many entries or more.
    To(u64),
    /// Nothing more is appended.
    Done,
}

impl Signing {
    /// Starts the tasks on the current tokio runtime.
    pub(super) fn start(notary: &Arc<Notary>) -> Self {
        let (grown, seen) = watch::channel(Grown::To(0));
        let tasks = Tasks::default();
        let runtime = Handle::current();
        let wanted = Arc::new(Notify::new());
        #[cfg(feature = "network")]
        let signed = {
            let (signed, unattested) = watch::channel(());
            let asking = Asking::new(Arc::clone(notary), Arc::clone(&wanted));
            tasks.spawn(asking.run(unattested), &runtime);
            move || {
                signed.send_replace(());
            }
        };
        #[cfg(not(feature = "network"))]
        let signed = || {};
        tasks.spawn(run(Arc::clone(notary), seen, signed), &runtime);
        Self {
            grown,
            wanted,
            tasks,
        }
    }

    /// Has the attesters asked about the newest head who have not attested it.
    pub(super) fn ask_now(&self) {
        self.wanted.notify_one();
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

    /// Has the last head signed and attested; nothing more is appended.
    pub(super) async fn stop(&self) {
        self.grown.send_replace(Grown::Done);
        self.tasks.finish("the signing of checkpoints").await;
    }
}

/// Signs heads, and calls `signed` after each.
async fn run(notary: Arc<Notary>, mut grown: watch::Receiver<Grown>, signed: impl Fn()) {
    while has_news(&notary, &mut grown).await {
        let seen = *grown.borrow_and_update();
        let mut again = false;
        match notary.checkpoint().await {
            Ok(_) if notary.signs().await => signed(),
            // Another process signs, and has its heads attested.
            Ok(_) => {}
            Err(error) => {
                // What was signed and could not be kept elsewhere waits for no growth.
                again = matches!(error, NotaryError::Elsewhere { .. });
                tracing::error!(error = %error, "no checkpoint was signed, or it is not kept; it will be tried again");
            }
        }
        if seen == Grown::Done {
            return;
        }
        // What is appended meanwhile is in the next checkpoint. Waiting looks at each size and so
        // counts it as seen: it has to be said that one is still to be signed.
        let done = grown.wait_for(|grown| *grown == Grown::Done);
        drop(tokio::time::timeout(INTERVAL, done).await);
        let is_new = again || *grown.borrow() != seen;
        if is_new {
            grown.mark_changed();
        }
    }
}

/// Waits until there may be something to sign; `false` when nothing more comes. Where others append
/// to the same log it is looked at every so often.
async fn has_news(notary: &Notary, grown: &mut watch::Receiver<Grown>) -> bool {
    if !notary.is_shared() {
        return grown.changed().await.is_ok();
    }
    match tokio::time::timeout(INTERVAL, grown.changed()).await {
        Ok(changed) => changed.is_ok(),
        Err(_) => true,
    }
}

const INTERVAL: Duration = Duration::from_millis(900);
