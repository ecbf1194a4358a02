//! What a person may know: everything about them, and why a decision came out as it did.

use serde::Serialize;
use serde_json::Value;

use super::{Stored, Trail, TrailError};
use crate::capture::Sink as _;
use crate::record::{
    Automation, Body, Class, Decider, DecisionId, DocumentUse, EntityRef, Kind, Name, Reason,
    RecordId, ReviewVerdict, Timestamp, TrailId, Version,
};
use crate::seal::{Disclosed, Disclosure, own_texts};

/// Everything recorded about a person, with the data of others masked.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectAccess {
    /// Who it is about.
    pub subject: String,
    /// When it was put together.
    pub made_at: Timestamp,
    /// The trail it is from.
    pub trail: TrailId,
    /// The records, oldest first.
    pub records: Vec<AccessRecord>,
}

/// What one record says about the person.
#[derive(Clone, Debug, Serialize)]
pub struct AccessRecord {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in one line.
    pub summary: String,
    /// The values that are about the person alone, or about nobody.
    pub values: Vec<AccessValue>,
    /// The texts that are about the person alone.
    pub texts: Vec<String>,
    /// What is not given, and why.
    pub withheld: Vec<AccessWithheld>,
}

/// One value.
#[derive(Clone, Debug, Serialize)]
pub struct AccessValue {
    /// JSON pointer (RFC 6901) into the record.
    pub path: String,
    /// Whether it is about the person, or about the record itself.
    pub is_personal: bool,
    /// The value.
    pub value: Value,
}

/// A value that is not given.
#[derive(Clone, Debug, Serialize)]
pub struct AccessWithheld {
    /// JSON pointer (RFC 6901) into the record.
    pub path: String,
    /// Why: it is about others as well, is the keeper's secret, or is not there any longer.
    pub why: &'static str,
}

/// Why a decision came out as it did, for the person it is about.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The decision.
    pub decision: DecisionId,
    /// Whom it is explained to.
    pub subject: String,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// What was decided.
    pub outcome: Name,
    /// The principal reasons, as they were recorded.
    pub reasons: Vec<Reason>,
    /// What weighed most, the heaviest first.
    pub weights: Vec<Weight>,
    /// The data about the person that was used.
    pub data: Vec<UsedDatum>,
    /// Documents that were used.
    pub documents: Vec<UsedDocument>,
    /// Who decided: a person, or a program.
    pub decided_by: Decider,
    /// How far it was automated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation: Option<Automation>,
    /// What people did about it afterwards.
    pub reviews: Vec<HumanPart>,
    /// How it can be contested.
    pub contest: String,
}

/// How much one signal weighed.
#[derive(Clone, Debug, Serialize)]
pub struct Weight {
    /// The signal.
    pub signal: Name,
    /// How much, and in which direction.
    pub contribution: f64,
}

/// A value about the person that was used.
#[derive(Clone, Debug, Serialize)]
pub struct UsedDatum {
    /// Its name.
    pub name: Name,
    /// Its value, if there was one and it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Where it came from, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<Name>,
    /// As of when it holds: what the source said, else when it was fetched.
    pub as_of: Timestamp,
}

/// A document that was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UsedDocument {
    /// The document.
    pub document: Name,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
}

/// What a person did about a decision.
#[derive(Clone, Debug, Serialize)]
pub struct HumanPart {
    /// When.
    pub at: Timestamp,
    /// In what role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// With what verdict.
    pub verdict: ReviewVerdict,
    /// The outcome since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_outcome: Option<Name>,
}

impl Trail {
    /// Everything recorded about `subject`: the values and texts that are about nobody else, and
    /// what is not given, with the reason.
    ///
    /// # Errors
    ///
    /// [`TrailError::NothingHeld`] when there is nothing; [`TrailError::Key`] without the keys.
    pub async fn subject_access(&self, subject: &EntityRef) -> Result<SubjectAccess, TrailError> {
        let history = self.history(subject).await?;
        if history.is_empty() {
            return Err(TrailError::NothingHeld(subject.clone()));
        }
        let mut records = Vec::with_capacity(history.len());
        for event in &history {
            let (mut values, mut withheld) = (Vec::new(), Vec::new());
            for field in self.disclose(&event.stored).await? {
                match given(&field, subject) {
                    Ok(value) => values.push(AccessValue {
                        path: field.path,
                        is_personal: field.class == Class::Personal,
                        value,
                    }),
                    Err(why) => withheld.push(AccessWithheld {
                        why: why.unwrap_or_else(|| event.stored.why_withheld(&field.path)),
                        path: field.path,
                    }),
                }
            }
            records.push(AccessRecord {
                id: event.stored.id(),
                kind: event.stored.record().kind(),
                at: event.at,
                summary: event.summary(),
                values,
                texts: self.texts_about(&event.stored, subject).await?,
                withheld,
            });
        }
        Ok(SubjectAccess {
            subject: subject.to_string(),
            made_at: self.clock().now(),
            trail: self.id().await?,
            records,
        })
    }

    async fn texts_about(
        &self,
        stored: &Stored,
        subject: &EntityRef,
    ) -> Result<Vec<String>, TrailError> {
        let rows = self.read_rows(&[stored.log_index()]).await?;
        let keys = self.keys_for(&rows).await?;
        let Some(row) = rows.first() else {
            return Ok(Vec::new());
        };
        let (entry, unlocked) = self.unlock(row, &keys)?;
        let texts = own_texts(&unlocked.slots, subject);
        let texts = texts.map_err(|error| self.damaged(entry.id, &error.to_string()))?;
        Ok(texts.values().map(ToString::to_string).collect())
    }

    /// Why the decision `id` came out as it did, for `whom`, or for the one it is about when it is
    /// about one alone; `contest` says how it can be contested.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`]; [`TrailError::Incomplete`] when it is about several and nobody is
    /// named, or not about the one who is.
    pub async fn explain(
        &self,
        id: DecisionId,
        whom: Option<&EntityRef>,
        contest: &str,
    ) -> Result<Explanation, TrailError> {
        let stored = self.read_kind(id.into(), Kind::Decision).await?;
        let view = self.view(stored).await?;
        let Some(decision) = view.decision.decision() else {
            return Err(self.damaged(id.into(), "it is no decision"));
        };
        let subject = match (whom, decision.entities.as_slice()) {
            (Some(whom), about) if about.contains(whom) => whom.clone(),
            (None, [one]) => one.clone(),
            (whom, about) => {
                let about: Vec<String> = about.iter().map(ToString::to_string).collect();
                return Err(TrailError::Incomplete(format!(
                    "the decision is about {}: say to whom it is explained with --for{}",
                    about.join(", "),
                    whom.map_or_else(String::new, |whom| format!(", and it is not about {whom}"))
                )));
            }
        };
        let mut weights: Vec<Weight> = decision
            .rationale
            .iter()
            .map(|it| Weight {
                signal: it.signal.clone(),
                contribution: it.contribution,
            })
            .collect();
        weights.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let (mut data, mut documents) = (Vec::new(), Vec::new());
        for context in &decision.contexts {
            let Some(stored) = self.read(*context).await? else {
                continue;
            };
            add_used(&stored, &subject, &mut data, &mut documents);
        }
        let reviews = view.reviews.iter().filter_map(|review| {
            let Body::Review(review) = &review.record().body else {
                return None;
            };
            Some(HumanPart {
                at: review.decided_at,
                role: review.role.clone(),
                verdict: review.verdict,
                new_outcome: review.new_outcome.clone(),
            })
        });
        Ok(Explanation {
            decision: id,
            subject: subject.to_string(),
            decided_at: decision.decided_at,
            outcome: decision.outcome.clone(),
            reasons: decision.reasons.clone(),
            weights,
            data,
            documents,
            decided_by: decision.decided_by.clone(),
            automation: decision.automation,
            reviews: reviews.collect(),
            contest: contest.to_owned(),
        })
    }
}

/// The value of a field as far as it may be given to `subject`; else why not, `None` when it is not
/// there any longer.
fn given(field: &Disclosed, subject: &EntityRef) -> Result<Value, Option<&'static str>> {
    let Disclosure::Shown { value, .. } = &field.content else {
        return Err(None);
    };
    let is_own = field.owners.contains(subject);
    match field.class {
        Class::Confidential => return Err(Some("confidential to the keeper of the trail")),
        Class::Personal if !is_own && !field.owners.is_empty() => {
            return Err(Some("about somebody else"));
        }
        Class::Personal if field.owners.len() > 1 => {
            return Err(Some("about others as well"));
        }
        Class::Personal | Class::Plain => {}
    }
    serde_json::from_slice(value).map_err(|_| Some("it cannot be read"))
}

fn add_used(
    stored: &Stored,
    subject: &EntityRef,
    data: &mut Vec<UsedDatum>,
    documents: &mut Vec<UsedDocument>,
) {
    let Some(context) = stored.context() else {
        return;
    };
    let own = context
        .features
        .iter()
        .filter(|it| it.entity.as_ref() == Some(subject));
    data.extend(own.map(|feature| UsedDatum {
        name: feature.name.clone(),
        value: feature.value.clone(),
        system: feature.origin.as_ref().map(|it| it.system.clone()),
        as_of: feature.as_of.unwrap_or(feature.fetched_at),
    }));
    for result in context.retrievals.iter().flat_map(|call| &call.results) {
        let document = UsedDocument {
            document: result.document.clone(),
            version: result.version.clone(),
        };
        if is_given(result.used) && !documents.contains(&document) {
            documents.push(document);
        }
    }
}

/// Whether the model was given any of what was retrieved.
const fn is_given(used: DocumentUse) -> bool {
    matches!(used, DocumentUse::Included | DocumentUse::Truncated)
}
