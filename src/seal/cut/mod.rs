//! Which fields every kind of record is cut into, and their class.
//!
//! Every type is taken apart without `..`: a member that is added to a record type and not placed
//! here does not compile. `docs/format.md` has the same as a table.

mod access;
mod assembly;
mod context;
mod decision;
mod governance;
mod hold;
mod trail_own;
mod used;

use super::SealError;
use super::field::{Cutter, Fields};
use super::slot::{Slot, Slots, staff_of, staff_ref};
use crate::record::{Actor, Body, Class, Decider, DeciderKind, ErrorNote, Head, Record, Retention};

/// Cuts `record` into its fields.
pub(super) fn cut(record: &Record, slots: &Slots) -> Result<Fields, SealError> {
    let mut cutter = Cutter::new(slots);
    cutter.plain("schema", record.kind().schema())?;
    head(&record.head, &mut cutter)?;
    match &record.body {
        Body::Context(body) => context::cut(body, &mut cutter)?,
        Body::Generation(body) => decision::generation(body, &mut cutter)?,
        Body::Decision(body) => decision::decision(body, &mut cutter)?,
        Body::Review(body) => decision::review(body, &mut cutter)?,
        Body::Outcome(body) => decision::outcome(body, &mut cutter)?,
        Body::Import(body) => trail_own::import(body, &mut cutter)?,
        Body::Key(body) => trail_own::key(body, &mut cutter)?,
        Body::Succession(body) => trail_own::succession(body, &mut cutter)?,
        Body::Erasure(body) => trail_own::erasure(body, &mut cutter)?,
        Body::Hold(body) => hold::hold(body, &mut cutter)?,
        Body::Release(body) => hold::release(body, &mut cutter)?,
        Body::Policy(body) => hold::policy(body, &mut cutter)?,
        Body::Token(body) => access::token(body, &mut cutter)?,
        Body::Access(body) => access::access(body, &mut cutter)?,
        Body::Retention(body) => trail_own::expiry(body, &mut cutter)?,
        Body::Archive(body) => trail_own::archive(body, &mut cutter)?,
        Body::Artifact(body) => governance::artifact(body, &mut cutter)?,
        Body::Approval(body) => governance::approval(body, &mut cutter)?,
        Body::Retirement(body) => governance::retirement(body, &mut cutter)?,
        Body::Deployment(body) => governance::deployment(body, &mut cutter)?,
        Body::Kpi(body) => governance::kpi(body, &mut cutter)?,
        Body::Check(body) => governance::check(body, &mut cutter)?,
        Body::Freeze(body) => governance::freeze(body, &mut cutter)?,
        Body::Unfreeze(body) => governance::unfreeze(body, &mut cutter)?,
    }
    cutter.finish()
}

fn head(head: &Head, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Head {
        id,
        tenant,
        recorded_at,
        actor,
    } = head;
    out.plain("id", id)?;
    out.plain("tenant", tenant)?;
    out.plain("recorded_at", recorded_at)?;
    person_or_plain_as("actor", actor, out)
}

/// Makes the actor a field under the member `key`: a person's own, or a plain one.
fn person_or_plain_as(key: &str, actor: &Actor, out: &mut Cutter<'_>) -> Result<(), SealError> {
    out.within(key, |out| actor_here(actor, out))
}

/// Makes the actor here a field: a person's own, or a plain one.
fn actor_here(actor: &Actor, out: &mut Cutter<'_>) -> Result<(), SealError> {
    match staff_of(actor) {
        Some(person) => {
            let slot = out.slots().of_entity(Some(&person));
            out.emit(Class::Personal, slot, actor)
        }
        None => out.emit(Class::Plain, Slot::TENANT, actor),
    }
}

fn decider(decider: &Decider, out: &mut Cutter<'_>) -> Result<(), SealError> {
    if decider.kind == DeciderKind::System {
        return out.plain("decided_by", decider);
    }
    let person = staff_ref(decider.id.as_str()).ok();
    let slot = out.slots().of_entity(person.as_ref());
    out.field("decided_by", Class::Personal, slot, decider)
}

fn error(error: Option<&ErrorNote>, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let Some(ErrorNote { code, message }) = error else {
        return Ok(());
    };
    out.object("error", Class::Plain, Slot::TENANT, |object| {
        object.keep("code", code)?;
        object.out().personal("message", message)
    })
}

fn retention(retention: Option<&Retention>, out: &mut Cutter<'_>) -> Result<(), SealError> {
    out.plain("retention", &retention)
}
