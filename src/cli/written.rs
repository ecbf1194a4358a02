//! What was just recorded, printed as the trail has it.

use std::io::Write as _;

use super::context::one;
use super::exit::{Exit, Failure};
use super::output::{List, OutputFormat};
use super::plain;
use super::session::{Session, warn};
use super::table_text::moment;
use crate::record::{Body, RecordId};
use crate::trail::{Stored, Trail};

/// Prints the full records with these ids: an object, or a list of `several`.
pub(super) async fn print(
    session: &Session,
    trail: &Trail,
    ids: &[RecordId],
    several: bool,
) -> Result<(), Failure> {
    match print_read(session, trail, ids, several).await {
        Err(failure) if failure.is_not_allowed() => not_readable(ids),
        printed => printed,
    }
}

/// Prints the ids of what is recorded, and may not be read back.
pub(super) fn not_readable(ids: &[RecordId]) -> Result<(), Failure> {
    let mut out = Session::stdout();
    for id in ids {
        writeln!(out, "{id}")?;
    }
    out.flush()?;
    warn("recorded; the token may not read it back");
    Ok(())
}

async fn print_read(
    session: &Session,
    trail: &Trail,
    ids: &[RecordId],
    several: bool,
) -> Result<(), Failure> {
    let format = session.format();
    let mut out = Session::stdout();
    let mut records = Vec::new();
    for id in ids {
        let stored = trail.read(*id).await?;
        records.push(stored.ok_or_else(|| {
            Failure::new(
                Exit::Storage,
                format!("{id} was recorded and cannot be found"),
            )
        })?);
    }
    if format == OutputFormat::Table {
        let lines: String = records.iter().map(line).collect();
        out.write_all(lines.as_bytes())?;
        return Ok(out.flush()?);
    }
    if !several && let [stored] = records.as_slice() {
        let exported = trail.export(stored, true).await?;
        out.write_all(one(&exported, format)?.as_bytes())?;
        return Ok(out.flush()?);
    }
    let mut list = List::new(&mut out, format);
    for stored in &records {
        let exported = trail.export(stored, true).await?;
        list.push_value(&exported, || stored.id().to_string())?;
    }
    list.finish_values()
}

fn line(stored: &Stored) -> String {
    let record = stored.record();
    let what = match &record.body {
        Body::Decision(decision) => format!("{}: {}", decision.subject, decision.outcome),
        Body::Review(review) => format!("of {}", review.decision),
        Body::Outcome(outcome) => format!("{} after {}", outcome.kind, outcome.decision),
        Body::Hold(hold) => format!("matter {} on {}", hold.matter, hold.target),
        Body::Release(release) => format!("of {}", release.hold),
        Body::Policy(policy) => policy.id().to_string(),
        Body::Token(token) => format!("{} for {}", token.role, token.holder.id),
        Body::Archive(archival) => format!("{} records in {}", archival.records, archival.segment),
        Body::Artifact(artifact) => artifact.id().to_string(),
        Body::Approval(it) => format!("of {} as {}", it.artifact, it.role),
        Body::Retirement(it) => format!("of {}", it.artifact),
        Body::Deployment(it) => format!("in {}", it.environment),
        Body::Kpi(kpi) => format!("{} {}", kpi.metric, kpi.value.as_number()),
        Body::Check(check) => format!("of {}: passed {}", check.of.as_str(), check.passed),
        _ => String::new(),
    };
    format!(
        "recorded {} {} at {}  {}\n",
        record.kind(),
        stored.id(),
        moment(record.head.recorded_at),
        plain::line(&what)
    )
}
