//! `contextrail subject erase T:ID`.

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{List, Page, Row, single};
use super::super::person::person;
use super::super::plain;
use super::super::session::Session;
use crate::record::{EntityRef, Kind, Name, Receipt, Record, RecordId};
use crate::trail::{Erased, PlannedRecord, Trail};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Whose values go, type:id
    #[arg(value_name = "T:ID")]
    entity: EntityRef,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Who approves; give it twice, for two people
    #[arg(long, value_name = "WHO", required_unless_present = "dry_run")]
    approved_by: Vec<Name>,
    /// Show what would go, and take nothing away
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    if args.dry_run {
        let trail = session.reader().await?;
        return plan(session, &trail, &args.entity).await;
    }
    session.must_exist()?;
    let trail = session.writer().await?;
    let approvers = args.approved_by.into_iter().map(person);
    let reason = args.reason.unwrap_or_default();
    let erased = trail
        .erase(&args.entity, &reason, approvers.collect())
        .await;
    trail.close().await;
    let certificate = Certificate::of(erased?);
    single(&mut Session::stdout(), &certificate, session.format())?;
    Ok(Exit::Done)
}

async fn plan(session: &Session, trail: &Trail, entity: &EntityRef) -> Result<Exit, Failure> {
    let plan = trail.erasure_plan(entity).await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for planned in &plan.records {
        list.push(&Line::of(planned))?;
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

/// A record of which values would go.
#[derive(Debug, Serialize)]
struct Line {
    id: RecordId,
    kind: Kind,
    log_index: u64,
    paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_by: Option<String>,
}

impl Line {
    fn of(planned: &PlannedRecord) -> Self {
        Self {
            id: planned.id,
            kind: planned.kind,
            log_index: planned.log_index,
            paths: planned.paths.clone(),
            others: planned.others.iter().map(ToString::to_string).collect(),
            kept_by: planned.kept.as_ref().map(ToString::to_string),
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["index", "kind", "id", "values", "also about", "kept by"];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.log_index.to_string(),
            self.kind.to_string(),
            self.id.to_string(),
            self.paths.len().to_string(),
            self.others.join(", "),
            self.kept_by.clone().unwrap_or_default(),
        ]
    }
}

/// What proves that an erasure was done.
#[derive(Debug, Serialize)]
struct Certificate {
    certificate: &'static str,
    record: Record,
    receipt: Receipt,
    /// The C2SP tlog-proof that the record is in the log.
    proof: String,
    meaning: &'static str,
}

impl Certificate {
    fn of(erased: Erased) -> Self {
        Self {
            certificate: "contextrail.erasure-certificate/1",
            record: erased.record,
            receipt: erased.receipt,
            proof: erased.proof.to_string(),
            meaning: MEANING,
        }
    }
}

impl Page for Certificate {
    fn id(&self) -> Option<String> {
        Some(self.receipt.id.to_string())
    }

    fn page(&self) -> String {
        let crate::record::Body::Erasure(erasure) = &self.record.body else {
            return String::new();
        };
        let approvers = erasure.approved_by.iter();
        let approvers: Vec<String> = approvers.map(|it| it.id.to_string()).collect();
        format!(
            "erased\n  record    {}\n  at        {}\n  values    in {} slots of records, {} keys destroyed\n  reason    {}\n  approved  {}\n  {MEANING}\n\n{}",
            self.receipt.id,
            self.record.head.recorded_at,
            erasure.slots.len(),
            erasure.keys,
            plain::line(&erasure.reason),
            plain::line(&approvers.join(", ")),
            self.proof,
        )
    }
}

const MEANING: &str = "The keys and the encrypted values are gone from the database and its log; the commitments to the values stay, so that earlier proofs hold. Copies made before are not reached: rotate the key of the tenant and destroy its epoch to end what they can still read.";

const EXAMPLES: &str = "\
Examples:
  contextrail subject erase applicant:user_456 --dry-run
  contextrail subject erase applicant:user_456 --reason 'request of 3 May' --approved-by anna --approved-by ben";
