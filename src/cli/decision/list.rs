//! `contextrail decision list`.

use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::summary::DecisionSummary;
use crate::cli::window::{Between, Window};
use crate::record::Kind;
use crate::trail::Search;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    between: Between,
    #[command(flatten)]
    window: Window,
}

#[expect(
    clippy::field_reassign_with_default,
    reason = "a search has a private field, so it cannot be written as a literal"
)]
pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let now = session.now();
    let trail = session.reader().await?;
    let mut search = Search::default();
    search.kind = Some(Kind::Decision);
    search.since = args.between.since(now);
    search.until = args.between.until(now);
    search.after = args.window.after(&trail).await?;
    let pages = trail.search(search).await?;
    args.window
        .print(session, pages, DecisionSummary::of)
        .await?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail decision list
  contextrail decision list --since yesterday -o json
  contextrail decision list --limit 100 --after 01948c9b";
