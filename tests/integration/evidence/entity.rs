//! Bundles about an entity: it is claimed, shown, and every record is tied to it.

use contextrail::evidence::{PackError, Redactions, Scope, Withheld, pack};
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::{CONTEXT, SealedLog};
use super::tamper::{Tampered, all_fail, record_file};
use crate::sample::entity;

#[test]
fn a_claim_about_no_entity_is_refused() {
    let log = SealedLog::new();
    let bundle = pack(log.entity_input()).unwrap();
    let unnamed = Tampered::of(&bundle).edit("manifest.json", |it| {
        it["claim"].as_object_mut().unwrap().remove("entity");
    });
    let manifest = "manifest.json".to_owned();
    all_fail(&log, vec![("no entity", manifest, unnamed.resealed())]);
}

#[test]
fn a_claim_about_an_entity_that_no_record_shows_is_refused() {
    let log = SealedLog::new();
    let bundle = pack(log.entity_input()).unwrap();
    let other = |it: &mut Value| it["claim"]["entity"]["id"] = json!("user_789");
    let mut redacted = log.range_input();
    redacted.redactions = Redactions::default().with(Withheld::Value, "personal".parse().unwrap());
    let claimed = Tampered::of(&pack(redacted).unwrap()).edit("manifest.json", |it| {
        it["kind"] = json!("entity");
        let claim = it["claim"].as_object_mut().unwrap();
        claim.remove("from");
        claim.remove("to");
        claim.insert(
            "entity".to_owned(),
            json!({"id": "user_456", "type": "applicant"}),
        );
    });
    let manifest = || "manifest.json".to_owned();
    all_fail(
        &log,
        vec![
            (
                "another entity",
                manifest(),
                Tampered::of(&bundle)
                    .edit("manifest.json", other)
                    .resealed(),
            ),
            ("all withheld", manifest(), claimed.resealed()),
        ],
    );
}

#[test]
fn a_record_that_does_not_show_the_entity_is_named() {
    let log = SealedLog::new();
    let file = record_file(&log, CONTEXT);
    // Withheld in the context alone.
    let mut alone = log.entity_input();
    alone.records = vec![log.packed_record(CONTEXT)];
    alone.claim.scope = Scope::Range { from: 1, to: 1 };
    alone.redactions = Redactions::default().with(Withheld::Value, "/entities".parse().unwrap());
    let alone = Tampered::of(&pack(alone).unwrap());
    let mixed = Tampered::of(&pack(log.entity_input()).unwrap())
        .replace(&file, alone.content(&file))
        .remove(&format!("texts/{}.json", log.records[CONTEXT].id))
        .resealed();
    let mut both = Both::new(log.keys());
    both.add("mixed", mixed);
    for report in both.reports().remove(0) {
        assert_eq!(report["state"], "verified", "{report:#}");
        let words = format!("{file}: whether it names the entity claimed, which it does not show");
        assert!(
            report["not_checked"]
                .as_array()
                .unwrap()
                .contains(&json!(words)),
            "{report:#}"
        );
    }
}

#[test]
fn an_unrelated_record_is_found_unless_it_can_be_seen_to_withhold_the_entity() {
    let log = SealedLog::new();
    let with_unrelated = |depth: Withheld, path: &str| {
        let mut input = log.entity_input();
        input.records.push(log.packed_record(6));
        input.redactions = Redactions::default().with(depth, path.parse().unwrap());
        pack(input).unwrap()
    };
    // What is redacted by name is at another place than where entities stand.
    let named = with_unrelated(Withheld::Value, "/inputs");
    all_fail(&log, vec![("named", record_file(&log, 6), named)]);
    let mut both = Both::new(log.keys());
    both.add("hidden", with_unrelated(Withheld::Field, "/inputs"));
    for report in both.reports().remove(0) {
        let file = record_file(&log, 6);
        let words =
            format!("{file}: whether it is about the entity claimed, which it does not show");
        let not_checked = report["not_checked"].as_array().unwrap();
        assert!(not_checked.contains(&json!(words)), "{report:#}");
    }
}

#[test]
fn a_bundle_about_an_entity_that_would_not_show_it_is_not_packed() {
    let mut input = SealedLog::new().entity_input();
    input.redactions = Redactions::default().with(Withheld::Value, "personal".parse().unwrap());
    let error = pack(input).unwrap_err();
    assert!(matches!(&error, PackError::EntityWithheld(it) if *it == entity("applicant:user_456")));
    assert!(error.to_string().contains("applicant:user_456"));
}
