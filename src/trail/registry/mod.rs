//! The registry: which versions of which artifacts there are, who approved them, what is in force,
//! and what is deployed. All of it is derived from records.

mod cache;
mod decide;
mod governed;
mod links;
mod measured;
mod register;
mod state;
mod version;

use std::collections::BTreeMap;

use crate::record::{
    Actor, ActorMethod, ApprovalPolicy, Artifact, ArtifactKind, ArtifactName, ArtifactRef, Body,
    Decision, Deployment, Freeze, Governing, Name, RecordId, Timestamp, Version, VersionedName,
};
use crate::seal::WITHHELD;

use super::Stored;

pub(super) use cache::RegistryCache;
pub use register::content_digest;
pub use state::{GovernError, VersionState};

/// Every version of every artifact of a trail, as of one size of its log.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    artifacts: BTreeMap<ArtifactName, Vec<Registered>>,
    deployments: Vec<Deployed>,
    freezes: Vec<OpenFreeze>,
}

/// A registered version, with what was recorded about it.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its record.
    pub record: RecordId,
    /// The place of its record in the log.
    pub log_index: u64,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Who registered it.
    pub registered_by: Actor,
    /// The version.
    pub artifact: Artifact,
    /// Its approvals, oldest first.
    pub approvals: Vec<Approved>,
    /// When it was retired, and why.
    pub retired: Option<Retired>,
}

/// An approval of a version.
#[derive(Clone, Debug)]
pub struct Approved {
    /// Its record.
    pub record: RecordId,
    /// Who.
    pub by: Actor,
    /// In what role.
    pub role: Name,
    /// When it was recorded.
    pub at: Timestamp,
    /// A note.
    pub note: Option<String>,
}

/// The end of a version.
#[derive(Clone, Debug)]
pub struct Retired {
    /// Its record.
    pub record: RecordId,
    /// From when on.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What was deployed, and until when.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Its record.
    pub record: RecordId,
    /// The place of its record in the log.
    pub log_index: u64,
    /// What was recorded.
    pub deployment: Deployment,
}

/// A freeze that is not lifted.
#[derive(Clone, Debug)]
pub struct OpenFreeze {
    /// Its record.
    pub record: RecordId,
    /// Since when.
    pub since: Timestamp,
    /// What it says.
    pub freeze: Freeze,
}

impl Registry {
    /// Takes note of a record; those of other kinds say nothing here. Records come in log order.
    pub(super) fn add(&mut self, stored: &Stored) {
        let head = &stored.record().head;
        match &stored.record().body {
            Body::Artifact(artifact) => {
                let versions = self.artifacts.entry(artifact.artifact()).or_default();
                // The first record of a version is that version: another can come in by an import.
                if versions
                    .iter()
                    .all(|it| it.artifact.version != artifact.version)
                {
                    versions.push(Registered {
                        record: head.id,
                        log_index: stored.log_index(),
                        registered_at: head.recorded_at,
                        registered_by: head.actor.clone(),
                        artifact: Artifact::clone(artifact),
                        approvals: Vec::new(),
                        retired: None,
                    });
                    versions.sort_by(|a, b| {
                        let key = |it: &Registered| (it.artifact.version.clone(), it.log_index);
                        let (a, b) = (key(a), key(b));
                        version::order((&a.0, a.1), (&b.0, b.1))
                    });
                }
            }
            Body::Approval(approval) => {
                let approved = Approved {
                    record: head.id,
                    by: head.actor.clone(),
                    role: approval.role.clone(),
                    at: head.recorded_at,
                    note: approval.note.clone(),
                };
                if let Some(version) = self.by_record(&approval.artifact, approval.record) {
                    version.approvals.push(approved);
                }
            }
            Body::Retirement(retirement) => {
                let retired = Retired {
                    record: head.id,
                    // Nothing ends before it was said that it does.
                    at: retirement.at.max(head.recorded_at),
                    reason: retirement.reason.clone(),
                };
                if let Some(version) = self.by_record(&retirement.artifact, retirement.record) {
                    version.retired.get_or_insert(retired);
                }
            }
            Body::Deployment(deployment) => self.deployments.push(Deployed {
                record: head.id,
                log_index: stored.log_index(),
                deployment: Deployment::clone(deployment),
            }),
            Body::Freeze(freeze) => self.freezes.push(OpenFreeze {
                record: head.id,
                since: head.recorded_at,
                freeze: Freeze::clone(freeze),
            }),
            Body::Unfreeze(unfreeze) => self.freezes.retain(|it| {
                let needed = it.freeze.lifted_by.as_ref();
                it.record != unfreeze.freeze || needed.is_some_and(|role| *role != unfreeze.role)
            }),
            _ => {}
        }
    }

    fn by_record(&mut self, version: &ArtifactRef, record: RecordId) -> Option<&mut Registered> {
        let mut versions = self.artifacts.get_mut(&version.of)?.iter_mut();
        versions.find(|it| it.record == record && it.artifact.version == version.version)
    }

    /// Whether nothing was ever registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty()
    }

    /// Every registered version, by artifact and in their order.
    pub fn versions(&self) -> impl Iterator<Item = &Registered> {
        self.artifacts.values().flatten()
    }

    /// The versions of one artifact, in their order; none when it is not registered.
    #[must_use]
    pub fn versions_of(&self, artifact: &ArtifactName) -> &[Registered] {
        self.artifacts.get(artifact).map_or(&[], Vec::as_slice)
    }

    /// One version.
    #[must_use]
    pub fn version(&self, version: &ArtifactRef) -> Option<&Registered> {
        let mut versions = self.versions_of(&version.of).iter();
        versions.find(|it| it.artifact.version == version.version)
    }

    /// One version, which has to be there.
    ///
    /// # Errors
    ///
    /// [`GovernError::Unknown`].
    pub fn expect(&self, version: &ArtifactRef) -> Result<&Registered, GovernError> {
        let unknown = || GovernError::Unknown(version.to_string());
        self.version(version).ok_or_else(unknown)
    }

    /// The policy of approvals in force at `at`; the one built in when there is none.
    #[must_use]
    pub fn approval_policy(&self, at: Timestamp) -> ApprovalPolicy {
        let found = self.policy_of_approvals(at);
        let content = found.and_then(|it| it.artifact.content.clone());
        let read = content.and_then(|it| serde_json::from_value(it).ok());
        read.unwrap_or_else(ApprovalPolicy::built_in)
    }

    /// The version of `artifact` that is in force at `at`: the latest of those that were approved
    /// before, are effective and not retired.
    #[must_use]
    pub fn in_force(&self, artifact: &ArtifactName, at: Timestamp) -> Option<&Registered> {
        self.latest(artifact, at, &self.approval_policy(at))
    }

    /// The policy of approvals that is in force at `at`, where one is registered.
    #[must_use]
    pub fn policy_of_approvals(&self, at: Timestamp) -> Option<&Registered> {
        let policy = ArtifactName {
            kind: ArtifactKind::Policy,
            name: ApprovalPolicy::NAME.parse().ok()?,
        };
        // It is approved as the policy built in says, whatever it says itself.
        self.latest(&policy, at, &ApprovalPolicy::built_in())
    }

    fn latest(
        &self,
        artifact: &ArtifactName,
        at: Timestamp,
        policy: &ApprovalPolicy,
    ) -> Option<&Registered> {
        let mut versions = self.versions_of(artifact).iter().rev();
        versions.find(|it| it.standing(at, policy) == VersionState::InForce)
    }

    /// How `version` stands at `at`.
    #[must_use]
    pub fn state(&self, version: &Registered, at: Timestamp) -> VersionState {
        let artifact = version.artifact.artifact();
        let policy = match artifact.name.as_str() {
            ApprovalPolicy::NAME if artifact.kind == ArtifactKind::Policy => {
                ApprovalPolicy::built_in()
            }
            _ => self.approval_policy(at),
        };
        match version.standing(at, &policy) {
            VersionState::InForce => match self.latest(&artifact, at, &policy) {
                Some(latest) if latest.record != version.record => VersionState::Superseded {
                    by: latest.artifact.version.clone(),
                },
                _ => VersionState::InForce,
            },
            other => other,
        }
    }

    /// What was ever deployed, in log order.
    #[must_use]
    pub fn deployments(&self) -> &[Deployed] {
        &self.deployments
    }

    /// What is deployed in `environment` at `at`: of those that had begun and not ended, the one that
    /// began last.
    #[must_use]
    pub fn deployed(&self, environment: &Name, at: Timestamp) -> Option<&Deployed> {
        let mut begun: Vec<&Deployed> = self
            .deployments
            .iter()
            .filter(|it| it.deployment.environment == *environment && it.deployment.from <= at)
            .collect();
        begun.sort_by_key(|it| (it.deployment.from, it.log_index));
        let last = begun.pop()?;
        last.deployment
            .until
            .is_none_or(|until| at < until)
            .then_some(last)
    }

    /// The freezes that are not lifted, oldest first.
    #[must_use]
    pub fn freezes(&self) -> &[OpenFreeze] {
        &self.freezes
    }
}

impl Registered {
    /// Which version it is.
    #[must_use]
    pub fn id(&self) -> ArtifactRef {
        self.artifact.id()
    }

    /// The approvals that count among those given before `at`: of different people, and of none whose
    /// own it is. Of a person whose name is erased nobody knows that it is another's.
    #[must_use]
    pub fn counting(&self, at: Timestamp) -> Vec<&Approved> {
        let mut counting: Vec<&Approved> = Vec::new();
        for approval in self.approvals.iter().filter(|it| it.at <= at) {
            let is_new = counting.iter().all(|it| !is_same(&it.by, &approval.by));
            if is_new && !self.is_by(&approval.by) {
                counting.push(approval);
            }
        }
        counting
    }

    /// Whether it is `actor`'s own: they are its author, or registered it with a credential. An author
    /// that a file names is what whoever registers it states.
    #[must_use]
    pub fn is_by(&self, actor: &Actor) -> bool {
        let by_credential = self.registered_by.method == ActorMethod::Token;
        is_same(actor, &self.artifact.author)
            || (by_credential && is_same(actor, &self.registered_by))
    }

    /// How it stands by itself, whatever other versions there are.
    fn standing(&self, at: Timestamp, policy: &ApprovalPolicy) -> VersionState {
        if self.registered_at > at {
            let registered_at = self.registered_at;
            return VersionState::NotRegistered { registered_at };
        }
        if let Some(retired) = self.retired.as_ref().filter(|it| it.at <= at) {
            return VersionState::Retired { at: retired.at };
        }
        let needed = policy.needed(self.artifact.risk_rating);
        let counting = self.counting(at);
        let have = u32::try_from(counting.len()).unwrap_or(u32::MAX);
        let mut roles: Vec<&Name> = counting.iter().map(|it| &it.role).collect();
        roles.sort_unstable();
        roles.dedup();
        let distinct = u32::try_from(roles.len()).unwrap_or(u32::MAX);
        let absent = needed.roles.iter().find(|it| !roles.contains(it));
        let missing = match absent {
            Some(role) => Some(format!("none of them as {role}")),
            None if needed.different_roles && have >= needed.count && distinct < needed.count => {
                Some("and they are not in different roles".to_owned())
            }
            None => None,
        };
        if have < needed.count || missing.is_some() {
            return VersionState::Unapproved {
                have,
                need: needed.count,
                missing,
            };
        }
        match (self.artifact.effective_from, self.artifact.effective_until) {
            (Some(from), _) if at < from => VersionState::NotYetEffective { from },
            (_, Some(until)) if at >= until => VersionState::Expired { until },
            _ => VersionState::InForce,
        }
    }
}

impl Deployed {
    /// The versions in a role, as the manifest has them.
    #[must_use]
    pub fn versions(&self, role: &str) -> &[VersionedName] {
        let governing = self.deployment.manifest.get(role);
        governing.map_or(&[], Governing::versions)
    }
}

/// Whether two actors are one person, as far as anybody knows.
fn is_same(left: &Actor, right: &Actor) -> bool {
    left.id.as_str() != WITHHELD && left.known_as() == right.known_as()
}

/// A version as it is named in a role: the reference, when the role is that of a kind.
#[must_use]
pub fn named_in_role(role: &str, version: &VersionedName) -> Option<ArtifactRef> {
    ArtifactKind::of_role(role).map(|kind| ArtifactRef::new(kind, version))
}

/// The versions that a decision says govern it.
#[must_use]
pub fn governing(decision: &Decision) -> Vec<ArtifactRef> {
    let use_case = decision.use_case.iter();
    let use_case = use_case.map(|it| ArtifactRef::new(ArtifactKind::UseCase, it));
    let governing = decision.governed_by.iter().flat_map(|(role, governing)| {
        let versions = governing.versions().iter();
        versions.filter_map(|it| named_in_role(role, it))
    });
    use_case.chain(governing).collect()
}

/// The version that a text names behind the last `@`, or none.
pub(super) fn split(text: &str) -> (&str, Option<Version>) {
    match text.rsplit_once('@') {
        Some((name, version)) => (name, version.parse().ok()),
        None => (text, None),
    }
}
