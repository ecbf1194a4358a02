//! `contextrail context export`: contexts with their texts.

use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{List, OutputFormat, document};
use crate::cli::session::{Session, warn};
use crate::cli::sink_file::Target;
use crate::cli::window::Between;
use crate::codec::ExportedRecord;
use crate::record::{Body, EntityRef};
use crate::trail::{ContextFilter, Stored, Trail};

use super::context;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[group(id = "which", required = true, multiple = true, args = ["ids", "entity", "since"])]
pub(in crate::cli) struct Args {
    /// The contexts: one id gives an object, several an array
    #[arg(value_name = "ID", conflicts_with_all = ["entity", "since", "until"])]
    ids: Vec<String>,
    /// All contexts about this entity, type:id
    #[arg(long, value_name = "T:ID")]
    entity: Option<EntityRef>,
    #[command(flatten)]
    between: Between,
    /// Leave out the texts, and the seeds that keyed digests are checked with
    #[arg(long)]
    no_text: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "F")]
    file: Option<PathBuf>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let format = export_format(session)?;
    let trail = session.reader().await?;
    let mut export = Export {
        trail: &trail,
        with_text: !args.no_text,
        lacking: Vec::new(),
    };
    if let [id] = args.ids.as_slice() {
        let stored = context(&trail, id).await?;
        let exported = export.record(&stored).await?;
        let text = one(&exported, format)?;
        let mut target = Target::open(args.file.as_deref())?;
        target.writer().write_all(text.as_bytes())?;
        target.finish()?;
        return Ok(export.exit());
    }
    export.several(session, &args, format).await?;
    Ok(export.exit())
}

/// What an export is written in: JSON unless something else is asked for.
pub(in crate::cli) fn export_format(session: &Session) -> Result<OutputFormat, Failure> {
    match session.format {
        None => Ok(OutputFormat::Json),
        Some(OutputFormat::Table) => Err(Failure::usage("an export has no table form")
            .because("it holds everything, to be read by programs")
            .try_next("-o json, -o jsonl, -o yaml, or `show` for people")),
        Some(format) => Ok(format),
    }
}

pub(in crate::cli) fn one(
    exported: &ExportedRecord,
    format: OutputFormat,
) -> Result<String, Failure> {
    Ok(match format {
        OutputFormat::Id => format!("{}\n", exported.record.head.id),
        format => document(exported, format)?,
    })
}

/// An export under way, and what it lacks so far.
struct Export<'a> {
    trail: &'a Trail,
    with_text: bool,
    lacking: Vec<String>,
}

impl Export<'_> {
    async fn record(&mut self, stored: &Stored) -> Result<ExportedRecord, Failure> {
        let exported = self.trail.export(stored, self.with_text).await?;
        if self.with_text && lacks_text(&exported) {
            self.lacking.push(stored.id().to_string());
        }
        Ok(exported)
    }

    async fn several(
        &mut self,
        session: &Session,
        args: &Args,
        format: OutputFormat,
    ) -> Result<(), Failure> {
        let now = session.now();
        let mut chosen = Vec::new();
        for id in &args.ids {
            chosen.push(context(self.trail, id).await?);
        }
        let mut pages = None;
        if args.ids.is_empty() {
            let filter = ContextFilter {
                entity: args.entity.clone(),
                since: args.between.since(now),
                until: args.between.until(now),
                ..ContextFilter::default()
            };
            let mut found = self.trail.contexts(filter).await?;
            chosen = found.next().await?.unwrap_or_default();
            pages = Some(found);
        }
        let progress = session.progress("contexts exported");
        let mut target = Target::open(args.file.as_deref())?;
        let mut list = List::new(target.writer(), format);
        while !chosen.is_empty() {
            for stored in &chosen {
                let exported = self.record(stored).await?;
                list.push_value(&exported, || stored.id().to_string())?;
                progress.inc(1);
            }
            chosen = match &mut pages {
                Some(pages) => pages.next().await?.unwrap_or_default(),
                None => Vec::new(),
            };
        }
        list.finish_values()?;
        progress.finish_and_clear();
        target.finish()
    }

    /// How the export ended; says what it lacks.
    fn exit(&self) -> Exit {
        let Some(first) = self.lacking.first() else {
            return Exit::Done;
        };
        let more = match self.lacking.len() {
            1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        warn(&format!(
            "error: the export is complete but for texts\n  why: those of {first}{more} are not stored in this trail\n  try: --no-text, to leave out all texts"
        ));
        Exit::Incomplete
    }
}

/// Whether a text that the record speaks of is not in the export.
fn lacks_text(exported: &ExportedRecord) -> bool {
    let Body::Context(context) = &exported.record.body else {
        return false;
    };
    let Some(assembly) = &context.assembly else {
        return false;
    };
    let has = |digest: String| {
        exported
            .texts
            .iter()
            .any(|texts| texts.contains_key(&digest))
    };
    let digests = assembly.items.iter().filter_map(|item| item.digest);
    let lacks_item = digests
        .map(|digest| digest.to_string())
        .any(|digest| !has(digest));
    lacks_item || (assembly.text_digest.is_some() && exported.text.is_none())
}

const EXAMPLES: &str = "\
Examples:
  contextrail context export 01948c9a-2b3e-7d4f-8e5a > context.json
  contextrail context export --entity applicant:user_456 -o yaml --file user_456.yaml
  contextrail context export --since 2026-09-01 --until 2026-10-01 -o jsonl --no-text";
