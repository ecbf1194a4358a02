//! Recording what a model answered.

use serde_json::Value;

use super::{Trail, TrailError};
use crate::record::{
    Actor, ContextId, Cost, Draft, Generation, GenerationId, GuardrailResult, Members, ModelUse,
    Name, TokenUsage, ToolCall,
};

/// A model's answer, to be recorded with the decision it led to.
#[derive(Clone, Debug)]
pub struct Answer {
    provider: Option<String>,
    model: String,
    generation: Generation,
    request: Option<std::sync::Arc<[u8]>>,
}

impl Answer {
    /// What `model` answered.
    #[must_use]
    pub fn new(model: impl Into<String>, text: impl Into<String>) -> Self {
        let nobody = ContextId::from_uuid(uuid::Uuid::nil());
        Self {
            provider: None,
            model: model.into(),
            generation: Generation {
                context: nobody,
                model: ModelUse {
                    provider: None,
                    name: Name::new("unknown").expect("it is a name"),
                    served: None,
                    parameters: Members::new(),
                },
                request_digest: None,
                text: text.into(),
                text_digest: None,
                finish_reason: None,
                usage: None,
                cost: None,
                tool_calls: Vec::new(),
                guardrails: Vec::new(),
                latency_us: None,
                redactions: Vec::new(),
                extra: Members::new(),
            },
            request: None,
        }
    }

    /// Who ran the model.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// The version that answered, as the provider names it.
    #[must_use]
    pub fn served(mut self, served: Name) -> Self {
        self.generation.model.served = Some(served);
        self
    }

    /// A sampling parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let parameters = &mut self.generation.model.parameters;
        parameters.insert(name.into(), value.into());
        self
    }

    /// The exact request body; its keyed digest is recorded.
    #[must_use]
    pub fn request(mut self, body: &[u8]) -> Self {
        self.request = Some(body.into());
        self
    }

    /// Why the model stopped.
    #[must_use]
    pub fn finish_reason(mut self, reason: Name) -> Self {
        self.generation.finish_reason = Some(reason);
        self
    }

    /// Tokens as the provider counts them.
    #[must_use]
    pub const fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        self.generation.usage = Some(TokenUsage {
            input_tokens,
            output_tokens,
        });
        self
    }

    /// What the call cost.
    #[must_use]
    pub fn cost(mut self, cost: Cost) -> Self {
        self.generation.cost = Some(cost);
        self
    }

    /// A tool the answer asks for.
    #[must_use]
    pub fn tool_call(mut self, call: ToolCall) -> Self {
        self.generation.tool_calls.push(call);
        self
    }

    /// A guardrail that was run on the answer.
    #[must_use]
    pub fn guardrail(mut self, result: GuardrailResult) -> Self {
        self.generation.guardrails.push(result);
        self
    }

    /// How long the call took.
    #[must_use]
    pub fn latency(mut self, latency: std::time::Duration) -> Self {
        self.generation.latency_us = u64::try_from(latency.as_micros()).ok();
        self
    }
}

impl Trail {
    /// Records what a model answered to `context`.
    pub(super) async fn record_answer(
        &self,
        answer: Answer,
        context: Option<ContextId>,
        actor: Option<Actor>,
    ) -> Result<GenerationId, TrailError> {
        let Answer {
            provider,
            model,
            mut generation,
            request,
        } = answer;
        generation.context = context.ok_or_else(|| {
            TrailError::Incomplete(
                "an answer needs the context it is an answer to: call `from_context`".to_owned(),
            )
        })?;
        generation.model.name = Name::new(model)?;
        generation.model.provider = provider.map(Name::new).transpose()?;
        let mut draft = Draft::new(self.new_id(), generation);
        draft.actor = actor;
        draft.texts.digested = request;
        Ok(self.record(draft).await?.id.into())
    }
}
