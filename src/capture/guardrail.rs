//! Guardrails: checks of what goes in, of the assembled context and of the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::call::{limited, micros};
use super::state::nearest_name;
use crate::capture::BoxError;
use crate::record::{
    ErrorNote, GuardrailAction, GuardrailResult, GuardrailVerdict, PolicyUse, Stage, Version,
};

/// Checks a text: for personal data, for injected instructions, for promises.
#[async_trait]
pub trait Guardrail: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// Its version.
    fn version(&self) -> Option<&str> {
        None
    }

    /// The policy it enforces.
    fn policy(&self) -> Option<PolicyUse> {
        None
    }

    /// Checks `text`, which is about to be used at `stage`.
    ///
    /// # Errors
    ///
    /// Any error of the guardrail. It counts as [`GuardrailVerdict::Block`], unless
    /// [`Guard::on_failure`] says otherwise.
    async fn check(&self, stage: Stage, text: &str) -> Result<GuardrailOutcome, BoxError>;
}

/// What a guardrail found.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardrailOutcome {
    /// The result in the guardrail's own form.
    pub native: Option<Value>,
    /// What that means.
    pub verdict: GuardrailVerdict,
    /// For [`GuardrailVerdict::Redact`], the text to go on with. Without one, all of it goes.
    pub replacement: Option<String>,
}

impl GuardrailOutcome {
    /// Nothing found.
    #[must_use]
    pub const fn pass() -> Self {
        Self {
            native: None,
            verdict: GuardrailVerdict::Pass,
            replacement: None,
        }
    }

    /// Something that a person should see.
    #[must_use]
    pub fn flag(native: impl Into<Value>) -> Self {
        Self {
            native: Some(native.into()),
            verdict: GuardrailVerdict::Flag,
            replacement: None,
        }
    }

    /// Something that is replaced: go on with `replacement`.
    #[must_use]
    pub fn redact(native: impl Into<Value>, replacement: impl Into<String>) -> Self {
        Self {
            native: Some(native.into()),
            verdict: GuardrailVerdict::Redact,
            replacement: Some(replacement.into()),
        }
    }

    /// Something that must not go on.
    #[must_use]
    pub fn block(native: impl Into<Value>) -> Self {
        Self {
            native: Some(native.into()),
            verdict: GuardrailVerdict::Block,
            replacement: None,
        }
    }
}

/// A guardrail and what to do when it cannot be run.
#[derive(Clone)]
pub struct Guard {
    rail: Arc<dyn Guardrail>,
    on_failure: GuardrailVerdict,
    timeout: Option<Duration>,
}

impl Guard {
    /// Guards by `rail`. A failure of the guardrail blocks.
    #[must_use]
    pub fn new(rail: impl Guardrail + 'static) -> Self {
        Self::from(Arc::new(rail) as Arc<dyn Guardrail>)
    }

    /// Sets what a failure of the guardrail counts as.
    #[must_use]
    pub const fn on_failure(mut self, verdict: GuardrailVerdict) -> Self {
        self.on_failure = verdict;
        self
    }

    /// Counts a check that takes longer than `timeout` as failed, with error code `timeout`.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(super) async fn check(&self, stage: Stage, text: &str) -> Check {
        let started = Instant::now();
        let answer = limited(self.timeout, self.rail.check(stage, text)).await;
        let latency_us = micros(started.elapsed());
        match answer {
            Ok(outcome) => Check {
                outcome,
                error: None,
                latency_us,
            },
            Err(setback) => Check {
                outcome: GuardrailOutcome {
                    native: None,
                    verdict: self.on_failure,
                    replacement: None,
                },
                error: Some(setback.of("guardrail", self.rail.name()).note()),
                latency_us,
            },
        }
    }
}

impl From<Arc<dyn Guardrail>> for Guard {
    fn from(rail: Arc<dyn Guardrail>) -> Self {
        Self {
            rail,
            on_failure: GuardrailVerdict::Block,
            timeout: None,
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("rail", &self.rail.name())
            .field("on_failure", &self.on_failure)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// One check of one text.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) outcome: GuardrailOutcome,
    error: Option<ErrorNote>,
    latency_us: u64,
}

impl Check {
    /// The text to go on with, when it is another one.
    pub(super) fn replacement(&mut self) -> Option<String> {
        (self.outcome.verdict == GuardrailVerdict::Redact)
            .then(|| self.outcome.replacement.take().unwrap_or_default())
    }
}

/// The checks of one guardrail at one stage, as one result: the gravest verdict counts.
#[derive(Debug)]
pub(super) struct Findings {
    result: GuardrailResult,
    natives: Vec<(String, Value)>,
    checks: usize,
}

impl Findings {
    pub(super) fn new(guard: &Guard, stage: Stage) -> Self {
        Self {
            result: GuardrailResult {
                name: nearest_name(guard.rail.name()),
                version: guard.rail.version().and_then(|v| Version::new(v).ok()),
                policy: guard.rail.policy(),
                stage,
                native: None,
                verdict: GuardrailVerdict::Pass,
                action: None,
                error: None,
                latency_us: Some(0),
            },
            natives: Vec::new(),
            checks: 0,
        }
    }

    /// Adds a check of the text at `place`.
    pub(super) fn add(&mut self, place: impl Into<String>, check: Check) {
        let Check {
            outcome,
            error,
            latency_us,
        } = check;
        self.checks += 1;
        self.result.verdict = self.result.verdict.max(outcome.verdict);
        self.result.latency_us = self.result.latency_us.map(|sum| sum + latency_us);
        self.result.error = self.result.error.take().or(error);
        if let Some(native) = outcome.native {
            self.natives.push((place.into(), native));
        }
    }

    pub(super) const fn verdict(&self) -> GuardrailVerdict {
        self.result.verdict
    }

    /// The result: the native one of a single check as it is, those of several with their places.
    pub(super) fn result(&self) -> GuardrailResult {
        let mut result = self.result.clone();
        result.action = Some(action_of(result.verdict));
        result.native = match (self.checks, &*self.natives) {
            (_, []) => None,
            (1, [(_, native)]) => Some(native.clone()),
            (_, natives) => Some(
                natives
                    .iter()
                    .map(|(at, native)| json!({"at": at, "result": native}))
                    .collect(),
            ),
        };
        result
    }
}

/// What is done about a verdict.
pub(super) const fn action_of(verdict: GuardrailVerdict) -> GuardrailAction {
    match verdict {
        GuardrailVerdict::Pass => GuardrailAction::Allowed,
        GuardrailVerdict::Flag => GuardrailAction::Flagged,
        GuardrailVerdict::Redact => GuardrailAction::Redacted,
        GuardrailVerdict::Block => GuardrailAction::Blocked,
    }
}
