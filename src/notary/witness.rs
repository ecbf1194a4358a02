//! Being a witness (C2SP `tlog-witness`): what it remembers, and when it cosigns.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use super::NotaryError;
use super::files::{fault, read, replace};
use super::keys;
use crate::log::{
    AddCheckpoint, Cosigner, KeyName, Refusal, SignedCheckpoint, TreeHead, VerifierKey,
};
use crate::record::Clock;

/// A witness: it remembers the newest head of each log it watches, in files of a folder, and
/// cosigns a head only when it is proved to continue that one.
pub struct Witness {
    folder: PathBuf,
    cosigner: Cosigner,
    /// The keys trusted for each log, by its origin.
    logs: BTreeMap<String, Vec<VerifierKey>>,
    clock: Arc<dyn Clock>,
    /// Held while a head is compared, stored and cosigned: two requests at once must not fork.
    deciding: Mutex<()>,
}

/// What a witness answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WitnessAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Whether the body is the size of the newest head known, `text/x.tlog.size`.
    pub is_size: bool,
    /// Signature lines, a size, or what is wrong.
    pub body: String,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness")
            .field("folder", &self.folder)
            .field("name", self.cosigner.name())
            .finish_non_exhaustive()
    }
}

impl Witness {
    /// Opens the witness in `folder`, which is made when it is not there, with its key.
    ///
    /// It watches the logs whose keys stand in `<folder>/logs.keys`, one a line, and those of
    /// `more`.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when a file cannot be read or written, or the key can be read by others.
    pub fn open(
        folder: &Path,
        name: &KeyName,
        more: Vec<VerifierKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NotaryError> {
        std::fs::create_dir_all(folder.join("heads"))
            .map_err(|source| fault(folder, "written", source))?;
        let key = keys::witness_key(&folder.join("witness.key"), name)?;
        let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        let known = keys::published(&folder.join("logs.keys"))?;
        for key in known.into_iter().chain(more) {
            logs.entry(key.name().to_string()).or_default().push(key);
        }
        Ok(Self {
            folder: folder.to_owned(),
            cosigner: Cosigner::new(key),
            logs,
            clock,
            deciding: Mutex::new(()),
        })
    }

    /// The key that its cosignatures are checked with.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        self.cosigner.verifier_key()
    }

    /// The origins of the logs it watches.
    pub fn logs(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// Answers `POST /add-checkpoint` with the body `request`.
    ///
    /// The head is on disk before it is cosigned.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the newest head cannot be read or stored: nothing is cosigned then.
    pub fn add_checkpoint(&self, request: &[u8]) -> Result<WitnessAnswer, NotaryError> {
        let request = match AddCheckpoint::parse(request) {
            Ok(request) => request,
            Err(error) => return Ok(answer(400, error.to_string())),
        };
        let origin = request.checkpoint().checkpoint().origin();
        let keys = self.logs.get(origin).map_or(&[][..], Vec::as_slice);
        let _deciding = self.deciding.lock().expect("no holder of this lock panics");
        let newest = self.newest(origin)?;
        match request.check(keys, &newest) {
            Ok(_) => {}
            Err(Refusal::Stale { newest, .. } | Refusal::Split { size: newest }) => {
                return Ok(WitnessAnswer {
                    status: 409,
                    is_size: true,
                    body: format!("{newest}\n"),
                });
            }
            Err(refusal) => return Ok(answer(refusal.status(), refusal.to_string())),
        }
        let text = request.checkpoint().to_string();
        replace(&self.path(origin), &text, 0o600)?;
        let seconds = self.clock.now().as_micros() / 1_000_000;
        let time = u64::try_from(seconds).unwrap_or(0);
        let signature = self
            .cosigner
            .cosign(request.checkpoint().checkpoint(), time)?;
        Ok(answer(200, signature.to_string()))
    }

    /// The newest head of a log that was cosigned here.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when its file cannot be read.
    pub fn newest(&self, origin: &str) -> Result<TreeHead, NotaryError> {
        let path = self.path(origin);
        let Some(text) = read(&path)? else {
            return Ok(TreeHead::empty());
        };
        let damaged = |what: String| NotaryError::Line {
            path: path.display().to_string(),
            line: 1,
            what,
        };
        let signed =
            SignedCheckpoint::parse(text.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        let checkpoint = signed.checkpoint();
        if checkpoint.origin() != origin {
            return Err(damaged(format!("it is a head of {}", checkpoint.origin())));
        }
        Ok(TreeHead {
            size: checkpoint.size(),
            root: *checkpoint.root(),
        })
    }

    fn path(&self, origin: &str) -> PathBuf {
        let digest: [u8; 32] = Sha256::digest(origin.as_bytes()).into();
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join("heads").join(name)
    }
}

fn answer(status: u16, mut body: String) -> WitnessAnswer {
    if !body.ends_with('\n') {
        body.push('\n');
    }
    WitnessAnswer {
        status,
        is_size: false,
        body,
    }
}
