//! Decisions held against the versions in force, when they are recorded.

use super::{GovernError, Registered, Registry, VersionState, named_in_role};
use crate::record::{
    ArtifactKind, ArtifactRef, Body, Check, CheckFinding, CheckLine, CheckOf, CheckResult,
    Comparison, Completeness, Context, Decision, Digest, Draft, Name, Objective, Receipt, Severity,
    Timestamp, Ungoverned, UseCase, VersionedName,
};
use crate::seal::Source;
use crate::trail::{Trail, TrailError};

impl Trail {
    /// Whether a decision says anything that has to be held against the registry.
    pub(in crate::trail) fn is_governed(draft: &Draft) -> bool {
        match &draft.body {
            Body::Decision(it) => !it.governed_by.is_empty() || it.use_case.is_some(),
            _ => false,
        }
    }

    /// Holds a decision against the registry, writes into it what was found, and records it.
    pub(in crate::trail) async fn govern_and_record(
        self,
        mut draft: Draft,
    ) -> Result<Receipt, TrailError> {
        let registry = self.registry().await?;
        if !registry.is_empty()
            && let Body::Decision(decision) = &mut draft.body
        {
            let contexts = self.contexts_of(decision).await?;
            let now = self.clock_now();
            let environment = self.0.options.environment.clone();
            let judged = registry.judge(decision, &contexts, (environment, now));
            if judged.is_refused() {
                let reasons = judged.reasons();
                let check = Check {
                    of: CheckOf::Decision,
                    reference: draft.id.to_string().parse().ok(),
                    results: judged.checks.iter().map(line_of).collect(),
                    passed: false,
                    allowed_unmeasured: None,
                };
                let mut refusal = Draft::new(self.new_id(), check);
                refusal.actor = draft.actor;
                let check = self.record_from(refusal, Source::New).await?.id;
                return Err(GovernError::Ungoverned { reasons, check }.into());
            }
            judged.write_into(decision);
        }
        self.record_from(draft, Source::New).await
    }

    async fn contexts_of(&self, decision: &Decision) -> Result<Vec<Context>, TrailError> {
        let mut contexts = Vec::new();
        for id in &decision.contexts {
            // One that is not there is refused when the decision is linked.
            if let Some(stored) = self.read(*id).await?
                && let Some(context) = stored.context()
            {
                contexts.push(context.clone());
            }
        }
        Ok(contexts)
    }
}

/// What stands against a decision.
struct Judged {
    checks: Vec<CheckResult>,
    use_case: Option<UseCase>,
    /// Whether something does not hold that a use case may refuse for.
    has_failed: bool,
}

impl Judged {
    fn is_refused(&self) -> bool {
        let policy = self.use_case.as_ref().map(|it| it.ungoverned);
        policy == Some(Ungoverned::Refuse) && self.has_failed
    }

    fn reasons(&self) -> String {
        let failed = self
            .checks
            .iter()
            .filter(|it| it.result == CheckFinding::Fail);
        let reasons: Vec<String> = failed
            .map(|it| format!("{}: {} does not hold", it.metric, it.constraint))
            .collect();
        reasons.join("; ")
    }

    /// The tier is that of the use case, whatever the caller says, and so is what was found.
    fn write_into(self, decision: &mut Decision) {
        if let Some(use_case) = &self.use_case {
            decision.risk_tier = Some(use_case.tier);
        }
        let found = self.checks;
        decision.checks.retain(|stated| {
            let same =
                |it: &CheckResult| it.constraint == stated.constraint && it.metric == stated.metric;
            !found.iter().any(same)
        });
        decision.checks.extend(found);
    }

    fn say(&mut self, constraint: &str, of: &str, holds: bool) {
        let (Ok(constraint), Ok(metric)) = (Name::new(constraint), Name::new(of)) else {
            return;
        };
        self.has_failed |= !holds;
        self.checks.push(CheckResult {
            constraint,
            metric,
            value: None,
            comparison: Comparison::Equals,
            threshold: None,
            result: if holds {
                CheckFinding::Pass
            } else {
                CheckFinding::Fail
            },
        });
    }
}

impl Registry {
    fn judge(
        &self,
        decision: &Decision,
        contexts: &[Context],
        (environment, now): (Option<Name>, Timestamp),
    ) -> Judged {
        let at = decision.decided_at.min(now);
        let mut judged = Judged {
            checks: Vec::new(),
            use_case: None,
            has_failed: false,
        };
        if let Some(use_case) = &decision.use_case {
            let named = ArtifactRef::new(ArtifactKind::UseCase, use_case);
            let in_force = self.judge_version(&named, at, &mut judged);
            let content = in_force.and_then(|it| it.artifact.content.clone());
            judged.use_case = content.and_then(|it| serde_json::from_value(it).ok());
        }
        for (role, governing) in &decision.governed_by {
            for version in governing.versions() {
                let Some(named) = named_in_role(role, version) else {
                    judged.say("registered", &format!("{role}:{version}"), false);
                    continue;
                };
                let found = self.judge_version(&named, at, &mut judged);
                if let Some(found) = found {
                    judge_use(found, contexts, &mut judged);
                    judge_limits(found, decision, &mut judged);
                }
            }
        }
        let place = contexts.first().map(|it| it.environment.clone());
        if let Some(environment) = place.or(environment) {
            self.judge_deployed(decision, (&environment, at), &mut judged);
        }
        judge_sections(decision, contexts, &mut judged);
        judged
    }

    /// Says how a version stands; gives it when it is in force.
    fn judge_version(
        &self,
        named: &ArtifactRef,
        at: Timestamp,
        judged: &mut Judged,
    ) -> Option<&Registered> {
        let of = named.to_string();
        let Some(found) = self.version(named) else {
            judged.say("registered", &of, false);
            return None;
        };
        let constraint = match self.state(found, at) {
            VersionState::InForce => {
                judged.say("in_force", &of, true);
                return Some(found);
            }
            VersionState::Superseded { .. } => "latest",
            VersionState::NotRegistered { .. } => "registered",
            VersionState::Unapproved { .. } => "approved",
            VersionState::NotYetEffective { .. } | VersionState::Expired { .. } => "effective",
            VersionState::Retired { .. } => "not_retired",
        };
        judged.say(constraint, &of, false);
        None
    }

    /// Whether what the decision names is what is deployed, in the roles that the manifest has.
    fn judge_deployed(
        &self,
        decision: &Decision,
        (environment, at): (&Name, Timestamp),
        judged: &mut Judged,
    ) {
        let Some(deployed) = self.deployed(environment, at) else {
            return;
        };
        for (role, governing) in &decision.governed_by {
            let running = deployed.versions(role);
            if running.is_empty() {
                continue;
            }
            for version in governing.versions() {
                let of = format!("{role}:{version}");
                judged.say("deployed", &of, running.contains(version));
            }
        }
    }
}

/// Whether what the contexts used is the version that is said to govern.
fn judge_use(found: &Registered, contexts: &[Context], judged: &mut Judged) {
    let id = found.id();
    let of = id.to_string();
    let is_it = |name: &Name| *name == id.of.name;
    for context in contexts {
        if let Some(used) = context.template.as_ref().filter(|it| is_it(&it.name))
            && id.of.kind == ArtifactKind::Template
        {
            let version = used.version.as_ref();
            judged.say("used", &of, version.is_none_or(|it| *it == id.version));
            if let (Some(digest), Some(expected)) = (used.digest, template_digest(found)) {
                judged.say("digest", &of, digest == expected);
            }
        }
        let versions = match id.of.kind {
            ArtifactKind::Index => {
                let indexes = context.retrievals.iter().filter_map(|it| it.index.as_ref());
                let used = indexes.filter(|it| is_it(&it.name));
                used.filter_map(|it| it.version.clone()).collect()
            }
            ArtifactKind::Guardrail => {
                let used = context.guardrails.iter().filter(|it| is_it(&it.name));
                used.filter_map(|it| it.version.clone()).collect()
            }
            _ => Vec::new(),
        };
        if !versions.is_empty() {
            let holds = versions.iter().all(|it| *it == id.version);
            judged.say("used", &of, holds);
        }
    }
    judged.checks.dedup();
}

/// The digest that a context has of the text of a registered template.
fn template_digest(found: &Registered) -> Option<Digest> {
    let Some(content) = &found.artifact.content else {
        return Some(found.artifact.digest);
    };
    let text = content.as_str().or_else(|| content.get("text")?.as_str())?;
    Some(Digest::sha256(text.as_bytes()))
}

/// What was measured with the decision, held against the limits of the objective.
fn judge_limits(found: &Registered, decision: &Decision, judged: &mut Judged) {
    if found.artifact.kind != ArtifactKind::Objective {
        return;
    }
    let content = found.artifact.content.clone();
    let objective = content.and_then(|it| serde_json::from_value::<Objective>(it).ok());
    for constraint in objective.iter().flat_map(|it| &it.constraints) {
        let Some(value) = decision.kpis.get(constraint.metric.as_str()) else {
            continue;
        };
        let holds = constraint.holds(*value);
        judged.has_failed |= !holds && constraint.severity == Severity::Block;
        judged.checks.push(CheckResult {
            constraint: constraint.name.clone(),
            metric: constraint.metric.clone(),
            value: Some(*value),
            comparison: constraint.compared(),
            threshold: serde_json::to_value(constraint.threshold).ok(),
            result: if holds {
                CheckFinding::Pass
            } else {
                CheckFinding::Fail
            },
        });
    }
}

/// Whether the contexts have the sections that the use case asks for.
fn judge_sections(decision: &Decision, contexts: &[Context], judged: &mut Judged) {
    let Some(VersionedName { name, version }) = &decision.use_case else {
        return;
    };
    let required = judged
        .use_case
        .as_ref()
        .map(|it| it.required_sections.clone());
    for section in required.unwrap_or_default() {
        let is_whole = |it: &Context| it.capture.sections.of(section) == Completeness::Complete;
        let holds = !contexts.is_empty() && contexts.iter().all(is_whole);
        let constraint = format!("section_{}", section.as_str());
        judged.say(&constraint, &format!("use_case:{name}@{version}"), holds);
    }
}

fn line_of(result: &CheckResult) -> CheckLine {
    CheckLine {
        constraint: result.constraint.clone(),
        metric: Some(result.metric.clone()),
        slice: None,
        value: result.value,
        comparison: Some(result.comparison),
        threshold: result.threshold.clone(),
        result: result.result,
        note: None,
    }
}
