//! Measured values, found by their metric, and checks, found by what they are of.

use crate::record::{ArtifactRef, Body, Kind, Kpi, Name, Timestamp};
use crate::store::Handle;
use crate::trail::{Pages, Search, Trail, TrailError};

impl Trail {
    /// What `take` makes of the values of `metric` that were measured from `since` to before `until`, in
    /// no order. Without `with_keys`, the slices of those of decisions stay closed.
    pub(crate) async fn measured<T: Send + 'static>(
        &self,
        metric: &Name,
        (since, until): (Option<Timestamp>, Option<Timestamp>),
        with_keys: bool,
        take: impl Fn(&Kpi) -> T + Clone + Send + 'static,
    ) -> Result<Vec<T>, TrailError> {
        let search = Search {
            kind: Some(Kind::Kpi),
            handles: vec![Handle::Metric(metric.clone())],
            since,
            until,
            ..Search::default()
        };
        let metric = metric.clone();
        self.collect(&search, with_keys, move |stored| {
            match &stored.record().body {
                Body::Kpi(kpi) if kpi.metric == metric => Some(take(kpi)),
                _ => None,
            }
        })
        .await
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
