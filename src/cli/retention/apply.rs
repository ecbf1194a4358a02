//! `contextrail retention apply`.

use std::io::Write as _;

use super::super::exit::{Exit, Failure};
use super::super::output::{List, OutputFormat, Row, document};
use super::super::session::Session;
use crate::record::Name;
use crate::trail::{Expired, ExpiredClass, Trail, TrailError};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Only the records of this class
    #[arg(long, value_name = "CLASS")]
    class: Option<Name>,
    /// Show what would go, and take nothing away
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let expired = if args.dry_run {
        let trail = session.reader().await?;
        let policy = trail.retention_policy().await?;
        let class = args.class.as_ref();
        trail.retention_due(session.now(), &policy, class).await?
    } else {
        session.must_exist()?;
        let trail = session.writer().await?;
        let expired = applied(session, &trail, args).await;
        trail.close().await;
        expired?
    };
    print(session, &expired)
}

async fn applied(session: &Session, trail: &Trail, args: &Args) -> Result<Expired, TrailError> {
    let policy = trail.retention_policy().await?;
    let class = args.class.as_ref();
    trail.retention_apply(session.now(), &policy, class).await
}

fn print(session: &Session, expired: &Expired) -> Result<Exit, Failure> {
    let mut out = Session::stdout();
    match session.format() {
        // One document says by which policy and when.
        format @ (OutputFormat::Json | OutputFormat::Yaml) => {
            out.write_all(document(expired, format)?.as_bytes())?;
        }
        OutputFormat::Id => {
            for id in expired.classes.iter().flat_map(|it| &it.recorded) {
                writeln!(out, "{id}")?;
            }
        }
        format => {
            let mut list = List::new(&mut out, format);
            for class in &expired.classes {
                list.push(class)?;
            }
            list.finish::<ExpiredClass>()?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

impl Row for ExpiredClass {
    const COLUMNS: &'static [&'static str] = &[
        "class",
        "action",
        "records",
        "slots",
        "restricted",
        "left",
        "recorded",
    ];

    fn id(&self) -> String {
        self.class.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.class.to_string(),
            self.action.as_str().to_owned(),
            self.records.to_string(),
            self.slots.to_string(),
            self.restricted.to_string(),
            match self.left {
                0 => String::new(),
                left => format!("{left} to {}", self.action.as_str()),
            },
            self.recorded.len().to_string(),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail retention apply --dry-run
  contextrail retention apply
  contextrail retention apply --class low -o json

It goes by the policy in force. Values that go are gone for good; what was recorded about them can
still be proved. Records under a legal hold are `restricted`, and those of classes that are to be
archived are left as they are.";
