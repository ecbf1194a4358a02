//! What keeps a record from being erased or expiring: legal holds, and retention floors.

use std::fmt;

use super::hold::OpenHold;
use super::relative::Relative;
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
    /// What keeps `stored` from being erased at the time `now`: the oldest hold on it, else a floor
    /// in the policy in force, of several the one that ends last; `None` when nothing does.
    ///
    /// A generation has the class of its context; reviews and outcomes have that of their decision.
    /// A context and its generations are the evidence of the decisions that rest on them, and the
    /// floors of those keep them too. To ask about many records, make a [`Keeping`] once.
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
    pub(super) fn of_holds(trail: Trail, holds: Vec<OpenHold>) -> Self {
        Self {
            trail,
            holds,
            policy: RetentionPolicy::built_in(),
        }
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
        let floors = self.floors(stored, &family);
        // One that nobody can say is kept for longest.
        let longest = floors
            .into_iter()
            .max_by_key(|it| (it.until.is_none(), it.until));
        let keeps = longest.filter(|it| it.until.is_none_or(|until| now < until));
        Ok(keeps.map(|Floor { class, until }| Kept::Floor {
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

    /// The open holds, oldest first.
    pub(super) fn holds(&self) -> &[OpenHold] {
        &self.holds
    }

    pub(super) fn covering(
        &self,
        stored: &Stored,
        family: &[Relative],
    ) -> Result<Vec<&OpenHold>, TrailError> {
        let on_entity = |it: &OpenHold| matches!(it.hold().target, HoldTarget::Entity(_));
        if self.trail.vault().why_locked().is_some() && self.holds.iter().any(on_entity) {
            return Err(self.trail.keys_missing());
        }
        let holds = self.holds.iter();
        Ok(holds.filter(|it| it.covers(stored, family)).collect())
    }

    /// The retention class of a context or decision.
    pub(super) fn class_of(&self, relative: &Relative) -> Option<Name> {
        let named = relative.labels.class.clone();
        named.or_else(|| self.policy.default_class.clone())
    }

    /// The floors that keep a record: of its class, and of the decisions that rest on it, of which it
    /// is the evidence.
    pub(super) fn floors(&self, stored: &Stored, family: &[Relative]) -> Vec<Floor> {
        let own = parent(stored, family).and_then(|it| self.class_of(&it));
        let own = own.map(|class| self.floor(class, stored.record().at()));
        let is_evidence = matches!(stored.record().kind(), Kind::Context | Kind::Generation);
        let decisions = family
            .iter()
            .filter(|it| is_evidence && it.kind == Kind::Decision);
        let decisions = decisions.filter_map(|it| Some(self.floor(self.class_of(it)?, it.at)));
        own.into_iter().chain(decisions).collect()
    }

    fn floor(&self, class: Name, at: Timestamp) -> Floor {
        let days = self.policy.class(&class).map(|it| it.floor_days);
        Floor {
            until: days.map(|days| at.plus_days(days)),
            class,
        }
    }

    /// The contexts and decisions that a record belongs together with: a hold on one covers it.
    async fn family(&self, stored: &Stored) -> Result<Vec<Relative>, TrailError> {
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
        Ok(family.iter().filter_map(Relative::of).collect())
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

/// The context or decision whose class a record has: itself, or the one of `family` it belongs to.
pub(super) fn parent(stored: &Stored, family: &[Relative]) -> Option<Relative> {
    let id = match &stored.record().body {
        Body::Context(_) | Body::Decision(_) => return Relative::of(stored),
        Body::Generation(it) => RecordId::from(it.context),
        Body::Review(it) => it.decision.into(),
        Body::Outcome(it) => it.decision.into(),
        _ => return None,
    };
    family.iter().find(|it| it.id == id).cloned()
}

/// Until when nobody may erase the records of a class; `None` for a class that the policy does not
/// have, whose floor nobody can say.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    pub(super) class: Name,
    pub(super) until: Option<Timestamp>,
}
