//! Tokens over HTTP.

use serde::Deserialize;
use serde_json::{Value, json};

use super::read::of_kind_by_id;
use crate::codec::decode;
use crate::record::{
    AccessKind, AccessRole, Actor, ActorKind, ActorMethod, Kind, Name, RecordId, Tenant, Timestamp,
};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::problem::Problem;
use crate::trail::{KnownToken, TokenGrant};

/// What a token is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    role: AccessRole,
    holder: Holder,
    #[serde(default)]
    tenant: Option<Tenant>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    id: Name,
    kind: ActorKind,
}

/// Grants a token. The answer is the only place where it ever stands.
pub(super) async fn grant(app: &App, call: &Call) -> Result<Answer, Problem> {
    let wanted: Wanted = decode(&call.document()?)?;
    if let Some(tenant) = wanted.tenant.filter(|it| it != app.trail.tenant()) {
        let detail = format!("this server is for another tenant than {tenant}");
        return Err(Problem::new(422, "other_tenant", detail).member("tenant"));
    }
    let approved_by = if wanted.role.needs_two_people() {
        call.two_people()?
    } else {
        Vec::new()
    };
    let grant = TokenGrant {
        holder: Actor {
            id: wanted.holder.id,
            kind: wanted.holder.kind,
            method: ActorMethod::Asserted,
        },
        role: wanted.role,
        expires_at: wanted.expires_at,
        approved_by,
    };
    let (token, receipt) = app.acting(call).grant_token(grant).await?;
    app.gate.read_again(&app.trail).await?;
    app.note(call, AccessKind::Grant, &[token.id()], &[])
        .await?;
    let known = app
        .trail
        .tokens()
        .await?
        .into_iter()
        .find(|it| it.id == token.id());
    let known = known.ok_or_else(|| Problem::internal("a token was granted and is not there"))?;
    let mut value = shown(&known, call.now);
    if let Some(members) = value.as_object_mut() {
        members.insert("token".to_owned(), token.to_string().into());
    }
    let receipt =
        serde_json::to_string(&receipt).map_err(|error| Problem::internal(error.to_string()))?;
    let answer = Answer::json(201, &value)?.with("cache-control", "no-store");
    Ok(answer.with("contextrail-receipt", &receipt))
}

/// The tokens, without their secrets.
pub(super) async fn tokens(app: &App, call: &Call) -> Result<Answer, Problem> {
    let known = app.trail.tokens().await?;
    let items: Vec<Value> = known.iter().map(|it| shown(it, call.now)).collect();
    Answer::json(200, &json!({"items": items, "next": Value::Null}))
}

/// Revokes a token.
pub(super) async fn revoke(app: &App, call: &Call) -> Result<Answer, Problem> {
    let id: RecordId = call.param("id")?;
    of_kind_by_id(&app.trail, id, Kind::Token).await?;
    let receipt = app.acting(call).revoke_token(id).await?;
    app.gate.read_again(&app.trail).await?;
    app.note(call, AccessKind::Grant, &[id], &[]).await?;
    Answer::json(200, &receipt)
}

fn shown(token: &KnownToken, now: Timestamp) -> Value {
    let grant = &token.grant;
    let mut value = json!({
        "id": token.id,
        "role": grant.role,
        "holder": {"id": grant.holder.id, "kind": grant.holder.kind},
        "granted_at": token.granted_at,
        "live": token.is_live(now),
    });
    if let Some(members) = value.as_object_mut() {
        let times = [
            ("expires_at", grant.expires_at),
            ("revoked_at", token.revoked_at),
        ];
        for (name, at) in times {
            members.extend(at.map(|at| (name.to_owned(), json!(at))));
        }
    }
    value
}
