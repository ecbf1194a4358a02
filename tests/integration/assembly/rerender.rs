//! Making the text again from its record.

use contextrail::assembly::{Budget, RenderError, render};
use contextrail::record::Overflow;

use super::sample::{cuttable, optional, run, words};

#[test]
fn a_record_renders_to_its_text_even_without_the_dropped_items() {
    let candidates = [
        cuttable(&words(90), Overflow::KeepEnds),
        optional(&words(400), 0),
        optional("last", 0),
    ];
    let assembled = run(&candidates, &Budget::tokens(60)).unwrap();
    let texts = [candidates[0].text.clone(), "".into(), "last".into()];
    assert_eq!(render(&assembled.record, &texts).unwrap(), *assembled.text);
}

#[test]
fn a_record_does_not_render_from_other_texts() {
    let candidates = [cuttable(&words(90), Overflow::KeepHead)];
    let assembled = run(&candidates, &Budget::tokens(60)).unwrap();
    let missing = render(&assembled.record, &[]);
    assert_eq!(missing, Err(RenderError::MissingText { index: 0 }));
    let other = render(&assembled.record, &["short".into()]).unwrap_err();
    assert_eq!(
        other.to_string(),
        "item 0 keeps bytes 0 to 239, which its text of 5 bytes does not have"
    );

    let mut record = assembled.record;
    record.items[0].kept.clear();
    let unclear = render(&record, &[candidates[0].text.clone()]);
    assert_eq!(
        unclear,
        Err(RenderError::KeptMissing { index: 0, found: 0 })
    );
}
