//! `contextrail kpi log`.

use std::io::Write as _;
use std::path::PathBuf;

use tokio::task::JoinSet;

use super::super::exit::{Exit, Failure};
use super::super::input::Input;
use super::super::session::Session;
use super::super::written;
use crate::codec::{Format, Node, read_json_lines};
use crate::govern::read_kpi;
use crate::record::{Actor, ActorMethod, Kpi, RecordId};
use crate::trail::{Trail, TrailError};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// One value or a list of them, in JSON, YAML or JSON lines; `-` for standard input
    file: PathBuf,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let input = Input::open(&args.file)?;
    // Everything is read before the first is recorded.
    let values = read(session, &input, args)?;
    if values.is_empty() {
        return Err(Failure::usage("there is no value in the file"));
    }
    let trail = session.writer().await?;
    let logged = log(session, &trail, values).await;
    let done = match logged {
        Ok(ids) if ids.len() == 1 => written::print(session, &trail, &ids, false).await,
        Ok(ids) => say(ids.len()),
        Err(failure) => Err(failure),
    };
    trail.close().await;
    done.map(|()| Exit::Done)
}

type Value = (Kpi, Option<Actor>);

fn read(session: &Session, input: &Input, args: &Args) -> Result<Vec<Value>, Failure> {
    let now = session.now();
    let value = |node: &Node| -> Result<Value, Failure> {
        let (head, kpi) = read_kpi(node, now).map_err(|error| input.refused(&error))?;
        let actor = head.actor.map(|it| Actor {
            method: ActorMethod::Asserted,
            ..it
        });
        Ok((kpi, actor))
    };
    if Format::detect(&args.file, &input.bytes) == Format::JsonLines {
        let lines = read_json_lines(&input.bytes);
        let lines = lines.map(|line| line.map_err(|error| input.refused(&error)));
        return lines.map(|line| value(&line?)).collect();
    }
    let records = input.document()?.into_records();
    records.iter().map(value).collect()
}

/// Records all of them, many at a time; how many are recorded is said when one is not.
async fn log(
    session: &Session,
    trail: &Trail,
    values: Vec<Value>,
) -> Result<Vec<RecordId>, Failure> {
    let bar = session.progress("recording");
    let mut under_way: JoinSet<Result<RecordId, TrailError>> = JoinSet::new();
    let mut ids = Vec::with_capacity(values.len());
    let mut failed = None;
    for (kpi, actor) in values {
        if under_way.len() >= UNDER_WAY
            && let Some(done) = under_way.join_next().await
        {
            take(done, &mut ids, &mut failed);
            bar.inc(1);
        }
        if failed.is_some() {
            break;
        }
        let trail = trail.clone();
        under_way.spawn(async move { Ok(trail.log_kpi(kpi, actor).await?.id) });
    }
    while let Some(done) = under_way.join_next().await {
        take(done, &mut ids, &mut failed);
    }
    bar.finish_and_clear();
    match failed {
        None => Ok(ids),
        Some(failure) if ids.is_empty() => Err(failure),
        Some(failure) => {
            Err(failure.because(format!("{} others are recorded, and stay", ids.len())))
        }
    }
}

fn take(
    done: Result<Result<RecordId, TrailError>, tokio::task::JoinError>,
    ids: &mut Vec<RecordId>,
    failed: &mut Option<Failure>,
) {
    match done {
        Ok(Ok(id)) => ids.push(id),
        Ok(Err(error)) => drop(failed.get_or_insert(error.into())),
        Err(error) => {
            let failure = Failure::new(Exit::Unexpected, "a value was not recorded");
            failed.get_or_insert(failure.because(error.to_string()));
        }
    }
}

fn say(count: usize) -> Result<(), Failure> {
    let mut out = Session::stdout();
    writeln!(out, "{{\"recorded\":{count}}}")?;
    Ok(out.flush()?)
}

const UNDER_WAY: usize = 512;

const EXAMPLES: &str = "\
Examples:
  contextrail kpi log kpis.jsonl
  echo '{\"metric\": \"fairness_gap\", \"value\": 0.013, \"slices\": {\"region\": \"EU\"},
    \"versions\": {\"model\": \"credit_model@2.1.0\"}, \"window\": \"1d\", \"count\": 200}' | contextrail kpi log -";
