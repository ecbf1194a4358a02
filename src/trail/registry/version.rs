//! The order of versions.

use std::cmp::Ordering;

use crate::record::Version;

/// A version of the form `major.minor.patch`, or without the last or the last two of these.
fn semantic(version: &Version) -> Option<semver::Version> {
    let text = version.as_str();
    let text = text.strip_prefix('v').unwrap_or(text);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let parts: Vec<&str> = text.split('.').collect();
    let filled = match parts.as_slice() {
        [major] if digits(major) => format!("{text}.0.0"),
        [major, minor] if digits(major) && digits(minor) => format!("{text}.0"),
        _ => text.to_owned(),
    };
    semver::Version::parse(&filled).ok()
}

/// Which of two versions is the later one: by what they say where both are semantic, else by the order
/// in which they were registered.
pub(super) fn order(left: (&Version, u64), right: (&Version, u64)) -> Ordering {
    match (semantic(left.0), semantic(right.0)) {
        (Some(a), Some(b)) => a.cmp(&b).then(left.1.cmp(&right.1)),
        _ => left.1.cmp(&right.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_later(left: &str, right: &str) -> bool {
        let (left, right) = (left.parse().unwrap(), right.parse().unwrap());
        order((&left, 1), (&right, 0)) == Ordering::Greater
    }

    #[test]
    fn semantic_versions_compare_as_such_and_others_by_registration() {
        assert!(is_later("1.10", "1.9"));
        assert!(!is_later("1.9", "1.10"));
        assert!(!is_later("2.0.0-rc.1", "2.0.0"));
        assert!(is_later("2025-04", "2025-05"));
        assert!(is_later("v2", "v1.9.9"));
        assert!(is_later("blue", "9"));
    }
}
