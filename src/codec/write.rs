//! Writing JSON and YAML.

use serde::Serialize;

use super::build::node_of;
use super::emit;
use super::error::shortened;

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Layout {
    /// One line, without spaces.
    #[default]
    Compact,
    /// One member a line, indented by two spaces.
    Pretty,
}

/// Writes `value` as JSON, its members in the order they are declared.
///
/// No line feed is added at the end.
///
/// # Errors
///
/// [`WriteError`] when `value` holds a number that the readers refuse: NaN, an infinity, a whole
/// number beyond ±(2^53−1).
pub fn write_json<T: Serialize + ?Sized>(value: &T, layout: Layout) -> Result<String, WriteError> {
    let node = node_of(value)?;
    let written = match layout {
        Layout::Compact => serde_json::to_string(&node),
        Layout::Pretty => serde_json::to_string_pretty(&node),
    };
    written.map_err(serde::ser::Error::custom)
}

/// Writes `value` as one YAML document in block style, its members in the order they are declared.
///
/// Readers of YAML 1.1 and of 1.2 both get the data that [`write_json`] writes: a string that either
/// could take for something else is quoted, and a float has a dot. The text ends with a line feed.
///
/// # Errors
///
/// Those of [`write_json`].
///
/// ```
/// use contextrail::codec::write_yaml;
/// let value = serde_json::json!({"at": "12:30", "used": 3480, "words": ["plain", "no"]});
/// let yaml = "at: \"12:30\"\nused: 3480\nwords:\n  - plain\n  - \"no\"\n";
/// assert_eq!(write_yaml(&value).unwrap(), yaml);
/// ```
pub fn write_yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    Ok(emit::document(&node_of(value)?))
}

/// A value that neither format can hold exactly.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the value cannot be written: {path}{message}")]
pub struct WriteError {
    path: String,
    message: String,
}

impl WriteError {
    /// Says that the fault lies within the member `name`.
    pub(super) fn in_member(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() { ": " } else { "." };
        let path = format!("{}{separator}{}", shortened(name, NAME_CHARS), self.path);
        self.path = shortened(&path, PATH_CHARS);
        self
    }
}

impl serde::ser::Error for WriteError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self {
            path: String::new(),
            message: message.to_string(),
        }
    }
}

const NAME_CHARS: usize = 64;
const PATH_CHARS: usize = 300;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn numbers_that_no_reader_keeps_are_not_written() {
        let error = |value: f64| {
            let kpis = BTreeMap::from([("kpis", BTreeMap::from([("gap", value)]))]);
            write_json(&kpis, Layout::Compact).unwrap_err().to_string()
        };
        assert_eq!(
            error(f64::NAN),
            "the value cannot be written: kpis.gap: NaN is not a finite number"
        );
        assert!(write_yaml(&f64::INFINITY).is_err());
        assert!(write_yaml(&(1_u64 << 53)).is_err());
        assert_eq!(
            write_yaml(&((1_u64 << 53) - 1)).unwrap(),
            "9007199254740991\n"
        );
    }

    #[test]
    fn enums_with_data_stand_under_their_names() {
        #[derive(Serialize)]
        enum Shape {
            Point,
            Line(i64),
            Box { width: f64 },
        }
        let shapes = [Shape::Point, Shape::Line(2), Shape::Box { width: -0.0 }];
        let json = write_json(&shapes, Layout::Compact).unwrap();
        assert_eq!(json, r#"["Point",{"Line":2},{"Box":{"width":0.0}}]"#);
    }
}
