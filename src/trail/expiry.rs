//! Retention carried out: what is due loses its values, and a record says so.

use std::collections::BTreeMap;

use serde::Serialize;

use super::expiring::{Due, Expiring, WINDOW, count, slots_of};
use super::retaining::Retaining;
use super::retention::PlanState;
use super::{Trail, TrailError};
use crate::capture::Sink as _;
use crate::record::{
    InvalidValue, Name, RecordId, RetentionAction, RetentionPolicy, Timestamp, VersionedName,
};

/// What carrying out a retention policy has done, or would do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Expired {
    /// The policy.
    pub policy: VersionedName,
    /// The time it was carried out for.
    pub at: Timestamp,
    /// The classes of which anything is due, in the order of their names.
    pub classes: Vec<ExpiredClass>,
}

/// What became of the records of one class whose action is due.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ExpiredClass {
    /// The class.
    pub class: Name,
    /// The action of the class.
    pub action: RetentionAction,
    /// Records that lost their values.
    pub records: u64,
    /// Values that are gone: slots of records.
    pub slots: u64,
    /// Records that a legal hold keeps.
    pub restricted: u64,
    /// Records that are left for what is not carried out here: an archive.
    pub left: u64,
    /// The records that say what went.
    pub recorded: Vec<RecordId>,
}

impl Trail {
    /// Carries out `policy` at the time `now`, for the class `only` or all of them: records whose
    /// action `erase` or `aggregate` is due lose every value that is not the tenant's.
    ///
    /// It goes through the log in batches. Each is one transaction with the record of it, and between
    /// two of them others write. Stopped at any point, what is done is recorded, and the next call
    /// goes on. What a legal hold covers stays, also when the hold is placed while this is going on.
    ///
    /// # Errors
    ///
    /// [`TrailError::Invalid`] for a policy that is not in force, a class it does not have, a time in
    /// the future; [`TrailError::Frozen`]; [`TrailError::ReadOnly`]; [`TrailError::Key`] when a hold on
    /// an entity cannot be understood without keys; [`TrailError::Store`].
    pub async fn retention_apply(
        &self,
        now: Timestamp,
        policy: &RetentionPolicy,
        only: Option<&Name>,
    ) -> Result<Expired, TrailError> {
        self.0.appender()?;
        let _alone = self.0.rekeying.lock().await;
        self.replay_spool().await?;
        let expired = self.expire(now, policy, (only, true)).await?;
        if expired.classes.iter().any(|it| it.records > 0) {
            self.notary().checkpoint().await?;
        }
        // What was overwritten must not wait in the write-ahead log, nor what an earlier call that was
        // stopped has left there.
        self.0.store.empty_log().await?;
        Ok(expired)
    }

    /// What [`Trail::retention_apply`] would do now.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::retention_apply`] that have to do with reading.
    pub async fn retention_due(
        &self,
        now: Timestamp,
        policy: &RetentionPolicy,
        only: Option<&Name>,
    ) -> Result<Expired, TrailError> {
        self.expire(now, policy, (only, false)).await
    }

    async fn expire(
        &self,
        now: Timestamp,
        policy: &RetentionPolicy,
        (only, carry_out): (Option<&Name>, bool),
    ) -> Result<Expired, TrailError> {
        self.check_applicable(now, policy, only).await?;
        let mut tally = Tally::default();
        let mut expiring = Expiring {
            trail: self,
            retaining: Retaining::of(self, policy.clone()).await?,
            now,
            only,
        };
        let indexes = expiring.candidates().await?;
        let windows = indexes.chunk_by(|one, next| one / WINDOW == next / WINDOW);
        let windows: Vec<&[u64]> = windows.collect();
        match carry_out {
            true => expiring.carry_out(&windows, &mut tally).await?,
            false => expiring.foresee(&windows, &mut tally).await?,
        }
        Ok(Expired {
            policy: policy.id(),
            at: now,
            classes: tally.0.into_values().collect(),
        })
    }

    async fn check_applicable(
        &self,
        now: Timestamp,
        policy: &RetentionPolicy,
        only: Option<&Name>,
    ) -> Result<(), TrailError> {
        let in_force = self.retention_policy().await?;
        if in_force != *policy {
            let what = format!("the policy in force, which is {}", in_force.id());
            return Err(InvalidValue::new("policy", &policy.id().to_string(), what).into());
        }
        if let Some(class) = only.filter(|class| policy.class(class).is_none()) {
            let what = format!("one of the classes of the policy {}", policy.id());
            return Err(InvalidValue::new("class", class.as_str(), what).into());
        }
        if now > self.clock().now() {
            let what = "a time that is not in the future";
            return Err(InvalidValue::new("time", &now.to_string(), what).into());
        }
        Ok(())
    }
}

/// What was done, by class.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<Name, ExpiredClass>);

impl Tally {
    pub(super) fn of(&mut self, class: &Name, action: RetentionAction) -> &mut ExpiredClass {
        let of_class = self.0.entry(class.clone());
        of_class.or_insert_with(|| ExpiredClass {
            class: class.clone(),
            action,
            records: 0,
            slots: 0,
            restricted: 0,
            left: 0,
            recorded: Vec::new(),
        })
    }

    pub(super) fn stay(&mut self, stays: Vec<(Name, RetentionAction, PlanState)>) {
        for (class, action, state) in stays {
            let of_class = self.of(&class, action);
            match state {
                PlanState::Restricted => of_class.restricted += 1,
                _ => of_class.left += 1,
            }
        }
    }
}

impl ExpiredClass {
    pub(super) fn done(&mut self, due: &[Due]) {
        self.records += count(due.len());
        self.slots += count(slots_of(due).count());
    }
}
