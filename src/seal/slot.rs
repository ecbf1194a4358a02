//! Slots: whose values a record holds, each under a seed of its own.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::SealError;
use crate::record::{
    Actor, ActorKind, Body, DeciderKind, Digest, EntityRef, Head, HoldTarget, InvalidValue,
};

/// The place of an owner among the slots of its record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Slot(u16);

impl Slot {
    /// The slot of everything that is about nobody.
    pub const TENANT: Self = Self(0);

    /// The slot with this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// 32 secret random bytes, one for each slot of a record: what its commitments are salted with.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Seed([u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Seed {
    /// Wraps the bytes of a seed.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The salt of the field at `path`: `HMAC-SHA256(seed, "salt\0" ‖ path)`.
    pub(super) fn keyed(&self) -> Keyed {
        Keyed(Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length"))
    }

    /// The keyed digest of a personal text: `HMAC-SHA256(seed, "digest\0" ‖ text)`.
    #[must_use]
    pub fn digest(&self, text: &[u8]) -> Digest {
        Digest::HmacSha256(self.keyed().mac(b"digest\0", text))
    }
}

/// A seed whose key schedule is worked out.
#[derive(Clone)]
pub(super) struct Keyed(Hmac<Sha256>);

impl Keyed {
    pub(super) fn salt(&self, path: &str) -> [u8; 32] {
        self.mac(b"salt\0", path.as_bytes())
    }

    fn mac(&self, domain: &[u8], message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(domain);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

/// The slots of one record: a pure function of the record and of whom it is about.
///
/// Slot 0 is the tenant's. Then comes one for each entity; one for all of them together where
/// there is not exactly one, since free text may name several; and one for each member of staff.
#[derive(Clone, Debug)]
pub struct Slots {
    owners: Vec<Vec<EntityRef>>,
    by_entity: BTreeMap<EntityRef, Slot>,
    everybody: Slot,
}

impl Slots {
    /// The slots of a record about `about`, which for a kind with entities of its own are those.
    ///
    /// # Errors
    ///
    /// [`SealError::TooManyFields`] when there are more owners than a record may have fields.
    pub fn of(head: &Head, body: &Body, about: &[EntityRef]) -> Result<Self, SealError> {
        let mut slots = Self {
            owners: vec![Vec::new()],
            by_entity: BTreeMap::new(),
            everybody: Slot::TENANT,
        };
        let entities = entities(body).unwrap_or(about);
        for entity in entities {
            slots.add(vec![entity.clone()])?;
        }
        slots.everybody = match slots.owners.len() {
            2 => Slot(1),
            _ => slots.push(entities.to_vec())?,
        };
        for person in staff(head, body) {
            slots.add(vec![person])?;
        }
        Ok(slots)
    }

    /// The slot of `entity`, or of everybody when the record does not list it.
    #[must_use]
    pub fn of_entity(&self, entity: Option<&EntityRef>) -> Slot {
        entity
            .and_then(|entity| self.by_entity.get(entity))
            .copied()
            .unwrap_or(self.everybody)
    }

    /// The slot of everybody the record is about, staff aside.
    #[must_use]
    pub const fn everybody(&self) -> Slot {
        self.everybody
    }

    /// Whose values each slot holds, in the order of the slots.
    #[must_use]
    pub fn owners(&self) -> &[Vec<EntityRef>] {
        &self.owners
    }

    fn add(&mut self, owner: Vec<EntityRef>) -> Result<(), SealError> {
        if !self.by_entity.contains_key(&owner[0]) {
            let entity = owner[0].clone();
            let slot = self.push(owner)?;
            self.by_entity.insert(entity, slot);
        }
        Ok(())
    }

    fn push(&mut self, owner: Vec<EntityRef>) -> Result<Slot, SealError> {
        let number = u16::try_from(self.owners.len())
            .map_err(|_| SealError::TooManyFields(self.owners.len()))?;
        self.owners.push(owner);
        Ok(Slot(number))
    }
}

/// The entities that a body lists, for the kinds that list them.
pub(super) fn entities(body: &Body) -> Option<&[EntityRef]> {
    match body {
        Body::Context(context) => Some(&context.entities),
        Body::Decision(decision) => Some(&decision.entities),
        // A hold on a decision is about whom the decision is about; one on staff has staff's slot.
        Body::Hold(hold) => match &hold.target {
            HoldTarget::Entity(entity) if entity.kind.as_str() != STAFF => {
                Some(std::slice::from_ref(entity))
            }
            _ => None,
        },
        Body::Generation(_)
        | Body::Review(_)
        | Body::Outcome(_)
        | Body::Import(_)
        | Body::Key(_)
        | Body::Succession(_)
        | Body::Erasure(_)
        | Body::Release(_)
        | Body::Policy(_)
        | Body::Retention(_)
        | Body::Archive(_)
        | Body::Token(_)
        | Body::Access(_)
        | Body::Artifact(_)
        | Body::Approval(_)
        | Body::Retirement(_)
        | Body::Deployment(_)
        | Body::Kpi(_)
        | Body::Check(_)
        | Body::Freeze(_)
        | Body::Unfreeze(_) => None,
    }
}

fn staff<'a>(head: &Head, body: &'a Body) -> impl Iterator<Item = EntityRef> + use<'a> {
    let decider = match body {
        Body::Decision(decision) if decision.decided_by.kind == DeciderKind::Human => {
            staff_ref(decision.decided_by.id.as_str()).ok()
        }
        _ => None,
    };
    let actors = match body {
        Body::Key(key) => key.approved_by.as_slice(),
        Body::Erasure(erasure) => erasure.approved_by.as_slice(),
        Body::Succession(succession) => succession.approved_by.as_slice(),
        Body::Release(release) => release.approved_by.as_slice(),
        Body::Token(token) => token.approved_by.as_slice(),
        Body::Hold(hold) => std::slice::from_ref(&hold.placed_by),
        _ => &[],
    };
    let (held, owner) = match body {
        Body::Hold(hold) => {
            let held = match &hold.target {
                HoldTarget::Entity(entity) if entity.kind.as_str() == STAFF => Some(entity.clone()),
                _ => None,
            };
            let owner = hold.owner.as_ref();
            (held, owner.and_then(|it| staff_ref(it.as_str()).ok()))
        }
        Body::Token(token) => (staff_of(&token.holder), None),
        _ => (None, None),
    };
    let written = match body {
        Body::Artifact(artifact) => Some(&artifact.author),
        Body::Check(check) => check.allowed_unmeasured.as_ref().map(|it| &it.by),
        _ => None,
    };
    let owners = match body {
        Body::Artifact(artifact) => artifact.owners.as_slice(),
        _ => &[],
    };
    let owners = owners
        .iter()
        .filter_map(|it| staff_ref(it.name.as_str()).ok());
    staff_of(&head.actor)
        .into_iter()
        .chain(written.and_then(staff_of))
        .chain(owners)
        .chain(decider)
        .chain(actors.iter().filter_map(staff_of))
        .chain(held)
        .chain(owner)
}

/// The entity that an actor who is a person is.
pub(super) fn staff_of(actor: &Actor) -> Option<EntityRef> {
    match actor.kind {
        ActorKind::Human => staff_ref(actor.id.as_str()).ok(),
        ActorKind::Service => None,
    }
}

pub(super) fn staff_ref(id: &str) -> Result<EntityRef, InvalidValue> {
    EntityRef::new(STAFF, id)
}

/// The type of entity that people who work here are.
const STAFF: &str = "staff";

/// Draws one seed for each of `count` slots from the operating system.
pub(super) fn draw_seeds(count: usize) -> Result<Vec<Seed>, SealError> {
    let mut bytes = vec![0_u8; count * 32];
    getrandom::fill(&mut bytes).map_err(SealError::NoEntropy)?;
    Ok(bytes
        .as_chunks::<32>()
        .0
        .iter()
        .map(|seed| Seed(*seed))
        .collect())
}
