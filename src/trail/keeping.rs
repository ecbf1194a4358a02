//! What keeps a record from being erased or expiring: legal holds, and retention floors.

use std::fmt;

use super::hold::{OpenHold, retention_of};
use super::{Stored, Trail, TrailError};
use crate::record::{
    Body, HoldId, HoldTarget, Kind, Name, RecordId, RetentionPolicy, Timestamp, VersionedName,
};

/// The open holds and a retention policy, read once, to be asked about many records.
///
/// It does not see holds that are placed after it was made.
#[derive(Debug)]
pub struct Keeping {
    trail: Trail,
    holds: Vec<OpenHold>,
    policy: RetentionPolicy,
}

/// What keeps a record: why it may not be erased now.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kept {
    /// A legal hold covers it.
    Hold {
        /// The hold.
        id: HoldId,
        /// The matter it is for.
        matter: Name,
        /// Who answers for it.
        owner: Option<Name>,
        /// When somebody has to look whether it is still needed.
        review_at: Option<Timestamp>,
    },
    /// Its class has a floor that is not passed yet.
    Floor {
        /// The class.
        class: Name,
        /// The policy that says so.
        policy: VersionedName,
        /// Until when; `None` for a class the policy does not have, whose floor nobody can say.
        until: Option<Timestamp>,
    },
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold {
                id,
                matter,
                owner,
                review_at,
            } => {
                write!(f, "legal hold {id}, matter {matter}")?;
                if let Some(owner) = owner {
                    write!(f, ", owner {owner}")?;
                }
                match review_at {
                    Some(at) => write!(f, ", to be reviewed at {at}"),
                    None => Ok(()),
                }
            }
            Self::Floor {
                class,
                policy,
                until: Some(until),
            } => write!(f, "the class {class} of the policy {policy}, until {until}"),
            Self::Floor { class, policy, .. } => write!(
                f,
                "the class {class}, which the policy {policy} does not have: put a version that has it"
            ),
        }
    }
}

impl OpenHold {
    /// What it says of the records it covers.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let hold = self.hold();
        Kept::Hold {
            id: self.id(),
            matter: hold.matter.clone(),
            owner: hold.owner.clone(),
            review_at: hold.review_at,
        }
    }
}

impl Trail {
    /// What keeps `stored` from being erased at the time `now`: the oldest hold on it, else the floor
    /// of its class in the policy in force; `None` when nothing does.
    ///
    /// A generation has the class of its context; reviews and outcomes have that of their decision.
    /// To ask about many records, make a [`Keeping`] once.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::holds_on`]: what cannot be said is no permission.
    pub async fn kept_by(
        &self,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<Option<Kept>, TrailError> {
        self.keeping().await?.kept_by(stored, now).await
    }

    /// The open holds and the policy in force.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn keeping(&self) -> Result<Keeping, TrailError> {
        let policy = self.retention_policy().await?;
        Keeping::of(self.clone(), policy).await
    }
}

impl Keeping {
    pub(super) async fn of(trail: Trail, policy: RetentionPolicy) -> Result<Self, TrailError> {
        let holds = trail.holds().await?;
        Ok(Self {
            trail,
            holds,
            policy,
        })
    }

    /// For questions about classes alone.
    pub(super) async fn without_holds(trail: Trail) -> Result<Self, TrailError> {
        Ok(Self {
            policy: trail.retention_policy().await?,
            holds: Vec::new(),
            trail,
        })
    }

    /// For questions about holds alone.
    pub(super) async fn of_holds(trail: Trail) -> Result<Self, TrailError> {
        Self::of(trail, RetentionPolicy::built_in()).await
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &RetentionPolicy {
        &self.policy
    }

    /// What keeps `stored` at the time `now`: [`Trail::kept_by`].
    ///
    /// # Errors
    ///
    /// Those of [`Trail::holds_on`].
    pub async fn kept_by(
        &self,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<Option<Kept>, TrailError> {
        let family = self.family(stored).await?;
        if let Some(hold) = self.covering(stored, &family)?.first() {
            return Ok(Some(hold.kept()));
        }
        let Some(class) = self.class_of(stored, &family) else {
            return Ok(None);
        };
        let floor = self.policy.class(&class).map(|it| it.floor_days);
        let until = floor.map(|days| stored.record().at().plus_days(days));
        Ok(until.is_none_or(|until| now < until).then(|| Kept::Floor {
            class,
            policy: self.policy.id(),
            until,
        }))
    }

    /// The holds on `stored`, oldest first: [`Trail::holds_on`].
    ///
    /// # Errors
    ///
    /// Those of [`Trail::holds_on`].
    pub async fn holds_on(&self, stored: &Stored) -> Result<Vec<&OpenHold>, TrailError> {
        if self.holds.is_empty() {
            return Ok(Vec::new());
        }
        let family = self.family(stored).await?;
        self.covering(stored, &family)
    }

    fn covering(&self, stored: &Stored, family: &[Stored]) -> Result<Vec<&OpenHold>, TrailError> {
        let on_entity = |it: &OpenHold| matches!(it.hold().target, HoldTarget::Entity(_));
        if self.trail.vault().why_locked().is_some() && self.holds.iter().any(on_entity) {
            return Err(self.trail.keys_missing());
        }
        let holds = self.holds.iter();
        Ok(holds.filter(|it| it.covers(stored, family)).collect())
    }

    /// The retention class of a context or decision, or of the one that the record belongs to.
    pub(super) fn class_of(&self, stored: &Stored, family: &[Stored]) -> Option<Name> {
        let body = &stored.record().body;
        let parent = match body {
            Body::Context(_) | Body::Decision(_) => Some(stored),
            Body::Generation(it) => find(family, it.context.into()),
            Body::Review(it) => find(family, it.decision.into()),
            Body::Outcome(it) => find(family, it.decision.into()),
            _ => None,
        };
        let named = retention_of(&parent?.record().body).map(|it| it.class.clone());
        named.or_else(|| self.policy.default_class.clone())
    }

    /// The contexts and decisions that a record belongs together with: a hold on one covers it.
    async fn family(&self, stored: &Stored) -> Result<Vec<Stored>, TrailError> {
        let trail = &self.trail;
        let mut family = Vec::new();
        match &stored.record().body {
            Body::Context(_) => family.extend(self.resting_on(stored.id()).await?),
            Body::Generation(generation) => {
                family.extend(trail.read(generation.context).await?);
                family.extend(self.resting_on(stored.id()).await?);
                family.extend(self.resting_on(generation.context.into()).await?);
            }
            Body::Decision(_) => family.extend(self.contexts_of(stored).await?),
            Body::Review(review) => {
                for id in std::iter::once(review.decision).chain(review.new_decision) {
                    family.extend(self.with_contexts(id.into()).await?);
                }
            }
            Body::Outcome(outcome) => {
                family.extend(self.with_contexts(outcome.decision.into()).await?);
            }
            _ => {}
        }
        Ok(family)
    }

    /// The decisions that rest on a context or a generation.
    async fn resting_on(&self, id: RecordId) -> Result<Vec<Stored>, TrailError> {
        let mut decisions = self.trail.referring(id, Kind::Decision).await?;
        decisions.retain(|it| {
            it.decision().is_some_and(|it| {
                let contexts = it.contexts.iter().map(|it| RecordId::from(*it));
                let generations = it.generations.iter().map(|it| RecordId::from(*it));
                contexts.chain(generations).any(|it| it == id)
            })
        });
        Ok(decisions)
    }

    async fn with_contexts(&self, decision: RecordId) -> Result<Vec<Stored>, TrailError> {
        let Some(decision) = self.trail.read(decision).await? else {
            return Ok(Vec::new());
        };
        let mut all = self.contexts_of(&decision).await?;
        all.push(decision);
        Ok(all)
    }

    async fn contexts_of(&self, decision: &Stored) -> Result<Vec<Stored>, TrailError> {
        let mut contexts = Vec::new();
        for id in decision.decision().iter().flat_map(|it| &it.contexts) {
            contexts.extend(self.trail.read(*id).await?);
        }
        Ok(contexts)
    }
}

fn find(family: &[Stored], id: RecordId) -> Option<&Stored> {
    family.iter().find(|it| it.id() == id)
}
