//! One suite that judges every store.

mod cases;
mod finding;
mod moving;
mod removing;

use std::sync::Arc;

use contextrail::store::{Access, MemoryStore, PostgresStore, SqliteStore, Store};

use super::postgres::cluster::Cluster;
use super::sample::trail_id;

/// A store, and the folder it lives in.
struct Opened {
    store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

async fn in_memory() -> Opened {
    Opened {
        store: Arc::new(MemoryStore::new(trail_id())),
        _folder: None,
    }
}

async fn on_sqlite() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let fresh = trail_id();
    Opened {
        store: Arc::new(
            SqliteStore::open(&path, Access::Write, fresh)
                .await
                .unwrap(),
        ),
        _folder: Some(folder),
    }
}

async fn on_sqlite_in_memory() -> Opened {
    let fresh = trail_id();
    Opened {
        store: Arc::new(SqliteStore::in_memory(fresh).await.unwrap()),
        _folder: None,
    }
}

async fn on_postgres() -> Opened {
    let place = Cluster::shared().new_place().await;
    Opened {
        store: Arc::new(PostgresStore::open(&place, Access::Write).await.unwrap()),
        _folder: None,
    }
}

macro_rules! store_suite {
    ($($(#[$meta:meta])? $backend:ident: $open:path),+ ; [$($module:ident::$case:ident),+ $(,)?]) => {
        store_suite!(@each [$($(#[$meta])? $backend: $open),+] [$($module::$case),+]);
    };
    (@each [$(#[$meta:meta])? $backend:ident: $open:path $(, $($more:tt)*)?] $cases:tt) => {
        store_suite!(@mount [$(#[$meta])?] $backend $open, $cases);
        store_suite!(@each [$($($more)*)?] $cases);
    };
    (@each [] $cases:tt) => {};
    (@mount $meta:tt $backend:ident $open:path, [$($module:ident::$case:ident),+]) => {
        mod $backend {
            $(store_suite!(@case $meta $open, $module $case);)+
        }
    };
    (@case [$(#[$meta:meta])?] $open:path, $module:ident $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$meta])?
        async fn $case() {
            let opened = $open().await;
            super::$module::$case(std::sync::Arc::clone(&opened.store)).await;
            opened.store.close().await;
        }
    };
}

store_suite! {
    memory: super::in_memory,
    sqlite: super::on_sqlite,
    sqlite_memory: super::on_sqlite_in_memory,
    #[ignore = "needs PostgreSQL"] postgres: super::on_postgres;
    [
        cases::indexes_are_contiguous_under_40_appenders,
        cases::a_batch_is_placed_in_its_order,
        cases::an_id_that_is_there_gives_back_the_first_entry,
        cases::an_id_twice_in_one_batch_is_stored_once,
        cases::an_empty_batch_changes_nothing,
        cases::the_tree_is_that_of_the_entries,
        cases::what_was_appended_verifies,
        cases::a_rebuilt_store_verifies,
        cases::records_are_read_back_in_the_order_asked_for,
        cases::an_index_without_a_record_is_left_out,
        cases::entries_hold_the_time_of_the_append_and_the_references,
        cases::texts_come_back_by_digest,
        cases::a_text_of_a_record_that_was_there_is_not_taken_for_stored,
        cases::tenants_never_see_each_other,
        cases::two_tenants_may_store_one_text,
        cases::status_counts_what_is_there,
        cases::an_empty_store_answers_everything_with_nothing,
        cases::keys_are_paged_and_counted,
        cases::a_change_of_keys_is_made_as_a_whole,
        cases::a_closed_store_takes_nothing_it_would_lose,
    moving::stubs_take_the_place_of_what_was_read_or_nothing_changes, moving::what_is_in_the_archive_verifies_with_it_and_counts_without, removing::many_values_are_taken_away_and_no_others, removing::nothing_is_taken_away_once_a_hold_has_come, removing::values_are_taken_away_as_a_whole_with_the_record_of_it,
        finding::ids_are_located_by_prefix_lowest_first,
        finding::records_are_found_by_key,
        finding::records_are_found_by_a_range_of_keys,
        finding::every_key_given_has_to_fit,
        finding::records_are_found_by_kind,
        finding::time_bounds_include_the_first_and_exclude_the_last,
        finding::newest_come_first_up_to_the_limit_and_before_an_index,
        finding::nothing_is_missed_across_bucket_borders,
    ]
}
