//! Use cases and the policy of approvals: what those artifacts say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ArtifactKind, Automation, InvalidValue, Name, RiskTier, Section};

/// What an artifact of the kind `use_case` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseCase {
    /// What decisions are made for.
    pub purpose: String,
    /// How much is at stake: what decisions take over, whatever their caller says.
    pub tier: RiskTier,
    /// Why so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Who answers for the processing of personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// On what basis in law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lawful_basis: Option<String>,
    /// How far decisions are automated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation: Option<Automation>,
    /// The sections that its contexts have to have whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_sections: Vec<Section>,
    /// The retention class of its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Name>,
    /// What it is held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<UseCaseTargets>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What becomes of a decision that is not governed as it has to be.
    #[serde(default)]
    pub ungoverned: Ungoverned,
}

/// What a use case is held against.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UseCaseTargets {
    /// The part of its decisions whose records have to be complete, from 0 to 1; that of its tier
    /// when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// How soon the evidence of a decision has to be at hand: `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_time: Option<Name>,
}

/// What becomes of a decision that is not governed as it has to be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ungoverned {
    /// It is recorded, and its checks say so.
    #[default]
    Warn,
    /// It is refused, and a record says so.
    Refuse,
}

impl UseCase {
    /// Checks what no type can say.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] for a part of all that is none.
    pub fn check(&self) -> Result<(), InvalidValue> {
        let part = self.targets.as_ref().and_then(|it| it.completeness);
        match part {
            Some(part) if !(0.0..=1.0).contains(&part) => Err(InvalidValue::new(
                "completeness of a use case",
                &part.to_string(),
                "a part from 0 to 1",
            )),
            _ => Ok(()),
        }
    }
}

impl RiskTier {
    /// The part of the decisions of this tier whose records have to be complete: 99.9 %, 95 %, 80 %.
    #[must_use]
    pub const fn completeness(self) -> f64 {
        match self {
            Self::High => 0.999,
            Self::Medium => 0.95,
            Self::Low => 0.8,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What the artifact `policy:approvals` says: who has to approve what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicy {
    /// What each risk rating asks for.
    pub required: BTreeMap<String, RequiredApprovals>,
    /// The kinds whose versions have to be signed by their author.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<ArtifactKind>,
    /// The verification keys that signatures count of, in signed-note form: `name+hash+key`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
}

/// How many approvals are needed, and of whom.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredApprovals {
    /// How many people.
    pub count: u32,
    /// Whether they have to have different roles.
    #[serde(default)]
    pub different_roles: bool,
    /// Roles that have to be among theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Name>,
}

impl ApprovalPolicy {
    /// The name of the artifact that holds it.
    pub const NAME: &'static str = "approvals";

    /// The policy of a trail that has none: one approval, and for what is rated high two people in
    /// different roles.
    #[must_use]
    pub fn built_in() -> Self {
        let one = RequiredApprovals {
            count: 1,
            different_roles: false,
            roles: Vec::new(),
        };
        let two = RequiredApprovals {
            count: 2,
            different_roles: true,
            roles: Vec::new(),
        };
        Self {
            required: BTreeMap::from([
                ("high".to_owned(), two),
                ("medium".to_owned(), one.clone()),
                ("low".to_owned(), one),
            ]),
            signed: Vec::new(),
            signers: Vec::new(),
        }
    }

    /// What an artifact of this rating needs; one without a rating is taken for a low one.
    #[must_use]
    pub fn needed(&self, rating: Option<RiskTier>) -> RequiredApprovals {
        let rating = rating.unwrap_or(RiskTier::Low);
        let built_in = || Self::built_in().required.get(rating.as_str()).cloned();
        let needed = self.required.get(rating.as_str()).cloned();
        needed.or_else(built_in).unwrap_or(RequiredApprovals {
            count: 1,
            different_roles: false,
            roles: Vec::new(),
        })
    }

    /// Checks what no type can say.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`]: a rating that is none, or that nobody has to approve; a kind that has to be
    /// signed, and no signer.
    pub fn check(&self) -> Result<(), InvalidValue> {
        for (rating, needed) in &self.required {
            if !matches!(rating.as_str(), "high" | "medium" | "low") {
                return Err(InvalidValue::new("rating", rating, "high, medium or low"));
            }
            if needed.count == 0 {
                return Err(InvalidValue::new("count of approvals", "0", "one or more"));
            }
        }
        if !self.signed.is_empty() && self.signers.is_empty() {
            let what = "one verification key or more, where versions have to be signed";
            return Err(InvalidValue::new("signers", "[]", what));
        }
        Ok(())
    }
}
