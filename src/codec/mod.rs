//! Strict JSON and YAML, in and out.
//!
//! Both readers give one tree of [`Node`]s that knows the place of everything in it, and refuse what
//! would make evidence ambiguous: names that occur twice, numbers that a double would change, bytes
//! that are not UTF-8. [`decode`] and [`decode_record`] turn a tree into a type, and every
//! [`ReadError`] says what is wrong at which path, line and column, and what may have been meant.
//!
//! ```
//! use contextrail::codec::{Format, decode, read};
//! use contextrail::record::RequestBudget;
//!
//! let node = read(b"# tokens\nlimt: 4000\n", Format::Yaml).unwrap();
//! let error = decode::<RequestBudget>(&node).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     r#"line 2, column 1: limt: unknown member; did you mean "limit"?"#
//! );
//! ```

mod build;
mod decode;
mod draft;
mod emit;
mod error;
mod fault;
mod format;
mod json;
mod json_string;
mod keep;
mod limits;
mod lines;
mod nested;
mod node;
mod number;
mod parts;
mod plain;
mod record;
mod text;
mod wording;
mod write;
mod yaml;

pub use decode::decode;
pub use draft::{PartialHead, decode_body_draft};
pub use error::{ReadError, ReadErrorKind};
pub use format::{Format, read};
pub use json::read_json;
pub use lines::{JsonLines, read_json_lines};
pub use nested::decode_records;
pub use node::{Member, Node, Position, Tree};
pub use record::{ExportedRecord, Unknown, decode_record};
pub use write::{Layout, WriteError, write_json, write_yaml};
pub use yaml::read_yaml;
