//! The letter to the applicant: written by the model, checked by the output guardrail.

use std::time::{Duration, Instant};

use contextrail::capture::{AssembledContext, CaptureError};
use contextrail::record::{GuardrailResult, InvalidValue, Name, Role};
use contextrail::trail;

use super::FlowError;
use super::desk::Desk;
use super::model::{Answer, Answerer, Message};
use super::rules::Ruling;

/// A letter that went through the output guardrail.
#[derive(Debug)]
pub(crate) struct Letter {
    answer: Answer,
    latency: Duration,
    guardrail: GuardrailResult,
    may_be_sent: bool,
}

/// Has the model write the letter about `ruling`, from the text of `context` and nothing else.
///
/// # Errors
///
/// [`FlowError::Answer`] when the model does not answer. A letter that the guardrail blocks is none.
pub(crate) async fn write(
    desk: &Desk<'_>,
    context: &AssembledContext,
    ruling: &Ruling,
) -> Result<Letter, FlowError> {
    let messages: Vec<Message<'_>> = context
        .messages()
        .into_iter()
        .map(|(role, content)| Message {
            role: chat_role(role),
            content,
        })
        .collect();
    let started = Instant::now();
    let mut answer = desk.answerer.answer(&messages, ruling).await?;
    let latency = started.elapsed();
    let guard = &desk.guards.protected_attributes;
    let (guardrail, may_be_sent) = match context.guard_output(guard, &*answer.text).await {
        Ok(guarded) => {
            answer.text = guarded.text;
            (guarded.result, true)
        }
        Err(CaptureError::OutputBlocked(result)) => (*result, false),
        Err(error) => return Err(error.into()),
    };
    Ok(Letter {
        answer,
        latency,
        guardrail,
        may_be_sent,
    })
}

impl Letter {
    /// The letter, also one that was blocked.
    pub(crate) fn text(&self) -> &str {
        &self.answer.text
    }

    /// Whether the guardrail let it go out.
    pub(crate) const fn may_be_sent(&self) -> bool {
        self.may_be_sent
    }

    /// The letter as the trail records it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when an endpoint names its model or its reason to stop by what is no name.
    pub(crate) fn generation(self, answerer: &Answerer) -> Result<trail::Answer, InvalidValue> {
        let (provider, model) = answerer.model();
        let answer = self.answer;
        let mut generation = trail::Answer::new(model, answer.text)
            .provider(provider)
            .parameter("temperature", 0)
            .latency(self.latency)
            .guardrail(self.guardrail);
        if let Some(served) = answer.served {
            generation = generation.served(Name::new(served)?);
        }
        if let Some(reason) = answer.finish_reason {
            generation = generation.finish_reason(Name::new(reason)?);
        }
        if let Some(usage) = answer.usage {
            generation = generation.usage(usage.input_tokens, usage.output_tokens);
        }
        if let Some(request) = answer.request {
            generation = generation.request(&request);
        }
        Ok(generation)
    }
}

const fn chat_role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}
