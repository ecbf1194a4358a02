//! Links that lead back to where they begin.

use std::collections::BTreeSet;

use super::{Registered, Registry};
use crate::record::{Artifact, ArtifactRef};

impl Registry {
    /// The registered ones of `named`, and of all that they come from over links.
    #[must_use]
    pub fn upstream(&self, named: &[ArtifactRef]) -> Vec<&Registered> {
        let mut ahead = named.to_vec();
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        while let Some(next) = ahead.pop() {
            if seen.insert(next.clone())
                && let Some(version) = self.version(&next)
            {
                ahead.extend(version.artifact.links.iter().map(|it| it.to.clone()));
                found.push(version);
            }
        }
        found
    }

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
