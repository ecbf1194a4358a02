//! `contextrail context what-if ID`: what another budget would have kept.

use std::sync::Arc;

use serde::Serialize;

use super::context;
use crate::assembly::{AssemblyError, Budget, Counter, tokenizer, what_if};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Page, single, table};
use crate::cli::session::Session;
use crate::cli::table_text::word;
use crate::record::{
    AssemblyRecord, BudgetUse, CutReason, Item, ItemKind, Name, RecordId, TokenizerUse, Verdict,
};
use crate::trail::{Stored, Trail};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The context, or the first 8 characters or more of its id
    id: String,
    /// The token limit to try
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: u64,
    /// The tokenizer to count with; that of the context when left out
    #[arg(long, value_name = "T")]
    tokenizer: Option<String>,
}

/// What another budget would have kept.
#[derive(Debug, Serialize)]
struct Tried {
    id: RecordId,
    tokenizer: TokenizerUse,
    budget: BudgetUse,
    before: BudgetUse,
    items: Vec<TriedItem>,
}

#[derive(Debug, Serialize)]
struct TriedItem {
    index: u64,
    kind: ItemKind,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Name>,
    tokens: u64,
    used_tokens: u64,
    verdict: Verdict,
    before: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<CutReason>,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let stored = context(&trail, &args.id).await?;
    let assembly = stored
        .context()
        .and_then(|context| context.assembly.as_ref());
    let Some(before) = assembly else {
        return Err(
            Failure::usage(format!("{} was never assembled", stored.id()))
                .try_next(format!("contextrail context show {}", stored.id())),
        );
    };
    let texts = texts(&trail, &stored).await?;
    let after = try_budget(before, &texts, args)?;
    let tried = Tried {
        id: stored.id(),
        tokenizer: after.tokenizer,
        budget: after.budget,
        before: before.budget,
        items: after
            .items
            .into_iter()
            .zip(&before.items)
            .map(compared)
            .collect(),
    };
    single(&mut Session::stdout(), &tried, session.format())?;
    Ok(Exit::Done)
}

async fn texts(trail: &Trail, stored: &Stored) -> Result<Vec<Arc<str>>, Failure> {
    let texts = trail.item_texts(stored).await?;
    texts
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| {
            let what = format!("the items of {} cannot be counted again", stored.id());
            Failure::new(Exit::Incomplete, what)
                .because("their texts are not stored in this trail")
                .try_next(format!("contextrail context show {}", stored.id()))
        })
}

fn try_budget(
    before: &AssemblyRecord,
    texts: &[Arc<str>],
    args: &Args,
) -> Result<AssemblyRecord, Failure> {
    let name = args
        .tokenizer
        .as_deref()
        .unwrap_or(before.tokenizer.name.as_str());
    let counter = tokenizer(name)
        .map(Counter::new)
        .map_err(|error| Failure::usage(error.to_string()).try_next("--tokenizer o200k_base"))?;
    let mut budget = Budget::tokens(args.limit).reserve_output(before.budget.reserve_output);
    if let Some(tokens) = before.budget.per_message {
        budget = budget.per_message(tokens);
    }
    match what_if(before, texts, &budget, &counter) {
        Ok(assembled) => Ok(assembled.record),
        Err(AssemblyError::RequiredOverBudget {
            needed, available, ..
        }) => {
            let what = format!("a limit of {} would have been refused", args.limit);
            Err(Failure::new(Exit::Refused, what)
                .because(format!(
                    "the required items need {needed} tokens and {available} are available"
                ))
                .try_next(format!("--limit {}", needed + before.budget.reserve_output)))
        }
        Err(error) => Err(error.into()),
    }
}

fn compared((after, before): (Item, &Item)) -> TriedItem {
    TriedItem {
        index: after.index,
        kind: after.kind,
        reference: after.reference,
        tokens: after.tokens,
        used_tokens: after.used_tokens,
        verdict: after.verdict,
        before: before.verdict,
        reason: after.reason,
    }
}

impl Page for Tried {
    fn id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn page(&self) -> String {
        let rows: Vec<Vec<String>> = self.items.iter().map(row).collect();
        format!(
            "{}\n{} of {} tokens used instead of {} of {}\n",
            table(&COLUMNS, &rows),
            self.budget.used,
            self.budget.available,
            self.before.used,
            self.before.available
        )
    }
}

fn row(item: &TriedItem) -> Vec<String> {
    vec![
        item.index.to_string(),
        word(&item.kind),
        item.reference
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        item.tokens.to_string(),
        item.used_tokens.to_string(),
        word(&item.before),
        word(&item.verdict),
        item.reason.as_ref().map(word).unwrap_or_default(),
    ]
}

const COLUMNS: [&str; 8] = [
    "#", "kind", "ref", "tokens", "used", "before", "now", "reason",
];

const EXAMPLES: &str = "\
Examples:
  contextrail context what-if 01948c9a-2b3e-7d4f-8e5a --limit 2000
  contextrail context what-if 01948c9a-2b3e-7d4f-8e5a --limit 2000 --tokenizer cl100k_base -o json";
