//! What an auditor asks, with the answers and the commands that give them.

use contextrail::capture::Sink as _;
use contextrail::evidence::{Custody, Redactions, What, gather};
use contextrail::govern::{
    ArtifactView, Asked, CheckOptions, Comparison, Direction, ImpactOptions, check_objective,
    compare, diff, impact, impact_of_change, lineage,
};
use contextrail::record::{ArtifactRef, Check, CheckFinding, Objective, RiskTier};
use contextrail::trail::Trail;

use super::Failed;
use super::desk::Case;

/// Says each question, its answer and its command to `say`; gives the evidence of the disputed denial.
///
/// # Errors
///
/// Whatever cannot be read.
pub(crate) async fn answers(
    trail: &Trail,
    dispute: &Case,
    url: &str,
    say: &mut (dyn FnMut(String) + Send),
) -> Result<Vec<u8>, Failed> {
    say(format!(
        "contextrail below stands for contextrail --trail {url}"
    ));
    threshold(trail, say).await?;
    fairness(trail, say).await?;
    pipeline(trail, say).await?;
    denial(trail, dispute, say).await
}

fn ask(say: &mut (dyn FnMut(String) + Send), question: &str, commands: &[&str]) {
    say(format!("\n{question}"));
    for command in commands {
        say(format!("  $ contextrail {command}"));
    }
}

async fn threshold(trail: &Trail, say: &mut (dyn FnMut(String) + Send)) -> Result<(), Failed> {
    let registry = trail.registry().await?;
    let (from, to): (ArtifactRef, ArtifactRef) = (
        "objective:OBJ.credit@1.2".parse()?,
        "objective:OBJ.credit@1.3".parse()?,
    );
    ask(
        say,
        "What changed on 15 May, and who approved it?",
        &[
            "artifact diff objective:OBJ.credit 1.2 1.3",
            "artifact show objective:OBJ.credit@1.3",
        ],
    );
    let (before, after) = (registry.expect(&from)?, registry.expect(&to)?);
    for change in diff(&before.artifact, &after.artifact).changes {
        say(format!("  {}: {}", change.path, change.meaning));
    }
    let view = ArtifactView::of(&registry, after, trail.clock().now());
    for approval in view.approvals.iter().filter(|it| it.counts) {
        say(format!(
            "  approved by {} as {}, {}",
            approval.by.id, approval.role, approval.at
        ));
    }
    ask(
        say,
        "Who would have been decided otherwise under the other threshold?",
        &["impact change objective:OBJ.credit 1.2 1.3"],
    );
    let change = impact_of_change(trail, &registry, &from, &to).await?;
    let denied = change.would_differ.iter().filter(|it| !it.reached).count();
    say(format!(
        "  {} decisions at {}, {} at {}: {denied} denied before that would be approved now, {} approved now \
         that would have been denied before",
        change.decided_before,
        change.before,
        change.decided_after,
        change.after,
        change.would_differ.len() - denied,
    ));
    for it in change.would_differ.iter().take(SHOWN) {
        say(format!(
            "  {} {} at {:.2} on {}",
            it.subject, it.outcome, it.score, it.decided_at
        ));
    }
    Ok(())
}

async fn fairness(trail: &Trail, say: &mut (dyn FnMut(String) + Send)) -> Result<(), Failed> {
    ask(
        say,
        "Did the groups fare differently before and after?",
        &[
            "kpi compare approved --artifact objective:OBJ.credit --from 1.2 --to 1.3 --by sex",
            "kpi compare approved --artifact objective:OBJ.credit --from 1.2 --to 1.3 --by age_group",
            "kpi compare fairness_gap --artifact objective:OBJ.credit --from 1.2 --to 1.3 --by attribute",
        ],
    );
    for (metric, by) in [
        ("approved", "sex"),
        ("approved", "age_group"),
        ("fairness_gap", "attribute"),
    ] {
        let (metric, by) = (metric.parse()?, [by.parse()?]);
        let versions = (&"1.2".parse()?, &"1.3".parse()?);
        let artifact = "objective:OBJ.credit".parse()?;
        let how = (by.as_slice(), &Asked::default());
        say_comparison(
            &compare(trail, &metric, &artifact, versions, how).await?,
            say,
        );
    }
    ask(
        say,
        "Did it stay inside its limits?",
        &[
            "check objective objective:OBJ.credit@1.2",
            "check objective objective:OBJ.credit@1.3",
        ],
    );
    let registry = trail.registry().await?;
    for version in ["1.2", "1.3"] {
        let found = registry.expect(&format!("objective:OBJ.credit@{version}").parse()?)?;
        let content = found.artifact.content.clone().unwrap_or_default();
        let objective: Objective = serde_json::from_value(content)?;
        let options = CheckOptions {
            tier: Some(RiskTier::High),
            reference: Some(found.id().to_string().parse()?),
            with: Some(found.id()),
            ..CheckOptions::default()
        };
        let (check, _) = check_objective(trail, &registry, &objective, options).await?;
        say_check(version, &check, say);
        trail.record_check(check, None).await?;
    }
    Ok(())
}

fn say_comparison(found: &Comparison, say: &mut (dyn FnMut(String) + Send)) {
    for group in &found.groups {
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |it| format!("{it:.3}"));
        let interval = group.interval.map_or_else(String::new, |[low, high]| {
            format!(" [{low:+.3}, {high:+.3}]")
        });
        say(format!(
            "  {} {}: {} of {}, then {} of {}; {}{interval}",
            found.metric,
            group.words(),
            number(group.before),
            group.before_count,
            number(group.after),
            group.after_count,
            number(group.difference),
        ));
    }
}

fn say_check(version: &str, check: &Check, say: &mut (dyn FnMut(String) + Send)) {
    say(format!(
        "  {version} {}",
        if check.passed { "passed" } else { "failed" }
    ));
    for line in &check.results {
        let result = match line.result {
            CheckFinding::Pass => "holds",
            CheckFinding::Fail => "does not hold",
            CheckFinding::NotMeasured => "was not measured",
        };
        let value = line
            .value
            .map_or_else(String::new, |it| format!(" at {it:.3}"));
        let part = line
            .slice
            .as_deref()
            .map_or_else(String::new, |it| format!(" of {it}"));
        say(format!("    {}{part} {result}{value}", line.constraint));
    }
}

async fn pipeline(trail: &Trail, say: &mut (dyn FnMut(String) + Send)) -> Result<(), Failed> {
    let registry = trail.registry().await?;
    ask(
        say,
        "A bug was in the pipeline features@3f2a91c: which models, which decisions?",
        &[
            "impact pipeline:features@3f2a91c --by outcome",
            "impact pipeline:features@3f2a91c -o jsonl > reprocess.jsonl",
        ],
    );
    let broken = "pipeline:features@3f2a91c".parse()?;
    let options = ImpactOptions {
        by: Some("outcome".parse()?),
        ..ImpactOptions::default()
    };
    let found = impact(trail, &registry, &broken, &options).await?;
    for version in &found.versions {
        say(format!("  reaches {version}"));
    }
    let groups = found
        .groups
        .iter()
        .map(|it| format!("{} {}", it.count, it.value));
    say(format!(
        "  {} decisions: {}",
        found.count,
        groups.collect::<Vec<_>>().join(", ")
    ));
    ask(
        say,
        "On what data was the model trained?",
        &["lineage show model:credit_model@2.1.0 --up"],
    );
    let how = (Direction::Up, 16, SHOWN);
    let graph = lineage(
        trail,
        &registry,
        "model:credit_model@2.1.0",
        how,
        trail.clock().now(),
    )
    .await?;
    for edge in &graph.edges {
        say(format!("  {} {} {}", edge.from, edge.rel, edge.to));
    }
    Ok(())
}

async fn denial(
    trail: &Trail,
    dispute: &Case,
    say: &mut (dyn FnMut(String) + Send),
) -> Result<Vec<u8>, Failed> {
    let id = dispute.decision.to_string();
    let subject = dispute.application.to_string();
    ask(
        say,
        &format!(
            "{} disputes a denial: which versions governed it, who approved them, did it comply?",
            dispute.applicant
        ),
        &[
            &format!("decision show {subject}"),
            &format!("lineage show {id} --up"),
            &format!("evidence pack decision {id} --file dispute.zip"),
        ],
    );
    let stored = trail
        .read(dispute.decision)
        .await?
        .ok_or("the decision is not there")?;
    let decision = stored.decision().ok_or("it is no decision")?;
    say(format!(
        "  {subject} was {} at a score of {:.2} by {}, {} and the model {}",
        decision.outcome, dispute.score, dispute.objective, decision.decided_at, dispute.model
    ));
    for check in &decision.checks {
        let result = if check.result == CheckFinding::Pass {
            "holds"
        } else {
            "does not hold"
        };
        say(format!("  {} {} {result}", check.metric, check.constraint));
    }
    trail.checkpoint().await?;
    let custody = Custody {
        by: Some("credit_threshold".to_owned()),
        made_for: Some("the ombudsman".to_owned()),
        at: trail.clock().now(),
        why: Some("a disputed denial".to_owned()),
    };
    let what = What::Decision(dispute.decision);
    let gathered = gather(
        trail,
        what,
        Redactions::new("nothing is withheld"),
        custody,
        Vec::new(),
    )
    .await?;
    say(format!("  the evidence holds {} records", gathered.records));
    Ok(gathered.bundle)
}

/// How many of a list are shown.
const SHOWN: usize = 5;
