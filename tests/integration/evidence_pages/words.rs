//! Words of the page that must not say more, or other, than the records.

use contextrail::evidence::{Summary, View};
use serde_json::{Value, json};

use super::sample::{Given, of_epoch_2, one_context, one_decision, overridden, succeeded};
use crate::sample::time;

fn markdown(view: &View) -> String {
    Summary::of(view).unwrap().to_markdown()
}

fn human_part(decided_by: &Value, automation: &str) -> String {
    let view = one_decision(json!({"decided_by": decided_by, "automation": automation})).view;
    let page = markdown(&view);
    let line = page.lines().find(|it| it.starts_with("- human part: "));
    line.unwrap().to_owned()
}

#[test]
fn who_decided_and_what_part_people_had_do_not_contradict_each_other() {
    let system = json!({"kind": "system", "id": "loan-api"});
    let person = json!({"kind": "human", "id": "officer_7"});
    for level in ["none", "assisted", "solely_automated"] {
        let words = human_part(&system, level);
        assert!(!words.contains("a person decided"), "{words}");
        assert_eq!(words.contains("contradictory"), level == "none", "{words}");
        let words = human_part(&person, level);
        assert!(!words.contains("a system decided"), "{words}");
        assert_eq!(
            words.contains("contradictory"),
            level == "solely_automated",
            "{words}"
        );
    }
    // Who decided is withheld: nothing is said of it.
    let hidden = one_decision(json!({"decided_by": person, "automation": "assisted"}));
    let hidden = hidden.giving(|path, _| match path {
        "/decided_by" => Given::Name,
        _ => Given::Value,
    });
    assert!(markdown(&hidden).contains("decided by a person and a system together"));
}

#[test]
fn a_decider_whom_nobody_checked_is_said_to_be_asserted() {
    let words = "identity not checked by us (asserted)";
    let page = markdown(&overridden().view);
    let line = page
        .lines()
        .find(|it| it.contains("part: who decided; who or what: `officer_7`"));
    assert!(line.unwrap().contains(words), "{page}");
    // The actor, who signed in with a token, is the decider.
    let own = json!({"decided_by": {"kind": "system", "id": "loan-api"}});
    assert!(!markdown(&one_decision(own).view).contains(words));
    let other = json!({"decided_by": {"kind": "human", "id": "loan-api"}});
    assert!(markdown(&one_decision(other).view).contains(words));
}

#[test]
fn a_fallback_that_is_young_enough_is_not_held_against_the_age_allowed() {
    let violations = json!([
        {"ref": "score", "age_ms": 28_800_000, "limit_ms": 86_400_000, "reason": "fallback"},
        {"ref": "income", "age_ms": 172_800_000, "limit_ms": 86_400_000, "reason": "too_old"},
    ]);
    let features = json!([{"name": "score", "source": "fallback", "status": "ok", "fetched_at": time(0)},
                          {"name": "income", "source": "cache", "status": "ok", "fetched_at": time(0)}]);
    let freshness = json!({"status": "degraded", "limit_ms": 86_400_000, "violations": violations});
    let page = markdown(&one_context(json!({"features": features, "freshness": freshness})).view);
    let young = "what: `score`; why: a fallback value, which does not count as fresh at any age; age: 8 h\n";
    assert!(page.contains(young), "{page}");
    let old = "what: `income`; why: older than allowed; age: 2 d (allowed: 1 d)\n";
    assert!(page.contains(old), "{page}");
    assert!(!page.contains("not fresh enough"), "{page}");
}

#[test]
fn two_keys_of_one_log_are_named_once() {
    let mut view = overridden().view;
    let log = view.checkpoint.signers[0].clone();
    view.checkpoint.signers.insert(1, log);
    let page = markdown(&view);
    let line = page
        .lines()
        .find(|it| it.starts_with("- signed by: "))
        .unwrap();
    assert_eq!(line.matches("bank.example/log").count(), 1, "{line}");
    assert!(line.contains("(the log, with 2 of its keys)"), "{line}");
}

#[test]
fn a_page_says_what_the_log_lost() {
    let page = markdown(&succeeded().view);
    let brief = "- The log went on as epoch `2` after a restore. Lost: entries 1 to 3. The reason given: \
                 `the disk was lost`.";
    assert!(page.contains(brief), "{page}");
    let row = "- epoch: `2`; begins at index: 1; lost: entries 1 to 3; why it went on all the same: \
               `the disk was lost`; approved by: `anna` (person), `ben` (person); went on from: \
               `contextrail/x/default` with `1` entries; newest head that was known: \
               `contextrail/x/default` with `4` entries";
    assert!(page.contains(row), "{page}");
    assert!(
        page.contains("every entry of the log from 0 to 0"),
        "{page}"
    );
    assert!(!page.contains("what was lost cannot be said"), "{page}");
}

#[test]
fn a_page_of_a_later_epoch_says_when_it_cannot_tell_what_was_lost() {
    let words = "what was lost cannot be said from it";
    assert!(markdown(&of_epoch_2().view).contains(words));
    assert!(!markdown(&overridden().view).contains("What the log lost"));
}
