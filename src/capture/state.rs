//! What a capture has gathered so far.

use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::watch::Watches;
use crate::assembly::{Budget, Candidate, Layout, Tokenizer};
use crate::capture::{CaptureError, Guard, Sink, TraceParent};
use crate::record::{
    Actor, CaptureReport, Class, Context, ContextId, ContextStatus, DocumentText, Door, EntityRef,
    ErrorNote, FreshnessReport, InvalidValue, Members, Name, Recorder, Section, Sections,
    Timestamp,
};

/// What every handle of one capture shares. The state is gone once the context has ended.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: ContextId,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) begun_at: &'static Location<'static>,
    state: Mutex<Option<Box<State>>>,
}

impl Shared {
    pub(super) const fn new(
        id: ContextId,
        sink: Arc<dyn Sink>,
        begun_at: &'static Location<'static>,
        state: Box<State>,
    ) -> Self {
        Self {
            id,
            sink,
            begun_at,
            state: Mutex::new(Some(state)),
        }
    }

    /// Works on the state, unless the context has ended.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> Option<R> {
        // A panic of the application under this lock leaves the facts gathered before intact.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.as_deref_mut().map(work)
    }

    /// Ends the context for every handle and takes what was gathered.
    pub(super) fn take(&self) -> Option<Box<State>> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// What a capture has gathered so far.
#[derive(Debug)]
pub(super) struct State {
    /// The record to be. How it ended, its freshness and its assembly are filled in at the end.
    pub(super) context: Context,
    /// The texts of `context.retrievals`, by retrieval and rank.
    pub(super) documents: Vec<Vec<DocumentText>>,
    /// The candidates, in the order added.
    pub(super) items: Vec<Candidate>,
    /// What each of `items` came from.
    pub(super) sources: Vec<ItemSource>,
    /// The template's text before variables are put in.
    pub(super) template: Option<Arc<str>>,
    /// The guardrails of the context stage.
    pub(super) guards: Vec<Guard>,
    pub(super) budget: Option<Budget>,
    pub(super) layout: Layout,
    pub(super) tokenizer: Option<Arc<dyn Tokenizer>>,
    /// Whether stale values refuse the assembly.
    pub(super) strict: bool,
    pub(super) actor: Option<Actor>,
    pub(super) trace: Option<TraceParent>,
    /// Calls that could not be made sense of; the first one fails the assembly.
    pub(super) problems: Vec<CaptureError>,
    /// The last error that a call returned to the application.
    pub(super) last_error: Option<ErrorNote>,
    pub(super) watches: Watches,
}

/// What an item came from.
#[derive(Clone, Debug)]
pub(super) struct ItemSource {
    pub(super) class: Class,
    pub(super) owner: Option<EntityRef>,
    /// Retrieval and result of a document.
    pub(super) place: Option<(usize, usize)>,
    /// The feature it is.
    pub(super) feature: Option<usize>,
    /// Whether its text is the template, rendered when everything else is known.
    pub(super) is_template: bool,
    /// Whether what it came from is older than its limit.
    pub(super) is_stale: bool,
}

impl ItemSource {
    /// Personal text that is about every entity of the context.
    pub(super) const fn personal() -> Self {
        Self {
            class: Class::Personal,
            owner: None,
            place: None,
            feature: None,
            is_template: false,
            is_stale: false,
        }
    }
}

impl State {
    /// A context of which nothing but its name is known.
    pub(super) fn new(name: Name, created_at: Timestamp) -> Self {
        Self {
            context: empty_context(name, created_at),
            documents: Vec::new(),
            items: Vec::new(),
            sources: Vec::new(),
            template: None,
            guards: Vec::new(),
            budget: None,
            layout: Layout::default(),
            tokenizer: None,
            strict: false,
            actor: None,
            trace: None,
            problems: Vec::new(),
            last_error: None,
            watches: Watches::default(),
        }
    }

    pub(super) fn set_input(&mut self, name: String, value: Value) {
        let value = self.exact(&name, value);
        self.watches.of(Section::Inputs).seen = true;
        self.context.inputs.insert(name, value);
    }

    pub(super) fn set_variable(&mut self, name: String, value: Value) {
        let value = self.exact(&name, value);
        match &mut self.context.template {
            Some(template) => {
                template.variables.insert(name, value);
            }
            None => self.warn(format!("the variable {name} has no template to go into")),
        }
    }

    pub(super) fn add_guard(&mut self, guard: Guard) {
        self.watches.of(Section::Guardrails).seen = true;
        self.guards.push(guard);
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.context.capture.warnings.push(warning.into());
    }

    pub(super) fn problem(&mut self, path: impl Into<String>, source: InvalidValue) {
        self.problems.push(CaptureError::Invalid {
            path: path.into(),
            source,
        });
    }

    /// Keeps a value that may be invalid, noting the problem where it is.
    pub(super) fn checked<T>(&mut self, path: &str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|source| self.problem(path, source)).ok()
    }

    pub(super) fn add_entity(&mut self, entity: &EntityRef) {
        if !self.context.entities.contains(entity) {
            self.context.entities.push(entity.clone());
        }
    }

    /// The entity that `id` stands for: one of the context's by its id, or `type:id`.
    pub(super) fn entity(&mut self, of: &str, id: &str) -> Result<EntityRef, InvalidValue> {
        let mut known = self.context.entities.iter().filter(|e| e.id.as_str() == id);
        if let Some(first) = known.next().cloned() {
            if known.next().is_some() {
                self.warn(format!(
                    "{of}: several entities have the id {id:?}; taken as {first}"
                ));
            }
            return Ok(first);
        }
        if id.contains(':') {
            return id.parse();
        }
        let entity = EntityRef::new(UNTYPED, id)?;
        self.warn(format!(
            "{of}: no entity of the context has the id {id:?}; recorded as {entity}"
        ));
        Ok(entity)
    }

    pub(super) fn push_item(&mut self, candidate: Candidate, source: ItemSource) -> usize {
        self.watches.of(Section::Assembly).seen = true;
        self.items.push(candidate);
        self.sources.push(source);
        self.items.len() - 1
    }

    /// `value` as a record can hold it: whole numbers beyond 2^53 become text, with a warning.
    pub(super) fn exact(&mut self, of: &str, mut value: Value) -> Value {
        if numbers_to_text(&mut value) {
            self.warn(format!(
                "{of}: a whole number beyond 2^53 is recorded as text, because JSON readers round it"
            ));
        }
        value
    }
}

fn empty_context(name: Name, created_at: Timestamp) -> Context {
    Context {
        name,
        use_case: None,
        retention: None,
        status: ContextStatus::Abandoned,
        error: None,
        created_at,
        sealed_at: None,
        environment: Name::new(DEFAULT_ENVIRONMENT).expect("the word is a name"),
        service: None,
        recorder: Recorder::this(),
        trace: None,
        parents: Vec::new(),
        agent: None,
        entities: Vec::new(),
        inputs: Members::new(),
        template: None,
        model: None,
        features: Vec::new(),
        retrievals: Vec::new(),
        tools: Vec::new(),
        guardrails: Vec::new(),
        assembly: None,
        freshness: FreshnessReport::default(),
        capture: CaptureReport {
            door: Door::Native,
            sections: Sections::default(),
            warnings: Vec::new(),
            redactions: Vec::new(),
        },
        extra: Members::new(),
    }
}

/// The name nearest to `text` that a record can hold.
pub(super) fn nearest_name(text: &str) -> Name {
    let mut kept = text.replace('\0', "");
    kept.truncate(kept.floor_char_boundary(LONGEST_NAME_BYTES));
    Name::new(kept).unwrap_or_else(|_| Name::new(UNNAMED).expect("the word is a name"))
}

fn numbers_to_text(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            let exact = number.as_i64().map_or(number.is_f64(), |n| {
                n.unsigned_abs() <= LARGEST_EXACT_INTEGER
            });
            if !exact {
                *value = Value::String(number.to_string());
            }
            !exact
        }
        Value::Array(values) => any_to_text(values.iter_mut()),
        Value::Object(members) => any_to_text(members.values_mut()),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn any_to_text<'v>(values: impl Iterator<Item = &'v mut Value>) -> bool {
    // Every one is converted; `any` would stop at the first.
    values
        .filter_map(|value| numbers_to_text(value).then_some(()))
        .count()
        > 0
}

const DEFAULT_ENVIRONMENT: &str = "development";
const UNTYPED: &str = "entity";
const UNNAMED: &str = "unnamed";
const LONGEST_NAME_BYTES: usize = 512;
const LARGEST_EXACT_INTEGER: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_that_doubles_cannot_hold_become_text() {
        let mut value = json!({"a": [9_007_199_254_740_993_u64, 1.5], "b": -3});
        assert!(numbers_to_text(&mut value));
        assert_eq!(value, json!({"a": ["9007199254740993", 1.5], "b": -3}));
        assert!(!numbers_to_text(&mut value));
    }

    #[test]
    fn the_nearest_name_is_always_a_name() {
        assert_eq!(nearest_name("").as_str(), UNNAMED);
        assert_eq!(nearest_name("a\0b").as_str(), "ab");
        assert_eq!(nearest_name(&"é".repeat(300)).as_str().len(), 512);
    }
}
