//! The ambient capture: recording without passing a handle down the call stack.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::{self, AbortHandle, JoinHandle};

use crate::capture::Scope;

tokio::task_local! {
    static AMBIENT: Scope;
}

/// The capture that the current task is within, if any.
///
/// [`Capture::scope`](super::Capture::scope) sets it; [`spawn`], [`spawn_blocking`] and [`JoinSet`]
/// keep it. `tokio::spawn` does not.
#[must_use]
pub fn ambient() -> Option<Scope> {
    AMBIENT.try_with(Clone::clone).ok()
}

/// How many calls of this process ran outside every capture, or after theirs had ended, and so are
/// in no record.
#[must_use]
pub fn unscoped_calls() -> u64 {
    UNSCOPED.load(Ordering::Relaxed)
}

/// Spawns `work` as [`tokio::spawn`] does, within the ambient capture.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match ambient() {
        Some(scope) => tokio::spawn(within(scope, work)),
        None => tokio::spawn(work),
    }
}

/// Runs `work` where it may block, as [`tokio::task::spawn_blocking`] does, within the ambient
/// capture.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match ambient() {
        Some(scope) => task::spawn_blocking(|| AMBIENT.sync_scope(scope, work)),
        None => task::spawn_blocking(work),
    }
}

/// A [`tokio::task::JoinSet`] whose tasks run within the capture that was ambient at their spawn.
#[derive(Debug)]
pub struct JoinSet<T>(task::JoinSet<T>);

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self(task::JoinSet::new())
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// A set without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Spawns `work` into the set.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn(&mut self, work: impl Future<Output = T> + Send + 'static) -> AbortHandle {
        match ambient() {
            Some(scope) => self.0.spawn(within(scope, work)),
            None => self.0.spawn(work),
        }
    }

    /// Runs `work` where it may block, as part of the set.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn_blocking(&mut self, work: impl FnOnce() -> T + Send + 'static) -> AbortHandle {
        match ambient() {
            Some(scope) => self.0.spawn_blocking(|| AMBIENT.sync_scope(scope, work)),
            None => self.0.spawn_blocking(work),
        }
    }
}

impl<T> Deref for JoinSet<T> {
    type Target = task::JoinSet<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for JoinSet<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

pub(super) async fn within<F: Future>(scope: Scope, work: F) -> F::Output {
    AMBIENT.scope(scope, work).await
}

/// Counts a call that no record will have, and says so once.
pub(super) fn count_unscoped(what: &'static str) {
    UNSCOPED.fetch_add(1, Ordering::Relaxed);
    WARNED.call_once(|| {
        tracing::warn!(
            what,
            "not recorded: outside every capture; further ones are only counted"
        );
    });
}

static UNSCOPED: AtomicU64 = AtomicU64::new(0);
static WARNED: Once = Once::new();
