//! `contextrail retention plan`.

use std::io::Write as _;
use std::path::PathBuf;

use super::super::exit::{Exit, Failure};
use super::super::output::{List, OutputFormat, Row, document};
use super::super::session::Session;
use super::super::table_text::moment;
use super::read_policy;
use crate::record::Timestamp;
use crate::trail::{PlanLine, PlanState};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Plan by the policy in this file, and not the one in force
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Only the records whose action is due
    #[arg(long)]
    due: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let policy = match &args.policy {
        Some(path) => read_policy(path)?,
        None => trail.retention_policy().await?,
    };
    let mut plan = trail.retention_plan(session.now(), &policy).await?;
    if args.due {
        plan.lines.retain(|it| it.state == PlanState::Due);
    }
    let mut out = Session::stdout();
    // One document says by which policy and when; lines, ids and a table are the records alone.
    if let format @ (OutputFormat::Json | OutputFormat::Yaml) = session.format() {
        out.write_all(document(&plan, format)?.as_bytes())?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let mut list = List::new(&mut out, session.format());
    for line in &plan.lines {
        list.push(line)?;
    }
    list.finish::<PlanLine>()?;
    Ok(Exit::Done)
}

impl Row for PlanLine {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "kind",
        "class",
        "state",
        "floor until",
        "expires",
        "action",
        "archive",
        "held for",
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        let time = |at: Option<Timestamp>| at.map_or_else(String::new, moment);
        let holds = self.holds.iter().map(|hold| {
            let owner = hold.owner.as_ref().map(|it| format!(", owner {it}"));
            let review = hold.review_at.map(|at| format!(", review {}", moment(at)));
            let (owner, review) = (owner.unwrap_or_default(), review.unwrap_or_default());
            format!("{}{owner}{review}", hold.matter)
        });
        vec![
            self.id.to_string(),
            self.kind.to_string(),
            self.class.to_string(),
            self.state.as_str().to_owned(),
            time(self.floor_until),
            time(self.expires_at),
            self.action.map_or("", |it| it.as_str()).to_owned(),
            match self.is_archived {
                true => "archived".to_owned(),
                false => time(self.archive_at),
            },
            holds.collect::<Vec<_>>().join("; "),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail retention plan
  contextrail retention plan --due -o id
  contextrail retention plan --policy next.yaml -o json";
