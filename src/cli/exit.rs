//! Exit codes, and how a failure is told.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;
use std::process::ExitCode;

use crate::assembly::AssemblyError;
use crate::capture::{CaptureError, SinkError};
use crate::codec::WriteError;
use crate::govern::QueryError;
use crate::notary::NotaryError;
use crate::privacy::keys::KeyError;
use crate::record::{Kind, RecordId};
use crate::store::{ArchiveError, StoreError};
use crate::trail::{GovernError, Kept, MoveError, RemoteError, TrailError};

/// How a command ended, by its exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exit {
    /// It did what was asked for.
    Done = 0,
    /// Something failed that nothing here expects, or a comparison found differences.
    Unexpected = 1,
    /// The command or its input makes no sense.
    Usage = 2,
    /// What was asked for is not there.
    NotFound = 3,
    /// A trail or bundle is not what it should be.
    Verification = 4,
    /// The role or the token does not allow it.
    NotAllowed = 5,
    /// The trail or another file cannot be used.
    Storage = 6,
    /// It is done, and some of the evidence asked for is not there.
    Incomplete = 7,
    /// A rule refused it.
    Refused = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked for: what, why, and the next command to try.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    what: String,
    why: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            why: Vec::new(),
            hint: None,
        }
    }

    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A file that is not part of the trail cannot be used.
    pub(super) fn file(exit: Exit, path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(exit, format!("{} cannot be used", path.display())).because(error.to_string())
    }

    /// Says where it is, before what it is.
    pub(super) fn at(mut self, place: &str) -> Self {
        self.what.insert_str(0, place);
        self
    }

    /// Adds a cause.
    pub(super) fn because(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Adds what to try next.
    pub(super) fn try_next(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn of(exit: Exit, error: &dyn Error) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            let why = error.to_string();
            // Some messages end with those of their causes.
            if !failure.what.contains(&why) && !failure.why.contains(&why) {
                failure.why.push(why);
            }
            source = error.source();
        }
        failure
    }

    fn hinted(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Names the trail in the command to try next, for one that is not found without.
    pub(super) fn on_trail(mut self, url: Option<&str>) -> Self {
        if let (Some(url), Some(hint)) = (url, &mut self.hint)
            && hint.starts_with("contextrail ")
            && !hint.contains(" --trail ")
            && !hint.ends_with(" --help")
        {
            hint.push_str(&format!(" --trail {}", super::plain::shell_word(url)));
        }
        self
    }

    /// Whether the role or the token does not allow it.
    pub(super) fn is_not_allowed(&self) -> bool {
        self.exit == Exit::NotAllowed
    }

    /// Puts `other` where the command to try next is `hint`.
    pub(super) fn instead_of(mut self, hint: &str, other: &str) -> Self {
        if self.hint.as_deref() == Some(hint) {
            self.hint = Some(other.to_owned());
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("error: {}\n", self.what);
        for why in &self.why {
            writeln!(text, "  why: {why}")?;
        }
        if let Some(hint) = &self.hint {
            writeln!(text, "  try: {hint}")?;
        }
        f.write_str(&super::plain::lines(&text))
    }
}

impl From<TrailError> for Failure {
    fn from(error: TrailError) -> Self {
        let (exit, hint) = of_trail(&error);
        let failure = Self::of(exit, &error);
        match (&error, hint) {
            // What it is says how it can be seen.
            (TrailError::WrongKind { id, found, .. }, _) => failure.hinted(shown_by(*found, *id)),
            (TrailError::Blocked(blocked), _) => {
                let shown = blocked.recorded.and_then(|id| shown_by(Kind::Context, id));
                failure.hinted(shown)
            }
            (_, hint) => failure.hinted(hint.map(str::to_owned)),
        }
    }
}

fn shown_by(kind: Kind, id: RecordId) -> Option<String> {
    match kind {
        Kind::Context => Some(format!("contextrail context show {id}")),
        Kind::Decision => Some(format!("contextrail decision show {id}")),
        _ => None,
    }
}

fn of_trail(error: &TrailError) -> (Exit, Option<&'static str>) {
    match error {
        TrailError::NotFound { .. } | TrailError::NoKeys(_) | TrailError::Erased { .. } => {
            (Exit::NotFound, None)
        }
        TrailError::NothingHeld(_) => (Exit::NotFound, Some("contextrail context list")),
        TrailError::Approvers(_) => (Exit::Refused, None),
        TrailError::Kept(why) => {
            let hint = match **why {
                Kept::Hold { .. } => "contextrail hold list",
                Kept::Floor { .. } => "contextrail retention plan",
            };
            (Exit::Refused, Some(hint))
        }
        TrailError::Key(error) => of_key(error),
        TrailError::NothingToHold { .. } => (Exit::NotFound, Some("contextrail hold place --help")),
        TrailError::NoArchive => (Exit::Storage, None),
        TrailError::NoSegment(_) => (Exit::NotFound, Some("contextrail archive status")),
        TrailError::NotApproved(_) => (
            Exit::Refused,
            Some("contextrail hold release ID --reason TEXT --approved-by A,B"),
        ),
        TrailError::NotGranted(_) => (Exit::Refused, Some("contextrail token create --help")),
        TrailError::AlreadyRevoked(_) => (Exit::Usage, Some("contextrail token list")),
        TrailError::AlreadyReleased(_) => (Exit::Usage, Some("contextrail hold list")),
        TrailError::UnknownRecord { named_as, .. } => {
            let hint = match *named_as {
                "context" => Some("contextrail context list -o id"),
                "decision" => Some("contextrail decision list -o id"),
                _ => None,
            };
            (Exit::NotFound, hint)
        }
        TrailError::Store(error) => of_store(error),
        TrailError::ImportStopped { source, .. } => of_trail(source),
        TrailError::Frozen(_) => (Exit::Verification, Some("contextrail log status")),
        TrailError::NotSigned => (Exit::NotFound, Some("contextrail log checkpoint")),
        TrailError::NotAttested { .. } => (Exit::NotFound, Some("contextrail log status")),
        TrailError::Notary(error) if matches!(**error, NotaryError::Attesters { .. }) => {
            (Exit::Usage, Some("contextrail log witness --help"))
        }
        TrailError::Blocked(_) | TrailError::Redact(_) => (Exit::Refused, None),
        TrailError::Govern(error) => of_govern(error),
        TrailError::Rules(_) => (Exit::Usage, None),
        TrailError::Move(error) => of_move(error),
        TrailError::Remote(error) => of_remote(error),
        TrailError::Notary(_) => (Exit::Storage, Some("contextrail log status")),
        TrailError::Spool { .. } | TrailError::ReadOnly => {
            (Exit::Storage, Some("contextrail doctor"))
        }
        _ => (Exit::Usage, None),
    }
}

fn of_govern(error: &GovernError) -> (Exit, Option<&'static str>) {
    match error {
        GovernError::Unknown(_) => (Exit::NotFound, Some("contextrail artifact list")),
        GovernError::ByAuthor(_)
        | GovernError::Twice(_)
        | GovernError::Unsigned { .. }
        | GovernError::WrongRole { .. }
        | GovernError::Ungoverned { .. } => (Exit::Refused, None),
        _ => (Exit::Usage, None),
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Trail(error) => error.into(),
            QueryError::EmptyWindow { .. } | QueryError::NotMeasuredWith { .. } => {
                Self::of(Exit::NotFound, &error)
            }
            error => Self::of(Exit::Usage, &error),
        }
    }
}

fn of_key(error: &KeyError) -> (Exit, Option<&'static str>) {
    match error {
        KeyError::Kept { .. } => (Exit::Refused, Some("contextrail key status")),
        KeyError::Choice { .. } => (Exit::Usage, None),
        KeyError::TokenKey => (Exit::NotFound, None),
        _ => (Exit::Storage, Some("contextrail key status")),
    }
}

fn of_remote(error: &RemoteError) -> (Exit, Option<&'static str>) {
    match error {
        RemoteError::Refused { status, code, .. } => match (*status, code.as_str()) {
            (401 | 403, _) => (Exit::NotAllowed, Some("contextrail token create --help")),
            (404, _) | (_, "unknown_record") => (Exit::NotFound, None),
            (_, "redaction_block" | "refused_before" | "kept") => (Exit::Refused, None),
            _ => (Exit::Usage, None),
        },
        RemoteError::Away { .. }
        | RemoteError::Answer { .. }
        | RemoteError::Spool { .. }
        | RemoteError::Closed => (Exit::Storage, None),
        _ => (Exit::Usage, None),
    }
}

fn of_move(error: &MoveError) -> (Exit, Option<&'static str>) {
    match error {
        MoveError::Same { .. }
        | MoveError::InMemory { .. }
        | MoveError::NoFile { .. }
        | MoveError::Exists { .. } => (Exit::Usage, None),
        MoveError::Differs { .. }
        | MoveError::Root { .. }
        | MoveError::Unsound { .. }
        | MoveError::Damaged { .. } => (Exit::Verification, None),
        MoveError::Newer { .. } => (Exit::Refused, None),
        _ => (Exit::Storage, None),
    }
}

fn of_store(error: &StoreError) -> (Exit, Option<&'static str>) {
    match error {
        StoreError::Address { .. } => (
            Exit::Usage,
            Some("contextrail --trail sqlite://contextrail.db doctor"),
        ),
        StoreError::Elsewhere { .. } => (Exit::Usage, None),
        StoreError::Missing { .. } => (Exit::Storage, Some("contextrail demo")),
        StoreError::Refused { what, .. } if what.starts_with("there is no trail yet") => {
            (Exit::Storage, Some("contextrail migrate"))
        }
        StoreError::NotATrail { .. } => (
            Exit::Storage,
            Some("name the trail with --trail sqlite://PATH or CONTEXTRAIL_TRAIL"),
        ),
        StoreError::Corrupt { .. }
        | StoreError::CorruptRecord { .. }
        | StoreError::CorruptRow { .. }
        | StoreError::Backend { .. } => (Exit::Storage, Some("contextrail doctor")),
        StoreError::Archive(error) => match error {
            ArchiveError::Choice { .. } => (Exit::Usage, None),
            error if error.is_damage() => (Exit::Storage, Some("contextrail archive verify")),
            _ => (Exit::Storage, None),
        },
        _ => (Exit::Storage, None),
    }
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Self {
        match error {
            CaptureError::Store(source) | CaptureError::Unrecorded { source, .. } => source.into(),
            error if error.is_refusal() => refused(&error),
            error => Self::of(Exit::Usage, &error),
        }
    }
}

fn refused(error: &CaptureError) -> Failure {
    let failure = Failure::of(Exit::Refused, error);
    let Some(id) = error.refused_id() else {
        return failure;
    };
    let failure = if failure.what.contains(&id.to_string()) {
        failure
    } else {
        failure.because(format!("the refusal is recorded as {id}"))
    };
    failure.try_next(format!("contextrail context show {id}"))
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Unavailable { source } | SinkError::Refused { source, .. } => {
                match source.downcast::<TrailError>() {
                    Ok(error) => (*error).into(),
                    Err(source) => Self::of(Exit::Storage, &*source),
                }
            }
            SinkError::UnknownRecord { .. } => Self::of(Exit::NotFound, &error),
            SinkError::Closed => Self::of(Exit::Storage, &error),
            error => Self::of(Exit::Usage, &error),
        }
    }
}

impl From<AssemblyError> for Failure {
    fn from(error: AssemblyError) -> Self {
        let exit = match error {
            AssemblyError::RequiredOverBudget { .. } => Exit::Refused,
            _ => Exit::Usage,
        };
        Self::of(exit, &error)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::of(Exit::Unexpected, &error)
    }
}

/// Writing to standard output failed.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever reads has seen enough: `contextrail context list | head`.
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Done,
            _ => Exit::Storage,
        };
        Self::new(exit, "the output cannot be written").because(error.to_string())
    }
}
