//! Which members of every kind of record rules are applied to.
//!
//! Every type is taken apart without `..`: a member that is added to a record type and not placed
//! here does not compile.

use super::scrub::Scrubber;
use crate::record::{
    Agent, Class, Decision, EntityRef, ErrorNote, Generation, GuardrailResult, ModelUse, Outcome,
    Reason, Review, ToolCall,
};

pub(super) fn generation(generation: &mut Generation, scrub: &mut Scrubber<'_>) {
    let Generation {
        context: _,
        model: llm,
        request_digest: _,
        // The answer is looked at as what it is: a text that was sent.
        text: _,
        text_digest: _,
        finish_reason: _,
        usage: _,
        cost: _,
        tool_calls,
        guardrails,
        latency_us: _,
        redactions: _,
        extra,
    } = generation;
    model(llm, scrub);
    scrub.each("tool_calls", tool_calls, |scrub, it| tool(it, scrub));
    scrub.each("guardrails", guardrails, |scrub, it| guardrail(it, scrub));
    scrub.members("extra", extra);
}

pub(super) fn decision(decision: &mut Decision, scrub: &mut Scrubber<'_>) {
    let Decision {
        subject,
        use_case: _,
        retention: _,
        entities: about,
        contexts: _,
        generations: _,
        output,
        threshold: _,
        outcome,
        action,
        confidence,
        reasons,
        rationale: _,
        decided_by: _,
        automation: _,
        decided_at: _,
        risk_tier: _,
        governed_by: _,
        checks: _,
        input_ref,
        input_digest: _,
        kpis: _,
        trace: _,
        caused_by: _,
        supersedes: _,
        redactions: _,
        extra,
    } = decision;
    scrub.at("subject", |scrub| scrub.fixed("id", subject.id.as_str()));
    entities(about, scrub);
    scrub.members("output", output);
    scrub.name("outcome", outcome);
    scrub.optional_name("action", action);
    scrub.number("confidence", confidence);
    scrub.each("reasons", reasons, |scrub, reason| {
        let Reason {
            code: _,
            text,
            refs: _,
        } = reason;
        scrub.optional_text("text", text);
    });
    scrub.optional_text("input_ref", input_ref);
    scrub.members("extra", extra);
}

pub(super) fn review(review: &mut Review, scrub: &mut Scrubber<'_>) {
    let Review {
        decision: _,
        role: _,
        verdict: _,
        reason_code: _,
        policy: _,
        note,
        presented_at: _,
        decided_at: _,
        shown_digest: _,
        original_outcome,
        new_outcome,
        new_decision: _,
        redactions: _,
        extra,
    } = review;
    scrub.optional_text("note", note);
    scrub.name("original_outcome", original_outcome);
    scrub.optional_name("new_outcome", new_outcome);
    scrub.members("extra", extra);
}

pub(super) fn outcome(outcome: &mut Outcome, scrub: &mut Scrubber<'_>) {
    let Outcome {
        decision: _,
        kind,
        value,
        at: _,
        note,
        redactions: _,
        extra,
    } = outcome;
    scrub.name("kind", kind);
    scrub.optional_value("value", value);
    scrub.optional_text("note", note);
    scrub.members("extra", extra);
}

/// What records are found and erased by: rules can only block it.
pub(super) fn entities(entities: &mut [EntityRef], scrub: &mut Scrubber<'_>) {
    scrub.each("entities", entities, |scrub, entity| {
        scrub.fixed("id", entity.id.as_str());
    });
}

pub(super) fn model(model: &mut ModelUse, scrub: &mut Scrubber<'_>) {
    let ModelUse {
        provider: _,
        name: _,
        served: _,
        parameters,
    } = model;
    scrub.at("model", |scrub| {
        scrub.of(Class::Plain, |scrub| {
            scrub.members("parameters", parameters);
        });
    });
}

pub(super) fn agent(agent: &mut Option<Agent>, scrub: &mut Scrubber<'_>) {
    let Some(Agent {
        name: _,
        role: _,
        step: _,
        state,
    }) = agent
    else {
        return;
    };
    scrub.at("agent", |scrub| scrub.optional_value("state", state));
}

pub(super) fn tool(tool: &mut ToolCall, scrub: &mut Scrubber<'_>) {
    let ToolCall {
        call_id: _,
        name: _,
        version: _,
        arguments,
        output,
        status: _,
        error: cause,
        started_at: _,
        latency_us: _,
        side_effect: _,
    } = tool;
    scrub.optional_value("arguments", arguments);
    scrub.optional_value("output", output);
    error(cause, scrub);
}

pub(super) fn guardrail(result: &mut GuardrailResult, scrub: &mut Scrubber<'_>) {
    let GuardrailResult {
        name: _,
        version: _,
        policy: _,
        stage: _,
        native,
        verdict: _,
        action: _,
        error: cause,
        latency_us: _,
    } = result;
    scrub.optional_value("native", native);
    error(cause, scrub);
}

pub(super) fn error(error: &mut Option<ErrorNote>, scrub: &mut Scrubber<'_>) {
    let Some(ErrorNote { code: _, message }) = error else {
        return;
    };
    scrub.at("error", |scrub| scrub.text("message", message));
}
