//! The facts as plain data: ids, contexts, decisions, reviews, requests.
//!
//! The names here are the public contract: exports, HTTP bodies and these types share them. No
//! type here does input or output; times and ids come from a [`Clock`] and an [`IdSource`].

mod access;
mod artifact;
mod assembly;
mod capture;
mod class;
mod clock;
mod context;
mod decision;
mod digest;
mod draft;
mod entity;
mod feature;
mod freshness;
mod guardrail;
mod head;
mod hold;
mod id;
mod invalid;
mod kind;
mod kpi;
mod name;
mod objective;
mod receipt;
mod redaction;
mod reference;
mod request;
mod retention;
mod retrieval;
mod time;
mod trail_own;
mod use_case;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use access::{AccessEvent, AccessKind, AccessRole, TokenAction, TokenEvent};
pub use artifact::{
    Approval, Artifact, ArtifactKind, ArtifactLink, ArtifactName, ArtifactOwner, ArtifactRef,
    ArtifactReference, ArtifactSignature, Deployment, LinkRelation, Raci, Retirement,
};
pub use assembly::{
    AssemblyRecord, BudgetUse, CutReason, Item, ItemKind, MessageSpan, Order, Overflow, Role,
    TokenizerUse, Verdict,
};
pub use capture::{CaptureReport, Completeness, Door, Section, Sections};
pub use class::Class;
pub use clock::{Clock, IdSource, ManualClock, RandomIds, SequentialIds, SystemClock};
pub use context::{
    Agent, Context, ContextStatus, ErrorNote, Members, ModelUse, Recorder, Retention, Service,
    TemplateUse, Trace,
};
pub use decision::{
    Automation, CheckFinding, CheckResult, Comparison, Cost, Decider, DeciderKind, Decision,
    Generation, Governing, Outcome, Rationale, Reason, Review, ReviewVerdict, RiskTier, Threshold,
    TokenUsage,
};
pub use digest::Digest;
pub use draft::{DocumentText, Draft, ItemText, Texts, WithheldText};
pub use entity::EntityRef;
pub use feature::{Feature, FeatureOrigin, FeatureStatus, Origin, QualityCheck};
pub use freshness::{FreshnessReport, FreshnessStatus, FreshnessViolation, StaleReason};
pub use guardrail::{
    GuardrailAction, GuardrailResult, GuardrailVerdict, PolicyUse, Stage, ToolCall, ToolStatus,
};
pub use head::{Actor, ActorKind, ActorMethod, Head};
pub use hold::{Hold, HoldQuery, HoldTarget, Release};
pub use id::{ContextId, DecisionId, GenerationId, HoldId, OutcomeId, RecordId, ReviewId, TrailId};
pub use invalid::InvalidValue;
pub use kind::{Body, Kind, Record};
pub use kpi::{Allowance, Check, CheckLine, CheckOf, Freeze, Kpi, Measure, Unfreeze};
pub use name::{Name, Tenant, Version, VersionedName};
pub use objective::{
    Approver, Beyond, Bound, Condition, Constraint, Escalation, EscalationRule, KpiDefinition,
    Objective, Segment, Severity,
};
pub use receipt::{Acknowledged, Receipt};
pub use redaction::{RedactionTrace, RedactionTreatment, TEMPLATE_TEXT_PATH, item_text_path};
pub use reference::{UsedKind, UsedRef};
pub use request::{
    REQUEST_SCHEMA, Request, RequestBudget, RequestDocument, RequestFeature, RequestFreshness,
    RequestItem, RequestRetrieval, RequestTemplate,
};
pub use retention::{Aggregate, Expiry, RetentionAction, RetentionClass, RetentionPolicy};
pub use retrieval::{
    DocumentUse, IndexUse, Retrieval, RetrievalStatus, RetrievedDocument, RetrieverClass,
};
pub use time::{Span, Timestamp};
pub use trail_own::{
    Archival, Erasure, HeadStatement, Import, KeptValues, KeyAction, KeyEvent, KeyLevel, Succession,
};
pub use use_case::{ApprovalPolicy, RequiredApprovals, Ungoverned, UseCase, UseCaseTargets};

/// Reads a member that may be left out, but whose `null` is a value.
fn some_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
