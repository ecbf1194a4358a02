//! `contextrail rebuild`: the projections, made anew.

use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::session::Session;

#[derive(Debug, Serialize)]
struct Rebuilt {
    records: u64,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    session.must_exist()?;
    let trail = session.writer().await?;
    let rebuilt = trail.rebuild().await;
    trail.close().await;
    let rebuilt = Rebuilt { records: rebuilt? };
    single(&mut Session::stdout(), &rebuilt, session.format())?;
    Ok(Exit::Done)
}

impl Page for Rebuilt {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        format!(
            "the lookup tables of {} records were made anew\n",
            self.records
        )
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail rebuild
  contextrail rebuild && contextrail verify";
