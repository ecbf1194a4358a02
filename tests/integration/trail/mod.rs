//! The trail as applications use it.

mod bare;
mod cases;
mod crash;
mod difference;
mod difference_random;
mod file;
mod finding;
mod finding_model;
mod forged;
mod guard;
mod hold;
mod hold_model;
mod retention;
mod spool;
mod tamper;
mod transfer;
mod used;
mod whole_file;

use std::path::Path;
use std::sync::Arc;

use contextrail::record::{ContextId, DecisionId, Draft, ManualClock, RecordId, SequentialIds};
use contextrail::trail::{Trail, TrailOptions};
use serde_json::{Value, json};

use super::postgres::cluster::Cluster;
use super::sample::{assembled, context, decision, id, time};

/// A trail, and the folder it lives in.
struct Opened {
    trail: Trail,
    _folder: Option<tempfile::TempDir>,
}

fn options() -> TrailOptions {
    TrailOptions::new()
        .clock(Arc::new(ManualClock::new(time(1_000))))
        .ids(Arc::new(SequentialIds::default()))
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

async fn in_memory() -> Opened {
    Opened {
        trail: options().open_in_memory().await.unwrap(),
        _folder: None,
    }
}

async fn on_file() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let trail = options()
        .open(&url(&folder.path().join("trail.db")))
        .await
        .unwrap();
    Opened {
        trail,
        _folder: Some(folder),
    }
}

/// On a server, with a folder for what is kept outside of it.
async fn on_server() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let url = Cluster::shared().url(&Cluster::new_schema());
    let options = || options().state(folder.path());
    options().migrate(&url).await.unwrap();
    Opened {
        trail: options().open(&url).await.unwrap(),
        _folder: Some(folder),
    }
}

/// Records a context with the members `more`.
async fn record(trail: &Trail, number: u64, more: Value) -> RecordId {
    let draft = Draft::new(id(number), context(more));
    trail.record(draft).await.unwrap().id
}

/// A context about `whom` with one personal and one shared text.
fn with_texts(number: u64, whom: &str, texts: &[(&str, contextrail::record::Class)]) -> Draft {
    let (assembly, texts) = assembled(texts);
    let (kind, of) = whom.split_once(':').unwrap();
    let entities = json!([{"type": kind, "id": of}]);
    let body = context(json!({"assembly": assembly, "entities": entities}));
    let mut draft = Draft::new(id(number), body);
    draft.texts = texts;
    draft
}

async fn decide(trail: &Trail, context: RecordId, outcome: &str) -> DecisionId {
    let decided = trail
        .decide("loan_application", "12345")
        .outcome(outcome)
        .from_context_id(ContextId::from(context))
        .commit();
    decided.await.unwrap().id()
}

/// A decision on contexts that may not be there.
fn deciding(number: u64, contexts: &[RecordId]) -> Draft {
    Draft::new(id(number), decision(json!({"contexts": contexts})))
}

macro_rules! trail_suite {
    ([$($module:ident::$case:ident),+ $(,)?]) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let opened = super::in_memory().await;
                    super::$module::$case(opened.trail.clone()).await;
                    opened.trail.close().await;
                }
            )+
        }
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let opened = super::on_file().await;
                    super::$module::$case(opened.trail.clone()).await;
                    opened.trail.close().await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs PostgreSQL"]
                async fn $case() {
                    let opened = super::on_server().await;
                    super::$module::$case(opened.trail.clone()).await;
                    opened.trail.close().await;
                }
            )+
        }
    };
}

trail_suite! {[
    cases::a_record_is_read_back_as_it_was_recorded,
    cases::the_same_record_twice_gives_the_same_receipt,
    cases::the_same_id_with_other_content_is_a_conflict_and_the_first_stays,
    cases::a_decision_naming_an_unknown_context_is_refused,
    cases::a_record_named_as_what_it_is_not_is_refused,
    cases::a_decision_takes_over_the_entities_of_its_contexts,
    cases::an_answer_becomes_a_generation_of_its_own,
    cases::an_override_makes_a_review_and_a_decision,
    cases::an_outcome_follows_its_decision,
    cases::dropping_the_future_after_one_poll_still_records,
    cases::a_submitted_draft_is_recorded,
    cases::the_text_is_rendered_again,
    cases::nasty_texts_are_given_back_verbatim,
    finding::history_is_in_the_order_of_time,
    finding::an_entity_only_in_a_feature_has_a_history,
    finding::contexts_are_found_by_every_filter,
    finding::pages_go_on_behind_a_record,
    finding::used_finds_contexts_and_their_decisions,
    used::an_old_context_may_have_led_to_the_newest_decision,
    used::pages_of_any_size_are_the_whole_list_cut_up,
    used::what_is_rare_is_found_behind_many_decisions,
    used::a_decision_that_names_a_context_as_its_cause_alone_does_not_rest_on_it,
    finding::prefixes_are_resolved_or_say_why_not,
    hold::a_hold_covers_all_that_belongs_to_its_decision,
    hold::a_hold_covers_an_entity_and_a_business_key,
    hold::a_hold_covers_what_fits_its_query_now_and_later,
    hold::a_hold_on_what_is_not_there_is_refused,
    hold::two_people_release_a_hold,
    hold::a_release_that_one_person_approved_ends_nothing_however_it_came_in,
    hold::another_policy_moves_the_dates_of_what_exists,
    hold::a_version_of_a_policy_never_changes,
    hold::nothing_is_wrong_with_a_trail_that_has_holds,
    retention::what_is_due_loses_its_values_and_a_record_says_so,
    retention::what_belongs_to_a_record_goes_with_it,
    retention::holds_and_the_floor_of_a_decision_keep_what_is_due,
    retention::what_records_add_up_to_is_kept,
    retention::what_is_not_to_be_erased_here_is_left,
    retention::only_the_policy_in_force_is_carried_out_and_not_ahead_of_time,
    retention::whoever_expired_altogether_is_erased_with_their_key,
    retention::a_record_that_says_too_much_is_found,
    retention::writers_and_holds_come_in_between,
    transfer::what_is_exported_imports_to_the_same,
    transfer::importing_twice_changes_nothing,
    transfer::an_altered_text_is_refused,
    transfer::a_record_imported_without_texts_says_so,
    bare::nothing_is_wrong_with_an_import_without_texts,
    bare::nothing_is_wrong_with_an_import_without_seeds,
    bare::nothing_is_wrong_with_an_import_that_lacks_one_text,
    bare::nothing_is_wrong_with_a_whole_import,
    bare::a_text_that_only_a_seed_without_a_slot_fits_is_refused,
    bare::a_result_that_is_no_item_has_a_digest_and_no_text,
    whole_file::two_records_with_one_id_leave_nothing_behind,
    whole_file::a_record_that_differs_from_the_one_there_leaves_nothing_behind,
    whole_file::a_decision_without_its_context_leaves_nothing_behind,
    whole_file::a_whole_copy_of_a_bare_record_is_told_what_it_is,
    whole_file::a_bare_copy_of_a_whole_record_is_there_already,
    whole_file::an_import_that_stops_says_how_far_it_came,
    difference::contexts_that_say_the_same_do_not_differ,
    difference::changes_are_named_by_what_they_mean,
    difference::one_and_true_differ,
    difference::documents_come_go_and_move,
]}
