//! Items, templates, and what the application gets of the assembly.

use std::sync::Arc;

use contextrail::assembly::{Budget, Tokenizer, TokenizerError};
use contextrail::capture::{BoxError, CaptureError, Document, Template};
use contextrail::record::{
    Class, Completeness, ContextStatus, FeatureStatus, ItemKind, Overflow, Role, Verdict,
};

use super::feature::Features;
use super::sink::KeptDrafts;
use super::{entity, loan, only};

static PROMPT: Template = Template::new("loan_prompt", "1.3.0", "You assist. {{rules}}");
static FIXED: Template = Template::new("fixed", "1", "You assist.");

#[tokio::test]
async fn the_text_is_what_is_recorded() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).template(&PROMPT).begin();
    cx.feature("credit_score", "user_456")
        .fetch(&Features)
        .await
        .unwrap();
    cx.variable("rules", "Be fair.");
    cx.template_item().role(Role::System).required().priority(0);
    cx.feature_item("credit_score").required();
    cx.turn(Role::User, "May I?").overflow(Overflow::DropOldest);
    cx.item("note", "Answer briefly.").kind(ItemKind::Text);
    let context = cx.assemble().await.unwrap();

    let text = "You assist. Be fair.\n\ncredit_score: 720\n\nMay I?\n\nAnswer briefly.";
    assert_eq!(context.text(), text);
    assert_eq!(
        context.messages(),
        [
            (Role::System, "You assist. Be fair."),
            (Role::User, "credit_score: 720\n\nMay I?\n\nAnswer briefly."),
        ]
    );
    assert_eq!(context.entities(), [entity("applicant:user_456")]);
    let draft = sink.drafts().remove(0);
    assert_eq!(draft.texts.text.as_deref(), Some(text));
    assert_eq!(
        draft.texts.template.as_deref(),
        Some("You assist. {{rules}}")
    );
    let owner = draft.texts.items[1].owner.clone();
    assert_eq!(owner, Some(entity("applicant:user_456")));
    let record = only(&sink);
    assert_eq!(record.status, ContextStatus::Sealed);
    let items = record.assembly.unwrap().items;
    assert_eq!(
        items[0].reference.as_ref().unwrap().as_str(),
        "loan_prompt@1.3.0"
    );
    assert_eq!(context.receipt().id, context.id().into());
}

#[tokio::test]
async fn a_template_without_variables_is_shared_and_one_with_is_personal() {
    for (template, class) in [(&FIXED, Class::Confidential), (&PROMPT, Class::Personal)] {
        let sink = KeptDrafts::open();
        let mut cx = loan(&sink)
            .template(template)
            .variable("rules", "x")
            .begin();
        cx.template_item();
        cx.assemble().await.unwrap();
        assert_eq!(sink.drafts()[0].texts.items[0].class, class);
    }
}

#[tokio::test]
async fn a_missing_variable_fails_the_assembly() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).template(&PROMPT).begin();
    cx.template_item();
    let error = cx.assemble().await.unwrap_err();
    assert!(matches!(error, CaptureError::Template { .. }));
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Failed);
    let note = context.error.unwrap();
    assert_eq!(note.code.as_str(), "template");
    assert!(note.message.contains("rules"));
}

#[tokio::test]
async fn an_item_of_a_feature_that_was_not_fetched_fails_the_assembly() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    cx.feature_item("income");
    let error = cx.assemble().await.unwrap_err();
    assert!(matches!(error, CaptureError::Reference { .. }));
    assert_eq!(
        only(&sink).error.unwrap().code.as_str(),
        "unknown_reference"
    );
}

#[tokio::test]
async fn an_item_of_a_feature_whose_fetch_gave_no_value_fails_the_assembly() {
    for (name, status) in [
        ("down", FeatureStatus::Failed),
        ("age", FeatureStatus::Missing),
    ] {
        let sink = KeptDrafts::open();
        let mut cx = loan(&sink).begin();
        let fetch = cx.feature(name, "user_456").optional();
        assert_eq!(fetch.fetch(&Features).await.is_err(), name == "down");
        cx.item("note", "Decide.");
        cx.feature_item(name);
        let error = cx.assemble().await.unwrap_err();
        assert!(
            matches!(&error, CaptureError::NoValue { path, status: found, id: Some(_), .. }
                if path == "items[1]" && *found == status),
            "{error}"
        );
        let context = only(&sink);
        assert_eq!(context.status, ContextStatus::Failed);
        assert_eq!(context.error.unwrap().code.as_str(), "no_value");
    }
}

#[tokio::test]
async fn a_text_that_goes_by_the_name_of_a_document_is_the_text_retrieved() {
    for (text, is_refused) in [("Adults only.", false), ("Everybody.", true)] {
        let sink = KeptDrafts::open();
        let mut cx = loan(&sink).begin();
        cx.retrieve("policy_docs", "eligibility")
            .run_with(
                async |_| Ok::<_, BoxError>(vec!["Adults only."]),
                |text: &&str| Document::new("d", *text),
            )
            .await
            .unwrap();
        cx.item("d", text).kind(ItemKind::Document);
        match cx.assemble().await {
            Ok(context) => assert!(!is_refused && context.text() == text),
            Err(error) => assert!(
                is_refused && matches!(error, CaptureError::OtherText { .. }),
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn features_of_several_entities_are_told_apart_by_the_entity() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    for id in ["user_456", "bank:b1"] {
        cx.feature("segment", id).fetch(&Features).await.unwrap();
    }
    cx.feature_item("segment@bank:b1");
    assert_eq!(cx.assemble().await.unwrap().text(), "segment: seg-1");

    let mut cx = loan(&sink).begin();
    for id in ["user_456", "bank:b1"] {
        cx.feature("segment", id).fetch(&Features).await.unwrap();
    }
    cx.feature_item("segment");
    assert!(matches!(
        cx.assemble().await,
        Err(CaptureError::Reference { .. })
    ));
}

#[tokio::test]
async fn another_budget_can_be_tried_before_and_after() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    cx.item("a", "one two three").required();
    cx.item("b", "four five six seven eight nine ten");
    let small = Budget::tokens(5);
    let before = cx.what_if(&small).unwrap();
    assert_eq!(before.record.items[1].verdict, Verdict::Dropped);
    let context = cx.assemble().await.unwrap();
    assert_eq!(context.assembly().items[1].verdict, Verdict::Included);
    assert_eq!(context.what_if(&small).unwrap(), before);
    let other = context
        .what_if(&Budget::tokens(50).tokenizer("cl100k_base"))
        .unwrap();
    assert_eq!(other.record.tokenizer.name.as_str(), "cl100k_base");
    assert_eq!(sink.drafts().len(), 1);
}

#[tokio::test]
async fn what_nobody_watched_is_told_from_what_did_not_happen() {
    use contextrail::record::Section;
    let sink = KeptDrafts::open();
    let cx = loan(&sink).declare(Section::Tools).begin();
    cx.assemble().await.unwrap();
    let sections = only(&sink).capture.sections;
    assert_eq!(sections.tools, Completeness::Complete);
    assert_eq!(sections.guardrails, Completeness::NotCaptured);
    assert_eq!(sections.assembly, Completeness::Complete);
}

#[tokio::test]
async fn much_text_is_assembled_like_little() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    cx.item("novel", "word ".repeat(60_000));
    cx.item("note", "Decide.");
    assert_eq!(cx.assemble().await.unwrap().text(), "Decide.");
}

/// Counts the characters.
#[derive(Debug)]
struct Characters;

impl Tokenizer for Characters {
    fn name(&self) -> &'static str {
        "characters"
    }

    fn engine(&self) -> &'static str {
        "own 1"
    }

    fn count(&self, text: &str) -> Result<u64, TokenizerError> {
        Ok(text.chars().count() as u64)
    }

    fn token_lengths(&self, text: &str) -> Result<Vec<usize>, TokenizerError> {
        Ok(text.chars().map(char::len_utf8).collect())
    }
}

#[tokio::test]
async fn an_own_tokenizer_counts_cuts_and_is_named() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink)
        .tokenizer(Arc::new(Characters))
        .budget(Budget::tokens(10))
        .begin();
    cx.item("a", "naïve").required();
    cx.item("b", "dropped").overflow(Overflow::KeepHead);
    let context = cx.assemble().await.unwrap();
    assert_eq!(context.text(), "naïve\n\ndro");
    let assembly = only(&sink).assembly.unwrap();
    assert_eq!(assembly.tokenizer.name.as_str(), "characters");
    assert_eq!(assembly.tokenizer.engine.as_str(), "own 1");
    assert_eq!(assembly.budget.used, 10);
    assert_eq!(
        (assembly.items[1].tokens, assembly.items[1].used_tokens),
        (7, 3)
    );
}
