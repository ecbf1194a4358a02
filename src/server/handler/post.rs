//! What is recorded: contexts, decisions, generations, reviews, outcomes.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::capture::{RequestOptions, Sink, run_request};
use crate::codec::{
    Member, Node, PartialHead, Tree, Unknown, decode, decode_body_draft, decode_record,
};
use crate::govern::{read_artifact, read_deployment, read_kpi};
use crate::record::{
    Actor, ActorMethod, Artifact, Body, ContextStatus, DecisionId, Deployment, Door, Draft, Kind,
    Receipt, RecordId, Request, Review, ReviewVerdict, Tenant,
};
use crate::server::answer::Answer;
use crate::server::app::App;
use crate::server::call::Call;
use crate::server::mask::{MASKED, whole};
use crate::server::problem::Problem;
use crate::server::repeat::Repeat;
use crate::trail::{GovernError, Trail, TrailError};

/// Something that is ready to be recorded.
enum Ready {
    Context(Box<crate::codec::ExportedRecord>),
    Draft(Box<Draft>),
    /// A review whose new decision is recorded with it.
    Override(Box<Review>),
    /// A version, which may be registered already.
    Artifact(Option<RecordId>, Box<Artifact>),
    Deployment(Option<RecordId>, Box<Deployment>),
}

/// Records one document, or a list of them.
pub(super) async fn records(app: &App, call: &Call, kind: Kind) -> Result<Answer, Problem> {
    let document = call.document()?;
    let several = matches!(document.tree, Tree::Sequence(_));
    let receipts = match app.repeats.of(&app.trail, call)? {
        Some(repeat) => {
            let act = record_all(app, call, kind, document, Some(&repeat));
            repeat.once(act).await?
        }
        None => record_all(app, call, kind, document, None).await?,
    };
    if several {
        return Answer::json(201, &receipts);
    }
    let receipt = receipts.first();
    let receipt = receipt.ok_or_else(|| Problem::internal("nothing was recorded"))?;
    created(app, call, receipt).await
}

/// Assembles a context from a request, and records it.
pub(super) async fn assemble(app: &App, call: &Call) -> Result<Answer, Problem> {
    let mut request: Request = decode(&call.document()?)?;
    request.trace = request.trace.or_else(|| call.trace.clone());
    let repeat = app.repeats.of(&app.trail, call)?;
    // What was assembled just now need not be rendered from the store again.
    let mut assembled_text = None;
    let act = async {
        let mut trail = app.acting(call);
        if let Some(repeat) = &repeat {
            if let Some(receipt) = repeat.earlier(&trail, (0, 0), Kind::Context).await? {
                return Ok(vec![receipt]);
            }
            trail = repeat.taking_ids(&trail, 0);
        }
        let sink: Arc<dyn Sink> = Arc::new(trail);
        let options = RequestOptions {
            environment: app.environment.clone(),
            service: None,
            actor: Some(call.caller.actor.clone()),
        };
        let assembled = run_request(&sink, request, Door::Http, options).await?;
        app.recorded(1);
        assembled_text = Some(assembled.text().to_owned());
        Ok(vec![assembled.receipt().clone()])
    };
    let receipts = match &repeat {
        Some(repeat) => repeat.once(act).await?,
        None => act.await?,
    };
    let receipt = receipts.first();
    let receipt = receipt.ok_or_else(|| Problem::internal("nothing was recorded"))?;
    let stored = app.trail.read_kind(receipt.id, Kind::Context).await?;
    // why: one that was refused has a record too, which is what the same request again finds.
    if stored
        .context()
        .is_some_and(|it| it.status != ContextStatus::Sealed)
    {
        let detail = "the same request was refused before, and its record says why";
        return Err(Problem::new(422, "refused_before", detail).record(receipt.id));
    }
    let mut value = whole(&app.trail, &stored).await?;
    let text = match assembled_text {
        Some(text) if stored.is_text(&text) => Some(text),
        _ => app.trail.text(&stored).await?,
    };
    if let (Some(members), Some(text)) = (value.as_object_mut(), text) {
        members.insert("text".to_owned(), text.into());
    }
    with_receipt(Answer::json(201, &value)?, receipt)
}

async fn record_all(
    app: &App,
    call: &Call,
    kind: Kind,
    document: Node,
    repeat: Option<&Repeat>,
) -> Result<Vec<Receipt>, Problem> {
    let documents = document.into_records();
    if documents.is_empty() || documents.len() > MOST {
        let detail = format!("a list has 1 to {MOST} records");
        return Err(Problem::new(413, "too_many", detail));
    }
    let trail = app.acting(call);
    // All of them are read before the first is recorded.
    let mut ready = Vec::with_capacity(documents.len());
    for (at, document) in documents.into_iter().enumerate() {
        let trail = match repeat {
            Some(repeat) => repeat.taking_ids(&trail, at),
            None => trail.clone(),
        };
        let read = read(&trail, call, kind, document).await?;
        ready.push((trail, read));
    }
    let mut receipts = Vec::with_capacity(ready.len());
    for (at, (trail, mut ready)) in ready.into_iter().enumerate() {
        if let Some(repeat) = repeat
            && let Some(receipt) = earlier(repeat, &trail, (at, kind), &mut ready)
                .await
                .map_err(|problem| problem.after(&receipts))?
        {
            receipts.push(receipt);
            continue;
        }
        let recorded = match ready {
            Ready::Context(exported) => trail.take_in(*exported).await,
            Ready::Draft(draft) => trail.record(*draft).await,
            Ready::Override(review) => override_by(&trail, call, *review).await,
            Ready::Artifact(id, artifact) => register(&trail, id, *artifact).await,
            Ready::Deployment(id, deployment) => trail.deploy_as(id, *deployment, None).await,
        };
        match recorded {
            Ok(receipt) => receipts.push(receipt),
            Err(error) => return Err(unrecorded(error).after(&receipts)),
        }
    }
    app.recorded(receipts.len());
    Ok(receipts)
}

/// What a document was recorded as when it came before. Of an override that was stopped between its two
/// records the review alone is left to record.
async fn earlier(
    repeat: &Repeat,
    trail: &Trail,
    (at, kind): (usize, Kind),
    ready: &mut Ready,
) -> Result<Option<Receipt>, Problem> {
    let Ready::Override(review) = ready else {
        return repeat.earlier(trail, (at, 0), kind).await;
    };
    let recorded = repeat.earlier(trail, (at, 1), kind).await?;
    if recorded.is_none()
        && let Some(decision) = repeat.earlier(trail, (at, 0), Kind::Decision).await?
    {
        review.new_decision = Some(decision.id.into());
        // The first id is the decision's.
        let [_, id] = [trail.new_id(), trail.new_id()];
        *ready = Ready::Draft(Box::new(Draft::new(id, (**review).clone())));
    }
    Ok(recorded)
}

async fn read(trail: &Trail, call: &Call, kind: Kind, document: Node) -> Result<Ready, Problem> {
    if kind == Kind::Context {
        let document = headed(trail, call, document)?;
        let mut exported = decode_record(&document, Unknown::Refuse)?;
        let found = exported.record.kind();
        if found != kind {
            let detail = format!("expected {:?}, found {:?}", kind.schema(), found.schema());
            return Err(Problem::new(422, "wrong_schema", detail).member("schema"));
        }
        let head = &mut exported.record.head;
        check_head(trail, call, Some(&head.tenant), Some(&head.actor))?;
        // Who records it, how that is known, and when it came, is not for the document to say.
        head.actor = call.caller.actor.clone();
        head.recorded_at = call.now;
        return Ok(Ready::Context(Box::new(exported)));
    }
    if matches!(kind, Kind::Artifact | Kind::Deployment | Kind::Kpi) {
        return read_governing(trail, call, kind, &document);
    }
    let defaults = defaults(trail, call, kind, &document).await?;
    let (head, body) = decode_body_draft(&document, kind, &defaults)?;
    let PartialHead {
        id,
        tenant,
        recorded_at: _,
        actor,
    } = head;
    check_head(trail, call, tenant.as_ref(), actor.as_ref())?;
    if let Body::Review(review) = &body {
        check_review(review, id)?;
        if review.verdict == ReviewVerdict::Override && review.new_decision.is_none() {
            return Ok(Ready::Override(review.clone()));
        }
    }
    let id = id.unwrap_or_else(|| trail.new_id());
    Ok(Ready::Draft(Box::new(Draft::new(id, body))))
}

/// A version of an artifact, a deployment or a measured value.
fn read_governing(
    trail: &Trail,
    call: &Call,
    kind: Kind,
    document: &Node,
) -> Result<Ready, Problem> {
    let (head, ready) = match kind {
        Kind::Artifact => {
            let own = &call.caller.actor;
            let file = read_artifact(document, None, own)?;
            let mut artifact = file.artifact;
            // Of whoever shows the token their own name is known; another is what they state.
            let is_own = (&artifact.author.id, artifact.author.kind) == (&own.id, own.kind);
            artifact.author.method = if is_own {
                own.method
            } else {
                ActorMethod::Asserted
            };
            let id = file.head.id;
            (file.head, Ready::Artifact(id, Box::new(artifact)))
        }
        Kind::Deployment => {
            let (head, deployment) = read_deployment(document, call.now)?;
            let id = head.id;
            (head, Ready::Deployment(id, Box::new(deployment)))
        }
        _ => {
            let (head, kpi) = read_kpi(document, call.now)?;
            let id = head.id.unwrap_or_else(|| trail.new_id());
            (head, Ready::Draft(Box::new(Draft::new(id, kpi))))
        }
    };
    check_head(trail, call, head.tenant.as_ref(), head.actor.as_ref())?;
    Ok(ready)
}

/// Registers a version. Of one that is there already, the receipt of its record is given.
async fn register(
    trail: &Trail,
    id: Option<RecordId>,
    artifact: Artifact,
) -> Result<Receipt, TrailError> {
    let version = artifact.id();
    if let Some(receipt) = trail.register_as(id, artifact, None).await? {
        return Ok(receipt);
    }
    let registry = trail.registry().await?;
    let known = registry.expect(&version)?.record;
    Ok(trail.read_kind(known, Kind::Artifact).await?.receipt())
}

/// Why something was not recorded. What a body names and is not there is a fault of the body.
fn unrecorded(error: TrailError) -> Problem {
    match &error {
        TrailError::Govern(govern) if matches!(**govern, GovernError::Unknown(_)) => {
            Problem::new(422, "unknown_record", error.to_string())
        }
        _ => error.into(),
    }
}

/// The document with those members that every record has and this one leaves out.
fn headed(trail: &Trail, call: &Call, mut document: Node) -> Result<Node, Problem> {
    let actor = serde_json::to_value(&call.caller.actor);
    let actor = actor.map_err(|error| Problem::internal(error.to_string()))?;
    let head = [
        ("schema", json!(Kind::Context.schema())),
        ("id", json!(trail.new_id())),
        ("tenant", json!(trail.tenant())),
        ("recorded_at", json!(call.now)),
        ("actor", actor),
    ];
    let at = document.at;
    if let Tree::Mapping(members) = &mut document.tree {
        for (name, value) in head {
            if members.iter().all(|it| it.name != name) {
                let value = crate::codec::read_json(value.to_string().as_bytes())?;
                members.push(Member {
                    name: name.to_owned(),
                    at,
                    value,
                });
            }
        }
    }
    Ok(document)
}

/// What a document may leave out.
async fn defaults(
    trail: &Trail,
    call: &Call,
    kind: Kind,
    document: &Node,
) -> Result<Vec<(&'static str, Value)>, Problem> {
    let mut defaults = match kind {
        Kind::Decision | Kind::Review => vec![("decided_at", json!(call.now))],
        Kind::Outcome => vec![("at", json!(call.now))],
        _ => Vec::new(),
    };
    if kind == Kind::Decision
        && let Some(trace) = &call.trace
    {
        defaults.push(("trace", json!(trace)));
    }
    let reviewed = document.member("decision").and_then(Node::as_str);
    let reviewed = reviewed.and_then(|id| id.parse::<RecordId>().ok());
    if let (Kind::Review, Some(id)) = (kind, reviewed)
        && let Some(stored) = trail.read(id).await?
        && let Some(decision) = stored.decision()
    {
        defaults.push(("original_outcome", json!(decision.outcome)));
    }
    Ok(defaults)
}

/// Who records, and where, is for the credential to say.
fn check_head(
    trail: &Trail,
    call: &Call,
    tenant: Option<&Tenant>,
    actor: Option<&Actor>,
) -> Result<(), Problem> {
    if let Some(tenant) = tenant.filter(|it| *it != trail.tenant()) {
        let detail = format!("the token is for another tenant than {tenant}");
        return Err(Problem::new(422, "other_tenant", detail)
            .member("tenant")
            .hint("leave it out"));
    }
    let own = &call.caller.actor;
    match actor {
        Some(actor) if (&actor.id, actor.kind) != (&own.id, own.kind) => Err(Problem::new(
            422,
            "other_actor",
            "the actor is not the holder of the token",
        )
        .member("actor")
        .hint("leave it out")),
        _ => Ok(()),
    }
}

fn check_review(review: &Review, id: Option<RecordId>) -> Result<(), Problem> {
    let wrong = |detail| Problem::new(422, "incomplete", detail).member("new_outcome");
    let is_override = review.verdict == ReviewVerdict::Override;
    if is_override != review.new_outcome.is_some() {
        return Err(wrong(
            "an override needs the new outcome, and no other verdict has one",
        ));
    }
    if !is_override && review.new_decision.is_some() {
        return Err(wrong("only an override has a new decision").member("new_decision"));
    }
    if is_override && review.new_decision.is_none() && id.is_some() {
        return Err(wrong("an override with an id of its own names its new decision").member("id").hint(
            "leave out `id`, and the new decision is recorded with it; send an Idempotency-Key to be able to repeat it",
        ));
    }
    Ok(())
}

/// Records the decision that takes the place of the one reviewed, and the review.
async fn override_by(trail: &Trail, call: &Call, review: Review) -> Result<Receipt, TrailError> {
    let mut builder = trail
        .review(DecisionId::from(RecordId::from(review.decision)))
        .by_actor(call.caller.actor.clone());
    if let Some(role) = review.role {
        builder = builder.role(role);
    }
    if let Some(code) = review.reason_code {
        builder = builder.reason_code(code.as_str());
    }
    if let Some(policy) = review.policy {
        builder = builder.policy(policy);
    }
    let reviewed = builder
        .verdict(review.verdict, review.note, review.new_outcome)
        .await?;
    Ok(reviewed.receipt)
}

/// The record as it is stored. What the trail added out of other records is for whoever reads them.
async fn created(app: &App, call: &Call, receipt: &Receipt) -> Result<Answer, Problem> {
    let stored = app.trail.read_kind(receipt.id, receipt.kind).await?;
    let mut value = whole(&app.trail, &stored).await?;
    if call.caller.role.is_some() {
        let said: Value = decode(&call.document()?)?;
        // why: a decision is about whom its contexts are about, and others may have recorded those.
        if let Some(Value::Array(entities)) = value.get_mut("entities") {
            let known = said.get("entities").and_then(Value::as_array);
            for entity in entities {
                if !known.is_some_and(|known| known.contains(entity)) {
                    *entity = MASKED.into();
                }
            }
        }
        if let Some(outcome) = value.get_mut("original_outcome")
            && said.get("original_outcome").is_none()
        {
            *outcome = MASKED.into();
        }
    }
    with_receipt(Answer::json(201, &value)?, receipt)
}

fn with_receipt(answer: Answer, receipt: &Receipt) -> Result<Answer, Problem> {
    let receipt =
        serde_json::to_string(receipt).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(answer.with("contextrail-receipt", &receipt))
}

/// Records in one request.
const MOST: usize = 1_000;
