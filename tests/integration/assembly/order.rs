//! In which order items stand, and where their messages begin.

use contextrail::assembly::{Budget, Candidate, Layout, assemble, messages};
use contextrail::record::{Order, Role};

use super::sample::{counter, optional};

fn text_in(order: Order) -> String {
    let candidates: Vec<Candidate> = [("c", 3), ("a", 1), ("e", 5), ("b", 2), ("d", 4), ("B", 2)]
        .map(|(text, priority)| optional(text, priority))
        .into();
    let layout = Layout {
        separator: "-".to_owned(),
        order,
    };
    let budget = Budget::tokens(100);
    let assembled = assemble(&candidates, &budget, &layout, &counter("o200k_base"));
    assembled.unwrap().text.to_string()
}

#[test]
fn items_stand_as_added_by_default() {
    assert_eq!(text_in(Order::Added), "c-a-e-b-d-B");
}

#[test]
fn items_can_stand_by_importance_and_equal_ones_as_added() {
    assert_eq!(text_in(Order::Priority), "a-b-B-c-d-e");
}

#[test]
fn the_least_important_items_can_stand_in_the_middle() {
    assert_eq!(text_in(Order::Edges), "a-B-d-e-c-b");
}

#[test]
fn messages_are_runs_of_equal_role_without_the_separators_between_them() {
    let said = |text, role| Candidate {
        role,
        ..Candidate::new(text)
    };
    let candidates = [
        said("Be brief.", Role::System),
        said("Hello", Role::User),
        said("there", Role::User),
        said("Hi", Role::Assistant),
        said("?", Role::User),
    ];
    let assembled = assemble(
        &candidates,
        &Budget::tokens(100),
        &Layout::default(),
        &counter("o200k_base"),
    )
    .unwrap();
    assert_eq!(
        messages(&assembled.record, &assembled.text),
        [
            (Role::System, "Be brief."),
            (Role::User, "Hello\n\nthere"),
            (Role::Assistant, "Hi"),
            (Role::User, "?"),
        ]
    );
}
