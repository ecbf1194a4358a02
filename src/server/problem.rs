//! What is answered when something is wrong (RFC 9457): the one place that knows status codes.

use serde_json::{Map, Value, json};

use crate::capture::{CaptureError, SinkError};
use crate::codec::{ReadError, ReadErrorKind};
use crate::evidence::GatherError;
use crate::govern::QueryError;
use crate::privacy::keys::KeyError;
use crate::record::{InvalidValue, Receipt, RecordId};
use crate::trail::{GovernError, TrailError};

/// Why a request is not answered as it was asked.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: u16,
    /// Stable: what programs tell problems apart by.
    pub(super) code: &'static str,
    told: Box<Told>,
}

#[derive(Debug, Default)]
struct Told {
    detail: String,
    member: Option<String>,
    hint: Option<String>,
    retry_after: Option<u32>,
    allow: Option<String>,
    inner: Option<String>,
    /// Records that were stored before it went wrong, and stay.
    stored: Vec<Receipt>,
    /// The record that says what went wrong.
    record: Option<String>,
}

impl Problem {
    pub(super) fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            told: Box::new(Told {
                detail: detail.into(),
                ..Told::default()
            }),
        }
    }

    /// After how many seconds to try again.
    pub(super) const fn seconds(&self) -> Option<u32> {
        self.told.retry_after
    }

    /// The methods that are there.
    pub(super) fn allowed(&self) -> Option<&str> {
        self.told.allow.as_deref()
    }

    /// What is not for the caller: it is logged.
    pub(super) fn inner(&self) -> Option<&str> {
        self.told.inner.as_deref()
    }

    /// Another method than those that the path takes.
    pub(super) fn method(allowed: &[&str]) -> Self {
        let mut problem = Self::new(405, "method", "the path does not take this method");
        problem.told.allow = Some(allowed.join(", "));
        problem
    }

    /// Names the member or parameter at fault.
    pub(super) fn member(mut self, member: impl Into<String>) -> Self {
        self.told.member = Some(member.into()).filter(|it: &String| !it.is_empty());
        self
    }

    /// Says what to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.told.hint = Some(hint.into());
        self
    }

    /// Says when to try again.
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.told.retry_after = Some(seconds);
        self
    }

    /// Says what was stored before.
    pub(super) fn after(mut self, stored: &[Receipt]) -> Self {
        self.told.stored.extend_from_slice(stored);
        self
    }

    /// The record that says more.
    pub(super) fn record(mut self, id: RecordId) -> Self {
        self.told.record = Some(id.to_string());
        self
    }

    /// A parameter of the address is wrong.
    pub(super) fn parameter(name: &str, error: &InvalidValue) -> Self {
        Self::new(400, "bad_parameter", error.to_string()).member(name)
    }

    /// The trail cannot be used now. Why is for the log.
    pub(super) fn unavailable(inner: impl Into<String>) -> Self {
        let mut problem =
            Self::new(503, "unavailable", "the trail cannot be used now").retry_after(5);
        problem.told.inner = Some(inner.into());
        problem
    }

    /// Something is wrong here. What is for the log.
    pub(super) fn internal(inner: impl Into<String>) -> Self {
        let mut problem = Self::new(500, "internal", "something is wrong with the server");
        problem.told.inner = Some(inner.into());
        problem
    }

    /// The body.
    pub(super) fn to_value(&self, request: &str) -> Value {
        let mut value = Map::new();
        value.insert(
            "type".into(),
            format!("urn:contextrail:problem:{}", self.code).into(),
        );
        value.insert("title".into(), title(self.status).into());
        value.insert("status".into(), self.status.into());
        value.insert("code".into(), self.code.into());
        value.insert("detail".into(), self.told.detail.clone().into());
        let mut say = |name: &str, text: &Option<String>| {
            if let Some(text) = text {
                value.insert(name.into(), text.clone().into());
            }
        };
        say("member", &self.told.member);
        say("hint", &self.told.hint);
        say("record", &self.told.record);
        if !self.told.stored.is_empty() {
            value.insert("stored".into(), json!(self.told.stored));
        }
        value.insert("request_id".into(), request.into());
        Value::Object(value)
    }
}

/// The phrase for a status.
pub(super) const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        use ReadErrorKind as K;
        let (status, code) = match error.kind() {
            K::Encoding | K::Syntax | K::Unsupported => (400, "unparsable"),
            K::Duplicate => (400, "duplicate_member"),
            K::Number => (400, "bad_number"),
            K::TooLarge => (413, "too_large"),
            K::UnknownMember => (422, "unknown_member"),
            K::MissingMember => (422, "missing_member"),
            K::WrongType => (422, "wrong_type"),
            K::InvalidValue => (422, "invalid_value"),
            K::Schema => (422, "wrong_schema"),
        };
        let place = format!(
            "line {}, column {}: {}",
            error.line(),
            error.column(),
            error.message()
        );
        let problem = Self::new(status, code, place).member(error.path());
        match error.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

impl From<TrailError> for Problem {
    /// Without a last arm for the rest: a new error has to be given its place here.
    fn from(error: TrailError) -> Self {
        use TrailError as E;
        let text = error.to_string();
        let with = |status, code| Self::new(status, code, text.clone());
        match error {
            E::Store(error) if error.is_damage() => {
                let mut problem = Self::new(500, "damaged", "a record or the database is damaged");
                problem.told.inner = Some(text);
                problem.hint("run `contextrail verify` where the trail is")
            }
            E::Store(_) | E::Spool { .. } | E::ReadOnly => Self::unavailable(text),
            E::Frozen(_) => {
                let mut problem = Self::new(
                    503,
                    "frozen",
                    "the log is frozen: it lacks entries that are known of it, and nothing is written",
                );
                problem.told.inner = Some(text);
                problem.hint("run `contextrail log status` where the trail is")
            }
            E::Notary(_) => Self::unavailable(text),
            E::Key(error) => match *error {
                KeyError::Kept { .. } => with(409, "kept"),
                KeyError::TokenKey => with(404, "not_found"),
                _ => Self::unavailable(text),
            },
            E::Rules(_) => Self::internal(text),
            E::NoArchive => {
                let mut problem =
                    Self::unavailable("values are in an archive that is not named".to_owned());
                problem.told.inner = Some(text);
                problem.hint("name the archive in the file TRAIL.archive where the trail is")
            }
            E::NoSegment(_) => with(404, "not_found"),
            // why: what is served is here.
            #[cfg(feature = "network")]
            E::Remote(_) => Self::internal(text),
            // why: no route moves a trail.
            #[cfg(feature = "sqlite")]
            E::Move(_) => Self::internal(text),
            E::Seal(_) => with(422, "unsealable"),
            E::Invalid(_) => with(422, "invalid_value"),
            E::Incomplete(_) => with(422, "incomplete"),
            E::DigestMismatch { .. } => with(422, "digest_mismatch"),
            E::Withheld { .. } => with(422, "withheld"),
            E::OtherTenant { .. } => with(422, "other_tenant"),
            E::UnknownRecord { named_as, .. } => with(422, "unknown_record").member(named_as),
            E::WrongKind { named_as, .. } => with(422, "wrong_kind").member(named_as),
            E::Conflict(_)
            | E::OtherContent(_)
            | E::TwiceInFile(_)
            | E::BareCopy(_)
            | E::PolicyExists(_) => with(409, "conflict"),
            E::ImportStopped { source, .. } => (*source).into(),
            E::NotFound { .. } | E::NoKeys(_) => {
                // why: its own words name a command that callers do not have.
                Self::new(404, "not_found", "there is no such record")
            }
            E::NothingHeld(_) | E::NothingToHold { .. } => with(404, "not_found"),
            E::Erased { .. } => with(404, "erased"),
            E::Ambiguous { .. } => with(400, "ambiguous"),
            E::Kept(_) => with(409, "kept"),
            E::AlreadyReleased(_) | E::AlreadyRevoked(_) => with(409, "done_already"),
            E::Govern(error) => match *error {
                GovernError::Unknown(_) => with(404, "not_found"),
                GovernError::OtherContent(_) => with(409, "other_content"),
                GovernError::Overlap { .. } => with(409, "overlap"),
                GovernError::Twice(_)
                | GovernError::AlreadyLifted
                | GovernError::Retired { .. } => with(409, "done_already"),
                GovernError::ByAuthor(_) | GovernError::WrongRole { .. } => {
                    with(403, "not_approved")
                }
                GovernError::Ungoverned { check, .. } => with(422, "ungoverned").record(check),
                GovernError::Unsigned { .. } => with(422, "unsigned"),
                GovernError::Altered { .. } => with(422, "digest_mismatch").member("digest"),
                GovernError::Circular { .. } => with(422, "circular").member("links"),
                GovernError::NoContent(_) | GovernError::Content { .. } => {
                    with(422, "invalid_value").member("content")
                }
                GovernError::NoTime { .. } => with(422, "invalid_value").member("effective_until"),
                GovernError::Deployment(_) => with(422, "invalid_value").member("manifest"),
            },
            E::Approvers(_) | E::NotApproved(_) | E::NotGranted(_) => with(403, "needs_two_people"),
            E::Blocked(blocked) => {
                let mut problem = with(422, "redaction_block");
                problem.told.record = blocked.recorded.map(|id| id.to_string());
                problem
            }
            E::Redact(_) => with(422, "redaction"),
            E::NotSigned | E::NotAttested { .. } => {
                Self::new(503, "not_signed", "no signed head reaches it yet").retry_after(1)
            }
        }
    }
}

impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Self {
        let (code, member, record) = (error.code(), error.path(), error.refused_id());
        let mut problem = match error {
            CaptureError::Store(source) | CaptureError::Unrecorded { source, .. } => source.into(),
            error => Self::new(422, code, chain(&error)),
        };
        problem.told.record = record.map(|id| id.to_string()).or(problem.told.record);
        match member {
            Some(member) => problem.member(member),
            None => problem,
        }
    }
}

impl From<GovernError> for Problem {
    fn from(error: GovernError) -> Self {
        TrailError::from(error).into()
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let text = error.to_string();
        match error {
            QueryError::Trail(error) => error.into(),
            QueryError::EmptyWindow { .. } | QueryError::NotMeasuredWith { .. } => {
                Self::new(404, "not_measured", text)
            }
            QueryError::WrongKind { .. } => Self::new(422, "wrong_kind", text),
            QueryError::SameThreshold { .. } => Self::new(422, "same_threshold", text),
            QueryError::Content { .. } => Self::new(422, "invalid_value", text),
        }
    }
}

impl From<SinkError> for Problem {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Unavailable { source } | SinkError::Refused { source, .. } => {
                match source.downcast::<TrailError>() {
                    Ok(error) => (*error).into(),
                    Err(source) => Self::unavailable(chain(&*source)),
                }
            }
            SinkError::Conflict(_) => Self::new(409, "conflict", error.to_string()),
            SinkError::UnknownRecord { .. } => Self::new(422, "unknown_record", error.to_string()),
            SinkError::TooLarge { .. } => Self::new(413, "too_large", error.to_string()),
            SinkError::Unsealable { .. } => Self::new(422, "unsealable", chain(&error)),
            SinkError::Closed => Self::unavailable(error.to_string()),
        }
    }
}

impl From<GatherError> for Problem {
    fn from(error: GatherError) -> Self {
        match error {
            GatherError::Trail(error) => error.into(),
            GatherError::Nothing(_) => Self::new(404, "not_found", error.to_string()),
            error => Self::new(422, "cannot_pack", chain(&error)),
        }
    }
}

/// An error with its causes, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let why = error.to_string();
        if !text.contains(&why) {
            text.push_str(&format!(": {why}"));
        }
        source = error.source();
    }
    text
}
