//! The fields of artifacts, their approvals, deployments, measured values, checks and freezes.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::{Slot, staff_ref};
use super::person_or_plain_as;
use crate::record::{
    Approval, Artifact, Check, Class, Deployment, Freeze, Kpi, Retirement, Unfreeze,
};

pub(super) fn artifact(artifact: &Artifact, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Artifact {
        kind,
        name,
        version,
        digest,
        content,
        reference,
        owners,
        author,
        changelog,
        risk_rating,
        effective_from,
        effective_until,
        links,
        raci,
        signature,
    } = artifact;
    out.plain("kind", kind)?;
    out.plain("name", name)?;
    out.plain("version", version)?;
    confidential("digest", digest, out)?;
    confidential("content", content, out)?;
    confidential("reference", reference, out)?;
    out.each("owners", owners, |out, _, owner| {
        let person = staff_ref(owner.name.as_str()).ok();
        let slot = out.slots().of_entity(person.as_ref());
        out.emit(Class::Personal, slot, owner)
    })?;
    person_or_plain_as("author", author, out)?;
    confidential("changelog", changelog, out)?;
    out.plain("risk_rating", risk_rating)?;
    out.plain("effective_from", effective_from)?;
    out.plain("effective_until", effective_until)?;
    out.plain_list("links", links)?;
    confidential("raci", raci, out)?;
    out.plain("signature", signature)
}

pub(super) fn approval(approval: &Approval, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Approval {
        artifact,
        record,
        role,
        approved_at,
        note,
    } = approval;
    out.plain("artifact", artifact)?;
    out.plain("record", record)?;
    out.plain("role", role)?;
    out.plain("approved_at", approved_at)?;
    confidential("note", note, out)
}

pub(super) fn retirement(retirement: &Retirement, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Retirement {
        artifact,
        record,
        reason,
        at,
    } = retirement;
    out.plain("artifact", artifact)?;
    out.plain("record", record)?;
    confidential("reason", reason, out)?;
    out.plain("at", at)
}

pub(super) fn deployment(deployment: &Deployment, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Deployment {
        manifest,
        environment,
        from,
        until,
        rollback_of,
    } = deployment;
    out.plain("manifest", manifest)?;
    out.plain("environment", environment)?;
    out.plain("from", from)?;
    out.plain("until", until)?;
    out.plain("rollback_of", rollback_of)
}

pub(super) fn kpi(kpi: &Kpi, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Kpi {
        name,
        metric,
        value,
        slices,
        versions,
        at,
        window,
        count,
        decision,
    } = kpi;
    out.plain("name", name)?;
    out.plain("metric", metric)?;
    out.plain("value", value)?;
    // Of a decision they say to which groups somebody belongs.
    let (class, slot) = match decision {
        Some(_) => (Class::Personal, out.slots().everybody()),
        None => (Class::Plain, Slot::TENANT),
    };
    out.members("slices", slices, class, slot)?;
    let versions = (!versions.is_empty()).then_some(versions);
    out.plain("versions", &versions)?;
    out.plain("at", at)?;
    out.plain("window", window)?;
    out.plain("count", count)?;
    out.plain("decision", decision)
}

pub(super) fn check(check: &Check, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Check {
        of,
        reference,
        results,
        passed,
        allowed_unmeasured,
    } = check;
    out.plain("of", of)?;
    out.plain("ref", reference)?;
    out.each("results", results, |out, _, line| {
        out.emit(Class::Plain, Slot::TENANT, line)
    })?;
    out.plain("passed", passed)?;
    let Some(allowed) = allowed_unmeasured else {
        return Ok(());
    };
    out.within("allowed_unmeasured", |out| {
        confidential("reason", &allowed.reason, out)?;
        person_or_plain_as("by", &allowed.by, out)
    })
}

pub(super) fn freeze(freeze: &Freeze, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Freeze {
        reason,
        rule,
        lifted_by,
        refs,
    } = freeze;
    confidential("reason", reason, out)?;
    out.plain("rule", rule)?;
    out.plain("lifted_by", lifted_by)?;
    out.plain_list("refs", refs)
}

pub(super) fn unfreeze(unfreeze: &Unfreeze, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Unfreeze { freeze, role, note } = unfreeze;
    out.plain("freeze", freeze)?;
    out.plain("role", role)?;
    confidential("note", note, out)
}

fn confidential<T: serde::Serialize + ?Sized>(
    key: &str,
    value: &T,
    out: &mut Cutter<'_>,
) -> Result<(), SealError> {
    out.field(key, Class::Confidential, Slot::TENANT, value)
}
