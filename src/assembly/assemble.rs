//! Assembling: from candidates to a text and the record of it.

use std::sync::Arc;

use crate::record::{
    AssemblyRecord, BudgetUse, CutReason, Item, MessageSpan, Name, TokenizerUse, Verdict,
};

use super::budget::{Budget, Layout};
use super::candidate::Candidate;
use super::counter::Counter;
use super::error::AssemblyError;
use super::selection::{Fate, Room, Selection};

/// A text, and the record of how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembled {
    /// The text to send.
    pub text: Arc<str>,
    /// What became of every candidate, and what was used of the budget. Digests are left out.
    pub record: AssemblyRecord,
}

/// Decides what of `candidates` fits into `budget`, and joins it to a text.
///
/// Required candidates come first, then the others by priority, equal ones in the order added.
/// One that does not fit does not keep smaller ones after it out. `record.budget.used` is exactly
/// what the tokenizer counts in the text, and it is never more than is available, framing
/// included, unless overflow is allowed. The same arguments give the same result.
///
/// Required candidates that do not fit whole are cut where their `overflow` lets them be, and
/// never dropped. With [`Budget::allow_overflow`] they are kept whole when cutting is not enough.
///
/// # Errors
///
/// [`AssemblyError::RequiredOverBudget`] when the required candidates alone do not fit;
/// [`AssemblyError::ReserveExceedsLimit`] and [`AssemblyError::TokenizerMismatch`] when the budget
/// contradicts itself or the counter; [`AssemblyError::Tokenizer`] when a text cannot be counted.
pub fn assemble(
    candidates: &[Candidate],
    budget: &Budget,
    layout: &Layout,
    counter: &Counter,
) -> Result<Assembled, AssemblyError> {
    let room = room(budget, counter)?;
    let mut selection = Selection::new(candidates, room, layout, counter)?;
    let mut record = blank_record(budget, room, layout, counter)?;
    if let Some(needed) = selection.take_required(budget)? {
        record.items = refused_items(candidates, &selection.tokens);
        return Err(AssemblyError::RequiredOverBudget {
            needed,
            available: room.available,
            record: Box::new(record),
        });
    }
    selection.take_optional()?;

    let size = selection.joined.size();
    let framed = room.taken(size);
    let (text, messages) = join(&selection, &layout.separator);
    record.budget.used = size.tokens;
    record.budget.framing = budget.framing_per_message().map(|_| framed - size.tokens);
    record.budget.over = framed.checked_sub(room.available).filter(|over| *over > 0);
    record.text_bytes = Some(byte_count(text.len()));
    record.messages = messages;
    record.items = items(candidates, selection);
    Ok(Assembled {
        text: text.into(),
        record,
    })
}

/// What `budget` would have kept of the items of `record`. Nothing is recorded.
///
/// `item_texts` holds the whole text of every item by index, the dropped ones too.
///
/// # Errors
///
/// As [`assemble`], and [`AssemblyError::MissingText`] when there are fewer texts than items.
pub fn what_if(
    record: &AssemblyRecord,
    item_texts: &[Arc<str>],
    budget: &Budget,
    counter: &Counter,
) -> Result<Assembled, AssemblyError> {
    let candidates = record
        .items
        .iter()
        .enumerate()
        .map(|(at, item)| match item_texts.get(at) {
            Some(text) => Ok(Candidate::from_item(item, Arc::clone(text))),
            None => Err(AssemblyError::MissingText { index: item.index }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let layout = Layout {
        separator: record.separator.clone(),
        order: record.order,
    };
    assemble(&candidates, budget, &layout, counter)
}

fn room(budget: &Budget, counter: &Counter) -> Result<Room, AssemblyError> {
    let found = counter.tokenizer().name();
    if let Some(expected) = budget.tokenizer_name().filter(|name| *name != found) {
        return Err(AssemblyError::TokenizerMismatch {
            expected: expected.to_owned(),
            found: found.to_owned(),
        });
    }
    let available = budget
        .available()
        .ok_or(AssemblyError::ReserveExceedsLimit {
            limit: budget.limit(),
            reserve: budget.reserve(),
        })?;
    Ok(Room {
        available,
        per_message: budget.framing_per_message().unwrap_or(0),
    })
}

/// The record of an assembly before anything is decided.
fn blank_record(
    budget: &Budget,
    room: Room,
    layout: &Layout,
    counter: &Counter,
) -> Result<AssemblyRecord, AssemblyError> {
    Ok(AssemblyRecord {
        tokenizer: tokenizer_use(counter)?,
        budget: BudgetUse {
            limit: budget.limit(),
            reserve_output: budget.reserve(),
            available: room.available,
            used: 0,
            per_message: budget.framing_per_message(),
            framing: None,
            over: None,
        },
        separator: layout.separator.clone(),
        order: layout.order,
        items: Vec::new(),
        messages: Vec::new(),
        text_digest: None,
        text_bytes: None,
    })
}

fn tokenizer_use(counter: &Counter) -> Result<TokenizerUse, AssemblyError> {
    let name = |text| Name::new(text).map_err(AssemblyError::TokenizerName);
    Ok(TokenizerUse {
        name: name(counter.tokenizer().name())?,
        engine: name(counter.tokenizer().engine())?,
    })
}

fn join(selection: &Selection<'_>, separator: &str) -> (String, Vec<MessageSpan>) {
    let mut text = String::new();
    let mut messages: Vec<MessageSpan> = Vec::new();
    for (at, (_, block)) in selection.joined.blocks().enumerate() {
        if at > 0 {
            text.push_str(separator);
        }
        let start = byte_count(text.len());
        text.push_str(block.text());
        let end = byte_count(text.len());
        match messages.last_mut() {
            Some(span) if span.role == block.role() => span.range[1] = end,
            _ => messages.push(MessageSpan {
                role: block.role(),
                range: [start, end],
            }),
        }
    }
    (text, messages)
}

fn items(candidates: &[Candidate], selection: Selection<'_>) -> Vec<Item> {
    let fates = selection.tokens.into_iter().zip(selection.fates);
    (0..)
        .zip(candidates.iter().zip(fates))
        .map(|(index, (candidate, (tokens, fate)))| item(index, candidate, tokens, fate))
        .collect()
}

fn refused_items(candidates: &[Candidate], tokens: &[u64]) -> Vec<Item> {
    (0..)
        .zip(candidates.iter().zip(tokens))
        .map(|(index, (candidate, tokens))| {
            let reason = candidate.excluded.unwrap_or(CutReason::Budget);
            item(index, candidate, *tokens, Fate::Dropped(reason))
        })
        .collect()
}

fn item(index: u64, candidate: &Candidate, tokens: u64, fate: Fate) -> Item {
    let (verdict, reason, used_tokens, kept) = match fate {
        Fate::Whole => (Verdict::Included, None, tokens, Vec::new()),
        Fate::Cut { kept, tokens } => (Verdict::Truncated, Some(CutReason::Budget), tokens, kept),
        Fate::Dropped(reason) => (Verdict::Dropped, Some(reason), 0, Vec::new()),
    };
    Item {
        index,
        kind: candidate.kind,
        reference: candidate.reference.clone(),
        role: candidate.role,
        priority: candidate.priority,
        required: candidate.required,
        overflow: candidate.overflow,
        min_tokens: candidate.min_tokens,
        marker: candidate.marker.clone(),
        tokens,
        used_tokens,
        verdict,
        reason,
        kept,
        digest: None,
    }
}

fn byte_count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
