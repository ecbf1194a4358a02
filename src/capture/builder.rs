//! The context builder: what is known before anything is fetched.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::call::millis;
use super::state::{Shared, State, nearest_name};
use crate::assembly::{Budget, Tokenizer};
use crate::capture::{Capture, Guard, Scope, Sink, Template, TraceParent};
use crate::record::{
    Actor, Agent, ContextId, Digest, EntityRef, Members, ModelUse, Name, Order, Retention, Section,
    Service, TemplateUse, Version, VersionedName,
};

/// Everything about a context that is known before it is begun.
///
/// Nothing here fails: a name that is none is noted, and [`Capture::assemble`] returns it as
/// [`CaptureError::Invalid`](super::CaptureError::Invalid) and records it.
#[derive(Debug)]
#[must_use = "a context is captured from `begin` on"]
pub struct ContextBuilder {
    sink: Arc<dyn Sink>,
    state: Box<State>,
}

impl ContextBuilder {
    /// A context of the kind `name`: `loan_decision`.
    pub fn new(sink: Arc<dyn Sink>, name: impl Into<String>) -> Self {
        let name = name.into();
        let mut state = Box::new(State::new(nearest_name(&name), sink.clock().now()));
        if let Err(source) = Name::new(name) {
            state.problem("name", source);
        }
        Self { sink, state }
    }

    /// Adds an entity the context is about.
    pub fn entity(self, kind: impl Into<String>, id: impl std::fmt::Display) -> Self {
        let entity = EntityRef::new(kind, id.to_string());
        self.with(|state| {
            let path = format!("entities[{}]", state.context.entities.len());
            if let Some(entity) = state.checked(&path, entity) {
                state.add_entity(&entity);
            }
        })
    }

    /// Records something the application was asked with.
    pub fn input(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.with(|state| state.set_input(name, value))
    }

    /// Sets the token budget, without which nothing is assembled.
    pub fn budget(self, budget: Budget) -> Self {
        self.with(|state| state.budget = Some(budget))
    }

    /// Sets the tokenizer that counts, in place of one that is known by name.
    pub fn tokenizer(self, tokenizer: Arc<dyn Tokenizer>) -> Self {
        self.with(|state| state.tokenizer = Some(tokenizer))
    }

    /// Sets what stands between two items of the text; two line feeds when left out.
    pub fn separator(self, separator: impl Into<String>) -> Self {
        let separator = separator.into();
        self.with(|state| state.layout.separator = separator)
    }

    /// Sets in which order the items stand in the text; as added when left out.
    pub fn order(self, order: Order) -> Self {
        self.with(|state| state.layout.order = order)
    }

    /// Sets the prompt template. [`Scope::template_item`] adds its text to the context.
    pub fn template(self, template: &Template) -> Self {
        let (text, sha256) = template.shared();
        self.with(|state| {
            let name = nearest_name(template.name());
            state.checked("template.name", Name::new(template.name()));
            let version = state.checked("template.version", Version::new(template.version()));
            state.watches.of(Section::Template).seen = true;
            state.template = Some(Arc::clone(text));
            state.context.template = Some(TemplateUse {
                name,
                version,
                digest: Some(Digest::Sha256(*sha256)),
                variables: Members::new(),
            });
        })
    }

    /// Sets a variable of the template, which must have been set before.
    pub fn variable(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.with(|state| state.set_variable(name, value))
    }

    /// Sets the model the context is meant for. It decides the tokenizer, unless the budget does.
    pub fn model(self, provider: impl Into<String>, name: impl Into<String>) -> Self {
        let (provider, name) = (Name::new(provider), Name::new(name));
        self.with(|state| {
            let provider = state.checked("model.provider", provider);
            if let Some(name) = state.checked("model.name", name) {
                state.watches.of(Section::Model).seen = true;
                state.context.model = Some(ModelUse {
                    provider,
                    name,
                    served: None,
                    parameters: Members::new(),
                });
            }
        })
    }

    /// Sets a parameter of the model, which must have been set before.
    pub fn model_parameter(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.with(|state| {
            let value = state.exact(&name, value);
            match &mut state.context.model {
                Some(model) => {
                    model.parameters.insert(name, value);
                }
                None => state.warn(format!("the parameter {name} has no model to belong to")),
            }
        })
    }

    /// Says where the application runs; `development` when left out.
    pub fn environment(self, environment: impl Into<String>) -> Self {
        let environment = Name::new(environment);
        self.with(|state| {
            if let Some(environment) = state.checked("environment", environment) {
                state.context.environment = environment;
            }
        })
    }

    /// Says which application this is.
    pub fn service(self, service: Service) -> Self {
        self.with(|state| state.context.service = Some(service))
    }

    /// Sets the registered use case, written `name@version`.
    pub fn use_case(self, use_case: &str) -> Self {
        let use_case = use_case.parse::<VersionedName>();
        self.with(|state| state.context.use_case = state.checked("use_case", use_case))
    }

    /// Sets the retention class: `high_risk`.
    pub fn retention(self, class: impl Into<String>) -> Self {
        let class = Name::new(class);
        self.with(|state| {
            let class = state.checked("retention.class", class);
            let policy = state.context.retention.take().and_then(|old| old.policy);
            state.context.retention = class.map(|class| Retention { class, policy });
        })
    }

    /// Sets the policy that says what the retention class means, written `name@version`. The class
    /// is set before.
    pub fn retention_policy(self, policy: &str) -> Self {
        let policy = policy.parse::<VersionedName>();
        self.with(|state| {
            let policy = state.checked("retention.policy", policy);
            match &mut state.context.retention {
                Some(retention) => retention.policy = policy,
                None => state.warn("the retention policy has no class to say something about"),
            }
        })
    }

    /// Says which agent's step this is.
    pub fn agent(self, agent: Agent) -> Self {
        self.with(|state| state.context.agent = Some(agent))
    }

    /// Adds the context of a step before this one.
    pub fn parent(self, parent: ContextId) -> Self {
        self.with(|state| state.context.parents.push(parent))
    }

    /// Sets the trace the assembly is part of, from a W3C `traceparent` header.
    pub fn trace(self, traceparent: &str) -> Self {
        let trace = traceparent.parse::<TraceParent>();
        self.with(|state| {
            state.trace = state.checked("trace", trace);
            state.context.trace = state.trace.as_ref().map(|trace| trace.trace().clone());
        })
    }

    /// Sets the age that features and retrieved documents are allowed, where they have no limit of
    /// their own.
    pub fn freshness_limit(self, limit: Duration) -> Self {
        self.with(|state| state.context.freshness.limit_ms = Some(millis(limit)))
    }

    /// Refuses the assembly when anything is not as fresh as its limit asks.
    pub fn strict_freshness(self) -> Self {
        self.with(|state| state.strict = true)
    }

    /// Has `guard` check every item and the assembled text, when the context is assembled.
    pub fn guard(self, guard: Guard) -> Self {
        self.with(|state| state.add_guard(guard))
    }

    /// Promises that everything of `section` goes through this capture, so that an empty section
    /// is `complete` and not `not_captured`.
    pub fn declare(self, section: Section) -> Self {
        self.with(|state| state.watches.of(section).declared = true)
    }

    /// Says who causes the record; the trail's own actor when left out.
    pub fn actor(self, actor: Actor) -> Self {
        self.with(|state| state.actor = Some(actor))
    }

    /// Begins the context: its id and its time of creation are drawn now.
    #[track_caller]
    pub fn begin(self) -> Capture {
        self.begin_at(Location::caller())
    }

    pub(super) fn begin_at(self, begun_at: &'static Location<'static>) -> Capture {
        let Self { sink, mut state } = self;
        let now = sink.clock().now();
        let id = ContextId::from_uuid(sink.ids().new_id(now));
        state.context.created_at = now;
        Capture::new(Scope {
            shared: Arc::new(Shared::new(id, sink, begun_at, state)),
        })
    }

    pub(super) fn with(mut self, edit: impl FnOnce(&mut State)) -> Self {
        edit(&mut self.state);
        self
    }
}
