//! The derived files say what the records say.

use std::collections::{BTreeMap, BTreeSet};

use super::super::container::Container;
use super::super::contents::Contents;
use super::super::derived::PAGES;
use super::super::file_name::{FileName, Page};
use super::super::manifest::Manifest;
use super::super::pages::Pages;
use super::super::report::Report;

pub(super) fn check(
    manifest: &Manifest,
    contents: &Contents,
    container: &Container,
    pages: Option<Pages>,
    report: &mut Report,
) {
    check_complete(manifest, contents, container, report);
    if manifest.pages == 0 {
        return;
    }
    if manifest.pages > PAGES.version {
        // Whoever forges a page can write any number: nothing would be compared.
        let what = format!(
            "{} is no version of the derived files that is known here, which is at most {}: none of \
             them can be compared with the records",
            manifest.pages, PAGES.version
        );
        report.find(FileName::Manifest, "pages", what);
        return;
    }
    let what = match (pages, contents.view(&manifest.claim)) {
        (Some(pages), Some(view)) if pages.version == manifest.pages => {
            let expected = (pages.render)(&view);
            let has_all = expected_pages(contents).all(|it| expected.contains_key(&it.to_string()));
            compare(expected, container, report);
            if has_all {
                return;
            }
            "the records cannot be put together from their fields".to_owned()
        }
        (Some(pages), Some(_)) => format!(
            "they are of version {}, this program derives version {}",
            manifest.pages, pages.version
        ),
        (Some(_), None) => "the files they are derived from cannot all be read".to_owned(),
        (None, _) => "this program does not derive them".to_owned(),
    };
    report.has_unread_pages = true;
    report.not_checked.push(format!(
        "whether summary.html, summary.md, related.json, prov.json, VERIFY.md and record/*.yaml say \
         what the records say: {what}"
    ));
}

fn compare(expected: BTreeMap<String, Vec<u8>>, container: &Container, report: &mut Report) {
    for (name, expected) in expected {
        report.checked.pages += 1;
        match container.files.get(&name) {
            Some(found) if *found == expected => {}
            Some(_) => report.find(name, "", "it does not say what the records say"),
            None => {}
        }
    }
}

/// The derived files that a bundle with any has.
fn expected_pages(contents: &Contents) -> impl Iterator<Item = FileName> {
    let yaml = contents.records.keys().map(|id| Page::Yaml(*id));
    yaml.chain(WHOLE).map(FileName::Page)
}

/// All derived files are there, or none.
fn check_complete(
    manifest: &Manifest,
    contents: &Contents,
    container: &Container,
    report: &mut Report,
) {
    let files = container.files.keys().chain(container.damaged.keys());
    let names = files.filter_map(|name| name.parse().ok());
    let found: BTreeSet<FileName> = names.filter(|it| matches!(it, FileName::Page(_))).collect();
    let expected: BTreeSet<FileName> = match manifest.pages {
        0 => BTreeSet::new(),
        _ => expected_pages(contents).collect(),
    };
    for page in expected.difference(&found) {
        report.find(page, "", "the file is missing");
    }
    for page in found.difference(&expected) {
        let what = "the manifest does not say that there is such a file of these records";
        report.find(page, "", what);
    }
}

const WHOLE: [Page; 5] = [
    Page::SummaryHtml,
    Page::SummaryMarkdown,
    Page::Related,
    Page::Prov,
    Page::Verify,
];
