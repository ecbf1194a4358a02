//! `contextrail archive apply`.

use super::super::exit::{Exit, Failure};
use super::super::output::{List, Row};
use super::super::session::Session;
use super::super::table_text::moment;
use super::super::written;
use crate::trail::{ArchiveLine, Trail};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Only say which records would move
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    if args.dry_run {
        return plan(session).await;
    }
    session.must_exist()?;
    let trail = session.writer().await?;
    let done = apply(session, &trail).await;
    trail.close().await;
    done
}

async fn plan(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let plan = trail.archive_plan(session.now()).await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for line in &plan.records {
        list.push(line)?;
    }
    list.finish::<ArchiveLine>()?;
    Ok(Exit::Done)
}

async fn apply(session: &Session, trail: &Trail) -> Result<Exit, Failure> {
    let bar = session.progress("records moved to the archive");
    let shown = bar.clone();
    let moved = trail.archive_due(session.now(), move |done| shown.set_position(done));
    let moved = moved.await;
    bar.finish_and_clear();
    let ids: Vec<_> = moved?.iter().map(|it| it.head.id).collect();
    written::print(session, trail, &ids, true).await?;
    Ok(Exit::Done)
}

impl Row for ArchiveLine {
    const COLUMNS: &'static [&'static str] = &["id", "kind", "class", "time", "due since"];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.to_string(),
            self.class.to_string(),
            moment(self.at),
            moment(self.due_since),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  echo 'folder /mnt/archive' > contextrail.db.archive
  contextrail archive apply --dry-run
  contextrail archive apply

Due is what the retention policy in force gives hot_days, or the action archive. A record of the
kind `archive` is written for each segment. Stopped at any point, the next run goes on.";
