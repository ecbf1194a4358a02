//! Registering, approving, retiring and deploying versions; freezing and lifting.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{GovernError, Registered, Registry, is_same};
use crate::capture::Sink;
use crate::log::{Note, NoteSignature, VerifierKey};
use crate::record::{
    Actor, Approval, ApprovalPolicy, Artifact, ArtifactKind, ArtifactName, ArtifactRef, Check,
    Deployment, Digest, Draft, Freeze, Kpi, Name, Objective, Receipt, RecordId, Retirement,
    Timestamp, Unfreeze, UseCase,
};
use crate::seal::to_canonical;
use crate::trail::{Trail, TrailError};

impl Trail {
    /// Registers a version of an artifact; `None` when that very version is there already.
    ///
    /// The digest is taken over the content in RFC 8785 form, or stands for what the reference points
    /// at. Without an `actor` the trail's own registers it.
    ///
    /// # Errors
    ///
    /// [`TrailError::Govern`]: other content under the same version, a digest that is not that of the
    /// content, content that is not that of the kind, times that overlap or are none, links that lead
    /// back, a missing signature. And those of [`Trail::record`].
    pub async fn register(
        &self,
        artifact: Artifact,
        actor: Option<Actor>,
    ) -> Result<Option<Receipt>, TrailError> {
        if self.is_elsewhere() {
            // why: the server knows what is registered, and gives the receipt of the record there is.
            let id = self.new_id();
            let receipt = self.put_as(id, artifact, actor).await?;
            return Ok((receipt.id == id).then_some(receipt));
        }
        self.register_as(None, artifact, actor).await
    }

    /// The same, as the record `id`.
    pub(crate) async fn register_as(
        &self,
        id: Option<RecordId>,
        artifact: Artifact,
        actor: Option<Actor>,
    ) -> Result<Option<Receipt>, TrailError> {
        let registry = self.registry().await?;
        if let Some(known) = registry.version(&artifact.id()) {
            return known_as(known, &artifact);
        }
        registry.check(&artifact, self.clock_now())?;
        let id = id.unwrap_or_else(|| self.new_id());
        let receipt = self.put_as(id, artifact.clone(), actor).await?;
        // why: what another has registered meanwhile came first, and is the version.
        match self.registry().await?.version(&artifact.id()) {
            Some(known) if known.record != receipt.id => known_as(known, &artifact),
            _ => Ok(Some(receipt)),
        }
    }

    /// Approves a version, as the actor or else the trail's own.
    ///
    /// # Errors
    ///
    /// [`TrailError::Govern`]: a version that is not registered or is retired, an approval by its
    /// author or by the same person twice. And those of [`Trail::record`].
    pub async fn approve_artifact(
        &self,
        version: &ArtifactRef,
        role: Name,
        note: Option<String>,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        let registry = self.registry().await?;
        let known = registry.expect(version)?;
        not_retired(known)?;
        let by = actor.as_ref().unwrap_or_else(|| self.actor());
        if known.is_by(by) {
            return Err(GovernError::ByAuthor(version.clone()).into());
        }
        if known.approvals.iter().any(|it| is_same(&it.by, by)) {
            return Err(GovernError::Twice(version.clone()).into());
        }
        let approval = Approval {
            artifact: version.clone(),
            record: known.record,
            role,
            approved_at: self.clock_now(),
            note,
        };
        self.put(approval, actor).await
    }

    /// Retires a version: from now on it is not in force any more.
    ///
    /// # Errors
    ///
    /// [`TrailError::Govern`] for a version that is not registered or is retired already, and those of
    /// [`Trail::record`].
    pub async fn retire_artifact(
        &self,
        version: &ArtifactRef,
        reason: String,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        let registry = self.registry().await?;
        let known = registry.expect(version)?;
        not_retired(known)?;
        let retirement = Retirement {
            artifact: version.clone(),
            record: known.record,
            reason,
            at: self.clock_now(),
        };
        self.put(retirement, actor).await
    }

    /// Records what runs where from when on.
    ///
    /// # Errors
    ///
    /// [`TrailError::Govern`] when it names nothing, a role or a version that is not known, or ends
    /// before it begins. And those of [`Trail::record`].
    pub async fn deploy(
        &self,
        deployment: Deployment,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        if self.is_elsewhere() {
            return self.put(deployment, actor).await;
        }
        self.deploy_as(None, deployment, actor).await
    }

    /// The same, as the record `id`.
    pub(crate) async fn deploy_as(
        &self,
        id: Option<RecordId>,
        deployment: Deployment,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        let registry = self.registry().await?;
        let wrong = |what: String| TrailError::from(GovernError::Deployment(what));
        if deployment.manifest.is_empty() {
            return Err(wrong("its manifest names no version".to_owned()));
        }
        if let Some(until) = deployment.until
            && until <= deployment.from
        {
            let from = deployment.from;
            return Err(wrong(format!("it ends at {until}, and begins at {from}")));
        }
        for (role, governing) in &deployment.manifest {
            for version in governing.versions() {
                let named = super::named_in_role(role, version);
                let named = named.ok_or_else(|| {
                    let known = ArtifactKind::ALL.map(ArtifactKind::as_str).join(", ");
                    wrong(format!(
                        "nothing is deployed as {role:?}: roles are {known}"
                    ))
                })?;
                registry.expect(&named)?;
            }
        }
        let id = id.unwrap_or_else(|| self.new_id());
        self.put_as(id, deployment, actor).await
    }

    /// Records a measured value.
    ///
    /// # Errors
    ///
    /// [`TrailError::Invalid`] for one that is no number, and those of [`Trail::record`].
    pub async fn log_kpi(&self, kpi: Kpi, actor: Option<Actor>) -> Result<Receipt, TrailError> {
        kpi.check()?;
        self.put(kpi, actor).await
    }

    /// Records what a check found.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::record`].
    pub async fn record_check(
        &self,
        check: Check,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        self.put(check, actor).await
    }

    /// Freezes: no check passes from here on.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::record`].
    pub async fn freeze(
        &self,
        freeze: Freeze,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        self.put(freeze, actor).await
    }

    /// Lifts a freeze, in the role that its rule names.
    ///
    /// # Errors
    ///
    /// [`TrailError::Govern`] for another role, or when it is lifted already;
    /// [`TrailError::UnknownRecord`] when there is none. And those of [`Trail::record`].
    pub async fn unfreeze(
        &self,
        freeze: RecordId,
        role: Name,
        note: Option<String>,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        let registry = self.registry().await?;
        let open = registry.freezes().iter().find(|it| it.record == freeze);
        match open.map(|it| it.freeze.lifted_by.as_ref()) {
            Some(Some(needed)) if *needed != role => {
                return Err(GovernError::WrongRole {
                    needed: needed.to_string(),
                    given: role.to_string(),
                }
                .into());
            }
            Some(_) => {}
            None => {
                self.read_kind(freeze, crate::record::Kind::Freeze).await?;
                return Err(GovernError::AlreadyLifted.into());
            }
        }
        let unfreeze = Unfreeze { freeze, role, note };
        self.put(unfreeze, actor).await
    }

    async fn put(
        &self,
        body: impl Into<crate::record::Body>,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        self.put_as(self.new_id(), body, actor).await
    }

    async fn put_as(
        &self,
        id: RecordId,
        body: impl Into<crate::record::Body>,
        actor: Option<Actor>,
    ) -> Result<Receipt, TrailError> {
        let mut draft = Draft::new(id, body);
        draft.actor = actor;
        self.record(draft).await
    }

    pub(in crate::trail) fn clock_now(&self) -> Timestamp {
        Sink::clock(self).now()
    }
}

/// What is said to one who registers a version that is there already.
fn known_as(known: &Registered, artifact: &Artifact) -> Result<Option<Receipt>, TrailError> {
    if same_content(&known.artifact, artifact) {
        return Ok(None);
    }
    Err(GovernError::OtherContent(artifact.id()).into())
}

/// The digest of an artifact's content.
///
/// # Errors
///
/// [`TrailError::Seal`] for a number that cannot be recorded exactly.
pub fn content_digest(content: &serde_json::Value) -> Result<Digest, TrailError> {
    Ok(Digest::sha256(&to_canonical(content)?))
}

/// Whether two files of one version say the same, whoever hands them in.
fn same_content(known: &Artifact, other: &Artifact) -> bool {
    let Artifact { author, .. } = known;
    let other = Artifact {
        author: author.clone(),
        ..other.clone()
    };
    *known == other
}

fn not_retired(version: &Registered) -> Result<(), GovernError> {
    match &version.retired {
        Some(retired) => Err(GovernError::Retired {
            artifact: version.id(),
            at: retired.at,
        }),
        None => Ok(()),
    }
}

impl Registry {
    /// Whether `artifact` can be registered.
    fn check(&self, artifact: &Artifact, now: Timestamp) -> Result<(), TrailError> {
        let id = artifact.id();
        match (&artifact.content, &artifact.reference) {
            (Some(content), None) => {
                let found = content_digest(content)?;
                if found != artifact.digest {
                    return Err(GovernError::Altered {
                        artifact: id,
                        stated: artifact.digest.to_string(),
                        found: found.to_string(),
                    }
                    .into());
                }
                check_content(artifact, content)?;
            }
            (None, Some(_)) => {}
            _ => return Err(GovernError::NoContent(id).into()),
        }
        self.check_times(artifact, now)?;
        if let Some(way) = self.way_back(artifact) {
            let way: Vec<String> = way.iter().map(ToString::to_string).collect();
            return Err(GovernError::Circular {
                path: way.join(" → "),
                artifact: id,
            }
            .into());
        }
        let policy = self.approval_policy(now);
        if policy.signed.contains(&artifact.kind) {
            check_signature(artifact, &policy)
                .map_err(|what| GovernError::Unsigned { artifact: id, what })?;
        }
        Ok(())
    }

    /// Two versions that begin at the same time, or that both have an end and a time in common, would
    /// leave it to their numbers which of them is in force.
    fn check_times(&self, artifact: &Artifact, now: Timestamp) -> Result<(), GovernError> {
        let begins = |it: &Artifact, at: Timestamp| it.effective_from.unwrap_or(at);
        let from = begins(artifact, now);
        if let Some(until) = artifact.effective_until
            && until <= from
        {
            return Err(GovernError::NoTime {
                artifact: artifact.id(),
                from,
                until,
            });
        }
        for other in self.versions_of(&artifact.artifact()) {
            if other.retired.is_some() {
                continue;
            }
            let other_from = begins(&other.artifact, other.registered_at);
            let same_day = artifact.effective_from.is_some()
                && artifact.effective_from == other.artifact.effective_from;
            let ends = (artifact.effective_until, other.artifact.effective_until);
            let overlap = match ends {
                (Some(until), Some(other_until)) => from < other_until && other_from < until,
                _ => false,
            };
            if same_day || overlap {
                return Err(GovernError::Overlap {
                    artifact: artifact.id(),
                    other: other.id(),
                });
            }
        }
        Ok(())
    }
}

/// Whether the content is what its kind has to say.
fn check_content(artifact: &Artifact, content: &serde_json::Value) -> Result<(), GovernError> {
    let what = match artifact.kind {
        ArtifactKind::Objective => serde_json::from_value::<Objective>(content.clone())
            .map_err(|error| error.to_string())
            .and_then(|objective| {
                let faults = objective.faults().into_iter().next();
                faults.map_or(Ok(()), |(path, what)| Err(format!("{path}: {what}")))
            }),
        ArtifactKind::UseCase => serde_json::from_value::<UseCase>(content.clone())
            .map_err(|error| error.to_string())
            .and_then(|it| it.check().map_err(|error| error.to_string())),
        ArtifactKind::Policy if artifact.name.as_str() == ApprovalPolicy::NAME => {
            serde_json::from_value::<ApprovalPolicy>(content.clone())
                .map_err(|error| error.to_string())
                .and_then(|it| it.check().map_err(|error| error.to_string()))
        }
        _ => Ok(()),
    };
    what.map_err(|what| GovernError::Content {
        artifact: artifact.id(),
        what,
    })
}

fn check_signature(artifact: &Artifact, policy: &ApprovalPolicy) -> Result<(), String> {
    let signature = artifact.signature.as_ref().ok_or("it has no signature")?;
    if !policy.signers.contains(&signature.key_id) {
        return Err(format!("{} is not one of them", signature.key_id));
    }
    let key: VerifierKey = signature
        .key_id
        .parse()
        .map_err(|error| format!("{} is no key: {error}", signature.key_id))?;
    let bytes = BASE64.decode(&signature.ed25519);
    let bytes = bytes.map_err(|_| "its signature is not base64".to_owned())?;
    let signed = NoteSignature::new(key.name().clone(), key.id(), bytes)
        .and_then(|it| Note::new(artifact.signed_text(), vec![it]))
        .map_err(|error| error.to_string())?;
    let verified = signed.verify([&key]);
    verified
        .map(|_| ())
        .map_err(|error| format!("its signature does not hold: {error}"))
}

impl Registry {
    /// The version that `text` names: `kind:name@version`, or `kind:name` for the one in force at `at`,
    /// or else the latest.
    ///
    /// # Errors
    ///
    /// [`TrailError::Invalid`] for what is no reference; [`GovernError::Unknown`].
    pub fn resolve(&self, text: &str, at: Timestamp) -> Result<&Registered, TrailError> {
        let (name, version) = super::split(text);
        let artifact: ArtifactName = name.parse()?;
        let found = match version {
            Some(version) => self.version(&artifact.at(version)),
            None => self
                .in_force(&artifact, at)
                .or_else(|| self.versions_of(&artifact).last()),
        };
        Ok(found.ok_or_else(|| GovernError::Unknown(text.to_owned()))?)
    }
}
