//! Finding records.

use std::collections::HashSet;

use super::{Stored, Trail, TrailError};
use crate::record::{
    ContextStatus, EntityRef, FreshnessStatus, Kind, Name, RecordId, Timestamp, UsedRef,
};
use crate::store::{Find, Handle, IdPrefix, KeyRange, handles};

/// What contexts to find: everything given has to fit.
#[derive(Clone, Debug, Default)]
pub struct ContextFilter {
    /// An entity they are about.
    pub entity: Option<EntityRef>,
    /// The business key of a decision they led to.
    pub decision: Option<EntityRef>,
    /// Their name.
    pub name: Option<Name>,
    /// How they ended.
    pub status: Option<ContextStatus>,
    /// Something they used.
    pub used: Option<UsedRef>,
    /// Their freshness.
    pub freshness: Option<FreshnessStatus>,
    /// Where the application ran.
    pub environment: Option<Name>,
    /// The earliest `created_at`, inclusive.
    pub since: Option<Timestamp>,
    /// The latest `created_at`, exclusive.
    pub until: Option<Timestamp>,
    /// Only those before this record in the log.
    pub after: Option<RecordId>,
}

/// A search for records of one kind, or of any.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The kind of record.
    pub kind: Option<Kind>,
    /// What it has to be found by, the most telling one first.
    pub handles: Vec<Handle>,
    /// The earliest time, inclusive: `created_at`, `decided_at`.
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    pub until: Option<Timestamp>,
    /// Only those before this record in the log.
    pub after: Option<RecordId>,
    /// Only these records.
    pub only: Option<HashSet<RecordId>>,
}

/// The answers to a search, in log order, newest first, a page at a time.
#[derive(Debug)]
pub struct Pages {
    /// Whether it asks for what cannot be looked up without keys.
    is_locked: bool,
    trail: Trail,
    find: Find,
    search: Search,
    /// Records read at once.
    size: u32,
    done: bool,
    /// Whether values of people stay closed.
    is_plain: bool,
}

impl Trail {
    /// Searches for contexts.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`] when `after` is not in the trail.
    pub async fn contexts(&self, filter: ContextFilter) -> Result<Pages, TrailError> {
        let ContextFilter {
            entity,
            decision,
            name,
            status,
            used,
            freshness,
            environment,
            since,
            until,
            after,
        } = filter;
        let handles = [
            used.as_ref().map(Handle::search_used),
            entity.map(Handle::Entity),
            name.map(Handle::Name),
            environment.map(Handle::Environment),
            freshness.map(Handle::freshness),
            status.map(Handle::status),
        ];
        let only = match decision {
            Some(subject) => Some(self.contexts_of_subject(subject).await?),
            None => None,
        };
        self.search(Search {
            kind: Some(Kind::Context),
            handles: handles.into_iter().flatten().collect(),
            since,
            until,
            after,
            only,
        })
        .await
    }

    async fn contexts_of_subject(
        &self,
        subject: EntityRef,
    ) -> Result<HashSet<RecordId>, TrailError> {
        let mut ids = HashSet::new();
        let pages = self.search(Search {
            kind: Some(Kind::Decision),
            handles: vec![Handle::Subject(subject)],
            ..Search::default()
        });
        let pages = &mut pages.await?;
        while let Some(page) = pages.next().await? {
            let decisions = page.iter().filter_map(Stored::decision);
            let contexts = decisions.flat_map(|decision| &decision.contexts);
            ids.extend(contexts.map(|id| RecordId::from(*id)));
        }
        Ok(ids)
    }

    /// Searches for records of any kind.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`] when `after` is not in the trail.
    pub async fn search(&self, search: Search) -> Result<Pages, TrailError> {
        let before = self.place_of_id(search.after).await?;
        Ok(self.pages(search, before))
    }

    /// The index of the record `id`, when one is given; it has to be there.
    pub(super) async fn place_of_id(
        &self,
        id: Option<RecordId>,
    ) -> Result<Option<u64>, TrailError> {
        let Some(id) = id else { return Ok(None) };
        let found = self.read(id).await?.ok_or_else(|| TrailError::NotFound {
            prefix: id.to_string(),
        })?;
        Ok(Some(found.log_index()))
    }

    /// The answers to a search among the records before an index, whatever its `after`.
    pub(super) fn pages(&self, search: Search, before: Option<u64>) -> Pages {
        let handles = search.handles.iter();
        let keys: Option<Vec<KeyRange>> = handles.map(|it| it.search(self.vault())).collect();
        Pages {
            is_locked: keys.is_none(),
            find: Find {
                kind: search.kind,
                keys: keys.unwrap_or_default(),
                since: search.since,
                until: search.until,
                before,
            },
            trail: self.clone(),
            search,
            size: PAGE,
            done: false,
            is_plain: false,
        }
    }

    /// The id that begins with `prefix`, which is a whole id or at least 8 characters of one.
    ///
    /// # Errors
    ///
    /// [`TrailError::Invalid`] for what is no beginning of an id, [`TrailError::NotFound`],
    /// [`TrailError::Ambiguous`].
    pub async fn resolve(&self, prefix: &str) -> Result<RecordId, TrailError> {
        let bits = prefix_bits(prefix)?;
        #[cfg(feature = "network")]
        if let Some(remote) = self.remote() {
            // Whether it is there shows when it is used.
            if let Ok(id) = prefix.parse() {
                return Ok(id);
            }
            let found = remote.with_prefix(prefix).await?;
            let found = found.first().map(Stored::id);
            return found.ok_or_else(|| TrailError::NotFound {
                prefix: prefix.to_owned(),
            });
        }
        let located = self.0.store.locate(self.tenant(), bits, CANDIDATES).await?;
        match located.as_slice() {
            [] => Err(TrailError::NotFound {
                prefix: prefix.to_owned(),
            }),
            [one] => Ok(one.id),
            several => {
                let ids: Vec<String> = several.iter().map(|it| it.id.to_string()).collect();
                Err(TrailError::Ambiguous {
                    prefix: prefix.to_owned(),
                    candidates: ids.join(", "),
                })
            }
        }
    }
}

impl Pages {
    /// Leaves values of people closed: stand-ins are in their place, and no key is needed for what
    /// stands in plain text. It is the faster by that.
    #[must_use]
    pub const fn plain(mut self) -> Self {
        self.is_plain = true;
        self.size = PLAIN_PAGE;
        self
    }

    /// The next page, which is never empty; `None` behind the last.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged;
    /// [`TrailError::Key`] when it is found by keyed hashes and the keys are not here.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored>>, TrailError> {
        if self.is_locked {
            return Err(self.trail.keys_missing());
        }
        while !self.done {
            let trail = &self.trail;
            #[cfg(feature = "network")]
            if let Some(remote) = trail.remote() {
                let before = self.find.before;
                let size = self.size.min(super::LookUp::MOST);
                let (page, next) = remote.find(&self.search, before, size).await?;
                self.done = next.is_none();
                self.find.before = next.or(before);
                let only = self.search.only.as_ref();
                let page: Vec<Stored> = page
                    .into_iter()
                    .filter(|it| only.is_none_or(|only| only.contains(&it.id())))
                    .collect();
                if !page.is_empty() {
                    return Ok(Some(page));
                }
                continue;
            }
            let indexes = trail
                .0
                .store
                .find(trail.tenant(), &self.find, self.size)
                .await?;
            self.done = indexes.len() < usize::try_from(self.size).unwrap_or(usize::MAX);
            self.find.before = indexes.last().copied().or(self.find.before);
            let mut page = trail.read_at(&indexes, !self.is_plain).await?;
            page.retain(|stored| self.search.fits(stored));
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// The first `limit` answers.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::next`].
    pub async fn take(mut self, limit: usize) -> Result<Vec<Stored>, TrailError> {
        // why: opening a record costs more than finding it, so no more are read than are asked for.
        self.size = u32::try_from(limit).unwrap_or(PAGE).clamp(1, PAGE);
        let mut taken = Vec::new();
        while taken.len() < limit {
            match self.next().await? {
                Some(page) => taken.extend(page),
                None => break,
            }
        }
        taken.truncate(limit);
        Ok(taken)
    }

    /// The places of all answers in the log, oldest first, and of a few more: that a record is one of
    /// them shows when it is read.
    pub(super) async fn places(self) -> Result<Vec<u64>, TrailError> {
        if self.is_locked {
            return Err(self.trail.keys_missing());
        }
        let mut places = self.trail.all_places(self.find).await?;
        places.reverse();
        Ok(places)
    }

    /// All answers. They are held in memory: for searches whose answer is bounded.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::next`].
    pub async fn all(self) -> Result<Vec<Stored>, TrailError> {
        self.take(usize::MAX).await
    }
}

impl Search {
    /// Keys are hashes: what decides is the record.
    pub(super) fn fits(&self, stored: &Stored) -> bool {
        let only = self.only.as_ref();
        if only.is_some_and(|only| !only.contains(&stored.id())) {
            return false;
        }
        if self.handles.is_empty() {
            return true;
        }
        let own = handles(stored.record(), stored.about());
        self.handles
            .iter()
            .all(|wanted| own.iter().any(|own| wanted.matches(own)))
    }
}

fn prefix_bits(prefix: &str) -> Result<IdPrefix, TrailError> {
    let malformed = || {
        crate::record::InvalidValue::new(
            "id",
            prefix,
            "a UUID such as 01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b, or its first 8 characters or more",
        )
    };
    let dashes = [8, 13, 18, 23];
    let well_formed = prefix.len() >= SHORTEST_PREFIX
        && prefix.len() <= 36
        && prefix.char_indices().all(|(at, c)| match c {
            '-' => dashes.contains(&at),
            _ => c.is_ascii_hexdigit() && !dashes.contains(&at),
        });
    if !well_formed {
        return Err(malformed().into());
    }
    let digits: String = prefix.chars().filter(|c| *c != '-').collect();
    let bound = |fill: char| {
        let padded: String = digits
            .chars()
            .chain(std::iter::repeat(fill))
            .take(32)
            .collect();
        u128::from_str_radix(&padded, 16).map(u128::to_be_bytes)
    };
    match (bound('0'), bound('f')) {
        (Ok(first), Ok(last)) => Ok(IdPrefix { first, last }),
        _ => Err(malformed().into()),
    }
}

const PAGE: u32 = 64;
const PLAIN_PAGE: u32 = 512;
const CANDIDATES: u32 = 4;
const SHORTEST_PREFIX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_eight_characters_or_more() {
        for good in [
            "01948c9a",
            "01948c9a-",
            "01948C9A-2b3e-7",
            "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b",
        ] {
            assert!(prefix_bits(good).is_ok(), "{good}");
        }
        for bad in [
            "01948c9",
            "01948c9a2",
            "0194-8c9a",
            "zzzzzzzz",
            "../../../x",
            "01948c9é",
        ] {
            assert!(prefix_bits(bad).is_err(), "{bad}");
        }
    }
}
