//! One pass over the records that are old enough for retention, window by window.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::expiry::Tally;
use super::relative::Labels;
use super::retaining::{Judged, Retaining};
use super::retention::PlanState;
use super::{Trail, TrailError};
use crate::capture::Sink as _;
use crate::privacy::keys::OpenedKeys;
use crate::record::{
    Aggregate, Body, Draft, Expiry, Kind, Name, RecordId, RetentionAction, Timestamp, VersionedName,
};
use crate::seal::{Slot, Source};
use crate::store::{Find, Handle, LookedThrough, Prepared, Removal, handles};

/// A policy that is being carried out.
pub(super) struct Expiring<'t> {
    pub(super) trail: &'t Trail,
    pub(super) retaining: Retaining,
    pub(super) now: Timestamp,
    pub(super) only: Option<&'t Name>,
}

/// A record whose values are to go.
pub(super) struct Due {
    log_index: u64,
    id: RecordId,
    kind: Kind,
    at: Timestamp,
    slots: Vec<Slot>,
    /// The keys it is still found by afterwards.
    found_by: BTreeSet<i64>,
    /// Found by these, a later record can belong together with it.
    relations: Vec<i64>,
    labels: Arc<Labels>,
}

/// What a look at a few records has found.
#[derive(Default)]
struct Look {
    /// The size of the log that was looked through.
    size: u64,
    due: BTreeMap<Name, (RetentionAction, Vec<Due>)>,
    /// What is due and stays.
    stays: Vec<(Name, RetentionAction, PlanState)>,
}

impl Expiring<'_> {
    /// The records that are old enough for anything to be due, oldest first.
    pub(super) async fn candidates(&self) -> Result<Vec<u64>, TrailError> {
        let classes = self.retaining.policy().classes.values();
        let ending = classes.filter(|it| it.due_days().is_some());
        let Some(days) = ending.map(|it| it.floor_days).min() else {
            return Ok(Vec::new());
        };
        let find = Find {
            until: Some(self.now.minus_days(days).next()),
            before: Some(self.retaining.size),
            ..Find::default()
        };
        let trail = self.trail;
        let found = trail.0.store.find(trail.tenant(), &find, u32::MAX);
        let mut indexes = found.await?;
        indexes.sort_unstable();
        Ok(indexes)
    }

    pub(super) async fn foresee(
        &self,
        windows: &[&[u64]],
        tally: &mut Tally,
    ) -> Result<(), TrailError> {
        for window in windows {
            let look = self.look(window).await?;
            for (class, (action, due)) in look.due {
                tally.of(&class, action).done(&due);
            }
            tally.stay(look.stays);
        }
        Ok(())
    }

    /// Takes what is due away, window by window. While the store is busy with one, the next is looked
    /// at.
    pub(super) async fn carry_out(
        &mut self,
        windows: &[&[u64]],
        tally: &mut Tally,
    ) -> Result<(), TrailError> {
        let mut ahead = None;
        for (at, window) in windows.iter().enumerate() {
            self.retaining.catch_up().await?;
            let look = match ahead.take() {
                Some(look) => look,
                None => self.look(window).await?,
            };
            let next = windows.get(at + 1).copied().unwrap_or_default();
            let (is_done, next) = tokio::join!(self.take_all(look, tally), self.look(next));
            ahead = Some(next?);
            if !is_done? {
                self.look_again(window, tally).await?;
            }
        }
        Ok(())
    }

    /// Takes what is due in a window, as often as something comes in that has to be looked at first.
    async fn look_again(&mut self, window: &[u64], tally: &mut Tally) -> Result<(), TrailError> {
        for _ in 0..TRIES {
            self.retaining.catch_up().await?;
            let look = self.look(window).await?;
            if self.take_all(look, tally).await? {
                return Ok(());
            }
        }
        Err(TrailError::Incomplete(
            "legal holds and decisions kept coming; what was done is recorded: apply the policy again to go on"
                .to_owned(),
        ))
    }

    /// Takes away what a look has found to be due; `false` when not all of it, since something has
    /// come in between.
    async fn take_all(&self, look: Look, tally: &mut Tally) -> Result<bool, TrailError> {
        let mut is_done = true;
        for (class, (action, due)) in look.due {
            for batch in batches(due) {
                let what = (&class, action, batch.as_slice());
                match self.take(what, look.size).await? {
                    None => is_done = false,
                    Some(recorded) => {
                        let done = tally.of(&class, action);
                        done.done(&batch);
                        done.recorded.push(recorded);
                    }
                }
            }
        }
        if is_done {
            tally.stay(look.stays);
        }
        Ok(is_done)
    }

    async fn look(&self, window: &[u64]) -> Result<Look, TrailError> {
        let trail = self.trail;
        let mut rows = trail.read_rows(window).await?;
        rows.retain(|row| row.owned_slots().next().is_some());
        let with_keys = self.retaining.needs_keys();
        let keys = match with_keys {
            true => trail.keys_for(&rows).await?,
            false => OpenedKeys::new(),
        };
        let mut look = Look {
            size: self.retaining.size,
            ..Look::default()
        };
        for (number, row) in rows.into_iter().enumerate() {
            if number % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
            let slots: Vec<Slot> = row.owned_slots().collect();
            // why: what is left of it is what its plain values say, and those alone.
            let closed = with_keys.then(|| row.clone());
            let stored = trail.open_row(row, &keys)?;
            let Some(Judged { line, labels }) = self.retaining.judge(&stored, self.now).await?
            else {
                continue;
            };
            let is_meant = self.only.is_none_or(|class| *class == line.class);
            let is_due = line.expires_at.is_some_and(|expires| self.now >= expires);
            let Some(action) = line.action.filter(|_| is_meant && is_due) else {
                continue;
            };
            if line.state == PlanState::Archived {
                continue;
            }
            if line.state != PlanState::Due || action == RetentionAction::Archive {
                look.stays.push((line.class, action, line.state));
                continue;
            }
            let left = match closed {
                Some(row) => trail.open_row(row, &OpenedKeys::new())?,
                None => stored,
            };
            let of_class = look.due.entry(line.class);
            let (_, due) = of_class.or_insert_with(|| (action, Vec::new()));
            due.push(Due {
                log_index: left.log_index(),
                id: line.id,
                kind: line.kind,
                at: line.at,
                slots,
                found_by: trail.keys_of(handles(left.record(), left.about()))?,
                relations: trail
                    .keys_of(relations(&left.record().body, line.id))?
                    .into_iter()
                    .collect(),
                labels,
            });
        }
        Ok(look)
    }

    /// Takes the values of `due` away, and records that; `None` when something has come in between.
    async fn take(
        &self,
        (class, action, due): (&Name, RetentionAction, &[Due]),
        size: u64,
    ) -> Result<Option<RecordId>, TrailError> {
        let trail = self.trail;
        let indexes: Vec<u64> = due.iter().map(|it| it.log_index).collect();
        let left: BTreeMap<u64, &BTreeSet<i64>> =
            due.iter().map(|it| (it.log_index, &it.found_by)).collect();
        let mut lookups = trail.0.store.found_by(trail.tenant(), &indexes).await?;
        lookups.retain(|(key, index)| left.get(index).is_none_or(|left| !left.contains(key)));
        let id = trail.new_id();
        let removal = Removal {
            slots: slots_of(due).collect(),
            keys: Vec::new(),
            lookups,
            relocked: Vec::new(),
            new_keys: Vec::new(),
            looked_through: LookedThrough {
                keys: due
                    .iter()
                    .flat_map(|it| it.relations.iter().copied())
                    .collect(),
                size,
            },
            record: self.record_of(id, (class, action), due).await?,
        };
        let now = trail.clock().now();
        let placed = trail.0.store.erase(trail.tenant(), &removal, now).await;
        let Some(placed) = trail.unless_key_gone(placed)? else {
            return Ok(None);
        };
        for it in due {
            trail.0.linked.remove(&it.id);
        }
        trail.0.grown_to(placed.log_index + 1);
        trail.0.store.settle(false).await?;
        Ok(Some(id))
    }

    async fn record_of(
        &self,
        id: RecordId,
        (class, action): (&Name, RetentionAction),
        due: &[Due],
    ) -> Result<Prepared, TrailError> {
        let trail = self.trail;
        let body = Expiry {
            policy: self.retaining.policy().id(),
            class: class.clone(),
            action,
            records: count(due.len()),
            slots: slots_of(due)
                .map(|(index, slot)| [index, u64::from(slot.number())])
                .collect(),
            aggregates: match action {
                RetentionAction::Aggregate => aggregates(due),
                _ => Vec::new(),
            },
        };
        let sealed = trail.seal_only(Draft::new(id, body), &Source::New)?;
        trail.learn_keys_of(&sealed.owners).await?;
        Ok(Prepared::new(&sealed, Vec::new(), trail.vault())?)
    }
}

impl Trail {
    fn keys_of(
        &self,
        handles: impl IntoIterator<Item = Handle>,
    ) -> Result<BTreeSet<i64>, TrailError> {
        let keys = handles.into_iter().map(|it| it.key(self.vault()));
        keys.collect::<Option<_>>()
            .ok_or_else(|| self.keys_missing())
    }
}

/// What later records name that keep this one: decisions on a context, or on an answer of it.
fn relations(body: &Body, id: RecordId) -> Vec<Handle> {
    match body {
        Body::Context(_) => vec![Handle::Refers(id)],
        Body::Generation(it) => vec![Handle::Refers(id), Handle::Refers(it.context.into())],
        _ => Vec::new(),
    }
}

pub(super) fn slots_of(due: &[Due]) -> impl Iterator<Item = (u64, Slot)> {
    let slots = due.iter().map(|it| (it.log_index, &it.slots));
    slots.flat_map(|(index, slots)| slots.iter().map(move |slot| (index, *slot)))
}

/// `due` in parts whose slots one record can list.
fn batches(due: Vec<Due>) -> Vec<Vec<Due>> {
    let (mut batches, mut slots) = (Vec::new(), MOST_SLOTS);
    for it in due {
        slots += it.slots.len();
        if slots > MOST_SLOTS {
            slots = it.slots.len();
            batches.push(Vec::new());
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(it);
        }
    }
    batches
}

/// What the records add up to, of what stands in plain text alone.
fn aggregates(due: &[Due]) -> Vec<Aggregate> {
    let mut counts: BTreeMap<Alike<'_>, u64> = BTreeMap::new();
    for it in due {
        let month = it.at.to_chrono().format("%Y-%m").to_string();
        let Labels { use_case, name, .. } = &*it.labels;
        let alike = (month, it.kind, use_case.as_ref(), name.as_ref());
        *counts.entry(alike).or_default() += 1;
    }
    let counts = counts.into_iter();
    let counts = counts.map(|((month, kind, use_case, name), count)| Aggregate {
        month,
        kind,
        use_case: use_case.cloned(),
        name: name.cloned(),
        count,
    });
    counts.collect()
}

/// What records that are counted together agree in.
type Alike<'a> = (String, Kind, Option<&'a VersionedName>, Option<&'a Name>);

pub(super) fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

/// Records looked at together: a bucket of the look-ups.
pub(super) const WINDOW: u64 = 1_024;
/// About 100 KB of text in the record that lists them.
const MOST_SLOTS: usize = 8_192;
const TRIES: u32 = 8;
/// Records opened before others are let work.
const AT_ONCE: usize = 32;
