//! What can go wrong while a context is captured.

use std::error::Error;
use std::time::Duration;

use super::stale_text::stale_text;
use crate::assembly::{AssemblyError, TemplateError, UnknownTokenizer};
use crate::capture::SinkError;
use crate::record::{
    ContextId, ErrorNote, FeatureStatus, FreshnessViolation, GuardrailResult, InvalidValue, Name,
    Stage,
};

/// Any error of an application's own source, retriever, tool or guardrail.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a captured call or an assembly did not succeed. The record says the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// A name, id or time does not have the form its place asks for. Correct the call.
    #[error("`{path}` is invalid")]
    Invalid {
        /// The place: `entities[0]`, `features.credit_score.version`.
        path: String,
        /// What is wrong there.
        #[source]
        source: InvalidValue,
    },
    /// An item refers to something the context does not have, or has more than once.
    #[error("`{path}` refers to {reference:?}, which {problem}")]
    Reference {
        /// The place: `items[2].ref`.
        path: String,
        /// The reference as written.
        reference: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// An item is to be the value of a feature whose fetch gave none.
    #[error(
        "`{path}` is the feature {reference:?}, which is {}: leave the item out, or fetch the value first{}",
        status_text(*.status), recorded(.id.as_ref())
    )]
    NoValue {
        /// The failed record; absent when nothing was to be recorded.
        id: Option<ContextId>,
        /// The place: `items[2]`.
        path: String,
        /// The reference as written.
        reference: String,
        /// What came of the fetch.
        status: FeatureStatus,
    },
    /// An item is to be a retrieved document, and its text is not the one retrieved.
    #[error(
        "`{path}` differs from the text retrieved as {document:?}: leave it out, or send the changed text as an item of kind `text`"
    )]
    OtherText {
        /// The place: `items[2].text`.
        path: String,
        /// The document as the item refers to it.
        document: String,
    },
    /// The source has no value for this entity.
    #[error(
        "feature {feature:?} has no value for {entity}: give a default, or make it optional, to go on without it"
    )]
    Missing {
        /// The feature.
        feature: String,
        /// The entity, `type:id`.
        entity: String,
    },
    /// The application's own source, retriever or tool failed.
    #[error("{call} {name:?} failed")]
    Failed {
        /// What was called: `feature`, `retriever`, `tool`.
        call: &'static str,
        /// Its name.
        name: String,
        /// What it returned.
        #[source]
        source: BoxError,
    },
    /// The call took longer than it was allowed and was given up.
    #[error("{call} {name:?} gave no answer within {} ms", .after.as_millis())]
    Timeout {
        /// What was called: `feature`, `retriever`, `tool`.
        call: &'static str,
        /// Its name.
        name: String,
        /// The time it was allowed.
        after: Duration,
    },
    /// A guardrail said that the context must not go on; the record is stored as `refused`.
    #[error("guardrail {guardrail} blocked the {}{}", stage_text(*.stage), recorded(.id.as_ref()))]
    Blocked {
        /// The refused record; absent when nothing was to be recorded.
        id: Option<ContextId>,
        /// The guardrail.
        guardrail: Name,
        /// What it looked at.
        stage: Stage,
    },
    /// A guardrail said that the model's answer must not go on. Its result belongs into the
    /// generation.
    #[error("guardrail {} blocked the output", .0.name)]
    OutputBlocked(Box<GuardrailResult>),
    /// The required items alone do not fit; the record is stored as `refused`.
    #[error(
        "required items need {needed} tokens and {available} are available: raise the budget, require less, or allow overflow{}",
        recorded(.id.as_ref())
    )]
    OverBudget {
        /// The refused record; absent when nothing was to be recorded.
        id: Option<ContextId>,
        /// What the required items need, in tokens.
        needed: u64,
        /// What the budget leaves, in tokens.
        available: u64,
    },
    /// Strict freshness was asked for and not met; the record is stored as `refused`.
    #[error("{}{}", stale_text(.violations), recorded(.id.as_ref()))]
    Stale {
        /// The refused record; absent when nothing was to be recorded.
        id: Option<ContextId>,
        /// Everything that was not fresh enough.
        violations: Vec<FreshnessViolation>,
    },
    /// The context has no token budget.
    #[error("the context has no token budget: give it one with `budget(Budget::tokens(limit))`")]
    NoBudget,
    /// The tokenizer or model is not known.
    #[error(transparent)]
    Tokenizer(#[from] UnknownTokenizer),
    /// The template cannot be rendered.
    #[error("the template {name:?} cannot be rendered")]
    Template {
        /// The template.
        name: String,
        /// What is wrong with it.
        #[source]
        source: TemplateError,
    },
    /// The items cannot be assembled.
    #[error("the items cannot be assembled")]
    Assembly(#[source] AssemblyError),
    /// The context was sealed already; begin a new one.
    #[error("the context is already sealed: begin another one")]
    Finished,
    /// The record could not be stored, so its text is withheld.
    #[error("the context could not be recorded")]
    Store(#[from] SinkError),
    /// The assembly ended with `cause`, and the record saying so could not be stored.
    #[error("{cause}; and its record could not be stored")]
    Unrecorded {
        /// How the assembly ended.
        cause: Box<Self>,
        /// Why there is no record.
        #[source]
        source: SinkError,
    },
}

impl CaptureError {
    /// The stable word for the cause, as `error.code` of the record has it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Reference { .. } => "unknown_reference",
            Self::Missing { .. } => "missing",
            Self::NoValue { .. } => "no_value",
            Self::OtherText { .. } => "other_text",
            Self::Failed { .. } => "failed",
            Self::Timeout { .. } => "timeout",
            Self::Blocked { .. } | Self::OutputBlocked(_) => "guardrail_block",
            Self::OverBudget { .. } => "required_over_budget",
            Self::Stale { .. } => "stale",
            Self::NoBudget => "no_budget",
            Self::Tokenizer(_) => "unknown_tokenizer",
            Self::Template { .. } => "template",
            Self::Assembly(error) => error.code(),
            Self::Finished => "finished",
            Self::Store(_) => "store",
            Self::Unrecorded { cause, .. } => cause.code(),
        }
    }

    /// The member of a request that is at fault, such as `items[2].ref`; `None` when it is no one
    /// member.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        match self {
            Self::Invalid { path, .. }
            | Self::Reference { path, .. }
            | Self::NoValue { path, .. }
            | Self::OtherText { path, .. } => Some(path.clone()),
            Self::Tokenizer(UnknownTokenizer::Encoding { .. }) => Some("budget.tokenizer".into()),
            Self::Tokenizer(UnknownTokenizer::Model { .. }) => Some("model.name".into()),
            Self::Template { .. } => Some("template.text".into()),
            Self::Assembly(AssemblyError::ReserveExceedsLimit { .. }) => {
                Some("budget.reserve_output".into())
            }
            _ => None,
        }
    }

    /// Whether a rule refused the assembly: budget, freshness or a guardrail.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Blocked { .. }
            | Self::OutputBlocked(_)
            | Self::OverBudget { .. }
            | Self::Stale { .. }
            | Self::Store(SinkError::Refused { .. }) => true,
            Self::Unrecorded { cause, .. } => cause.is_refusal(),
            _ => false,
        }
    }

    /// The id of the record that says how the assembly was refused, once it is stored.
    #[must_use]
    pub fn refused_id(&self) -> Option<ContextId> {
        match self {
            Self::Blocked { id, .. } | Self::OverBudget { id, .. } | Self::Stale { id, .. } => *id,
            Self::Store(SinkError::Refused { id, .. }) => id.map(Into::into),
            _ => None,
        }
    }

    pub(super) fn note(&self) -> ErrorNote {
        ErrorNote::new(self.code(), with_sources(self))
    }

    pub(super) fn with_id(mut self, stored: ContextId) -> Self {
        if let Self::Blocked { id, .. }
        | Self::NoValue { id, .. }
        | Self::OverBudget { id, .. }
        | Self::Stale { id, .. } = &mut self
        {
            *id = Some(stored);
        }
        self
    }
}

impl From<AssemblyError> for CaptureError {
    fn from(error: AssemblyError) -> Self {
        match error {
            AssemblyError::RequiredOverBudget {
                needed, available, ..
            } => Self::OverBudget {
                id: None,
                needed,
                available,
            },
            error => Self::Assembly(error),
        }
    }
}

/// The message of `error` and those of everything behind it.
pub(super) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn recorded(id: Option<&ContextId>) -> String {
    id.map(|id| format!(" (recorded as {id})"))
        .unwrap_or_default()
}

const fn status_text(status: FeatureStatus) -> &'static str {
    match status {
        FeatureStatus::Failed => "failed",
        FeatureStatus::Ok | FeatureStatus::Missing => "missing",
    }
}

const fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Input => "input",
        Stage::Context => "context",
        Stage::Output => "output",
    }
}
