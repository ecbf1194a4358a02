//! `contextrail demo`: the loan example, from any folder.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;

use super::exit::{Exit, Failure};
use super::session::Session;
use crate::capture::BoxError;
use crate::trail::Trail;

/// Where a demonstration says what it does.
pub type DemoOutput<'a> = &'a mut (dyn Write + Send);

/// A demonstration under way.
pub type DemoRun<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

/// A demonstration: so many contexts and decisions recorded in a trail, and told about. The address
/// of the trail is given when it is not the one that commands take by themselves.
pub type Demo = for<'a> fn(&'a Trail, u32, Option<&'a str>, DemoOutput<'a>) -> DemoRun<'a>;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// How many applicants to decide about
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    count: u32,
}

pub(super) async fn run(session: &Session, args: &Args, demo: Demo) -> Result<Exit, Failure> {
    let trail = session.writer().await?;
    let mut out = Session::stdout();
    let told = demo(&trail, args.count, session.named_url(), &mut out).await;
    trail.close().await;
    told.map_err(|error| Failure::new(Exit::Unexpected, error.to_string()))?;
    out.flush()?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail demo
  contextrail demo --count 100 --trail sqlite://loans.db";
