//! Records as the lines of a list.

use serde::Serialize;

use super::output::Row;
use super::table_text::{entities, moment};
use crate::record::{
    Body, Context, ContextId, ContextStatus, Decision, DecisionId, EntityRef, FreshnessStatus,
    Kind, Name, Record, Timestamp,
};
use crate::trail::Stored;

/// A context as the line of a list.
#[derive(Debug, Serialize)]
pub(super) struct ContextSummary {
    id: ContextId,
    name: Name,
    status: ContextStatus,
    created_at: Timestamp,
    environment: Name,
    freshness: FreshnessStatus,
    entities: Vec<EntityRef>,
}

impl ContextSummary {
    pub(super) fn of(stored: &Stored) -> Option<Self> {
        Some(Self::from_parts(stored.id().into(), stored.context()?))
    }

    fn from_parts(id: ContextId, context: &Context) -> Self {
        Self {
            id,
            name: context.name.clone(),
            status: context.status,
            created_at: context.created_at,
            environment: context.environment.clone(),
            freshness: context.freshness.status,
            entities: context.entities.clone(),
        }
    }
}

impl Row for ContextSummary {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "created",
        "name",
        "status",
        "freshness",
        "environment",
        "entities",
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            moment(self.created_at),
            self.name.to_string(),
            self.status.as_str().to_owned(),
            self.freshness.as_str().to_owned(),
            self.environment.to_string(),
            entities(&self.entities),
        ]
    }
}

/// A decision as the line of a list.
#[derive(Debug, Serialize)]
pub(super) struct DecisionSummary {
    id: DecisionId,
    subject: EntityRef,
    outcome: Name,
    decided_at: Timestamp,
    created_at: Timestamp,
    entities: Vec<EntityRef>,
    contexts: Vec<ContextId>,
}

impl DecisionSummary {
    pub(super) fn of(stored: &Stored) -> Option<Self> {
        Some(Self::from_parts(stored.id().into(), stored.decision()?))
    }

    fn from_parts(id: DecisionId, decision: &Decision) -> Self {
        Self {
            id,
            subject: decision.subject.clone(),
            outcome: decision.outcome.clone(),
            decided_at: decision.decided_at,
            created_at: decision.decided_at,
            entities: decision.entities.clone(),
            contexts: decision.contexts.clone(),
        }
    }
}

impl Row for DecisionSummary {
    const COLUMNS: &'static [&'static str] = &[
        "id", "decided", "subject", "outcome", "contexts", "entities",
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            moment(self.decided_at),
            self.subject.to_string(),
            self.outcome.to_string(),
            self.contexts.len().to_string(),
            entities(&self.entities),
        ]
    }
}

/// A record of any kind as the line of a list.
#[derive(Debug, Serialize)]
pub(super) struct AnySummary {
    kind: Kind,
    #[serde(flatten)]
    summary: OfKind,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OfKind {
    Context(ContextSummary),
    Decision(DecisionSummary),
    Other(OtherSummary),
}

/// What the other kinds have in common with contexts.
#[derive(Debug, Serialize)]
struct OtherSummary {
    id: String,
    name: String,
    status: &'static str,
    created_at: Timestamp,
    entities: Vec<EntityRef>,
}

impl AnySummary {
    pub(super) fn of(stored: &Stored) -> Self {
        let Record { head, body } = stored.record();
        let summary = match body {
            Body::Context(context) => {
                OfKind::Context(ContextSummary::from_parts(head.id.into(), context))
            }
            Body::Decision(decision) => {
                OfKind::Decision(DecisionSummary::from_parts(head.id.into(), decision))
            }
            body => OfKind::Other(OtherSummary {
                id: head.id.to_string(),
                name: name_of(body),
                status: "recorded",
                created_at: stored.record().at(),
                entities: stored.about().to_vec(),
            }),
        };
        Self {
            kind: body.kind(),
            summary,
        }
    }
}

fn name_of(body: &Body) -> String {
    match body {
        Body::Generation(generation) => generation.model.name.to_string(),
        Body::Outcome(outcome) => outcome.kind.to_string(),
        Body::Hold(hold) => hold.matter.to_string(),
        Body::Policy(policy) => policy.id().to_string(),
        Body::Artifact(artifact) => artifact.id().to_string(),
        Body::Approval(approval) => approval.artifact.to_string(),
        Body::Retirement(retirement) => retirement.artifact.to_string(),
        Body::Kpi(kpi) => kpi.metric.to_string(),
        Body::Retention(expiry) => expiry.class.to_string(),
        body => body.kind().to_string(),
    }
}

impl Row for AnySummary {
    const COLUMNS: &'static [&'static str] = &[
        "kind",
        "id",
        "time",
        "name or subject",
        "status or outcome",
        "entities",
    ];

    fn id(&self) -> String {
        match &self.summary {
            OfKind::Context(summary) => summary.id(),
            OfKind::Decision(summary) => summary.id(),
            OfKind::Other(summary) => summary.id.clone(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let (at, name, status, about) = match &self.summary {
            OfKind::Context(it) => (
                it.created_at,
                it.name.to_string(),
                it.status.as_str().to_owned(),
                &it.entities,
            ),
            OfKind::Decision(it) => (
                it.decided_at,
                it.subject.to_string(),
                it.outcome.to_string(),
                &it.entities,
            ),
            OfKind::Other(it) => (
                it.created_at,
                it.name.clone(),
                it.status.to_owned(),
                &it.entities,
            ),
        };
        vec![
            self.kind.to_string(),
            self.id(),
            moment(at),
            name,
            status,
            entities(about),
        ]
    }
}
