//! Assembled contexts: what the application sends, and the proof of it.

use std::sync::Arc;

use super::guardrail::Findings;
use super::state::State;
use crate::assembly::{self, Assembled, Budget, Counter, tokenizer};
use crate::capture::{CaptureError, Guard, Pending};
use crate::record::{
    AssemblyRecord, ContextId, EntityRef, FreshnessReport, GuardrailResult, GuardrailVerdict,
    Receipt, Role, Stage,
};

/// A context whose record is stored: its text is what to send.
#[derive(Clone, Debug)]
pub struct AssembledContext {
    parts: Parts,
    receipt: Receipt,
}

/// A context whose record is being written: its text can be sent, its id is not known yet.
#[derive(Debug)]
pub struct PreparedContext {
    parts: Parts,
    pending: Pending,
}

/// What is kept of a capture after its end.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    id: ContextId,
    text: Arc<str>,
    assembly: AssemblyRecord,
    entities: Vec<EntityRef>,
    item_texts: Vec<Arc<str>>,
    freshness: FreshnessReport,
    counter: Counter,
}

impl Parts {
    pub(super) fn new(
        id: ContextId,
        state: &State,
        assembled: &Assembled,
        counter: Counter,
    ) -> Self {
        let context = &state.context;
        let limit_ms = context.freshness.limit_ms;
        Self {
            id,
            text: Arc::clone(&assembled.text),
            assembly: assembled.record.clone(),
            entities: context.entities.clone(),
            item_texts: state.items.iter().map(|item| item.text.clone()).collect(),
            freshness: assembly::freshness(&context.features, &context.retrievals, limit_ms),
            counter,
        }
    }
}

impl PreparedContext {
    pub(super) const fn new(parts: Parts, pending: Pending) -> Self {
        Self { parts, pending }
    }

    /// Waits until the record is as durable as the trail promises.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Store`] when the record cannot be written. Then there is no record, and what
    /// was done with the text is not on the trail.
    pub async fn durable(self) -> Result<AssembledContext, CaptureError> {
        let receipt = self.pending.await?;
        Ok(AssembledContext::new(self.parts, receipt))
    }
}

impl AssembledContext {
    pub(super) const fn new(parts: Parts, receipt: Receipt) -> Self {
        Self { parts, receipt }
    }

    /// The id of the record.
    #[must_use]
    pub const fn id(&self) -> ContextId {
        self.parts.id
    }

    /// Where the record stands in the log, and how safe it is.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

macro_rules! assembled_text {
    ($context:ident) => {
        impl $context {
            /// The text to send, exactly as it is recorded.
            #[must_use]
            pub fn text(&self) -> &str {
                &self.parts.text
            }

            /// The same text as runs of equal role, for chat APIs.
            #[must_use]
            pub fn messages(&self) -> Vec<(Role, &str)> {
                assembly::messages(&self.parts.assembly, &self.parts.text)
            }

            /// Every item with what became of it, and the use of the budget.
            ///
            /// Digests over personal text are made at sealing; only the stored record has them.
            #[must_use]
            pub const fn assembly(&self) -> &AssemblyRecord {
                &self.parts.assembly
            }

            /// The entities the context is about, those of its features included.
            #[must_use]
            pub fn entities(&self) -> &[EntityRef] {
                &self.parts.entities
            }

            /// Whether what went in was fresh enough.
            #[must_use]
            pub const fn freshness(&self) -> &FreshnessReport {
                &self.parts.freshness
            }

            /// What another budget would have kept. Nothing is recorded.
            ///
            /// # Errors
            ///
            /// [`CaptureError::OverBudget`] when the required items do not fit it, and
            /// [`CaptureError::Tokenizer`] when it names an unknown tokenizer.
            pub fn what_if(&self, budget: &Budget) -> Result<Assembled, CaptureError> {
                self.parts.what_if(budget)
            }

            /// Has `guard` check the model's answer. The result belongs into the generation.
            ///
            /// # Errors
            ///
            /// [`CaptureError::OutputBlocked`], with the result, when it blocks.
            pub async fn guard_output(
                &self,
                guard: &Guard,
                answer: impl Into<String>,
            ) -> Result<GuardedOutput, CaptureError> {
                guard_output(guard, answer.into()).await
            }
        }
    };
}
assembled_text!(AssembledContext);
assembled_text!(PreparedContext);

impl Parts {
    fn what_if(&self, budget: &Budget) -> Result<Assembled, CaptureError> {
        let other = budget
            .tokenizer_name()
            .filter(|name| *name != self.counter.tokenizer().name());
        let counter = match other {
            Some(name) => &Counter::new(tokenizer(name)?),
            None => &self.counter,
        };
        assembly::what_if(&self.assembly, &self.item_texts, budget, counter)
            .map_err(CaptureError::from)
    }
}

/// A model's answer after a guardrail of the output stage.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardedOutput {
    /// The answer to go on with: as given, or redacted.
    pub text: String,
    /// What the guardrail found, for the generation.
    pub result: GuardrailResult,
}

async fn guard_output(guard: &Guard, answer: String) -> Result<GuardedOutput, CaptureError> {
    let mut check = guard.check(Stage::Output, &answer).await;
    let text = check.replacement().unwrap_or(answer);
    let mut findings = Findings::new(guard, Stage::Output);
    findings.add("text", check);
    let result = findings.result();
    if result.verdict == GuardrailVerdict::Block {
        return Err(CaptureError::OutputBlocked(Box::new(result)));
    }
    Ok(GuardedOutput { text, result })
}
