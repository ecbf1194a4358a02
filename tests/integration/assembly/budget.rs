//! Who gets the budget.

use contextrail::assembly::{
    AssemblyError, Budget, Candidate, Layout, assemble, messages, what_if,
};
use contextrail::record::{CutReason, Overflow, Role, Verdict};

use super::sample::{
    INCLUDED, OVER_BUDGET, TRUNCATED, counter, cuttable, dropped, fates, optional, required, run,
    words,
};

#[test]
fn no_candidates_make_an_empty_text() {
    let assembled = run(&[], &Budget::tokens(0)).unwrap();
    assert_eq!(&*assembled.text, "");
    let budget = assembled.record.budget;
    assert_eq!((budget.used, budget.over), (0, None));
    assert_eq!(assembled.record.text_bytes, Some(0));
    assert!(assembled.record.messages.is_empty());
}

#[test]
fn nothing_optional_fits_into_nothing() {
    let budget = Budget::tokens(500).reserve_output(500);
    let assembled = run(&[optional("a", 0), optional("b", 1)], &budget).unwrap();
    assert_eq!(fates(&assembled), [OVER_BUDGET, OVER_BUDGET]);
    assert_eq!(assembled.record.items[0].used_tokens, 0);
}

#[test]
fn empty_texts_are_items_like_others() {
    let assembled = run(
        &[optional("", 1), optional("a", 1), optional("", 1)],
        &Budget::tokens(10),
    )
    .unwrap();
    assert_eq!(&*assembled.text, "\n\na\n\n");
    assert_eq!(fates(&assembled), [INCLUDED; 3]);
}

#[test]
fn a_more_important_item_is_kept_before_one_added_earlier() {
    let candidates = [optional(&words(60), 2), optional(&words(60), 1)];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    assert_eq!(fates(&assembled), [OVER_BUDGET, INCLUDED]);
}

#[test]
fn of_equal_items_the_later_is_cut_first() {
    let candidates = [optional(&words(60), 1), optional(&words(60), 1)];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    assert_eq!(fates(&assembled), [INCLUDED, OVER_BUDGET]);
}

#[test]
fn an_item_that_does_not_fit_leaves_room_for_smaller_ones() {
    let candidates = [
        optional(&words(60), 1),
        optional(&words(80), 1),
        optional(&words(20), 1),
        optional(&words(15), 3),
    ];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    assert_eq!(
        fates(&assembled),
        [INCLUDED, OVER_BUDGET, INCLUDED, INCLUDED]
    );
}

#[test]
fn required_items_come_before_more_important_ones() {
    let mut late = required(&words(60));
    late.priority = 9;
    let assembled = run(&[optional(&words(60), 0), late], &Budget::tokens(100)).unwrap();
    assert_eq!(fates(&assembled), [OVER_BUDGET, INCLUDED]);
}

#[test]
fn required_items_over_budget_are_refused_with_a_record() {
    let candidates = [required(&words(60)), optional("a", 1), required(&words(50))];
    let error = run(&candidates, &Budget::tokens(120).reserve_output(20)).unwrap_err();
    assert_eq!(error.code(), "required_over_budget");
    let AssemblyError::RequiredOverBudget {
        needed,
        available,
        record,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((needed, available), (110, 100));
    assert_eq!((record.budget.used, record.text_bytes), (0, None));
    let verdicts: Vec<_> = record.items.iter().map(|item| item.verdict).collect();
    assert_eq!(verdicts, [Verdict::Dropped; 3]);
    assert_eq!(record.items[0].tokens, 60);
}

#[test]
fn required_items_stay_where_overflow_is_allowed() {
    let candidates = [required(&words(60)), optional("a", 1), required(&words(50))];
    let assembled = run(&candidates, &Budget::tokens(100).allow_overflow()).unwrap();
    assert_eq!(fates(&assembled), [INCLUDED, OVER_BUDGET, INCLUDED]);
    assert_eq!(assembled.record.budget.used, 110);
    assert_eq!(assembled.record.budget.over, Some(10));
}

#[test]
fn a_required_item_is_cut_before_the_assembly_is_refused() {
    let soft = Candidate {
        required: true,
        ..cuttable(&words(90), Overflow::KeepHead)
    };
    let candidates = [soft.clone(), required(&words(60))];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    assert_eq!(fates(&assembled), [TRUNCATED, INCLUDED]);
    assert_eq!(assembled.record.budget.used, 100);

    let least = Candidate {
        min_tokens: Some(50),
        ..soft
    };
    let candidates = [least, required(&words(60))];
    assert!(run(&candidates, &Budget::tokens(100)).is_err());
    let assembled = run(&candidates, &Budget::tokens(100).allow_overflow()).unwrap();
    assert_eq!(fates(&assembled), [INCLUDED, INCLUDED]);
}

#[test]
fn what_a_guardrail_took_out_stays_out() {
    let mut unsafe_item = required("secret");
    unsafe_item.excluded = Some(CutReason::Guardrail);
    let mut stale = optional("old", 0);
    stale.excluded = Some(CutReason::Stale);
    let assembled = run(&[unsafe_item, stale, optional("a", 1)], &Budget::tokens(9)).unwrap();
    assert_eq!(
        fates(&assembled),
        [
            dropped(CutReason::Guardrail),
            dropped(CutReason::Stale),
            INCLUDED
        ]
    );
    assert_eq!(&*assembled.text, "a");
}

fn turn(tokens: usize) -> Candidate {
    cuttable(&words(tokens), Overflow::DropOldest)
}

#[test]
fn the_oldest_turns_go_first_and_nothing_is_filled_in() {
    let candidates = [turn(10), turn(10), turn(90), turn(30), turn(30)];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    let older = dropped(CutReason::OlderTurn);
    assert_eq!(fates(&assembled), [older, older, older, INCLUDED, INCLUDED]);
}

#[test]
fn no_turn_is_kept_when_the_newest_does_not_fit() {
    let assembled = run(&[turn(10), turn(10), turn(90)], &Budget::tokens(50)).unwrap();
    let older = dropped(CutReason::OlderTurn);
    assert_eq!(fates(&assembled), [older, older, OVER_BUDGET]);
}

#[test]
fn turns_of_another_priority_are_another_list() {
    let mut important = turn(10);
    important.priority = 0;
    let candidates = [important, turn(10), turn(90), optional(&words(40), 1)];
    let assembled = run(&candidates, &Budget::tokens(100)).unwrap();
    assert_eq!(
        fates(&assembled),
        [
            INCLUDED,
            dropped(CutReason::OlderTurn),
            INCLUDED,
            OVER_BUDGET
        ]
    );
}

#[test]
fn framing_counts_where_the_budget_gives_it() {
    let mut answer = optional("yes", 1);
    answer.role = Role::Assistant;
    let candidates = [optional("a", 1), optional("b", 1), answer];
    let assembled = run(&candidates, &Budget::tokens(100).per_message(4)).unwrap();
    let budget = assembled.record.budget;
    assert_eq!((budget.per_message, budget.framing), (Some(4), Some(8)));
    let parts = messages(&assembled.record, &assembled.text);
    assert_eq!(parts, [(Role::User, "a\n\nb"), (Role::Assistant, "yes")]);

    let needed = budget.used + 8;
    let tight = run(&candidates, &Budget::tokens(needed).per_message(4)).unwrap();
    assert_eq!(fates(&tight), [INCLUDED; 3]);
    let tighter = run(&candidates, &Budget::tokens(needed - 1).per_message(4)).unwrap();
    assert_eq!(fates(&tighter), [INCLUDED, INCLUDED, OVER_BUDGET]);
}

#[test]
fn a_reserve_beyond_the_limit_is_refused() {
    let error = run(&[], &Budget::tokens(10).reserve_output(11)).unwrap_err();
    let message = "11 tokens cannot be reserved out of a limit of 10";
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_budget_in_other_tokens_is_refused() {
    let error = run(&[], &Budget::tokens(10).tokenizer("o200k_base")).unwrap_err();
    assert_eq!(error.code(), "tokenizer_mismatch");
}

#[test]
fn another_budget_can_be_tried_on_a_record() {
    let candidates = [optional(&words(60), 1), optional(&words(60), 2)];
    let texts: Vec<_> = candidates.iter().map(|c| c.text.clone()).collect();
    let small = run(&candidates, &Budget::tokens(100)).unwrap();
    let counter = counter("cl100k_base");
    let large = what_if(&small.record, &texts, &Budget::tokens(200), &counter).unwrap();
    assert_eq!(fates(&large), [INCLUDED, INCLUDED]);
    let direct = assemble(
        &candidates,
        &Budget::tokens(200),
        &Layout::default(),
        &counter,
    );
    assert_eq!(direct.unwrap(), large);

    let error = what_if(&small.record, &texts[..1], &Budget::tokens(200), &counter);
    assert_eq!(error, Err(AssemblyError::MissingText { index: 1 }));
}
