//! The trail as a whole: is what is recorded complete, and does it go with what is deployed?

use std::collections::BTreeMap;

use super::check::{CheckOptions, finished, frozen, line};
use super::error::QueryError;
use super::statistics::number;
use crate::record::{
    ArtifactKind, ArtifactRef, Check, CheckFinding, CheckLine, CheckOf, Completeness, Context,
    ContextStatus, Decision, Kind, RiskTier, Section, Timestamp, UseCase,
};
use crate::trail::{Registry, Search, Trail};

/// Checks the decisions since `options.since`: the part of each tier whose records are complete, against
/// that of its tier; those that were not made with what was deployed; what is due by retention; and
/// freezes.
///
/// A decision is complete when it rests on a context, and each of its contexts is sealed and has the
/// sections whole that its use case asks for: without a use case, every section that was captured.
///
/// # Errors
///
/// Those of reading.
pub async fn check_trail(
    trail: &Trail,
    registry: &Registry,
    now: Timestamp,
    options: CheckOptions,
) -> Result<Check, QueryError> {
    let search = Search {
        kind: Some(Kind::Decision),
        since: options.since,
        ..Search::default()
    };
    let mut pages = trail.search(search).await?.plain();
    let mut tiers: BTreeMap<&'static str, (RiskTier, u64, u64)> = BTreeMap::new();
    let mut skewed = 0_u64;
    let mut seen = 0_u64;
    while let Some(page) = pages.next().await? {
        for stored in page {
            let Some(decision) = stored.decision() else {
                continue;
            };
            seen += 1;
            let is_skew = |it: &crate::record::CheckResult| {
                it.constraint.as_str() == "deployed" && it.result == CheckFinding::Fail
            };
            skewed += u64::from(decision.checks.iter().any(is_skew));
            let use_case = use_case(registry, decision);
            let tier = decision.risk_tier.unwrap_or(RiskTier::Low);
            let is_complete = is_complete(trail, decision, use_case.as_ref()).await?;
            let (_, all, complete) = tiers.entry(tier.as_str()).or_insert((tier, 0, 0));
            *all += 1;
            *complete += u64::from(is_complete);
        }
    }
    let mut lines: Vec<CheckLine> = tiers
        .into_iter()
        .map(|(word, (tier, all, complete))| {
            let value = number(complete) / number(all);
            CheckLine {
                slice: Some(format!("tier={word}")),
                value: Some(value),
                comparison: Some(crate::record::Comparison::AtLeast),
                threshold: Some(tier.completeness().into()),
                note: Some(format!("{complete} of {all} decisions")),
                ..line("completeness", finding(value >= tier.completeness()))
            }
        })
        .collect();
    if seen == 0 {
        lines.push(CheckLine {
            note: Some("there is no decision in that time".to_owned()),
            ..line("completeness", CheckFinding::NotMeasured)
        });
    }
    lines.push(CheckLine {
        value: Some(number(skewed)),
        note: Some(format!(
            "{skewed} of {seen} decisions name other versions than were deployed"
        )),
        ..line("version_skew", finding(skewed == 0))
    });
    let policy = trail.retention_policy().await?;
    let due = trail.retention_plan(now, &policy).await?.due().count();
    lines.push(CheckLine {
        note: Some(format!(
            "the retention policy {} has {due} records that are due",
            policy.id()
        )),
        ..line("retention_due", finding(due == 0))
    });
    lines.extend(frozen(registry));
    Ok(finished(CheckOf::Trail, lines, options))
}

const fn finding(holds: bool) -> CheckFinding {
    if holds {
        CheckFinding::Pass
    } else {
        CheckFinding::Fail
    }
}

fn use_case(registry: &Registry, decision: &Decision) -> Option<UseCase> {
    let named = ArtifactRef::new(ArtifactKind::UseCase, decision.use_case.as_ref()?);
    let content = registry.version(&named)?.artifact.content.clone()?;
    serde_json::from_value(content).ok()
}

async fn is_complete(
    trail: &Trail,
    decision: &Decision,
    use_case: Option<&UseCase>,
) -> Result<bool, QueryError> {
    for id in &decision.contexts {
        let stored = trail.read(*id).await?;
        let is_whole = stored.as_ref().and_then(|it| it.context());
        if !is_whole.is_some_and(|context| is_whole_context(context, use_case)) {
            return Ok(false);
        }
    }
    Ok(!decision.contexts.is_empty())
}

fn is_whole_context(context: &Context, use_case: Option<&UseCase>) -> bool {
    let sections = &context.capture.sections;
    // What was redacted was there, and the record says what was taken out.
    let is_whole = |section: Section| {
        matches!(
            sections.of(section),
            Completeness::Complete | Completeness::Redacted
        )
    };
    let required = use_case.map(|it| it.required_sections.as_slice());
    let holds = match required.unwrap_or_default() {
        [] => Section::ALL
            .into_iter()
            .all(|section| sections.of(section) == Completeness::NotCaptured || is_whole(section)),
        required => required.iter().all(|section| is_whole(*section)),
    };
    holds && context.status == ContextStatus::Sealed
}
