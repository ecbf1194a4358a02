//! Who a request comes from: known by its token, or by coming from this machine where there is none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, header};

use super::oidc::{Oidc, Refusal};
use super::permission::Permission;
use super::problem::Problem;
use crate::record::{AccessRole, Actor, ActorKind, ActorMethod, RecordId, Tenant, Timestamp};
use crate::trail::{ApiToken, KnownToken, Trail, TrailError};

/// Who a request comes from.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    /// `None` for whoever is on this machine, where there is no token.
    pub(super) role: Option<AccessRole>,
    /// The API token, where that is how the caller is known.
    pub(super) token: Option<RecordId>,
}

/// Who is not let in, and why.
#[derive(Debug)]
pub(super) struct Stranger {
    pub(super) problem: Problem,
    /// Who it is, where that is known.
    pub(super) actor: Option<Actor>,
}

impl Caller {
    /// Whether it may do so.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.role.is_none_or(|role| permission.is_of(role))
    }

    pub(super) const fn is_person(&self) -> bool {
        matches!(self.actor.kind, ActorKind::Human)
    }

    /// What tells this caller from others, for what each has for itself.
    pub(super) fn own(&self) -> Vec<u8> {
        match (self.token, self.actor.method) {
            (None, ActorMethod::Oidc) => [b"oidc ", self.actor.id.as_str().as_bytes()].concat(),
            (token, _) => {
                let token = token.map(RecordId::uuid).unwrap_or_default();
                token.as_bytes().to_vec()
            }
        }
    }
}

/// The tokens of a trail, as its records have them, and whose tokens are taken besides.
#[derive(Debug)]
pub(super) struct Gate {
    tokens: RwLock<HashMap<RecordId, KnownToken>>,
    oidc: Option<Arc<Oidc>>,
    tenant: Tenant,
    local: Actor,
    /// Entries of the log when the tokens were read.
    entries: AtomicU64,
    /// When a stranger last made it look again, in seconds.
    looked: AtomicI64,
}

impl Gate {
    /// Reads the tokens of `trail`.
    pub(super) async fn open(trail: &Trail, oidc: Option<Arc<Oidc>>) -> Result<Self, TrailError> {
        let gate = Self {
            tokens: RwLock::default(),
            oidc,
            tenant: trail.tenant().clone(),
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

    /// Whether no token was ever granted, and nobody else's are taken: then whoever is on this machine may do
    /// everything that one person may.
    pub(super) fn is_open(&self) -> bool {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.is_empty() && self.oidc.is_none()
    }

    /// Has the keys at hand that the tokens of a request name, where the issuer has them.
    pub(super) async fn prepare(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(oidc) = &self.oidc else {
            return Ok(());
        };
        for name in [header::AUTHORIZATION.as_str(), APPROVAL] {
            let shown = headers.get(name).and_then(|it| bearer(it.as_bytes()));
            if let Some(text) = shown.filter(|it| is_jwt(it)) {
                oidc.prepare(text)
                    .await
                    .map_err(|refusal| refused(refusal).problem)?;
            }
        }
        Ok(())
    }

    /// Who shows what stands in the header `Authorization`.
    pub(super) fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Stranger> {
        if self.is_open() {
            return Ok(Caller {
                actor: self.local.clone(),
                role: None,
                token: None,
            });
        }
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            return Err(unknown("the request has no token")
                .hint("send the header `Authorization: Bearer ctr_…`")
                .into());
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
            .map_err(|stranger| stranger.problem)
    }

    fn holder(&self, shown: &[u8], now: Timestamp) -> Result<Caller, Stranger> {
        let text = bearer(shown).ok_or_else(|| unknown(NOT_ONE))?;
        match &self.oidc {
            Some(oidc) if is_jwt(text) => {
                let bearer = oidc.check(text, now, &self.tenant).map_err(refused)?;
                Ok(Caller {
                    actor: bearer.actor,
                    role: Some(bearer.role),
                    token: None,
                })
            }
            _ => Ok(self.granted(text, now).ok_or_else(|| unknown(NOT_ONE))?),
        }
    }

    /// Who was granted the token `text`, while it is good.
    fn granted(&self, text: &str, now: Timestamp) -> Option<Caller> {
        let token: ApiToken = text.parse().ok()?;
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let known = tokens.get(&token.id())?;
        (known.is(&token) && known.is_live(now)).then(|| Caller {
            actor: Actor {
                method: ActorMethod::Token,
                ..known.grant.holder.clone()
            },
            role: Some(known.grant.role),
            token: Some(known.id),
        })
    }
}

impl From<Problem> for Stranger {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            actor: None,
        }
    }
}

/// The token behind `Bearer`.
fn bearer(shown: &[u8]) -> Option<&str> {
    let (scheme, text) = std::str::from_utf8(shown).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

/// Whether it has the parts of a signed token. No token of a trail has dots.
fn is_jwt(text: &str) -> bool {
    text.contains('.')
}

fn unknown(detail: &str) -> Problem {
    Problem::new(401, "unauthorized", detail)
}

fn refused(refusal: Refusal) -> Stranger {
    match refusal {
        Refusal::Worthless(why) => unknown(why).into(),
        Refusal::NoRole(actor, why) => Stranger {
            problem: Problem::new(403, "forbidden", why)
                .hint("the issuer gives one role of this trail in the token; see docs/http.md"),
            actor: Some(*actor),
        },
        Refusal::NoKeys => Problem::new(
            503,
            "no_keys",
            "the keys of the issuer are not at hand, so its tokens cannot be checked",
        )
        .retry_after(1)
        .into(),
    }
}

const NOT_ONE: &str = "the token is not one of this trail, has expired, or is revoked";

/// The header with the token of the second person.
pub(super) const APPROVAL: &str = "contextrail-approval";
