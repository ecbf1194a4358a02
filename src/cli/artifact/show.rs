//! `contextrail artifact show` and `in-force`.

use std::fmt::Write as _;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::Session;
use super::super::table_text::{moment, value, word};
use super::super::when::When;
use crate::govern::ArtifactView;
use crate::record::ArtifactName;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The version; the one in force, or else the latest, without `@V`
    #[arg(value_name = "KIND:NAME[@V]")]
    reference: String,
}

#[derive(Debug, clap::Args)]
#[command(after_help = IN_FORCE_EXAMPLES)]
pub(in crate::cli) struct InForceArgs {
    /// The artifact
    #[arg(value_name = "KIND:NAME")]
    artifact: ArtifactName,
    /// At what time: 2025-05-15, 2h, RFC 3339; now when left out
    #[arg(long, value_name = "T")]
    at: Option<When>,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let found = registry.resolve(&args.reference, session.now())?;
    let view = ArtifactView::of(&registry, found, session.now());
    single(&mut Session::stdout(), &view, session.format())?;
    Ok(Exit::Done)
}

pub(super) async fn in_force(session: &Session, args: &InForceArgs) -> Result<Exit, Failure> {
    let at = args
        .at
        .map_or_else(|| session.now(), |it| it.at(session.now()));
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let Some(found) = registry.in_force(&args.artifact, at) else {
        let mut failure = Failure::new(
            Exit::NotFound,
            format!("no version of {} was in force at {at}", args.artifact),
        );
        for version in registry.versions_of(&args.artifact) {
            let state = registry.state(version, at);
            failure = failure.because(format!("{} was {state}", version.id()));
        }
        return Err(failure.try_next("contextrail artifact list"));
    };
    let view = ArtifactView::of(&registry, found, at);
    single(&mut Session::stdout(), &view, session.format())?;
    Ok(Exit::Done)
}

impl Page for ArtifactView {
    fn id(&self) -> Option<String> {
        Some(self.reference.clone())
    }

    fn page(&self) -> String {
        let mut page = format!("{}: {}\n", self.reference, self.state);
        // Writing to a string does not fail.
        let mut fact = |name: &str, text: &str| {
            writeln!(page, "  {name:<12} {}", plain::line(text)).ok();
        };
        fact("record", &self.record.to_string());
        fact("registered", &moment(self.registered_at));
        let author = &self.artifact.author;
        fact(
            "author",
            &format!("{} ({})", author.id, word(&author.method)),
        );
        fact("digest", &self.artifact.digest.to_string());
        if let Some(rating) = self.artifact.risk_rating {
            fact("risk", rating.as_str());
        }
        if let Some(from) = self.artifact.effective_from {
            fact("effective", &format!("from {}", moment(from)));
        }
        if let Some(until) = self.artifact.effective_until {
            fact("effective", &format!("until {}", moment(until)));
        }
        for link in &self.artifact.links {
            fact(link.rel.as_str(), &link.to.to_string());
        }
        for approval in &self.approvals {
            let counts = if approval.counts {
                ""
            } else {
                ", does not count"
            };
            let by = format!("{} ({})", approval.by.id, word(&approval.by.method));
            let at = moment(approval.at);
            fact(
                "approved",
                &format!("{at} by {by} as {}{counts}", approval.role),
            );
        }
        if let Some(reason) = &self.retired_because {
            fact("retired", reason);
        }
        if let Some(reference) = &self.artifact.reference {
            fact("kept at", &reference.uri);
        }
        if let Some(serde_json::Value::Object(members)) = &self.artifact.content {
            for (name, member) in members {
                fact(name, &value(member));
            }
        }
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail artifact show objective:OBJ.credit
  contextrail artifact show objective:OBJ.credit@1.3 -o yaml";

const IN_FORCE_EXAMPLES: &str = "\
Examples:
  contextrail artifact in-force objective:OBJ.credit
  contextrail artifact in-force objective:OBJ.credit --at 2025-05-20";
