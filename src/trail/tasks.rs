//! Tasks that go on whoever stops waiting for them.

use std::sync::{Mutex, MutexGuard};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Tasks of a trail. They end with it, or when its runtime does.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    set: Mutex<JoinSet<()>>,
    /// Held by whoever waits: a set wakes one alone.
    waiting: tokio::sync::Mutex<()>,
}

impl Tasks {
    fn set(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.set.lock().expect("no holder of this lock panics")
    }

    /// Starts a task, and lets go of those that have ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static, runtime: &Handle) {
        let mut set = self.set();
        while set.try_join_next().is_some() {}
        set.spawn_on(task, runtime);
    }

    /// Waits until none is under way, also of those that come meanwhile. They stay where they are: whoever
    /// waits may be cancelled, and they are not. `what` is what is said of one that panicked.
    pub(super) async fn finish(&self, what: &'static str) {
        let _first = self.waiting.lock().await;
        while let Some(done) = std::future::poll_fn(|cx| self.set().poll_join_next(cx)).await {
            if let Err(error) = done {
                tracing::error!(error = %error, "{what} stopped early");
            }
        }
    }
}
