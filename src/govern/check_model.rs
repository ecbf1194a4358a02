//! A model before it is deployed: is it governed, is its lineage known, was it evaluated?

use super::check::{CheckOptions, finished, frozen, line};
use super::error::QueryError;
use crate::record::{
    ArtifactKind, ArtifactRef, Check, CheckFinding, CheckLine, CheckOf, LinkRelation, Timestamp,
};
use crate::trail::{Registered, Registry, VersionState};

/// Checks a version of a model: it is approved and in force, an approved objective governs it, its
/// lineage reaches data sets that are registered, and an evaluation is there.
///
/// # Errors
///
/// [`QueryError::WrongKind`] for what is no model.
pub fn check_model(
    registry: &Registry,
    model: &Registered,
    at: Timestamp,
    options: CheckOptions,
) -> Result<Check, QueryError> {
    if model.artifact.kind != ArtifactKind::Model {
        return Err(QueryError::WrongKind {
            reference: model.id().to_string(),
            expected: "model",
        });
    }
    let mut lines = vec![standing("model_in_force", registry, model, at)];
    lines.push(objective(registry, model, at));
    lines.push(lineage(registry, model));
    lines.push(evaluation(registry, model));
    lines.extend(frozen(registry));
    Ok(finished(CheckOf::Model, lines, options))
}

fn standing(what: &str, registry: &Registry, version: &Registered, at: Timestamp) -> CheckLine {
    let state = registry.state(version, at);
    let result = match state {
        VersionState::InForce => CheckFinding::Pass,
        _ => CheckFinding::Fail,
    };
    CheckLine {
        note: Some(format!("{} is {state}", version.id())),
        ..line(what, result)
    }
}

fn objective(registry: &Registry, model: &Registered, at: Timestamp) -> CheckLine {
    let what = "objective_in_force";
    let mut links = model.artifact.links.iter();
    let governed = links
        .find(|it| it.rel == LinkRelation::GovernedBy && it.to.of.kind == ArtifactKind::Objective);
    let said = |note: String| CheckLine {
        note: Some(note),
        ..line(what, CheckFinding::Fail)
    };
    match governed.map(|it| (registry.version(&it.to), &it.to)) {
        None => said(format!("{} names no objective that governs it", model.id())),
        Some((None, named)) => said(format!("{named} is not registered")),
        Some((Some(version), _)) => standing(what, registry, version, at),
    }
}

fn lineage(registry: &Registry, model: &Registered) -> CheckLine {
    let what = "lineage_complete";
    let mut unknown = Vec::new();
    let mut datasets = 0_u32;
    let mut seen: Vec<ArtifactRef> = Vec::new();
    let upwards = |version: &Registered| -> Vec<ArtifactRef> {
        let links = version.artifact.links.iter();
        let up = links.filter(|it| {
            let rel = it.rel;
            matches!(
                rel,
                LinkRelation::TrainedOn | LinkRelation::Uses | LinkRelation::DerivedFrom
            )
        });
        up.map(|it| it.to.clone()).collect()
    };
    let mut ahead = upwards(model);
    while let Some(next) = ahead.pop() {
        if seen.contains(&next) {
            continue;
        }
        match registry.version(&next) {
            Some(found) => {
                datasets += u32::from(next.of.kind == ArtifactKind::Dataset);
                ahead.extend(upwards(found));
            }
            None => unknown.push(next.to_string()),
        }
        seen.push(next);
    }
    let (result, note) = if !unknown.is_empty() {
        let what = unknown.join(", ");
        (CheckFinding::Fail, format!("not registered: {what}"))
    } else if datasets == 0 {
        let what = "no registered data set is reached over trained_on, uses and derived_from";
        (CheckFinding::Fail, what.to_owned())
    } else {
        (
            CheckFinding::Pass,
            format!("{datasets} data sets are reached"),
        )
    };
    CheckLine {
        note: Some(note),
        ..line(what, result)
    }
}

fn evaluation(registry: &Registry, model: &Registered) -> CheckLine {
    let id = model.id();
    let mut own = model.artifact.links.iter();
    let named =
        own.any(|it| it.rel == LinkRelation::EvaluatedBy && registry.version(&it.to).is_some());
    let mut others = registry.versions();
    let by_other = others.any(|it| {
        let is_evaluation = it.artifact.kind == ArtifactKind::Evaluation;
        is_evaluation && it.artifact.links.iter().any(|link| link.to == id)
    });
    let result = if named || by_other {
        CheckFinding::Pass
    } else {
        CheckFinding::NotMeasured
    };
    let note = match result {
        CheckFinding::Pass => format!("an evaluation of {id} is registered"),
        _ => format!("no evaluation of {id} is registered"),
    };
    CheckLine {
        note: Some(note),
        ..line("evaluated", result)
    }
}
