//! What a policy, the holds and the floors come to, asked of many records.

use std::sync::Arc;

use super::keeping::{Floor, Keeping, parent};
use super::relative::{Labels, Relatives};
use super::retention::{PlanHold, PlanLine, PlanState};
use super::{Stored, Trail, TrailError};
use crate::record::{HoldTarget, Kind, RetentionAction, RetentionPolicy, Timestamp};
use crate::store::Find;

/// A policy, the open holds, and the decisions, as they are in a log of `size` entries.
pub(super) struct Retaining {
    trail: Trail,
    keeping: Keeping,
    relatives: Relatives,
    /// The size of the log that was looked through.
    pub(super) size: u64,
}

/// What is said of one record.
pub(super) struct Judged {
    pub(super) line: PlanLine,
    /// What stands in plain text in it, or in the one it belongs to.
    pub(super) labels: Arc<Labels>,
}

impl Retaining {
    pub(super) async fn of(trail: &Trail, policy: RetentionPolicy) -> Result<Self, TrailError> {
        let size = trail.0.store.head(trail.tenant()).await?.size;
        let mut retaining = Self {
            keeping: Keeping::of(trail.clone(), policy).await?,
            trail: trail.clone(),
            relatives: Relatives::default(),
            size: 0,
        };
        retaining.add_until(size).await?;
        Ok(retaining)
    }

    /// Takes note of what was recorded since.
    pub(super) async fn catch_up(&mut self) -> Result<(), TrailError> {
        let size = self.trail.0.store.head(self.trail.tenant()).await?.size;
        if size == self.size {
            return Ok(());
        }
        for kind in [Kind::Hold, Kind::Release] {
            if self
                .newest(kind, size)
                .await?
                .is_some_and(|it| it >= self.size)
            {
                *self = Self::of(&self.trail, self.keeping.policy().clone()).await?;
                return Ok(());
            }
        }
        self.add_until(size).await
    }

    async fn newest(&self, kind: Kind, before: u64) -> Result<Option<u64>, TrailError> {
        let find = Find {
            kind: Some(kind),
            before: Some(before),
            ..Find::default()
        };
        let found = self.trail.0.store.find(self.trail.tenant(), &find, 1);
        Ok(found.await?.first().copied())
    }

    async fn add_until(&mut self, size: u64) -> Result<(), TrailError> {
        let mut targets = self.keeping.holds().iter().map(|it| &it.hold().target);
        let kinds: &[Kind] = match targets.any(|it| matches!(it, HoldTarget::Query(_))) {
            true => &[Kind::Decision, Kind::Context],
            // why: of the contexts of a decision only a query asks more than their ids.
            false => &[Kind::Decision],
        };
        let range = (self.size, size);
        let how = (kinds, self.needs_keys());
        self.relatives.add(&self.trail, how, range).await?;
        self.size = size;
        Ok(())
    }

    /// Whether values of people have to be opened: only a hold on an entity asks for them.
    pub(super) fn needs_keys(&self) -> bool {
        let mut targets = self.keeping.holds().iter().map(|it| &it.hold().target);
        targets.any(|it| matches!(it, HoldTarget::Entity(_)))
    }

    pub(super) const fn policy(&self) -> &RetentionPolicy {
        self.keeping.policy()
    }

    /// What is said of `stored` at the time `now`; `None` for one that has no class.
    pub(super) async fn judge(
        &self,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<Option<Judged>, TrailError> {
        let family = self.relatives.family(&self.trail, stored).await?;
        let Some(parent) = parent(stored, &family) else {
            return Ok(None);
        };
        let Some(class) = self.keeping.class_of(&parent) else {
            return Ok(None);
        };
        let floors = self.keeping.floors(stored, &family).into_iter();
        let floors: Option<Vec<Timestamp>> = floors.map(|Floor { until, .. }| until).collect();
        let floor_until = floors.and_then(|floors| floors.into_iter().max());
        let kept = self.policy().class(&class);
        // What belongs to a record goes with it, and not before its own floor.
        let due_at = kept.and_then(|it| Some(parent.at.plus_days(it.due_days()?)));
        let expires_at = due_at.zip(floor_until).map(|(due, floor)| due.max(floor));
        let holds = self.keeping.covering(stored, &family)?.into_iter();
        let holds: Vec<PlanHold> = holds.filter_map(|it| PlanHold::of(it.kept())).collect();
        let is_due = expires_at.is_some_and(|expires| now >= expires);
        let state = match floor_until {
            _ if is_due && stored.is_emptied() => PlanState::Expired,
            _ if !holds.is_empty() => PlanState::Restricted,
            None => PlanState::UnknownClass,
            Some(floor) if now < floor => PlanState::BeforeFloor,
            Some(_) if is_due => match kept.map(|it| it.action) {
                Some(RetentionAction::Archive) if stored.is_archived() => PlanState::Archived,
                _ => PlanState::Due,
            },
            Some(_) => PlanState::Kept,
        };
        let line = PlanLine {
            id: stored.id(),
            kind: stored.record().kind(),
            state,
            at: stored.record().at(),
            floor_until,
            expires_at,
            action: kept.map(|it| it.action),
            archive_at: kept
                .and_then(|it| Some(stored.record().at().plus_days(it.archive_days()?))),
            is_archived: stored.is_archived(),
            class,
            holds,
        };
        let labels = parent.labels;
        Ok(Some(Judged { line, labels }))
    }
}
