//! The formats, and which one a document is in.

use std::path::Path;

use super::error::ReadError;
use super::json::read_json;
use super::lines::read_json_lines;
use super::node::{Node, Position, Tree};
use super::yaml::read_yaml;

/// A format that documents are read in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// One JSON value.
    Json,
    /// One JSON value a line.
    JsonLines,
    /// One YAML document.
    Yaml,
}

impl Format {
    /// The format of the document `bytes` from the file `path`.
    ///
    /// The extension decides: `.json`, `.jsonl`, `.yaml` or `.yml`. With any other, as with `-`, the
    /// text does: what begins with `[` is JSON; what begins with `{` is JSON, and JSON lines when the
    /// first line is a value by itself and more follow; everything else is YAML.
    ///
    /// ```
    /// use std::path::Path;
    /// use contextrail::codec::Format;
    /// assert_eq!(Format::detect(Path::new("a.yml"), b"{}"), Format::Yaml);
    /// assert_eq!(Format::detect(Path::new("-"), b"{}\n{}\n"), Format::JsonLines);
    /// ```
    #[must_use]
    pub fn detect(path: &Path, bytes: &[u8]) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("json") => Self::Json,
            Some("jsonl") => Self::JsonLines,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::of_text(bytes),
        }
    }

    fn of_text(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let text = bytes.trim_ascii_start();
        match text.first() {
            Some(b'[') => Self::Json,
            Some(b'{') => {
                let end = text.iter().position(|&b| b == b'\n').unwrap_or(text.len());
                let (line, rest) = text.split_at(end);
                if !rest.trim_ascii().is_empty() && read_json(line).is_ok() {
                    Self::JsonLines
                } else {
                    Self::Json
                }
            }
            _ => Self::Yaml,
        }
    }
}

/// Reads a document; JSON lines become one list.
///
/// # Errors
///
/// Those of [`read_json`] and [`read_yaml`]; of JSON lines the first line that cannot be read.
pub fn read(bytes: &[u8], format: Format) -> Result<Node, ReadError> {
    match format {
        Format::Json => read_json(bytes),
        Format::Yaml => read_yaml(bytes),
        Format::JsonLines => Ok(Node {
            tree: Tree::Sequence(read_json_lines(bytes).collect::<Result<_, _>>()?),
            at: Position::START,
        }),
    }
}
