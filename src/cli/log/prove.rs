//! `contextrail log prove` and `contextrail log consistency`.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{OutputFormat, document, no_id};
use super::super::session::{Session, resolve};
use crate::log::Hash;
use crate::record::{Acknowledged, RecordId};

#[derive(Debug, clap::Args)]
#[command(after_help = PROVE_EXAMPLES)]
pub(in crate::cli) struct ProveArgs {
    /// The record, or the beginning of its id
    #[arg(value_name = "ID")]
    id: String,
    /// Only under a head that was attested so: checkpointed, witnessed or timestamped
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Acknowledged>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = CONSISTENCY_EXAMPLES)]
pub(in crate::cli) struct ConsistencyArgs {
    /// The size of the log that was seen first
    #[arg(value_name = "FROM")]
    from: u64,
    /// The size of the log that was seen later
    #[arg(value_name = "TO")]
    to: u64,
}

#[derive(Debug, Serialize)]
struct Proof {
    id: RecordId,
    index: u64,
    size: u64,
    path: Vec<String>,
    level: Acknowledged,
    checkpoint: String,
}

#[derive(Debug, Serialize)]
struct Consistency {
    from: u64,
    to: u64,
    path: Vec<String>,
}

pub(super) async fn prove(session: &Session, args: &ProveArgs) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let id = resolve(&trail, &args.id).await?;
    let stored = trail.read(id).await?;
    let stored =
        stored.ok_or_else(|| Failure::new(Exit::NotFound, format!("no record has the id {id}")))?;
    let proof = match args.level {
        Some(level) => trail.prove_at(&stored, level).await?,
        None => trail.prove(&stored).await?,
    };
    let text = match session.format {
        None | Some(OutputFormat::Table) => proof.to_string(),
        Some(OutputFormat::Id) => format!("{id}\n"),
        Some(format) => document(
            &Proof {
                id,
                index: proof.index(),
                size: proof.checkpoint().checkpoint().size(),
                path: in_base64(proof.path()),
                level: trail.notary().level(proof.index()).await,
                checkpoint: proof.checkpoint().to_string(),
            },
            format,
        )?,
    };
    write(&text)
}

pub(super) async fn consistency(
    session: &Session,
    args: &ConsistencyArgs,
) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let path = in_base64(&trail.consistency(args.from, args.to).await?);
    let text = match session.format {
        None | Some(OutputFormat::Table) => path.iter().map(|hash| format!("{hash}\n")).collect(),
        Some(OutputFormat::Id) => return Err(no_id()),
        Some(format) => document(
            &Consistency {
                from: args.from,
                to: args.to,
                path,
            },
            format,
        )?,
    };
    write(&text)
}

fn level(text: &str) -> Result<Acknowledged, String> {
    let levels = [
        Acknowledged::Checkpointed,
        Acknowledged::Witnessed,
        Acknowledged::Timestamped,
    ];
    let named = levels.into_iter().find(|level| level.as_str() == text);
    named.ok_or_else(|| "expected checkpointed, witnessed or timestamped".to_owned())
}

fn write(text: &str) -> Result<Exit, Failure> {
    let mut out = Session::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn in_base64(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| BASE64.encode(hash)).collect()
}

const PROVE_EXAMPLES: &str = "\
Examples:
  contextrail log prove 01948c9a-2b3e-7d4f-8e5a > context.tlog-proof
  contextrail log prove 01948c9a-2b3e-7d4f-8e5a --level witnessed
  contextrail log prove 01948c9a-2b3e-7d4f-8e5a -o json

Without --level it is the head that most stands behind; -o json says which level the record reached.
Exit code 3 when no head has the level asked for.";

const CONSISTENCY_EXAMPLES: &str = "\
Examples:
  contextrail log consistency 100 250";
