//! Records of every kind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    AccessEvent, Approval, Archival, Artifact, Check, Context, Decision, Deployment, Erasure,
    Expiry, Freeze, Generation, Head, Hold, Import, InvalidValue, KeyEvent, Kpi, Outcome, Release,
    RetentionPolicy, Retirement, Review, Succession, Timestamp, TokenEvent, Unfreeze,
};

/// The kind of a record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Context`]
    Context,
    /// [`Generation`]
    Generation,
    /// [`Decision`]
    Decision,
    /// [`Review`]
    Review,
    /// [`Outcome`]
    Outcome,
    /// [`Import`]
    Import,
    /// [`KeyEvent`]
    Key,
    /// [`Succession`]
    Succession,
    /// [`Erasure`]
    Erasure,
    /// [`Hold`]
    Hold,
    /// [`Release`]
    Release,
    /// [`RetentionPolicy`]
    Policy,
    /// [`TokenEvent`]
    Token,
    /// [`AccessEvent`]
    Access,
    /// [`Expiry`]
    Retention,
    /// [`Archival`]
    Archive,
    /// [`Artifact`]
    Artifact,
    /// [`Approval`]
    Approval,
    /// [`Retirement`]
    Retirement,
    /// [`Deployment`]
    Deployment,
    /// [`Kpi`]
    Kpi,
    /// [`Check`]
    Check,
    /// [`Freeze`]
    Freeze,
    /// [`Unfreeze`]
    Unfreeze,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self::Context,
        Self::Generation,
        Self::Decision,
        Self::Review,
        Self::Outcome,
        Self::Import,
        Self::Key,
        Self::Succession,
        Self::Erasure,
        Self::Hold,
        Self::Release,
        Self::Policy,
        Self::Retention,
        Self::Archive,
        Self::Token,
        Self::Access,
        Self::Artifact,
        Self::Approval,
        Self::Retirement,
        Self::Deployment,
        Self::Kpi,
        Self::Check,
        Self::Freeze,
        Self::Unfreeze,
    ];

    /// The word for the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Generation => "generation",
            Self::Decision => "decision",
            Self::Review => "review",
            Self::Outcome => "outcome",
            Self::Import => "import",
            Self::Key => "key",
            Self::Succession => "succession",
            Self::Erasure => "erasure",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Policy => "policy",
            Self::Token => "token",
            Self::Access => "access",
            Self::Retention => "retention",
            Self::Archive => "archive",
            Self::Artifact => "artifact",
            Self::Approval => "approval",
            Self::Retirement => "retirement",
            Self::Deployment => "deployment",
            Self::Kpi => "kpi",
            Self::Check => "check",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
        }
    }

    /// Whether records of this kind say which values are gone, in a member `slots`.
    #[must_use]
    pub const fn takes_away(self) -> bool {
        matches!(self, Self::Erasure | Self::Retention)
    }

    /// Whether records of this kind say what governs decisions, which name it by its version.
    #[must_use]
    pub const fn says_what_governs(self) -> bool {
        matches!(
            self,
            Self::Artifact | Self::Approval | Self::Retirement | Self::Deployment | Self::Check
        )
    }

    /// The value of the member `schema`: `contextrail.context/1`.
    #[must_use]
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Context => "contextrail.context/1",
            Self::Generation => "contextrail.generation/1",
            Self::Decision => "contextrail.decision/1",
            Self::Review => "contextrail.review/1",
            Self::Outcome => "contextrail.outcome/1",
            Self::Import => "contextrail.import/1",
            Self::Key => "contextrail.key/1",
            Self::Succession => "contextrail.succession/1",
            Self::Erasure => "contextrail.erasure/1",
            Self::Hold => "contextrail.hold/1",
            Self::Release => "contextrail.release/1",
            Self::Policy => "contextrail.policy/1",
            Self::Token => "contextrail.token/1",
            Self::Access => "contextrail.access/1",
            Self::Retention => "contextrail.retention/1",
            Self::Archive => "contextrail.archive/1",
            Self::Artifact => "contextrail.artifact/1",
            Self::Approval => "contextrail.approval/1",
            Self::Retirement => "contextrail.retirement/1",
            Self::Deployment => "contextrail.deployment/1",
            Self::Kpi => "contextrail.kpi/1",
            Self::Check => "contextrail.check/1",
            Self::Freeze => "contextrail.freeze/1",
            Self::Unfreeze => "contextrail.unfreeze/1",
        }
    }

    /// The kind whose schema is `schema`.
    #[must_use]
    pub fn of_schema(schema: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.schema() == schema)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::as_str).join(", ");
                InvalidValue::new("kind", text, format!("one of {known}"))
            })
    }
}

/// The members of a record that its kind has of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// A context.
    Context(Box<Context>),
    /// A generation.
    Generation(Box<Generation>),
    /// A decision.
    Decision(Box<Decision>),
    /// A review.
    Review(Box<Review>),
    /// An outcome event.
    Outcome(Box<Outcome>),
    /// An import.
    Import(Box<Import>),
    /// Something done to a key.
    Key(Box<KeyEvent>),
    /// A new epoch of the log.
    Succession(Box<Succession>),
    /// Values erased.
    Erasure(Box<Erasure>),
    /// A legal hold.
    Hold(Box<Hold>),
    /// The end of a legal hold.
    Release(Box<Release>),
    /// A version of a retention policy.
    Policy(Box<RetentionPolicy>),
    /// A token granted or revoked.
    Token(Box<TokenEvent>),
    /// A look at something.
    Access(Box<AccessEvent>),
    /// Values that went when their time had come.
    Retention(Box<Expiry>),
    /// Records moved to the archive.
    Archive(Box<Archival>),
    /// A version of an artifact.
    Artifact(Box<Artifact>),
    /// Somebody approved a version.
    Approval(Box<Approval>),
    /// A version that is not to be used any longer.
    Retirement(Box<Retirement>),
    /// What runs where.
    Deployment(Box<Deployment>),
    /// A measured value.
    Kpi(Box<Kpi>),
    /// A check against limits.
    Check(Box<Check>),
    /// No check passes any more.
    Freeze(Box<Freeze>),
    /// The end of a freeze.
    Unfreeze(Box<Unfreeze>),
}

impl Body {
    /// The kind of record this is the body of.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Context(_) => Kind::Context,
            Self::Generation(_) => Kind::Generation,
            Self::Decision(_) => Kind::Decision,
            Self::Review(_) => Kind::Review,
            Self::Outcome(_) => Kind::Outcome,
            Self::Import(_) => Kind::Import,
            Self::Key(_) => Kind::Key,
            Self::Succession(_) => Kind::Succession,
            Self::Erasure(_) => Kind::Erasure,
            Self::Hold(_) => Kind::Hold,
            Self::Release(_) => Kind::Release,
            Self::Policy(_) => Kind::Policy,
            Self::Retention(_) => Kind::Retention,
            Self::Archive(_) => Kind::Archive,
            Self::Token(_) => Kind::Token,
            Self::Access(_) => Kind::Access,
            Self::Artifact(_) => Kind::Artifact,
            Self::Approval(_) => Kind::Approval,
            Self::Retirement(_) => Kind::Retirement,
            Self::Deployment(_) => Kind::Deployment,
            Self::Kpi(_) => Kind::Kpi,
            Self::Check(_) => Kind::Check,
            Self::Freeze(_) => Kind::Freeze,
            Self::Unfreeze(_) => Kind::Unfreeze,
        }
    }

    /// The values that it says are gone, each by the index of the record in the log and the slot of it;
    /// none for kinds that take nothing away.
    #[must_use]
    pub fn gone(&self) -> &[[u64; 2]] {
        match self {
            Self::Erasure(erasure) => &erasure.slots,
            Self::Retention(expiry) => &expiry.slots,
            Self::Context(_)
            | Self::Generation(_)
            | Self::Decision(_)
            | Self::Review(_)
            | Self::Outcome(_)
            | Self::Import(_)
            | Self::Key(_)
            | Self::Succession(_)
            | Self::Hold(_)
            | Self::Release(_)
            | Self::Policy(_)
            | Self::Archive(_)
            | Self::Token(_)
            | Self::Access(_)
            | Self::Artifact(_)
            | Self::Approval(_)
            | Self::Retirement(_)
            | Self::Deployment(_)
            | Self::Kpi(_)
            | Self::Check(_)
            | Self::Freeze(_)
            | Self::Unfreeze(_) => &[],
        }
    }

    /// The time in the business's own terms: when a context was begun, a decision decided, an
    /// outcome seen. `None` where only the time of recording counts.
    #[must_use]
    pub fn happened_at(&self) -> Option<Timestamp> {
        match self {
            Self::Context(context) => Some(context.created_at),
            Self::Decision(decision) => Some(decision.decided_at),
            Self::Review(review) => Some(review.decided_at),
            Self::Outcome(outcome) => Some(outcome.at),
            Self::Kpi(kpi) => Some(kpi.at),
            Self::Generation(_)
            | Self::Import(_)
            | Self::Key(_)
            | Self::Succession(_)
            | Self::Erasure(_)
            | Self::Hold(_)
            | Self::Release(_)
            | Self::Policy(_)
            | Self::Retention(_)
            | Self::Archive(_)
            | Self::Token(_)
            | Self::Access(_)
            | Self::Artifact(_)
            | Self::Approval(_)
            | Self::Retirement(_)
            | Self::Deployment(_)
            | Self::Check(_)
            | Self::Freeze(_)
            | Self::Unfreeze(_) => None,
        }
    }
}

macro_rules! body_kinds {
    ($($kind:ident),+) => {$(
        impl From<$kind> for Body {
            fn from(body: $kind) -> Self {
                Self::$kind(Box::new(body))
            }
        }
    )+};
}
body_kinds!(
    Context, Generation, Decision, Review, Outcome, Import, Succession, Erasure, Hold, Release,
    Artifact, Approval, Retirement, Deployment, Kpi, Check, Freeze, Unfreeze
);

impl From<RetentionPolicy> for Body {
    fn from(body: RetentionPolicy) -> Self {
        Self::Policy(Box::new(body))
    }
}

impl From<TokenEvent> for Body {
    fn from(body: TokenEvent) -> Self {
        Self::Token(Box::new(body))
    }
}

impl From<AccessEvent> for Body {
    fn from(body: AccessEvent) -> Self {
        Self::Access(Box::new(body))
    }
}

impl From<Expiry> for Body {
    fn from(body: Expiry) -> Self {
        Self::Retention(Box::new(body))
    }
}

impl From<Archival> for Body {
    fn from(body: Archival) -> Self {
        Self::Archive(Box::new(body))
    }
}

impl From<KeyEvent> for Body {
    fn from(body: KeyEvent) -> Self {
        Self::Key(Box::new(body))
    }
}

/// One immutable record: what every record has, and what its kind has.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What every record has.
    pub head: Head,
    /// What its kind has.
    pub body: Body,
}

impl Record {
    /// The kind of the record.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// When it happened: the business time where there is one, else the time of recording.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.body.happened_at().unwrap_or(self.head.recorded_at)
    }
}

impl Serialize for Record {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            schema: &'static str,
            id: &'a super::RecordId,
            tenant: &'a super::Tenant,
            recorded_at: &'a Timestamp,
            actor: &'a super::Actor,
            #[serde(flatten)]
            body: &'a Body,
        }
        let Self {
            head:
                Head {
                    id,
                    tenant,
                    recorded_at,
                    actor,
                },
            body,
        } = self;
        Flat {
            schema: self.kind().schema(),
            id,
            tenant,
            recorded_at,
            actor,
            body,
        }
        .serialize(serializer)
    }
}
