//! `contextrail review add`: a person's verdict on a decision.

use clap::{Subcommand, ValueEnum};

use super::exit::{Exit, Failure};
use super::session::{Session, resolve};
use super::written;
use crate::record::{Name, Receipt, ReviewVerdict};
use crate::trail::{Trail, TrailError};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Record a review; an override records the new decision with it
    Add(Args),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The decision, or the first 8 characters or more of its id
    decision: String,
    /// Who reviews
    #[arg(long, value_name = "WHO")]
    by: Name,
    /// The verdict
    #[arg(long, value_name = "V", value_enum)]
    verdict: Verdict,
    /// The code of the reason
    #[arg(long, value_name = "CODE")]
    reason: Name,
    /// The reviewer's words
    #[arg(long)]
    note: Option<String>,
    /// The new outcome; an override has one, and no other verdict
    #[arg(long, value_name = "O", required_if_eq("verdict", "override"))]
    outcome: Option<Name>,
    /// The reviewer's role
    #[arg(long, value_name = "R")]
    role: Option<Name>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    Approve,
    Override,
    Reject,
    Escalate,
}

impl From<Verdict> for ReviewVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approve => Self::Approve,
            Verdict::Override => Self::Override,
            Verdict::Reject => Self::Reject,
            Verdict::Escalate => Self::Escalate,
        }
    }
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let Verb::Add(args) = verb;
    let trail = session.writer().await?;
    let printed = add(session, &trail, args).await;
    trail.close().await;
    printed.map(|()| Exit::Done)
}

async fn add(session: &Session, trail: &Trail, args: Args) -> Result<(), Failure> {
    let decision = resolve(trail, &args.decision).await?;
    let receipt = record(trail, decision.into(), args).await?;
    written::print(session, trail, &[receipt.id], false).await
}

async fn record(
    trail: &Trail,
    decision: crate::record::DecisionId,
    args: Args,
) -> Result<Receipt, TrailError> {
    let mut review = trail
        .review(decision)
        .by(args.by.as_str())
        .reason_code(args.reason.as_str());
    if let Some(role) = args.role {
        review = review.role(role);
    }
    let reviewed = review
        .verdict(args.verdict.into(), args.note, args.outcome)
        .await?;
    Ok(reviewed.receipt)
}

const EXAMPLES: &str = "\
Examples:
  contextrail review add 01948c9b --by officer_7 --verdict approve --reason file_complete
  contextrail review add 01948c9b --by officer_7 --verdict override --outcome approved \\
    --reason payslip_verified --note 'payslip checked' --role underwriter";
