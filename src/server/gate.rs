//! Who a request comes from: known by its token, or by coming from this machine where there is none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use axum::http::{HeaderMap, header};

use super::permission::Permission;
use super::problem::Problem;
use crate::record::{AccessRole, Actor, ActorKind, ActorMethod, RecordId, Timestamp};
use crate::trail::{ApiToken, KnownToken, Trail, TrailError};

/// Who a request comes from.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    /// `None` for whoever is on this machine, where there is no token.
    pub(super) role: Option<AccessRole>,
    pub(super) token: Option<RecordId>,
}

impl Caller {
    /// Whether it may do so.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.role.is_none_or(|role| permission.is_of(role))
    }

    pub(super) const fn is_person(&self) -> bool {
        matches!(self.actor.kind, ActorKind::Human)
    }
}

/// The tokens of a trail, as its records have them.
#[derive(Debug)]
pub(super) struct Gate {
    tokens: RwLock<HashMap<RecordId, KnownToken>>,
    local: Actor,
    /// Entries of the log when the tokens were read.
    entries: AtomicU64,
    /// When a stranger last made it look again, in seconds.
    looked: AtomicI64,
}

impl Gate {
    /// Reads the tokens of `trail`.
    pub(super) async fn open(trail: &Trail) -> Result<Self, TrailError> {
        let gate = Self {
            tokens: RwLock::default(),
            local: trail.actor().clone(),
            entries: AtomicU64::new(0),
            looked: AtomicI64::new(0),
        };
        gate.read_again(trail).await?;
        Ok(gate)
    }

    /// Reads them again, after one was granted or revoked.
    pub(super) async fn read_again(&self, trail: &Trail) -> Result<(), TrailError> {
        let known = trail.tokens().await?;
        let known = known.into_iter().map(|it| (it.id, it)).collect();
        *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// Reads them again when the log has grown: others on the same trail grant and revoke as well.
    pub(super) async fn refresh(&self, trail: &Trail) -> Result<(), TrailError> {
        let entries = trail.notary().standing().await?.head.size;
        if self.entries.load(Ordering::Acquire) != entries {
            self.read_again(trail).await?;
            self.entries.store(entries, Ordering::Release);
        }
        Ok(())
    }

    /// The same because of a token that is not known, at most once in a second. Gives whether it looked.
    pub(super) async fn refresh_for_stranger(&self, trail: &Trail, now: Timestamp) -> bool {
        let second = now.as_micros().div_euclid(1_000_000);
        self.looked.swap(second, Ordering::AcqRel) != second && self.refresh(trail).await.is_ok()
    }

    /// Whether no token was ever granted: then whoever is on this machine may do everything that one
    /// person may.
    pub(super) fn is_open(&self) -> bool {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.is_empty()
    }

    /// Who shows what stands in the header `Authorization`.
    pub(super) fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Problem> {
        if self.is_open() {
            return Ok(Caller {
                actor: self.local.clone(),
                role: None,
                token: None,
            });
        }
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            return Err(unknown("the request has no token")
                .hint("send the header `Authorization: Bearer ctr_…`"));
        };
        self.holder(shown.as_bytes(), now)
    }

    /// The second person, who approves what the first asks for: whoever shows what stands in the
    /// header `Contextrail-Approval`.
    pub(super) fn approver(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Caller>, Problem> {
        let shown = headers.get(APPROVAL);
        shown
            .map(|shown| self.holder(shown.as_bytes(), now))
            .transpose()
    }

    fn holder(&self, shown: &[u8], now: Timestamp) -> Result<Caller, Problem> {
        let refused = || unknown("the token is not one of this trail, has expired, or is revoked");
        let text = std::str::from_utf8(shown).map_err(|_| refused())?;
        let (scheme, text) = text.split_once(' ').ok_or_else(refused)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(refused());
        }
        let token: ApiToken = text.trim().parse().map_err(|_| refused())?;
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let known = tokens.get(&token.id()).ok_or_else(refused)?;
        if !known.is(&token) || !known.is_live(now) {
            return Err(refused());
        }
        Ok(Caller {
            actor: Actor {
                method: ActorMethod::Token,
                ..known.grant.holder.clone()
            },
            role: Some(known.grant.role),
            token: Some(known.id),
        })
    }
}

fn unknown(detail: &str) -> Problem {
    Problem::new(401, "unauthorized", detail)
}

/// The header with the token of the second person.
pub(super) const APPROVAL: &str = "contextrail-approval";
