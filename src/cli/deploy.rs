//! `contextrail deploy`: what runs where.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::input::Input;
use super::output::{List, Row};
use super::session::Session;
use super::table_text::moment;
use super::when::When;
use super::written;
use crate::govern::read_deployment;
use crate::record::{Actor, ActorMethod, Deployment, Name, RecordId};
use crate::trail::Deployed;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Record what runs where from when on
    #[command(after_help = RECORD_EXAMPLES)]
    Record {
        /// The deployment, in YAML or JSON; `-` for standard input
        file: PathBuf,
    },
    /// List what was ever deployed, newest first
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// Only in this environment
        #[arg(long, value_name = "E")]
        environment: Option<Name>,
    },
    /// Show what was deployed at a time, in each environment
    #[command(after_help = AT_EXAMPLES)]
    At {
        /// The time: 2025-05-15, 2h, now, RFC 3339
        #[arg(value_name = "TIME")]
        at: When,
        /// Only in this environment
        #[arg(long, value_name = "E")]
        environment: Option<Name>,
    },
}

#[derive(Debug, Serialize)]
struct Line {
    record: RecordId,
    #[serde(flatten)]
    deployment: Deployment,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let (environment, at) = match verb {
        Verb::Record { file } => return record(session, file).await,
        Verb::List { environment } => (environment, None),
        Verb::At { at, environment } => (environment, Some(at.at(session.now()))),
    };
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for deployed in registry.deployments().iter().rev() {
        let place = &deployed.deployment.environment;
        let is_wanted = environment.as_ref().is_none_or(|it| it == place);
        let runs = at.is_none_or(|at| {
            let running = registry.deployed(place, at);
            running.is_some_and(|it| it.record == deployed.record)
        });
        if is_wanted && runs {
            list.push(&Line::of(deployed))?;
        }
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

async fn record(session: &Session, file: PathBuf) -> Result<Exit, Failure> {
    let input = Input::open(&file)?;
    let document = input.document()?;
    let (head, deployment) =
        read_deployment(&document, session.now()).map_err(|error| input.refused(&error))?;
    session.must_exist()?;
    let trail = session.writer().await?;
    let actor = head.actor.map(|it| Actor {
        method: ActorMethod::Asserted,
        ..it
    });
    let done = match trail.deploy(deployment, actor).await {
        Ok(receipt) => written::print(session, &trail, &[receipt.id], false).await,
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    done.map(|()| Exit::Done)
}

impl Line {
    fn of(deployed: &Deployed) -> Self {
        Self {
            record: deployed.record,
            deployment: deployed.deployment.clone(),
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "environment",
        "from",
        "until",
        "versions",
        "rollback of",
    ];

    fn id(&self) -> String {
        self.record.to_string()
    }

    fn cells(&self) -> Vec<String> {
        let versions = self
            .deployment
            .manifest
            .iter()
            .flat_map(|(role, governing)| {
                let versions = governing.versions().iter();
                versions.map(move |it| format!("{role} {it}"))
            });
        let versions: Vec<String> = versions.collect();
        let earlier = self.deployment.rollback_of;
        vec![
            self.record.to_string(),
            self.deployment.environment.to_string(),
            moment(self.deployment.from),
            self.deployment.until.map_or_else(String::new, moment),
            versions.join(", "),
            earlier.map_or_else(String::new, |it| it.to_string()),
        ]
    }
}

const RECORD_EXAMPLES: &str = "\
Examples:
  contextrail deploy record deployment.yaml

A deployment:
  manifest: {model: credit_model@2.1.0, objective: OBJ.credit@1.3}
  environment: production
  from: 2025-05-15T00:00:00Z";

const LIST_EXAMPLES: &str = "\
Examples:
  contextrail deploy list
  contextrail deploy list --environment production -o json";

const AT_EXAMPLES: &str = "\
Examples:
  contextrail deploy at 2025-05-20
  contextrail deploy at now --environment production";
