//! One call under way: it ends up in the record whatever becomes of it.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::ambient;
use super::entry::Entry;
use super::state::State;
use crate::capture::{BoxError, CaptureError, Scope};
use crate::record::ErrorNote;

/// A call under way. Dropped before it is closed, it is recorded as `cancelled`.
#[derive(Debug)]
pub(super) struct Open<'a, E: Entry> {
    scope: &'a Scope,
    started: Instant,
    entry: Option<E>,
}

impl<'a, E: Entry> Open<'a, E> {
    pub(super) fn new(scope: &'a Scope, entry: E) -> Result<Self, CaptureError> {
        let watched = scope.shared.with(|state| {
            let watch = state.watches.of(E::SECTION);
            watch.seen = true;
            watch.open += 1;
        });
        watched.ok_or(CaptureError::Finished)?;
        Ok(Self {
            scope,
            started: Instant::now(),
            entry: Some(entry),
        })
    }

    /// Ends the call with what `edit` writes into its entry.
    ///
    /// `None` when the context has ended in the meantime; its section says `partial` then.
    pub(super) fn close<R>(
        mut self,
        edit: impl FnOnce(&mut E, &mut State) -> R,
    ) -> Option<(usize, R)> {
        let entry = self.entry.take().expect("only `close` and `drop` take it");
        finish(self.scope, self.started, entry, edit)
    }

    /// Ends the call as failed with `error`, which the application gets.
    pub(super) fn fail(self, error: CaptureError) -> CaptureError {
        let note = error.note();
        self.close(|entry, state| {
            entry.fail(note.clone());
            state.last_error = Some(note);
        });
        error
    }
}

impl<E: Entry> Drop for Open<'_, E> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            finish(self.scope, self.started, entry, |entry, _| {
                entry.fail(ErrorNote::new("cancelled", CANCELLED));
            });
        }
    }
}

fn finish<E: Entry, R>(
    scope: &Scope,
    started: Instant,
    mut entry: E,
    edit: impl FnOnce(&mut E, &mut State) -> R,
) -> Option<(usize, R)> {
    let latency_us = micros(started.elapsed());
    let at = scope.shared.sink.clock().now();
    let closed = scope.shared.with(|state| {
        entry.ended(at, latency_us);
        let result = edit(&mut entry, state);
        state.watches.of(E::SECTION).open -= 1;
        (entry.push(state), result)
    });
    if closed.is_none() {
        ambient::count_unscoped("a call that outlived its context");
    }
    closed
}

/// Why the application's own code gave nothing.
#[derive(Debug)]
pub(super) enum Setback {
    /// It returned an error.
    Failed(BoxError),
    /// It took longer than this.
    TimedOut(Duration),
}

impl Setback {
    pub(super) fn of(self, call: &'static str, name: &str) -> CaptureError {
        let name = name.to_owned();
        match self {
            Self::Failed(source) => CaptureError::Failed { call, name, source },
            Self::TimedOut(after) => CaptureError::Timeout { call, name, after },
        }
    }
}

/// Waits for `work` of the application, at most `limit`.
pub(super) async fn limited<T, E: Into<BoxError>>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Setback> {
    let answer = match limit {
        Some(limit) => tokio::time::timeout(limit, work)
            .await
            .map_err(|_| Setback::TimedOut(limit))?,
        None => work.await,
    };
    answer.map_err(|error| Setback::Failed(error.into()))
}

pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

const CANCELLED: &str = "the application stopped waiting for the answer";
