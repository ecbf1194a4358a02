//! `contextrail used KIND:REF[@VERSION]`.

use super::exit::{Exit, Failure};
use super::output::List;
use super::session::Session;
use super::summary::AnySummary;
use super::window::Window;
use crate::record::UsedRef;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What was used: feature, document, index, template, model, guardrail or policy
    #[arg(value_name = "KIND:REF[@VERSION]")]
    used: UsedRef,
    #[command(flatten)]
    window: Window,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let after = args.window.after(&trail).await?;
    let found = trail.used(&args.used, after, args.window.limit()).await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for stored in &found {
        list.push(&AnySummary::of(stored))?;
    }
    list.finish::<AnySummary>()?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail used document:doc_456
  contextrail used document:doc_456#chunk_abc@7 -o json
  contextrail used template:loan_prompt@1.3.0 --all -o id";
