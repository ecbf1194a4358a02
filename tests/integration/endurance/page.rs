//! What `docs/reliability.md` names is there.

use std::fs;
use std::path::{Path, PathBuf};

fn page() -> String {
    fs::read_to_string("docs/reliability.md").unwrap()
}

/// What stands between backquotes.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2)
}

/// The file that the module `path` is, among the tests or in the library.
fn file_of(path: &[&str]) -> Option<PathBuf> {
    let path = match path {
        // The tests within a module of the library.
        [rest @ .., "tests"] => rest,
        all => all,
    };
    let base = |root: &str| {
        path.iter()
            .fold(PathBuf::from(root), |it, part| it.join(part))
    };
    ["tests/integration", "src"]
        .into_iter()
        .flat_map(|root| [base(root).with_extension("rs"), base(root).join("mod.rs")])
        .find(|file| file.exists())
}

#[test]
fn every_test_that_the_page_on_reliability_names_is_there() {
    let (page, mut named, mut missing) = (page(), 0, Vec::new());
    for name in quoted(&page).filter(|it| it.contains("::")) {
        named += 1;
        let parts: Vec<&str> = name.split("::").collect();
        let (test, module) = parts.split_last().unwrap();
        let is_there = file_of(module).is_some_and(|file| {
            let text = fs::read_to_string(file).unwrap();
            text.contains(&format!("fn {test}("))
        });
        if !is_there {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(named > 30, "{named}");
}

#[test]
fn every_promise_of_the_page_has_a_test() {
    let page = page();
    let (_, promises) = page.split_once("## Promises\n").unwrap();
    let (promises, _) = promises.split_once("\n## ").unwrap();
    let rows: Vec<&str> = promises
        .lines()
        .filter(|it| it.starts_with('|') && it.contains("**"))
        .collect();
    assert!(rows.len() >= 12, "{rows:?}");
    for row in rows {
        let shown = row.trim_end_matches('|').rsplit_once('|').unwrap().1;
        assert!(quoted(shown).any(|it| it.contains("::")), "{row}");
    }
}

#[test]
fn every_script_that_the_page_names_can_be_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let page = page();
    let mut scripts: Vec<&str> = quoted(&page)
        .filter_map(|it| it.split(' ').next())
        .filter(|it| it.starts_with(".ci/"))
        .collect();
    scripts.sort_unstable();
    scripts.dedup();
    assert!(scripts.len() >= 3, "{scripts:?}");
    for script in scripts {
        let mode = fs::metadata(Path::new(script))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
}
