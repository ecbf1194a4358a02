//! Checks, and freezes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::artifact::{InRole, with_id};
use super::governance::recorded;
use super::read::of_kind_by_id;
use crate::codec::{decode, decode_body_draft};
use crate::govern::{CheckOptions, check_model, check_objective, check_trail};
use crate::record::{
    Allowance, Body, Check, CheckOf, Freeze, Kind, Objective, RecordId, RiskTier, Timestamp,
};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::mask::whole;
use crate::server::permission::Permission;
use crate::server::problem::Problem;
use crate::trail::{Registered, Registry};

/// What is to be checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    of: CheckOf,
    #[serde(rename = "ref", default)]
    reference: Option<String>,
    #[serde(default)]
    since: Option<Timestamp>,
    #[serde(default)]
    allow_unmeasured: Option<String>,
}

/// Checks, and records what was found, whether it passes or not. Freezes that a rule asks for are placed.
pub(super) async fn make(app: &App, call: &Call) -> Result<Answer, Problem> {
    let wanted: Wanted = decode(&call.document()?)?;
    if wanted.allow_unmeasured.is_some() && !call.caller.may(Permission::Approve) {
        let roles: Vec<&str> = Permission::Approve
            .roles()
            .iter()
            .map(|it| it.as_str())
            .collect();
        let detail = "the role may not allow that something was not measured";
        return Err(Problem::new(403, "forbidden", detail)
            .member("allow_unmeasured")
            .hint(format!("roles that may: {}", roles.join(", "))));
    }
    let (check, asked_for) = check(app, call, wanted).await?;
    let trail = app.acting(call);
    let receipt = trail.record_check(check, None).await?;
    let mut freezes = Vec::with_capacity(asked_for.len());
    for freeze in asked_for {
        freezes.push(trail.freeze(freeze, None).await?.id);
    }
    let stored = app.trail.read_kind(receipt.id, Kind::Check).await?;
    let mut value = whole(&app.trail, &stored).await?;
    if let Some(members) = value.as_object_mut().filter(|_| !freezes.is_empty()) {
        members.insert("freezes".to_owned(), json!(freezes));
    }
    let receipt =
        serde_json::to_string(&receipt).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Answer::json(201, &value)?.with("contextrail-receipt", &receipt))
}

async fn check(app: &App, call: &Call, wanted: Wanted) -> Result<(Check, Vec<Freeze>), Problem> {
    let registry = app.trail.registry().await?;
    let by = call.caller.actor.clone();
    let mut options = CheckOptions {
        since: wanted.since,
        allowed: wanted
            .allow_unmeasured
            .map(|reason| Allowance { reason, by }),
        ..CheckOptions::default()
    };
    let wrong = |detail: &str, member| Problem::new(422, "invalid_value", detail).member(member);
    let found = match (wanted.of, &wanted.reference) {
        (CheckOf::Objective | CheckOf::Model, Some(text)) => {
            let found = resolved(&registry, text, call.now)?;
            options.tier = found.artifact.risk_rating;
            options.reference = found.id().to_string().parse().ok();
            Some(found)
        }
        (CheckOf::Trail, None) => None,
        (CheckOf::Trail, Some(_)) => return Err(wrong("the trail is checked as a whole", "ref")),
        (CheckOf::Objective | CheckOf::Model, None) => {
            return Err(Problem::new(422, "missing_member", "which one is not said").member("ref"));
        }
        _ => {
            let detail =
                "an objective, a model or the trail is checked: a decision is when it is recorded";
            return Err(wrong(detail, "of"));
        }
    };
    match (wanted.of, found) {
        (CheckOf::Objective, Some(found)) => {
            let content = found.artifact.content.clone().unwrap_or_default();
            let objective: Objective = serde_json::from_value(content).map_err(|_| {
                let detail = format!("{} is no objective", found.id());
                Problem::new(422, "wrong_kind", detail).member("ref")
            })?;
            options.with = Some(found.id());
            Ok(check_objective(&app.trail, &registry, &objective, options).await?)
        }
        (CheckOf::Model, Some(found)) => {
            if options.since.is_some() {
                return Err(wrong(
                    "nothing of a model is measured since a time",
                    "since",
                ));
            }
            let check = check_model(&registry, found, call.now, options)?;
            Ok((check, Vec::new()))
        }
        _ => {
            options.tier = Some(RiskTier::High);
            let check = check_trail(&app.trail, &registry, call.now, options).await?;
            Ok((check, Vec::new()))
        }
    }
}

/// The version that a body names.
fn resolved<'r>(
    registry: &'r Registry,
    text: &str,
    now: Timestamp,
) -> Result<&'r Registered, Problem> {
    registry.resolve(text, now).map_err(|error| {
        let problem = Problem::from(error);
        match problem.status {
            404 => Problem::new(422, "unknown_record", format!("{text} is not registered")),
            _ => problem,
        }
        .member("ref")
    })
}

/// Freezes.
pub(super) async fn freeze(app: &App, call: &Call) -> Result<Answer, Problem> {
    let (head, body) = decode_body_draft(&call.document()?, Kind::Freeze, &[])?;
    let Body::Freeze(freeze) = body else {
        return Err(Problem::internal("a freeze was read as something else"));
    };
    if head.id.is_some() || head.actor.is_some() || head.tenant.is_some() {
        let detail = "a freeze is given its id, actor and tenant here";
        return Err(Problem::new(422, "unknown_member", detail));
    }
    let receipt = app
        .acting(call)
        .freeze(Freeze::clone(&freeze), None)
        .await?;
    recorded(app, &receipt).await
}

/// The freezes that are not lifted.
pub(super) async fn freezes(app: &App) -> Result<Answer, Problem> {
    let registry = app.trail.registry().await?;
    let items = registry.freezes().iter().map(|it| {
        let mut item = with_id(json!(it.freeze), json!(it.record));
        if let Some(members) = item.as_object_mut() {
            members.insert("since".to_owned(), json!(it.since));
        }
        item
    });
    let items: Vec<Value> = items.collect();
    Answer::json(200, &json!({"items": items, "next": null}))
}

/// Lifts a freeze, in the role of the token.
pub(super) async fn lift(app: &App, call: &Call) -> Result<Answer, Problem> {
    let id: RecordId = call.param("id")?;
    of_kind_by_id(&app.trail, id, Kind::Freeze).await?;
    let said = InRole::of(call)?;
    let role = said.role(call)?;
    let receipt = app.acting(call).unfreeze(id, role, said.note, None).await?;
    recorded(app, &receipt).await
}
