//! The fields of a context.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::Slot;
use super::{assembly, error, retention, used};
use crate::record::{
    Agent, CaptureReport, Class, Context, EntityRef, Feature, FreshnessReport, ModelUse,
    TemplateUse,
};

pub(super) fn cut(context: &Context, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Context {
        name,
        use_case,
        retention: kept,
        status,
        error: cause,
        created_at,
        sealed_at,
        environment,
        service,
        recorder,
        trace,
        parents,
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
        freshness: age,
        capture: report,
        extra,
    } = context;
    out.plain("name", name)?;
    out.plain("use_case", use_case)?;
    retention(kept.as_ref(), out)?;
    out.plain("status", status)?;
    error(cause.as_ref(), out)?;
    out.plain("created_at", created_at)?;
    out.plain("sealed_at", sealed_at)?;
    out.plain("environment", environment)?;
    out.plain("service", service)?;
    out.plain("recorder", recorder)?;
    out.plain("trace", trace)?;
    out.each("parents", parents, |out, _, id| {
        out.emit(Class::Plain, Slot::TENANT, id)
    })?;
    agent(step.as_ref(), out)?;
    entities(about, out)?;
    out.members("inputs", inputs, Class::Personal, out.slots().everybody())?;
    template(prompt.as_ref(), out)?;
    model(llm.as_ref(), out)?;
    out.each("features", features, |out, _, feature| {
        used::feature(feature, out)
    })?;
    out.each("retrievals", retrievals, |out, _, retrieval| {
        used::retrieval(retrieval, out)
    })?;
    out.each("tools", tools, |out, _, tool| used::tool(tool, out))?;
    out.each("guardrails", guardrails, |out, _, result| {
        used::guardrail(result, out)
    })?;
    if let Some(assembled) = assembled {
        assembly::cut(assembled, out)?;
    }
    freshness(age, features, out)?;
    capture(report, out)?;
    out.members("extra", extra, Class::Personal, out.slots().everybody())
}

pub(super) fn entities(entities: &[EntityRef], out: &mut Cutter<'_>) -> Result<(), SealError> {
    out.each("entities", entities, |out, _, entity| {
        let slot = out.slots().of_entity(Some(entity));
        out.emit(Class::Personal, slot, entity)
    })
}

pub(super) fn model(model: Option<&ModelUse>, out: &mut Cutter<'_>) -> Result<(), SealError> {
    out.plain("model", &model)
}

fn agent(agent: Option<&Agent>, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Some(Agent {
        name,
        role,
        step,
        state,
    }) = agent
    else {
        return Ok(());
    };
    out.object("agent", Class::Plain, Slot::TENANT, |object| {
        object.keep("name", name)?;
        object.keep("role", role)?;
        object.keep("step", step)?;
        object.out().personal("state", state)
    })
}

fn template(template: Option<&TemplateUse>, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Some(TemplateUse {
        name,
        version,
        digest,
        variables,
    }) = template
    else {
        return Ok(());
    };
    out.object("template", Class::Plain, Slot::TENANT, |object| {
        object.keep("name", name)?;
        object.keep("version", version)?;
        let out = object.out();
        out.field("digest", Class::Confidential, Slot::TENANT, digest)?;
        out.members(
            "variables",
            variables,
            Class::Personal,
            out.slots().everybody(),
        )
    })
}

fn freshness(
    report: &FreshnessReport,
    features: &[Feature],
    out: &mut Cutter<'_>,
) -> Result<(), SealError> {
    let FreshnessReport {
        status,
        limit_ms,
        violations,
    } = report;
    out.object("freshness", Class::Plain, Slot::TENANT, |object| {
        object.keep("status", status)?;
        object.keep("limit_ms", limit_ms)?;
        object
            .out()
            .each_or_empty("violations", violations, |out, _, violation| {
                used::violation(violation, features, out)
            })
    })
}

fn capture(report: &CaptureReport, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let CaptureReport {
        door,
        sections,
        warnings,
        redactions,
    } = report;
    out.object("capture", Class::Plain, Slot::TENANT, |object| {
        object.keep("door", door)?;
        object.keep_list("redactions", redactions)?;
        object.keep("sections", sections)?;
        object
            .out()
            .each_or_empty("warnings", warnings, |out, _, warning| {
                out.emit(Class::Personal, out.slots().everybody(), warning)
            })
    })
}
