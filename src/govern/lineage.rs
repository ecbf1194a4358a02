//! Where something comes from, and what comes of it.

use std::collections::{BTreeSet, VecDeque};

use super::error::QueryError;
use super::graph::Graph;
use crate::record::{
    ArtifactKind, ArtifactRef, Context, Kind, RecordId, Timestamp, UsedKind, UsedRef,
};
use crate::trail::{Registered, Registry, Trail, TrailError, governing};

/// Which way to go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// To what it was made of and what governs it.
    Up,
    /// To what was made of it.
    Down,
}

/// What `reference` comes from, or what comes of it, `depth` steps far: `kind:name@version` of an
/// artifact, the id of a decision or of a context. Of the decisions and contexts that come of a version
/// the newest `limit` are shown.
///
/// # Errors
///
/// [`TrailError::Invalid`] and [`GovernError::Unknown`](crate::trail::GovernError) for what is none of
/// these, and those of reading.
pub async fn lineage(
    trail: &Trail,
    registry: &Registry,
    reference: &str,
    (direction, depth, limit): (Direction, u32, usize),
    at: Timestamp,
) -> Result<Graph, QueryError> {
    let mut walk = Walk {
        trail,
        registry,
        at,
        limit,
        graph: Graph::default(),
        ahead: VecDeque::new(),
    };
    if reference.contains(':') {
        let begin = registry.resolve(reference, at)?.id();
        walk.reach_version(&begin, 0);
    } else {
        let id = trail.resolve(reference).await?;
        walk.reach_record(id, 0).await?;
    }
    while let Some((thing, reached)) = walk.ahead.pop_front() {
        if reached >= depth {
            continue;
        }
        match (thing, direction) {
            (Thing::Version(version), Direction::Up) => walk.up(&version, reached),
            (Thing::Version(version), Direction::Down) => walk.down(&version, reached).await?,
            (Thing::Record(id), Direction::Up) => walk.record_up(id, reached).await?,
            (Thing::Record(id), Direction::Down) => walk.record_down(id, reached).await?,
        }
    }
    Ok(walk.graph)
}

enum Thing {
    Version(ArtifactRef),
    Record(RecordId),
}

struct Walk<'a> {
    trail: &'a Trail,
    registry: &'a Registry,
    at: Timestamp,
    limit: usize,
    graph: Graph,
    ahead: VecDeque<(Thing, u32)>,
}

impl Walk<'_> {
    fn reach_version(&mut self, version: &ArtifactRef, depth: u32) {
        let note = match self.registry.version(version) {
            Some(found) => self.registry.state(found, self.at).to_string(),
            None => "not registered".to_owned(),
        };
        if self.graph.add(&version.to_string(), depth, note) {
            self.ahead
                .push_back((Thing::Version(version.clone()), depth));
        }
    }

    async fn reach_record(
        &mut self,
        id: RecordId,
        depth: u32,
    ) -> Result<Option<String>, QueryError> {
        let Some(stored) = self.trail.read(id).await? else {
            return Ok(None);
        };
        let (name, note) = match (stored.decision(), stored.context()) {
            (Some(it), _) => (
                format!("decision:{id}"),
                format!("{}: {}", it.subject, it.outcome),
            ),
            (_, Some(it)) => (format!("context:{id}"), it.name.to_string()),
            _ => {
                return Err(QueryError::WrongKind {
                    reference: id.to_string(),
                    expected: "artifact, decision or context",
                });
            }
        };
        if self.graph.add(&name, depth, note) {
            self.ahead.push_back((Thing::Record(id), depth));
        }
        Ok(Some(name))
    }

    fn up(&mut self, version: &ArtifactRef, depth: u32) {
        let Some(found) = self.registry.version(version) else {
            return;
        };
        for link in &found.artifact.links {
            self.reach_version(&link.to, depth + 1);
            let (from, to) = (version.to_string(), link.to.to_string());
            self.graph.join(&from, link.rel.as_str(), &to);
        }
    }

    async fn down(&mut self, version: &ArtifactRef, depth: u32) -> Result<(), QueryError> {
        for (other, rel) in linking(self.registry, version) {
            self.reach_version(&other.id(), depth + 1);
            let from = other.id().to_string();
            self.graph.join(&from, rel, &version.to_string());
        }
        let mut ids = using(self.trail, version, self.limit).await?;
        if ids.len() < self.limit {
            ids.extend(governed(self.trail, self.registry, version, self.limit - ids.len()).await?);
        }
        for id in ids {
            if let Some(name) = self.reach_record(id, depth + 1).await? {
                self.graph.join(&name, "used", &version.to_string());
            }
        }
        Ok(())
    }

    async fn record_up(&mut self, id: RecordId, depth: u32) -> Result<(), QueryError> {
        let Some(stored) = self.trail.read(id).await? else {
            return Ok(());
        };
        if let Some(decision) = stored.decision() {
            let from = format!("decision:{id}");
            for version in governing(decision) {
                self.reach_version(&version, depth + 1);
                self.graph.join(&from, "governed_by", &version.to_string());
            }
            for context in &decision.contexts {
                if let Some(to) = self.reach_record((*context).into(), depth + 1).await? {
                    self.graph.join(&from, "rests_on", &to);
                }
            }
        }
        if let Some(context) = stored.context() {
            for version in used_versions(context) {
                self.reach_version(&version, depth + 1);
                self.graph
                    .join(&format!("context:{id}"), "used", &version.to_string());
            }
        }
        Ok(())
    }

    async fn record_down(&mut self, id: RecordId, depth: u32) -> Result<(), QueryError> {
        for stored in self.trail.referring(id, Kind::Decision).await? {
            if let Some(from) = self.reach_record(stored.id(), depth + 1).await? {
                let to = match self
                    .graph
                    .nodes
                    .iter()
                    .find(|it| it.id.ends_with(&id.to_string()))
                {
                    Some(node) => node.id.clone(),
                    None => continue,
                };
                self.graph.join(&from, "rests_on", &to);
            }
        }
        Ok(())
    }
}

/// The registered versions that link to `version`, and how.
pub(super) fn linking<'r>(
    registry: &'r Registry,
    version: &ArtifactRef,
) -> Vec<(&'r Registered, &'static str)> {
    let linking = registry.versions().flat_map(|it| {
        let links = it.artifact.links.iter().filter(|link| link.to == *version);
        links.map(move |link| (it, link.rel.as_str()))
    });
    linking.collect()
}

/// The versions of artifacts that a context used.
fn used_versions(context: &Context) -> Vec<ArtifactRef> {
    let mut found = Vec::new();
    let mut add = |kind: ArtifactKind,
                   name: &crate::record::Name,
                   version: Option<&crate::record::Version>| {
        if let Some(version) = version {
            let of = crate::record::ArtifactName {
                kind,
                name: name.clone(),
            };
            found.push(of.at(version.clone()));
        }
    };
    if let Some(it) = &context.template {
        add(ArtifactKind::Template, &it.name, it.version.as_ref());
    }
    for it in &context.features {
        add(ArtifactKind::Feature, &it.name, it.version.as_ref());
    }
    for it in context.retrievals.iter().filter_map(|it| it.index.as_ref()) {
        add(ArtifactKind::Index, &it.name, it.version.as_ref());
    }
    for it in &context.guardrails {
        add(ArtifactKind::Guardrail, &it.name, it.version.as_ref());
    }
    found
}

/// The contexts and decisions that are found by having used `version`.
pub(super) async fn using(
    trail: &Trail,
    version: &ArtifactRef,
    limit: usize,
) -> Result<Vec<RecordId>, TrailError> {
    let kind = match version.of.kind {
        ArtifactKind::Template => UsedKind::Template,
        ArtifactKind::Model => UsedKind::Model,
        ArtifactKind::Feature => UsedKind::Feature,
        ArtifactKind::Index => UsedKind::Index,
        ArtifactKind::Guardrail => UsedKind::Guardrail,
        ArtifactKind::Policy => UsedKind::Policy,
        _ => return Ok(Vec::new()),
    };
    let used = UsedRef {
        kind,
        name: version.of.name.clone(),
        version: Some(version.version.clone()),
    };
    let found = trail.used(&used, None, limit).await?;
    Ok(found.iter().map(crate::trail::Stored::id).collect())
}

/// The newest decisions that say `version` governs them.
async fn governed(
    trail: &Trail,
    registry: &Registry,
    version: &ArtifactRef,
    limit: usize,
) -> Result<Vec<RecordId>, TrailError> {
    let versions = BTreeSet::from([version.clone()]);
    let places = trail.governed_places(registry, &versions, None).await?;
    let newest: Vec<u64> = places.into_iter().rev().take(limit).collect();
    let found = trail.read_places(&newest).await?;
    Ok(found.iter().map(crate::trail::Stored::id).collect())
}
