//! Cutting items to size.

use contextrail::assembly::{Budget, Candidate};
use contextrail::record::{CutReason, Overflow};

use super::sample::{TRUNCATED, cuttable, dropped, fates, oracle, required, run, words};

fn count(text: &str) -> u64 {
    oracle("cl100k_base").count_ordinary(text) as u64
}

#[test]
fn the_head_that_is_kept_fills_what_is_left() {
    let candidate = cuttable(&words(200), Overflow::KeepHead);
    let text = candidate.text.clone();
    let assembled = run(&[required(&words(40)), candidate], &Budget::tokens(100)).unwrap();
    let item = &assembled.record.items[1];
    assert_eq!(assembled.record.budget.used, 100);
    assert_eq!((item.tokens, item.used_tokens), (200, 60));
    let [[0, end]] = item.kept[..] else {
        panic!("{:?}", item.kept);
    };
    let kept = &text[..usize::try_from(end).unwrap()];
    assert_eq!(count(kept), item.used_tokens);
    assert!(assembled.text.ends_with(kept));
}

#[test]
fn the_tail_that_is_kept_ends_with_the_text() {
    let mut candidate = cuttable(&words(200), Overflow::KeepTail);
    candidate.marker = Some("[…]".to_owned());
    let assembled = run(&[candidate], &Budget::tokens(50)).unwrap();
    assert!(assembled.text.starts_with("[…] cat"));
    assert!(assembled.text.ends_with(" cat."));
    let item = &assembled.record.items[0];
    assert_eq!(assembled.record.budget.used, 50);
    assert_eq!(item.used_tokens, 50 - count("[…]"));
    assert_eq!(item.kept[0][1], 3 + 4 * 198 + 1);
}

#[test]
fn both_ends_share_what_is_left_and_the_odd_token_goes_to_the_head() {
    let mut candidate = cuttable(&words(200), Overflow::KeepEnds);
    candidate.marker = Some("\n".to_owned());
    let assembled = run(&[candidate], &Budget::tokens(10)).unwrap();
    let item = &assembled.record.items[0];
    assert_eq!(item.used_tokens, 9);
    assert_eq!(item.kept.len(), 2);
    let (head, tail) = assembled.text.split_once('\n').unwrap();
    assert_eq!((count(head), count(tail)), (5, 4));
    assert_eq!(head, "the cat cat cat cat");
    assert_eq!(tail, " cat cat cat.");
}

#[test]
fn a_cut_never_divides_a_character() {
    for overflow in [Overflow::KeepHead, Overflow::KeepTail, Overflow::KeepEnds] {
        for limit in 1..40 {
            let text = "👩‍👩‍👧‍👦𒀀é漢字".repeat(6);
            let assembled = run(&[cuttable(&text, overflow)], &Budget::tokens(limit)).unwrap();
            assert!(assembled.record.budget.used <= limit);
            for [from, to] in &assembled.record.items[0].kept {
                let range = usize::try_from(*from).unwrap()..usize::try_from(*to).unwrap();
                assert!(text.get(range).is_some());
            }
        }
    }
}

#[test]
fn what_would_be_shorter_than_its_least_is_dropped() {
    let candidate = Candidate {
        min_tokens: Some(30),
        ..cuttable(&words(200), Overflow::KeepHead)
    };
    let candidates = [required(&words(80)), candidate];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    assert_eq!(fates(&assembled)[1], dropped(CutReason::MinTokens));
    let assembled = run(&candidates, &Budget::tokens(110)).unwrap();
    assert_eq!(fates(&assembled)[1], TRUNCATED);
}

#[test]
fn nothing_is_kept_for_a_marker_alone() {
    let candidate = Candidate {
        marker: Some(words(20)),
        ..cuttable(&words(200), Overflow::KeepHead)
    };
    let assembled = run(&[candidate], &Budget::tokens(20)).unwrap();
    assert_eq!(fates(&assembled), [dropped(CutReason::Budget)]);
    assert_eq!(&*assembled.text, "");
}

#[test]
fn a_long_document_is_cut_where_a_short_one_would_be() {
    let long = cuttable(&words(100_000), Overflow::KeepHead);
    let assembled = run(&[long], &Budget::tokens(1_000)).unwrap();
    assert_eq!(assembled.record.budget.used, 1_000);
    assert_eq!(assembled.record.items[0].kept, [[0, 3 + 4 * 999]]);
}
