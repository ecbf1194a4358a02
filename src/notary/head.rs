//! A head that was signed.

use serde::{Deserialize, Serialize};

use super::NotaryError;
use crate::log::SignedCheckpoint;
use crate::record::{Acknowledged, Timestamp};
use crate::store::LogHead;

/// A head that was signed, and what others have said of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownHead {
    /// When it was signed.
    pub at: Timestamp,
    /// The checkpoint with the signatures of the log and of witnesses.
    pub checkpoint: SignedCheckpoint,
    /// RFC 3161 tokens over the checkpoint's text, DER.
    pub timestamps: Vec<Vec<u8>>,
}

impl KnownHead {
    /// Its size and root.
    #[must_use]
    pub fn head(&self) -> LogHead {
        let checkpoint = self.checkpoint.checkpoint();
        LogHead {
            size: checkpoint.size(),
            root: *checkpoint.root(),
        }
    }

    /// Whether more than one key of the log itself signed it.
    #[must_use]
    pub(crate) fn links_keys(&self) -> bool {
        self.own_signatures() > 1
    }

    fn own_signatures(&self) -> usize {
        let origin = self.checkpoint.checkpoint().origin();
        let signatures = self.checkpoint.note().signatures().iter();
        signatures.filter(|it| it.name().as_str() == origin).count()
    }

    /// Whether a witness has cosigned it.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        self.checkpoint.note().signatures().len() > self.own_signatures()
    }

    /// The highest level a record reached that is in the tree of this head.
    #[must_use]
    pub fn level(&self) -> Acknowledged {
        if !self.timestamps.is_empty() {
            Acknowledged::Timestamped
        } else if self.is_witnessed() {
            Acknowledged::Witnessed
        } else {
            Acknowledged::Checkpointed
        }
    }

    /// Whether a record in the tree of this head reached `level`. A timestamp alone does not make
    /// a head witnessed.
    #[must_use]
    pub fn has(&self, level: Acknowledged) -> bool {
        match level {
            Acknowledged::Queued | Acknowledged::Durable | Acknowledged::Checkpointed => true,
            Acknowledged::Witnessed => self.is_witnessed(),
            Acknowledged::Timestamped => !self.timestamps.is_empty(),
        }
    }

    /// The line that stands for it in the heads file, without its end.
    ///
    /// # Errors
    ///
    /// What cannot be written of it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn to_line(&self) -> Result<String, String> {
        serde_json::to_string(&Line::of(self)).map_err(|error| error.to_string())
    }

    /// The head that a line of the heads file stands for.
    ///
    /// # Errors
    ///
    /// What is wrong with the line.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_line(line: &str) -> Result<Self, String> {
        Line::read(line)
    }

    /// How much stands behind it: witnesses and a timestamp each count once.
    pub(super) fn weight(&self) -> u8 {
        u8::from(self.is_witnessed()) + u8::from(!self.timestamps.is_empty())
    }
}

/// The line of the heads file for `head`, without its end.
pub(super) fn line_of(head: &KnownHead) -> Result<String, NotaryError> {
    serde_json::to_string(&Line::of(head)).map_err(|error| NotaryError::Line {
        path: "heads".to_owned(),
        line: 0,
        what: error.to_string(),
    })
}

/// One line of the heads file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    at: Timestamp,
    note: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    timestamps: Vec<String>,
}

impl Line {
    pub(super) fn of(head: &KnownHead) -> Self {
        use base64::Engine as _;
        let encode = |token: &Vec<u8>| base64::engine::general_purpose::STANDARD.encode(token);
        Self {
            at: head.at,
            note: head.checkpoint.to_string(),
            timestamps: head.timestamps.iter().map(encode).collect(),
        }
    }

    pub(super) fn read(text: &str) -> Result<KnownHead, String> {
        use base64::Engine as _;
        let line: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let checkpoint =
            SignedCheckpoint::parse(line.note.as_bytes()).map_err(|error| error.to_string())?;
        let decode = |token: &String| {
            base64::engine::general_purpose::STANDARD
                .decode(token)
                .map_err(|error| error.to_string())
        };
        Ok(KnownHead {
            at: line.at,
            checkpoint,
            timestamps: line
                .timestamps
                .iter()
                .map(decode)
                .collect::<Result<_, _>>()?,
        })
    }
}
