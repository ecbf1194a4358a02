//! The fields of tokens and of what was looked at.

use super::super::SealError;
use super::super::field::Cutter;
use super::super::slot::Slot;
use super::{actor_here, person_or_plain_as};
use crate::record::{AccessEvent, Class, TokenEvent};

pub(super) fn token(token: &TokenEvent, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let TokenEvent {
        token_id,
        action,
        holder,
        role,
        trail,
        expires_at,
        secret_digest,
        approved_by,
    } = token;
    out.plain("token_id", token_id)?;
    out.plain("action", action)?;
    person_or_plain_as("holder", holder, out)?;
    out.plain("role", role)?;
    out.plain("trail", trail)?;
    out.plain("expires_at", expires_at)?;
    out.plain("secret_digest", secret_digest)?;
    out.each("approved_by", approved_by, |out, _, actor| {
        actor_here(actor, out)
    })
}

pub(super) fn access(access: &AccessEvent, out: &mut Cutter<'_>) -> Result<(), SealError> {
    let AccessEvent {
        what,
        route,
        token,
        refs,
        entities,
        purpose,
        refused,
        count,
    } = access;
    out.plain("what", what)?;
    out.plain("route", route)?;
    out.plain("token", token)?;
    let refs = (!refs.is_empty()).then_some(refs);
    out.plain("refs", &refs)?;
    let entities = (!entities.is_empty()).then_some(entities);
    out.plain("entities", &entities)?;
    if let Some(purpose) = purpose {
        out.field("purpose", Class::Confidential, Slot::TENANT, purpose)?;
    }
    out.plain("refused", refused)?;
    out.plain("count", count)
}
