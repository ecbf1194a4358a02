//! `contextrail retention`: how long records are kept.

mod apply;
mod plan;
mod policy;

use std::path::Path;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::input::Input;
use super::session::Session;
use crate::codec::decode_body_draft;
use crate::record::{Body, Kind, RetentionPolicy};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Say of every record with a class until when it is kept, and what keeps it
    Plan(plan::Args),
    /// Do what the policy in force says is due: values go, and a record says which
    Apply(apply::Args),
    /// Show or put the policy that says how long the records of a class are kept
    #[command(subcommand, arg_required_else_help = true)]
    Policy(policy::Verb),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Plan(args) => plan::run(session, &args).await,
        Verb::Apply(args) => apply::run(session, &args).await,
        Verb::Policy(verb) => policy::run(session, verb).await,
    }
}

/// The policy in the file `path`, read strictly.
fn read_policy(path: &Path) -> Result<RetentionPolicy, Failure> {
    let input = Input::open(path)?;
    let document = input.document()?;
    let read = decode_body_draft(&document, Kind::Policy, &[]);
    let (_, body) = read.map_err(|error| input.refused(&error))?;
    match body {
        Body::Policy(policy) => Ok(*policy),
        _ => Err(Failure::usage("the file holds no retention policy")),
    }
}
