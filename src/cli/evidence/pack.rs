//! `contextrail evidence pack`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Page, single};
use crate::cli::plain;
use crate::cli::session::{Session, resolve, warn};
use crate::cli::sink_file::Target;
use crate::cli::when::When;
use crate::evidence::{
    Absence, Custody, GatherError, RecordUsage, Redactions, Selector, Usage, What, Withheld, gather,
};
use crate::record::{EntityRef, UsedRef};
use crate::trail::{Trail, TrailError};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// One decision, or all decisions on a business key, with all they rest on
    #[command(after_help = EXAMPLES)]
    Decision {
        /// The id of a decision, or a business key type:id
        #[arg(value_name = "ID|T:ID")]
        reference: String,
        #[command(flatten)]
        options: Options,
    },
    /// Every record from one index of the log to another, both included
    #[command(after_help = EXAMPLES)]
    Range {
        /// The first index
        #[arg(value_name = "A")]
        from: u64,
        /// The last index
        #[arg(value_name = "B")]
        to: u64,
        #[command(flatten)]
        options: Options,
    },
    /// Everything about an entity
    #[command(after_help = EXAMPLES)]
    Entity {
        /// The entity
        #[arg(value_name = "T:ID")]
        entity: EntityRef,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// The file to write
    #[arg(long, value_name = "F")]
    file: PathBuf,
    /// Withhold values, and show that they are there: a class or a JSON pointer
    #[arg(long, value_name = "CLASS|PATH")]
    redact: Vec<Selector>,
    /// Withhold values and where they are: a class or a JSON pointer
    #[arg(long, value_name = "CLASS|PATH")]
    hide: Vec<Selector>,
    /// Why the bundle is made
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who makes it; the user of the operating system when left out
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// For whom it is made
    #[arg(long = "for", value_name = "WHOM")]
    made_for: Option<String>,
    /// When it is made; now when left out
    #[arg(long, value_name = "TIME")]
    at: Option<When>,
    /// Say whether this was used in the contexts: proved not to be, used, or not to be said
    #[arg(long, value_name = "KIND:REF[@VERSION]")]
    absent: Vec<UsedRef>,
}

#[derive(Debug, Serialize)]
struct Packed {
    file: String,
    /// Not known of a bundle that a server packed.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<usize>,
    bytes: usize,
    sha256: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    absences: Vec<Absence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lacking: Vec<String>,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    if session.is_server() {
        return from_server(session, &trail, verb).await;
    }
    let (what, options) = match verb {
        Verb::Decision { reference, options } => (decision(&trail, &reference).await?, options),
        Verb::Range { from, to, options } => (What::Range(from, to), options),
        Verb::Entity { entity, options } => (What::Entity(entity), options),
    };
    let redactions = options.redactions();
    let custody = Custody {
        by: Some(options.by.unwrap_or_else(|| trail.actor().id.to_string())),
        made_for: options.made_for,
        at: options.at.unwrap_or(When::Now).at(session.now()),
        why: options.reason,
    };
    let gathered = gather(&trail, what, redactions, custody, options.absent).await?;
    let packed = write(&options.file, &gathered.bundle)?;
    let packed = Packed {
        records: Some(gathered.records),
        absences: gathered.absences.clone(),
        lacking: gathered.lacking.clone(),
        ..packed
    };
    single(&mut Session::stdout(), &packed, session.format())?;
    for claim in &packed.absences {
        warn(&said(claim));
    }
    for lacking in &packed.lacking {
        warn(&format!("warning: the bundle lacks {lacking}"));
    }
    Ok(if packed.lacking.is_empty() {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// What the bundle says of one thing, for whoever made it.
fn said(claim: &Absence) -> String {
    let records = claim.records.iter();
    let alike: Vec<&RecordUsage> = records.filter(|it| it.outcome == claim.outcome).collect();
    let reference = plain::line(&claim.reference);
    let count = |noun: &str| match alike.len() {
        1 => format!("1 {noun}"),
        more => format!("{more} {noun}s"),
    };
    match (claim.outcome, alike.first()) {
        (Usage::Absent, _) => format!(
            "{reference}: absent from {}, which the bundle proves",
            count("context")
        ),
        (Usage::Present, first) => {
            let place = first.map_or_else(String::new, |it| {
                format!(", at {} of {}", it.paths.join(", "), it.id)
            });
            let records = count("record");
            format!(
                "warning: {reference} is present in {records}{}",
                plain::line(&place)
            )
        }
        (Usage::CannotBeSaid, None) => format!(
            "warning: whether {reference} was used cannot be said: the bundle has no context"
        ),
        (Usage::CannotBeSaid, Some(first)) => {
            let why: Vec<String> = first.why.iter().map(ToString::to_string).collect();
            let why = format!("{}: {}", first.id, why.join("; "));
            format!(
                "warning: whether {reference} was used cannot be said of {}: {}",
                count("record"),
                plain::line(&why)
            )
        }
    }
}

async fn decision(trail: &Trail, reference: &str) -> Result<What, Failure> {
    if reference.contains(':') {
        let subject = reference.parse();
        return subject
            .map(What::Subject)
            .map_err(|error: crate::record::InvalidValue| Failure::usage(error.to_string()));
    }
    let id = resolve(trail, reference).await?;
    Ok(What::Decision(id.into()))
}

/// Has the server pack a decision: whole, or without personal values, as the role reads.
async fn from_server(session: &Session, trail: &Trail, verb: Verb) -> Result<Exit, Failure> {
    let Verb::Decision { reference, options } = verb else {
        return Err(Failure::usage("a server packs decisions alone")
            .try_next("contextrail evidence pack decision --help"));
    };
    let said = [
        (options.redact.is_empty(), "--redact"),
        (options.hide.is_empty(), "--hide"),
        (options.reason.is_none(), "--reason"),
        (options.by.is_none(), "--by"),
        (options.made_for.is_none(), "--for"),
        (options.at.is_none(), "--at"),
        (options.absent.len() < 2, "a second --absent"),
    ];
    if let Some((_, option)) = said.iter().find(|(is_plain, _)| !is_plain) {
        return Err(Failure::usage(format!("{option} is not for a server"))
            .because("what it packs follows from the role of the token, and --purpose says why"));
    }
    let What::Decision(id) = decision(trail, &reference).await? else {
        return Err(
            Failure::usage("a server packs a decision by its id").try_next(format!(
                "contextrail decision show {}",
                plain::line(&reference)
            )),
        );
    };
    let absent = options.absent.first().map(ToString::to_string);
    let bundle = trail.evidence_from_server(id.into(), absent.as_deref());
    let packed = write(&options.file, &bundle.await?.unwrap_or_default())?;
    single(&mut Session::stdout(), &packed, session.format())?;
    Ok(Exit::Done)
}

fn write(path: &Path, bundle: &[u8]) -> Result<Packed, Failure> {
    use sha2::{Digest as _, Sha256};
    let mut target = Target::open(Some(path))?;
    target.writer().write_all(bundle)?;
    target.finish()?;
    let digest: [u8; 32] = Sha256::digest(bundle).into();
    Ok(Packed {
        file: path.display().to_string(),
        records: None,
        bytes: bundle.len(),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        absences: Vec::new(),
        lacking: Vec::new(),
    })
}

impl Options {
    fn redactions(&self) -> Redactions {
        let redactions = match &self.reason {
            Some(reason) => {
                Redactions::new(format!("withheld by the maker of the bundle: {reason}"))
            }
            None => Redactions::default(),
        };
        let named = self.redact.iter().cloned();
        let hidden = self.hide.iter().cloned();
        let rules = named
            .map(|selector| (Withheld::Value, selector))
            .chain(hidden.map(|selector| (Withheld::Field, selector)));
        rules.fold(redactions, |redactions, (withheld, selector)| {
            redactions.with(withheld, selector)
        })
    }
}

impl Page for Packed {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let records = self.records;
        let records = records.map_or_else(String::new, |it| format!("{it} records, "));
        format!(
            "{}: {}{} bytes\n  sha256 {}\n  try: contextrail evidence verify {} --key KEYFILE\n",
            plain::line(&self.file),
            records,
            self.bytes,
            self.sha256,
            plain::line(&self.file),
        )
    }
}

impl From<GatherError> for Failure {
    fn from(error: GatherError) -> Self {
        match error {
            GatherError::Trail(TrailError::NotSigned) => TrailError::NotSigned.into(),
            GatherError::Trail(error) => error.into(),
            GatherError::Nothing(_) => Self::new(Exit::NotFound, error.to_string()),
            error => {
                let why = std::error::Error::source(&error).map(ToString::to_string);
                let failure = Self::usage(error.to_string());
                why.into_iter().fold(failure, Self::because)
            }
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail evidence pack decision loan_application:12345 --file 12345.zip
  contextrail evidence pack decision 01948c9b --file d.zip --redact personal --for 'the court' --reason 'case 7'
  contextrail evidence pack decision loan_application:12345 --file a.zip --absent feature:postcode --absent document:doc_456@7
  contextrail evidence pack range 0 99 --file first-hundred.zip --hide /inputs
  contextrail evidence pack entity applicant:user_456 --file user_456.zip";
