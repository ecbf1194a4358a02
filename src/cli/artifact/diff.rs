//! `contextrail artifact diff`.

use std::fmt::Write as _;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::Session;
use super::super::table_text::value;
use crate::govern::{ArtifactDiff, diff};
use crate::record::{ArtifactName, Version};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The artifact
    #[arg(value_name = "KIND:NAME")]
    artifact: ArtifactName,
    /// The one version
    #[arg(value_name = "V1")]
    from: Version,
    /// The other
    #[arg(value_name = "V2")]
    to: Version,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let find = |version: &Version| {
        let version = args.artifact.at(version.clone());
        let found = registry.resolve(&version.to_string(), session.now())?;
        Ok::<_, Failure>(&found.artifact)
    };
    let diff = diff(find(&args.from)?, find(&args.to)?);
    single(&mut Session::stdout(), &diff, session.format())?;
    Ok(Exit::Done)
}

impl Page for ArtifactDiff {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let mut page = format!("{} → {}\n", self.from, self.to);
        if self.same {
            page.push_str("  they say the same\n");
        }
        for change in &self.changes {
            let before = change.before.as_ref().map(value).unwrap_or_default();
            let after = change.after.as_ref().map(value).unwrap_or_default();
            let arrow = if before.is_empty() || after.is_empty() {
                ""
            } else {
                " → "
            };
            let path = plain::line(&change.path);
            // Writing to a string does not fail.
            writeln!(
                page,
                "  {:<10} {path}: {before}{arrow}{after}",
                change.meaning
            )
            .ok();
        }
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail artifact diff objective:OBJ.credit 1.2 1.3";
