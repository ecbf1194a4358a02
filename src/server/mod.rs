//! HTTP: extract, call, convert.
//!
//! [`serve`] answers programs and people with what a [`Trail`](crate::trail::Trail) has; `docs/http.md`
//! says how. The table of routes is in one place, and so is that of what a role may do.

mod answer;
mod app;
mod body;
mod call;
mod denial;
mod gate;
mod handler;
mod listen;
mod mask;
mod metrics;
mod openapi;
mod permission;
mod problem;
mod repeat;
mod route;
mod span;
mod summary;
mod tls;
mod witness;

pub use listen::{ServeError, ServeOptions, serve};
pub use permission::Permission;
pub use tls::{Tls, TlsError};
pub use witness::serve_witness;
