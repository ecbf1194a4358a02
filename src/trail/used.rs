//! What used something: contexts and the decisions they led to, in log order.

use std::collections::{BTreeMap, VecDeque};

use quick_cache::sync::Cache;

use super::{Pages, Search, Stored, Trail, TrailError};
use crate::record::{Kind, RecordId, UsedRef};
use crate::store::{Handle, handles};

impl Trail {
    /// The contexts that used something, and the decisions they led to, in log order, newest first:
    /// `limit` records at most, behind the record `after`.
    ///
    /// An old context may have led to the newest decision, so the newest contexts alone do not say
    /// what comes first. The answer is looked for in two ways by turns, and the first to have it
    /// gives it: down the log, testing each decision by its contexts, until `limit` records are
    /// found; and over all contexts that used it, looking up the decisions on each. So the cost is
    /// within about twice that of the cheaper way: a look-up for each context that used it, or an
    /// opened record for each decision from `after` down to the last answer, whichever is less.
    /// What is common is found by the first, what is rare by the second.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`] when `after` is not in the trail; [`TrailError::Store`] when the
    /// store cannot be read or a record is damaged.
    pub async fn used(
        &self,
        used: &UsedRef,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        #[cfg(feature = "network")]
        if let Some(remote) = self.remote() {
            return remote.used(used, after, limit).await;
        }
        // What is appended meanwhile is left to the next time.
        let before = match self.place_of_id(after).await? {
            Some(before) => before,
            None => self.0.store.head(self.tenant()).await?.size,
        };
        let asked = Asked {
            trail: self.clone(),
            handle: Handle::search_used(used),
            before,
            limit,
        };
        let mut walk = Walk::new(&asked);
        let mut by_context = ByContext::new(&asked);
        loop {
            if walk.goes_on(&asked).await? {
                return Ok(walk.found);
            }
            if by_context.goes_on(&asked).await? {
                return Ok(by_context.found.into_values().rev().collect());
            }
        }
    }
}

struct Asked {
    trail: Trail,
    handle: Handle,
    before: u64,
    limit: usize,
}

impl Asked {
    /// What used it by itself: contexts, and decisions that were governed by it.
    fn users(&self) -> Records {
        self.records(None, vec![self.handle.clone()])
    }

    fn records(&self, kind: Option<Kind>, handles: Vec<Handle>) -> Records {
        let search = Search {
            kind,
            handles,
            ..Search::default()
        };
        Records {
            pages: self.trail.pages(search, Some(self.before)),
            read: VecDeque::new(),
        }
    }
}

/// The answers to a search, one after the other.
struct Records {
    pages: Pages,
    read: VecDeque<Stored>,
}

impl Records {
    /// The index of the next one; `None` behind the last.
    async fn next_index(&mut self) -> Result<Option<u64>, TrailError> {
        if self.read.is_empty() {
            self.read
                .extend(self.pages.next().await?.into_iter().flatten());
        }
        Ok(self.read.front().map(Stored::log_index))
    }
}

/// Down the log, until enough is found.
struct Walk {
    users: Records,
    decisions: Records,
    /// Whether contexts used it.
    used_by: Cache<RecordId, bool>,
    found: Vec<Stored>,
}

impl Walk {
    fn new(asked: &Asked) -> Self {
        Self {
            users: asked.users(),
            decisions: asked.records(Some(Kind::Decision), Vec::new()),
            used_by: Cache::new(REMEMBERED),
            found: Vec::new(),
        }
    }

    /// Goes on for a while. Gives whether the answer is complete.
    async fn goes_on(&mut self, asked: &Asked) -> Result<bool, TrailError> {
        for _ in 0..DECISIONS_A_TURN {
            if self.found.len() >= asked.limit {
                return Ok(true);
            }
            let user = self.users.next_index().await?;
            let decision = self.decisions.next_index().await?;
            if user.is_none() && decision.is_none() {
                return Ok(true);
            }
            // A decision that was governed by it is among both.
            let is_user = user >= decision;
            let decided = if decision >= user {
                self.decisions.read.pop_front()
            } else {
                None
            };
            if is_user {
                self.found.extend(self.users.read.pop_front());
            } else if let Some(decided) = decided
                && self.rests_on_it(asked, &decided).await?
            {
                self.found.push(decided);
            }
        }
        Ok(false)
    }

    async fn rests_on_it(&self, asked: &Asked, decided: &Stored) -> Result<bool, TrailError> {
        for id in decided.decision().iter().flat_map(|it| &it.contexts) {
            let id = RecordId::from(*id);
            let used_it = match self.used_by.get(&id) {
                Some(known) => known,
                None => {
                    let context = asked.trail.read(id).await?;
                    let used_it = context.is_some_and(|it| uses(&it, &asked.handle));
                    self.used_by.insert(id, used_it);
                    used_it
                }
            };
            if used_it {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Over all contexts that used it: only behind the last is it known what is newest.
struct ByContext {
    users: Records,
    /// The newest so far, by index: as many as are wanted.
    found: BTreeMap<u64, Stored>,
}

impl ByContext {
    fn new(asked: &Asked) -> Self {
        Self {
            users: asked.users(),
            found: BTreeMap::new(),
        }
    }

    /// Goes on for a while. Gives whether the answer is complete.
    async fn goes_on(&mut self, asked: &Asked) -> Result<bool, TrailError> {
        for _ in 0..CONTEXTS_A_TURN {
            if self.users.next_index().await?.is_none() {
                return Ok(true);
            }
            let Some(user) = self.users.read.pop_front() else {
                return Ok(true);
            };
            if user.record().kind() == Kind::Context {
                self.look_up_decisions(asked, user.id()).await?;
            }
            self.add(asked, user);
        }
        Ok(false)
    }

    async fn look_up_decisions(&mut self, asked: &Asked, id: RecordId) -> Result<(), TrailError> {
        let handles = vec![Handle::Refers(id)];
        let mut decisions = asked.records(Some(Kind::Decision), handles);
        let mut taken = 0;
        while taken < asked.limit && decisions.next_index().await?.is_some() {
            let decisions = decisions.read.drain(..).filter(|decided| {
                let mut contexts = decided.decision().into_iter().flat_map(|it| &it.contexts);
                // It may name the context as a cause alone.
                contexts.any(|context| RecordId::from(*context) == id)
            });
            for decided in decisions.collect::<Vec<_>>() {
                taken += 1;
                self.add(asked, decided);
            }
        }
        Ok(())
    }

    fn add(&mut self, asked: &Asked, stored: Stored) {
        self.found.insert(stored.log_index(), stored);
        if self.found.len() > asked.limit {
            self.found.pop_first();
        }
    }
}

fn uses(stored: &Stored, wanted: &Handle) -> bool {
    let own = handles(stored.record(), stored.about());
    own.iter().any(|own| wanted.matches(own))
}

const DECISIONS_A_TURN: usize = 64;
const CONTEXTS_A_TURN: usize = 16;
/// Contexts of which it is remembered whether they used it.
const REMEMBERED: usize = 20_000;
