//! Calling a tool through a capture.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::call::{Open, limited};
use super::state::nearest_name;
use crate::capture::{BoxError, CaptureError, Scope};
use crate::record::{InvalidValue, Name, Section, ToolCall, ToolStatus, Version};

/// One tool call, made by [`Scope::tool`]. Nothing happens before `run`.
#[must_use = "a tool is called by `run`"]
pub struct ToolUse<'a> {
    scope: &'a Scope,
    name: String,
    version: Option<Result<Version, InvalidValue>>,
    call_id: Option<Result<Name, InvalidValue>>,
    arguments: Option<Value>,
    side_effect: bool,
    timeout: Option<Duration>,
}

impl<'a> ToolUse<'a> {
    pub(super) const fn new(scope: &'a Scope, name: String) -> Self {
        Self {
            scope,
            name,
            version: None,
            call_id: None,
            arguments: None,
            side_effect: false,
            timeout: None,
        }
    }

    /// Sets the version of the tool.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(Version::new(version));
        self
    }

    /// Sets the id the model gave the call.
    pub fn call_id(mut self, call_id: impl Into<String>) -> Self {
        self.call_id = Some(Name::new(call_id));
        self
    }

    /// Sets what the tool is called with.
    pub fn arguments(mut self, arguments: impl Into<Value>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    /// Says that the tool changes something outside.
    pub const fn side_effect(mut self) -> Self {
        self.side_effect = true;
        self
    }

    /// Gives the call up after `timeout`, with error code `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Calls the tool by `call`, records its output as JSON, and returns it as it is.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Failed`] and [`CaptureError::Timeout`] as the tool answers,
    /// [`CaptureError::Invalid`] for a name that is none, [`CaptureError::Finished`] when the
    /// context has ended.
    pub async fn run<F, Fut, R, E>(self, call: F) -> Result<R, CaptureError>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<R, E>>,
        R: Serialize,
        E: Into<BoxError>,
    {
        let open = self.open()?;
        match limited(self.timeout, call()).await {
            Ok(output) => {
                let value = serde_json::to_value(&output);
                open.close(|tool, state| match value {
                    Ok(value) => tool.output = Some(state.exact(&self.path(), value)),
                    Err(error) => {
                        state.watches.of(Section::Tools).partial = true;
                        state.warn(format!("{}: the output is not JSON: {error}", self.path()));
                    }
                });
                Ok(output)
            }
            Err(setback) => Err(open.fail(setback.of(CALL, &self.name))),
        }
    }

    /// Begins the entry in the record. A call that makes no sense is an entry too.
    fn open(&self) -> Result<Open<'a, ToolCall>, CaptureError> {
        let tool = ToolCall {
            call_id: self.call_id.clone().and_then(Result::ok),
            name: nearest_name(&self.name),
            version: self.version.clone().and_then(Result::ok),
            arguments: self.arguments.clone(),
            output: None,
            status: ToolStatus::Ok,
            error: None,
            started_at: Some(self.scope.shared.sink.clock().now()),
            latency_us: None,
            side_effect: self.side_effect,
        };
        let open = Open::new(self.scope, tool)?;
        match self.invalid() {
            None => Ok(open),
            Some((member, source)) => Err(open.fail(CaptureError::Invalid {
                path: format!("{}.{member}", self.path()),
                source,
            })),
        }
    }

    fn invalid(&self) -> Option<(&'static str, InvalidValue)> {
        let name = Name::new(&*self.name).err().map(|error| ("name", error));
        let version = self.version.clone().and_then(Result::err);
        let call_id = self.call_id.clone().and_then(Result::err);
        name.or(version.map(|error| ("version", error)))
            .or(call_id.map(|error| ("call_id", error)))
    }

    fn path(&self) -> String {
        format!("tools.{}", self.name)
    }
}

impl fmt::Debug for ToolUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolUse")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

const CALL: &str = "tool";
