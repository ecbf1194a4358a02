//! Evidence, the rights of people, and legal holds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::read::{entity, of_kind_by_id};
use crate::codec::{decode, decode_body_draft};
use crate::evidence::{Custody, Redactions, Selector, What, Withheld, gather};
use crate::record::{AccessKind, Body, Class, HoldId, Kind, RecordId, UsedRef};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::mask::{MASKED, whole};
use crate::server::permission::Permission;
use crate::server::problem::Problem;

/// The bundle of a decision; with personal values withheld unless they may be seen.
pub(super) async fn evidence(app: &App, call: &Call) -> Result<Answer, Problem> {
    let id: RecordId = call.param("id")?;
    of_kind_by_id(&app.trail, id, Kind::Decision).await?;
    let redactions = if call.sees_personal() {
        Redactions::default()
    } else {
        Redactions::new("withheld from whoever may not read personal values")
            .with(Withheld::Value, Selector::Class(Class::Personal))
    };
    let purpose = app.note(call, AccessKind::Export, &[id], &[]).await?;
    let custody = Custody {
        by: Some(call.caller.actor.id.to_string()),
        made_for: None,
        at: call.now,
        why: purpose,
    };
    let absent: Option<UsedRef> = call.query("absent")?;
    let absent = absent.into_iter().collect();
    let gathered = gather(
        &app.trail,
        What::Decision(id.into()),
        redactions,
        custody,
        absent,
    )
    .await?;
    let name = format!("attachment; filename=\"{id}.zip\"");
    let answer = Answer::new(200, "application/zip", gathered.bundle);
    Ok(answer.with("content-disposition", &name))
}

/// Everything recorded about a person.
pub(super) async fn export(app: &App, call: &Call) -> Result<Answer, Problem> {
    let entity = entity(call)?;
    let access = app.trail.subject_access(&entity).await?;
    let ids: Vec<RecordId> = access.records.iter().map(|it| it.id).collect();
    app.note_personal(call, AccessKind::Export, &ids, &[entity])
        .await?;
    Answer::json(200, &access)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    pub(super) reason: String,
}

/// Erases a person.
pub(super) async fn erase(app: &App, call: &Call) -> Result<Answer, Problem> {
    let entity = entity(call)?;
    let Why { reason } = decode(&call.document()?)?;
    let people = call.two_people()?;
    let erased = app.trail.erase(&entity, &reason, people).await?;
    Answer::json(
        200,
        &json!({
            "certificate": "contextrail.erasure-certificate/1",
            "record": erased.record,
            "receipt": erased.receipt,
            "proof": erased.proof.to_string(),
        }),
    )
}

/// Places a hold.
pub(super) async fn place_hold(app: &App, call: &Call) -> Result<Answer, Problem> {
    let actor = &call.caller.actor;
    let defaults = [("placed_by", json!(actor))];
    let (head, body) = decode_body_draft(&call.document()?, Kind::Hold, &defaults)?;
    let Body::Hold(hold) = body else {
        return Err(Problem::internal("a hold was read as something else"));
    };
    if (&hold.placed_by.id, hold.placed_by.kind) != (&actor.id, actor.kind) {
        let detail = "who places it is not the holder of the token";
        return Err(Problem::new(422, "other_actor", detail)
            .member("placed_by")
            .hint("leave it out"));
    }
    if head.id.is_some() {
        return Err(
            Problem::new(422, "unknown_member", "a hold is given its id here").member("id"),
        );
    }
    let receipt = app.acting(call).place_hold(*hold).await?;
    recorded(app, &receipt).await
}

/// The open holds; whom they are on is masked unless it may be known.
pub(super) async fn holds(app: &App, call: &Call) -> Result<Answer, Problem> {
    let knows = call.caller.may(Permission::PlaceHold);
    let mut items = Vec::new();
    for open in app.trail.holds().await? {
        let mut item = serde_json::to_value(open.hold())
            .map_err(|error| Problem::internal(error.to_string()))?;
        if let Some(members) = item.as_object_mut() {
            members.insert("id".to_owned(), json!(open.id()));
            members.insert("since".to_owned(), json!(open.since()));
            for name in ["reason", "owner", "placed_by"] {
                if let Some(member) = members.get_mut(name).filter(|_| !knows) {
                    *member = MASKED.into();
                }
            }
        }
        if let Some(entity) = item.pointer_mut("/target/entity").filter(|_| !knows) {
            *entity = MASKED.into();
        }
        items.push(item);
    }
    Answer::json(200, &json!({"items": items, "next": Value::Null}))
}

/// Lifts a hold.
pub(super) async fn lift_hold(app: &App, call: &Call) -> Result<Answer, Problem> {
    let id: HoldId = call.param("id")?;
    of_kind_by_id(&app.trail, id.into(), Kind::Hold).await?;
    let Why { reason } = decode(&call.document()?)?;
    let people = call.two_people()?;
    let receipt = app.acting(call).release_hold(id, &reason, people).await?;
    recorded(app, &receipt).await
}

/// A record that was made, with its receipt.
pub(super) async fn recorded(
    app: &App,
    receipt: &crate::record::Receipt,
) -> Result<Answer, Problem> {
    let stored = app.trail.read_kind(receipt.id, receipt.kind).await?;
    let answer = Answer::json(201, &whole(&app.trail, &stored).await?)?;
    let receipt =
        serde_json::to_string(receipt).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(answer.with("contextrail-receipt", &receipt))
}
