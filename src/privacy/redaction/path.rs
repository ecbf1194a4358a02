//! Paths that rules are about: JSON pointers in which `*` stands for any one step.

use std::fmt;
use std::str::FromStr;

use crate::record::InvalidValue;

/// A JSON pointer (RFC 6901) into a record, in which a step `*` is any index or name. It means the
/// place and everything below.
///
/// ```
/// use contextrail::privacy::redaction::PathPattern;
/// let path: PathPattern = "/features/*/value".parse().unwrap();
/// assert!("inputs".parse::<PathPattern>().is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathPattern(Vec<String>);

/// How a place stands to a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    /// It is what the pattern means, or below it.
    Here,
    /// What the pattern means may be below it.
    Below,
    /// Neither.
    Elsewhere,
}

impl PathPattern {
    pub(super) fn reach<'s>(&self, steps: impl ExactSizeIterator<Item = &'s str>) -> Reach {
        let depth = steps.len();
        let mut pairs = self.0.iter().zip(steps);
        if !pairs.all(|(wanted, step)| wanted == "*" || wanted == step) {
            Reach::Elsewhere
        } else if depth >= self.0.len() {
            Reach::Here
        } else {
            Reach::Below
        }
    }
}

impl FromStr for PathPattern {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let steps = text.strip_prefix('/').filter(|steps| !steps.is_empty());
        let steps = steps.ok_or_else(|| {
            InvalidValue::new("path", text, "a JSON pointer, such as /inputs/*/email")
        })?;
        let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
        Ok(Self(steps.split('/').map(unescaped).collect()))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|step| write!(f, "/{}", escaped(step)))
    }
}

/// A name as a step of a JSON pointer.
pub(super) fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_place_and_everything_below() {
        let reach = |pattern: &str, place: &[&str]| {
            let pattern: PathPattern = pattern.parse().unwrap();
            pattern.reach(place.iter().copied())
        };
        assert_eq!(reach("/inputs", &["inputs", "a"]), Reach::Here);
        assert_eq!(reach("/inputs/*/b", &["inputs", "a"]), Reach::Below);
        assert_eq!(
            reach("/inputs/*/b", &["inputs", "a", "b", "0"]),
            Reach::Here
        );
        assert_eq!(
            reach("/inputs/*/b", &["inputs", "a", "c"]),
            Reach::Elsewhere
        );
        assert_eq!(reach("/inputs/a~1b", &["inputs", "a/b"]), Reach::Here);
        assert_eq!(reach("/input", &["inputs"]), Reach::Elsewhere);
    }
}
