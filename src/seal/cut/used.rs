//! The fields of what a context used: features, retrievals, tools, guardrails.

use super::super::SealError;
use super::super::field::{Cutter, ObjectCut};
use super::super::slot::Slot;
use super::error;
use crate::record::{
    Class, Feature, FreshnessViolation, GuardrailResult, Origin, Retrieval, RetrievedDocument,
    RetrieverClass, ToolCall,
};

pub(super) fn feature(feature: &Feature, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Feature {
        name,
        version,
        entity,
        value,
        source,
        origin: from,
        transforms,
        quality,
        status,
        error: cause,
        as_of,
        fetched_at,
        freshness_ms,
        max_age_ms,
        latency_us,
    } = feature;
    let slot = out.slots().of_entity(entity.as_ref());
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("as_of", as_of)?;
        object.keep("fetched_at", fetched_at)?;
        object.keep("freshness_ms", freshness_ms)?;
        object.keep("latency_us", latency_us)?;
        object.keep("max_age_ms", max_age_ms)?;
        object.keep("name", name)?;
        object.keep_list("quality", quality)?;
        object.keep("source", source)?;
        object.keep("status", status)?;
        object.keep_list("transforms", transforms)?;
        object.keep("version", version)?;
        let out = object.out();
        let entity = entity.as_ref().map(ToString::to_string);
        out.field("entity", Class::Personal, slot, &entity)?;
        out.field("value", Class::Personal, slot, value)?;
        origin(from.as_ref(), slot, out)?;
        error(cause.as_ref(), out)
    })
}

fn origin(origin: Option<&Origin>, slot: Slot, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Some(Origin {
        system,
        dataset,
        record,
    }) = origin
    else {
        return Ok(());
    };
    out.object("origin", Class::Plain, Slot::TENANT, |object| {
        object.keep("dataset", dataset)?;
        object.keep("system", system)?;
        object.out().field("record", Class::Personal, slot, record)
    })
}

pub(super) fn retrieval(retrieval: &Retrieval, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Retrieval {
        retriever,
        class,
        query,
        index,
        top_k,
        filters,
        status,
        error: cause,
        fetched_at,
        max_age_ms,
        latency_us,
        results,
    } = retrieval;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("class", class)?;
        object.keep("fetched_at", fetched_at)?;
        object.keep("index", index)?;
        object.keep("latency_us", latency_us)?;
        object.keep("max_age_ms", max_age_ms)?;
        object.keep("retriever", retriever)?;
        object.keep("status", status)?;
        object.keep("top_k", top_k)?;
        let out = object.out();
        out.personal("query", query)?;
        out.members("filters", filters, Class::Personal, out.slots().everybody())?;
        error(cause.as_ref(), out)?;
        out.each("results", results, |out, _, document| match class {
            RetrieverClass::Shared => out.emit(Class::Confidential, Slot::TENANT, document),
            RetrieverClass::Personal => personal_document(document, out),
        })
    })
}

/// What identifies a document of a personal retriever can be erased; that there was one stays.
fn personal_document(document: &RetrievedDocument, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let RetrievedDocument {
        rank,
        document,
        chunk,
        version,
        score,
        digest,
        tokens,
        uri,
        as_of,
        freshness_ms,
        stale,
        used,
    } = document;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("as_of", as_of)?;
        object.keep("freshness_ms", freshness_ms)?;
        object.keep("rank", rank)?;
        object.keep("score", score)?;
        object.keep("stale", stale)?;
        object.keep("tokens", tokens)?;
        object.keep("used", used)?;
        object.keep("version", version)?;
        let out = object.out();
        out.personal("document", document)?;
        out.personal("chunk", chunk)?;
        out.personal("digest", digest)?;
        out.personal("uri", uri)
    })
}

pub(super) fn tool(tool: &ToolCall, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let ToolCall {
        call_id,
        name,
        version,
        arguments,
        output,
        status,
        error: cause,
        started_at,
        latency_us,
        side_effect,
    } = tool;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("call_id", call_id)?;
        object.keep("latency_us", latency_us)?;
        object.keep("name", name)?;
        object.keep("side_effect", side_effect)?;
        object.keep("started_at", started_at)?;
        object.keep("status", status)?;
        object.keep("version", version)?;
        let out = object.out();
        out.personal("arguments", arguments)?;
        out.personal("output", output)?;
        error(cause.as_ref(), out)
    })
}

pub(super) fn guardrail(result: &GuardrailResult, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let GuardrailResult {
        name,
        version,
        policy,
        stage,
        native,
        verdict,
        action,
        error: cause,
        latency_us,
    } = result;
    out.object_here(Class::Plain, Slot::TENANT, |object| {
        object.keep("action", action)?;
        object.keep("latency_us", latency_us)?;
        object.keep("name", name)?;
        object.keep("policy", policy)?;
        object.keep("stage", stage)?;
        object.keep("verdict", verdict)?;
        object.keep("version", version)?;
        let out = object.out();
        out.personal("native", native)?;
        error(cause.as_ref(), out)
    })
}

/// The reference of a violation is personal unless it names a feature: it may name a document.
pub(super) fn violation(
    violation: &FreshnessViolation,
    features: &[Feature],
    out: &mut Cutter<'_>,
) -> Result<(), SealError> {
    let FreshnessViolation {
        reference,
        age_ms,
        limit_ms,
        reason,
    } = violation;
    let is_feature = features.iter().any(|feature| feature.name == *reference);
    out.object_here(
        Class::Plain,
        Slot::TENANT,
        |object: &mut ObjectCut<'_, '_>| {
            object.keep("age_ms", age_ms)?;
            object.keep("limit_ms", limit_ms)?;
            object.keep("reason", reason)?;
            if is_feature {
                return object.keep("ref", reference);
            }
            object.out().personal("ref", reference)
        },
    )
}
