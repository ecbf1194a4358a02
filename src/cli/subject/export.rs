//! `contextrail subject export T:ID`.

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::Session;
use crate::record::EntityRef;
use crate::trail::{AccessValue, SubjectAccess};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Who asks, type:id
    #[arg(value_name = "T:ID")]
    entity: EntityRef,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let access = trail.subject_access(&args.entity).await?;
    single(&mut Session::stdout(), &access, session.format())?;
    Ok(Exit::Done)
}

impl Page for SubjectAccess {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let mut page = format!(
            "What is recorded about {}\n  as of     {}\n  records   {}\n",
            plain::line(&self.subject),
            self.made_at,
            self.records.len()
        );
        for record in &self.records {
            page.push_str(&format!(
                "\n{} {} {}\n  {}\n",
                record.at,
                record.kind,
                record.id,
                plain::line(&record.summary)
            ));
            for value in record.values.iter().filter(|value| is_told(value)) {
                let shown = value.value.to_string();
                page.push_str(&format!(
                    "  {} = {}\n",
                    plain::line(&value.path),
                    plain::line(&shown)
                ));
            }
            for text in &record.texts {
                page.push_str(&format!("  text: {}\n", plain::line(text)));
            }
            for withheld in &record.withheld {
                page.push_str(&format!(
                    "  {} is not given: {}\n",
                    plain::line(&withheld.path),
                    withheld.why
                ));
            }
        }
        page.push_str(
            "\nDigests, and members of the records that are about nobody, are in -o json.\n",
        );
        page
    }
}

/// Whether a page has to say it: what is about the person, digests aside.
fn is_told(value: &AccessValue) -> bool {
    value.is_personal && !value.path.ends_with("digest")
}

const EXAMPLES: &str = "\
Examples:
  contextrail subject export applicant:user_456
  contextrail subject export applicant:user_456 -o json > user_456.json";
