//! Retention: which policy is in force, and what it says of the records there are.

use serde::Serialize;

use super::keeping::{Keeping, Kept};
use super::{Search, Stored, Trail, TrailError};
use crate::record::{
    Body, Draft, HoldId, Kind, Name, Receipt, RecordId, RetentionAction, RetentionPolicy,
    Timestamp, VersionedName,
};

/// What a policy says of every context and decision that has a class, at one time.
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
    /// A context or a decision.
    pub kind: Kind,
    /// Its retention class.
    pub class: Name,
    /// What the policy and the holds come to.
    pub state: PlanState,
    /// When it happened: what days are counted from.
    pub at: Timestamp,
    /// Until when nobody may erase it; left out for a class that the policy does not have.
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
    /// The policy does not have its class: nothing is done with it.
    UnknownClass,
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

    /// What `policy` says at the time `now` of every context and decision that has a class: its own,
    /// else the policy's default.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::holds_on`].
    pub async fn retention_plan(
        &self,
        now: Timestamp,
        policy: &RetentionPolicy,
    ) -> Result<RetentionPlan, TrailError> {
        let keeping = Keeping::of(self.clone(), policy.clone()).await?;
        let mut lines = Vec::new();
        let mut pages = self.search(Search::default()).await?;
        while let Some(page) = pages.next().await? {
            for stored in &page {
                lines.extend(line(&keeping, stored, now).await?);
            }
        }
        Ok(RetentionPlan {
            policy: policy.id(),
            at: now,
            lines,
        })
    }
}

async fn line(
    keeping: &Keeping,
    stored: &Stored,
    now: Timestamp,
) -> Result<Option<PlanLine>, TrailError> {
    let kind = stored.record().kind();
    if !matches!(kind, Kind::Context | Kind::Decision) {
        return Ok(None);
    }
    let Some(class) = keeping.class_of(stored, &[]) else {
        return Ok(None);
    };
    let at = stored.record().at();
    let kept = keeping.policy().class(&class);
    let floor_until = kept.map(|it| at.plus_days(it.floor_days));
    let expires_at = kept.and_then(|it| Some(at.plus_days(it.due_days()?)));
    let holds: Vec<PlanHold> = keeping
        .holds_on(stored)
        .await?
        .into_iter()
        .filter_map(|it| PlanHold::of(it.kept()))
        .collect();
    let state = match (floor_until, expires_at) {
        _ if !holds.is_empty() => PlanState::Restricted,
        (None, _) => PlanState::UnknownClass,
        (Some(floor), _) if now < floor => PlanState::BeforeFloor,
        (_, Some(expires)) if now >= expires => match kept.map(|it| it.action) {
            Some(RetentionAction::Archive) if stored.is_archived() => PlanState::Archived,
            _ => PlanState::Due,
        },
        _ => PlanState::Kept,
    };
    Ok(Some(PlanLine {
        id: stored.id(),
        kind,
        state,
        at,
        floor_until,
        expires_at,
        action: kept.map(|it| it.action),
        archive_at: kept.and_then(|it| Some(at.plus_days(it.archive_days()?))),
        is_archived: stored.is_archived(),
        class,
        holds,
    }))
}

impl PlanHold {
    fn of(kept: Kept) -> Option<Self> {
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
