//! Recording a business decision.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Answer, Trail, TrailError};
use crate::capture::{AssembledContext, PreparedContext, Sink};
use crate::record::{
    Actor, ActorKind, Automation, CheckResult, ContextId, Decider, DeciderKind, Decision,
    DecisionId, Draft, EntityRef, GenerationId, Governing, InvalidValue, Members, Name, Rationale,
    Reason, Receipt, Retention, RiskTier, Threshold, VersionedName,
};

/// A decision being put together. Nothing is recorded before [`DecisionBuilder::commit`].
#[derive(Debug)]
#[must_use = "nothing is recorded before `commit`"]
pub struct DecisionBuilder {
    trail: Trail,
    decision: Result<Decision, TrailError>,
    prepared: Vec<PreparedContext>,
    answers: Vec<Answer>,
    actor: Option<Actor>,
}

/// A recorded decision.
#[derive(Clone, Debug)]
pub struct Decided {
    receipt: Receipt,
    decision: Decision,
}

impl Decided {
    /// The id of the decision.
    #[must_use]
    pub fn id(&self) -> DecisionId {
        self.receipt.id.into()
    }

    /// The receipt of the decision.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// What was recorded, but for the entities it took over from its contexts.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}

impl Trail {
    /// Begins a decision on the business key `kind:id`.
    pub fn decide(&self, kind: &str, id: impl std::fmt::Display) -> DecisionBuilder {
        let subject = EntityRef::new(kind, id.to_string());
        DecisionBuilder {
            decision: subject
                .map(|subject| self.blank_decision(subject))
                .map_err(TrailError::from),
            trail: self.clone(),
            prepared: Vec::new(),
            answers: Vec::new(),
            actor: None,
        }
    }

    fn blank_decision(&self, subject: EntityRef) -> Decision {
        Decision {
            subject,
            use_case: None,
            retention: None,
            entities: Vec::new(),
            contexts: Vec::new(),
            generations: Vec::new(),
            output: Members::new(),
            threshold: None,
            outcome: Name::new("undecided").expect("it is a name"),
            action: None,
            confidence: None,
            reasons: Vec::new(),
            rationale: Vec::new(),
            decided_by: decider(self.actor()),
            automation: None,
            decided_at: self.clock().now(),
            risk_tier: None,
            governed_by: BTreeMap::new(),
            checks: Vec::new(),
            input_ref: None,
            input_digest: None,
            kpis: BTreeMap::new(),
            trace: None,
            caused_by: Vec::new(),
            supersedes: None,
            redactions: Vec::new(),
            extra: Members::new(),
        }
    }
}

fn decider(actor: &Actor) -> Decider {
    Decider {
        kind: match actor.kind {
            ActorKind::Human => DeciderKind::Human,
            ActorKind::Service => DeciderKind::System,
        },
        id: actor.id.clone(),
    }
}

impl DecisionBuilder {
    fn with(mut self, change: impl FnOnce(&mut Decision) -> Result<(), InvalidValue>) -> Self {
        self.decision = self.decision.and_then(|mut decision| {
            change(&mut decision)?;
            Ok(decision)
        });
        self
    }

    /// Takes over by which rules `earlier` was made and has to be kept.
    pub(super) fn governed_like(self, earlier: &Decision) -> Self {
        self.with(|it| {
            it.use_case = earlier.use_case.clone();
            it.retention = earlier.retention.clone();
            it.risk_tier = earlier.risk_tier;
            it.governed_by = earlier.governed_by.clone();
            Ok(())
        })
    }

    /// What was decided: `approved`. Required.
    pub fn outcome(self, outcome: impl Into<String>) -> Self {
        self.with(|it| Name::new(outcome).map(|outcome| it.outcome = outcome))
    }

    /// A reason, after those given before; the principal one comes first.
    pub fn because(self, code: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(|it| {
            it.reasons.push(Reason {
                code: Name::new(code)?,
                text: Some(text.into()),
                refs: Vec::new(),
            });
            Ok(())
        })
    }

    /// A reason with what it rests on.
    pub fn reason(self, reason: Reason) -> Self {
        self.with(|it| {
            it.reasons.push(reason);
            Ok(())
        })
    }

    /// How much a signal contributed.
    pub fn rationale(self, rationale: Rationale) -> Self {
        self.with(|it| {
            it.rationale.push(rationale);
            Ok(())
        })
    }

    /// A context that led to it.
    pub fn from_context(self, context: &AssembledContext) -> Self {
        self.from_context_id(context.id())
    }

    /// A context that led to it, by id.
    pub fn from_context_id(self, id: ContextId) -> Self {
        self.with(|it| {
            it.contexts.push(id);
            Ok(())
        })
    }

    /// A context that led to it and may still be on its way: [`Self::commit`] waits for it.
    pub fn from_prepared(mut self, context: PreparedContext) -> Self {
        self.prepared.push(context);
        self
    }

    /// What a model answered to the first of the contexts; it becomes a record of its own.
    pub fn generation(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// A generation that is recorded already.
    pub fn generation_id(self, id: GenerationId) -> Self {
        self.with(|it| {
            it.generations.push(id);
            Ok(())
        })
    }

    /// An entity it is about, besides those of its contexts.
    pub fn entity(self, kind: &str, id: impl std::fmt::Display) -> Self {
        self.with(|it| {
            it.entities.push(EntityRef::new(kind, id.to_string())?);
            Ok(())
        })
    }

    /// Something the model or rule gave: `score`, `probability`.
    pub fn output(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|it| {
            it.output.insert(name.into(), value.into());
            Ok(())
        })
    }

    /// What the output was held against.
    pub fn threshold(self, name: impl Into<String>, value: f64) -> Self {
        self.with(|it| {
            let name = Name::new(name)?;
            it.threshold = Some(Threshold { name, value });
            Ok(())
        })
    }

    /// What was done about it.
    pub fn action(self, action: impl Into<String>) -> Self {
        self.with(|it| Name::new(action).map(|action| it.action = Some(action)))
    }

    /// How sure the decider was, from 0 to 1.
    pub fn confidence(self, confidence: f64) -> Self {
        self.with(|it| {
            it.confidence = Some(confidence);
            Ok(())
        })
    }

    /// The person who decided. Without it, the actor of the trail did.
    pub fn decided_by_human(self, id: impl Into<String>) -> Self {
        self.with(|it| {
            it.decided_by = Decider {
                kind: DeciderKind::Human,
                id: Name::new(id)?,
            };
            Ok(())
        })
    }

    /// The system that decided. Without it, the actor of the trail did.
    pub fn decided_by_system(self, id: impl Into<String>) -> Self {
        self.with(|it| {
            it.decided_by = Decider {
                kind: DeciderKind::System,
                id: Name::new(id)?,
            };
            Ok(())
        })
    }

    /// How far it was automated.
    pub fn automation(self, automation: Automation) -> Self {
        self.with(|it| {
            it.automation = Some(automation);
            Ok(())
        })
    }

    /// How much is at stake.
    pub fn risk_tier(self, tier: RiskTier) -> Self {
        self.with(|it| {
            it.risk_tier = Some(tier);
            Ok(())
        })
    }

    /// By which rule it has to be kept.
    pub fn retention(self, retention: Retention) -> Self {
        self.with(|it| {
            it.retention = Some(retention);
            Ok(())
        })
    }

    /// The registered use case, as `name@version`.
    pub fn use_case(self, use_case: &str) -> Self {
        self.with(|it| {
            it.use_case = Some(use_case.parse()?);
            Ok(())
        })
    }

    /// An artifact version that governed it, as `name@version`, and in which role.
    pub fn governed_by(self, role: impl Into<String>, artifact: &str) -> Self {
        self.with(|it| {
            let version: VersionedName = artifact.parse()?;
            it.governed_by.insert(role.into(), Governing::One(version));
            Ok(())
        })
    }

    /// A check that was made.
    pub fn check(self, check: CheckResult) -> Self {
        self.with(|it| {
            it.checks.push(check);
            Ok(())
        })
    }

    /// A metric value measured with it.
    pub fn kpi(self, name: impl Into<String>, value: f64) -> Self {
        self.with(|it| {
            it.kpis.insert(name.into(), value);
            Ok(())
        })
    }

    /// The decision it overrides or corrects, which stays as it is.
    pub fn supersedes(self, earlier: DecisionId) -> Self {
        self.with(|it| {
            it.supersedes = Some(earlier);
            Ok(())
        })
    }

    /// Who records it; the actor of the trail when not said.
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Records the decision, and before it the answers given, and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`TrailError::Incomplete`] without an outcome, [`TrailError::UnknownRecord`] for a context
    /// that is not there, and those of [`Trail::record`].
    pub async fn commit(self) -> Result<Decided, TrailError> {
        let mut decision = self.decision?;
        for prepared in self.prepared {
            let context = prepared.durable().await.map_err(|error| {
                TrailError::Incomplete(format!(
                    "a context of the decision was not recorded: {error}"
                ))
            })?;
            decision.contexts.push(context.id());
        }
        if decision.outcome.as_str() == "undecided" {
            return Err(TrailError::Incomplete(
                "a decision needs an outcome: call `outcome`".to_owned(),
            ));
        }
        for answer in self.answers {
            let context = decision.contexts.first().copied();
            let id = self
                .trail
                .record_answer(answer, context, self.actor.clone())
                .await?;
            decision.generations.push(id);
        }
        // Its answers came before it, also in the history of an entity.
        decision.decided_at = self.trail.clock().now();
        let id = self.trail.new_id();
        let mut draft = Draft::new(id, decision.clone());
        draft.actor = self.actor;
        let receipt = self.trail.record(draft).await?;
        Ok(Decided { receipt, decision })
    }
}

impl Trail {
    /// A new id for a record that is made now.
    #[must_use]
    pub fn new_id(&self) -> crate::record::RecordId {
        crate::record::RecordId::from_uuid(self.ids().new_id(self.clock().now()))
    }
}
