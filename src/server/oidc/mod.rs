//! Tokens of OpenID Connect: people and programs that an issuer knows, checked by its keys.

mod claims;
mod issuer;
mod jwt;
mod keys;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use self::issuer::Issuer;
use self::jwt::Jwt;
use self::keys::KeySet;
use crate::record::{AccessRole, Actor, Tenant, Timestamp};

/// Whose tokens are taken, and which of their claims say what somebody may do.
#[derive(Clone, Debug)]
pub struct OidcOptions {
    issuer: String,
    audience: String,
    jwks_url: Option<String>,
    role_claim: String,
    tenant_claim: String,
    roles: BTreeMap<String, AccessRole>,
    roots: Vec<u8>,
}

impl OidcOptions {
    /// Tokens of `issuer`, as its address stands in the claim `iss`, that are for `audience`. The role is in
    /// the claim `roles`, under the names that roles have here, and the tenant in `tenant`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            jwks_url: None,
            role_claim: "roles".to_owned(),
            tenant_claim: "tenant".to_owned(),
            roles: BTreeMap::new(),
            roots: Vec::new(),
        }
    }

    /// With the address of the keys, which is asked of the issuer otherwise (OpenID Connect Discovery).
    #[must_use]
    pub fn with_jwks_url(mut self, url: Option<String>) -> Self {
        self.jwks_url = url;
        self
    }

    /// With another claim for the role: a name, or a JSON pointer such as `/realm_access/roles`.
    #[must_use]
    pub fn with_role_claim(mut self, claim: impl Into<String>) -> Self {
        self.role_claim = claim.into();
        self
    }

    /// With another claim for the tenant, named in the same way.
    #[must_use]
    pub fn with_tenant_claim(mut self, claim: impl Into<String>) -> Self {
        self.tenant_claim = claim.into();
        self
    }

    /// With the role for each value of the claim; other values are none then. Without any, values are roles.
    #[must_use]
    pub fn with_roles(mut self, roles: BTreeMap<String, AccessRole>) -> Self {
        self.roles = roles;
        self
    }

    /// With authorities, certificates in PEM, that the issuer is trusted by beside those of this machine.
    #[must_use]
    pub fn with_roots(mut self, roots: Vec<u8>) -> Self {
        self.roots = roots;
        self
    }
}

/// The issuer and its keys, which are read again while a server runs.
#[derive(Debug)]
pub struct Oidc {
    options: OidcOptions,
    issuer: Issuer,
    held: RwLock<Option<Held>>,
    /// When an unknown key last made it ask the issuer. Held while it does.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Held {
    keys: Arc<KeySet>,
    read_at: Instant,
}

/// Why the keys of an issuer cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// What is configured makes no sense.
    #[error("{what}")]
    Options {
        /// What is wrong.
        what: String,
    },
    /// The issuer does not answer.
    #[error("{url} cannot be reached: {why}")]
    Away {
        /// What was asked.
        url: String,
        /// Why.
        why: String,
    },
    /// The issuer answers something else.
    #[error("{url} {what}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        what: String,
    },
}

/// Who shows a token that is good.
#[derive(Debug)]
pub(super) struct Bearer {
    pub(super) actor: Actor,
    pub(super) role: AccessRole,
}

/// Why a token is not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It proves nothing about anybody.
    Worthless(&'static str),
    /// It is somebody's, who has no role here that could be told.
    NoRole(Box<Actor>, &'static str),
    /// No keys are at hand to check it with.
    NoKeys,
}

impl Oidc {
    /// Checks the options. Nobody is asked for anything yet.
    ///
    /// # Errors
    ///
    /// [`OidcError::Options`]: addresses are `https://`, or `http://` on this machine alone.
    pub fn new(options: OidcOptions) -> Result<Self, OidcError> {
        let said = [
            ("audience", &options.audience),
            ("role claim", &options.role_claim),
            ("tenant claim", &options.tenant_claim),
        ];
        if let Some((name, _)) = said.into_iter().find(|(_, text)| text.trim().is_empty()) {
            let what = format!("the {name} of OpenID Connect is empty");
            return Err(OidcError::Options { what });
        }
        let jwks = options.jwks_url.as_deref();
        Ok(Self {
            issuer: Issuer::new(&options.issuer, jwks, &options.roots)?,
            options,
            held: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    /// The address of the issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.options.issuer
    }

    /// Reads the keys of the issuer, and gives how many there are that tokens can be checked by. When it
    /// fails, those that were read before stay.
    ///
    /// # Errors
    ///
    /// [`OidcError::Away`] and [`OidcError::Answer`], also when there is no key to check a token by.
    pub async fn read_keys(&self) -> Result<usize, OidcError> {
        let keys = Arc::new(self.issuer.keys().await?);
        let count = keys.len();
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Held {
            keys,
            read_at: Instant::now(),
        });
        Ok(count)
    }

    /// Reads them again and again, until it is dropped.
    pub(super) async fn keep_reading(self: Arc<Self>) {
        let mut pause = EVERY;
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.read_keys().await {
                Ok(_) => EVERY,
                Err(error) => {
                    tracing::error!(error = %error, "the keys of the issuer cannot be read again");
                    PAUSE
                }
            };
        }
    }

    /// Asks the issuer for its keys when `text` names one that is not known: at most every ten seconds,
    /// whatever is shown, and one request at a time. Others meanwhile are to come back.
    pub(super) async fn prepare(&self, text: &str) -> Result<(), Refusal> {
        let Ok(token) = Jwt::read(text) else {
            return Ok(());
        };
        if self.keys().is_some_and(|keys| token.names_one_of(&keys)) {
            return Ok(());
        }
        let mut asked = self.asked.try_lock().map_err(|_| Refusal::NoKeys)?;
        if asked.is_some_and(|at| at.elapsed() < PAUSE) {
            return Ok(());
        }
        *asked = Some(Instant::now());
        if let Err(error) = self.read_keys().await {
            tracing::error!(error = %error, "the keys of the issuer cannot be read again");
        }
        Ok(())
    }

    /// Who shows `text`.
    pub(super) fn check(
        &self,
        text: &str,
        now: Timestamp,
        tenant: &Tenant,
    ) -> Result<Bearer, Refusal> {
        let token = Jwt::read(text).map_err(Refusal::Worthless)?;
        let keys = self.keys().ok_or(Refusal::NoKeys)?;
        let claims = token.verified(&keys).map_err(Refusal::Worthless)?;
        claims::bearer(&self.options, &claims, now, tenant)
    }

    fn keys(&self) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|it| it.read_at.elapsed() < KEPT);
        held.map(|it| Arc::clone(&it.keys))
    }
}

const EVERY: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(10);
/// How long keys hold when the issuer does not answer.
const KEPT: Duration = Duration::from_secs(3_600);
