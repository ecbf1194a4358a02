//! `contextrail decision show ID|T:ID`.

use std::io::Write as _;

use super::view::{Chosen, Viewed, page};
use crate::cli::context::one;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{List, OutputFormat};
use crate::cli::session::Session;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The id, or the business key type:id, which gives an array, newest first
    #[arg(value_name = "ID|T:ID")]
    reference: String,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let chosen = Chosen::find(&trail, &args.reference).await?;
    let format = session.format();
    let mut out = Session::stdout();
    match (&chosen, format) {
        (Chosen::One(view), OutputFormat::Table) => out.write_all(page(view).as_bytes())?,
        (Chosen::OnKey(views), OutputFormat::Table) => {
            let pages: Vec<String> = views.iter().map(page).collect();
            out.write_all(pages.join("\n").as_bytes())?;
        }
        (Chosen::One(view), format) => {
            let exported = trail.export(&view.decision, true).await?;
            out.write_all(one(&exported, format)?.as_bytes())?;
        }
        (Chosen::OnKey(views), format) => {
            let mut list = List::new(&mut out, format);
            for view in views {
                let viewed = Viewed::of(&trail, view, true).await?;
                list.push_value(&viewed, || viewed.id())?;
            }
            list.finish_values()?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail decision show loan_application:12345
  contextrail decision show 01948c9b -o json";
