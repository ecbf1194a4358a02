//! Whom the notary asks to attest heads, and the file that says so.

use std::path::{Path, PathBuf};

use super::NotaryError;
use super::files::read;
use crate::log::{KeyKind, VerifierKey};
use crate::timestamp::TrustAnchors;

/// A witness: it cosigns heads that continue what it has seen, and refuses all others.
#[derive(Clone, Debug)]
pub struct WitnessAddress {
    /// Where it listens, without `/add-checkpoint`.
    pub url: String,
    /// The key that its cosignatures are checked with.
    pub key: VerifierKey,
}

/// A timestamp authority (RFC 3161).
#[derive(Clone, Debug)]
pub struct TimestampAuthority {
    /// Where it listens.
    pub url: String,
    /// The roots its certificate has to be chained to. A head has one token for each set of roots:
    /// an authority is not asked for a head that a token under its roots is there for already.
    pub anchors: TrustAnchors,
}

/// Whom the notary asks to attest heads.
#[derive(Clone, Debug, Default)]
pub struct Attesters {
    /// Witnesses.
    pub witnesses: Vec<WitnessAddress>,
    /// Timestamp authorities.
    pub authorities: Vec<TimestampAuthority>,
}

impl Attesters {
    /// The file beside the database `path` that names the attesters of its trail: `….attesters`.
    #[must_use]
    pub fn beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".attesters");
        name.into()
    }

    /// Whether nobody is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.witnesses.is_empty() && self.authorities.is_empty()
    }

    /// Reads the file `path`; `None` when it is not there.
    ///
    /// A line is `witness URL KEY`, with the key in the form `name+hash+key`, or `timestamp URL
    /// PEMFILE`, with the trusted roots in a file whose name is relative to the folder of `path`.
    /// Empty lines, and those that begin with `#`, say nothing.
    ///
    /// # Errors
    ///
    /// [`NotaryError::Attesters`] with the line that is wrong; [`NotaryError::File`] when a file
    /// cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, NotaryError> {
        let Some(text) = read(path)? else {
            return Ok(None);
        };
        let mut attesters = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: String| NotaryError::Attesters {
                path: path.display().to_string(),
                line: number,
                what,
            };
            attesters.add(line, path.parent(), wrong)?;
        }
        Ok(Some(attesters))
    }

    fn add(
        &mut self,
        line: &str,
        folder: Option<&Path>,
        wrong: impl Fn(String) -> NotaryError,
    ) -> Result<(), NotaryError> {
        let words = line
            .split_once(char::is_whitespace)
            .and_then(|(kind, rest)| {
                let (url, rest) = rest.trim_start().split_once(char::is_whitespace)?;
                Some((kind, url, rest.trim()))
            });
        let Some((kind, url, rest)) = words else {
            return Err(wrong(FORM.to_owned()));
        };
        let is_url = reqwest::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        if !is_url {
            return Err(wrong(format!("{url:?} is no address of http or https")));
        }
        let url = url.to_owned();
        match kind {
            "witness" => {
                let key = witness_key(rest).map_err(&wrong)?;
                if self.witnesses.iter().any(|it| it.key == key) {
                    return Err(wrong("this witness is named twice".to_owned()));
                }
                self.witnesses.push(WitnessAddress { url, key });
            }
            "timestamp" => {
                let path = folder.unwrap_or(Path::new("")).join(rest);
                let pem = read(&path)?
                    .ok_or_else(|| wrong(format!("{} is not there", path.display())))?;
                let anchors = TrustAnchors::from_pem(&pem)
                    .map_err(|error| wrong(format!("{}: {error}", path.display())))?;
                self.authorities.push(TimestampAuthority { url, anchors });
            }
            other => return Err(wrong(format!("{other:?} is not known: {FORM}"))),
        }
        Ok(())
    }
}

fn witness_key(text: &str) -> Result<VerifierKey, String> {
    let key: VerifierKey = text
        .parse()
        .map_err(|error: crate::log::KeyError| error.to_string())?;
    match key.kind() {
        KeyKind::Cosignature => Ok(key),
        _ => Err(format!(
            "{key} is the key of a log, not that of a witness: take the one that `contextrail log witness` prints"
        )),
    }
}

const FORM: &str = "expected `witness URL KEY` or `timestamp URL PEMFILE`";
