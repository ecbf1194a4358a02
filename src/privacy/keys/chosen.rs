//! Who keeps the key-encryption key, and the file that says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::local::file_error;
use super::{CommandKeys, KeyError, KeyProvider, LocalKeys};
use crate::file;

/// Who keeps the key-encryption key, as a file names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProviderChoice {
    /// A file of keys, which other trails may use as well: earlier keys stay in it.
    File(PathBuf),
    /// A command, with the arguments it always gets.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A key management service over HTTP.
    Http {
        /// Where it listens, without `/wrap`.
        url: String,
        /// The variable of the environment that its token is in.
        token_env: String,
    },
}

impl ProviderChoice {
    /// Reads the file `path`; `None` when it is not there.
    ///
    /// It has one line: `file PATH`, relative to the folder of `path`; `command PROGRAM ARG…`, split
    /// at spaces; or `http URL token-env NAME`. Empty lines, and those that begin with `#`, say
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`KeyError::Choice`] with the line that is wrong; [`KeyError::File`] when it cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, KeyError> {
        let text = file::read(path).map_err(|source| file_error(path, "read", source))?;
        let Some(text) = text else {
            return Ok(None);
        };
        let mut chosen = None;
        let mut last = 1;
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            last = line;
            if chosen.is_some() {
                return Err(wrong(
                    path,
                    line,
                    "one provider keeps the key: leave one line",
                ));
            }
            let choice = Self::parse(text, path.parent());
            chosen = Some(choice.map_err(|what| wrong(path, line, what))?);
        }
        match chosen {
            Some(chosen) => Ok(Some(chosen)),
            None => Err(wrong(path, last, format!("it names no provider: {FORM}"))),
        }
    }

    fn parse(line: &str, folder: Option<&Path>) -> Result<Self, String> {
        let (kind, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let mut words = rest.split_whitespace().map(str::to_owned);
        match kind {
            "file" if !rest.is_empty() => {
                Ok(Self::File(folder.unwrap_or(Path::new("")).join(rest)))
            }
            "command" => Ok(Self::Command {
                program: words.next().ok_or_else(|| FORM.to_owned())?,
                arguments: words.collect(),
            }),
            "http" => {
                let words: Vec<String> = words.collect();
                let [url, word, token_env] = words.as_slice() else {
                    return Err(FORM.to_owned());
                };
                if word != "token-env" || !is_variable(token_env) {
                    // A token put here by mistake is not shown.
                    return Err(format!("its token is named by a variable: {FORM}"));
                }
                Ok(Self::Http {
                    url: url.clone(),
                    token_env: token_env.clone(),
                })
            }
            _ => Err(FORM.to_owned()),
        }
    }

    /// The provider.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when its file, or its address and token, cannot be used.
    pub fn open(self) -> Result<Arc<dyn KeyProvider>, KeyError> {
        match self {
            Self::File(path) => Ok(Arc::new(LocalKeys::open(&path)?.shared())),
            Self::Command { program, arguments } => {
                Ok(Arc::new(CommandKeys::new(program, arguments)))
            }
            Self::Http { url, token_env } => over_http(&url, &token_env),
        }
    }
}

#[cfg(feature = "network")]
#[expect(
    clippy::disallowed_methods,
    reason = "the file names a variable, so that no token stands in it"
)]
fn over_http(url: &str, token_env: &str) -> Result<Arc<dyn KeyProvider>, KeyError> {
    let token = std::env::var(token_env).map(zeroize::Zeroizing::new);
    let token = token.map_err(|_| KeyError::Provider {
        provider: "the key service".to_owned(),
        what: format!(
            "the variable {token_env} of the environment, which its token is in, is not set or not text"
        ),
    })?;
    Ok(Arc::new(super::HttpKeys::new(url, &token)?))
}

#[cfg(not(feature = "network"))]
fn over_http(url: &str, _: &str) -> Result<Arc<dyn KeyProvider>, KeyError> {
    Err(KeyError::Provider {
        provider: format!("the key service {url}"),
        what: "this program was built without the feature `network`".to_owned(),
    })
}

fn is_variable(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && chars.all(|it| it.is_ascii_alphanumeric() || it == '_')
}

fn wrong(path: &Path, line: usize, what: impl Into<String>) -> KeyError {
    KeyError::Choice {
        path: path.display().to_string(),
        line,
        what: what.into(),
    }
}

const FORM: &str = "expected `file PATH`, `command PROGRAM ARG…` or `http URL token-env NAME`";
