//! The pages as people see them.

use contextrail::evidence::{Summary, View, derived_files};
use serde_json::json;

use super::sample::{Given, about_one, empty, one_context, overridden, range};

fn markdown(view: &View) -> String {
    Summary::of(view).unwrap().to_markdown()
}

#[test]
fn an_overridden_decision_reads_from_the_top() {
    insta::assert_snapshot!(markdown(&overridden().view));
}

#[test]
fn an_overridden_decision_is_a_page_for_paper() {
    insta::assert_snapshot!(Summary::of(&overridden().view).unwrap().to_html());
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    let files = || derived_files(&overridden().view).unwrap();
    assert_eq!(files(), files());
    let names: Vec<String> = files().into_keys().collect();
    assert_eq!(names.len(), 11, "{names:?}");
}

#[test]
fn every_sample_has_all_its_pages() {
    let redacted = overridden().giving(|_, _| Given::Name);
    let hidden = overridden().giving(|_, _| Given::Leaf);
    let samples = [
        overridden(),
        range(),
        about_one(),
        empty(),
        one_context(json!({})),
    ];
    let views = samples
        .into_iter()
        .map(|it| it.view)
        .chain([redacted, hidden]);
    for view in views {
        let files = derived_files(&view).unwrap();
        let html = &files["summary.html"];
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        assert!(!html.contains("<title></title>") && html.contains("<h1>"));
        assert!(html.ends_with("</html>\n"));
        for file in files.values() {
            assert!(!file.contains("[]\n---") && file.ends_with('\n'));
        }
    }
}

#[test]
fn a_whole_range_says_that_nothing_in_between_was_held_back() {
    let words = "nothing in between was held back";
    let mut view = range().view;
    assert!(markdown(&view).contains(words));
    view.records.remove(0);
    assert!(!markdown(&view).contains(words));
}

#[test]
fn a_bundle_without_records_says_so() {
    let page = markdown(&empty().view);
    assert!(page.contains("This file holds no record."), "{page}");
    assert!(!page.contains("Proved, once"), "{page}");
}

#[test]
fn what_a_page_has_no_room_for_is_said_to_be_in_the_bundle() {
    let mut view = range().view;
    let record = view.records[0].clone();
    view.records = vec![record; 60];
    assert!(markdown(&view).contains("10 more records of this kind"));
}

#[test]
fn the_readable_record_has_the_members_of_an_export() {
    let files = derived_files(&overridden().view).unwrap();
    let review = files
        .values()
        .find(|it| it.contains("schema: contextrail.review/1"))
        .unwrap();
    insta::assert_snapshot!(review);
}
