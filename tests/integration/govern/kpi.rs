//! Measured values: reports, comparisons, checks, lineage and impact.

use contextrail::govern::{
    Asked, CheckOptions, Direction, ImpactOptions, check_model, check_objective, check_trail,
    compare, impact, impact_of_change, lineage, report,
};
use contextrail::record::{
    Allowance, CheckFinding, DecisionId, Governing, Kpi, Measure, Objective, RiskTier,
};

use crate::home::{Home, on_both};

use super::{Governed, at, person, version};

fn kpi(metric: &str, value: Measure, region: &str, number: &str) -> Kpi {
    Kpi {
        name: None,
        metric: metric.parse().unwrap(),
        value,
        slices: [("region".to_owned(), region.to_owned())].into(),
        versions: [(
            "model".to_owned(),
            Governing::One(format!("m@{number}").parse().unwrap()),
        )]
        .into(),
        at: at("2025-05-01T08:00:00Z"),
        window: None,
        count: None,
        decision: None,
    }
}

async fn log(it: &Governed, kpi: Kpi) {
    it.trail.log_kpi(kpi, None).await.unwrap();
}

async fn a_report_has_a_line_for_each_part(home: Home) {
    let it = Governed::new(home).await;
    for (value, region) in [(1.0, "EU"), (2.0, "EU"), (6.0, "EU"), (10.0, "US")] {
        log(&it, kpi("latency_ms", Measure::Number(value), region, "1")).await;
    }
    let metric = "latency_ms".parse().unwrap();
    let by = ["region".parse().unwrap()];
    let parts = report(&it.trail, &metric, &by, &Asked::default())
        .await
        .unwrap();
    let [eu, us] = parts.groups.as_slice() else {
        panic!("{parts:?}");
    };
    assert_eq!(
        (eu.words().as_str(), eu.count, eu.mean, eu.p50),
        ("region=EU", 3, 3.0, Some(2.0))
    );
    assert_eq!((us.count, us.mean), (1, 10.0));
    let asked = Asked {
        r#where: [("region".to_owned(), "US".to_owned())].into(),
        ..Asked::default()
    };
    let whole = report(&it.trail, &metric, &[], &asked).await.unwrap();
    assert_eq!((whole.groups.len(), whole.groups[0].mean), (1, 10.0));
}

async fn a_comparison_has_difference_and_interval(home: Home) {
    let it = Governed::new(home).await;
    // The rates of Newcombe's example: 48 of 80, and 56 of 70.
    for (number, so, count) in [("1", 48, 80), ("2", 56, 70)] {
        for at in 0..count {
            log(
                &it,
                kpi("approved", Measure::Boolean(at < so), "EU", number),
            )
            .await;
        }
    }
    let (metric, artifact) = ("approved".parse().unwrap(), "model:m".parse().unwrap());
    let versions = (&"1".parse().unwrap(), &"2".parse().unwrap());
    let found = compare(
        &it.trail,
        &metric,
        &artifact,
        versions,
        (&[], &Asked::default()),
    )
    .await
    .unwrap();
    let group = &found.groups[0];
    assert_eq!(
        (group.before_count, group.after_count, group.method),
        (80, 70, "newcombe")
    );
    assert!((group.difference.unwrap() - 0.2).abs() < 1e-9);
    let [low, high] = group.interval.unwrap();
    assert!(
        (low - 0.0524).abs() < 1e-3 && (high - 0.3339).abs() < 1e-3,
        "{low} {high}"
    );
    let versions = (&"1".parse().unwrap(), &"3".parse().unwrap());
    let missing = compare(
        &it.trail,
        &metric,
        &artifact,
        versions,
        (&[], &Asked::default()),
    )
    .await;
    assert!(missing.unwrap_err().to_string().contains("model:m@3"));
}

fn objective(days: &str) -> Objective {
    serde_json::from_value(serde_json::json!({
        "objective_version": "1", "description": "d", "optimization_goal": "g",
        "constraints": [
            {"name": "gap", "metric": "fairness_gap", "comparison": "at_most", "threshold": 0.015,
             "applies_to": ["eu"]},
            {"name": "auc", "metric": "auc", "comparison": "at_least", "threshold": 0.7},
        ],
        "segments": [{"name": "eu", "where": {"region": "EU"}}],
        "escalation_rules": [{"if": format!("fairness_gap > 0.05{days}"),
                              "then": {"freeze_deployments": true, "escalate_to": "Ethics"}}],
    }))
    .unwrap()
}

async fn what_was_not_measured_fails_where_much_is_at_stake_unless_it_is_allowed(home: Home) {
    let it = Governed::new(home).await;
    log(&it, kpi("fairness_gap", Measure::Number(0.01), "EU", "1")).await;
    log(&it, kpi("fairness_gap", Measure::Number(0.04), "US", "1")).await;
    let registry = it.trail.registry().await.unwrap();
    let options = |tier, allowed| CheckOptions {
        tier,
        allowed,
        ..CheckOptions::default()
    };
    let check = async |options| {
        let checked = check_objective(&it.trail, &registry, &objective(""), options).await;
        checked.unwrap().0
    };
    let low = check(options(Some(RiskTier::Low), None)).await;
    let results: Vec<CheckFinding> = low.results.iter().map(|it| it.result).collect();
    assert_eq!(results, [CheckFinding::Pass, CheckFinding::NotMeasured]);
    assert!(low.passed);
    assert!(!check(options(Some(RiskTier::High), None)).await.passed);
    let allowance = Allowance {
        reason: "not built yet".to_owned(),
        by: person("anna"),
    };
    let allowed = check(options(Some(RiskTier::High), Some(allowance))).await;
    assert!(allowed.passed && allowed.allowed_unmeasured.is_some());
    log(&it, kpi("fairness_gap", Measure::Number(0.1), "EU", "1")).await;
    assert!(!check(options(Some(RiskTier::Low), None)).await.passed);
}

async fn a_rule_is_met_after_so_many_days_and_asks_for_a_freeze_that_stops_every_check(home: Home) {
    let it = Governed::new(home).await;
    let registry = it.trail.registry().await.unwrap();
    let day = |number: u32| Kpi {
        at: at(&format!("2025-05-0{number}T08:00:00Z")),
        ..kpi("fairness_gap", Measure::Number(0.06), "EU", "1")
    };
    log(&it, day(1)).await;
    log(&it, day(3)).await;
    let freezes = async || {
        let objective = objective(" for 2 days");
        let options = CheckOptions::default();
        check_objective(&it.trail, &registry, &objective, options)
            .await
            .unwrap()
            .1
    };
    assert!(freezes().await.is_empty());
    log(&it, day(2)).await;
    let [freeze] = freezes().await.try_into().unwrap();
    assert_eq!(freeze.lifted_by.as_ref().unwrap().as_str(), "Ethics");
    it.trail.freeze(freeze, None).await.unwrap();
    let registry = it.trail.registry().await.unwrap();
    let now = at("2025-05-04T00:00:00Z");
    let checked = check_trail(&it.trail, &registry, now, CheckOptions::default())
        .await
        .unwrap();
    assert!(!checked.passed);
    assert!(
        checked
            .results
            .iter()
            .any(|it| it.constraint.as_str() == "frozen")
    );
}

/// A pipeline, data made by it, a run on these, a model of it that an objective governs.
async fn chain(it: &Governed) {
    for (kind, name, links) in [
        ("pipeline", "features", ""),
        (
            "dataset",
            "loans",
            "{rel: derived_from, to: 'pipeline:features@1'}",
        ),
        (
            "training_run",
            "run",
            "{rel: trained_on, to: 'dataset:loans@1'}",
        ),
        (
            "model",
            "credit",
            "{rel: derived_from, to: 'training_run:run@1'}, {rel: governed_by, to: 'objective:O@1'}",
        ),
        ("evaluation", "holdout", "{rel: uses, to: 'model:credit@1'}"),
    ] {
        it.register(&format!(
            "kind: {kind}\nname: {name}\nversion: '1'\ncontent: {{a: 1}}\nlinks: [{links}]\n"
        ))
        .await
        .unwrap();
        it.approve(&format!("{kind}:{name}@1"), "ben", "approver")
            .await
            .unwrap();
    }
    for (number, approve_at) in [("1", "0.62"), ("2", "0.58")] {
        it.register(&format!(
            "kind: objective\nname: O\nversion: '{number}'\ncontent:\n  objective_version: '{number}'\n  \
             description: d\n  optimization_goal: g\n  parameters: {{approve_at: {approve_at}}}\n"
        ))
        .await
        .unwrap();
    }
    it.approve("objective:O@1", "ben", "approver")
        .await
        .unwrap();
}

async fn decide(it: &Governed, score: f64, objective: &str, outcome: &str) -> DecisionId {
    let decided = it
        .trail
        .decide("loan", score)
        .outcome(outcome)
        .output("score", score)
        .threshold("approve_at", 0.6)
        .governed_by("model", "credit@1")
        .governed_by("objective", objective)
        .commit();
    decided.await.unwrap().id()
}

async fn a_model_passes_when_objective_lineage_and_evaluation_are_there(home: Home) {
    let it = Governed::new(home).await;
    chain(&it).await;
    it.register("kind: model\nname: bare\nversion: '1'\ncontent: {a: 1}\nrisk_rating: low\n")
        .await
        .unwrap();
    it.approve("model:bare@1", "ben", "approver").await.unwrap();
    let registry = it.trail.registry().await.unwrap();
    let check = |model: &str| {
        let found = registry.version(&version(model)).unwrap();
        let now = at("2025-05-02T00:00:00Z");
        check_model(&registry, found, now, CheckOptions::default()).unwrap()
    };
    let good = check("model:credit@1");
    assert!(good.passed, "{good:?}");
    let bare = check("model:bare@1");
    let failed = bare
        .results
        .iter()
        .filter(|it| it.result == CheckFinding::Fail);
    let failed: Vec<&str> = failed.map(|it| it.constraint.as_str()).collect();
    assert_eq!(failed, ["objective_in_force", "lineage_complete"]);
}

async fn a_bug_in_a_pipeline_reaches_the_decisions_made_with_its_models(home: Home) {
    let it = Governed::new(home).await;
    chain(&it).await;
    let early = decide(&it, 0.7, "O@1", "approved").await;
    it.now("2025-05-20T08:00:00Z");
    let late = decide(&it, 0.5, "O@1", "declined").await;
    let registry = it.trail.registry().await.unwrap();
    let pipeline = version("pipeline:features@1");
    let by_outcome = ImpactOptions {
        by: Some("outcome".parse().unwrap()),
        ..ImpactOptions::default()
    };
    let found = impact(&it.trail, &registry, &pipeline, &by_outcome)
        .await
        .unwrap();
    let ids: Vec<DecisionId> = found.decisions.iter().map(|it| it.id).collect();
    assert_eq!(ids, [late, early]);
    assert!(found.versions.contains(&version("model:credit@1")));
    let groups: Vec<(&str, u64)> = found
        .groups
        .iter()
        .map(|it| (it.value.as_str(), it.count))
        .collect();
    assert_eq!(groups, [("approved", 1), ("declined", 1)]);
    let later = ImpactOptions {
        since: Some(at("2025-05-19T00:00:00Z")),
        limit: 0,
        ..ImpactOptions::default()
    };
    let later = impact(&it.trail, &registry, &pipeline, &later)
        .await
        .unwrap();
    assert_eq!((later.count, later.decisions.len()), (1, 0));
}

async fn lineage_goes_up_to_the_data_and_down_to_the_decisions(home: Home) {
    let it = Governed::new(home).await;
    chain(&it).await;
    let id = decide(&it, 0.7, "O@1", "approved").await;
    let registry = it.trail.registry().await.unwrap();
    let now = at("2025-05-02T00:00:00Z");
    let walk = async |from: &str, direction, depth| {
        let how = (direction, depth, 10);
        let graph = lineage(&it.trail, &registry, from, how, now).await.unwrap();
        graph.nodes.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let up = walk(&id.to_string(), Direction::Up, 16).await;
    for expected in [
        "model:credit@1",
        "objective:O@1",
        "dataset:loans@1",
        "pipeline:features@1",
    ] {
        assert!(up.contains(&expected.to_owned()), "{up:?}");
    }
    let down = walk("dataset:loans@1", Direction::Down, 16).await;
    assert!(down.contains(&format!("decision:{id}")), "{down:?}");
    assert_eq!(walk("dataset:loans@1", Direction::Down, 1).await.len(), 2);
}

async fn another_threshold_changes_those_between_the_two(home: Home) {
    let it = Governed::new(home).await;
    chain(&it).await;
    decide(&it, 0.70, "O@1", "approved").await;
    let turned_away = decide(&it, 0.60, "O@1", "declined").await;
    decide(&it, 0.50, "O@1", "declined").await;
    let let_in = decide(&it, 0.59, "O@2", "approved").await;
    decide(&it, 0.70, "O@2", "approved").await;
    let registry = it.trail.registry().await.unwrap();
    let (from, to) = (version("objective:O@1"), version("objective:O@2"));
    let found = impact_of_change(&it.trail, &registry, &from, &to)
        .await
        .unwrap();
    assert_eq!((found.before, found.after), (0.62, 0.58));
    assert_eq!(
        (
            found.decided_before,
            found.decided_after,
            found.without_score
        ),
        (3, 2, 0)
    );
    let ids: Vec<(DecisionId, bool)> = found
        .would_differ
        .iter()
        .map(|it| (it.id, it.would_reach))
        .collect();
    assert_eq!(ids, [(let_in, false), (turned_away, true)]);
    let same = impact_of_change(&it.trail, &registry, &from, &from).await;
    assert!(same.is_err());
}

/// What says to which group somebody belongs goes with them; that it was measured stays.
async fn the_slices_of_somebody_who_is_erased_are_gone_and_the_value_stays(home: Home) {
    let it = Governed::new(home).await;
    let decided = it
        .trail
        .decide("loan", "7")
        .entity("applicant", "A1")
        .outcome("approved")
        .commit()
        .await
        .unwrap();
    let of_somebody = Kpi {
        decision: Some(decided.id()),
        ..kpi("approved", Measure::Boolean(true), "c4n4ry", "1")
    };
    log(&it, of_somebody).await;
    log(&it, kpi("approved", Measure::Boolean(false), "EU", "1")).await;
    let metric = "approved".parse().unwrap();
    let by = ["region".parse().unwrap()];
    let parts = async || {
        let found = report(&it.trail, &metric, &by, &Asked::default()).await;
        let groups = found.unwrap().groups.into_iter();
        let parts: Vec<(String, f64)> = groups.map(|it| (it.words(), it.mean)).collect();
        parts
    };
    let whole = |part: &str, mean: f64| (format!("region={part}"), mean);
    assert_eq!(parts().await, [whole("EU", 0.0), whole("c4n4ry", 1.0)]);
    let whom = "applicant:A1".parse().unwrap();
    let people = vec![person("anna"), person("ben")];
    it.trail.erase(&whom, "on request", people).await.unwrap();
    let left = parts().await;
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|(part, _)| !part.contains("c4n4ry")));
    assert_eq!(left.iter().map(|(_, mean)| mean).sum::<f64>(), 1.0);
    let verified = it.trail.verify(0, std::sync::Arc::new(|_| {})).await;
    assert!(verified.unwrap().ok);
}

on_both! {[
    the_slices_of_somebody_who_is_erased_are_gone_and_the_value_stays,
    a_report_has_a_line_for_each_part,
    a_comparison_has_difference_and_interval,
    what_was_not_measured_fails_where_much_is_at_stake_unless_it_is_allowed,
    a_rule_is_met_after_so_many_days_and_asks_for_a_freeze_that_stops_every_check,
    a_model_passes_when_objective_lineage_and_evaluation_are_there,
    a_bug_in_a_pipeline_reaches_the_decisions_made_with_its_models,
    lineage_goes_up_to_the_data_and_down_to_the_decisions,
    another_threshold_changes_those_between_the_two,
]}
