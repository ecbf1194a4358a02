//! Whatever stands in a record, it is text on the page and nothing else.

use contextrail::codec::{read_json, read_yaml};
use contextrail::evidence::{Summary, derived_files};
use proptest::prelude::*;

use super::sample::hostile;

const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</pre></details></bdi></style><img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>x</a>&amp;&#60;",
    "[bold]x[/bold] **x** _x_ ~~x~~ # x | y",
    "`x` ``x`` ```\n```\n# heading\n- item\n\n<script>",
    "[link](https://evil.example) https://evil.example ![i](x)",
    "a\0b\u{1b}[31m\u{7f}\u{85}\rc",
    "\u{202e}drowssap\u{202c}\u{2066}x",
    "שלום עולם, مرحبا بالعالم",
    "👩\u{200d}💻 🏴 e\u{301}",
    "x\u{e0049}\u{e0067}\u{200b}y\u{feff}",
    "  spaces  \t and\n\n\nlines \\| \\` \\",
];

#[test]
fn no_markup_comes_out_of_a_record() {
    for text in HOSTILE {
        let html = html(text);
        let tags = tags(&html);
        for tag in ["script", "img", "iframe", "link", "a href=&"] {
            assert!(
                !tags.iter().any(|it| it.starts_with(tag)),
                "{text:?}: {tag}"
            );
        }
        let anchors = tags.iter().filter(|it| it.starts_with("a "));
        assert!(
            anchors.clone().all(|it| it.starts_with("a href=\"#s")),
            "{text:?}"
        );
    }
}

#[test]
fn the_page_has_the_same_elements_whatever_the_words() {
    let plain = shape(&html("x"));
    for text in HOSTILE {
        assert_eq!(shape(&html(text)), plain, "{text:?}");
    }
}

#[test]
fn what_cannot_be_seen_or_turns_text_around_is_shown_by_its_number() {
    for text in HOSTILE {
        for page in [html(text), markdown(text)] {
            let is_bad = |c: char| {
                (c.is_control() && !matches!(c, '\n' | '\t'))
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
            };
            assert!(!page.contains(is_bad), "{text:?}");
        }
    }
    assert!(html("a\0").contains("a<span class=\"unseen\">U+0000</span>"));
    assert!(markdown("a\u{202e}").contains("a⟨U+202E⟩"));
}

#[test]
fn recorded_words_keep_their_direction_to_themselves() {
    let text = "שלום";
    assert!(html(text).contains("<bdi>שלום</bdi>"));
    assert!(html(text).contains("<pre dir=\"auto\""));
    assert!(markdown(text).contains("`\u{2068}שלום\u{2069}`"));
}

#[test]
fn markdown_has_the_same_outline_whatever_the_words() {
    let plain = outline(&markdown("x"));
    for text in HOSTILE {
        assert_eq!(outline(&markdown(text)), plain, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_harmless_in_every_file(text in "[\\PC\\x00-\\x1f<>`*_\\[\\]|&\"']{1,60}") {
        // A name of nothing but U+0000 is none.
        prop_assume!(text.contains(|it| it != '\0'));
        let files = derived_files(&hostile(&text).view).unwrap();
        prop_assert_eq!(shape(&files["summary.html"]), shape(&html("x")));
        prop_assert_eq!(outline(&files["summary.md"]), outline(&markdown("x")));
        for (name, file) in &files {
            if name.ends_with(".json") {
                prop_assert!(read_json(file.as_bytes()).is_ok(), "{}", name);
            }
            if name.ends_with(".yaml") {
                prop_assert!(read_yaml(file.as_bytes()).is_ok(), "{}", name);
            }
        }
    }
}

fn html(text: &str) -> String {
    Summary::of(&hostile(text).view).unwrap().to_html()
}

fn markdown(text: &str) -> String {
    Summary::of(&hostile(text).view).unwrap().to_markdown()
}

/// What stands between `<` and `>`.
fn tags(html: &str) -> Vec<&str> {
    let after = html.split('<').skip(1);
    after
        .map(|it| it.split('>').next().unwrap_or_default())
        .collect()
}

/// The tags in order, but those that frame single characters or words without direction.
fn shape(html: &str) -> Vec<String> {
    let mut tags = tags(html);
    let mut framed = 0;
    tags.retain(|tag| {
        if *tag == "span class=\"unseen\"" {
            framed += 1;
            return false;
        }
        if *tag == "/span" && framed > 0 {
            framed -= 1;
            return false;
        }
        true
    });
    tags.into_iter().map(str::to_owned).collect()
}

/// Headings and the beginnings of list items, outside code blocks, as a reader of CommonMark sees them.
fn outline(markdown: &str) -> Vec<String> {
    let mut fence: Option<String> = None;
    let mut found = Vec::new();
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && line == format!("{ticks}text") => {
                fence = Some(ticks);
                found.push("code".to_owned());
            }
            None => found.push(line.split('`').next().unwrap_or_default().to_owned()),
        }
    }
    assert!(fence.is_none(), "a code block is not closed");
    found
}
