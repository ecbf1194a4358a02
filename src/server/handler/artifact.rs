//! Versions of artifacts, and what is deployed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::governance::{Why, recorded};
use super::read::next_link;
use crate::codec::decode;
use crate::govern::{ArtifactLine, ArtifactView, diff as difference};
use crate::record::{
    AccessRole, ArtifactKind, ArtifactName, ArtifactRef, InvalidValue, Name, Timestamp, Version,
};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::problem::Problem;
use crate::trail::{Registered, Registry};

/// The registered versions.
pub(super) async fn list(app: &App, call: &Call) -> Result<Answer, Problem> {
    let kind: Option<ArtifactKind> = call.query("kind")?;
    let registry = app.trail.registry().await?;
    let versions = registry.versions();
    let versions = versions.filter(|it| kind.is_none_or(|kind| kind == it.artifact.kind));
    let line = |it: &Registered| json!(ArtifactLine::of(&registry, it, call.now));
    page(call, versions, |it| it.id().to_string(), line)
}

/// What was deployed.
pub(super) async fn deployments(app: &App, call: &Call) -> Result<Answer, Problem> {
    let environment: Option<Name> = call.query("environment")?;
    let at: Option<Timestamp> = call.query("at")?;
    let registry = app.trail.registry().await?;
    let deployed = registry.deployments().iter().rev().filter(|it| {
        let place = &it.deployment.environment;
        let runs = |at| registry.deployed(place, at).map(|it| it.record) == Some(it.record);
        environment.as_ref().is_none_or(|it| it == place) && at.is_none_or(runs)
    });
    page(
        call,
        deployed,
        |it| it.record.to_string(),
        |it| with_id(json!(it.deployment), json!(it.record)),
    )
}

/// The version in force, or else the latest one.
pub(super) async fn show(app: &App, call: &Call) -> Result<Answer, Problem> {
    let (artifact, at) = (named(call)?, moment(call)?);
    let registry = app.trail.registry().await?;
    let found = registry
        .in_force(&artifact, at)
        .or_else(|| registry.versions_of(&artifact).last());
    view(&registry, found, &artifact.to_string(), at)
}

/// One version.
pub(super) async fn version(app: &App, call: &Call) -> Result<Answer, Problem> {
    let (version, at) = (reference(call)?, moment(call)?);
    let registry = app.trail.registry().await?;
    view(
        &registry,
        registry.version(&version),
        &version.to_string(),
        at,
    )
}

/// The version that is in force.
pub(super) async fn in_force(app: &App, call: &Call) -> Result<Answer, Problem> {
    let (artifact, at) = (named(call)?, moment(call)?);
    let registry = app.trail.registry().await?;
    if registry.versions_of(&artifact).is_empty() {
        return view(&registry, None, &artifact.to_string(), at);
    }
    let found = registry.in_force(&artifact, at).ok_or_else(|| {
        let detail = format!("no version of {artifact} was in force at {at}");
        Problem::new(404, "none_in_force", detail)
    })?;
    Answer::json(200, &ArtifactView::of(&registry, found, at))
}

/// What is different between two versions.
pub(super) async fn diff(app: &App, call: &Call) -> Result<Answer, Problem> {
    let artifact = named(call)?;
    let (from, to): (Version, Version) = (required(call, "from")?, required(call, "to")?);
    let registry = app.trail.registry().await?;
    let find = |version| {
        registry
            .expect(&artifact.at(version))
            .map(|it| &it.artifact)
    };
    Answer::json(200, &difference(find(from)?, find(to)?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InRole {
    #[serde(default)]
    role: Option<Name>,
    #[serde(default)]
    pub(super) note: Option<String>,
}

impl InRole {
    /// What the body says; it may be left out.
    pub(super) fn of(call: &Call) -> Result<Self, Problem> {
        if call.body.bytes.is_empty() {
            return Ok(Self::default());
        }
        Ok(decode(&call.document()?)?)
    }

    /// The role in which it is done: that of the token. Where there are no tokens it is stated.
    pub(super) fn role(&self, call: &Call) -> Result<Name, Problem> {
        let own = call.caller.role.map(AccessRole::as_str);
        match (own, &self.role) {
            (Some(own), Some(stated)) if stated.as_str() != own => Err(Problem::new(
                422,
                "other_role",
                format!("the token has the role {own}, and not {stated}"),
            )
            .member("role")
            .hint("leave it out")),
            (_, Some(stated)) => Ok(stated.clone()),
            (Some(own), None) => {
                Name::new(own).map_err(|error| Problem::internal(error.to_string()))
            }
            (None, None) => Err(Problem::new(
                422,
                "missing_member",
                "without tokens the role has to be said",
            )
            .member("role")),
        }
    }
}

/// Approves a version. Who does so, and in what role, is for the token to say.
pub(super) async fn approve(app: &App, call: &Call) -> Result<Answer, Problem> {
    let version = reference(call)?;
    let said = InRole::of(call)?;
    let role = said.role(call)?;
    let trail = app.acting(call);
    let receipt = trail
        .approve_artifact(&version, role, said.note, None)
        .await?;
    recorded(app, &receipt).await
}

/// Retires a version.
pub(super) async fn retire(app: &App, call: &Call) -> Result<Answer, Problem> {
    let version = reference(call)?;
    let Why { reason } = decode(&call.document()?)?;
    let trail = app.acting(call);
    let receipt = trail.retire_artifact(&version, reason, None).await?;
    recorded(app, &receipt).await
}

fn named(call: &Call) -> Result<ArtifactName, Problem> {
    Ok(ArtifactName {
        kind: call.param("kind")?,
        name: call.param("name")?,
    })
}

fn reference(call: &Call) -> Result<ArtifactRef, Problem> {
    Ok(named(call)?.at(call.param("version")?))
}

fn moment(call: &Call) -> Result<Timestamp, Problem> {
    Ok(call.query("at")?.unwrap_or(call.now))
}

/// A parameter that has to be there.
pub(super) fn required<T>(call: &Call, name: &str) -> Result<T, Problem>
where
    T: std::str::FromStr<Err = InvalidValue>,
{
    call.query(name)?.ok_or_else(|| {
        Problem::new(400, "missing_parameter", format!("{name} is not said")).member(name)
    })
}

fn view(
    registry: &Registry,
    found: Option<&Registered>,
    what: &str,
    at: Timestamp,
) -> Result<Answer, Problem> {
    let found = found.ok_or_else(|| {
        Problem::new(404, "not_found", format!("{what} is not registered"))
            .hint("see GET /v1/artifacts")
    })?;
    Answer::json(200, &ArtifactView::of(registry, found, at))
}

/// `value` with the member `id`.
pub(super) fn with_id(mut value: Value, id: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.insert("id".to_owned(), id);
    }
    value
}

/// The page of a list that `limit` and `after` ask for.
fn page<'r, T: 'r>(
    call: &Call,
    all: impl Iterator<Item = &'r T>,
    key: impl Fn(&T) -> String,
    shown: impl Fn(&T) -> Value,
) -> Result<Answer, Problem> {
    let limit = call.limit()?;
    let mut left: Vec<&T> = all.collect();
    if let Some(after) = call.query_text("after") {
        let Some(at) = left.iter().position(|it| key(it) == after) else {
            let error = InvalidValue::new("after", after, "the last of the page before");
            return Err(Problem::parameter("after", &error));
        };
        left.drain(..=at);
    }
    let more = left.len() > limit;
    left.truncate(limit);
    let next = left.last().filter(|_| more).map(|it| key(it));
    let items: Vec<Value> = left.into_iter().map(shown).collect();
    let answer = Answer::json(200, &json!({"items": items, "next": next}))?;
    Ok(match next {
        Some(next) => answer.with("link", &next_link(call, &next)),
        None => answer,
    })
}
