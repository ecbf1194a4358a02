//! Legal holds: what may not be erased or expire while a matter is open.

use serde::{Deserialize, Serialize};

use super::{Actor, ActorKind, DecisionId, EntityRef, HoldId, InvalidValue, Name, Timestamp};

/// A legal hold: from here on nothing it covers may be erased or expire, until it is released.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The matter it is for: a case number. It is not personal: it stays readable for good.
    pub matter: Name,
    /// What it covers.
    pub target: HoldTarget,
    /// Who placed it.
    pub placed_by: Actor,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When somebody has to look whether it is still needed. It does not end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_at: Option<Timestamp>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
}

/// What a hold covers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldTarget {
    /// Every record that holds a value of this entity, and everything that belongs to a decision on
    /// this business key.
    Entity(EntityRef),
    /// A decision with its contexts, generations, reviews and outcomes.
    Decision(DecisionId),
    /// The contexts and decisions that fit, those still to come too, with all that belongs to them.
    Query(HoldQuery),
}

impl std::fmt::Display for HoldTarget {
    /// As the command line takes it: `type:id`, an id, `use_case=credit,since=…`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entity(entity) => entity.fmt(f),
            Self::Decision(id) => id.fmt(f),
            Self::Query(query) => query.fmt(f),
        }
    }
}

/// Which contexts and decisions a hold covers: everything given has to fit.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldQuery {
    /// Their use case: a name for every version of it, or `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_case: Option<Name>,
    /// The name of a context. Decisions have none; they are covered through their contexts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The earliest `created_at` or `decided_at`, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The latest, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Their retention class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Name>,
}

impl HoldQuery {
    /// Whether it asks for nothing, and so would cover everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let Self {
            use_case,
            name,
            since,
            until,
            class,
        } = self;
        use_case.is_none()
            && name.is_none()
            && since.is_none()
            && until.is_none()
            && class.is_none()
    }
}

impl std::fmt::Display for HoldQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |name: &str, value: Option<String>| value.map(|it| format!("{name}={it}"));
        let parts = [
            text("use_case", self.use_case.as_ref().map(Name::to_string)),
            text("name", self.name.as_ref().map(Name::to_string)),
            text("since", self.since.as_ref().map(Timestamp::to_string)),
            text("until", self.until.as_ref().map(Timestamp::to_string)),
            text("class", self.class.as_ref().map(Name::to_string)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(","))
    }
}

/// The end of a hold: two people say that it is needed no longer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The hold that ends.
    pub hold: HoldId,
    /// Why.
    pub reason: String,
    /// Who approved it: two people at least. Who placed the hold may be one of them.
    pub approved_by: Vec<Actor>,
}

impl Release {
    /// Checks that two people approve it, each once; one person is one, however the name is written.
    ///
    /// A release that does not pass ends nothing, wherever it came from.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] that names who is counted twice, or is no person.
    pub fn check(&self) -> Result<(), InvalidValue> {
        let names = self.approved_by.iter().map(|it| it.id.as_str());
        let names: Vec<&str> = names.collect();
        let refused = |expected| InvalidValue::new("approval", &names.join(","), expected);
        if let Some(service) = self
            .approved_by
            .iter()
            .find(|it| it.kind != ActorKind::Human)
        {
            let name = service.id.as_str();
            return Err(InvalidValue::new("approval", name, "a person"));
        }
        let mut people: Vec<String> = self.approved_by.iter().map(Actor::known_as).collect();
        people.sort_unstable();
        people.dedup();
        if people.len() < 2 || people.len() < names.len() {
            return Err(refused("two different people or more, each once"));
        }
        Ok(())
    }
}
