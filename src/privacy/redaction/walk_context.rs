//! Which members of a context rules are applied to.

use super::scrub::Scrubber;
use super::walk::{agent, entities, error, guardrail, model, tool};
use crate::record::{
    AssemblyRecord, CaptureReport, Class, Context, Feature, FreshnessReport, FreshnessViolation,
    Item, ItemKind, Origin, Retrieval, RetrievedDocument, RetrieverClass, TemplateUse,
};

pub(super) fn context(context: &mut Context, scrub: &mut Scrubber<'_>) {
    let Context {
        name: _,
        use_case: _,
        retention: _,
        status: _,
        error: cause,
        created_at: _,
        sealed_at: _,
        environment: _,
        service: _,
        recorder: _,
        trace: _,
        parents: _,
        agent: step,
        entities: about,
        inputs,
        template: prompt,
        model: llm,
        features,
        retrievals,
        tools,
        guardrails,
        assembly: assembled,
        freshness,
        capture,
        extra,
    } = context;
    error(cause, scrub);
    agent(step, scrub);
    entities(about, scrub);
    scrub.members("inputs", inputs);
    template(prompt, scrub);
    if let Some(llm) = llm {
        model(llm, scrub);
    }
    scrub.each("features", features, |scrub, it| feature(it, scrub));
    scrub.each("retrievals", retrievals, |scrub, it| retrieval(it, scrub));
    scrub.each("tools", tools, |scrub, it| tool(it, scrub));
    scrub.each("guardrails", guardrails, |scrub, it| guardrail(it, scrub));
    assembly(assembled, scrub);
    let FreshnessReport {
        status: _,
        limit_ms: _,
        violations,
    } = freshness;
    scrub.at("freshness", |scrub| {
        scrub.each("violations", violations, |scrub, it| {
            violation(it, features, scrub);
        });
    });
    let CaptureReport {
        door: _,
        sections: _,
        warnings,
        redactions: _,
    } = capture;
    scrub.at("capture", |scrub| {
        scrub.at("warnings", |scrub| {
            for (index, warning) in warnings.iter_mut().enumerate() {
                // What a verification goes by is no value of anybody's.
                if warning != CaptureReport::WITHOUT_TEXTS {
                    scrub.text(&index.to_string(), warning);
                }
            }
        });
    });
    scrub.members("extra", extra);
}

fn template(template: &mut Option<TemplateUse>, scrub: &mut Scrubber<'_>) {
    let Some(TemplateUse {
        name: _,
        version: _,
        digest: _,
        variables,
    }) = template
    else {
        return;
    };
    scrub.at("template", |scrub| scrub.members("variables", variables));
}

fn feature(feature: &mut Feature, scrub: &mut Scrubber<'_>) {
    let Feature {
        name: _,
        version: _,
        // It is among the entities of the context.
        entity: _,
        value,
        source: _,
        origin,
        transforms: _,
        quality: _,
        status: _,
        error: cause,
        as_of: _,
        fetched_at: _,
        freshness_ms: _,
        max_age_ms: _,
        latency_us: _,
    } = feature;
    scrub.optional_value("value", value);
    if let Some(Origin {
        system: _,
        dataset: _,
        record,
    }) = origin
    {
        scrub.at("origin", |scrub| scrub.optional_name("record", record));
    }
    error(cause, scrub);
}

fn retrieval(retrieval: &mut Retrieval, scrub: &mut Scrubber<'_>) {
    let Retrieval {
        retriever: _,
        class,
        query,
        index: _,
        top_k: _,
        filters,
        status: _,
        error: cause,
        fetched_at: _,
        max_age_ms: _,
        latency_us: _,
        results,
    } = retrieval;
    scrub.text("query", query);
    scrub.members("filters", filters);
    error(cause, scrub);
    let class = match class {
        RetrieverClass::Shared => Class::Confidential,
        RetrieverClass::Personal => Class::Personal,
    };
    scrub.of(class, |scrub| {
        scrub.each("results", results, |scrub, it| document(it, scrub));
    });
}

fn document(document: &mut RetrievedDocument, scrub: &mut Scrubber<'_>) {
    let RetrievedDocument {
        rank: _,
        document,
        chunk,
        version: _,
        score: _,
        digest: _,
        tokens: _,
        uri,
        as_of: _,
        freshness_ms: _,
        stale: _,
        used: _,
    } = document;
    scrub.name("document", document);
    scrub.optional_name("chunk", chunk);
    scrub.optional_text("uri", uri);
}

fn assembly(assembly: &mut Option<AssemblyRecord>, scrub: &mut Scrubber<'_>) {
    let Some(AssemblyRecord {
        tokenizer: _,
        budget: _,
        // It is part of the text that was sent, as markers are.
        separator,
        order: _,
        items,
        messages: _,
        text_digest: _,
        text_bytes: _,
    }) = assembly
    else {
        return;
    };
    scrub.at("assembly", |scrub| {
        scrub.fixed("separator", separator);
        scrub.each("items", items, |scrub, it| item(it, scrub));
    });
}

fn item(item: &mut Item, scrub: &mut Scrubber<'_>) {
    let Item {
        index: _,
        kind,
        reference,
        role: _,
        priority: _,
        required: _,
        overflow: _,
        min_tokens: _,
        marker,
        tokens: _,
        used_tokens: _,
        verdict: _,
        reason: _,
        kept: _,
        digest,
    } = item;
    let class = match digest {
        Some(crate::record::Digest::Sha256(_)) => Class::Confidential,
        _ => Class::Personal,
    };
    scrub.of(class, |scrub| {
        if *kind == ItemKind::Document {
            scrub.optional_name("ref", reference);
        }
        scrub.fixed("marker", marker.as_deref().unwrap_or_default());
    });
}

/// What is too old is named: a feature, whose name stays, or a document.
fn violation(violation: &mut FreshnessViolation, features: &[Feature], scrub: &mut Scrubber<'_>) {
    let FreshnessViolation {
        reference,
        age_ms: _,
        limit_ms: _,
        reason: _,
    } = violation;
    if !features.iter().any(|feature| feature.name == *reference) {
        scrub.name("ref", reference);
    }
}
