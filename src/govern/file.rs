//! Artifacts, deployments and measured values as files.

use serde_json::Value;

use crate::codec::{Node, PartialHead, ReadError, ReadErrorKind, decode, decode_body_draft};
use crate::record::{
    Actor, Artifact, ArtifactKind, Body, Deployment, Digest, Kind, Kpi, Name, Objective, Timestamp,
    UseCase,
};
use crate::trail::content_digest;

/// An artifact as it was read from a file.
#[derive(Clone, Debug)]
pub struct ArtifactFile {
    /// What of the head the file gives.
    pub head: PartialHead,
    /// The artifact.
    pub artifact: Artifact,
    /// What is left to be guessed in it.
    pub warnings: Vec<String>,
}

/// Reads an artifact: a file of `contextrail.artifact/1`, or an objective that stands by itself, which
/// has the member `objective_version`.
///
/// `name` is that of an objective whose file has no `objective_id`; `author` wrote what has none.
///
/// # Errors
///
/// [`ReadError`] with path and place.
pub fn read_artifact(
    document: &Node,
    name: Option<&Name>,
    author: &Actor,
) -> Result<ArtifactFile, ReadError> {
    if document.member("objective_version").is_some() {
        return bare_objective(document, name, author);
    }
    let mut defaults = vec![("author", json(author))];
    if let Some(content) = document.member("content") {
        let digest = digest_of(content)?;
        defaults.push(("digest", Value::String(digest.to_string())));
    }
    let (head, body) = decode_body_draft(document, Kind::Artifact, &defaults)?;
    let Body::Artifact(artifact) = body else {
        return Err(ReadError::invalid_at(
            document,
            "schema",
            "it is no artifact",
        ));
    };
    let mut warnings = Vec::new();
    if let Some(content) = document.member("content") {
        warnings = read_content(artifact.kind, content, document)?;
    }
    Ok(ArtifactFile {
        head,
        artifact: *artifact,
        warnings,
    })
}

/// Reads the content strictly, where its kind says what it has to be: the places of faults are those in
/// the file.
fn read_content(
    kind: ArtifactKind,
    content: &Node,
    document: &Node,
) -> Result<Vec<String>, ReadError> {
    match kind {
        ArtifactKind::Objective => {
            let objective: Objective =
                decode(content).map_err(|it| within_content(document, &it))?;
            faults(&objective, content).map_err(|it| within_content(document, &it))?;
            Ok(objective.warnings())
        }
        ArtifactKind::UseCase => {
            let use_case: UseCase = decode(content).map_err(|it| within_content(document, &it))?;
            let checked = use_case.check().map(|()| Vec::new());
            checked.map_err(|error| {
                ReadError::invalid_at(document, "content.targets", &error.to_string())
            })
        }
        _ => Ok(Vec::new()),
    }
}

/// The error with the member `content` before its path; its place is that in the file anyway.
fn within_content(document: &Node, error: &ReadError) -> ReadError {
    let path = error.path();
    let dot = if path.is_empty() || path.starts_with('[') {
        ""
    } else {
        "."
    };
    let moved = ReadError::invalid_at(document, &format!("content{dot}{path}"), error.message());
    match error.hint() {
        Some(hint) => moved.advising(hint),
        None => moved,
    }
}

fn faults(objective: &Objective, document: &Node) -> Result<(), ReadError> {
    match objective.faults().into_iter().next() {
        Some((path, what)) => Err(ReadError::invalid_at(document, &path, &what)),
        None => Ok(()),
    }
}

fn bare_objective(
    document: &Node,
    name: Option<&Name>,
    author: &Actor,
) -> Result<ArtifactFile, ReadError> {
    let objective: Objective = decode(document)?;
    faults(&objective, document)?;
    let name = objective.objective_id.as_ref().or(name).ok_or_else(|| {
        ReadError::invalid_at(document, "", "an objective has to be named")
            .advising("write its name under `objective_id`, or give it with --name")
    })?;
    let content: Value = decode(document)?;
    let artifact = Artifact {
        kind: ArtifactKind::Objective,
        name: name.clone(),
        version: objective.objective_version.clone(),
        digest: digest_of(document)?,
        content: Some(content),
        reference: None,
        owners: objective.owners.clone(),
        author: author.clone(),
        changelog: None,
        risk_rating: None,
        effective_from: objective.effective_date,
        effective_until: None,
        links: Vec::new(),
        raci: None,
        signature: None,
    };
    Ok(ArtifactFile {
        head: PartialHead::default(),
        artifact,
        warnings: objective.warnings(),
    })
}

/// The SHA-256 of what `content` says.
fn digest_of(content: &Node) -> Result<Digest, ReadError> {
    let value: Value = decode(content)?;
    content_digest(&value).map_err(|error| ReadError::invalid_at(content, "", &error.to_string()))
}

/// Says what to write where a map is missing: `then: a, escalate_to: b` on one line is no YAML.
#[must_use]
pub fn advise(bytes: &[u8], error: ReadError) -> ReadError {
    let line = usize::try_from(error.line()).unwrap_or(1);
    let text = String::from_utf8_lossy(bytes);
    let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    if error.kind() == ReadErrorKind::Syntax && written.contains("then:") {
        return error.advising(
            "write what is done as a map: then: {freeze_deployments: true, escalate_to: Ethics}",
        );
    }
    error
}

/// Reads a deployment; without `from` it begins at `now`.
///
/// # Errors
///
/// [`ReadError`] with path and place.
pub fn read_deployment(
    document: &Node,
    now: Timestamp,
) -> Result<(PartialHead, Deployment), ReadError> {
    let defaults = [("from", Value::String(now.to_string()))];
    match decode_body_draft(document, Kind::Deployment, &defaults)? {
        (head, Body::Deployment(deployment)) => Ok((head, *deployment)),
        _ => Err(ReadError::invalid_at(
            document,
            "schema",
            "it is no deployment",
        )),
    }
}

/// Reads a measured value; without `at` it was measured at `now`.
///
/// # Errors
///
/// [`ReadError`] with path and place.
pub fn read_kpi(document: &Node, now: Timestamp) -> Result<(PartialHead, Kpi), ReadError> {
    let defaults = [("at", Value::String(now.to_string()))];
    let (head, kpi) = match decode_body_draft(document, Kind::Kpi, &defaults)? {
        (head, Body::Kpi(kpi)) => (head, *kpi),
        _ => {
            return Err(ReadError::invalid_at(
                document,
                "schema",
                "it is no measured value",
            ));
        }
    };
    let checked = kpi.check();
    checked.map_err(|error| ReadError::invalid_at(document, "value", &error.to_string()))?;
    Ok((head, kpi))
}

fn json(actor: &Actor) -> Value {
    serde_json::to_value(actor).unwrap_or(Value::Null)
}
