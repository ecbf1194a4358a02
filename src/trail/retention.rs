//! Retention: which policy is in force, and what it says of the records there are.

use serde::Serialize;

use super::keeping::Kept;
use super::retaining::Retaining;
use super::{Search, Trail, TrailError};
use crate::record::{
    Body, Draft, HoldId, Kind, Name, Receipt, RecordId, RetentionAction, RetentionPolicy,
    Timestamp, VersionedName,
};
use crate::store::Find;

/// What a policy says of every record that has a class, at one time.
///
/// Nothing of it is stored: another policy gives other dates for the same records.
#[derive(Clone, Debug, Serialize)]
pub struct RetentionPlan {
    /// The policy.
    pub policy: VersionedName,
    /// The time it was made for.
    pub at: Timestamp,
    /// The records, newest first.
    pub lines: Vec<PlanLine>,
}

/// What a policy says of one record.
#[derive(Clone, Debug, Serialize)]
pub struct PlanLine {
    /// The record.
    pub id: RecordId,
    /// A context, a decision, or what belongs to one.
    pub kind: Kind,
    /// Its retention class: its own, or that of the context or decision it belongs to.
    pub class: Name,
    /// What the policy and the holds come to.
    pub state: PlanState,
    /// When it happened: what days are counted from.
    pub at: Timestamp,
    /// Until when nobody may erase it, by its class and those of the decisions that rest on it; left
    /// out for a class that the policy does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_until: Option<Timestamp>,
    /// When its action is due; left out when it never is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What is done then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<RetentionAction>,
    /// When its values move to the archive; left out when they never do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_at: Option<Timestamp>,
    /// Whether they have.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_archived: bool,
    /// The holds that cover it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<PlanHold>,
}

/// A hold that keeps a record of a plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PlanHold {
    /// The hold.
    pub id: HoldId,
    /// The matter it is for.
    pub matter: Name,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
    /// When somebody has to look whether it is still needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_at: Option<Timestamp>,
}

/// How a record stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Its floor is not passed: nobody may erase it.
    BeforeFloor,
    /// Its floor is passed and its action not due: it may be erased, and need not.
    Kept,
    /// Its action is due.
    Due,
    /// Its action was that its values move to the archive, and they have.
    Archived,
    /// A legal hold covers it: nothing is done with it, whatever the dates.
    Restricted,
    /// The policy does not have its class, or that of a decision that rests on it: nothing is done
    /// with it.
    UnknownClass,
    /// Its action is due, and no value of anybody is left in it.
    Expired,
}

impl PlanState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeFloor => "before_floor",
            Self::Kept => "kept",
            Self::Due => "due",
            Self::Archived => "archived",
            Self::Restricted => "restricted",
            Self::UnknownClass => "unknown_class",
            Self::Expired => "expired",
        }
    }
}

impl RetentionPlan {
    /// The records whose action is due.
    pub fn due(&self) -> impl Iterator<Item = &PlanLine> {
        self.lines.iter().filter(|it| it.state == PlanState::Due)
    }
}

impl Trail {
    /// Records a version of a retention policy, which is in force from then on; `None` when that
    /// very version is there already.
    ///
    /// # Errors
    ///
    /// [`TrailError::PolicyExists`] when the version is there and says something else,
    /// [`TrailError::Invalid`] when it contradicts itself, and those of [`Trail::record`].
    pub async fn put_retention_policy(
        &self,
        policy: RetentionPolicy,
    ) -> Result<Option<Receipt>, TrailError> {
        policy.check()?;
        let known = self.retention_policies().await?;
        match known.iter().find(|it| it.id() == policy.id()) {
            Some(known) if *known == policy => Ok(None),
            Some(_) => Err(TrailError::PolicyExists(policy.id())),
            None => Ok(Some(self.record(Draft::new(self.new_id(), policy)).await?)),
        }
    }

    /// Every version of every retention policy, in the order in which they came into force; the
    /// first is the one built in.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn retention_policies(&self) -> Result<Vec<RetentionPolicy>, TrailError> {
        let search = Search {
            kind: Some(Kind::Policy),
            ..Search::default()
        };
        let stored = self.search(search).await?.all().await?;
        let mut policies = vec![RetentionPolicy::built_in()];
        for stored in stored.iter().rev() {
            // The first record of a version is that version: another can come in by an import.
            if let Body::Policy(policy) = &stored.record().body
                && policies.iter().all(|it| it.id() != policy.id())
            {
                policies.push(RetentionPolicy::clone(policy));
            }
        }
        Ok(policies)
    }

    /// The policy in force: the one that was put last, else the one built in.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::retention_policies`].
    pub async fn retention_policy(&self) -> Result<RetentionPolicy, TrailError> {
        let newest = self.retention_policies().await?.pop();
        Ok(newest.unwrap_or_else(RetentionPolicy::built_in))
    }

    /// What `policy` says at the time `now` of every context and decision that has a class, its own or
    /// else the policy's default, and of all that belongs to them.
    ///
    /// What belongs to a record goes with it, and not before its own floor: generations with their
    /// context, reviews and outcomes with their decision.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::holds_on`].
    pub async fn retention_plan(
        &self,
        now: Timestamp,
        policy: &RetentionPolicy,
    ) -> Result<RetentionPlan, TrailError> {
        let retaining = Retaining::of(self, policy.clone()).await?;
        let mut lines = Vec::new();
        let mut find = Find {
            before: Some(retaining.size),
            ..Find::default()
        };
        loop {
            let indexes = self.0.store.find(self.tenant(), &find, PAGE).await?;
            let Some(last) = indexes.last() else { break };
            find.before = Some(*last);
            for stored in self.read_at(&indexes, retaining.needs_keys()).await? {
                lines.extend(retaining.judge(&stored, now).await?.map(|it| it.line));
            }
        }
        Ok(RetentionPlan {
            policy: policy.id(),
            at: now,
            lines,
        })
    }
}

impl PlanHold {
    pub(super) fn of(kept: Kept) -> Option<Self> {
        match kept {
            Kept::Hold {
                id,
                matter,
                owner,
                review_at,
            } => Some(Self {
                id,
                matter,
                owner,
                review_at,
            }),
            Kept::Floor { .. } => None,
        }
    }
}

/// Records read at once.
const PAGE: u32 = 256;
