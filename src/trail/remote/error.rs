//! What can go wrong between a client and its server.

use crate::record::{Kind, RecordId};

/// What can go wrong between a client and its server.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It is no address that a client can be sent to.
    #[error(
        "{url:?} is not the address of a server: use https://HOST, or http:// for this machine alone, where nobody else can read what is sent"
    )]
    Address {
        /// What was given.
        url: String,
    },
    /// What the client was given cannot be used.
    #[error("{what}")]
    Options {
        /// What, and how to mend it.
        what: String,
    },
    /// The server cannot be reached, or cannot do it now.
    #[error("the server {url} is away: {why}")]
    Away {
        /// Its address.
        url: String,
        /// How that shows.
        why: String,
    },
    /// The server refuses it.
    #[error("the server refuses it ({status} {code}): {detail}{}", hint.as_ref().map_or_else(String::new, |it| format!("; {it}")))]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// What stays the same about the problem.
        code: String,
        /// What it says.
        detail: String,
        /// What to do.
        hint: Option<String>,
        /// The record that says more.
        record: Option<RecordId>,
    },
    /// It is done where the trail is.
    #[error("{what} goes where the trail is, and not through the server {url}")]
    NotRemote {
        /// What was asked for.
        what: &'static str,
        /// The server.
        url: String,
    },
    /// The answer makes no sense.
    #[error("the answer of the server {url} makes no sense: {what}")]
    Answer {
        /// Its address.
        url: String,
        /// What is wrong.
        what: String,
    },
    /// A record of this kind is not recorded over HTTP.
    #[error("a record of the kind {0} is not recorded through a server")]
    NotRecorded(Kind),
    /// The trail was closed.
    #[error("the trail is closed")]
    Closed,
    /// What waits cannot be encrypted or written.
    #[error("the spool {path} cannot take the record: {why}")]
    Spool {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

impl RemoteError {
    /// Whether the same may go well later.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 421 | 429 | 500..=599),
            _ => false,
        }
    }

    /// Whether a record can wait until the server takes it: it is away, or it is the token, and not the
    /// record. What makes no sense, or has no code, comes from something else in the place of the server.
    pub(super) fn can_wait(&self) -> bool {
        match self {
            Self::Answer { .. } => true,
            Self::Refused { status, code, .. }
                if matches!(status, 401 | 403) || code == NO_CODE =>
            {
                true
            }
            error => error.passes(),
        }
    }
}

/// In the place of the code of a problem that has none.
pub(super) const NO_CODE: &str = "no_code";
