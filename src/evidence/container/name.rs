//! Names of files that mean the same file everywhere.

use super::ContainerError;

/// Refuses names that would leave the folder, or mean another file on another system.
pub(super) fn checked(name: &[u8]) -> Result<&str, ContainerError> {
    let refused = |why| ContainerError::Name {
        name: String::from_utf8_lossy(name).chars().take(80).collect(),
        why,
    };
    let text = std::str::from_utf8(name).map_err(|_| refused("it is not UTF-8"))?;
    let why = if text.is_empty() {
        "it is empty"
    } else if text.len() > MAX_BYTES {
        "it is longer than 200 bytes"
    } else if !text.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        "it has characters other than printable ASCII"
    } else if text.contains('\\') {
        "it has a backslash"
    } else if text.contains(':') {
        "it has a colon"
    } else if text.starts_with('/') {
        "it is absolute"
    } else if text.split('/').any(|part| part == "..") {
        "it leaves the folder through `..`"
    } else if is_folder_unclear(text) {
        "a part of its path is empty or `.`"
    } else {
        return Ok(text);
    };
    Err(refused(why))
}

/// Whether the name is one of a folder.
pub(super) fn is_folder(name: &str) -> bool {
    name.ends_with('/')
}

fn is_folder_unclear(name: &str) -> bool {
    let path = name.strip_suffix('/').unwrap_or(name);
    path.split('/').any(|part| part.is_empty() || part == ".")
}

const MAX_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_bundles_are_accepted() {
        for name in ["manifest.json", "records/0-1.json", "a/b/"] {
            assert_eq!(checked(name.as_bytes()), Ok(name));
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let long = "a".repeat(201);
        for name in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "a\\b",
            "C:a",
            "a\0",
            "a b",
            "é",
            &long,
        ] {
            assert!(checked(name.as_bytes()).is_err(), "{name:?}");
        }
        assert!(checked(b"\xff").is_err());
    }
}
