//! What used something is listed in log order, whatever led to what.

use contextrail::record::{Draft, RecordId, UsedRef};
use contextrail::trail::{Stored, Trail};
use serde_json::json;

use super::{decide, deciding, record};
use crate::sample::{decision, id};

async fn used(trail: &Trail, after: Option<RecordId>, limit: usize) -> Vec<RecordId> {
    let reference: UsedRef = "model:rare".parse().unwrap();
    let found = trail.used(&reference, after, limit).await.unwrap();
    assert!(found.is_sorted_by(|a, b| a.log_index() > b.log_index()));
    found.iter().map(Stored::id).collect()
}

/// Contexts of two models by turns, each with a decision; at the end one more decision on each of
/// some contexts, the oldest last.
async fn fill(trail: &Trail, contexts: u64) {
    for number in 1..=contexts {
        let model = if number % 2 == 0 { "common" } else { "rare" };
        record(trail, number, json!({"model": {"name": model}})).await;
        decide(trail, id(number), "declined").await;
    }
    for number in (1..=contexts).rev().step_by(3) {
        decide(trail, id(number), "approved").await;
    }
}

async fn expected(trail: &Trail) -> Vec<RecordId> {
    let search = contextrail::trail::Search::default();
    let all = trail.search(search).await.unwrap().all().await.unwrap();
    let is_rare = |number: &u64| number % 2 == 1;
    let rare: Vec<RecordId> = (1..=200).filter(is_rare).map(id).collect();
    let fits = |stored: &Stored| match stored.decision() {
        Some(decision) => rare.contains(&decision.contexts[0].into()),
        None => rare.contains(&stored.id()),
    };
    let found = all.iter().filter(|stored| fits(stored));
    found.map(Stored::id).collect()
}

pub(super) async fn an_old_context_may_have_led_to_the_newest_decision(trail: Trail) {
    fill(&trail, 5).await;
    let newest = decide(&trail, id(1), "approved").await;
    assert_eq!(used(&trail, None, 1).await, [newest.into()]);
    assert_eq!(used(&trail, None, 500).await, expected(&trail).await);
}

pub(super) async fn pages_of_any_size_are_the_whole_list_cut_up(trail: Trail) {
    fill(&trail, 31).await;
    let whole = expected(&trail).await;
    assert_eq!(used(&trail, None, usize::MAX).await, whole);
    for size in [1, 2, 7, 64] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = used(&trail, after, size).await;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            assert!(page.len() <= size);
            seen.extend(page);
        }
        assert_eq!(seen, whole, "in pages of {size}");
    }
    assert!(used(&trail, None, 0).await.is_empty());
}

pub(super) async fn what_is_rare_is_found_behind_many_decisions(trail: Trail) {
    record(&trail, 1, json!({"model": {"name": "rare"}})).await;
    let first = decide(&trail, id(1), "declined").await;
    record(&trail, 2, json!({"model": {"name": "common"}})).await;
    for _ in 0..150 {
        decide(&trail, id(2), "declined").await;
    }
    let last = decide(&trail, id(1), "approved").await;
    assert_eq!(
        used(&trail, None, 50).await,
        [last.into(), first.into(), id(1)]
    );
    assert_eq!(
        used(&trail, Some(last.into()), 50).await,
        [first.into(), id(1)]
    );
}

pub(super) async fn a_decision_that_names_a_context_as_its_cause_alone_does_not_rest_on_it(
    trail: Trail,
) {
    record(&trail, 1, json!({"model": {"name": "rare"}})).await;
    record(&trail, 2, json!({"model": {"name": "common"}})).await;
    let caused = decision(json!({"contexts": [id(2)], "caused_by": [id(1)]}));
    trail.record(Draft::new(id(3), caused)).await.unwrap();
    let governed = decision(json!({"contexts": [id(1)], "governed_by": {"model": "rare@1"}}));
    trail.record(Draft::new(id(4), governed)).await.unwrap();
    trail.record(deciding(5, &[id(2), id(1)])).await.unwrap();
    assert_eq!(used(&trail, None, 50).await, [id(5), id(4), id(1)]);
}
