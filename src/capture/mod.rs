//! Capturing a context while an application assembles it.
//!
//! A [`ContextBuilder`] says what is known from the start; the [`Capture`] it begins records every
//! feature fetch, retriever call, tool call and guardrail, whatever becomes of it, and assembles
//! the items within the budget. Each capture ends in exactly one record, which goes to a [`Sink`]:
//! `sealed` when the text was handed out, else `refused`, `failed` or `abandoned`.
//!
//! Sources, retrievers and guardrails are the application's own: the traits [`FeatureSource`],
//! [`Retriever`] and [`Guardrail`], or closures, whose results stay in the caller's own type. The
//! core depends on no client of any of them.
//!
//! Without passing the capture down the call stack, [`Capture::scope`] makes it [`ambient`], and
//! [`Recorded`] sources find it there.
//!
//! Timeouts and large assemblies need a Tokio runtime.

mod ambient;
mod assembled;
mod assembling;
mod builder;
mod call;
#[expect(
    clippy::module_inception,
    reason = "the type it holds is the subject of the module"
)]
mod capture;
mod closing;
mod entry;
mod error;
mod feature;
mod fetch;
mod found;
mod guarding;
mod guardrail;
mod item;
mod recorded;
mod reference;
mod request;
mod request_item;
mod request_section;
mod retrieve;
mod retriever;
mod scope;
mod sink;
mod stale_text;
mod state;
mod template;
mod tool;
mod trace;
mod watch;

pub use ambient::{JoinSet, ambient, spawn, spawn_blocking, unscoped_calls};
pub use assembled::{AssembledContext, GuardedOutput, PreparedContext};
pub use builder::ContextBuilder;
pub use capture::Capture;
pub use error::{BoxError, CaptureError};
pub use feature::{FeatureAnswer, FeatureRequest, FeatureSource, FetchedFeature};
pub use fetch::FeatureFetch;
pub use found::{Found, Retrieved};
pub use guardrail::{Guard, Guardrail, GuardrailOutcome};
pub use item::ItemDraft;
pub use recorded::Recorded;
pub use request::{RequestOptions, dry_run, run_request};
pub use retrieve::{Retrieve, RetrievedRows};
pub use retriever::{Document, RetrievalRequest, Retriever};
pub use scope::Scope;
pub use sink::{Pending, PendingSender, Sink, SinkError};
pub use template::Template;
pub use tool::ToolUse;
pub use trace::TraceParent;
