//! `contextrail demo`: the loan example, from any folder.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;

use super::exit::{Exit, Failure};
use super::output::{List, OutputFormat};
use super::session::Session;
use super::summary::AnySummary;
use crate::capture::{BoxError, CaptureError};
use crate::trail::{Trail, TrailError};

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
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000), allow_negative_numbers = true)]
    count: u32,
}

pub(super) async fn run(session: &Session, args: &Args, demo: Demo) -> Result<Exit, Failure> {
    let trail = session.writer().await?;
    let told = match session.format {
        None | Some(OutputFormat::Table) => {
            let mut out = Session::stdout();
            let told = tell(session, &trail, args.count, demo, &mut out).await;
            told.and_then(|()| Ok(out.flush()?))
        }
        Some(format) => list(session, &trail, args.count, demo, format).await,
    };
    trail.close().await;
    told.map(|()| Exit::Done)
}

async fn tell(
    session: &Session,
    trail: &Trail,
    count: u32,
    demo: Demo,
    out: DemoOutput<'_>,
) -> Result<(), Failure> {
    demo(trail, count, session.named_url().as_deref(), out)
        .await
        .map_err(failed)
}

/// What stopped the demonstration, as the commands say it that do the same.
fn failed(error: BoxError) -> Failure {
    let error = match error.downcast::<CaptureError>() {
        Ok(error) => return (*error).into(),
        Err(error) => error,
    };
    match error.downcast::<TrailError>() {
        Ok(error) => (*error).into(),
        Err(error) => Failure::new(Exit::Unexpected, error.to_string()),
    }
}

/// Prints summaries of what was recorded instead of the tale, newest first.
async fn list(
    session: &Session,
    trail: &Trail,
    count: u32,
    demo: Demo,
    format: OutputFormat,
) -> Result<(), Failure> {
    let before = trail.status().await?.size;
    tell(session, trail, count, demo, &mut std::io::sink()).await?;
    let after = trail.status().await?.size;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, format);
    if after > before {
        let recorded = trail.read_range(before, after - 1).await?;
        for stored in recorded.iter().rev() {
            list.push(&AnySummary::of(stored))?;
        }
    }
    list.finish::<AnySummary>()
}

const EXAMPLES: &str = "\
Examples:
  contextrail demo
  contextrail demo --count 100 --trail sqlite://loans.db
  contextrail demo --count 3 -o json";
