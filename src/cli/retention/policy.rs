//! `contextrail retention policy`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single, table};
use super::super::session::Session;
use super::super::written;
use super::read_policy;
use crate::record::{RetentionPolicy, VersionedName};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Show the policy in force, or another version
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The version to show
        #[arg(value_name = "NAME@VERSION")]
        which: Option<VersionedName>,
    },
    /// Record a version of a policy; it is in force from then on, for what exists as well
    #[command(after_help = PUT_EXAMPLES)]
    Put {
        /// The policy, in YAML or JSON; `-` for standard input
        file: PathBuf,
    },
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Show { which } => show(session, which).await,
        Verb::Put { file } => put(session, file).await,
    }
}

async fn show(session: &Session, version: Option<VersionedName>) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let mut policies = trail.retention_policies().await?;
    let found = match &version {
        None => policies.pop(),
        Some(id) => policies.into_iter().find(|it| it.id() == *id),
    };
    let Some(policy) = found else {
        let what = version.map_or_else(String::new, |it| format!(" {it}"));
        return Err(Failure::new(
            Exit::NotFound,
            format!("there is no retention policy{what}"),
        )
        .try_next("contextrail retention policy show"));
    };
    single(&mut Session::stdout(), &policy, session.format())?;
    Ok(Exit::Done)
}

async fn put(session: &Session, file: PathBuf) -> Result<Exit, Failure> {
    let policy = read_policy(&file)?;
    session.must_exist()?;
    let trail = session.writer().await?;
    let done = match trail.put_retention_policy(policy.clone()).await {
        Ok(Some(receipt)) => written::print(session, &trail, &[receipt.id], false).await,
        Ok(None) => single(&mut Session::stdout(), &policy, session.format()),
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    done.map(|()| Exit::Done)
}

impl Page for RetentionPolicy {
    fn id(&self) -> Option<String> {
        Some(Self::id(self).to_string())
    }

    fn page(&self) -> String {
        let days = |days: Option<u32>| days.map_or_else(String::new, |it| it.to_string());
        let rows = self.classes.iter().map(|(class, it)| {
            vec![
                class.clone(),
                it.floor_days.to_string(),
                days(it.hot_days),
                days(it.ceiling_days),
                it.action.as_str().to_owned(),
            ]
        });
        let mut page = format!("retention policy {}\n", Self::id(self));
        if let Some(class) = &self.default_class {
            // Writing to a string does not fail.
            writeln!(page, "class of what names none: {class}").ok();
        }
        let columns = ["class", "floor days", "hot days", "ceiling days", "action"];
        super::super::plain::lines(&page) + &table(&columns, &rows.collect::<Vec<_>>())
    }
}

const SHOW_EXAMPLES: &str = "\
Examples:
  contextrail retention policy show
  contextrail retention policy show default@1 -o yaml > next.yaml";

const PUT_EXAMPLES: &str = "\
Examples:
  contextrail retention policy put next.yaml

A policy:
  name: lending
  version: '2'
  default_class: medium
  classes:
    high_risk: {floor_days: 3650, hot_days: 365, action: archive}
    medium: {floor_days: 1095, ceiling_days: 1460, action: erase}
    low: {floor_days: 90, action: aggregate}";
