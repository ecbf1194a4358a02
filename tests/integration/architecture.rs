//! The direction of the arrows: which module may use which.

use std::fs;
use std::path::{Path, PathBuf};

/// A module, and what of the crate it may use besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("record", &[]),
    ("codec", &["record"]),
    ("assembly", &["record"]),
    ("capture", &["record", "assembly"]),
    ("log", &[]),
    ("seal", &["record", "log"]),
    (
        "evidence",
        &["record", "codec", "log", "seal", "timestamp", "trail"],
    ),
    ("privacy", &["record", "codec", "capture"]),
    ("store", &["record", "log", "seal", "privacy"]),
    ("timestamp", &[]),
    ("notary", &["record", "log", "seal", "store", "timestamp"]),
    (
        "server",
        &[
            "record", "codec", "capture", "log", "privacy", "notary", "trail", "evidence", "govern",
        ],
    ),
    ("govern", &["record", "codec", "trail"]),
    (
        "trail",
        &[
            "record", "codec", "assembly", "capture", "log", "seal", "privacy", "store", "notary",
        ],
    ),
];

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let mut wrong = Vec::new();
    for (module, allowed) in ALLOWED.iter().copied() {
        for file in rust_files(&Path::new("src").join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            for used in text.split("crate::").skip(1) {
                let used: String = used
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                let known = ALLOWED.iter().any(|(name, _)| *name == used) || used == "cli";
                if known && used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_stands_in_the_store_alone() {
    let inside = Path::new("src/store/sql");
    let outside: Vec<_> = rust_files(Path::new("src"))
        .into_iter()
        .filter(|file| !file.starts_with(inside))
        .filter(|file| fs::read_to_string(file).unwrap().contains("sqlx::"))
        .collect();
    assert!(outside.is_empty(), "{outside:?}");
}

#[test]
fn no_file_is_longer_than_people_read() {
    let long: Vec<String> = rust_files(Path::new("src"))
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, file)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
