//! What every record has besides its own members.

use serde::{Deserialize, Serialize};

use super::{Name, RecordId, Tenant, Timestamp};

/// The members every record of every kind has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// The id of the record.
    pub id: RecordId,
    /// The tenant whose log holds the record.
    pub tenant: Tenant,
    /// When the trail accepted the record.
    pub recorded_at: Timestamp,
    /// Who caused the record to be written.
    pub actor: Actor,
}

/// Who caused a record to be written, and how that is known.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The name of the actor: a service, a user name.
    pub id: Name,
    /// Whether the actor is a person. What identifies people is personal.
    pub kind: ActorKind,
    /// How the identity was established.
    pub method: ActorMethod,
}

impl Actor {
    /// The name by which two actors are one person: space around it and the case of letters make no
    /// other person of anybody.
    #[must_use]
    pub fn known_as(&self) -> String {
        self.id.as_str().trim().to_lowercase()
    }
}

/// Whether an actor is a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    Human,
    /// A program.
    Service,
}

/// How an actor's identity was established.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorMethod {
    /// An OpenID Connect token.
    Oidc,
    /// An API token.
    Token,
    /// The operating-system user who opened the trail.
    LocalOs,
    /// A name that the caller merely stated.
    Asserted,
}
