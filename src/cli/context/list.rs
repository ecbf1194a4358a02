//! `contextrail context list`: find contexts.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::summary::ContextSummary;
use crate::cli::window::{Between, Window};
use crate::record::{ContextStatus, EntityRef, FreshnessStatus, Name, UsedRef};
use crate::trail::ContextFilter;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// About this entity, type:id
    #[arg(long, value_name = "T:ID")]
    entity: Option<EntityRef>,
    /// Leading to a decision on this business key, type:id
    #[arg(long, value_name = "T:ID")]
    decision: Option<EntityRef>,
    /// With this name
    #[arg(long, value_name = "N")]
    name: Option<Name>,
    /// Ended like this
    #[arg(long, value_name = "S", value_parser = statuses())]
    status: Option<ContextStatus>,
    /// Having used this: feature, document, index, template, model, guardrail or policy
    #[arg(long, value_name = "KIND:REF[@VERSION]")]
    used: Option<UsedRef>,
    /// As fresh as this
    #[arg(long, value_name = "S", value_parser = freshness())]
    freshness: Option<FreshnessStatus>,
    /// From this environment
    #[arg(long, value_name = "E")]
    environment: Option<Name>,
    #[command(flatten)]
    between: Between,
    #[command(flatten)]
    window: Window,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let now = session.now();
    let trail = session.reader().await?;
    let filter = ContextFilter {
        entity: args.entity,
        decision: args.decision,
        name: args.name,
        status: args.status,
        used: args.used,
        freshness: args.freshness,
        environment: args.environment,
        since: args.between.since(now),
        until: args.between.until(now),
        after: args.window.after(&trail).await?,
    };
    let pages = trail.contexts(filter).await?;
    args.window
        .print(session, pages, ContextSummary::of)
        .await?;
    Ok(Exit::Done)
}

fn statuses() -> impl clap::builder::TypedValueParser<Value = ContextStatus> {
    PossibleValuesParser::new(ContextStatus::ALL.map(ContextStatus::as_str)).try_map(|word| {
        let mut all = ContextStatus::ALL.into_iter();
        all.find(|status| status.as_str() == word).ok_or("unknown")
    })
}

fn freshness() -> impl clap::builder::TypedValueParser<Value = FreshnessStatus> {
    PossibleValuesParser::new(FreshnessStatus::ALL.map(FreshnessStatus::as_str)).try_map(|word| {
        let mut all = FreshnessStatus::ALL.into_iter();
        all.find(|status| status.as_str() == word).ok_or("unknown")
    })
}

const EXAMPLES: &str = "\
Examples:
  contextrail context list --entity applicant:user_456
  contextrail context list --status refused --since 7d
  contextrail context list --used document:doc_456#chunk_abc@7 -o id
  contextrail context list --limit 100 --after 01948c9a-2b3e-7d4f-8e5a";
