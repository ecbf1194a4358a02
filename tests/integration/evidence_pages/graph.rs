//! How records hang together: `related.json` and `prov.json`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contextrail::evidence::{View, derived_files};
use contextrail::record::Kind;
use serde_json::Value;

use super::sample::{Given, overridden, range};

fn json(view: &View, name: &str) -> Value {
    serde_json::from_str(&derived_files(view).unwrap()[name]).unwrap()
}

#[test]
fn a_decision_is_tied_to_everything_by_entry_hash() {
    let view = overridden().view;
    let related = json(&view, "related.json");
    let hash_of = |kind: Kind| {
        let record = view.records.iter().find(|it| it.kind == kind).unwrap();
        BASE64.encode(record.entry_hash)
    };
    let records = related["records"].as_array().unwrap();
    let decision = records.iter().find(|it| it["kind"] == "decision").unwrap();
    let named: Vec<(&str, &str)> = decision["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["as"].as_str().unwrap(),
                it["entry_hash"].as_str().unwrap(),
            )
        })
        .collect();
    let (context, generation) = (hash_of(Kind::Context), hash_of(Kind::Generation));
    assert_eq!(
        named,
        [("contexts", &*context), ("generations", &*generation)]
    );
    let feature = related["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "credit_score")
        .unwrap();
    assert_eq!(feature["version"], "3");
    assert_eq!(feature["used_by"][0], hash_of(Kind::Context));
}

#[test]
fn a_reference_that_leads_out_of_the_bundle_is_listed() {
    let mut view = overridden().view;
    view.records.remove(0);
    let related = json(&view, "related.json");
    let records = related["records"].as_array().unwrap();
    assert_eq!(records[0]["refs_elsewhere"].as_array().unwrap().len(), 1);
    assert!(records[0]["names"][0].get("entry_hash").is_none());
    let page = &derived_files(&view).unwrap()["summary.md"];
    assert!(page.contains("What 2 references lead to"), "{page}");
}

#[test]
fn every_name_in_a_statement_of_provenance_is_declared() {
    for view in [
        overridden().view,
        range().view,
        overridden().giving(|_, _| Given::Leaf),
    ] {
        let prov = json(&view, "prov.json");
        let mut declared = BTreeSet::new();
        for statement in ["entity", "activity", "agent"] {
            if let Some(members) = prov[statement].as_object() {
                declared.extend(members.keys().cloned());
            }
        }
        for (statement, members) in prov.as_object().unwrap() {
            if ["prefix", "entity", "activity", "agent"].contains(&statement.as_str()) {
                continue;
            }
            for (name, value) in members
                .as_object()
                .unwrap()
                .values()
                .flat_map(|it| it.as_object().unwrap())
            {
                if name != "prov:type" {
                    assert!(
                        declared.contains(value.as_str().unwrap()),
                        "{statement}: {value}"
                    );
                }
            }
        }
    }
}

#[test]
fn provenance_leads_from_the_outcome_back_to_the_context() {
    let view = overridden().view;
    let prov = json(&view, "prov.json");
    let derived: Vec<(&str, &str)> = prov["wasDerivedFrom"]
        .as_object()
        .unwrap()
        .values()
        .map(|it| {
            (
                it["prov:generatedEntity"].as_str().unwrap(),
                it["prov:usedEntity"].as_str().unwrap(),
            )
        })
        .collect();
    let name = |at: usize| format!("ct:record-{}", view.records[at].id);
    let mut reached = BTreeSet::from([name(5)]);
    while let Some((_, earlier)) = derived
        .iter()
        .find(|(later, earlier)| reached.contains(*later) && !reached.contains(*earlier))
    {
        reached.insert((*earlier).to_owned());
    }
    assert!(reached.contains(&name(0)), "{reached:?}");
    assert!(
        prov["agent"]
            .as_object()
            .unwrap()
            .values()
            .any(|it| it["prov:label"] == "officer_7")
    );
}
