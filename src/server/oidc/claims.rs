//! What a token says, once it is known whose it is.

use serde_json::Value;

use super::{Bearer, OidcOptions, Refusal};
use crate::record::{AccessRole, Actor, ActorKind, ActorMethod, Name, Tenant, Timestamp};

/// Who shows a token with these claims, if it is for here and now.
pub(super) fn bearer(
    options: &OidcOptions,
    claims: &Value,
    now: Timestamp,
    tenant: &Tenant,
) -> Result<Bearer, Refusal> {
    check(options, claims, now, tenant).map_err(Refusal::Worthless)?;
    let actor = actor(claims).map_err(Refusal::Worthless)?;
    match role(options, claims, actor.kind) {
        Ok(role) => Ok(Bearer { actor, role }),
        Err(why) => Err(Refusal::NoRole(Box::new(actor), why)),
    }
}

fn check(
    options: &OidcOptions,
    claims: &Value,
    now: Timestamp,
    tenant: &Tenant,
) -> Result<(), &'static str> {
    if claims.get("iss").and_then(Value::as_str) != Some(&options.issuer) {
        return Err("the token is of another issuer");
    }
    if !texts(claims.get("aud")).any(|it| it == options.audience) {
        return Err("the token is for another audience");
    }
    let expires = claims.get("exp").and_then(Value::as_f64);
    let expires = expires.ok_or("the token does not say when it expires (`exp`)")?;
    let now = seconds(now);
    if now >= expires + LEEWAY {
        return Err("the token has expired");
    }
    for name in ["nbf", "iat"] {
        let Some(value) = claims.get(name) else {
            continue;
        };
        if value.as_f64().is_none_or(|from| from > now + LEEWAY) {
            return Err("the token is not valid yet");
        }
    }
    let of = claim(claims, &options.tenant_claim);
    if !texts(of).any(|it| it == tenant.as_str()) {
        return Err("the token is for another tenant, or for none");
    }
    Ok(())
}

fn actor(claims: &Value) -> Result<Actor, &'static str> {
    let subject = claims.get("sub").and_then(Value::as_str);
    let id = subject.and_then(|it| Name::new(it).ok());
    let id = id.ok_or("the token does not say whose it is (`sub`)")?;
    let kind = if is_program(claims) {
        ActorKind::Service
    } else {
        ActorKind::Human
    };
    Ok(Actor {
        id,
        kind,
        method: ActorMethod::Oidc,
    })
}

/// Whether the token is that of a program for itself (client credentials), as issuers say it.
fn is_program(claims: &Value) -> bool {
    let text = |name| claims.get(name).and_then(Value::as_str);
    let subject = text("sub");
    // RFC 9068, 2.2; then Entra ID, Auth0, and Keycloak.
    ["client_id", "azp"]
        .into_iter()
        .any(|it| text(it).is_some() && text(it) == subject)
        || text("idtyp") == Some("app")
        || text("gty") == Some("client-credentials")
        || text("preferred_username").is_some_and(|it| it.starts_with("service-account-"))
}

fn role(
    options: &OidcOptions,
    claims: &Value,
    kind: ActorKind,
) -> Result<AccessRole, &'static str> {
    let values = texts(claim(claims, &options.role_claim));
    let mut roles: Vec<AccessRole> = values
        .filter_map(|it| match options.roles.is_empty() {
            true => it.parse().ok(),
            false => options.roles.get(it).copied(),
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    let role = match roles.as_slice() {
        [] => return Err("the token has no role here"),
        [role] => *role,
        // why: roles are kept apart on purpose, and a sum of two is in no table.
        _ => return Err("the token has several roles here, and one is taken"),
    };
    if role.is_for_people() && kind != ActorKind::Human {
        return Err("the role of the token is for people, and the token is that of a program");
    }
    Ok(role)
}

/// A claim by its name, or by a JSON pointer.
fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') {
        claims.pointer(name)
    } else {
        claims.get(name)
    }
}

/// The text of a claim, or the texts.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Some(Value::Array(all)) => (None, all.as_slice()),
        one => (one, [].as_slice()),
    };
    one.into_iter().chain(many).filter_map(Value::as_str)
}

#[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
fn seconds(now: Timestamp) -> f64 {
    now.as_micros().div_euclid(1_000_000) as f64
}

/// How far the clock of an issuer may be off, in seconds.
const LEEWAY: f64 = 60.0;
