//! The server: every request goes through here, from its head to the last byte of its answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answer::Answer;
use super::body::{Held, Room, packed, take};
use super::call::{Call, parse_query};
use super::denial::Denials;
use super::gate::{Caller, Gate};
use super::handler::handle;
use super::metrics::Metrics;
use super::permission::Permission;
use super::problem::Problem;
use super::repeat::Repeats;
use super::route::{Found, Op, Route, find};
use super::span::Span;
use crate::capture::Sink as _;
use crate::record::{AccessEvent, AccessKind, EntityRef, Name, RecordId, Timestamp};
use crate::trail::{Trail, TrailError};

/// What all requests share.
pub(super) struct App {
    pub(super) trail: Trail,
    pub(super) gate: Gate,
    pub(super) repeats: Repeats,
    pub(super) metrics: Metrics,
    pub(super) environment: Option<Name>,
    denials: Denials,
    room: Room,
    /// How many requests are answered at once.
    slots: Semaphore,
}

/// Where a request came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Door {
    Whole,
    /// The metrics have a door of their own.
    WithoutMetrics,
    /// That one.
    Metrics,
}

impl Door {
    const fn gives(self, op: Op) -> bool {
        match self {
            Self::Whole => true,
            Self::WithoutMetrics => !matches!(op, Op::Metrics),
            Self::Metrics => matches!(op, Op::Metrics | Op::Alive | Op::Ready),
        }
    }
}

/// A request whose route is known.
struct Routed {
    route: &'static Route,
    params: Vec<(&'static str, String)>,
}

impl App {
    pub(super) async fn new(trail: Trail, environment: Option<Name>) -> Result<Self, TrailError> {
        Ok(Self {
            gate: Gate::open(&trail).await?,
            trail,
            repeats: Repeats::new(),
            metrics: Metrics::default(),
            environment,
            denials: Denials::default(),
            room: Room::new(),
            slots: Semaphore::new(AT_ONCE),
        })
    }

    /// Answers a request, whatever it is.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        door: Door,
    ) -> Response<Full<Bytes>> {
        let begun = Instant::now();
        self.metrics.in_flight.fetch_add(1, Ordering::Relaxed);
        let id = self.trail.new_id();
        let span = Span::of(request.headers());
        let accepted = request.headers().clone();
        let routed = routed(&request, door);
        let name = routed
            .as_ref()
            .map_or_else(|_| "none".to_owned(), |it| it.route.name());
        // A caller who goes away ends the waiting, and not what was begun.
        let app = Arc::clone(&self);
        let work = tokio::spawn(async move {
            let routed = routed?;
            timeout(WHOLE_REQUEST, app.work(request, routed))
                .await
                .unwrap_or_else(|_| {
                    Err(Problem::new(
                        503,
                        "too_slow",
                        "it took too long: whether it was done is not known",
                    )
                    .hint("send it again with the same id or Idempotency-Key")
                    .retry_after(5))
                })
        });
        let worked = work
            .await
            .unwrap_or_else(|error| Err(Problem::internal(error.to_string())));
        let answer = worked.unwrap_or_else(|problem| refused(&problem, id));
        let took = begun.elapsed();
        self.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.metrics.count(&name, answer.status, took);
        tracing::info!(
            request.id = %id,
            trace.id = span.as_ref().map(Span::trace_id),
            http.route = name,
            http.status = answer.status,
            answer_bytes = answer.body.len(),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        response(answer, &accepted, id, span.as_ref())
    }

    async fn work(&self, request: Request<Incoming>, routed: Routed) -> Result<Answer, Problem> {
        let route = routed.route;
        let now = self.trail.clock().now();
        if route.needs == Permission::Nothing {
            let call = self.call(request, routed, self.nobody(), now).await?;
            return handle(self, &call).await;
        }
        let _slot = self.slots.try_acquire().map_err(|_| {
            Problem::new(503, "busy", "too many requests are being answered").retry_after(1)
        })?;
        let mut admitted = self.admit(request.headers(), route, now);
        if let Err((problem, _)) = &admitted
            && problem.status == 401
            && request.headers().contains_key(header::AUTHORIZATION)
            && self.gate.refresh_for_stranger(&self.trail, now).await
        {
            admitted = self.admit(request.headers(), route, now);
        }
        let caller = match admitted {
            Ok(caller) => caller,
            Err((problem, caller)) => {
                self.note_denied(route, &problem, caller.as_ref(), now)
                    .await;
                return Err(problem);
            }
        };
        let answered = match self.call(request, routed, caller.clone(), now).await {
            Ok(call) => handle(self, &call).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = &answered
            && matches!(problem.status, 401 | 403)
        {
            self.note_denied(route, problem, Some(&caller), now).await;
        }
        answered
    }

    /// Who asks, if they may.
    fn admit(
        &self,
        headers: &HeaderMap,
        route: &Route,
        now: Timestamp,
    ) -> Result<Caller, (Problem, Option<Caller>)> {
        if self.gate.is_open() && !is_local(headers) {
            let detail = "without tokens only this machine is answered, by its own name";
            return Err((Problem::new(421, "misdirected", detail), None));
        }
        let caller = self
            .gate
            .caller(headers, now)
            .map_err(|problem| (problem, None))?;
        if caller.may(route.needs) {
            return Ok(caller);
        }
        let roles: Vec<&str> = route.needs.roles().iter().map(|it| it.as_str()).collect();
        let role = caller.role.map_or("", |it| it.as_str());
        let problem = Problem::new(403, "forbidden", format!("the role {role} may not do that"))
            .hint(format!("roles that may: {}", roles.join(", ")));
        Err((problem, Some(caller)))
    }

    async fn call(
        &self,
        request: Request<Incoming>,
        Routed { route, params }: Routed,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Call, Problem> {
        let (head, body) = request.into_parts();
        let query = parse_query(route, head.uri.query())?;
        let body = if route.takes_body() {
            let taken = timeout(WHOLE_BODY, take(&head.headers, body, &self.room)).await;
            taken.map_err(|_| Problem::new(408, "slow_body", "the body did not come in time"))??
        } else {
            Held::default()
        };
        Ok(Call {
            route,
            params,
            query,
            approver: self.gate.approver(&head.headers, now)?,
            trace: Span::of(&head.headers).map(|it| it.trace()),
            headers: head.headers,
            body,
            caller,
            now,
        })
    }

    fn nobody(&self) -> Caller {
        Caller {
            actor: self.trail.actor().clone(),
            role: None,
            token: None,
        }
    }

    /// The trail, as whoever asks writes to it.
    pub(super) fn acting(&self, call: &Call) -> Trail {
        self.trail.acting_as(call.caller.actor.clone())
    }

    pub(super) fn recorded(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(0);
        self.metrics.recorded.fetch_add(count, Ordering::Relaxed);
    }

    /// Whether whoever asks may search by these entities.
    pub(super) fn may_search(&self, call: &Call, entities: &[EntityRef]) -> Result<(), Problem> {
        if entities.is_empty() || call.caller.may(Permission::Search) {
            return Ok(());
        }
        Err(Problem::new(
            403,
            "forbidden",
            "the role may not search by an entity",
        ))
    }

    /// Records that somebody looks, when personal values are given or an entity is asked for. What they
    /// look at is given when this has returned, and not before. The purpose comes back.
    pub(super) async fn note(
        &self,
        call: &Call,
        what: AccessKind,
        refs: &[RecordId],
        entities: &[EntityRef],
    ) -> Result<Option<String>, Problem> {
        let is_grant = what == AccessKind::Grant;
        if call.sees_personal() && !is_grant {
            return self.note_personal(call, what, refs, entities).await;
        }
        if what == AccessKind::Read {
            return Ok(None);
        }
        let refs = if what == AccessKind::Search {
            &[]
        } else {
            refs
        };
        self.write_note(call, what, refs, (entities, None)).await?;
        Ok(None)
    }

    /// Records that personal values are given, whatever the role reads otherwise.
    pub(super) async fn note_personal(
        &self,
        call: &Call,
        what: AccessKind,
        refs: &[RecordId],
        entities: &[EntityRef],
    ) -> Result<Option<String>, Problem> {
        let purpose = call.purpose()?;
        self.write_note(call, what, refs, (entities, purpose.clone()))
            .await?;
        Ok(purpose)
    }

    async fn write_note(
        &self,
        call: &Call,
        what: AccessKind,
        refs: &[RecordId],
        (entities, purpose): (&[EntityRef], Option<String>),
    ) -> Result<(), Problem> {
        let digests = entities.iter().map(|it| self.trail.access_digest(it));
        let entities = digests.collect::<Result<_, _>>()?;
        // An entry of the log is small; what many records were given by is several looks.
        let mut parts: Vec<&[RecordId]> = refs.chunks(REFS).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let trail = self.acting(call);
        let event = AccessEvent {
            what,
            route: call.route.name(),
            token: call.caller.token,
            refs: Vec::new(),
            entities,
            purpose,
            refused: None,
            count: 1,
        };
        for part in parts {
            let refs = part.to_vec();
            trail
                .note_access(AccessEvent {
                    refs,
                    ..event.clone()
                })
                .await?;
        }
        Ok(())
    }

    async fn note_denied(
        &self,
        route: &Route,
        problem: &Problem,
        caller: Option<&Caller>,
        now: Timestamp,
    ) {
        let attempt = (route.name(), problem.code);
        let noted = self.denials.note(&self.trail, attempt, caller, now).await;
        if let Err(error) = noted {
            tracing::error!(error = %error, "an attempt that was refused is not on record");
        }
    }

    /// Records the attempts that wait to be.
    pub(super) async fn flush(&self) {
        let flushed = self
            .denials
            .flush(&self.trail, self.trail.clock().now())
            .await;
        if let Err(error) = flushed {
            tracing::error!(error = %error, "attempts that were refused are not on record");
        }
    }
}

fn routed(request: &Request<Incoming>, door: Door) -> Result<Routed, Problem> {
    match find(request.method().as_str(), request.uri().path()) {
        Found::Route(route, params) if door.gives(route.op) => Ok(Routed { route, params }),
        Found::Route(..) => Err(Problem::new(
            404,
            "no_route",
            "there is nothing at this path of this address",
        )
        .hint("metrics have an address of their own")),
        Found::OtherMethod(allowed) => Err(Problem::method(&allowed)),
        Found::Nothing => Err(
            Problem::new(404, "no_route", "there is nothing at this path")
                .hint("see /openapi.json"),
        ),
    }
}

/// Whether a request names this machine as one names one's own: a page of somebody else that leads a
/// browser here names another one.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let host = host.unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback())
}

fn refused(problem: &Problem, id: RecordId) -> Answer {
    if let Some(inner) = problem.inner() {
        tracing::error!(request.id = %id, problem.code = problem.code, inner, "a request failed");
    }
    let body = problem.to_value(&id.to_string()).to_string().into_bytes();
    let mut answer = Answer::new(problem.status, "application/problem+json", body);
    if let Some(seconds) = problem.seconds() {
        answer = answer.with("retry-after", &seconds.to_string());
    }
    if let Some(allow) = problem.allowed() {
        answer = answer.with("allow", allow);
    }
    if problem.status == 401 {
        answer = answer.with("www-authenticate", "Bearer realm=\"contextrail\"");
    }
    answer
}

fn response(
    answer: Answer,
    accepted: &HeaderMap,
    id: RecordId,
    span: Option<&Span>,
) -> Response<Full<Bytes>> {
    let Answer {
        status,
        media,
        headers,
        body,
    } = answer;
    let packed = (media != "application/zip")
        .then(|| packed(accepted, &body))
        .flatten();
    let (encoding, body) = match packed {
        Some((encoding, body)) => (Some(encoding), body),
        None => (None, body),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = axum::http::StatusCode::from_u16(status)
        .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    let all = response.headers_mut();
    let mut say = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            all.insert(name, value);
        }
    };
    say("content-type", media);
    say("x-request-id", &id.to_string());
    say("x-content-type-options", "nosniff");
    say("cache-control", "no-store");
    say("vary", "accept-encoding");
    if let Some(encoding) = encoding {
        say("content-encoding", encoding);
    }
    if let Some(span) = span {
        say("traceparent", &span.answered());
    }
    for (name, value) in headers {
        all.insert(name, value);
    }
    response
}

const AT_ONCE: usize = 256;
const REFS: usize = 64;
const WHOLE_REQUEST: Duration = Duration::from_secs(25);
const WHOLE_BODY: Duration = Duration::from_secs(10);
