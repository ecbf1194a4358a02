//! `contextrail context assemble FILE`: a request in, a context record out.

use std::collections::BTreeMap;
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
use crate::cli::written;
use crate::codec::decode;
use crate::record::{
    Actor, Context, Digest, Door, Kind, RecordId, Request, RetrieverClass, Tenant, Timestamp,
};
use crate::trail::Trail;

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

/// What would have been recorded, as far as it is known without a place in a log and a seed.
#[derive(Serialize)]
struct Unrecorded<'a> {
    schema: &'static str,
    tenant: Tenant,
    recorded_at: Timestamp,
    actor: Actor,
    #[serde(flatten)]
    context: &'a Context,
    text: &'a str,
    texts: BTreeMap<String, &'a str>,
}

/// The texts of a request that have bare digests: the template, and shared documents.
fn shared_texts(request: &Request) -> BTreeMap<String, String> {
    let calls = request.retrievals.iter().flatten();
    let shared = calls.filter(|call| call.class == RetrieverClass::Shared);
    let documents = shared.flat_map(|call| &call.results).map(|it| &it.text);
    let template = request.template.iter().map(|it| &it.text);
    let texts = documents.chain(template);
    texts
        .map(|text| (Digest::sha256(text.as_bytes()).to_string(), text.clone()))
        .collect()
}

/// Those of `texts` that an export of the record would hold.
fn exported<'a>(
    context: &Context,
    texts: &'a BTreeMap<String, String>,
) -> BTreeMap<String, &'a str> {
    let items = context.assembly.iter().flat_map(|assembly| &assembly.items);
    let template = context.template.iter().filter_map(|used| used.digest);
    let digests = items.filter_map(|item| item.digest).chain(template);
    digests
        .filter_map(|digest| texts.get_key_value(&digest.to_string()))
        .map(|(digest, text)| (digest.clone(), text.as_str()))
        .collect()
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    if args.dry_run && session.format == Some(OutputFormat::Id) {
        return Err(no_id());
    }
    let input = Input::open(&args.file)?;
    let document = input.document()?;
    let request: Request = decode(&document).map_err(|error| input.refused(&error))?;
    let options = RequestOptions {
        environment: session.environment()?,
        ..RequestOptions::default()
    };
    if args.dry_run {
        let counts = Arc::new(CountCache::default());
        let texts = shared_texts(&request);
        let tried = dry_run(request, options, session.clock(), &counts).await;
        let (context, text) = tried.map_err(|error| input.failed(&document, error))?;
        return print_unrecorded(session, &context, &text, &texts);
    }
    let trail = session.writer().await?;
    let sink: Arc<dyn Sink> = Arc::new(trail.clone());
    let assembled = run_request(&sink, request, Door::Native, options).await;
    let printed = match assembled {
        Ok(context) => match print_recorded(session, &trail, context.id().into()).await {
            Err(failure) if failure.is_not_allowed() => {
                written::not_readable(&[context.id().into()])
            }
            printed => printed,
        },
        Err(error) => Err(input.failed(&document, error)),
    };
    trail.close().await;
    printed.map(|()| Exit::Done)
}

async fn print_recorded(session: &Session, trail: &Trail, id: RecordId) -> Result<(), Failure> {
    let stored = trail.read_kind(id, Kind::Context).await?;
    show::print(trail, &stored, format(session)).await
}

fn print_unrecorded(
    session: &Session,
    context: &Context,
    text: &str,
    texts: &BTreeMap<String, String>,
) -> Result<Exit, Failure> {
    let format = format(session);
    let printed = match format {
        OutputFormat::Table => super::sections::page(None, context),
        format => {
            let unrecorded = Unrecorded {
                schema: Kind::Context.schema(),
                tenant: Tenant::default(),
                recorded_at: session.now(),
                actor: Session::actor(),
                context,
                text,
                texts: exported(context, texts),
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
