//! What pages say where values are withheld.

use contextrail::codec::read_yaml;
use contextrail::evidence::{FieldEntry, Summary, derived_files};
use contextrail::record::Class;
use serde_json::json;

use super::sample::{Given, one_context, overridden};

fn without_personal(_: &str, class: Class) -> Given {
    match class {
        Class::Personal => Given::Name,
        Class::Plain | Class::Confidential => Given::Value,
    }
}

#[test]
fn a_value_redacted_by_name_is_in_none_of_the_files() {
    let view = overridden().giving(without_personal);
    let files = derived_files(&view).unwrap();
    for (name, file) in files {
        for secret in [
            "user_456",
            "of 612",
            "`612`",
            ">612<",
            "value: 612",
            "officer_7",
            "Payslip seen",
            "12000",
        ] {
            assert!(!file.contains(secret), "{secret} is in {name}");
        }
    }
}

#[test]
fn a_redacted_value_is_marked_with_its_class_and_the_reason() {
    let view = overridden().giving(without_personal);
    let page = Summary::of(&view).unwrap().to_markdown();
    let line = "outcome: **withheld: personal**, `asked for by the customer`";
    assert!(page.contains(line), "{page}");
    assert!(page.contains("place: `/features/*/value`"), "{page}");
}

#[test]
fn a_hidden_record_shows_nothing_and_says_so() {
    let view = overridden().giving(|_, _| Given::Leaf);
    let page = Summary::of(&view).unwrap().to_markdown();
    assert!(page.contains("No value is shown."), "{page}");
    assert!(page.contains("outcome: **not shown**"), "{page}");
    assert!(!page.contains("Every value of a record"), "{page}");
}

#[test]
fn absence_is_said_only_where_no_hidden_field_can_be_part_of_the_section() {
    let sections = json!({"tools": "complete", "features": "complete", "guardrails": "partial"});
    let capture = json!({"door": "native", "sections": sections, "warnings": []});
    let sample = || one_context(json!({"capture": capture, "inputs": {"a": 1}}));
    let shown = Summary::of(&sample().view).unwrap().to_markdown();
    let none = |section: &str| {
        format!(
            "section: {section}; recorded: complete; what can be said of anything else: none was used"
        )
    };
    assert!(
        shown.contains(&none("tools")) && shown.contains(&none("features")),
        "{shown}"
    );
    assert!(!shown.contains(&none("guardrails")));

    // /tenant stands before where /tools would, and nothing after it.
    let hiding = |hidden: &'static str| {
        let view = sample().giving(move |path, _| {
            if path == hidden {
                Given::Leaf
            } else {
                Given::Value
            }
        });
        Summary::of(&view).unwrap().to_markdown()
    };
    let page = hiding("/tenant");
    assert!(
        !page.contains(&none("tools")) && page.contains(&none("features")),
        "{page}"
    );
    assert!(hiding("/inputs/a").contains(&none("tools")));
}

#[test]
fn the_readable_record_is_yaml_with_its_redactions_listed() {
    let view = overridden().giving(|path, class| match path {
        "/outcome" => Given::Leaf,
        _ => without_personal(path, class),
    });
    for (name, file) in derived_files(&view).unwrap() {
        if !name.starts_with("record/") {
            continue;
        }
        let node = read_yaml(file.as_bytes()).unwrap();
        let id = name.trim_start_matches("record/").trim_end_matches(".yaml");
        let record = view
            .records
            .iter()
            .find(|it| it.id.to_string() == id)
            .unwrap();
        let count =
            |wanted: fn(&FieldEntry) -> bool| record.fields.iter().filter(|it| wanted(it)).count();
        let listed = |member: &str| {
            node.member(member)
                .map_or(0, |it| it.clone().into_records().len())
        };
        assert_eq!(
            listed("redacted"),
            count(|it| matches!(it, FieldEntry::Named { .. }))
        );
        assert_eq!(
            listed("hidden"),
            count(|it| matches!(it, FieldEntry::Hidden { .. }))
        );
    }
}

#[test]
fn fields_that_cannot_be_those_of_a_record_are_refused() {
    let with = |path: &str, value: &str| {
        let mut view = one_context(json!({})).view;
        view.records[0].fields.push(FieldEntry::Shown {
            path: path.to_owned(),
            class: Class::Plain,
            salt: [0; 32],
            value: value.as_bytes().to_vec(),
        });
        derived_files(&view).map(|_| ()).unwrap_err().to_string()
    };
    assert!(with("/zzz", "{").contains("is not JSON"));
    assert!(with("/tenant/a", "1").contains("no value of a record can stand there"));
    assert!(with("/features/3", "{}").contains("no hidden field can be them"));
    assert!(with(&"/z".repeat(40), "1").contains("can stand there"));
}
