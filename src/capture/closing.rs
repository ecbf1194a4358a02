//! How a context ends: exactly one record, whatever happens.

use std::panic::Location;
use std::sync::Arc;

use super::state::{ItemSource, Shared, State};
use crate::assembly::{Candidate, freshness};
use crate::capture::{CaptureError, Sink};
use crate::record::{
    AssemblyRecord, Class, Completeness, Context, ContextId, ContextStatus, Digest, DocumentUse,
    Draft, ErrorNote, Item, ItemText, Receipt, RecordId, RetrievedDocument, Section, Texts,
    Timestamp, Verdict,
};

/// A context that is ending: no handle can record into it any more.
///
/// Dropped without a word it leaves a record all the same: `failed` when a call on it had returned
/// an error, else `abandoned`.
#[derive(Debug)]
pub(super) struct Closing {
    shared: Arc<Shared>,
    state: Option<Box<State>>,
}

/// How a context ended, and what there is of its assembly.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) status: ContextStatus,
    pub(super) error: Option<ErrorNote>,
    pub(super) assembly: Option<AssemblyRecord>,
    /// The text, when it is handed to the application.
    pub(super) text: Option<Arc<str>>,
}

impl Ending {
    /// The end that `error` makes: a refusal by a rule, or a failure.
    pub(super) fn of(error: &CaptureError, assembly: Option<AssemblyRecord>) -> Self {
        Self {
            status: if error.is_refusal() {
                ContextStatus::Refused
            } else {
                ContextStatus::Failed
            },
            error: Some(error.note()),
            assembly: assembly.map(unsent),
            text: None,
        }
    }

    pub(super) const fn failed(note: ErrorNote) -> Self {
        Self {
            status: ContextStatus::Failed,
            error: Some(note),
            assembly: None,
            text: None,
        }
    }

    fn abandoned(begun_at: &Location<'_>) -> Self {
        let message =
            format!("the context begun at {begun_at} was dropped before it was assembled");
        Self {
            status: ContextStatus::Abandoned,
            ..Self::failed(ErrorNote::new("abandoned", message))
        }
    }
}

impl Closing {
    /// Ends the context, unless it has ended.
    pub(super) fn begin(shared: &Arc<Shared>) -> Option<Self> {
        let state = Some(shared.take()?);
        Some(Self {
            shared: Arc::clone(shared),
            state,
        })
    }

    pub(super) fn state(&mut self) -> &mut State {
        self.state.as_deref_mut().expect("only `draft` takes it")
    }

    pub(super) fn sink(&self) -> &Arc<dyn Sink> {
        &self.shared.sink
    }

    pub(super) fn id(&self) -> ContextId {
        self.shared.id
    }

    /// The record of a context that ended so.
    pub(super) fn draft(mut self, ending: Ending) -> Draft {
        let state = self.state.take().expect("only this and `drop` take it");
        draft(
            self.shared.id,
            *state,
            ending,
            self.shared.sink.clock().now(),
        )
    }

    /// Records that the context ended with `error`, which comes back with the id of the record.
    pub(super) async fn end_with(
        self,
        error: CaptureError,
        assembly: Option<AssemblyRecord>,
    ) -> CaptureError {
        let (id, sink) = (self.id(), Arc::clone(self.sink()));
        let draft = self.draft(Ending::of(&error, assembly));
        match sink.write(draft).await {
            Ok(_) => error.with_id(id),
            Err(source) => CaptureError::Unrecorded {
                cause: Box::new(error),
                source,
            },
        }
    }

    /// Records that the context failed with `note`.
    pub(super) async fn fail(self, note: ErrorNote) -> Result<Receipt, CaptureError> {
        let sink = Arc::clone(self.sink());
        let draft = self.draft(Ending::failed(note));
        Ok(sink.write(draft).await?)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else {
            return;
        };
        let ending = state
            .last_error
            .take()
            .map_or_else(|| Ending::abandoned(self.shared.begun_at), Ending::failed);
        let sealed_at = self.shared.sink.clock().now();
        let draft = draft(self.shared.id, *state, ending, sealed_at);
        // Nobody is left to hear the result; the sink reports what it cannot write.
        drop(self.shared.sink.submit(draft));
    }
}

fn draft(id: ContextId, mut state: State, ending: Ending, sealed_at: Timestamp) -> Draft {
    let actor = state.actor.take();
    let (context, texts) = finished(state, ending, sealed_at);
    let mut draft = Draft::new(RecordId::from(id), context);
    draft.actor = actor;
    draft.texts = texts;
    draft
}

/// The record of a context that ended so, and its texts. Digests over personal text are left to
/// sealing.
pub(super) fn finished(state: State, ending: Ending, sealed_at: Timestamp) -> (Context, Texts) {
    let Ending {
        status,
        error,
        assembly,
        text,
    } = ending;
    let mut context = state.context;
    context.status = status;
    context.error = error;
    context.sealed_at = Some(sealed_at);
    let limit_ms = context.freshness.limit_ms;
    context.freshness = freshness(&context.features, &context.retrievals, limit_ms);
    context.capture.sections = state.watches.sections();
    for (section, calls) in state.watches.unfinished() {
        let warning = format!("{section}: {calls} calls were still under way at the end");
        context.capture.warnings.push(warning);
    }
    let sections = &mut context.capture.sections;
    match (&assembly, sections.assembly) {
        (None, _) => sections.set(Section::Assembly, Completeness::NotCaptured),
        (Some(_), Completeness::NotCaptured) => {
            sections.set(Section::Assembly, Completeness::Complete);
        }
        (Some(_), _) => {}
    }
    let mut texts = Texts {
        documents: state.documents,
        template: state.template,
        text,
        ..Texts::default()
    };
    if let Some(mut assembly) = assembly {
        note_uses(&mut context, &mut assembly, &state.sources, &state.items);
        texts.items = item_texts(state.items, state.sources);
        context.assembly = Some(assembly);
    }
    (context, texts)
}

/// Notes in documents what became of them as items, and bare digests of shared texts.
fn note_uses(
    context: &mut Context,
    assembly: &mut AssemblyRecord,
    sources: &[ItemSource],
    candidates: &[Candidate],
) {
    for ((item, source), candidate) in assembly.items.iter_mut().zip(sources).zip(candidates) {
        if source.class == Class::Confidential {
            item.digest = Some(Digest::Sha256(candidate.sha256));
        }
        let document = source.place.and_then(|(retrieval, result)| {
            let retrieval = context.retrievals.get_mut(retrieval)?;
            retrieval.results.get_mut(result)
        });
        if let Some(document) = document {
            note_use(document, item);
        }
    }
}

/// A document that is several items counts by the one that fared best.
fn note_use(document: &mut RetrievedDocument, item: &Item) {
    document.tokens = Some(item.tokens);
    document.used = match (document.used, item.verdict) {
        (_, Verdict::Included) | (DocumentUse::Included, _) => DocumentUse::Included,
        (_, Verdict::Truncated) | (DocumentUse::Truncated, _) => DocumentUse::Truncated,
        (_, Verdict::Dropped) => DocumentUse::Dropped,
    };
}

fn item_texts(items: Vec<Candidate>, sources: Vec<ItemSource>) -> Vec<ItemText> {
    items
        .into_iter()
        .zip(sources)
        .map(|(item, source)| ItemText {
            text: item.text,
            class: source.class,
            owner: source.owner,
            sha256: Some(item.sha256),
        })
        .collect()
}

/// The assembly of a text that was withheld: its items and budget, but no text.
fn unsent(mut assembly: AssemblyRecord) -> AssemblyRecord {
    assembly.messages.clear();
    assembly.text_digest = None;
    assembly.text_bytes = None;
    assembly
}
