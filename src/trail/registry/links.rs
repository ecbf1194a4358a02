//! Links that lead back to where they begin.

use std::collections::BTreeSet;

use super::Registry;
use crate::record::{Artifact, ArtifactRef};

impl Registry {
    /// The way from `artifact` back to itself over its links and those of registered versions.
    pub(super) fn way_back(&self, artifact: &Artifact) -> Option<Vec<ArtifactRef>> {
        let target = artifact.id();
        let mut seen = BTreeSet::new();
        let begin = artifact.links.iter().map(|it| vec![it.to.clone()]);
        let mut ways: Vec<Vec<ArtifactRef>> = begin.collect();
        while let Some(way) = ways.pop() {
            let Some(last) = way.last() else { continue };
            if *last == target {
                return Some(way);
            }
            if !seen.insert(last.clone()) {
                continue;
            }
            let links = self.version(last).map(|it| it.artifact.links.as_slice());
            for link in links.unwrap_or_default() {
                let mut further = way.clone();
                further.push(link.to.clone());
                ways.push(further);
            }
        }
        None
    }
}
