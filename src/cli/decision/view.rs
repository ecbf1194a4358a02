//! A decision with what was recorded about it later.

use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::plain;
use crate::cli::session::resolve;
use crate::cli::table_text::{entities, moment, value, word};
use crate::codec::ExportedRecord;
use crate::record::{Body, Decision, DecisionId, EntityRef, Kind};
use crate::trail::{DecisionView, Stored, Trail};

/// One decision by its id, or all decisions on a business key.
pub(in crate::cli) enum Chosen {
    One(Box<DecisionView>),
    OnKey(Vec<DecisionView>),
}

impl Chosen {
    /// What `reference` names: `type:id`, or an id or the beginning of one.
    pub(in crate::cli) async fn find(trail: &Trail, reference: &str) -> Result<Self, Failure> {
        if !reference.contains(':') {
            let id = resolve(trail, reference).await?;
            let stored = trail.read_kind(id, Kind::Decision).await?;
            return Ok(Self::One(Box::new(trail.view(stored).await?)));
        }
        let subject: EntityRef = reference
            .parse()
            .map_err(|error| Failure::usage(format!("{error}")))?;
        let views = trail.decisions_on(&subject).await?;
        if views.is_empty() {
            return Err(
                Failure::new(Exit::NotFound, format!("there is no decision on {subject}"))
                    .try_next("contextrail decision list"),
            );
        }
        Ok(Self::OnKey(views))
    }
}

/// A decision as it is exported: with the records that are about it or that it names, whole.
#[derive(Serialize)]
pub(super) struct Viewed {
    #[serde(flatten)]
    exported: ExportedRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<DecisionId>,
    reviews: Vec<ExportedRecord>,
    outcomes: Vec<ExportedRecord>,
    generation_records: Vec<ExportedRecord>,
}

impl Viewed {
    pub(super) async fn of(
        trail: &Trail,
        view: &DecisionView,
        with_text: bool,
    ) -> Result<Self, Failure> {
        Ok(Self {
            exported: trail.export(&view.decision, with_text).await?,
            superseded_by: view.superseded_by,
            reviews: exported(trail, &view.reviews, with_text).await?,
            outcomes: exported(trail, &view.outcomes, with_text).await?,
            generation_records: exported(trail, &view.generations, with_text).await?,
        })
    }

    pub(super) fn id(&self) -> String {
        self.exported.record.head.id.to_string()
    }
}

async fn exported(
    trail: &Trail,
    records: &[Stored],
    with_text: bool,
) -> Result<Vec<ExportedRecord>, Failure> {
    let mut exported = Vec::with_capacity(records.len());
    for stored in records {
        exported.push(trail.export(stored, with_text).await?);
    }
    Ok(exported)
}

/// A decision as a page for people.
pub(super) fn page(view: &DecisionView) -> String {
    let Some(decision) = view.decision.decision() else {
        return String::new();
    };
    let mut page = header(&view.decision, decision);
    let mut fact = |name: &str, text: String| {
        page.push_str(&format!("  {name:<12} {}\n", plain::line(&text)));
    };
    for reason in &decision.reasons {
        let text = reason.text.as_deref().unwrap_or_default();
        fact("reason", format!("{} {text}", reason.code));
    }
    for (name, output) in &decision.output {
        fact(&format!("output {name}"), value(output));
    }
    for context in &decision.contexts {
        fact("context", context.to_string());
    }
    if let Some(earlier) = decision.supersedes {
        fact("supersedes", earlier.to_string());
    }
    if let Some(later) = view.superseded_by {
        fact("superseded", format!("by {later}"));
    }
    for review in &view.reviews {
        if let Body::Review(body) = &review.record().body {
            let note = body.note.as_deref().unwrap_or_default();
            let by = &review.record().head.actor.id;
            fact(
                "review",
                format!(
                    "{} {} by {by} {note}",
                    moment(body.decided_at),
                    word(&body.verdict)
                ),
            );
        }
    }
    page
}

fn header(stored: &Stored, decision: &Decision) -> String {
    let subject = decision.subject.to_string();
    let mut page = format!(
        "decision {}: {}\n  {:<12} {}\n  {:<12} {} by {} {}\n",
        plain::line(&subject),
        plain::line(decision.outcome.as_str()),
        "id",
        stored.id(),
        "decided",
        moment(decision.decided_at),
        word(&decision.decided_by.kind),
        plain::line(decision.decided_by.id.as_str()),
    );
    if !decision.entities.is_empty() {
        let about = plain::line(&entities(&decision.entities));
        page.push_str(&format!("  {:<12} {about}\n", "entities"));
    }
    page
}
