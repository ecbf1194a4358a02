//! The fields of generations, decisions, reviews and outcome events.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::Slot;
use super::{context, decider, retention, used};
use crate::record::{Class, Decision, Generation, Outcome, Rationale, Reason, Review};

pub(super) fn generation(generation: &Generation, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Generation {
        context: of,
        model,
        request_digest,
        text,
        text_digest,
        finish_reason,
        usage,
        cost,
        tool_calls,
        guardrails,
        latency_us,
        redactions,
        extra,
    } = generation;
    out.plain("context", of)?;
    context::model(Some(model), out)?;
    out.personal("request_digest", request_digest)?;
    out.personal("text", text)?;
    out.personal("text_digest", text_digest)?;
    out.plain("finish_reason", finish_reason)?;
    out.plain("usage", usage)?;
    out.plain("cost", cost)?;
    out.each("tool_calls", tool_calls, |out, _, tool| {
        used::tool(tool, out)
    })?;
    out.each("guardrails", guardrails, |out, _, result| {
        used::guardrail(result, out)
    })?;
    out.plain("latency_us", latency_us)?;
    out.plain_list("redactions", redactions)?;
    out.members("extra", extra, Class::Personal, out.slots().everybody())
}

pub(super) fn decision(decision: &Decision, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Decision {
        subject,
        use_case,
        retention: kept,
        entities,
        contexts,
        generations,
        output,
        threshold,
        outcome,
        action,
        confidence,
        reasons,
        rationale: signals,
        decided_by,
        automation,
        decided_at,
        risk_tier,
        governed_by,
        checks,
        input_ref,
        input_digest,
        kpis,
        trace,
        caused_by,
        supersedes,
        redactions,
        extra,
    } = decision;
    let everybody = out.slots().everybody();
    out.personal("subject", subject)?;
    out.plain("use_case", use_case)?;
    retention(kept.as_ref(), out)?;
    context::entities(entities, out)?;
    out.each_or_empty("contexts", contexts, |out, _, id| {
        out.emit(Class::Plain, Slot::TENANT, id)
    })?;
    out.each("generations", generations, |out, _, id| {
        out.emit(Class::Plain, Slot::TENANT, id)
    })?;
    out.members("output", output, Class::Personal, everybody)?;
    out.plain("threshold", threshold)?;
    out.personal("outcome", outcome)?;
    out.personal("action", action)?;
    out.personal("confidence", confidence)?;
    out.each("reasons", reasons, |out, _, entry| reason(entry, out))?;
    out.each("rationale", signals, |out, _, signal| {
        rationale(signal, out)
    })?;
    decider(decided_by, out)?;
    out.plain("automation", automation)?;
    out.plain("decided_at", decided_at)?;
    out.plain("risk_tier", risk_tier)?;
    out.members("governed_by", governed_by, Class::Plain, Slot::TENANT)?;
    out.each("checks", checks, |out, _, check| {
        out.emit(Class::Plain, Slot::TENANT, check)
    })?;
    out.personal("input_ref", input_ref)?;
    out.personal("input_digest", input_digest)?;
    out.members("kpis", kpis, Class::Plain, Slot::TENANT)?;
    out.plain("trace", trace)?;
    out.each("caused_by", caused_by, |out, _, id| {
        out.emit(Class::Plain, Slot::TENANT, id)
    })?;
    out.plain("supersedes", supersedes)?;
    out.plain_list("redactions", redactions)?;
    out.members("extra", extra, Class::Personal, everybody)
}

fn reason(reason: &Reason, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Reason { code, text, refs } = reason;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("code", code)?;
        object.keep_list("refs", refs)?;
        object.out().personal("text", text)
    })
}

fn rationale(rationale: &Rationale, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Rationale {
        signal,
        contribution,
        method,
    } = rationale;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("method", method)?;
        object.keep("signal", signal)?;
        object.out().personal("contribution", contribution)
    })
}

pub(super) fn review(review: &Review, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Review {
        decision,
        role,
        verdict,
        reason_code,
        policy,
        note,
        presented_at,
        decided_at,
        shown_digest,
        original_outcome,
        new_outcome,
        new_decision,
        redactions,
        extra,
    } = review;
    out.plain("decision", decision)?;
    out.plain("role", role)?;
    out.plain("verdict", verdict)?;
    out.plain("reason_code", reason_code)?;
    out.plain("policy", policy)?;
    out.personal("note", note)?;
    out.plain("presented_at", presented_at)?;
    out.plain("decided_at", decided_at)?;
    out.personal("shown_digest", shown_digest)?;
    out.personal("original_outcome", original_outcome)?;
    out.personal("new_outcome", new_outcome)?;
    out.plain("new_decision", new_decision)?;
    out.plain_list("redactions", redactions)?;
    out.members("extra", extra, Class::Personal, out.slots().everybody())
}

pub(super) fn outcome(outcome: &Outcome, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Outcome {
        decision,
        kind,
        value,
        at,
        note,
        redactions,
        extra,
    } = outcome;
    out.plain("decision", decision)?;
    out.personal("kind", kind)?;
    out.personal("value", value)?;
    out.plain("at", at)?;
    out.personal("note", note)?;
    out.plain_list("redactions", redactions)?;
    out.members("extra", extra, Class::Personal, out.slots().everybody())
}
