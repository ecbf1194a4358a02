//! The derived files say what the records say.

use std::collections::BTreeSet;

use super::super::container::Container;
use super::super::contents::Contents;
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
    let what = match (pages, contents.view(&manifest.claim)) {
        (Some(pages), Some(view)) if pages.version == manifest.pages => {
            for (name, expected) in (pages.render)(&view) {
                report.checked.pages += 1;
                match container.files.get(&name) {
                    Some(found) if *found == expected => {}
                    Some(_) => report.find(name, "", "it does not say what the records say"),
                    None => {}
                }
            }
            return;
        }
        (Some(pages), Some(_)) => format!(
            "they are of version {}, this program derives version {}",
            manifest.pages, pages.version
        ),
        (Some(_), None) => "the files they are derived from cannot all be read".to_owned(),
        (None, _) => "this program does not derive them".to_owned(),
    };
    report.not_checked.push(format!(
        "whether summary.html, summary.md, related.json, prov.json, VERIFY.md and record/*.yaml say \
         what the records say: {what}"
    ));
}

/// All derived files are there, or none.
fn check_complete(
    manifest: &Manifest,
    contents: &Contents,
    container: &Container,
    report: &mut Report,
) {
    let files = container.files.keys().chain(container.damaged.keys());
    let found: BTreeSet<Page> = files
        .filter_map(|name| match name.parse() {
            Ok(FileName::Page(page)) => Some(page),
            _ => None,
        })
        .collect();
    let expected: BTreeSet<Page> = match manifest.pages {
        0 => BTreeSet::new(),
        _ => {
            let yaml = contents.records.keys().map(|id| Page::Yaml(*id));
            yaml.chain(WHOLE).collect()
        }
    };
    for page in expected.difference(&found) {
        report.find(FileName::Page(*page), "", "the file is missing");
    }
    for page in found.difference(&expected) {
        let what = "the manifest does not say that there is such a file of these records";
        report.find(FileName::Page(*page), "", what);
    }
}

const WHOLE: [Page; 5] = [
    Page::SummaryHtml,
    Page::SummaryMarkdown,
    Page::Related,
    Page::Prov,
    Page::Verify,
];
