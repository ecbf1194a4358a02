//! The decisions that a version governed, found without reading them.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::Registry;
use crate::record::{ArtifactRef, Kind, Timestamp};
use crate::store::{Find, Handle};
use crate::trail::{Search, Stored, Trail, TrailError, governing};

impl Trail {
    /// The places in the log of the decisions that say one of `versions` governs them and that were
    /// made from `since`, newest first.
    ///
    /// They are taken from the lookup table, so that a million are counted without one being read.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read.
    pub async fn governed_places(
        &self,
        registry: &Registry,
        versions: &BTreeSet<ArtifactRef>,
        since: Option<Timestamp>,
    ) -> Result<BTreeSet<u64>, TrailError> {
        let mut places = BTreeSet::new();
        for version in versions {
            let mut found = self.places_under(version, since).await?;
            if self.has_double(registry, version) {
                found = self.confirmed(found, version).await?;
            }
            places.extend(found);
        }
        Ok(places)
    }

    async fn places_under(
        &self,
        version: &ArtifactRef,
        since: Option<Timestamp>,
    ) -> Result<Vec<u64>, TrailError> {
        let key = Handle::governs(version).search(self.vault());
        let find = Find {
            kind: Some(Kind::Decision),
            keys: key.into_iter().collect(),
            since,
            ..Find::default()
        };
        self.all_places(find).await
    }

    /// The places in the log of all records that are found, newest first.
    pub(in crate::trail) async fn all_places(
        &self,
        mut find: Find,
    ) -> Result<Vec<u64>, TrailError> {
        let mut places = Vec::new();
        loop {
            let found = self.0.store.find(self.tenant(), &find, AT_ONCE).await?;
            find.before = found.last().copied();
            let is_last = u32::try_from(found.len()).is_ok_and(|count| count < AT_ONCE);
            places.extend(found);
            if is_last || find.before.is_none() {
                return Ok(places);
            }
        }
    }

    /// What `take` makes of each record of a kind in a time, in no order: read on all cores. Without
    /// `with_keys`, values of people stay closed.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub(crate) async fn collect<T: Send + 'static>(
        &self,
        search: &Search,
        with_keys: bool,
        take: impl Fn(&Stored) -> Option<T> + Clone + Send + 'static,
    ) -> Result<Vec<T>, TrailError> {
        let keys = search.handles.iter().map(|it| it.search(self.vault()));
        let find = Find {
            kind: search.kind,
            // What is found by keyed hashes is not found while they are locked.
            keys: keys.collect::<Option<_>>().unwrap_or_default(),
            since: search.since,
            until: search.until,
            before: None,
        };
        let places = self.all_places(find).await?;
        let mut pages = places.chunks(PAGE);
        let mut under_way: JoinSet<Result<Vec<T>, TrailError>> = JoinSet::new();
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        let mut taken = Vec::new();
        loop {
            while under_way.len() < most
                && let Some(page) = pages.next()
            {
                let (trail, page, take) = (self.clone(), page.to_vec(), take.clone());
                under_way.spawn(async move {
                    let read = trail.read_at(&page, with_keys).await?;
                    Ok(read.iter().filter_map(take).collect())
                });
            }
            match under_way.join_next().await {
                None => return Ok(taken),
                Some(Ok(page)) => taken.extend(page?),
                Some(Err(error)) => return Err(TrailError::Incomplete(error.to_string())),
            }
        }
    }

    /// Whether another version of the same artifact has the same key.
    fn has_double(&self, registry: &Registry, version: &ArtifactRef) -> bool {
        let key = |it: &ArtifactRef| Handle::governs(it).key(self.vault());
        let others = registry.versions_of(&version.of).iter();
        let mut others = others.map(super::Registered::id).filter(|it| it != version);
        others.any(|it| key(&it) == key(version))
    }

    async fn confirmed(
        &self,
        places: Vec<u64>,
        version: &ArtifactRef,
    ) -> Result<Vec<u64>, TrailError> {
        let mut confirmed = Vec::new();
        for page in places.chunks(PAGE) {
            for stored in self.read_at(page, false).await? {
                let decision = stored.decision();
                if decision.is_some_and(|it| governing(it).contains(version)) {
                    confirmed.push(stored.log_index());
                }
            }
        }
        Ok(confirmed)
    }

    /// The records at these places in the log, in that order.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn read_places(&self, places: &[u64]) -> Result<Vec<Stored>, TrailError> {
        self.read_indexes(places).await
    }
}

const AT_ONCE: u32 = 65_536;
const PAGE: usize = 512;
