//! Attempts that are refused: each counted, and recorded without letting anybody fill the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::gate::Caller;
use crate::record::{AccessEvent, AccessKind, RecordId, Timestamp};
use crate::trail::{Trail, TrailError};

/// Attempts that were refused and are not recorded yet.
#[derive(Debug, Default)]
pub(super) struct Denials(Mutex<HashMap<Attempt, Counted>>);

/// What attempts are counted by. There are as many as there are routes, codes and tokens.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Attempt {
    route: String,
    code: &'static str,
    token: Option<RecordId>,
}

#[derive(Clone, Debug)]
struct Counted {
    recorded_at: Timestamp,
    /// Attempts since.
    waiting: u64,
    caller: Option<Caller>,
}

impl Denials {
    /// Counts an attempt. The first of its kind is recorded at once; those that follow within ten
    /// seconds are recorded as one, with their number.
    pub(super) async fn note(
        &self,
        trail: &Trail,
        (route, code): (String, &'static str),
        caller: Option<&Caller>,
        now: Timestamp,
    ) -> Result<(), TrailError> {
        let attempt = Attempt {
            route,
            code,
            token: caller.and_then(|it| it.token),
        };
        let count = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match all.get_mut(&attempt) {
                Some(counted) if now.millis_since(counted.recorded_at) < TOGETHER_MS => {
                    counted.waiting += 1;
                    None
                }
                known => {
                    let waiting = known.map_or(0, |counted| counted.waiting);
                    let counted = Counted {
                        recorded_at: now,
                        waiting: 0,
                        caller: caller.cloned(),
                    };
                    all.insert(attempt.clone(), counted);
                    Some(waiting + 1)
                }
            }
        };
        match count {
            Some(count) => record(trail, attempt, caller, count).await,
            None => Ok(()),
        }
    }

    /// Records what waits, and forgets what nobody tried for a while.
    pub(super) async fn flush(&self, trail: &Trail, now: Timestamp) -> Result<(), TrailError> {
        let waiting: Vec<(Attempt, Counted)> = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = all.iter_mut().filter(|(_, it)| it.waiting > 0);
            let waiting = waiting.map(|(attempt, counted)| {
                let before = counted.clone();
                (counted.waiting, counted.recorded_at) = (0, now);
                (attempt.clone(), before)
            });
            let waiting = waiting.collect();
            all.retain(|_, it| now.millis_since(it.recorded_at) < TOGETHER_MS);
            waiting
        };
        for (attempt, counted) in waiting {
            record(trail, attempt, counted.caller.as_ref(), counted.waiting).await?;
        }
        Ok(())
    }
}

async fn record(
    trail: &Trail,
    attempt: Attempt,
    caller: Option<&Caller>,
    count: u64,
) -> Result<(), TrailError> {
    let event = AccessEvent {
        what: AccessKind::Denied,
        route: attempt.route,
        token: attempt.token,
        refs: Vec::new(),
        entities: Vec::new(),
        purpose: None,
        refused: Some(attempt.code.to_owned()),
        count,
    };
    let trail = match caller {
        Some(caller) => trail.acting_as(caller.actor.clone()),
        None => trail.clone(),
    };
    trail.note_access(event).await.map(drop)
}

const TOGETHER_MS: i64 = 10_000;
