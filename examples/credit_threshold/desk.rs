//! The desk: features by the pipeline of the day, points, the threshold in force, one decision.

use std::time::Instant;

use async_trait::async_trait;
use contextrail::assembly::Budget;
use contextrail::capture::{BoxError, FeatureAnswer, FeatureRequest, FeatureSource, Sink as _};
use contextrail::record::{
    Automation, DecisionId, EntityRef, Kpi, Measure, Name, Rationale, Timestamp,
};
use contextrail::trail::Trail;
use serde_json::json;

use super::Failed;
use super::applicant::Applicant;
use super::category::Creditability;
use super::features::FeatureTable;
use super::group::Groups;
use super::scorecard::{BASE_POINTS, SCORECARD};
use super::versions::{InUse, in_use};

/// Everything that the applications of one day are decided with.
pub(crate) struct Desk<'a> {
    trail: &'a Trail,
    pipeline: Pipeline,
    in_use: InUse,
}

/// An application that was decided.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What was decided on.
    pub(crate) application: EntityRef,
    /// Whose application it is.
    pub(crate) applicant: EntityRef,
    /// The recorded decision.
    pub(crate) decision: DecisionId,
    /// When.
    pub(crate) at: Timestamp,
    /// The objective that governed it.
    pub(crate) objective: &'static str,
    /// The model.
    pub(crate) model: &'static str,
    /// From 0 to 1; higher is safer.
    pub(crate) score: f64,
    /// Whether the loan was granted.
    pub(crate) approved: bool,
    /// To which groups the applicant belongs.
    pub(crate) groups: Groups,
}

/// The feature table behind the version of the pipeline that runs.
struct Pipeline {
    table: FeatureTable,
    commit: &'static str,
}

#[async_trait]
impl FeatureSource for Pipeline {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        let mut answer = self.table.fetch(request).await?;
        let is_gap = request.name.as_str() == "savings" && answer.value.is_none();
        if self.commit == super::versions::BROKEN_PIPELINE && is_gap {
            // The bug: who did not say is taken for somebody who has next to nothing.
            answer.value = Some(json!("below_100_dm"));
        }
        answer.transforms = vec![Name::new(format!("features@{}", self.commit))?];
        Ok(answer)
    }
}

impl<'a> Desk<'a> {
    pub(crate) fn of_day(trail: &'a Trail, day: usize, applicants: &[Applicant]) -> Self {
        let in_use = in_use(day);
        Self {
            trail,
            pipeline: Pipeline {
                table: FeatureTable::at(trail.clock().now(), applicants),
                commit: in_use.pipeline,
            },
            in_use,
        }
    }

    /// Decides one application, records it with what it rests on, and what was measured of it.
    pub(crate) async fn decide(
        &self,
        applicant: &Applicant,
        groups: &Groups,
    ) -> Result<Case, Failed> {
        let started = Instant::now();
        let (person, application) = (applicant.entity(), applicant.application());
        let mut cx = self
            .trail
            .context("credit_decision")
            .entity(person.kind.as_str(), &person.id)
            .use_case(USE_CASE)
            .environment("production")
            .input("application_id", application.id.as_str())
            .budget(Budget::tokens(600))
            .begin();
        let (mut total, mut rationale) = (BASE_POINTS, Vec::new());
        for criterion in &SCORECARD {
            let fetched = cx.feature(criterion.feature, &person).optional();
            let value = fetched.fetch(&self.pipeline).await?;
            if value.is_missing() {
                continue;
            }
            cx.feature_item(criterion.feature).priority(0);
            let points = criterion.points(&value.into_value()).unwrap_or_default();
            total += points;
            rationale.push(Rationale {
                signal: Name::new(criterion.feature)?,
                contribution: f64::from(points) / 100.0,
                method: Some(Name::new("scorecard")?),
            });
        }
        let context = cx.assemble().await?;
        let score = f64::from(total.clamp(0, 100)) / 100.0;
        let approved = score >= self.in_use.threshold;
        let (outcome, code, text) = if approved {
            ("approved", "R05", "the score is at or above the threshold")
        } else {
            ("denied", "R06", "the score is below the threshold")
        };
        let mut decision = self
            .trail
            .decide(application.kind.as_str(), &application.id)
            .outcome(outcome)
            .because(code, text)
            .output("score", score)
            .threshold("approve_at", self.in_use.threshold)
            .decided_by_system("credit-api")
            .automation(Automation::SolelyAutomated)
            .use_case(USE_CASE)
            .governed_by("objective", self.in_use.objective)
            .governed_by("model", self.in_use.model)
            .governed_by("feature_set", self.in_use.feature_set)
            .kpi("latency_ms", started.elapsed().as_secs_f64() * 1_000.0)
            .from_context(&context);
        for signal in rationale {
            decision = decision.rationale(signal);
        }
        let case = Case {
            decision: decision.commit().await?.id(),
            applicant: person,
            application,
            at: self.trail.clock().now(),
            objective: self.in_use.objective,
            model: self.in_use.model,
            score,
            approved,
            groups: groups.clone(),
        };
        self.measure(&case, applicant).await?;
        Ok(case)
    }

    /// Whether it was approved, and of what was paid out, whether it was paid back.
    async fn measure(&self, case: &Case, applicant: &Applicant) -> Result<(), Failed> {
        let repaid = applicant.creditability == Creditability::Good;
        let measured = [("approved", case.approved), ("repaid", repaid)];
        let known = if case.approved { 2 } else { 1 };
        for (metric, so) in measured.into_iter().take(known) {
            let kpi = Kpi {
                name: None,
                metric: metric.parse()?,
                value: Measure::Boolean(so),
                slices: case.groups.clone(),
                versions: self.in_use.versions()?,
                at: self.trail.clock().now(),
                window: None,
                count: None,
                decision: Some(case.decision),
            };
            self.trail.log_kpi(kpi, None).await?;
        }
        Ok(())
    }
}

const USE_CASE: &str = "consumer_credit@1";
