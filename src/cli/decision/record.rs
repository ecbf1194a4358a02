//! `contextrail decision record FILE`.

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::exit::{Exit, Failure};
use crate::cli::input::Input;
use crate::cli::session::Session;
use crate::cli::written;
use crate::codec::{Node, PartialHead, Tree, decode_body_draft};
use crate::record::{Actor, ActorMethod, Body, Draft, Kind, RecordId};
use crate::trail::{Trail, TrailError};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// One decision or a list of them, JSON or YAML; `-` for standard input
    file: PathBuf,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let input = Input::open(&args.file)?;
    let document = input.document()?;
    let several = matches!(document.tree, Tree::Sequence(_));
    let decided_at = Value::String(session.now().to_string());
    let decode = |node: &Node| {
        decode_body_draft(node, Kind::Decision, &[("decided_at", decided_at.clone())])
            .map_err(|error| input.refused(&error))
    };
    // All of them are read before the first is recorded.
    let decisions = document
        .into_records()
        .iter()
        .map(decode)
        .collect::<Result<Vec<_>, _>>()?;
    let trail = session.writer().await?;
    let recorded = record_all(&trail, decisions).await;
    let printed = match recorded {
        Ok(ids) => written::print(session, &trail, &ids, several).await,
        Err(failure) => Err(failure),
    };
    trail.close().await;
    printed.map(|()| Exit::Done)
}

async fn record_all(
    trail: &Trail,
    decisions: Vec<(PartialHead, Body)>,
) -> Result<Vec<RecordId>, Failure> {
    let mut ids = Vec::new();
    for (head, body) in decisions {
        match record(trail, head, body).await {
            Ok(id) => ids.push(id),
            Err(error) => {
                let failure = Failure::from(error);
                return Err(match ids.len() {
                    0 => failure,
                    several => failure.because(format!(
                        "the {several} before it are recorded, and stay: {}",
                        joined(&ids)
                    )),
                });
            }
        }
    }
    Ok(ids)
}

fn joined(ids: &[RecordId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

async fn record(trail: &Trail, head: PartialHead, body: Body) -> Result<RecordId, TrailError> {
    if let Some(found) = head.tenant.filter(|tenant| tenant != trail.tenant()) {
        return Err(TrailError::OtherTenant {
            found,
            expected: trail.tenant().clone(),
        });
    }
    let mut draft = Draft::new(head.id.unwrap_or_else(|| trail.new_id()), body);
    // A name in a file is what its writer states; when it was accepted is for the trail to say.
    draft.actor = head.actor.map(|actor| Actor {
        method: ActorMethod::Asserted,
        ..actor
    });
    Ok(trail.record(draft).await?.id)
}

const EXAMPLES: &str = "\
Examples:
  contextrail decision record decision.yaml
  echo '{\"subject\": {\"type\": \"loan_application\", \"id\": \"12345\"}, \"outcome\": \"approved\",
    \"contexts\": [\"01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b\"],
    \"decided_by\": {\"kind\": \"system\", \"id\": \"loan-api\"}}' | contextrail decision record -";
