//! `contextrail lineage show`.

use std::io::Write as _;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::output::{OutputFormat, Page, single, table};
use super::session::Session;
use crate::govern::{Direction, Graph, GraphFormat, lineage, render};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show what something comes from, or what comes of it
    Show(Args),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A version, KIND:NAME[@V]; or a decision or context, or the first 8 characters or more of its id
    #[arg(value_name = "REF")]
    reference: String,
    /// What it comes from
    #[arg(long, required_unless_present = "down", conflicts_with = "down")]
    up: bool,
    /// What comes of it
    #[arg(long)]
    down: bool,
    /// How many steps to go
    #[arg(long, value_name = "N", default_value_t = 16)]
    depth: u32,
    /// How many decisions and contexts of a version to show at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let Verb::Show(args) = verb;
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let direction = if args.up {
        Direction::Up
    } else {
        Direction::Down
    };
    let how = (direction, args.depth, args.limit);
    let graph = lineage(&trail, &registry, &args.reference, how, session.now()).await?;
    print(session, &graph)?;
    Ok(Exit::Done)
}

fn print(session: &Session, graph: &Graph) -> Result<(), Failure> {
    let mut out = Session::stdout();
    let format = match session.format() {
        OutputFormat::Dot => GraphFormat::Dot,
        OutputFormat::Mermaid => GraphFormat::Mermaid,
        OutputFormat::Svg => GraphFormat::Svg,
        other => return single(&mut out, graph, other),
    };
    out.write_all(render(graph, format).as_bytes())?;
    Ok(out.flush()?)
}

impl Page for Graph {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let rows = self.nodes.iter().map(|node| {
            let edges = self.edges.iter().filter(|it| it.from == node.id);
            let edges: Vec<String> = edges.map(|it| format!("{} {}", it.rel, it.to)).collect();
            vec![
                node.depth.to_string(),
                node.id.clone(),
                node.note.clone(),
                edges.join(", "),
            ]
        });
        table(
            &["step", "what", "state", "leads to"],
            &rows.collect::<Vec<_>>(),
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail lineage show model:credit_model@2.1.0 --up
  contextrail lineage show dataset:loans@2025-04 --down --depth 2 -o mermaid
  contextrail lineage show 01948c9b --up -o svg > lineage.svg";
