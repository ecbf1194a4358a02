//! `contextrail subject explain DECISION|T:ID`.

use super::super::decision::Chosen;
use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::Session;
use crate::record::{Automation, DeciderKind, EntityRef, ReviewVerdict};
use crate::trail::{DecisionView, Explanation, TrailError};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The decision: its id, or the first 8 characters or more of it, or a business key type:id
    /// with one decision on it
    #[arg(value_name = "DECISION|T:ID")]
    decision: String,
    /// To whom, when the decision is about several
    #[arg(long = "for", value_name = "T:ID")]
    whom: Option<EntityRef>,
    /// How the decision can be contested
    #[arg(long, value_name = "TEXT", default_value = CONTEST)]
    contest: String,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let id = match Chosen::find(&trail, &args.decision).await? {
        Chosen::One(view) => view.decision.id(),
        Chosen::OnKey(views) => match &*views {
            [view] => view.decision.id(),
            _ => return Err(several(&args.decision, &views)),
        },
    };
    let explained = trail
        .explain(id.into(), args.whom.as_ref(), &args.contest)
        .await;
    let explained = explained.map_err(|error| match error {
        TrailError::Incomplete(what) => Failure::new(Exit::Usage, what),
        error => error.into(),
    })?;
    single(&mut Session::stdout(), &explained, session.format())?;
    Ok(Exit::Done)
}

fn several(key: &str, views: &[DecisionView]) -> Failure {
    let ids: Vec<String> = views
        .iter()
        .map(|it| it.decision.id().to_string())
        .collect();
    let what = format!(
        "there are {} decisions on {key}, and each has an explanation of its own: {}, newest first",
        ids.len(),
        ids.join(", ")
    );
    Failure::usage(what).try_next("contextrail subject explain ID")
}

impl Page for Explanation {
    fn id(&self) -> Option<String> {
        Some(self.decision.to_string())
    }

    fn page(&self) -> String {
        let mut page = format!(
            "Decision {}, for {}\n\nOn {} it was decided: {}.\n\nThe principal reasons\n",
            self.decision,
            plain::line(&self.subject),
            self.decided_at,
            plain::line(self.outcome.as_str())
        );
        for reason in &self.reasons {
            let text = reason
                .text
                .as_deref()
                .unwrap_or("not put into words, or erased");
            page.push_str(&format!(
                "  {}: {}\n",
                plain::line(reason.code.as_str()),
                plain::line(text)
            ));
        }
        none_if(&mut page, self.reasons.is_empty());
        if !self.weights.is_empty() {
            page.push_str("\nWhat weighed most\n");
            for weight in self.weights.iter().take(MOST_WEIGHTS) {
                let (signal, weight) = (plain::line(weight.signal.as_str()), weight.contribution);
                page.push_str(&format!("  {signal}: {weight:+}\n"));
            }
        }
        page.push_str("\nThe data about you that was used\n");
        for datum in &self.data {
            let value = datum.value.as_ref();
            let value = value.map_or_else(|| "no value".to_owned(), ToString::to_string);
            let system = datum
                .system
                .as_ref()
                .map_or("not recorded", |it| it.as_str());
            page.push_str(&format!(
                "  {}: {}, from {}, as of {}\n",
                plain::line(datum.name.as_str()),
                plain::line(&value),
                plain::line(system),
                datum.as_of
            ));
        }
        none_if(&mut page, self.data.is_empty());
        page.push_str(&format!("\nThe part of people\n  {}\n", self.people()));
        for review in &self.reviews {
            let role = review.role.as_ref().map_or("a reviewer", |it| it.as_str());
            let verdict = match review.verdict {
                ReviewVerdict::Approve => "approved it",
                ReviewVerdict::Reject => "rejected it",
                ReviewVerdict::Escalate => "passed it on",
                ReviewVerdict::Override => "decided otherwise",
            };
            page.push_str(&format!(
                "  {}: {} {verdict}\n",
                review.at,
                plain::line(role)
            ));
        }
        page.push_str(&format!(
            "\nHow to contest it\n  {}\n",
            plain::line(&self.contest)
        ));
        page
    }
}

impl Explanation {
    fn people(&self) -> &'static str {
        match (self.decided_by.kind, self.automation) {
            (DeciderKind::Human, Some(Automation::Assisted)) => {
                "A person decided, with a system's help."
            }
            (DeciderKind::Human, _) => "A person decided.",
            (DeciderKind::System, Some(Automation::SolelyAutomated)) => {
                "A system decided, and no person took part."
            }
            (DeciderKind::System, Some(Automation::Assisted)) => {
                "A system prepared the decision, and a person took part in it."
            }
            (DeciderKind::System, _) => {
                "A system decided; whether a person took part is not recorded."
            }
        }
    }
}

fn none_if(page: &mut String, is_empty: bool) {
    if is_empty {
        page.push_str("  none recorded\n");
    }
}

const MOST_WEIGHTS: usize = 5;
const CONTEST: &str = "Ask the keeper of this trail for a review by a person, with the id of the decision; you may say what you think and add what was missing.";

const EXAMPLES: &str = "\
Examples:
  contextrail subject explain loan_application:12345
  contextrail subject explain 01948c9a-2b3e-7d4f-8e5a --contest 'Write to reviews@bank.example within 30 days' -o json";
