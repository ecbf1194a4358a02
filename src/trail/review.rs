//! Recording a person's verdict on a decision, and what happened after it.

use serde_json::Value;

use super::{Decided, Trail, TrailError};
use crate::capture::Sink;
use crate::record::{
    Actor, ActorKind, ActorMethod, Automation, Decision, DecisionId, Draft, InvalidValue, Kind,
    Members, Name, Outcome, Receipt, Review, ReviewVerdict, Timestamp, VersionedName,
};

/// A review being put together. Nothing is recorded before its verdict.
#[derive(Debug)]
#[must_use = "nothing is recorded before a verdict: `approve`, `reject`, `escalate`, `override_to`"]
pub struct ReviewBuilder {
    trail: Trail,
    decision: DecisionId,
    by: Option<Result<Actor, InvalidValue>>,
    role: Option<Name>,
    reason_code: Option<Result<Name, InvalidValue>>,
    policy: Option<VersionedName>,
    presented_at: Option<Timestamp>,
    shown: Option<std::sync::Arc<[u8]>>,
}

/// A recorded review, and the decision that an override made.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The receipt of the review.
    pub receipt: Receipt,
    /// The receipt of the new decision; none through a server, whose record of the review names it.
    pub new_decision: Option<Receipt>,
}

impl Trail {
    /// Begins a review of a decision.
    pub fn review(&self, decision: DecisionId) -> ReviewBuilder {
        ReviewBuilder {
            trail: self.clone(),
            decision,
            by: None,
            role: None,
            reason_code: None,
            policy: None,
            presented_at: None,
            shown: None,
        }
    }

    /// Begins an outcome event: something that happened after a decision.
    pub fn outcome(&self, decision: &Decided, kind: impl Into<String>) -> OutcomeBuilder {
        self.outcome_of(decision.id(), kind)
    }

    /// The same, by the id of the decision.
    pub fn outcome_of(&self, decision: DecisionId, kind: impl Into<String>) -> OutcomeBuilder {
        OutcomeBuilder {
            trail: self.clone(),
            decision,
            kind: Name::new(kind),
            value: None,
            at: None,
            note: None,
        }
    }
}

impl ReviewBuilder {
    /// The person who reviews. On a local trail the name is as stated: `asserted`.
    pub fn by(mut self, who: impl Into<String>) -> Self {
        self.by = Some(Name::new(who).map(|id| Actor {
            id,
            kind: ActorKind::Human,
            method: ActorMethod::Asserted,
        }));
        self
    }

    /// The person who reviews, known by more than a name that somebody states.
    pub fn by_actor(mut self, actor: Actor) -> Self {
        self.by = Some(Ok(actor));
        self
    }

    /// The reviewer's role.
    pub fn role(mut self, role: Name) -> Self {
        self.role = Some(role);
        self
    }

    /// The code of the reason.
    pub fn reason_code(mut self, code: impl Into<String>) -> Self {
        self.reason_code = Some(Name::new(code));
        self
    }

    /// The policy that allows the verdict.
    pub fn policy(mut self, policy: VersionedName) -> Self {
        self.policy = Some(policy);
        self
    }

    /// When the reviewer was shown the decision, and exactly what: its keyed digest is recorded.
    ///
    /// Without it nobody can see later whether the reviewer took the time to look.
    pub fn shown(mut self, at: Timestamp, what: &[u8]) -> Self {
        self.presented_at = Some(at);
        self.shown = Some(what.into());
        self
    }

    /// Records that the decision stands.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`] for an unknown decision, and those of [`Trail::record`].
    pub async fn approve(self, note: impl Into<String>) -> Result<Reviewed, TrailError> {
        self.verdict(ReviewVerdict::Approve, Some(note.into()), None)
            .await
    }

    /// Records that the decision may not be acted on.
    ///
    /// # Errors
    ///
    /// Those of [`Self::approve`].
    pub async fn reject(self, note: impl Into<String>) -> Result<Reviewed, TrailError> {
        self.verdict(ReviewVerdict::Reject, Some(note.into()), None)
            .await
    }

    /// Records that somebody else has to look.
    ///
    /// # Errors
    ///
    /// Those of [`Self::approve`].
    pub async fn escalate(self, note: impl Into<String>) -> Result<Reviewed, TrailError> {
        self.verdict(ReviewVerdict::Escalate, Some(note.into()), None)
            .await
    }

    /// Records a new decision with another outcome, and the review that led to it. The decision
    /// reviewed stays as it is.
    ///
    /// # Errors
    ///
    /// Those of [`Self::approve`].
    pub async fn override_to(
        self,
        outcome: impl Into<String>,
        note: impl Into<String>,
    ) -> Result<Reviewed, TrailError> {
        let outcome = Name::new(outcome)?;
        self.verdict(ReviewVerdict::Override, Some(note.into()), Some(outcome))
            .await
    }

    /// Records any verdict; an override needs the new outcome, and no other verdict has one.
    ///
    /// # Errors
    ///
    /// [`TrailError::Incomplete`] without a reviewer, or when verdict and outcome do not agree;
    /// and those of [`Self::approve`].
    pub async fn verdict(
        self,
        verdict: ReviewVerdict,
        note: Option<String>,
        new_outcome: Option<Name>,
    ) -> Result<Reviewed, TrailError> {
        if (verdict == ReviewVerdict::Override) != new_outcome.is_some() {
            return Err(TrailError::Incomplete(
                "an override needs the new outcome, and no other verdict has one".to_owned(),
            ));
        }
        let by = self.by.clone().ok_or_else(|| {
            TrailError::Incomplete("a review needs the person who reviews: call `by`".to_owned())
        })??;
        #[cfg(feature = "network")]
        let trail = self.trail.clone();
        #[cfg(feature = "network")]
        if let Some(remote) = trail.remote() {
            let shown = self.shown.clone();
            let review = self.review_of(verdict, note, new_outcome)?;
            let mut draft = Draft::new(trail.new_id(), review);
            draft.actor = Some(by);
            draft.texts.digested = shown;
            return Ok(Reviewed {
                receipt: remote.review(&trail, draft).await?,
                new_decision: None,
            });
        }
        let reviewed = self
            .trail
            .read_kind(self.decision.into(), Kind::Decision)
            .await?;
        let Some(original) = reviewed.decision() else {
            return Err(TrailError::NotFound {
                prefix: self.decision.to_string(),
            });
        };
        let new_decision = match &new_outcome {
            Some(outcome) => Some(
                self.record_override(original, outcome, &by, note.as_deref())
                    .await?,
            ),
            None => None,
        };
        let review = Review {
            decision: self.decision,
            role: self.role,
            verdict,
            reason_code: self.reason_code.transpose()?,
            policy: self.policy,
            note,
            presented_at: self.presented_at,
            decided_at: self.trail.clock().now(),
            shown_digest: None,
            original_outcome: original.outcome.clone(),
            new_outcome,
            new_decision: new_decision.as_ref().map(|receipt| receipt.id.into()),
            redactions: Vec::new(),
            extra: Members::new(),
        };
        let mut draft = Draft::new(self.trail.new_id(), review);
        draft.actor = Some(by);
        draft.texts.digested = self.shown;
        Ok(Reviewed {
            receipt: self.trail.record(draft).await?,
            new_decision,
        })
    }

    /// The review as far as it is known without the decision.
    #[cfg(feature = "network")]
    fn review_of(
        self,
        verdict: ReviewVerdict,
        note: Option<String>,
        new_outcome: Option<Name>,
    ) -> Result<Review, TrailError> {
        Ok(Review {
            decision: self.decision,
            role: self.role,
            verdict,
            reason_code: self.reason_code.transpose()?,
            policy: self.policy,
            note,
            presented_at: self.presented_at,
            decided_at: self.trail.clock().now(),
            shown_digest: None,
            original_outcome: Name::new("unknown")?,
            new_outcome,
            new_decision: None,
            redactions: Vec::new(),
            extra: Members::new(),
        })
    }

    async fn record_override(
        &self,
        original: &Decision,
        outcome: &Name,
        by: &Actor,
        note: Option<&str>,
    ) -> Result<Receipt, TrailError> {
        let mut builder = self
            .trail
            .decide(original.subject.kind.as_str(), &original.subject.id)
            .governed_like(original)
            .outcome(outcome.as_str())
            .decided_by_human(by.id.as_str())
            .automation(Automation::None)
            .actor(by.clone())
            .supersedes(self.decision);
        for context in &original.contexts {
            builder = builder.from_context_id(*context);
        }
        for generation in &original.generations {
            builder = builder.generation_id(*generation);
        }
        if let Some(code) = &self.reason_code {
            builder = builder.because(code.clone()?.as_str(), note.unwrap_or_default());
        }
        Ok(builder.commit().await?.receipt().clone())
    }
}

/// An outcome event being put together. Nothing is recorded before [`OutcomeBuilder::commit`].
#[derive(Debug)]
#[must_use = "nothing is recorded before `commit`"]
pub struct OutcomeBuilder {
    trail: Trail,
    decision: DecisionId,
    kind: Result<Name, InvalidValue>,
    value: Option<Value>,
    at: Option<Timestamp>,
    note: Option<String>,
}

impl OutcomeBuilder {
    /// A value that goes with it.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// When it happened; now when not said.
    pub const fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    /// A note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Records the event and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`TrailError::UnknownRecord`] for an unknown decision, and those of [`Trail::record`].
    pub async fn commit(self) -> Result<Receipt, TrailError> {
        let outcome = Outcome {
            decision: self.decision,
            kind: self.kind?,
            value: self.value,
            at: self.at.unwrap_or_else(|| self.trail.clock().now()),
            note: self.note,
            redactions: Vec::new(),
            extra: Members::new(),
        };
        self.trail
            .record(Draft::new(self.trail.new_id(), outcome))
            .await
    }
}
