//! Odd and hostile input is stored as it is, and shown without harm.

use super::Folder;

const ODD: [&str; 7] = [
    "x'; DROP TABLE contexts; --",
    "../../etc/passwd",
    "\" OR 1=1",
    "مرحبا بالعالم",
    "🙂👩‍👩‍👧‍👦",
    "[bold]red[/bold]",
    "a:b@c#d",
];

#[test]
fn odd_entities_are_found_again() {
    let folder = Folder::new();
    for odd in ODD {
        let id = folder.assemble(odd, odd);
        let found = folder.json(&["context", "list", "--entity", &format!("applicant:{odd}")]);
        assert_eq!(found[0]["id"], *id, "{odd}");
        assert_eq!(found[0]["entities"][0]["id"], *odd);
        let text = folder.run(&["context", "text", &id]).done();
        assert!(text.text().ends_with(odd));
    }
    assert_eq!(
        folder.json(&["context", "list"]).as_array().unwrap().len(),
        ODD.len()
    );
}

#[test]
fn control_characters_stay_in_the_data_and_out_of_the_table() {
    let folder = Folder::new();
    let odd = "bell\u{7} \u{1b}[31mred\u{202e}";
    let id = folder.assemble(odd, "a\0b\u{1b}[2J");
    let text = folder.run(&["context", "text", &id]).done();
    assert!(text.text().ends_with("a\0b\u{1b}[2J"));
    for arguments in [
        &["context", "list"][..],
        &["context", "show", &id],
        &["entity", "show", &format!("applicant:{odd}")],
    ] {
        let table = folder.run(&[arguments, &["-o", "table"]].concat()).done();
        let shown = table.text();
        assert!(
            !shown.contains(['\u{7}', '\u{1b}', '\u{202e}', '\0']),
            "{shown:?}"
        );
    }
}

#[test]
fn a_megabyte_is_taken_in_and_given_back() {
    let folder = Folder::new();
    let text = "lorem ipsum dolor sit amet ".repeat(40_000);
    let id = folder.assemble("a", &text);
    let sent = folder.run(&["context", "text", &id]).done();
    assert!(sent.text().ends_with(&text));
}

#[test]
fn a_megabyte_of_spaces_is_counted_exactly() {
    let folder = Folder::new();
    let spaces = " ".repeat(1_000_000);
    let id = folder.assemble("a", &spaces);
    let sent = folder.run(&["context", "text", &id]).done();
    assert!(sent.text().ends_with(&spaces));
    let shown = folder.json(&["context", "show", &id]);
    let items = shown["assembly"]["items"].as_array().unwrap();
    assert_eq!(items[3]["verdict"], "included");
    assert!(items[3]["tokens"].as_u64().unwrap() > 1_000);
}
