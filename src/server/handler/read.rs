//! What is read: one record, lists of them, texts and comparisons.

use serde_json::{Value, json};

use crate::codec::decode;
use crate::record::{
    AccessKind, ContextStatus, EntityRef, FreshnessStatus, InvalidValue, Kind, RecordId, UsedRef,
};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::mask::{masked, whole};
use crate::server::permission::Permission;
use crate::server::problem::Problem;
use crate::server::summary::line;
use crate::trail::{ContextFilter, DecisionView, LookUp, Search, Stored, Trail, TrailError};

/// One record of a kind.
pub(super) async fn one(app: &App, call: &Call, kind: Kind) -> Result<Answer, Problem> {
    let stored = of_kind_by_id(&app.trail, call.param("id")?, kind).await?;
    app.note(call, AccessKind::Read, &[stored.id()], &[])
        .await?;
    Answer::json(200, &shown(app, call, &stored).await?)
}

/// One decision, with what was recorded about it later.
pub(super) async fn decision(app: &App, call: &Call) -> Result<Answer, Problem> {
    let stored = of_kind_by_id(&app.trail, call.param("id")?, Kind::Decision).await?;
    let view = app.trail.view(stored).await?;
    app.note(call, AccessKind::Read, &ids_of(&view), &[])
        .await?;
    Answer::json(200, &viewed(app, call, &view).await?)
}

/// Contexts that fit what is asked for.
pub(super) async fn contexts(app: &App, call: &Call) -> Result<Answer, Problem> {
    let filter = ContextFilter {
        entity: call.query("entity")?,
        decision: call.query("decision")?,
        name: call.query("name")?,
        status: word(call, "status", &ContextStatus::ALL, ContextStatus::as_str)?,
        used: call.query("used")?,
        freshness: word(
            call,
            "freshness",
            &FreshnessStatus::ALL,
            FreshnessStatus::as_str,
        )?,
        environment: call.query("environment")?,
        since: call.query("since")?,
        until: call.query("until")?,
        after: call.query("after")?,
    };
    let entities: Vec<EntityRef> = [&filter.entity, &filter.decision]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    app.may_search(call, &entities)?;
    let limit = call.limit()?;
    let pages = app.trail.contexts(filter).await?;
    list(app, call, pages.take(limit + 1).await?, &entities).await
}

/// Decisions on a business key, whole; or all, as lines.
pub(super) async fn decisions(app: &App, call: &Call) -> Result<Answer, Problem> {
    let limit = call.limit()?;
    let Some(subject) = call.query::<EntityRef>("subject")? else {
        let search = Search {
            kind: Some(Kind::Decision),
            since: call.query("since")?,
            until: call.query("until")?,
            after: call.query("after")?,
            ..Search::default()
        };
        let pages = app.trail.search(search).await?;
        return list(app, call, pages.take(limit + 1).await?, &[]).await;
    };
    let unfit = ["since", "until", "after"]
        .into_iter()
        .find(|it| call.query_text(it).is_some());
    if let Some(unfit) = unfit {
        let detail = "it does not go with `subject`, which gives all decisions on a key";
        return Err(Problem::new(400, "bad_parameter", detail).member(unfit));
    }
    app.may_search(call, std::slice::from_ref(&subject))?;
    let views = app.trail.decisions_on(&subject).await?;
    let ids: Vec<RecordId> = views.iter().flat_map(ids_of).collect();
    app.note(call, AccessKind::Search, &ids, &[subject]).await?;
    let mut items = Vec::with_capacity(views.len());
    for view in &views {
        items.push(viewed(app, call, view).await?);
    }
    Answer::json(200, &json!({"items": items, "next": null}))
}

/// Records of a kind.
pub(super) async fn of_kind(app: &App, call: &Call, kind: Kind) -> Result<Answer, Problem> {
    let search = Search {
        kind: Some(kind),
        after: call.query("after")?,
        ..Search::default()
    };
    let limit = call.limit()?;
    let pages = app.trail.search(search).await?;
    list(app, call, pages.take(limit + 1).await?, &[]).await
}

/// What used something.
pub(super) async fn used(app: &App, call: &Call) -> Result<Answer, Problem> {
    let used: UsedRef = call.query("ref")?.ok_or_else(|| {
        Problem::new(400, "missing_parameter", "what was used is not said")
            .member("ref")
            .hint("for example ?ref=document:doc_456")
    })?;
    let (after, limit) = (call.query("after")?, call.limit()?);
    let found = app.trail.used(&used, after, limit + 1).await?;
    list(app, call, found, &[]).await
}

/// Records whole, for clients of this library.
pub(super) async fn search(app: &App, call: &Call) -> Result<Answer, Problem> {
    let mut look_up: LookUp = decode(&call.document()?)?;
    look_up.limit = look_up.limit.min(LookUp::MOST);
    let entities = look_up.entities();
    app.may_search(call, &entities)?;
    let mut found = app.trail.look_up(&look_up).await?;
    let is_full = found.len() == usize::try_from(look_up.limit).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| is_full).map(Stored::log_index);
    found.retain(|stored| may_see(call, stored.record().kind()));
    let ids: Vec<RecordId> = found.iter().map(Stored::id).collect();
    let what = if entities.is_empty() {
        AccessKind::Read
    } else {
        AccessKind::Search
    };
    app.note(call, what, &ids, &entities).await?;
    let mut items = Vec::with_capacity(found.len());
    for stored in &found {
        items.push(app.trail.found(stored).await?);
    }
    Answer::json(200, &json!({"items": items, "next": next}))
}

/// Whether records of a kind that has routes of its own are for whoever asks.
fn may_see(call: &Call, kind: Kind) -> bool {
    match kind {
        Kind::Hold | Kind::Release => call.caller.may(Permission::SeeHolds),
        Kind::Token => call.caller.may(Permission::Tokens),
        Kind::Access => false,
        _ => true,
    }
}

/// Everything about an entity.
pub(super) async fn history(app: &App, call: &Call) -> Result<Answer, Problem> {
    let entity = entity(call)?;
    let page = app
        .trail
        .history_page(&entity, call.query("after")?, call.limit()?);
    let (events, next) = page.await?;
    let ids: Vec<RecordId> = events.iter().map(|it| it.stored.id()).collect();
    app.note(call, AccessKind::Search, &ids, &[entity]).await?;
    let items = events.iter().map(|event| {
        let mut item = json!({
            "at": event.at,
            "kind": event.stored.record().kind(),
            "id": event.stored.id(),
        });
        // why: the words name outcomes and subjects.
        if call.sees_personal()
            && let Some(members) = item.as_object_mut()
        {
            members.insert("summary".to_owned(), event.summary().into());
        }
        item
    });
    let items: Vec<Value> = items.collect();
    let answer = Answer::json(200, &json!({"items": items, "next": next}))?;
    Ok(match next {
        Some(next) => answer.with("link", &next_link(call, &next.to_string())),
        None => answer,
    })
}

/// The text as it was sent.
pub(super) async fn text(app: &App, call: &Call) -> Result<Answer, Problem> {
    let stored = of_kind_by_id(&app.trail, call.param("id")?, Kind::Context).await?;
    let text = app.trail.text(&stored).await?.ok_or_else(|| {
        Problem::new(
            404,
            "no_text",
            "the context has no text, or it is not there any longer",
        )
    })?;
    app.note(call, AccessKind::Read, &[stored.id()], &[])
        .await?;
    Ok(Answer::new(
        200,
        "text/plain; charset=utf-8",
        text.into_bytes(),
    ))
}

/// What differs between two contexts; without the values unless they may be seen.
pub(super) async fn diff(app: &App, call: &Call) -> Result<Answer, Problem> {
    let from = of_kind_by_id(&app.trail, call.param("id")?, Kind::Context).await?;
    let to = of_kind_by_id(&app.trail, call.param("other")?, Kind::Context).await?;
    let found = app.trail.diff(&from, &to).await?;
    let found = found.ok_or_else(|| Problem::internal("two contexts cannot be compared"))?;
    app.note(call, AccessKind::Read, &[from.id(), to.id()], &[])
        .await?;
    let mut value =
        serde_json::to_value(&found).map_err(|error| Problem::internal(error.to_string()))?;
    if !call.sees_personal() {
        let changes = value.get_mut("changes").and_then(Value::as_array_mut);
        for change in changes
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            change.remove("before");
            change.remove("after");
        }
    }
    Answer::json(200, &value)
}

/// The entity that the path names.
pub(super) fn entity(call: &Call) -> Result<EntityRef, Problem> {
    EntityRef::new(call.text("type"), call.text("id"))
        .map_err(|error| Problem::parameter("id", &error))
}

/// A record that has to be there and of this kind; of another kind it is not there.
pub(super) async fn of_kind_by_id(
    trail: &Trail,
    id: RecordId,
    kind: Kind,
) -> Result<Stored, Problem> {
    trail
        .read_kind(id, kind)
        .await
        .map_err(|error| match error {
            TrailError::WrongKind { found, .. } => {
                Problem::new(404, "not_found", format!("there is no such {kind}"))
                    .hint(format!("the id is that of a record of the kind {found}"))
            }
            error => error.into(),
        })
}

/// A record as the caller may see it.
async fn shown(app: &App, call: &Call, stored: &Stored) -> Result<Value, Problem> {
    if call.sees_personal() {
        whole(&app.trail, stored).await
    } else {
        masked(&app.trail, stored).await
    }
}

async fn viewed(app: &App, call: &Call, view: &DecisionView) -> Result<Value, Problem> {
    let mut value = shown(app, call, &view.decision).await?;
    let mut more = Vec::new();
    for (name, records) in [
        ("reviews", &view.reviews),
        ("outcomes", &view.outcomes),
        ("generation_records", &view.generations),
    ] {
        let mut list = Vec::with_capacity(records.len());
        for stored in records {
            list.push(shown(app, call, stored).await?);
        }
        more.push((name, Value::Array(list)));
    }
    if let Some(members) = value.as_object_mut() {
        if let Some(later) = view.superseded_by {
            members.insert("superseded_by".to_owned(), json!(later));
        }
        members.extend(more.into_iter().map(|(name, list)| (name.to_owned(), list)));
    }
    Ok(value)
}

fn ids_of(view: &DecisionView) -> Vec<RecordId> {
    let others = [&view.reviews, &view.outcomes, &view.generations];
    let others = others.into_iter().flatten();
    std::iter::once(&view.decision)
        .chain(others)
        .map(Stored::id)
        .collect()
}

/// One more than `limit` was asked for, to know whether there are more.
async fn list(
    app: &App,
    call: &Call,
    mut found: Vec<Stored>,
    entities: &[EntityRef],
) -> Result<Answer, Problem> {
    let limit = call.limit()?;
    let more = found.len() > limit;
    found.truncate(limit);
    let ids: Vec<RecordId> = found.iter().map(Stored::id).collect();
    let what = if entities.is_empty() {
        AccessKind::Read
    } else {
        AccessKind::Search
    };
    app.note(call, what, &ids, entities).await?;
    let items: Vec<Value> = found
        .iter()
        .map(|it| line(it, call.sees_personal()))
        .collect();
    let next = ids.last().filter(|_| more);
    let answer = Answer::json(200, &json!({"items": items, "next": next}))?;
    Ok(match next {
        Some(next) => answer.with("link", &next_link(call, &next.to_string())),
        None => answer,
    })
}

/// The address of the next page, as a `Link` header has it.
pub(super) fn next_link(call: &Call, next: &str) -> String {
    let kept = call.query.iter().filter(|(name, _)| name != "after");
    let kept: String = kept
        .map(|(name, value)| format!("{name}={}&", encoded(value)))
        .collect();
    let next = encoded(next);
    let path = call
        .params
        .iter()
        .fold(call.route.path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), &encoded(value))
        });
    format!("<{path}?{kept}after={next}>; rel=\"next\"")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn word<T: Copy>(
    call: &Call,
    name: &'static str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(text) = call.query_text(name) else {
        return Ok(None);
    };
    let found = all.iter().copied().find(|it| word(*it) == text);
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = all.iter().copied().map(word).collect();
        let error = InvalidValue::new(name, text, format!("one of {}", known.join(", ")));
        Problem::parameter(name, &error)
    })
}
