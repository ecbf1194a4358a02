//! The fields of legal holds, their releases, and retention policies.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::staff_ref;
use super::{actor_here, person_or_plain_as};
use crate::record::{Class, Hold, HoldTarget, Release, RetentionPolicy};

pub(super) fn hold(hold: &Hold, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Hold {
        matter,
        target,
        placed_by,
        reason,
        review_at,
        owner,
    } = hold;
    out.plain("matter", matter)?;
    out.within("target", |out| match target {
        HoldTarget::Entity(entity) => {
            let slot = out.slots().of_entity(Some(entity));
            out.field("entity", Class::Personal, slot, entity)
        }
        HoldTarget::Decision(id) => out.plain("decision", id),
        HoldTarget::Query(query) => out.plain("query", query),
    })?;
    person_or_plain_as("placed_by", placed_by, out)?;
    out.personal("reason", reason)?;
    out.plain("review_at", review_at)?;
    let person = owner.as_ref().and_then(|it| staff_ref(it.as_str()).ok());
    let slot = out.slots().of_entity(person.as_ref());
    out.field("owner", Class::Personal, slot, owner)
}

pub(super) fn release(release: &Release, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Release {
        hold,
        reason,
        approved_by,
    } = release;
    out.plain("hold", hold)?;
    out.personal("reason", reason)?;
    out.each("approved_by", approved_by, |out, _, actor| {
        actor_here(actor, out)
    })
}

pub(super) fn policy(policy: &RetentionPolicy, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let RetentionPolicy {
        name,
        version,
        default_class,
        classes,
    } = policy;
    out.plain("name", name)?;
    out.plain("version", version)?;
    out.plain("default_class", default_class)?;
    out.plain("classes", classes)
}
