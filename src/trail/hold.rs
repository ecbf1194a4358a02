//! Legal holds: placing them, finding what they cover, releasing them.

use std::collections::{BTreeMap, HashSet};

use super::keeping::Keeping;
use super::relative::{Labels, Relative};
use super::{Search, Stored, Trail, TrailError};
use crate::record::{
    Actor, Body, Draft, EntityRef, Hold, HoldId, HoldQuery, HoldTarget, Kind, Name, Receipt,
    Record, RecordId, Release, Retention, Timestamp, VersionedName,
};
use crate::seal::Slots;
use crate::store::{Handle, handles};

/// A hold that is placed and not released.
#[derive(Clone, Debug)]
pub struct OpenHold {
    stored: Stored,
    hold: Hold,
}

impl OpenHold {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> HoldId {
        self.stored.id().into()
    }

    /// Since when it holds.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.stored.record().head.recorded_at
    }

    /// What it says.
    #[must_use]
    pub const fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Its record.
    #[must_use]
    pub const fn stored(&self) -> &Stored {
        &self.stored
    }

    fn of(stored: Stored) -> Option<Self> {
        let Body::Hold(hold) = &stored.record().body else {
            return None;
        };
        Some(Self {
            hold: Hold::clone(hold),
            stored,
        })
    }

    /// Whether it covers `stored`, which belongs together with the contexts and decisions `family`.
    pub(super) fn covers(&self, stored: &Stored, family: &[Relative]) -> bool {
        let own = Relative::of(stored);
        let mut all = own.iter().chain(family);
        match &self.hold.target {
            HoldTarget::Entity(entity) => {
                holds_values_of(stored, entity) || all.any(|it| it.subject.as_ref() == Some(entity))
            }
            HoldTarget::Decision(id) => all.any(|it| it.id == RecordId::from(*id)),
            HoldTarget::Query(query) => all.any(|it| fits(query, it)),
        }
    }
}

impl Trail {
    /// Places a hold: from the receipt on, nothing it covers is erased or expires.
    ///
    /// # Errors
    ///
    /// [`TrailError::UnknownRecord`] for a decision that is not there, [`TrailError::NothingToHold`]
    /// for an entity that no record is about, [`TrailError::Incomplete`] for a query that asks for
    /// nothing, and those of [`Trail::record`].
    pub async fn place_hold(&self, hold: Hold) -> Result<Receipt, TrailError> {
        match &hold.target {
            HoldTarget::Query(query) if query.is_empty() => {
                return Err(TrailError::Incomplete(
                    "a hold on a query that asks for nothing would cover everything: say at least since when".to_owned(),
                ));
            }
            HoldTarget::Entity(entity) if !self.knows(entity).await? => {
                return Err(TrailError::NothingToHold {
                    target: entity.to_string(),
                });
            }
            _ => {}
        }
        self.record(Draft::new(self.new_id(), hold)).await
    }

    /// Ends a hold, which two people have to approve.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotApproved`] without two different people; [`TrailError::UnknownRecord`] or
    /// [`TrailError::WrongKind`] for what is no hold; [`TrailError::AlreadyReleased`]; and those of
    /// [`Trail::record`].
    pub async fn release_hold(
        &self,
        hold: HoldId,
        reason: &str,
        approved_by: Vec<Actor>,
    ) -> Result<Receipt, TrailError> {
        let release = Release {
            hold,
            reason: reason.to_owned(),
            approved_by,
        };
        release.check().map_err(TrailError::NotApproved)?;
        let stored = self.read(hold).await?;
        let stored = stored.ok_or(TrailError::UnknownRecord {
            named_as: "hold",
            id: hold.into(),
        })?;
        if stored.record().kind() == Kind::Hold && self.is_released(hold).await? {
            return Err(TrailError::AlreadyReleased(hold));
        }
        self.record(Draft::new(self.new_id(), release)).await
    }

    /// The holds that are placed and not released, oldest first.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn holds(&self) -> Result<Vec<OpenHold>, TrailError> {
        let mut placed = self.placed().await?;
        if placed.is_empty() {
            return Ok(placed);
        }
        let ended = self.search(of_kind(Kind::Release)).await?.all().await?;
        let ended: HashSet<HoldId> = ended.iter().filter_map(ended_by).collect();
        placed.retain(|it| !ended.contains(&it.id()));
        Ok(placed)
    }

    /// The holds that were ever placed, oldest first.
    async fn placed(&self) -> Result<Vec<OpenHold>, TrailError> {
        let placed = self.search(of_kind(Kind::Hold)).await?.all().await?;
        Ok(placed.into_iter().rev().filter_map(OpenHold::of).collect())
    }

    /// The records of the holds that cover any of `records`, or did until they were released, and of
    /// their releases.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::holds_on`].
    pub async fn hold_records(
        &self,
        records: impl Iterator<Item = &Stored> + Send,
    ) -> Result<Vec<Stored>, TrailError> {
        let placed = self.placed().await?;
        if placed.is_empty() {
            return Ok(Vec::new());
        }
        let placed = Keeping::of_holds(self.clone(), placed);
        let mut found = BTreeMap::new();
        for stored in records {
            for hold in placed.holds_on(stored).await? {
                found.insert(hold.stored().log_index(), hold.stored().clone());
            }
        }
        let mut all: Vec<Stored> = found.into_values().collect();
        for hold in all.clone() {
            all.extend(self.referring(hold.id(), Kind::Release).await?);
        }
        Ok(all)
    }

    /// The open holds that cover `stored`: through an entity, a decision it belongs to, or a query.
    ///
    /// # Errors
    ///
    /// [`TrailError::Key`] when a hold is on an entity and the keys are not here: then it cannot be
    /// said. [`TrailError::Store`] when the store cannot be read.
    pub async fn holds_on(&self, stored: &Stored) -> Result<Vec<OpenHold>, TrailError> {
        let keeping = Keeping::of_holds(self.clone(), self.holds().await?);
        let found = keeping.holds_on(stored).await?;
        Ok(found.into_iter().cloned().collect())
    }

    async fn is_released(&self, hold: HoldId) -> Result<bool, TrailError> {
        let releases = self.referring(hold, Kind::Release).await?;
        Ok(releases.iter().any(|it| ended_by(it) == Some(hold)))
    }

    /// Whether any record is about `entity`, or decided on it. People who work here are in no list.
    async fn knows(&self, entity: &EntityRef) -> Result<bool, TrailError> {
        if entity.kind.as_str() == "staff" {
            return Ok(true);
        }
        for handle in [
            Handle::Entity(entity.clone()),
            Handle::Subject(entity.clone()),
        ] {
            let search = Search {
                handles: vec![handle],
                ..Search::default()
            };
            if !self.search(search).await?.take(1).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn of_kind(kind: Kind) -> Search {
    Search {
        kind: Some(kind),
        ..Search::default()
    }
}

/// The hold that a release ends. One that two people have not approved ends none.
fn ended_by(stored: &Stored) -> Option<HoldId> {
    let Body::Release(release) = &stored.record().body else {
        return None;
    };
    // why: whom an erasure took out approved it when it was recorded.
    let is_whole = stored.withheld().is_empty();
    (!is_whole || release.check().is_ok()).then_some(release.hold)
}

/// Whether a slot of `stored` is the entity's, or a feature is.
fn holds_values_of(stored: &Stored, entity: &EntityRef) -> bool {
    let Record { head, body } = stored.record();
    let slots = Slots::of(head, body, stored.about());
    let owns = slots.is_ok_and(|slots| slots.owners().iter().flatten().any(|it| it == entity));
    owns || handles(stored.record(), stored.about()).contains(&Handle::Entity(entity.clone()))
}

/// Whether a context or decision fits a query.
fn fits(query: &HoldQuery, relative: &Relative) -> bool {
    let Labels {
        use_case,
        name,
        class,
    } = &*relative.labels;
    let is_case = |wanted: &Name, found: &VersionedName| {
        *wanted == found.name || wanted.as_str() == found.to_string()
    };
    query
        .name
        .as_ref()
        .is_none_or(|it| name.as_ref() == Some(it))
        && query
            .class
            .as_ref()
            .is_none_or(|it| class.as_ref() == Some(it))
        && query.since.is_none_or(|since| relative.at >= since)
        && query.until.is_none_or(|until| relative.at < until)
        && query
            .use_case
            .as_ref()
            .is_none_or(|wanted| use_case.as_ref().is_some_and(|it| is_case(wanted, it)))
}

/// What a context or decision says of how long it is to be kept.
pub(super) const fn retention_of(body: &Body) -> Option<&Retention> {
    match body {
        Body::Context(context) => context.retention.as_ref(),
        Body::Decision(decision) => decision.retention.as_ref(),
        _ => None,
    }
}
