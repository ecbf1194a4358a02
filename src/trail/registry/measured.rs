//! Measured values, found by their metric, and checks, found by what they are of.

use crate::record::{ArtifactRef, Kind, Name, Timestamp};
use crate::store::Handle;
use crate::trail::{Pages, Search, Trail, TrailError};

impl Trail {
    /// The values of `metric` that were measured from `since` to before `until`, newest first.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::search`].
    pub async fn measured(
        &self,
        metric: &Name,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Pages, TrailError> {
        let search = Search {
            kind: Some(Kind::Kpi),
            handles: vec![Handle::Metric(metric.clone())],
            since,
            until,
            ..Search::default()
        };
        self.search(search).await
    }

    /// The checks of a version that were recorded before `until`, newest first.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::search`].
    pub async fn checks_of(
        &self,
        version: &ArtifactRef,
        until: Option<Timestamp>,
    ) -> Result<Pages, TrailError> {
        let of = Handle::Artifact(version.of.clone(), Some(version.version.clone()));
        let search = Search {
            kind: Some(Kind::Check),
            handles: vec![of],
            until,
            ..Search::default()
        };
        self.search(search).await
    }
}
