//! The fields of the trail's own records.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::Slot;
use super::actor_here;
use crate::record::{Archival, Class, Erasure, Expiry, Import, KeyEvent, Succession};

pub(super) fn import(import: &Import, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Import {
        file_digest,
        counts,
    } = import;
    out.plain("file_digest", file_digest)?;
    out.plain("counts", counts)
}

pub(super) fn key(key: &KeyEvent, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let KeyEvent {
        level,
        action,
        key_id,
        tree_size,
        reason,
        approved_by,
    } = key;
    out.plain("level", level)?;
    out.plain("action", action)?;
    out.plain("key_id", key_id)?;
    out.plain("tree_size", tree_size)?;
    if let Some(reason) = reason {
        out.field("reason", Class::Confidential, Slot::TENANT, reason)?;
    }
    out.each("approved_by", approved_by, |out, _, actor| {
        actor_here(actor, out)
    })
}

pub(super) fn succession(succession: &Succession, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Succession {
        epoch,
        restored,
        known,
        lost_from,
        lost_to,
        reason,
        approved_by,
    } = succession;
    out.plain("epoch", epoch)?;
    out.plain("restored", restored)?;
    out.plain("known", known)?;
    out.plain("lost_from", lost_from)?;
    out.plain("lost_to", lost_to)?;
    out.field("reason", Class::Confidential, Slot::TENANT, reason)?;
    out.each("approved_by", approved_by, |out, _, actor| {
        actor_here(actor, out)
    })
}

pub(super) fn erasure(erasure: &Erasure, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Erasure {
        subject_digest,
        reason,
        approved_by,
        slots,
        keys,
        kept,
    } = erasure;
    out.plain("subject_digest", subject_digest)?;
    out.field("reason", Class::Confidential, Slot::TENANT, reason)?;
    out.each("approved_by", approved_by, |out, _, actor| {
        actor_here(actor, out)
    })?;
    out.plain("slots", slots)?;
    out.plain("keys", keys)?;
    let kept = (!kept.is_empty()).then_some(kept);
    out.plain("kept", &kept)
}

pub(super) fn expiry(expiry: &Expiry, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Expiry {
        policy,
        class,
        action,
        records,
        slots,
        aggregates,
    } = expiry;
    out.plain("policy", policy)?;
    out.plain("class", class)?;
    out.plain("action", action)?;
    out.plain("records", records)?;
    out.plain("slots", slots)?;
    let aggregates = (!aggregates.is_empty()).then_some(aggregates);
    out.plain("aggregates", &aggregates)
}

pub(super) fn archive(archival: &Archival, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Archival {
        policy,
        segment,
        bytes,
        records,
        first,
        last,
        replaced,
        place,
    } = archival;
    out.plain("policy", policy)?;
    out.plain("segment", segment)?;
    out.plain("bytes", bytes)?;
    out.plain("records", records)?;
    out.plain("first", first)?;
    out.plain("last", last)?;
    out.plain("replaced", replaced)?;
    if let Some(place) = place {
        out.field("place", Class::Confidential, Slot::TENANT, place)?;
    }
    Ok(())
}
