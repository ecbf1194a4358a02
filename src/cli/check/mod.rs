//! `contextrail check`: for pipelines.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::input::Input;
use super::output::{Page, single, table};
use super::person::person;
use super::session::Session;
use super::table_text::word;
use super::when::When;
use crate::codec::{Format, Node, read, read_json_lines};
use crate::govern::{
    CheckOptions, Sample, advise, check_model, check_objective, check_trail, read_artifact,
    read_kpi,
};
use crate::record::{Allowance, Artifact, Check, CheckFinding, Freeze, Name, Objective, RiskTier};
use crate::trail::{Registry, Trail};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Hold an objective against what was measured
    #[command(after_help = OBJECTIVE_EXAMPLES)]
    Objective {
        /// The version, or a file that holds the objective
        #[arg(value_name = "REF|FILE")]
        objective: String,
        /// The values to hold it against, instead of those of the trail
        #[arg(long, value_name = "FILE", conflicts_with = "since")]
        kpis: Option<PathBuf>,
        /// The values of the trail since then
        #[arg(long, value_name = "T")]
        since: Option<When>,
        #[command(flatten)]
        allow: Allow,
    },
    /// Check a model before it is deployed: objective, lineage, evaluation
    #[command(after_help = MODEL_EXAMPLES)]
    Model {
        /// The version
        #[arg(value_name = "REF")]
        model: String,
        #[command(flatten)]
        allow: Allow,
    },
    /// Check the trail: completeness by tier, skew, what is due, freezes
    #[command(after_help = TRAIL_EXAMPLES)]
    Trail {
        /// Only decisions since then
        #[arg(long, value_name = "T")]
        since: Option<When>,
        #[command(flatten)]
        allow: Allow,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Allow {
    /// Lets it pass although something was not measured, and records why
    #[arg(long, value_name = "REASON")]
    allow_unmeasured: Option<String>,
    /// Who allows it; who runs this when left out
    #[arg(long, value_name = "WHO", requires = "allow_unmeasured")]
    by: Option<Name>,
}

impl Allow {
    fn options(self) -> CheckOptions {
        let by = self.by.map_or_else(Session::actor, person);
        CheckOptions {
            allowed: self.allow_unmeasured.map(|reason| Allowance { reason, by }),
            ..CheckOptions::default()
        }
    }
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    session.must_exist()?;
    let trail = session.writer().await?;
    let checked = check(session, &trail, verb).await;
    let done = match checked {
        Ok((check, freezes)) => finish(session, &trail, check, freezes).await,
        Err(failure) => Err(failure),
    };
    trail.close().await;
    done
}

async fn check(
    session: &Session,
    trail: &Trail,
    verb: Verb,
) -> Result<(Check, Vec<Freeze>), Failure> {
    let registry = trail.registry().await?;
    let now = session.now();
    match verb {
        Verb::Objective {
            objective,
            kpis,
            since,
            allow,
        } => {
            let mut options = allow.options();
            options.since = since.map(|it| it.at(now));
            if let Some(path) = kpis {
                options.given = Some(given(session, &path)?);
            }
            let (artifact, is_file) = named(session, &registry, &objective)?;
            options.tier = artifact.risk_rating;
            options.reference = artifact.id().to_string().parse().ok();
            let content = artifact.content.clone().unwrap_or_default();
            let read: Objective = serde_json::from_value(content).map_err(|error| {
                Failure::usage(format!("{objective} is no objective")).because(error.to_string())
            })?;
            if !is_file {
                let version = registry.resolve(&objective, now)?;
                let state = registry.state(version, now);
                options.with = Some(version.id());
                super::session::warn(&format!("note: {} is {state}", version.id()));
            }
            Ok(check_objective(trail, &registry, &read, options).await?)
        }
        Verb::Model { model, allow } => {
            let found = registry.resolve(&model, now)?;
            let mut options = allow.options();
            options.tier = found.artifact.risk_rating;
            options.reference = found.id().to_string().parse().ok();
            Ok((check_model(&registry, found, now, options)?, Vec::new()))
        }
        Verb::Trail { since, allow } => {
            let mut options = allow.options();
            options.since = since.map(|it| it.at(now));
            options.tier = Some(RiskTier::High);
            Ok((
                check_trail(trail, &registry, now, options).await?,
                Vec::new(),
            ))
        }
    }
}

/// The objective that is registered under a reference, or stands in a file.
fn named(session: &Session, registry: &Registry, text: &str) -> Result<(Artifact, bool), Failure> {
    let path = Path::new(text);
    if text == "-" || path.exists() {
        let input = Input::open(path)?;
        let document = read(&input.bytes, Format::detect(path, &input.bytes))
            .map_err(|error| input.refused(&advise(&input.bytes, error)))?;
        let name = Name::new("unnamed").ok();
        let file = read_artifact(&document, name.as_ref(), &Session::actor())
            .map_err(|error| input.refused(&error))?;
        for warning in &file.warnings {
            super::session::warn(&format!("note: {warning}"));
        }
        return Ok((file.artifact, true));
    }
    let found = registry.resolve(text, session.now())?;
    Ok((found.artifact.clone(), false))
}

fn given(session: &Session, path: &Path) -> Result<Vec<Sample>, Failure> {
    let input = Input::open(path)?;
    let value = |node: &Node| {
        let read = read_kpi(node, session.now());
        let (_, kpi) = read.map_err(|error| input.refused(&error))?;
        Ok::<_, Failure>(Sample::given(kpi))
    };
    if Format::detect(path, &input.bytes) == Format::JsonLines {
        let lines = read_json_lines(&input.bytes);
        let lines = lines.map(|line| line.map_err(|error| input.refused(&error)));
        return lines.map(|line| value(&line?)).collect();
    }
    input.document()?.into_records().iter().map(value).collect()
}

/// Records what was found, freezes where a rule says so, and says it by the exit code.
async fn finish(
    session: &Session,
    trail: &Trail,
    check: Check,
    freezes: Vec<Freeze>,
) -> Result<Exit, Failure> {
    let receipt = trail.record_check(check.clone(), None).await?;
    for freeze in freezes {
        let frozen = trail.freeze(freeze, None).await?;
        super::session::warn(&format!("note: frozen, as {}", frozen.id));
    }
    single(&mut Session::stdout(), &Shown(&check), session.format())?;
    if check.passed {
        return Ok(Exit::Done);
    }
    let failed = check
        .results
        .iter()
        .filter(|it| it.result != CheckFinding::Pass);
    let mut failure = Failure::new(
        Exit::Refused,
        format!(
            "the check of the {} failed, and is recorded as {}",
            check.of.as_str(),
            receipt.id
        ),
    );
    for line in failed {
        failure = failure.because(reason(line));
    }
    Err(failure)
}

/// A check as it is printed.
#[derive(serde::Serialize)]
struct Shown<'c>(&'c Check);

impl Page for Shown<'_> {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(String::new, |it| format!("{it:.4}"));
        let rows = self.0.results.iter().map(|it| {
            vec![
                it.constraint.to_string(),
                it.metric.as_ref().map_or_else(String::new, Name::to_string),
                it.slice.clone().unwrap_or_default(),
                number(it.value),
                limit(it),
                word(&it.result),
                it.note.clone().unwrap_or_default(),
            ]
        });
        let columns = [
            "check", "metric", "part", "value", "limit", "result", "note",
        ];
        let verdict = if self.0.passed { "passed" } else { "failed" };
        format!(
            "{}: {verdict}\n{}",
            self.0.of.as_str(),
            table(&columns, &rows.collect::<Vec<_>>())
        )
    }
}

fn limit(line: &crate::record::CheckLine) -> String {
    let comparison = line.comparison.as_ref().map(word).unwrap_or_default();
    let threshold = line.threshold.as_ref().map(ToString::to_string);
    format!("{comparison} {}", threshold.unwrap_or_default())
        .trim()
        .to_owned()
}

fn reason(line: &crate::record::CheckLine) -> String {
    let part = line
        .slice
        .as_ref()
        .map_or_else(String::new, |it| format!(" in {it}"));
    let metric = line
        .metric
        .as_ref()
        .map_or_else(String::new, |it| format!(" of {it}"));
    let value = line
        .value
        .map_or_else(String::new, |it| format!(" is {it:.4}, and has to be"));
    let result = match line.result {
        CheckFinding::NotMeasured => " was not measured".to_owned(),
        _ if line.value.is_some() => format!("{value} {}", limit(line)),
        _ => " does not hold".to_owned(),
    };
    let note = line
        .note
        .as_ref()
        .map_or_else(String::new, |it| format!(" ({it})"));
    format!("{}{metric}{part}{result}{note}", line.constraint)
}

const OBJECTIVE_EXAMPLES: &str = "\
Examples:
  contextrail check objective objective:OBJ.credit@1.3 --since 30d
  contextrail check objective objective.yaml --kpis kpis.jsonl
  contextrail check objective objective:OBJ.credit@1.3 --kpis kpis.jsonl \\
    --allow-unmeasured 'the drift monitor is not built yet'";

const MODEL_EXAMPLES: &str = "\
Examples:
  contextrail check model model:credit_model@2.1.0";

const TRAIL_EXAMPLES: &str = "\
Examples:
  contextrail check trail --since 30d";
