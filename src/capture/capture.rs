//! The capture of one context, from its beginning to its record.

use std::error::Error;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

use super::assembled::{AssembledContext, Parts, PreparedContext};
use super::assembling::{self, Stopped};
use super::closing::{Closing, Ending};
use super::error::with_sources;
use super::found::Found;
use super::{ambient, guarding};
use crate::assembly::{Assembled, Budget};
use crate::capture::{CaptureError, Guard, ItemDraft, Scope};
use crate::record::{ContextStatus, Draft, ErrorNote, Receipt, Role};

/// One context being captured, from [`ContextBuilder::begin`](super::ContextBuilder::begin) on.
///
/// It ends in exactly one record. [`assemble`](Self::assemble) and [`prepare`](Self::prepare)
/// record the context as `sealed`, or as `refused` or `failed` with their error. Dropped before,
/// which leaving early with `?` does, it is recorded as `failed` when a call on it had returned an
/// error, else as `abandoned` with the place where it was begun.
#[derive(Debug)]
#[must_use = "a capture that is dropped is recorded as abandoned"]
pub struct Capture {
    scope: Scope,
}

impl Capture {
    pub(super) const fn new(scope: Scope) -> Self {
        Self { scope }
    }

    /// A handle that records into this context, for handing down the call stack.
    #[must_use]
    pub fn handle(&self) -> Scope {
        self.scope.clone()
    }

    /// Runs `work` with this capture as the [`ambient`](super::ambient) one.
    pub fn scope<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        ambient::within(self.scope.clone(), work)
    }

    /// Adds a piece of text; see [`Scope::item`].
    pub fn item(&mut self, name: &str, text: impl Into<Arc<str>>) -> ItemDraft<'_> {
        self.scope.item(name, text)
    }

    /// Adds retrieved documents; see [`Scope::items`].
    pub fn items<'f>(
        &mut self,
        group: &str,
        documents: impl IntoIterator<Item = &'f Found>,
    ) -> ItemDraft<'_> {
        self.scope.items(group, documents)
    }

    /// Adds the rendered template; see [`Scope::template_item`].
    pub fn template_item(&mut self) -> ItemDraft<'_> {
        self.scope.template_item()
    }

    /// Adds a fetched feature; see [`Scope::feature_item`].
    pub fn feature_item(&mut self, reference: &str) -> ItemDraft<'_> {
        self.scope.feature_item(reference)
    }

    /// Adds a turn of a conversation; see [`Scope::turn`].
    pub fn turn(&mut self, role: Role, text: impl Into<Arc<str>>) -> ItemDraft<'_> {
        self.scope.turn(role, text)
    }

    /// Adds the output of a tool; see [`Scope::tool_item`].
    pub fn tool_item(&mut self, name: &str, text: impl Into<Arc<str>>) -> ItemDraft<'_> {
        self.scope.tool_item(name, text)
    }

    /// Has `guard` check every string among the inputs now. What it redacts is replaced in the
    /// record; [`input_value`](Self::input_value) gives the values to go on with.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Blocked`] when it blocks: the context has ended as `refused` then.
    pub async fn guard_inputs(&mut self, guard: &Guard) -> Result<(), CaptureError> {
        match guarding::inputs(&self.scope.shared, guard).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.end_with(error).await),
        }
    }

    /// The input `name` as the record has it, after guardrails.
    #[must_use]
    pub fn input_value(&self, name: &str) -> Option<Value> {
        let value = self
            .scope
            .shared
            .with(|state| state.context.inputs.get(name).cloned());
        value.flatten()
    }

    /// Has `guard` check `text` at the input stage now, and returns the text to go on with.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Blocked`] when it blocks: the context has ended as `refused` then.
    pub async fn guard_text(
        &mut self,
        guard: &Guard,
        text: impl Into<String>,
    ) -> Result<String, CaptureError> {
        match guarding::one_text(&self.scope.shared, guard, text.into()).await {
            Ok(text) => Ok(text),
            Err(error) => Err(self.end_with(error).await),
        }
    }

    /// What `budget` would keep of the items so far. Nothing is recorded, no guardrail is asked.
    ///
    /// # Errors
    ///
    /// Those of [`assemble`](Self::assemble) that come from the items, the template, the budget and
    /// the tokenizer.
    pub fn what_if(&self, budget: &Budget) -> Result<Assembled, CaptureError> {
        let counts = self.scope.shared.sink.counts();
        self.scope
            .shared
            .with(|state| assembling::what_if(state, budget, counts))
            .ok_or(CaptureError::Finished)?
    }

    /// Assembles the context and returns it when its record is as durable as the trail promises.
    ///
    /// # Errors
    ///
    /// [`CaptureError::OverBudget`], [`CaptureError::Stale`] and [`CaptureError::Blocked`] when a
    /// rule refuses it: the record is stored as `refused` and its id is in the error.
    /// [`CaptureError::Invalid`], [`CaptureError::Reference`], [`CaptureError::NoBudget`],
    /// [`CaptureError::Tokenizer`], [`CaptureError::Template`] and [`CaptureError::Assembly`] when
    /// it cannot be assembled: the record is stored as `failed`. [`CaptureError::Store`] when the
    /// record cannot be written: the text is withheld.
    pub async fn assemble(self) -> Result<AssembledContext, CaptureError> {
        let (parts, draft) = self.seal().await?;
        let sink = Arc::clone(&self.scope.shared.sink);
        let receipt = sink.write(draft).await?;
        Ok(AssembledContext::new(parts, receipt))
    }

    /// Assembles the context and returns its text at once, while the record is being written. The
    /// id comes out of [`PreparedContext::durable`].
    ///
    /// # Errors
    ///
    /// As [`assemble`](Self::assemble), but for those of writing the record of a sealed context.
    pub async fn prepare(self) -> Result<PreparedContext, CaptureError> {
        let (parts, draft) = self.seal().await?;
        let pending = self.scope.shared.sink.submit(draft);
        Ok(PreparedContext::new(parts, pending))
    }

    /// Records that the application gave the context up because of `error`.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Store`] when the record cannot be written.
    pub async fn fail(self, error: &(dyn Error + Sync)) -> Result<Receipt, CaptureError> {
        let closing = Closing::begin(&self.scope.shared).ok_or(CaptureError::Finished)?;
        let note = ErrorNote::new("application", with_sources(error));
        closing.fail(note).await
    }

    async fn seal(&self) -> Result<(Parts, Draft), CaptureError> {
        let mut closing = Closing::begin(&self.scope.shared).ok_or(CaptureError::Finished)?;
        let counts = Arc::clone(closing.sink().counts());
        match assembling::run(closing.state(), &counts).await {
            Ok((assembled, counter)) => {
                let parts = Parts::new(closing.id(), closing.state(), &assembled, counter);
                let draft = closing.draft(Ending {
                    status: ContextStatus::Sealed,
                    error: None,
                    assembly: Some(assembled.record),
                    text: Some(assembled.text),
                });
                Ok((parts, draft))
            }
            Err(Stopped { error, assembly }) => Err(closing.end_with(error, assembly).await),
        }
    }

    async fn end_with(&self, error: CaptureError) -> CaptureError {
        match Closing::begin(&self.scope.shared) {
            Some(closing) => closing.end_with(error, None).await,
            None => error,
        }
    }
}

impl Deref for Capture {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        drop(Closing::begin(&self.scope.shared));
    }
}
