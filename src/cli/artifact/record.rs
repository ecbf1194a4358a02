//! `contextrail artifact register`, `approve` and `retire`.

use std::path::PathBuf;

use super::super::exit::{Exit, Failure};
use super::super::input::Input;
use super::super::output::single;
use super::super::person::person;
use super::super::session::{Session, warn};
use super::super::written;
use crate::codec::{Format, read};
use crate::govern::{ArtifactView, advise, read_artifact};
use crate::record::{Actor, ArtifactRef, Name, RiskTier};
use crate::trail::Trail;

#[derive(Debug, clap::Args)]
#[command(after_help = REGISTER_EXAMPLES)]
pub(in crate::cli) struct RegisterArgs {
    /// The artifact, in YAML or JSON, or an objective by itself; `-` for standard input
    file: PathBuf,
    /// The name of an objective whose file has no `objective_id`
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// How much is at stake with an objective that stands by itself: high asks for two people
    #[arg(long, value_name = "RATING", value_enum)]
    rating: Option<Rating>,
    /// Who wrote it; who runs this when left out
    #[arg(long, value_name = "WHO")]
    author: Option<Name>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Rating {
    High,
    Medium,
    Low,
}

impl From<Rating> for RiskTier {
    fn from(rating: Rating) -> Self {
        match rating {
            Rating::High => Self::High,
            Rating::Medium => Self::Medium,
            Rating::Low => Self::Low,
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = APPROVE_EXAMPLES)]
pub(in crate::cli) struct ApproveArgs {
    /// The version
    #[arg(value_name = "KIND:NAME@V")]
    reference: ArtifactRef,
    /// In what role
    #[arg(long, value_name = "R")]
    role: Name,
    /// A note
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Who approves; who runs this when left out
    #[arg(long, value_name = "WHO")]
    by: Option<Name>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = RETIRE_EXAMPLES)]
pub(in crate::cli) struct RetireArgs {
    /// The version
    #[arg(value_name = "KIND:NAME@V")]
    reference: ArtifactRef,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who retires it; who runs this when left out
    #[arg(long, value_name = "WHO")]
    by: Option<Name>,
}

pub(super) async fn register(session: &Session, args: RegisterArgs) -> Result<Exit, Failure> {
    let input = Input::open(&args.file)?;
    let document = read(&input.bytes, Format::detect(&args.file, &input.bytes))
        .map_err(|error| input.refused(&advise(&input.bytes, error)))?;
    let author = args.author.map_or_else(Session::actor, person);
    let file = read_artifact(&document, args.name.as_ref(), &author)
        .map_err(|error| input.refused(&error))?;
    let mut artifact = file.artifact;
    let rating = args.rating.map(RiskTier::from);
    match (rating, artifact.risk_rating) {
        (Some(given), Some(own)) if given != own => {
            return Err(Failure::usage(format!(
                "the file says risk_rating: {}, and --rating another",
                own.as_str()
            )));
        }
        (given, own) => artifact.risk_rating = own.or(given),
    }
    if document.member("author").is_some() {
        // A name in a file is what its writer states.
        artifact.author.method = crate::record::ActorMethod::Asserted;
    }
    for warning in &file.warnings {
        warn(&format!("note: {warning}"));
    }
    let trail = session.writer().await?;
    let done = put(session, &trail, artifact, file.head.actor).await;
    trail.close().await;
    done.map(|()| Exit::Done)
}

async fn put(
    session: &Session,
    trail: &Trail,
    artifact: crate::record::Artifact,
    actor: Option<Actor>,
) -> Result<(), Failure> {
    let id = artifact.id();
    let actor = actor.map(|it| Actor {
        method: crate::record::ActorMethod::Asserted,
        ..it
    });
    match trail.register(artifact, actor).await? {
        Some(receipt) => written::print(session, trail, &[receipt.id], false).await,
        None => {
            let registry = trail.registry().await?;
            let known = registry.resolve(&id.to_string(), session.now())?;
            let view = ArtifactView::of(&registry, known, session.now());
            single(&mut Session::stdout(), &view, session.format())
        }
    }
}

pub(super) async fn approve(session: &Session, args: ApproveArgs) -> Result<Exit, Failure> {
    session.must_exist()?;
    let trail = session.writer().await?;
    let by = args.by.map(person);
    let done = match trail
        .approve_artifact(&args.reference, args.role, args.note, by)
        .await
    {
        Ok(receipt) => written::print(session, &trail, &[receipt.id], false).await,
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    done.map(|()| Exit::Done)
}

pub(super) async fn retire(session: &Session, args: RetireArgs) -> Result<Exit, Failure> {
    session.must_exist()?;
    let trail = session.writer().await?;
    let by = args.by.map(person);
    let done = match trail
        .retire_artifact(&args.reference, args.reason, by)
        .await
    {
        Ok(receipt) => written::print(session, &trail, &[receipt.id], false).await,
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    done.map(|()| Exit::Done)
}

const REGISTER_EXAMPLES: &str = "\
Examples:
  contextrail artifact register objective.yaml --name OBJ.credit --rating high
  contextrail artifact register model.yaml --author anna
  echo '{\"kind\": \"dataset\", \"name\": \"loans\", \"version\": \"2025-04\",
    \"reference\": {\"uri\": \"s3://data/loans-2025-04.parquet\"},
    \"digest\": \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}' | contextrail artifact register -

An artifact:
  kind: model
  name: credit_model
  version: '2.1.0'
  risk_rating: high
  content: {algorithm: logistic regression}
  links:
    - {rel: trained_on, to: dataset:loans@2025-04}
    - {rel: governed_by, to: objective:OBJ.credit@1.3}";

const APPROVE_EXAMPLES: &str = "\
Examples:
  contextrail artifact approve objective:OBJ.credit@1.3 --role risk_owner
  contextrail artifact approve model:credit_model@2.1.0 --role approver --by ben --note 'validated'";

const RETIRE_EXAMPLES: &str = "\
Examples:
  contextrail artifact retire model:credit_model@2.0.0 --reason 'a feature was computed wrongly'";
