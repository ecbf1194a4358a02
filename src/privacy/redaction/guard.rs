//! The same rules as a guardrail: before a text is assembled, it can still be changed.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::scrub::Scrubber;
use super::{RedactError, Redaction, RedactionKeys};
use crate::capture::{BoxError, Guardrail, GuardrailOutcome};
use crate::record::Stage;

/// A guardrail that applies the rules with a detector: to inputs at the input stage, to the texts of
/// items at the context stage.
///
/// What it takes out is neither sent nor recorded, so that the text recorded is still the text sent.
/// A guardrail is not told where a text stands: of rules with a path, those apply that mean every
/// item's text.
#[derive(Clone, Debug)]
pub struct RedactionGuard {
    redaction: Arc<Redaction>,
    keys: RedactionKeys,
}

impl RedactionGuard {
    /// Applies `redaction` with `keys`.
    #[must_use]
    pub const fn new(redaction: Arc<Redaction>, keys: RedactionKeys) -> Self {
        Self { redaction, keys }
    }
}

#[async_trait]
impl Guardrail for RedactionGuard {
    fn name(&self) -> &'static str {
        "redaction"
    }

    fn version(&self) -> Option<&str> {
        Some("1")
    }

    async fn check(&self, stage: Stage, text: &str) -> Result<GuardrailOutcome, BoxError> {
        let mut scrub = Scrubber::new(&self.redaction, &self.keys);
        let place = match stage {
            Stage::Input => "/inputs/*",
            Stage::Context | Stage::Output => "/assembly/items/*/text",
        };
        let left = scrub.at_path(place, |scrub| scrub.found_text(text));
        if let Some(failed) = scrub.failed {
            return Err(RedactError::into(failed));
        }
        let found = scrub.traces.iter().map(|trace| {
            json!({"rule": trace.rule, "kind": trace.kind, "length": trace.length,
                   "treatment": trace.treatment})
        });
        let native = json!({ "found": found.collect::<Vec<Value>>() });
        Ok(match (scrub.blocked, left) {
            (Some(_), _) => GuardrailOutcome::block(native),
            (None, Some(left)) => GuardrailOutcome::redact(native, left),
            (None, None) => GuardrailOutcome::pass(),
        })
    }
}
