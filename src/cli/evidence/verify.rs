//! `contextrail evidence verify`.

use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Page, single};
use crate::cli::plain;
use crate::cli::session::Session;
use crate::evidence::{KnownHead, PAGES, Report, State, Usage, Verifier};
use crate::log::{SignedCheckpoint, VerifierKey};
use crate::timestamp::TrustAnchors;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The keys you trust, `name+hash+key` a line: of the log, and of witnesses who must have cosigned
    #[arg(long, value_name = "KEYFILE", required = true)]
    key: Vec<PathBuf>,
    /// A checkpoint you have from elsewhere: the bundle must not contradict it
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The consistency proof between that checkpoint and the bundle's, from `log consistency`
    #[arg(long, value_name = "FILE", requires = "head")]
    consistency: Option<PathBuf>,
    /// Roots of the timestamp authorities you trust, PEM: one of them must have stamped the head
    #[arg(long, value_name = "PEM")]
    tsa_root: Vec<PathBuf>,
}

pub(super) fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let mut keys = Vec::new();
    for path in &args.key {
        let text = text(path)?;
        let read = VerifierKey::parse_list(&text);
        keys.extend(read.map_err(|error| unreadable(path, &error))?);
    }
    let mut verifier = Verifier::new(keys).with_pages(PAGES);
    if let Some(path) = &args.head {
        verifier = verifier.with_head(KnownHead {
            checkpoint: SignedCheckpoint::parse(text(path)?.as_bytes())
                .map_err(|error| unreadable(path, &error))?,
            consistency: args.consistency.as_deref().map(hashes).transpose()?,
        });
    }
    if let Some(roots) = roots(&args.tsa_root)? {
        verifier = verifier.with_authorities(roots);
    }
    let bundle = super::read(&args.file)?;
    let report = verifier
        .verify(&bundle)
        .map_err(|error| unreadable(&args.file, &error))?;
    single(&mut Session::stdout(), &report, session.format())?;
    Ok(match report.state {
        State::Failed => Exit::Verification,
        _ if report.has_unread_pages() => Exit::Incomplete,
        State::Verified | State::RecordsVerified | State::ValidButEmpty => Exit::Done,
    })
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => unreadable(path, &error),
        _ => Failure::file(Exit::Storage, path, &error),
    })
}

/// The roots in all of these files together; `None` without a file.
fn roots(paths: &[PathBuf]) -> Result<Option<TrustAnchors>, Failure> {
    let mut all = String::new();
    for path in paths {
        let pem = text(path)?;
        TrustAnchors::from_pem(&pem).map_err(|error| unreadable(path, &error))?;
        all.push_str(&pem);
        all.push('\n');
    }
    let [first, ..] = paths else {
        return Ok(None);
    };
    let roots = TrustAnchors::from_pem(&all);
    roots.map(Some).map_err(|error| unreadable(first, &error))
}

fn hashes(path: &Path) -> Result<Vec<crate::log::Hash>, Failure> {
    use base64::Engine as _;
    let malformed = |line: usize| {
        Failure::usage(format!(
            "{}, line {line}: it is not 32 bytes in base64",
            path.display()
        ))
    };
    (1..)
        .zip(text(path)?.lines())
        .map(|(number, line)| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(line);
            let bytes = bytes.map_err(|_| malformed(number))?;
            bytes.try_into().map_err(|_| malformed(number))
        })
        .collect()
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Failure {
    let failure =
        Failure::usage(format!("{} cannot be read", path.display())).because(error.to_string());
    let mut failure = failure;
    let mut source = error.source();
    while let Some(error) = source {
        failure = failure.because(error.to_string());
        source = error.source();
    }
    failure
}

impl Page for Report {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let checked = &self.checked;
        let mut page = format!(
            "{}\n  {} records, {} fields shown, {} named, {} hidden, {} proofs, {} texts, {} files, \
             {} signatures, {} cosignatures, {} timestamps\n",
            match self.state {
                State::Verified =>
                    "verified: what the bundle shows was recorded, and nothing of it was changed",
                State::RecordsVerified =>
                    "the records are verified; the files for people in the bundle were not compared \
                     with them: do not rely on what those say",
                State::ValidButEmpty => "valid, and shows nothing: every field is withheld",
                State::Failed => "FAILED: do not rely on this bundle",
            },
            checked.records,
            checked.fields_shown,
            checked.fields_named,
            checked.fields_hidden,
            checked.proofs,
            checked.texts,
            checked.files,
            checked.signatures,
            checked.cosignatures,
            checked.timestamps,
        );
        for key in &self.signed_by {
            page.push_str(&format!("  signed by {}\n", plain::line(key)));
        }
        for proven in &self.timestamps {
            let text = format!(
                "{}, which the root {} stands behind, saw it at {}",
                proven.by, proven.root, proven.at
            );
            page.push_str(&format!("  timestamp: {}\n", plain::line(&text)));
        }
        for it in &self.successions {
            page.push_str(&format!("  succession: {}\n", plain::line(&it.to_string())));
        }
        for it in &self.absences {
            let records = it.records.iter();
            let reasons =
                records.flat_map(|of| of.why.iter().map(|why| format!("{}: {why}", of.id)));
            let reasons: Vec<String> = reasons.take(MOST_REASONS).collect();
            let text = match it.outcome {
                Usage::Absent => format!("{}: not used", it.reference),
                Usage::Present => format!("{}: used", it.reference),
                Usage::CannotBeSaid => {
                    format!(
                        "{}: cannot be said whether it was used; {}",
                        it.reference,
                        reasons.join("; ")
                    )
                }
            };
            page.push_str(&format!("  asked about: {}\n", plain::line(&text)));
        }
        for finding in &self.findings {
            let text = format!("{} {}: {}", finding.file, finding.place, finding.what);
            page.push_str(&format!("  wrong: {}\n", plain::line(text.trim())));
        }
        for not in &self.not_checked {
            page.push_str(&format!("  not checked: {}\n", plain::line(not)));
        }
        page.push_str(&format!("  {}\n", self.not_proved));
        page
    }
}

/// How many reasons are printed of one thing; all of them are in `-o json`.
const MOST_REASONS: usize = 3;

const EXAMPLES: &str = "\
Examples:
  contextrail log key show > trail.pub
  contextrail evidence verify 12345.zip --key trail.pub
  contextrail evidence verify 12345.zip --key trail.pub --key witness.pub --tsa-root tsa.pem
  contextrail evidence verify 12345.zip --key trail.pub --head head.txt -o json

Exit code 4 when something is wrong, 2 when the file is no bundle, 7 when the files for people in it could
not be compared with the records.";
