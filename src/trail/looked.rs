//! Who looked at what: a record of every look, written before anything is given.

use super::{Pages, Search, Stored, Trail, TrailError};
use crate::record::{AccessEvent, Body, Digest, Draft, EntityRef, Kind, Receipt, RecordId};

/// Which looks to find: everything given has to fit.
#[derive(Clone, Debug, Default)]
pub struct AccessFilter {
    /// At this entity: asked for by it, or at a record that is about it.
    pub entity: Option<EntityRef>,
    /// By this actor.
    pub by: Option<String>,
    /// Only those before this record in the log.
    pub after: Option<RecordId>,
}

impl Trail {
    /// Records that its actor looked at something, or tried to. Give what they asked for only when this
    /// has returned. Whoever serves others calls it on [`Trail::acting_as`].
    ///
    /// # Errors
    ///
    /// Those of [`Trail::record`].
    pub async fn note_access(&self, event: AccessEvent) -> Result<Receipt, TrailError> {
        self.record(Draft::new(self.new_id(), event)).await
    }

    /// The digest that stands for `entity` in what [`Trail::note_access`] records: keyed, so that it
    /// says nothing without the keys of the trail.
    ///
    /// # Errors
    ///
    /// [`TrailError::Key`] when those are not here.
    pub fn access_digest(&self, entity: &EntityRef) -> Result<Digest, TrailError> {
        let digest = self.vault().digest_of(entity);
        digest.ok_or_else(|| self.keys_missing())
    }

    /// The looks that fit `filter`, newest first, `limit` at most. Every look is read to answer this.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`] when `after` is not in the trail; [`TrailError::Key`] for an entity
    /// when the keys are not here; [`TrailError::Store`] when the store cannot be read.
    pub async fn accesses(
        &self,
        filter: AccessFilter,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        let AccessFilter { entity, by, after } = filter;
        let asked = match &entity {
            Some(entity) => Some((self.access_digest(entity)?, self.ids_about(entity).await?)),
            None => None,
        };
        let by = by.map(|name| name.trim().to_lowercase());
        let fits = |stored: &Stored| {
            let Body::Access(event) = &stored.record().body else {
                return false;
            };
            let by_fits = by
                .as_ref()
                .is_none_or(|by| stored.record().head.actor.known_as() == *by);
            let entity_fits = asked.as_ref().is_none_or(|(digest, ids)| {
                event.entities.contains(digest) || event.refs.iter().any(|id| ids.contains(id))
            });
            by_fits && entity_fits
        };
        let mut pages: Pages = self
            .search(Search {
                kind: Some(Kind::Access),
                after,
                ..Search::default()
            })
            .await?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(page) = pages.next().await?
        {
            found.extend(page.into_iter().filter(&fits));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The ids of the records about `entity`.
    async fn ids_about(
        &self,
        entity: &EntityRef,
    ) -> Result<std::collections::HashSet<RecordId>, TrailError> {
        let events = self.history(entity).await?;
        Ok(events.iter().map(|event| event.stored.id()).collect())
    }
}
