//! The handlers: extract, call, convert.

mod access;
mod artifact;
mod check;
mod governance;
mod impact;
mod log;
mod measured;
mod own;
mod post;
mod read;

use super::answer::Answer;
use super::app::App;
use super::call::Call;
use super::problem::Problem;
use super::route::Op;
use crate::record::Kind;

/// Does what the route of `call` is for.
pub(super) async fn handle(app: &App, call: &Call) -> Result<Answer, Problem> {
    match call.route.op {
        Op::RecordContext => post::records(app, call, Kind::Context).await,
        Op::AssembleContext => post::assemble(app, call).await,
        Op::RecordDecision => post::records(app, call, Kind::Decision).await,
        Op::RecordGeneration => post::records(app, call, Kind::Generation).await,
        Op::RecordReview => post::records(app, call, Kind::Review).await,
        Op::RecordOutcome => post::records(app, call, Kind::Outcome).await,
        Op::ListContexts => read::contexts(app, call).await,
        Op::ListDecisions => read::decisions(app, call).await,
        Op::ListGenerations => read::of_kind(app, call, Kind::Generation).await,
        Op::ListReviews => read::of_kind(app, call, Kind::Review).await,
        Op::ListOutcomes => read::of_kind(app, call, Kind::Outcome).await,
        Op::ShowContext => read::one(app, call, Kind::Context).await,
        Op::ShowDecision => read::decision(app, call).await,
        Op::ShowGeneration => read::one(app, call, Kind::Generation).await,
        Op::ShowReview => read::one(app, call, Kind::Review).await,
        Op::ShowOutcome => read::one(app, call, Kind::Outcome).await,
        Op::ContextText => read::text(app, call).await,
        Op::ContextDiff => read::diff(app, call).await,
        Op::EntityHistory => read::history(app, call).await,
        Op::Used => read::used(app, call).await,
        Op::Search => read::search(app, call).await,
        Op::Evidence => governance::evidence(app, call).await,
        Op::Checkpoint => log::checkpoint(app).await,
        Op::Tile => log::tile(app, call).await,
        Op::Erase => governance::erase(app, call).await,
        Op::Export => governance::export(app, call).await,
        Op::PlaceHold => governance::place_hold(app, call).await,
        Op::ListHolds => governance::holds(app, call).await,
        Op::LiftHold => governance::lift_hold(app, call).await,
        Op::GrantToken => access::grant(app, call).await,
        Op::ListTokens => access::tokens(app, call).await,
        Op::RevokeToken => access::revoke(app, call).await,
        Op::RegisterArtifact => post::records(app, call, Kind::Artifact).await,
        Op::ListArtifacts => artifact::list(app, call).await,
        Op::ArtifactInForce => artifact::in_force(app, call).await,
        Op::ArtifactDiff => artifact::diff(app, call).await,
        Op::ShowArtifact => artifact::show(app, call).await,
        Op::ShowArtifactVersion => artifact::version(app, call).await,
        Op::ApproveArtifact => artifact::approve(app, call).await,
        Op::RetireArtifact => artifact::retire(app, call).await,
        Op::RecordDeployment => post::records(app, call, Kind::Deployment).await,
        Op::ListDeployments => artifact::deployments(app, call).await,
        Op::RecordKpi => post::records(app, call, Kind::Kpi).await,
        Op::KpiReport => measured::report(app, call).await,
        Op::KpiCompare => measured::compare(app, call).await,
        Op::MakeCheck => check::make(app, call).await,
        Op::ListChecks => read::of_kind(app, call, Kind::Check).await,
        Op::ShowCheck => read::one(app, call, Kind::Check).await,
        Op::PlaceFreeze => check::freeze(app, call).await,
        Op::ListFreezes => check::freezes(app).await,
        Op::LiftFreeze => check::lift(app, call).await,
        Op::Lineage => impact::lineage(app, call).await,
        Op::Impact => impact::impact(app, call).await,
        Op::ImpactOfChange => impact::of_change(app, call).await,
        Op::Alive => own::alive(),
        Op::Ready => own::ready(app).await,
        Op::Metrics => own::metrics(app, call).await,
        Op::OpenApi => own::openapi(),
        Op::Page => own::page(),
    }
}
