//! Artifacts as files: read strictly, with places in every error.

use contextrail::codec::{Format, ReadError, read, read_yaml};
use contextrail::govern::{advise, read_artifact};
use contextrail::record::Objective;

use super::person;

const EXAMPLE: &str = include_str!("../../../examples/credit_threshold/objective-1.3.yaml");

fn refused(yaml: &str) -> ReadError {
    let document = match read(yaml.as_bytes(), Format::Yaml) {
        Ok(document) => document,
        Err(error) => return advise(yaml.as_bytes(), error),
    };
    read_artifact(&document, None, &person("anna")).unwrap_err()
}

#[test]
fn the_objective_of_the_example_is_read() {
    let document = read_yaml(EXAMPLE.as_bytes()).unwrap();
    let file = read_artifact(&document, None, &person("anna")).unwrap();
    assert_eq!(file.artifact.id().to_string(), "objective:OBJ.credit@1.3");
    assert!(file.warnings.is_empty(), "{:?}", file.warnings);
    let objective: Objective = serde_json::from_value(file.artifact.content.unwrap()).unwrap();
    let counts = [
        objective.constraints.len(),
        objective.kpis.len(),
        objective.segments.len(),
        objective.escalation_rules.len(),
    ];
    assert_eq!(counts, [4, 6, 5, 1]);
}

#[test]
fn every_fault_names_its_line_and_column() {
    let changed = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        refused(&EXAMPLE.replacen(from, to, 1)).to_string()
    };
    for (from, to, expected) in [
        (
            "optimization_goal:",
            "optimisation_goal:",
            "did you mean \"optimization_goal\"?",
        ),
        (
            "threshold: 150",
            "threshold: fast",
            "constraints[3].threshold",
        ),
        (
            "comparison: at_least",
            "comparison: between",
            "constraints[2].threshold",
        ),
        (
            "applies_to: [by_sex]",
            "applies_to: [by_size]",
            "constraints[0].applies_to[0]",
        ),
        (
            "name: latency\n    type",
            "name: fairness_sex\n    type",
            "constraints[3].name",
        ),
        (
            "fairness_gap > 0.3 for 2 days",
            "fairness_gap rises",
            "escalation_rules[0].if",
        ),
        (
            "fairness_gap > 0.3 for 2 days",
            "drift > 0.3",
            "escalation_rules[0].if",
        ),
        ("approve_at: 0.58", "approve_at: .nan", "line 7, column 15"),
    ] {
        let error = changed(from, to);
        assert!(error.starts_with("line "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_is_done_on_one_line_without_a_map_is_told_how_to_be_written() {
    let error = refused(&EXAMPLE.replace(
        "then: {freeze_deployments: true, escalate_to: Ethics, retrain_with: reweighting}",
        "then: freeze_deployments, escalate_to: Ethics",
    ));
    let text = error.to_string();
    assert!(
        text.contains("then: {freeze_deployments: true, escalate_to: Ethics}"),
        "{text}"
    );
    assert!(error.line() > 50, "{text}");
}

#[test]
fn a_comparison_that_is_left_out_is_said() {
    let silent = EXAMPLE.replacen("    comparison: at_most\n", "", 1);
    let document = read_yaml(silent.as_bytes()).unwrap();
    let file = read_artifact(&document, None, &person("anna")).unwrap();
    let [warning] = file.warnings.as_slice() else {
        panic!("{:?}", file.warnings);
    };
    assert!(warning.contains("at_most"), "{warning}");
}

#[test]
fn the_content_of_an_envelope_is_read_as_strictly() {
    let error = refused(
        "kind: objective\nname: O\nversion: '1'\ncontent:\n  objective_version: '1'\n  \
         description: d\n  optimization_goal: g\n  parameterz: {}\n",
    );
    assert_eq!(
        (error.line(), error.path().as_str()),
        (8, "content.parameterz")
    );
    assert!(error.to_string().contains("parameters"), "{error}");
}

#[test]
fn the_schema_that_is_shipped_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/objective.json");
    let schema = contextrail::govern::objective_schema();
    if std::env::var_os("CONTEXTRAIL_WRITE_SCHEMA").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), schema);
}
