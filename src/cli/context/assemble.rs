//! `contextrail context assemble FILE`: a request in, a context record out.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::assembly::CountCache;
use crate::capture::{RequestOptions, Sink, dry_run, run_request};
use crate::cli::exit::{Exit, Failure};
use crate::cli::input::Input;
use crate::cli::output::{OutputFormat, document, no_id};
use crate::cli::session::Session;
use crate::codec::decode;
use crate::record::{Context, Door, Kind, Request};

use super::show;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The request, JSON or YAML; `-` for standard input
    file: PathBuf,
    /// Record nothing, and open no trail
    #[arg(long)]
    dry_run: bool,
}

/// What would have been recorded.
#[derive(Serialize)]
struct Unrecorded<'a> {
    schema: &'static str,
    #[serde(flatten)]
    context: &'a Context,
    text: &'a str,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let input = Input::open(&args.file)?;
    let request: Request = decode(&input.document()?).map_err(|error| input.refused(&error))?;
    let options = RequestOptions {
        environment: session.environment()?,
        ..RequestOptions::default()
    };
    if args.dry_run {
        return try_out(session, request, options).await;
    }
    let trail = session.writer().await?;
    let sink: Arc<dyn Sink> = Arc::new(trail.clone());
    let assembled = run_request(&sink, request, Door::Native, options).await;
    let printed = match assembled {
        Ok(context) => {
            let stored = trail.read_kind(context.id().into(), Kind::Context).await?;
            show::print(&trail, &stored, format(session)).await
        }
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    printed.map(|()| Exit::Done)
}

async fn try_out(
    session: &Session,
    request: Request,
    options: RequestOptions,
) -> Result<Exit, Failure> {
    let counts = Arc::new(CountCache::default());
    let (context, text) = dry_run(request, options, session.clock(), &counts).await?;
    let format = format(session);
    let printed = match format {
        OutputFormat::Id => return Err(no_id()),
        OutputFormat::Table => super::sections::page(None, &context),
        format => {
            let unrecorded = Unrecorded {
                schema: Kind::Context.schema(),
                context: &context,
                text: &text,
            };
            document(&unrecorded, format)?
        }
    };
    let mut out = Session::stdout();
    out.write_all(printed.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn format(session: &Session) -> OutputFormat {
    session.format.unwrap_or(OutputFormat::Json)
}

const EXAMPLES: &str = "\
Examples:
  contextrail context assemble request.yaml
  contextrail context assemble request.yaml --dry-run -o table
  generate-request | contextrail context assemble - -o id";
