//! Assemblies asked for from outside: the same engine, fed by a request instead of a builder.

use std::panic::Location;
use std::sync::Arc;

use super::assembling::{self, Stopped, counter, render};
use super::call::millis;
use super::closing::{Ending, finished};
use super::guardrail::action_of;
use super::request_item;
use super::request_section::{add_feature, add_retrieval, set_template};
use super::state::{Shared, State};
use crate::assembly::{AssemblyError, Budget, CountCache, note_ages, render_template};
use crate::capture::{AssembledContext, Capture, CaptureError, Scope, Sink};
use crate::record::{
    Actor, Clock, Context, ContextId, ContextStatus, Door, InvalidValue, Name, REQUEST_SCHEMA,
    Request, RequestBudget, Section, Service, Stage, Timestamp, Trace,
};

/// What whoever takes a request in adds to it.
#[derive(Clone, Debug, Default)]
pub struct RequestOptions {
    /// The environment of requests that name none; `development` when left out.
    pub environment: Option<Name>,
    /// The service of requests that name none.
    pub service: Option<Service>,
    /// Who asks; the trail's own actor when left out.
    pub actor: Option<Actor>,
}

/// Assembles what `request` asks for and records it.
///
/// # Errors
///
/// A request that makes no sense leaves no record: [`CaptureError::Invalid`] and
/// [`CaptureError::Reference`] with the path of the member, [`CaptureError::Tokenizer`],
/// [`CaptureError::Template`], [`CaptureError::Assembly`]. One that a rule refuses leaves a record
/// with status `refused`, and [`CaptureError::NoValue`], an item of a feature whose fetch gave none,
/// leaves one with status `failed`: its id is in the error.
pub async fn run_request(
    sink: &Arc<dyn Sink>,
    request: Request,
    door: Door,
    options: RequestOptions,
) -> Result<AssembledContext, CaptureError> {
    let now = sink.clock().now();
    let state = gather(request, door, options, now, sink.counts())?;
    let id = ContextId::from_uuid(sink.ids().new_id(now));
    let shared = Shared::new(id, Arc::clone(sink), Location::caller(), Box::new(state));
    Capture::new(Scope {
        shared: Arc::new(shared),
    })
    .assemble()
    .await
}

/// Assembles what `request` asks for and records nothing.
///
/// The context has no `sealed_at`, and no digests over personal text.
///
/// # Errors
///
/// As [`run_request`]; a refusal carries no id.
pub async fn dry_run(
    request: Request,
    options: RequestOptions,
    clock: &dyn Clock,
    counts: &Arc<CountCache>,
) -> Result<(Context, Arc<str>), CaptureError> {
    let now = clock.now();
    let mut state = gather(request, Door::Native, options, now, counts)?;
    let (assembled, _) = assembling::run(&mut state, counts)
        .await
        .map_err(|Stopped { error, .. }| error)?;
    let ending = Ending {
        status: ContextStatus::Sealed,
        error: None,
        assembly: Some(assembled.record),
        text: None,
    };
    let (mut context, _) = finished(state, ending, now);
    context.sealed_at = None;
    Ok((context, assembled.text))
}

fn gather(
    mut request: Request,
    door: Door,
    options: RequestOptions,
    now: Timestamp,
    counts: &Arc<CountCache>,
) -> Result<State, CaptureError> {
    check_schema(&request)?;
    check_trace(&request)?;
    let mut state = State::new(request.name.clone(), now);
    state.context.capture.door = door;
    state.actor = options.actor;
    state.strict = request.freshness.is_some_and(|freshness| freshness.strict);
    describe(&mut state, &request, options.environment, options.service);
    if let Some(separator) = request.separator.take() {
        state.layout.separator = separator;
    }
    state.layout.order = request.order;
    let budget = budget(&request.budget, request.allow_overflow)?;
    take_sections(&mut state, &mut request, now)?;
    for (index, item) in request.items.into_iter().enumerate() {
        match request_item::candidate(&state, index, item) {
            Ok((candidate, source)) => {
                state.push_item(candidate, source);
            }
            // The request says what happened, and that is a fact to be recorded.
            Err(error @ CaptureError::NoValue { .. }) => state.problems.push(error),
            Err(error) => return Err(error),
        }
    }
    // What cannot work is refused before it becomes a record.
    check_template(&state)?;
    render(&mut state)?;
    counter(&state, &budget, counts)?;
    state.budget = Some(budget);
    Ok(state)
}

fn take_sections(
    state: &mut State,
    request: &mut Request,
    now: Timestamp,
) -> Result<(), CaptureError> {
    if let Some(template) = request.template.take() {
        set_template(state, template);
    }
    for feature in request.features.take().unwrap_or_default() {
        add_feature(state, feature, now);
    }
    for retrieval in request.retrievals.take().unwrap_or_default() {
        add_retrieval(state, retrieval, now);
    }
    let context = &mut state.context;
    context.tools = request.tools.take().unwrap_or_default();
    context.guardrails = request.guardrails.take().unwrap_or_default();
    for result in &mut context.guardrails {
        result.action = result.action.or(Some(action_of(result.verdict)));
    }
    let limit_ms = context.freshness.limit_ms;
    note_ages(&mut context.features, &mut context.retrievals, limit_ms);
    check_stages(context)
}

/// A variable is missing whether an item shows the template or not.
fn check_template(state: &State) -> Result<(), CaptureError> {
    let (Some(text), Some(template)) = (&state.template, &state.context.template) else {
        return Ok(());
    };
    match render_template(text, &template.variables) {
        Ok(_) => Ok(()),
        Err(source) => Err(CaptureError::Template {
            name: template.name.to_string(),
            source,
        }),
    }
}

fn check_schema(request: &Request) -> Result<(), CaptureError> {
    if request.schema == REQUEST_SCHEMA {
        return Ok(());
    }
    Err(CaptureError::Invalid {
        path: "schema".to_owned(),
        source: InvalidValue::new("schema", &request.schema, REQUEST_SCHEMA),
    })
}

fn check_trace(request: &Request) -> Result<(), CaptureError> {
    let Some(Err(source)) = request.trace.as_ref().map(Trace::check) else {
        return Ok(());
    };
    Err(CaptureError::Invalid {
        path: format!("trace.{}", source.what()),
        source,
    })
}

fn check_stages(context: &Context) -> Result<(), CaptureError> {
    let output = context
        .guardrails
        .iter()
        .position(|result| result.stage == Stage::Output);
    match output {
        None => Ok(()),
        Some(index) => Err(CaptureError::Invalid {
            path: format!("guardrails[{index}].stage"),
            source: InvalidValue::new("stage", "output", OUTPUT_ELSEWHERE),
        }),
    }
}

/// Takes over what stands in the record as it stands in the request.
fn describe(
    state: &mut State,
    request: &Request,
    environment: Option<Name>,
    service: Option<Service>,
) {
    declare_given(state, request);
    for entity in &request.entities {
        state.add_entity(entity);
    }
    let context = &mut state.context;
    context.use_case.clone_from(&request.use_case);
    context.retention.clone_from(&request.retention);
    if let Some(environment) = request.environment.clone().or(environment) {
        context.environment = environment;
    }
    context.service = request.service.clone().or(service);
    context.trace.clone_from(&request.trace);
    context.parents.clone_from(&request.parents);
    context.agent.clone_from(&request.agent);
    context.inputs = request.inputs.clone().unwrap_or_default();
    context.model.clone_from(&request.model);
    let limit = request.freshness.and_then(|freshness| freshness.limit);
    context.freshness.limit_ms = limit.map(|limit| millis(limit.to_std()));
}

/// A section that is there, even empty, is complete; one that is left out was not captured.
fn declare_given(state: &mut State, request: &Request) {
    let given = [
        (Section::Inputs, request.inputs.is_some()),
        (Section::Template, request.template.is_some()),
        (Section::Model, request.model.is_some()),
        (Section::Features, request.features.is_some()),
        (Section::Retrievals, request.retrievals.is_some()),
        (Section::Tools, request.tools.is_some()),
        (Section::Guardrails, request.guardrails.is_some()),
        (Section::Assembly, true),
    ];
    for (section, given) in given {
        state.watches.of(section).declared = given;
    }
}

fn budget(request: &RequestBudget, allow_overflow: bool) -> Result<Budget, CaptureError> {
    let mut budget = Budget::tokens(request.limit).reserve_output(request.reserve_output);
    if let Some(per_message) = request.per_message {
        budget = budget.per_message(per_message);
    }
    if let Some(tokenizer) = &request.tokenizer {
        budget = budget.tokenizer(tokenizer.as_str());
    }
    if allow_overflow {
        budget = budget.allow_overflow();
    }
    match budget.available() {
        Some(_) => Ok(budget),
        None => Err(CaptureError::Assembly(AssemblyError::ReserveExceedsLimit {
            limit: budget.limit(),
            reserve: budget.reserve(),
        })),
    }
}

const OUTPUT_ELSEWHERE: &str = "input or context: those of the output belong to the generation";
