//! Who may use a trail over the network, and who looked at what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Actor, ActorKind, Digest, InvalidValue, RecordId, Timestamp, TrailId};

/// An API token that was granted or revoked: the trail's own record of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenEvent {
    /// The token that is revoked: the id of the record that grants it, which leaves this out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<RecordId>,
    /// What was done.
    pub action: TokenAction,
    /// Who has it: whoever shows it acts under this name.
    pub holder: Actor,
    /// What it allows.
    pub role: AccessRole,
    /// The trail it is for. A grant that an import brought into another trail grants nothing there.
    pub trail: TrailId,
    /// From when on it is worth nothing; left out when it does not end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// SHA-256 of the secret, which is 32 random bytes and stored nowhere. A grant has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_digest: Option<Digest>,
    /// Who approved it: two people where the role reads or destroys personal values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<Actor>,
}

/// What was done with a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenAction {
    /// It was given out.
    Grant,
    /// It is worth nothing from here on.
    Revoke,
}

/// What a token allows. `docs/http.md` has the table.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessRole {
    /// Records, and reads nothing.
    Ingest,
    /// Reads and searches; personal values are masked.
    Analyst,
    /// Reads and searches with personal values, for a purpose that is recorded.
    Investigator,
    /// Reads with personal values, for a purpose that is recorded, and records reviews.
    Reviewer,
    /// Erases people, and gives them what is recorded about them.
    Privacy,
    /// Places and lifts legal holds.
    Legal,
    /// Reads masked, and packs evidence with personal values withheld.
    Auditor,
    /// Grants and revokes tokens, and reads no record of a business.
    Admin,
    /// Answers for what governs: registers, approves and retires versions, deploys, freezes and lifts.
    RiskOwner,
    /// Approves versions that others wrote.
    Approver,
}

impl AccessRole {
    /// Every role.
    pub const ALL: [Self; 10] = [
        Self::Ingest,
        Self::Analyst,
        Self::Investigator,
        Self::Reviewer,
        Self::Privacy,
        Self::Legal,
        Self::Auditor,
        Self::Admin,
        Self::RiskOwner,
        Self::Approver,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Analyst => "analyst",
            Self::Investigator => "investigator",
            Self::Reviewer => "reviewer",
            Self::Privacy => "privacy",
            Self::Legal => "legal",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::RiskOwner => "risk_owner",
            Self::Approver => "approver",
        }
    }

    /// Whether two people have to approve that somebody gets it: those that read personal values, and
    /// the one that can take them away.
    #[must_use]
    pub const fn needs_two_people(self) -> bool {
        matches!(self, Self::Investigator | Self::Reviewer | Self::Privacy)
    }

    /// Whether only people can have it: those whose word counts as that of one of two people, and those
    /// who answer for what they look at.
    #[must_use]
    pub const fn is_for_people(self) -> bool {
        self.needs_two_people()
            || matches!(
                self,
                Self::Legal | Self::Admin | Self::RiskOwner | Self::Approver
            )
    }
}

impl fmt::Display for AccessRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AccessRole {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            InvalidValue::new("role", text, format!("one of {known}"))
        })
    }
}

impl TokenEvent {
    /// Checks that whoever has to approve it did: for a role of [`AccessRole::needs_two_people`] two
    /// different people, neither of whom is the holder.
    ///
    /// A grant that does not pass grants nothing, wherever it came from.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] that names who approved.
    pub fn check(&self) -> Result<(), InvalidValue> {
        let names = self.approved_by.iter().map(|it| it.id.as_str());
        let refused = |expected| {
            let names: Vec<&str> = names.clone().collect();
            Err(InvalidValue::new("approval", &names.join(","), expected))
        };
        if self.action == TokenAction::Revoke {
            return match self.token_id {
                Some(_) => Ok(()),
                None => Err(InvalidValue::new(
                    "token",
                    "",
                    "the id of the token to revoke",
                )),
            };
        }
        if self.secret_digest.is_none() {
            return Err(InvalidValue::new(
                "token",
                "",
                "a grant with the digest of its secret",
            ));
        }
        let is_person = |it: &Actor| it.kind == ActorKind::Human;
        if self.role.is_for_people() && !is_person(&self.holder) {
            let name = self.holder.id.as_str();
            return Err(InvalidValue::new("holder", name, "a person"));
        }
        if !self.role.needs_two_people() {
            return Ok(());
        }
        let mut people: Vec<String> = self.approved_by.iter().map(Actor::known_as).collect();
        people.sort_unstable();
        people.dedup();
        if people.len() < 2
            || people.len() < self.approved_by.len()
            || !self.approved_by.iter().all(is_person)
        {
            return refused("two different people or more, each once");
        }
        if people.contains(&self.holder.known_as()) {
            return refused("people other than the one who gets it");
        }
        Ok(())
    }
}

/// A look at something, or an attempt: the trail's own record of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEvent {
    /// What was done.
    pub what: AccessKind,
    /// By which route, as the table of routes has it: `GET /v1/contexts/{id}`.
    pub route: String,
    /// The token that was shown, if it is one of this trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<RecordId>,
    /// The records whose values were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<RecordId>,
    /// The entities asked for: digests of `type:id` under a key of the tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Digest>,
    /// What for, as whoever asked said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why it was refused: the code of the problem. Left out when it was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// How many attempts it stands for.
    pub count: u64,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// Read personal values.
    Read,
    /// Searched by an entity.
    Search,
    /// Took records out.
    Export,
    /// Tried what is not allowed.
    Denied,
    /// Granted or revoked a token.
    Grant,
}

impl AccessKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Export => "export",
            Self::Denied => "denied",
            Self::Grant => "grant",
        }
    }
}
