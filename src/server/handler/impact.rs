//! Where something comes from, what comes of it, and what a version touches.

use serde_json::{Value, json};

use super::artifact::required;
use super::measured::FEWEST;
use crate::govern::{
    Direction, ImpactOptions, impact as touched, impact_of_change, lineage as lines,
};
use crate::record::{AccessKind, ArtifactName, ArtifactRef, InvalidValue, RecordId};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::mask::MASKED;
use crate::server::problem::Problem;

/// What something comes from, or what comes of it. What decisions came to is masked unless it may be seen.
pub(super) async fn lineage(app: &App, call: &Call) -> Result<Answer, Problem> {
    let reference = text(call, "ref")?;
    let direction = match text(call, "direction")? {
        "up" => Direction::Up,
        "down" => Direction::Down,
        other => {
            let error = InvalidValue::new("direction", other, "up or down");
            return Err(Problem::parameter("direction", &error));
        }
    };
    let how = (direction, depth(call)?, call.limit()?);
    let registry = app.trail.registry().await?;
    let mut graph = lines(&app.trail, &registry, reference, how, call.now).await?;
    let mut ids: Vec<RecordId> = Vec::new();
    for node in &mut graph.nodes {
        let decision = node.id.strip_prefix("decision:");
        let id = decision.or_else(|| node.id.strip_prefix("context:"));
        ids.extend(id.and_then(|it| it.parse::<RecordId>().ok()));
        if decision.is_some() && !call.sees_personal() {
            MASKED.clone_into(&mut node.note);
        }
    }
    note(app, call, &ids).await?;
    Answer::json(200, &graph)
}

/// What a version touches. Parts of few decisions are not given to whoever sees no personal values.
pub(super) async fn impact(app: &App, call: &Call) -> Result<Answer, Problem> {
    let reference: ArtifactRef = required(call, "ref")?;
    let options = ImpactOptions {
        since: call.query("since")?,
        by: call.query("by")?,
        limit: call.limit()?,
    };
    let registry = app.trail.registry().await?;
    registry.expect(&reference)?;
    let mut found = touched(&app.trail, &registry, &reference, &options).await?;
    let all = found.groups.len();
    if !call.sees_personal() {
        let fewest = u64::try_from(FEWEST).unwrap_or(u64::MAX);
        found.groups.retain(|it| it.count >= fewest);
    }
    let withheld = all - found.groups.len();
    let ids: Vec<RecordId> = found.decisions.iter().map(|it| it.id.into()).collect();
    note(app, call, &ids).await?;
    let mut value = json!(found);
    mask(call, &mut value, "decisions", &["subject", "outcome"]);
    if let Some(members) = value.as_object_mut().filter(|_| withheld > 0) {
        members.insert("withheld".to_owned(), withheld.into());
    }
    Answer::json(200, &value)
}

/// What a change of an operating threshold touches.
pub(super) async fn of_change(app: &App, call: &Call) -> Result<Answer, Problem> {
    let artifact: ArtifactName = required(call, "artifact")?;
    let from = artifact.at(required(call, "from")?);
    let to = artifact.at(required(call, "to")?);
    let limit = call.limit()?;
    let registry = app.trail.registry().await?;
    let mut found = impact_of_change(&app.trail, &registry, &from, &to).await?;
    let count = found.would_differ.len();
    found.would_differ.truncate(limit);
    let ids: Vec<RecordId> = found.would_differ.iter().map(|it| it.id.into()).collect();
    note(app, call, &ids).await?;
    let mut value = json!(found);
    let personal = ["subject", "outcome", "score", "reached", "would_reach"];
    mask(call, &mut value, "would_differ", &personal);
    if let Some(members) = value.as_object_mut() {
        members.insert("would_differ_count".to_owned(), count.into());
    }
    Answer::json(200, &value)
}

/// Masks what is personal in the elements of a list.
fn mask(call: &Call, value: &mut Value, list: &str, personal: &[&str]) {
    if call.sees_personal() {
        return;
    }
    let elements = value.get_mut(list).and_then(Value::as_array_mut);
    for element in elements.into_iter().flatten() {
        for name in personal {
            if let Some(member) = element.get_mut(*name) {
                *member = MASKED.into();
            }
        }
    }
}

/// Records that somebody looks at decisions and contexts, where there are any.
async fn note(app: &App, call: &Call, ids: &[RecordId]) -> Result<(), Problem> {
    if !ids.is_empty() {
        app.note(call, AccessKind::Read, ids, &[]).await?;
    }
    Ok(())
}

fn text<'c>(call: &'c Call, name: &str) -> Result<&'c str, Problem> {
    call.query_text(name).ok_or_else(|| {
        Problem::new(400, "missing_parameter", format!("{name} is not said")).member(name)
    })
}

/// How many steps to go.
fn depth(call: &Call) -> Result<u32, Problem> {
    let Some(text) = call.query_text("depth") else {
        return Ok(DEFAULT_DEPTH);
    };
    match text.parse() {
        Ok(depth) if (1..=MOST_DEPTH).contains(&depth) => Ok(depth),
        _ => {
            let expected = format!("a number from 1 to {MOST_DEPTH}");
            let error = InvalidValue::new("depth", text, expected);
            Err(Problem::parameter("depth", &error))
        }
    }
}

const DEFAULT_DEPTH: u32 = 16;
const MOST_DEPTH: u32 = 64;
