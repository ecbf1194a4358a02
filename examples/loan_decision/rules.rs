//! The decision: points by feature, held against a threshold, with reasons.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use contextrail::record::{Name, Rationale, Reason, Threshold};
use serde_json::Value;

use super::scorecard::{BASE_POINTS, Criterion, Need, SCORECARD};

/// What the rules rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The loan is granted.
    Approved,
    /// The loan is not granted.
    Declined,
    /// A person has to decide.
    Referred,
}

impl Verdict {
    /// The outcome of the decision.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Referred => "referred",
        }
    }

    /// What is done about it.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Approved => "disburse",
            Self::Declined => "send_notice",
            Self::Referred => "queue_for_underwriter",
        }
    }
}

/// What the guardrail said about the applicant's free text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum StatementFinding {
    /// Nothing.
    Clean,
    /// It was flagged; a person has to decide.
    Flagged,
}

/// A ruling and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruling {
    /// What the rules rule.
    pub(crate) verdict: Verdict,
    /// From 0 to 1; higher is safer.
    pub(crate) score: f64,
    /// Why, the principal reason first. At most four, as the notice policy asks.
    pub(crate) reasons: Vec<Reason>,
    /// What each feature contributed to the score, in the order of the scorecard.
    pub(crate) rationale: Vec<Rationale>,
}

impl fmt::Display for Ruling {
    /// The ruling as the writer of the letter gets it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ruling: {} at a score of {:.2}.",
            self.verdict.outcome(),
            self.score
        )?;
        for (number, reason) in (1..).zip(&self.reasons) {
            let text = reason.text.as_deref().unwrap_or_default();
            write!(f, "\n{number}. {}: {text}", reason.code)?;
        }
        Ok(())
    }
}

/// The score from which on the rules approve.
pub(crate) fn approve_at() -> Threshold {
    Threshold {
        name: name("approve_at"),
        value: f64::from(APPROVE_AT) / 100.0,
    }
}

/// Rules on the feature values by name, as they were fetched: the same values get the same ruling.
///
/// A required feature that is missing, or that has a value the scorecard does not know, is never
/// guessed: the application is referred to a person.
pub(crate) fn decide(features: &BTreeMap<String, Value>, statement: StatementFinding) -> Ruling {
    let scored: Vec<(&Criterion, i32)> = SCORECARD
        .iter()
        .filter_map(|criterion| Some((criterion, points(criterion, features)?)))
        .collect();
    let total = BASE_POINTS + scored.iter().map(|(_, points)| points).sum::<i32>();
    let total = total.clamp(0, 100);
    let (verdict, principal) = verdict(features, statement, total);
    let mut reasons = Vec::from_iter(principal);
    if verdict != Verdict::Approved {
        reasons.extend(adverse(&scored));
    }
    reasons.truncate(MOST_REASONS);
    Ruling {
        verdict,
        score: f64::from(total) / 100.0,
        reasons,
        rationale: scored
            .iter()
            .map(|(criterion, points)| contribution(criterion, *points))
            .collect(),
    }
}

fn points(criterion: &Criterion, features: &BTreeMap<String, Value>) -> Option<i32> {
    criterion.points(features.get(criterion.feature)?)
}

/// The verdict, and its principal reason where that is not simply what took points. What a person
/// has to decide comes before the score.
fn verdict(
    features: &BTreeMap<String, Value>,
    statement: StatementFinding,
    total: i32,
) -> (Verdict, Option<Reason>) {
    let number = |feature: &str| features.get(feature).and_then(Value::as_u64);
    let unknown = SCORECARD.iter().find(|criterion| {
        criterion.need == Need::Required && points(criterion, features).is_none()
    });
    if number("age_years").is_some_and(|age| age < LEGAL_AGE) {
        let text = "the applicant is not of legal age";
        return (Verdict::Declined, Some(reason("R01", text, &["age_years"])));
    }
    if let Some(criterion) = unknown {
        let text = format!("{} is not known", criterion.feature.replace('_', " "));
        return (
            Verdict::Referred,
            Some(reason("R02", &text, &[criterion.feature])),
        );
    }
    if statement == StatementFinding::Flagged {
        let text = "the statement needs to be read by a person";
        return (Verdict::Referred, Some(reason("R03", text, &[])));
    }
    if total >= APPROVE_AT
        && number("credit_amount").is_some_and(|amount| amount > FOUR_EYES_ABOVE_DM)
    {
        let text = "the amount needs the approval of a second person";
        return (
            Verdict::Referred,
            Some(reason("R04", text, &["credit_amount"])),
        );
    }
    match total {
        APPROVE_AT.. => (
            Verdict::Approved,
            Some(reason("R05", "the score is at or above the threshold", &[])),
        ),
        REFER_AT.. => (
            Verdict::Referred,
            Some(reason("R06", "the score is just below the threshold", &[])),
        ),
        _ => (Verdict::Declined, None),
    }
}

/// What took points, the most first; ties in the order of the scorecard.
fn adverse(scored: &[(&Criterion, i32)]) -> impl Iterator<Item = Reason> {
    let mut against: Vec<_> = scored
        .iter()
        .filter(|(_, points)| *points < 0)
        .copied()
        .collect();
    against.sort_by_key(|(_, points)| Reverse(-points));
    against
        .into_iter()
        .map(|(criterion, _)| reason(criterion.code, criterion.adverse, &[criterion.feature]))
}

fn reason(code: &str, text: &str, features: &[&str]) -> Reason {
    Reason {
        code: name(code),
        text: Some(text.to_owned()),
        refs: features
            .iter()
            .map(|feature| name(&format!("feature:{feature}")))
            .collect(),
    }
}

fn contribution(criterion: &Criterion, points: i32) -> Rationale {
    Rationale {
        signal: name(criterion.feature),
        contribution: f64::from(points) / 100.0,
        method: Some(name("scorecard")),
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("codes and features are short texts without U+0000")
}

const APPROVE_AT: i32 = 58;
const REFER_AT: i32 = 48;
const FOUR_EYES_ABOVE_DM: u64 = 12_000;
const LEGAL_AGE: u64 = 18;
const MOST_REASONS: usize = 4;

#[cfg(test)]
mod tests {
    use contextrail::record::Timestamp;
    use serde_json::json;

    use super::super::applicant::{Applicant, applicants};
    use super::super::category::Creditability;
    use super::super::features::FeatureTable;
    use super::*;

    fn known(people: &[Applicant]) -> Vec<BTreeMap<String, Value>> {
        let now: Timestamp = "2026-11-22T18:42:30Z".parse().unwrap();
        let table = FeatureTable::at(now, people);
        people
            .iter()
            .map(|applicant| {
                let values = table.of(&applicant.entity()).iter();
                values
                    .filter_map(|v| Some((v.definition.name.to_owned(), v.value.clone()?)))
                    .collect()
            })
            .collect()
    }

    fn rulings(people: &[Applicant]) -> Vec<Ruling> {
        known(people)
            .iter()
            .map(|features| decide(features, StatementFinding::Clean))
            .collect()
    }

    #[test]
    fn the_threshold_tells_good_credits_from_bad_ones() {
        let people = applicants().unwrap();
        let threshold = approve_at().value;
        let right = people
            .iter()
            .zip(rulings(&people))
            .filter(|(applicant, ruling)| {
                (ruling.score >= threshold) == (applicant.creditability == Creditability::Good)
            })
            .count();
        assert!(right >= 680, "accuracy 0.{right:03}");
    }

    #[test]
    fn the_approved_default_less_than_the_referred_and_those_less_than_the_declined() {
        let people = applicants().unwrap();
        let rulings = rulings(&people);
        let share_bad = |verdict| {
            let group: Vec<_> = people
                .iter()
                .zip(&rulings)
                .filter(|(_, r)| r.verdict == verdict)
                .collect();
            let bad = group
                .iter()
                .filter(|(a, _)| a.creditability == Creditability::Bad)
                .count();
            bad * 1_000 / group.len()
        };
        let shares = [Verdict::Approved, Verdict::Referred, Verdict::Declined].map(share_bad);
        assert!(shares.is_sorted(), "{shares:?}");
    }

    #[test]
    fn the_first_twenty_see_every_verdict() {
        let rulings = rulings(&applicants().unwrap()[..20]);
        for verdict in [Verdict::Approved, Verdict::Declined, Verdict::Referred] {
            assert!(
                rulings.iter().any(|ruling| ruling.verdict == verdict),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn every_category_of_the_data_is_on_the_scorecard() {
        for features in known(&applicants().unwrap()) {
            for criterion in &SCORECARD {
                let value = features.get(criterion.feature);
                assert!(
                    value.is_none_or(|value| criterion.points(value).is_some()),
                    "{criterion:?} {value:?}"
                );
            }
        }
    }

    #[test]
    fn a_declined_applicant_reads_what_weighed_most_first() {
        let people = applicants().unwrap();
        let rulings = rulings(&people);
        let declined = rulings
            .iter()
            .find(|ruling| ruling.verdict == Verdict::Declined)
            .unwrap();
        let weights: Vec<f64> = declined
            .reasons
            .iter()
            .map(|reason| {
                let feature = reason.refs[0].as_str().trim_start_matches("feature:");
                let line = declined
                    .rationale
                    .iter()
                    .find(|line| line.signal.as_str() == feature);
                line.unwrap().contribution
            })
            .collect();
        assert_eq!(weights.len(), 4);
        assert!(
            weights.is_sorted() && weights.iter().all(|weight| *weight < 0.0),
            "{weights:?}"
        );
    }

    #[test]
    fn a_missing_or_unreadable_required_feature_is_referred() {
        let mut features = known(&applicants().unwrap()[..1]).remove(0);
        features.insert(
            "credit_history".to_owned(),
            json!("excellent, approve at once"),
        );
        let ruling = decide(&features, StatementFinding::Clean);
        assert_eq!(ruling.verdict, Verdict::Referred);
        assert_eq!(
            ruling.reasons[0].text.as_deref(),
            Some("credit history is not known")
        );
        features.remove("credit_history");
        assert_eq!(
            decide(&features, StatementFinding::Clean).verdict,
            Verdict::Referred
        );
    }

    #[test]
    fn a_flagged_statement_is_never_approved_by_rule() {
        let features = known(&applicants().unwrap()[..1]).remove(0);
        assert_eq!(
            decide(&features, StatementFinding::Clean).verdict,
            Verdict::Approved
        );
        assert_eq!(
            decide(&features, StatementFinding::Flagged).verdict,
            Verdict::Referred
        );
    }

    #[test]
    fn a_large_amount_needs_a_second_person() {
        let mut features = known(&applicants().unwrap()[2..3]).remove(0);
        features.insert("credit_amount".to_owned(), json!(12_001));
        let ruling = decide(&features, StatementFinding::Clean);
        assert_eq!(ruling.reasons[0].code.as_str(), "R04");
    }
}
