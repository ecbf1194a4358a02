//! The versions that govern: registered, approved by others than their authors, and deployed.

use std::collections::BTreeMap;

use contextrail::capture::Sink as _;
use contextrail::codec::{Node, read_yaml};
use contextrail::govern::{CheckOptions, check_model, read_artifact};
use contextrail::record::{
    Actor, ActorKind, ActorMethod, Artifact, ArtifactRef, Deployment, Governing, RiskTier,
};
use contextrail::trail::Trail;

use super::Failed;

/// What the decisions of a day are made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InUse {
    pub(crate) objective: &'static str,
    pub(crate) threshold: f64,
    pub(crate) model: &'static str,
    pub(crate) feature_set: &'static str,
    pub(crate) pipeline: &'static str,
}

/// What is in use on a day of the month: what was deployed last.
pub(crate) const fn in_use(day: usize) -> InUse {
    let is_second = day >= 10 && day < 21;
    let (objective, threshold) = if day < 15 {
        ("OBJ.credit@1.2", 0.62)
    } else {
        ("OBJ.credit@1.3", LOWER_THRESHOLD)
    };
    let (model, feature_set, pipeline) = if is_second {
        (
            "credit_model@2.1.0",
            "loan_features@2025.05",
            BROKEN_PIPELINE,
        )
    } else {
        ("credit_model@2.0.0", "loan_features@2025.03", "a1b2c3d")
    };
    InUse {
        objective,
        threshold,
        model,
        feature_set,
        pipeline,
    }
}

impl InUse {
    /// The versions, by role.
    pub(crate) fn versions(&self) -> Result<BTreeMap<String, Governing>, Failed> {
        let named = [
            ("objective", self.objective),
            ("model", self.model),
            ("feature_set", self.feature_set),
        ];
        let governing =
            |(role, name): (&str, &str)| Ok((role.to_owned(), Governing::One(name.parse()?)));
        named.into_iter().map(governing).collect()
    }
}

/// March: the use case, the first model, the objective with the threshold 0.62.
pub(crate) async fn first(trail: &Trail) -> Result<(), Failed> {
    objective(trail, include_str!("objective-1.2.yaml")).await?;
    register(trail, 0..FIRST).await?;
    deploy(trail, 1, None).await
}

/// 8 May: the second model, on features of a pipeline with a bug that nobody knows of. Checked as a pipeline
/// of a deployment would.
pub(crate) async fn second_model(trail: &Trail) -> Result<(), Failed> {
    register(trail, FIRST..usize::MAX).await?;
    let registry = trail.registry().await?;
    let model: ArtifactRef = "model:credit_model@2.1.0".parse()?;
    let options = CheckOptions {
        tier: Some(RiskTier::High),
        reference: Some(model.to_string().parse()?),
        ..CheckOptions::default()
    };
    // As it will stand when it is deployed.
    let then = "2025-05-10T07:00:00Z".parse()?;
    let check = check_model(&registry, registry.expect(&model)?, then, options)?;
    trail.record_check(check, None).await?;
    Ok(())
}

/// 10 May.
pub(crate) async fn deploy_second_model(trail: &Trail) -> Result<(), Failed> {
    deploy(trail, 10, None).await
}

/// 12 May: the objective with the threshold 0.58 is approved; it is effective on the 15th.
pub(crate) async fn lower_threshold(trail: &Trail) -> Result<(), Failed> {
    objective(trail, include_str!("objective-1.3.yaml")).await
}

/// 15 May.
pub(crate) async fn deploy_lower_threshold(trail: &Trail) -> Result<(), Failed> {
    deploy(trail, 15, None).await
}

/// 21 May: the bug was found on the 20th. What was made with it is retired, and the first model runs again.
pub(crate) async fn take_back(trail: &Trail) -> Result<(), Failed> {
    let reason = "the pipeline features@3f2a91c takes unknown savings for the lowest";
    for version in [
        "model:credit_model@2.1.0",
        "feature_set:loan_features@2025.05",
        "pipeline:features@3f2a91c",
    ] {
        let (version, by) = (version.parse()?, person("ben")?);
        trail
            .retire_artifact(&version, reason.to_owned(), Some(by))
            .await?;
    }
    let registry = trail.registry().await?;
    let last = registry.deployments().last().map(|it| it.record);
    deploy(trail, 21, last).await
}

async fn objective(trail: &Trail, yaml: &str) -> Result<(), Failed> {
    let mut artifact =
        read_artifact(&read_yaml(yaml.as_bytes())?, None, &person("petra")?)?.artifact;
    artifact.risk_rating = Some(RiskTier::High);
    register_one(trail, artifact).await
}

/// Registers versions of the list, and has each approved by two people in different roles.
async fn register(trail: &Trail, which: std::ops::Range<usize>) -> Result<(), Failed> {
    let list = read_yaml(include_bytes!("versions.yaml"))?;
    for (at, document) in list.into_records().iter().enumerate() {
        if which.contains(&at) {
            register_one(trail, artifact(document)?).await?;
        }
    }
    Ok(())
}

fn artifact(document: &Node) -> Result<Artifact, Failed> {
    Ok(read_artifact(document, None, &person("carla")?)?.artifact)
}

async fn register_one(trail: &Trail, artifact: Artifact) -> Result<(), Failed> {
    let (id, author) = (artifact.id(), artifact.author.clone());
    trail.register(artifact, Some(author)).await?;
    for (who, role) in [("rita", "risk_owner"), ("arno", "approver")] {
        let by = Some(person(who)?);
        trail.approve_artifact(&id, role.parse()?, None, by).await?;
    }
    Ok(())
}

async fn deploy(
    trail: &Trail,
    day: usize,
    rollback_of: Option<contextrail::record::RecordId>,
) -> Result<(), Failed> {
    let deployment = Deployment {
        manifest: in_use(day).versions()?,
        environment: "production".parse()?,
        from: trail.clock().now(),
        until: None,
        rollback_of,
    };
    trail.deploy(deployment, Some(person("ben")?)).await?;
    Ok(())
}

/// A person, as the story states: locally nobody checks who somebody is.
fn person(name: &str) -> Result<Actor, Failed> {
    Ok(Actor {
        id: name.parse()?,
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    })
}

/// From which score on the later objective approves.
pub(crate) const LOWER_THRESHOLD: f64 = 0.58;
/// The pipeline with the bug.
pub(crate) const BROKEN_PIPELINE: &str = "3f2a91c";
/// How many versions of the list there are in March.
const FIRST: usize = 7;
