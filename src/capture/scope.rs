//! The handle that records into a capture.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::found::Found;
use super::state::Shared;
use crate::capture::{FeatureFetch, Guard, ItemDraft, Retrieve, ToolUse};
use crate::record::{EntityRef, Role};

/// A handle that records into a capture, for anyone who holds it.
///
/// A [`Capture`](super::Capture) derefs to its handle; [`ambient`](super::ambient) gives that of
/// the current task. A clone records into the same context. Only the capture itself can end it;
/// after that, calls are [`CaptureError::Finished`](super::CaptureError::Finished).
#[derive(Clone)]
pub struct Scope {
    pub(super) shared: Arc<Shared>,
}

impl Scope {
    /// Begins a fetch of the feature `name` for `entity`: the id of an entity of the context, or
    /// `type:id`.
    pub fn feature(&self, name: impl Into<String>, entity: impl fmt::Display) -> FeatureFetch<'_> {
        FeatureFetch::new(self, name.into(), entity.to_string())
    }

    /// Begins a call of `retriever` with `query`.
    pub fn retrieve(&self, retriever: impl Into<String>, query: impl Into<String>) -> Retrieve<'_> {
        Retrieve::new(self, retriever.into(), query.into())
    }

    /// Begins a call of the tool `name`.
    pub fn tool(&self, name: impl Into<String>) -> ToolUse<'_> {
        ToolUse::new(self, name.into())
    }

    /// Adds a piece of text under a name, which becomes its `ref`.
    pub fn item(&self, name: &str, text: impl Into<Arc<str>>) -> ItemDraft<'_> {
        ItemDraft::text(self, name, text)
    }

    /// Adds retrieved documents, in their order. `group` names them in warnings.
    pub fn items<'f>(
        &self,
        group: &str,
        documents: impl IntoIterator<Item = &'f Found>,
    ) -> ItemDraft<'_> {
        ItemDraft::documents(self, group, documents)
    }

    /// Adds the template, rendered with its variables when the context is assembled.
    pub fn template_item(&self) -> ItemDraft<'_> {
        ItemDraft::template(self)
    }

    /// Adds the feature `reference`, as the text `name: value`. Of several with one name, it is
    /// `name@type:id`.
    ///
    /// A feature that was not fetched, or whose fetch gave no value, makes the assembly fail.
    pub fn feature_item(&self, reference: &str) -> ItemDraft<'_> {
        ItemDraft::feature(self, reference)
    }

    /// Adds a turn of a conversation.
    pub fn turn(&self, role: Role, text: impl Into<Arc<str>>) -> ItemDraft<'_> {
        ItemDraft::turn(self, role, text)
    }

    /// Adds the output of a tool, in the role of the tool.
    pub fn tool_item(&self, name: &str, text: impl Into<Arc<str>>) -> ItemDraft<'_> {
        ItemDraft::tool(self, name, text)
    }

    /// Records something the application was asked with.
    pub fn input(&self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        self.shared.with(|state| state.set_input(name, value));
    }

    /// Sets a variable of the template.
    pub fn variable(&self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        self.shared.with(|state| state.set_variable(name, value));
    }

    /// Has `guard` check every item and the assembled text, when the context is assembled.
    pub fn guard_context(&self, guard: &Guard) {
        self.shared.with(|state| state.add_guard(guard.clone()));
    }

    /// Adds an entity the context is about.
    pub fn entity(&self, kind: impl Into<String>, id: impl fmt::Display) {
        let entity = EntityRef::new(kind, id.to_string());
        self.shared.with(|state| {
            if let Some(entity) = state.checked("entities", entity) {
                state.add_entity(&entity);
            }
        });
    }

    /// Notes something that went wrong on the way, in the record's `capture.warnings`.
    pub fn warn(&self, warning: impl Into<String>) {
        self.shared.with(|state| state.warn(warning));
    }

    /// Hands the trace on to an outgoing call: `set` gets the name and value of the header
    /// `traceparent`. Without a trace nothing is set.
    pub fn inject(&self, mut set: impl FnMut(&str, &str)) {
        let trace = self.shared.with(|state| state.trace.clone()).flatten();
        if let Some(trace) = trace {
            set("traceparent", &trace.to_string());
        }
    }

    /// Whether the context has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.shared.with(|_| ()).is_none()
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("begun_at", &self.shared.begun_at)
            .field("finished", &self.is_finished())
            .finish()
    }
}
