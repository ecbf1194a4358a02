//! From what was gathered to the text: render, guard, assemble, check.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::task::JoinError;

use super::guarding::{self, Running};
use super::state::State;
use crate::assembly::{
    Assembled, AssemblyError, Budget, Candidate, CountCache, Counter, assemble, freshness,
    render_template, tokenizer, tokenizer_for_model,
};
use crate::capture::CaptureError;
use crate::record::{AssemblyRecord, Class};

/// An assembly that did not come about, and what of it is worth recording.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) error: CaptureError,
    pub(super) assembly: Option<AssemblyRecord>,
}

impl From<CaptureError> for Stopped {
    fn from(error: CaptureError) -> Self {
        Self {
            error,
            assembly: None,
        }
    }
}

impl From<AssemblyError> for Stopped {
    fn from(error: AssemblyError) -> Self {
        let assembly = match &error {
            AssemblyError::RequiredOverBudget { record, .. } => Some((**record).clone()),
            _ => None,
        };
        Self {
            error: error.into(),
            assembly,
        }
    }
}

/// Assembles a context that is ending.
pub(super) async fn run(
    state: &mut State,
    counts: &Arc<CountCache>,
) -> Result<(Assembled, Counter), Stopped> {
    if !state.problems.is_empty() {
        return Err(state.problems.remove(0).into());
    }
    let budget = state.budget.clone().ok_or(CaptureError::NoBudget)?;
    let counter = counter(state, &budget, counts)?;
    render(state)?;
    let running = guarding::items(state).await?;
    let assembled = assembled(state, &budget, &counter).await?;
    note_tokens(state, &counter);
    match check(state, running, &assembled.text).await {
        Ok(()) => Ok((assembled, counter)),
        Err(error) => Err(Stopped {
            error,
            assembly: Some(assembled.record),
        }),
    }
}

/// What `budget` would keep of what was gathered so far. No guardrail is asked.
pub(super) fn what_if(
    state: &mut State,
    budget: &Budget,
    counts: &Arc<CountCache>,
) -> Result<Assembled, CaptureError> {
    let counter = counter(state, budget, counts)?;
    render(state)?;
    Ok(assemble(&state.items, budget, &state.layout, &counter)?)
}

/// The tokenizer given, else that of the budget, of the model, or the default.
pub(super) fn counter(
    state: &State,
    budget: &Budget,
    counts: &Arc<CountCache>,
) -> Result<Counter, CaptureError> {
    let tokenizer = match (
        &state.tokenizer,
        budget.tokenizer_name(),
        &state.context.model,
    ) {
        (Some(tokenizer), ..) => Arc::clone(tokenizer),
        (None, Some(name), _) => tokenizer(name)?,
        (None, None, Some(model)) => tokenizer_for_model(model.name.as_str())?,
        (None, None, None) => tokenizer(DEFAULT_TOKENIZER)?,
    };
    Ok(Counter::with_cache(tokenizer, Arc::clone(counts)))
}

/// Puts the variables into the template. With none in it, it stays the shared text it is.
pub(super) fn render(state: &mut State) -> Result<(), CaptureError> {
    let State {
        context,
        template: Some(text),
        items,
        sources,
        ..
    } = state
    else {
        return Ok(());
    };
    let Some(template) = &context.template else {
        return Ok(());
    };
    for (item, source) in items.iter_mut().zip(sources) {
        if source.is_template {
            let rendered = render_template(text, &template.variables).map_err(|source| {
                CaptureError::Template {
                    name: template.name.to_string(),
                    source,
                }
            })?;
            let is_shared = rendered == **text;
            source.class = if is_shared {
                Class::Confidential
            } else {
                Class::Personal
            };
            set_text(item, rendered);
        }
    }
    Ok(())
}

pub(super) fn set_text(item: &mut Candidate, text: String) {
    item.sha256 = Sha256::digest(text.as_bytes()).into();
    item.text = text.into();
}

/// Assembles here and now, unless there is so much text that counting it would hold up the other
/// tasks of this thread.
async fn assembled(
    state: &State,
    budget: &Budget,
    counter: &Counter,
) -> Result<Assembled, AssemblyError> {
    let bytes: usize = state.items.iter().map(|item| item.text.len()).sum();
    let runtime = Handle::try_current().ok().filter(|_| bytes > INLINE_BYTES);
    let Some(runtime) = runtime else {
        return assemble(&state.items, budget, &state.layout, counter);
    };
    let (items, layout) = (state.items.clone(), state.layout.clone());
    let (of, by) = (budget.clone(), counter.clone());
    let task = runtime.spawn_blocking(move || assemble(&items, &of, &layout, &by));
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(assembled) => assembled,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // A runtime that shuts down starts no more such work.
        Err(Err(_)) => assemble(&state.items, budget, &state.layout, counter),
    }
}

/// Notes the lengths of what was retrieved and made no item; items have theirs.
fn note_tokens(state: &mut State, counter: &Counter) {
    let State {
        context,
        documents,
        sources,
        ..
    } = state;
    let items: HashSet<_> = sources.iter().filter_map(|source| source.place).collect();
    let calls = context.retrievals.iter_mut().zip(documents).enumerate();
    for (call, (retrieval, texts)) in calls {
        let results = retrieval.results.iter_mut().zip(texts).enumerate();
        for (_, (result, text)) in results.filter(|(index, _)| !items.contains(&(call, *index))) {
            let sha256 = text
                .sha256
                .unwrap_or_else(|| Sha256::digest(text.text.as_bytes()).into());
            // A long text is left uncounted rather than hold up the other tasks of this thread.
            if text.text.len() <= INLINE_BYTES {
                result.tokens = counter.count(&text.text, &sha256).ok();
            }
        }
    }
}

/// Holds the assembled text against the rules that may refuse it.
async fn check(state: &mut State, running: Vec<Running>, text: &str) -> Result<(), CaptureError> {
    check_freshness(state)?;
    guarding::text(state, running, text).await?;
    guarding::stop_if_any_blocked(&state.context.guardrails)
}

fn check_freshness(state: &State) -> Result<(), CaptureError> {
    if !state.strict {
        return Ok(());
    }
    let context = &state.context;
    let limit_ms = context.freshness.limit_ms;
    let report = freshness(&context.features, &context.retrievals, limit_ms);
    if report.violations.is_empty() {
        return Ok(());
    }
    Err(CaptureError::Stale {
        id: None,
        violations: report.violations,
    })
}

const DEFAULT_TOKENIZER: &str = "o200k_base";
/// Counting this much new text takes some 30 ms.
const INLINE_BYTES: usize = 256 * 1024;
