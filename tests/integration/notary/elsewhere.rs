//! Signed heads in a second place: an object store, or a folder on another disk.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contextrail::notary::{Frozen, NotaryError};
use contextrail::store::{Archive, ArchiveChoice, ObjectArchive};
use contextrail::trail::{Trail, TrailError, TrailOptions};
use object_store::memory::InMemory;

use super::place::{LONG, record};
use crate::home::{Home, on_both};

struct Place {
    home: Home,
    kept: Arc<dyn Archive>,
}

impl From<Home> for Place {
    fn from(home: Home) -> Self {
        let kept = ObjectArchive::new(Arc::new(InMemory::new()), "loans", "object store");
        Self {
            home,
            kept: Arc::new(kept),
        }
    }
}

impl Place {
    /// One whose heads go into a folder.
    fn in_folder(home: Home) -> Self {
        let kept = home.folder().join("kept");
        fs::create_dir(&kept).unwrap();
        Self {
            kept: Arc::new(ObjectArchive::folder(kept)),
            home,
        }
    }

    async fn open(&self) -> Trail {
        let options = self.home.options().head_place(Arc::clone(&self.kept));
        options.open(&self.home.url()).await.unwrap()
    }

    async fn open_without(&self) -> Trail {
        self.home.options().open(&self.home.url()).await.unwrap()
    }

    async fn fill(&self, numbers: std::ops::RangeInclusive<u64>) {
        let trail = self.open().await;
        for number in numbers {
            record(&trail, number).await.unwrap();
            trail.checkpoint().await.unwrap();
        }
        trail.close().await;
    }

    fn file(&self, end: &str) -> PathBuf {
        let mut name = self.home.base().into_os_string();
        name.push(end);
        name.into()
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.file(from), self.file(to)).unwrap();
    }
}

async fn kept_of(trail: &Trail) -> u64 {
    let place = trail.notary().head_place().await.unwrap();
    assert_eq!(place.away, None);
    place.newest.map_or(0, |head| head.head().size)
}

async fn frozen(trail: &Trail) -> Frozen {
    match record(trail, 99).await {
        Err(TrailError::Frozen(frozen)) => *frozen,
        other => panic!("{other:?}"),
    }
}

/// Why nothing is signed.
async fn not_signed(trail: &Trail) -> String {
    match trail.checkpoint().await {
        Err(TrailError::Notary(error)) => {
            let NotaryError::Elsewhere { place, what, .. } = &*error else {
                panic!("{error}");
            };
            format!("{place}: {what}")
        }
        other => panic!("{other:?}"),
    }
}

async fn every_signed_head_is_there_too(place: Place) {
    place.fill(1..=3).await;
    let trail = place.open().await;
    assert_eq!(kept_of(&trail).await, 3);
    let heads = trail.notary().heads().await;
    assert_eq!(heads.len(), 3);
    let log = trail
        .notary()
        .trail_origin()
        .split('/')
        .nth(1)
        .unwrap()
        .to_owned();
    let folder = format!("heads/{log}/default/0000000001/00000000000/000/000");
    let mut names = place.kept.list(&folder).await.unwrap();
    names.sort();
    let expected: Vec<String> = (1..=3)
        .map(|size| format!("{folder}/{size:020}.head"))
        .collect();
    assert_eq!(names, expected);
    trail.close().await;
}

async fn a_heads_file_that_is_lost_is_told_from_there(place: Place) {
    place.fill(1..=3).await;
    fs::remove_file(place.file(".heads")).unwrap();
    let trail = place.open().await;
    let heads = trail.notary().heads().await;
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].head().size, 3);
    trail.close().await;
    // It is written down again.
    let trail = place.open_without().await;
    assert_eq!(trail.notary().heads().await, heads);
    trail.close().await;
}

async fn while_it_is_away_records_are_taken_and_nothing_is_signed(place: Place) {
    let place = Place::in_folder(place.home);
    place.fill(1..=2).await;
    let (there, gone) = (
        place.home.folder().join("kept"),
        place.home.folder().join("gone"),
    );
    fs::rename(&there, &gone).unwrap();
    let trail = place.open().await;
    record(&trail, 3).await.unwrap();
    let why = not_signed(&trail).await;
    assert!(
        why.contains("cannot be reached") && why.contains("kept"),
        "{why}"
    );
    assert_eq!(trail.notary().heads().await.len(), 2);
    let away = trail.notary().head_place().await.unwrap().away.unwrap();
    assert!(away.contains("nothing is signed"), "{away}");
    // It is signed when the place is back, though nothing more is recorded.
    fs::rename(&gone, &there).unwrap();
    let signed = tokio::time::timeout(LONG, async {
        while trail.notary().heads().await.len() < 3 || kept_of(&trail).await < 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    signed.await.unwrap();
    trail.close().await;
}

async fn a_head_that_could_not_be_put_there_is_put_there_later(place: Place) {
    let place = Place::in_folder(place.home);
    place.fill(1..=2).await;
    let (there, gone) = (
        place.home.folder().join("kept"),
        place.home.folder().join("gone"),
    );
    let trail = place.open().await;
    fs::rename(&there, &gone).unwrap();
    record(&trail, 3).await.unwrap();
    not_signed(&trail).await;
    assert_eq!(
        trail.notary().heads().await.len(),
        3,
        "it is in the heads file"
    );
    fs::rename(&gone, &there).unwrap();
    trail.close().await;
    let trail = place.open().await;
    assert_eq!(kept_of(&trail).await, 3);
    trail.close().await;
}

async fn a_head_there_that_no_key_signed_is_said(place: Place) {
    let place = Place::in_folder(place.home);
    place.fill(1..=1).await;
    let other = Place::in_folder(Home::on_file());
    other.fill(1..=2).await;
    let stranger = other.open().await;
    let line = fs::read_to_string(other.file(".heads")).unwrap();
    let foreign = stranger.notary().trail_origin().to_owned();
    stranger.close().await;
    let trail = place.open_without().await;
    let own = trail.notary().trail_origin().to_owned();
    trail.close().await;
    // The head of another log, under the name of this one.
    let line = line.lines().last().unwrap().replace(&foreign, &own);
    let log = own.split('/').nth(1).unwrap();
    let name = format!(
        "heads/{log}/default/0000000001/00000000000/000/000/{:020}.head",
        2
    );
    place.kept.put(&name, line.into_bytes()).await.unwrap();
    let trail = place.open().await;
    let why = not_signed(&trail).await;
    assert!(why.contains("no key of this trail signed"), "{why}");
    trail.close().await;
}

async fn a_head_of_the_same_size_that_is_there_already_is_not_replaced(place: Place) {
    let place = Place::in_folder(place.home);
    place.fill(1..=1).await;
    let trail = place.open().await;
    let log = trail
        .notary()
        .trail_origin()
        .split('/')
        .nth(1)
        .unwrap()
        .to_owned();
    let folder = format!("heads/{log}/default/0000000001/00000000000/000/000");
    let first = format!("{folder}/{:020}.head", 1);
    let size = place.kept.size(&first).await.unwrap().unwrap();
    let line = place.kept.read(&first, 0..size).await.unwrap();
    let second = format!("{folder}/{:020}.head", 2);
    place.kept.put(&second, line.clone()).await.unwrap();
    record(&trail, 2).await.unwrap();
    let why = not_signed(&trail).await;
    assert!(why.contains("is the head of another log"), "{why}");
    let size = place.kept.size(&second).await.unwrap().unwrap();
    assert_eq!(place.kept.read(&second, 0..size).await.unwrap(), line);
    trail.close().await;
}

on_both!([
    every_signed_head_is_there_too,
    a_heads_file_that_is_lost_is_told_from_there,
    while_it_is_away_records_are_taken_and_nothing_is_signed,
    a_head_that_could_not_be_put_there_is_put_there_later,
    a_head_there_that_no_key_signed_is_said,
    a_head_of_the_same_size_that_is_there_already_is_not_replaced,
]);

/// Five entries, of whose first three there is a copy, with the heads of its time or without any.
async fn gone_back(with_heads: bool) -> Place {
    let place = Place::from(Home::on_file());
    place.fill(1..=3).await;
    for end in ["", ".heads"] {
        place.copy(end, &format!("{end}.old"));
    }
    place.fill(4..=5).await;
    place.copy(".old", "");
    if with_heads {
        place.copy(".heads.old", ".heads");
    } else {
        fs::remove_file(place.file(".heads")).unwrap();
    }
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_everything_on_the_machine_is_frozen() {
    for with_heads in [true, false] {
        let place = gone_back(with_heads).await;
        let trail = place.open().await;
        let frozen = frozen(&trail).await;
        assert_eq!((frozen.known.size, frozen.found.size), (5, 3));
        let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
        assert!(
            !verified.ok,
            "verification holds the log against it as well"
        );
        trail.close().await;
        // Without the place nothing can tell.
        let trail = place
            .home
            .options()
            .open_for_reading(&place.home.url())
            .await
            .unwrap();
        let standing = trail.notary().standing().await.unwrap();
        // The signer has written down what it learnt.
        assert_eq!(standing.frozen.map(|it| it.known.size), Some(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_frozen_however_long_it_has_become() {
    for last in [4, 5, 8] {
        let place = gone_back(true).await;
        let trail = place.open_without().await;
        for number in 11..=last + 7 {
            record(&trail, number).await.unwrap();
        }
        trail.close().await;
        let trail = place.open().await;
        let frozen = frozen(&trail).await;
        assert_eq!(
            (frozen.known.size, frozen.found.size),
            (5, last),
            "{frozen}"
        );
        trail.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_goes_on_there() {
    let place = gone_back(true).await;
    let trail = place.open().await;
    frozen(&trail).await;
    let people = super::rollback::approvers();
    trail
        .succeed("a backup is all that is left", people)
        .await
        .unwrap();
    trail.close().await;
    let trail = place.open().await;
    assert!(trail.notary().frozen().is_none());
    record(&trail, 6).await.unwrap();
    trail.checkpoint().await.unwrap();
    let place = trail.notary().head_place().await.unwrap();
    let newest = place.newest.unwrap();
    assert!(
        newest
            .checkpoint
            .checkpoint()
            .origin()
            .ends_with("/default/2")
    );
    assert_eq!(newest.head().size, 5);
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn whoever_takes_over_asks_before_it_signs() {
    let place = Place::from(Home::on_server().await);
    let one = place.open().await;
    let two = place.open().await;
    record(&one, 1).await.unwrap();
    one.checkpoint().await.unwrap();
    one.close().await;
    record(&two, 2).await.unwrap();
    two.checkpoint().await.unwrap();
    assert!(two.notary().signs().await);
    assert_eq!(kept_of(&two).await, 2);
    two.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_beside_the_trail_names_it() {
    let home = Home::on_file();
    let named = ArchiveChoice::of_heads_beside(&home.base());
    fs::create_dir(home.folder().join("other disk")).unwrap();
    fs::write(&named, "# heads\nfolder other disk\n").unwrap();
    let trail = TrailOptions::new().open(&home.url()).await.unwrap();
    record(&trail, 1).await.unwrap();
    trail.checkpoint().await.unwrap();
    assert_eq!(kept_of(&trail).await, 1);
    trail.close().await;
    let reader = TrailOptions::new()
        .open_for_reading(&home.url())
        .await
        .unwrap();
    assert_eq!(kept_of(&reader).await, 1);
    drop(reader);

    fs::write(&named, "bucket loans\n").unwrap();
    let error = TrailOptions::new().open(&home.url()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 1: expected `folder PATH` or `bucket s3://BUCKET/PREFIX`"),
        "{error}"
    );
}
