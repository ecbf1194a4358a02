//! Retention policies: how long records of a class are kept, and what becomes of them then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{InvalidValue, Kind, Name, Version, VersionedName};

/// A retention policy. A version of it never changes: the next one is a record of its own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Its name.
    pub name: Name,
    /// Which version this is.
    pub version: Version,
    /// The class of contexts and decisions that name none; those have no dates when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_class: Option<Name>,
    /// What each class means.
    pub classes: BTreeMap<String, RetentionClass>,
}

/// How long records of a class are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionClass {
    /// For so many days after they happened nobody may erase them.
    pub floor_days: u32,
    /// After so many days they have to go; right after the floor when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling_days: Option<u32>,
    /// What is done then.
    pub action: RetentionAction,
    /// After so many days their values move to the archive, before whatever is done with them in the
    /// end; left out when they stay in the database until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_days: Option<u32>,
}

/// What is done with records whose time has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionAction {
    /// Their values are erased.
    Erase,
    /// Their values move to the archive, and can be read there as long as their keys are there.
    Archive,
    /// What they add up to is kept, and their values are erased.
    Aggregate,
    /// Nothing: they are kept until somebody asks for erasure.
    Keep,
}

/// Values of records of one class that went when their time had come: the trail's own record of it.
/// What is left of them are the commitments.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// The policy that said so.
    pub policy: VersionedName,
    /// The class of the records, or of those that they belong to.
    pub class: Name,
    /// What was done.
    pub action: RetentionAction,
    /// How many records it was done to.
    pub records: u64,
    /// The values that are gone, as in an [`Erasure`](super::Erasure): the index of the record in the
    /// log, and the slot of it.
    pub slots: Vec<[u64; 2]>,
    /// What the records add up to, for the action `aggregate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregates: Vec<Aggregate>,
}

/// How many records there were that agree in what stands in plain text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// The month in which they happened, in UTC: `2026-03`.
    pub month: String,
    /// Their kind.
    pub kind: Kind,
    /// The use case of the context or decision, their own or that they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_case: Option<VersionedName>,
    /// The name of the context, their own or that they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// How many.
    pub count: u64,
}

impl RetentionAction {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erase => "erase",
            Self::Archive => "archive",
            Self::Aggregate => "aggregate",
            Self::Keep => "keep",
        }
    }
}

impl RetentionClass {
    /// The number of days after which its action is due; `None` when it is never.
    #[must_use]
    pub fn due_days(&self) -> Option<u32> {
        match self.action {
            RetentionAction::Keep => None,
            _ => Some(self.ceiling_days.unwrap_or(self.floor_days)),
        }
    }

    /// The number of days after which its records move to the archive; `None` when they never do.
    #[must_use]
    pub fn archive_days(&self) -> Option<u32> {
        match self.action {
            RetentionAction::Archive => self.hot_days.or(self.due_days()),
            _ => self.hot_days,
        }
    }
}

impl RetentionPolicy {
    /// The policy of a trail that has none of its own: `default@1`.
    ///
    /// | class | floor | then |
    /// |---|---|---|
    /// | `high_risk` | 3650 days | archive |
    /// | `financial_services` | 2555 days | archive |
    /// | `medium` | 1095 days | erase |
    /// | `ai_system_logs` | 183 days | erase |
    /// | `low` | 90 days | aggregate |
    #[must_use]
    pub fn built_in() -> Self {
        serde_json::from_str(BUILT_IN).expect("the policy built in is one")
    }

    /// Its name and version.
    #[must_use]
    pub fn id(&self) -> VersionedName {
        VersionedName {
            name: self.name.clone(),
            version: self.version.clone(),
        }
    }

    /// What `class` means; `None` for one it does not have.
    #[must_use]
    pub fn class(&self, class: &Name) -> Option<&RetentionClass> {
        self.classes.get(class.as_str())
    }

    /// Checks what no type can say.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`]: no class, a class without a name, a ceiling below the floor, a hot period
    /// that ends after the action is due, a default class that is none of them.
    pub fn check(&self) -> Result<(), InvalidValue> {
        let name = self.id().to_string();
        if self.classes.is_empty() {
            return Err(InvalidValue::new("classes", &name, "one class or more"));
        }
        for (class, kept) in &self.classes {
            Name::new(class.as_str())?;
            if kept.ceiling_days.is_some_and(|it| it < kept.floor_days) {
                let what = "a ceiling_days that is not below its floor_days";
                return Err(InvalidValue::new("class", class, what));
            }
            let due = kept.due_days();
            if kept
                .hot_days
                .is_some_and(|hot| due.is_some_and(|due| hot > due))
            {
                let what = "hot_days that end no later than its action is due";
                return Err(InvalidValue::new("class", class, what));
            }
        }
        if let Some(default) = &self.default_class
            && self.class(default).is_none()
        {
            let what = "one of the classes of the policy";
            return Err(InvalidValue::new("default_class", default.as_str(), what));
        }
        Ok(())
    }
}

/// A policy as it is written, before it is known to make sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    name: Name,
    version: Version,
    #[serde(default)]
    default_class: Option<Name>,
    classes: BTreeMap<String, RetentionClass>,
}

impl TryFrom<Unchecked> for RetentionPolicy {
    type Error = InvalidValue;

    fn try_from(unchecked: Unchecked) -> Result<Self, InvalidValue> {
        let Unchecked {
            name,
            version,
            default_class,
            classes,
        } = unchecked;
        let policy = Self {
            name,
            version,
            default_class,
            classes,
        };
        policy.check().map(|()| policy)
    }
}

const BUILT_IN: &str = r#"{
  "name": "default",
  "version": "1",
  "classes": {
    "high_risk": {"floor_days": 3650, "action": "archive"},
    "financial_services": {"floor_days": 2555, "action": "archive"},
    "medium": {"floor_days": 1095, "action": "erase"},
    "ai_system_logs": {"floor_days": 183, "action": "erase"},
    "low": {"floor_days": 90, "action": "aggregate"}
  }
}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_built_in_is_one_with_the_floors_of_the_law() {
        let policy = RetentionPolicy::built_in();
        assert_eq!(policy.id().to_string(), "default@1");
        let floor = |class: &str| policy.classes[class].floor_days;
        assert_eq!(
            [
                "high_risk",
                "financial_services",
                "medium",
                "ai_system_logs",
                "low"
            ]
            .map(floor),
            [3650, 2555, 1095, 183, 90]
        );
    }

    #[test]
    fn a_policy_that_contradicts_itself_is_none() {
        let policy = |text: &str| serde_json::from_str::<RetentionPolicy>(text);
        for bad in [
            r#"{"name":"p","version":"1","classes":{}}"#,
            r#"{"name":"p","version":"1","classes":{"":{"floor_days":1,"action":"keep"}}}"#,
            r#"{"name":"p","version":"1","classes":{"a":{"floor_days":2,"ceiling_days":1,"action":"keep"}}}"#,
            r#"{"name":"p","version":"1","default_class":"b","classes":{"a":{"floor_days":2,"action":"keep"}}}"#,
            r#"{"name":"p","version":"1","classes":{"a":{"floor_days":-1,"action":"keep"}}}"#,
            r#"{"name":"p","version":"1","classes":{"a":{"floor_days":1,"action":"burn"}}}"#,
            r#"{"name":"p","version":"1","classes":{"a":{"floor_days":1,"hot_days":2,"action":"erase"}}}"#,
            r#"{"name":"p","version":"1","classes":{"a":{"floor_days":1,"ceiling_days":2,"hot_days":3,"action":"archive"}}}"#,
        ] {
            assert!(policy(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_hot_period_says_when_values_move_and_without_it_the_action_does() {
        let class = |text: &str| serde_json::from_str::<RetentionClass>(text).unwrap();
        let days = |text: &str| class(text).archive_days();
        assert_eq!(days(r#"{"floor_days":9,"action":"erase"}"#), None);
        assert_eq!(
            days(r#"{"floor_days":9,"hot_days":0,"action":"erase"}"#),
            Some(0)
        );
        assert_eq!(days(r#"{"floor_days":9,"action":"archive"}"#), Some(9));
        assert_eq!(
            days(r#"{"floor_days":9,"hot_days":2,"action":"archive"}"#),
            Some(2)
        );
        assert_eq!(
            days(r#"{"floor_days":0,"hot_days":7,"action":"keep"}"#),
            Some(7)
        );
        let policy = RetentionPolicy::built_in();
        assert!(!serde_json::to_string(&policy).unwrap().contains("hot_days"));
    }
}
