//! Key-encryption keys behind a command.

use std::process::Stdio;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::{KeyError, KeyProvider, Secret, Wrapped};

/// Asks a command, such as one of a key management service or a hardware module.
///
/// It is run with `wrap` or `unwrap` as its last argument. On standard input it gets two lines: the
/// context, and base64 of the key, or of what it gave when wrapping. It answers with one line: for
/// `wrap` the name of its key, a space and base64 of the encrypted key; for `unwrap` base64 of the
/// key. No secret stands in its arguments or its environment.
#[derive(Debug)]
pub struct CommandKeys {
    program: String,
    arguments: Vec<String>,
}

impl CommandKeys {
    /// The command `program` with the arguments it always gets.
    #[must_use]
    pub fn new(program: impl Into<String>, arguments: Vec<String>) -> Self {
        Self {
            program: program.into(),
            arguments,
        }
    }

    async fn ask(
        &self,
        verb: &str,
        context: &str,
        bytes: &[u8],
    ) -> Result<Zeroizing<String>, KeyError> {
        let failed = |what: String| KeyError::Provider {
            provider: self.describe(),
            what,
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let encoded = Zeroizing::new(BASE64.encode(bytes));
        let question = Zeroizing::new(format!("{context}\n{}\n", &*encoded));
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input says why by its exit code.
            drop(stdin.write_all(question.as_bytes()).await);
        }
        let output = child.wait_with_output();
        let output = tokio::time::timeout(PATIENCE, output)
            .await
            .map_err(|_| failed(format!("it did not answer within {PATIENCE:?}")))?
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("").to_owned();
            return Err(failed(format!("{}: {said}", output.status)));
        }
        let answer = String::from_utf8(output.stdout);
        let answer = answer.map_err(|_| failed("its answer is no text".to_owned()))?;
        Ok(Zeroizing::new(answer))
    }

    fn no_answer(&self) -> KeyError {
        KeyError::Provider {
            provider: self.describe(),
            what: "its answer is not the one line that was asked for".to_owned(),
        }
    }
}

#[async_trait]
impl KeyProvider for CommandKeys {
    fn describe(&self) -> String {
        format!("the command {}", self.program)
    }

    async fn wrap(&self, context: &str, secret: &Secret) -> Result<Wrapped, KeyError> {
        let answer = self.ask("wrap", context, secret.as_bytes()).await?;
        let (key, encoded) = answer
            .trim_end()
            .split_once(' ')
            .ok_or_else(|| self.no_answer())?;
        let bytes = BASE64.decode(encoded).map_err(|_| self.no_answer())?;
        Ok(Wrapped {
            key: key.to_owned(),
            bytes,
        })
    }

    async fn unwrap(&self, context: &str, wrapped: &Wrapped) -> Result<Secret, KeyError> {
        let answer = self.ask("unwrap", context, &wrapped.bytes).await?;
        let bytes = BASE64
            .decode(answer.trim_end())
            .map_err(|_| self.no_answer())?;
        let bytes = Zeroizing::new(bytes);
        let secret = bytes.as_slice().try_into().map(Secret::from_bytes);
        secret.map_err(|_| self.no_answer())
    }
}

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
