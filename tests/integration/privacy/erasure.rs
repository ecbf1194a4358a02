//! Erasure: nothing is left of whoever is erased, and every proof holds.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::log::{Quorum, VerifierKey};
use contextrail::record::{
    Actor, ActorKind, ActorMethod, Body, Class, Draft, EntityRef, Hold, HoldTarget, RecordId,
};
use contextrail::seal::{Seed, entry_hash};
use contextrail::trail::{Evidence, Trail, TrailError, TrailOptions, leftovers_in_file};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::home::{Home, on_both};
use crate::sample::{assembled, context, decision, entity, id};

struct Place(Home);

impl From<Home> for Place {
    fn from(home: Home) -> Self {
        Self(home)
    }
}

impl Place {
    fn new() -> Self {
        Home::on_file().into()
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.0.base().into_os_string();
        path.push(end);
        path.into()
    }

    async fn open(&self) -> Trail {
        let options = self.0.options().evidence(Evidence::Required);
        options.open(&self.0.url()).await.unwrap()
    }

    /// Copies the database and what goes with it, keys and journal aside.
    fn save(&self) {
        for end in ["", ".heads"] {
            fs::copy(self.beside(end), self.beside(&format!("{end}.old"))).unwrap();
        }
    }

    fn restore(&self, ends: &[&str]) {
        for end in ends {
            fs::copy(self.beside(&format!("{end}.old")), self.beside(end)).unwrap();
        }
    }

    /// The files that hold any of `words`.
    fn holding(&self, words: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for file in fs::read_dir(self.0.folder()).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let held = words.iter().find(|word| holds(&bytes, word.as_bytes()));
            found.extend(held.map(|word| format!("{word} in {}", path.display())));
        }
        found
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

pub(super) fn approver(name: &str) -> Actor {
    Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

fn approvers() -> Vec<Actor> {
    vec![approver("anna"), approver("ben")]
}

/// What stands for one person in everything that is recorded about them.
fn canary(number: u64) -> String {
    format!(
        "canary-{number:04}-{:016x}",
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

fn whom(number: u64) -> EntityRef {
    entity(&format!("applicant:user-{}", canary(number)))
}

/// A context about a person, with a value of theirs in every place there is for one.
fn about(number: u64) -> Draft {
    let (word, whom) = (canary(number), whom(number));
    let text = format!("{word} asks for a loan");
    let (assembly, texts) = assembled(&[
        ("Shared policy", Class::Confidential),
        (&text, Class::Personal),
    ]);
    let mut draft = Draft::new(
        id(number),
        context(json!({
            "entities": [whom],
            "inputs": {"name": word, "nested": [{"deep": word}]},
            "features": [{"name": "income", "entity": whom.to_string(), "value": word,
                          "source": "compute", "status": "ok",
                          "fetched_at": crate::sample::time(0)}],
            "assembly": assembly,
        })),
    );
    draft.texts = texts;
    draft
}

fn decided(number: u64) -> Draft {
    let word = canary(number);
    Draft::new(
        id(100_000 + number),
        decision(json!({
            "contexts": [id(number)],
            "subject": {"type": "loan", "id": word},
            "outcome": word,
            "reasons": [{"code": "R1", "text": word}],
        })),
    )
}

async fn fill(trail: &Trail, numbers: std::ops::Range<u64>) {
    for number in numbers {
        trail.record(about(number)).await.unwrap();
        trail.record(decided(number)).await.unwrap();
    }
}

async fn findings(trail: &Trail) -> Vec<contextrail::trail::Verified> {
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    (!verified.ok).then_some(verified).into_iter().collect()
}

async fn two_hundred_people_are_erased_and_are_in_no_file(place: Place) {
    let trail = place.open().await;
    fill(&trail, 0..220).await;
    // Nothing of anybody is in the clear even before.
    let all: Vec<String> = (0..220).map(canary).collect();
    trail.settle().await.unwrap();
    assert_eq!(place.holding(&all[..20]), Vec::<String>::new());
    let seen = trail.read(id(7)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(seen.record())
            .unwrap()
            .contains(&canary(7))
    );

    for number in 0..200 {
        let erased = trail
            .erase(&whom(number), "on request", approvers())
            .await
            .unwrap();
        let Body::Erasure(erasure) = &erased.record.body else {
            panic!("{:?}", erased.record);
        };
        assert_eq!((erasure.slots.len(), erasure.keys), (2, 1));
        let keys = trail.notary().verifier_keys().await.unwrap();
        let quorum = Quorum::default();
        let proven = erased.proof.verify(
            &entry_hash(&entry_of(&trail, erased.receipt.id).await),
            &keys,
            &quorum,
        );
        assert!(proven.is_ok(), "{proven:?}");
    }
    assert_eq!(findings(&trail).await, []);
    assert_eq!(trail.leftovers(&whom(7)).await.unwrap(), []);
    let gone = trail.read(id(7)).await.unwrap().unwrap();
    assert!(
        !serde_json::to_string(gone.record())
            .unwrap()
            .contains("canary")
    );
    assert!(
        gone.withheld()
            .iter()
            .any(|it| it.path == "/features/0/value")
    );
    assert_eq!(gone.why_withheld("/features/0/value"), "erased");
    assert!(trail.history(&whom(7)).await.unwrap().is_empty());
    let kept = trail.read(id(210)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(kept.record())
            .unwrap()
            .contains(&canary(210))
    );
    assert_eq!(trail.history(&whom(210)).await.unwrap().len(), 2);
    trail.close().await;
    assert_eq!(place.holding(&all), Vec::<String>::new());
    for file in fs::read_dir(place.0.folder()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(leftovers_in_file(&path, &whom(7)).unwrap(), []);
    }
}

async fn entry_of(trail: &Trail, id: RecordId) -> Vec<u8> {
    trail.read(id).await.unwrap().unwrap().entry().to_vec()
}

async fn proofs_made_before_hold_after(place: Place) {
    let trail = place.open().await;
    fill(&trail, 1..4).await;
    let stored = trail.read(id(2)).await.unwrap().unwrap();
    let (proof, entry) = (trail.prove(&stored).await.unwrap(), stored.entry().to_vec());
    trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    let keys: Vec<VerifierKey> = trail.notary().verifier_keys().await.unwrap();
    assert!(
        proof
            .verify(&entry_hash(&entry), &keys, &Quorum::default())
            .is_ok()
    );
    let after = trail.read(id(2)).await.unwrap().unwrap();
    assert_eq!(after.entry(), entry);
    // The lookup tables are made anew to the same, without those who are gone.
    trail.rebuild().await.unwrap();
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

async fn what_names_two_people_goes_with_either_and_what_is_of_one_stays(place: Place) {
    let trail = place.open().await;
    let both = [whom(1), whom(2)];
    let feature = |whom: &EntityRef, value: &str| {
        json!({"name": "income", "entity": whom.to_string(), "value": value, "source": "compute",
               "status": "ok", "fetched_at": crate::sample::time(0)})
    };
    let body = context(json!({
        "entities": both,
        "inputs": {"letter": "both of them"},
        "features": [feature(&both[0], "one"), feature(&both[1], "two")],
    }));
    trail.record(Draft::new(id(1), body)).await.unwrap();
    let plan = trail.erasure_plan(&both[0]).await.unwrap();
    assert_eq!(plan.records[0].others, [whom(2)]);
    assert!(
        plan.records[0]
            .paths
            .iter()
            .any(|path| path == "/inputs/letter")
    );
    trail
        .erase(&both[0], "on request", approvers())
        .await
        .unwrap();
    let left = trail.read(id(1)).await.unwrap().unwrap();
    let left = serde_json::to_value(left.record()).unwrap();
    assert_eq!(left["features"][1]["value"], "two");
    assert!(left["features"][0].get("value").is_none());
    assert_eq!(left["inputs"]["letter"], contextrail::seal::WITHHELD);
    assert_eq!(trail.history(&both[1]).await.unwrap().len(), 1);
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

#[tokio::test]
async fn whoever_asks_does_not_approve_and_nobody_approves_twice() {
    let trail = TrailOptions::new()
        .actor(approver("carl"))
        .open_in_memory()
        .await
        .unwrap();
    fill(&trail, 1..2).await;
    for names in [
        vec!["anna"],
        vec!["anna", "ANNA"],
        vec!["anna", " Anna "],
        vec!["anna", "carl"],
        vec!["anna", "ben", "Ben"],
    ] {
        let approved = names.iter().map(|name| approver(name)).collect();
        let refused = trail.erase(&whom(1), "x", approved).await;
        assert!(
            matches!(refused, Err(TrailError::Approvers(_))),
            "{names:?}"
        );
    }
    assert!(matches!(
        trail.erase(&whom(9), "x", approvers()).await,
        Err(TrailError::NothingHeld(_))
    ));
    let erased = trail.erase(&whom(1), "x", approvers()).await.unwrap();
    match trail.erase(&whom(1), "x", approvers()).await {
        Err(TrailError::Erased { id, by, .. }) => {
            assert_eq!((id, by.as_str()), (erased.receipt.id, "carl"));
        }
        other => panic!("{other:?}"),
    }
    // Whoever comes back is somebody new.
    trail.record(about(1_001)).await.unwrap();
    let draft = Draft::new(
        id(5),
        context(json!({"entities": [whom(1)], "inputs": {"a": 1}})),
    );
    trail.record(draft).await.unwrap();
    assert_eq!(trail.history(&whom(1)).await.unwrap().len(), 1);
    let read = trail.read(id(5)).await.unwrap().unwrap();
    assert!(read.withheld().is_empty());
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

/// What is recorded of somebody again is under a key that is stored.
async fn whoever_comes_back_after_an_erasure_is_read_when_the_trail_is_next_opened(place: Place) {
    let trail = place.open().await;
    fill(&trail, 1..3).await;
    trail
        .erase(&whom(1), "on request", approvers())
        .await
        .unwrap();
    let again = json!({"entities": [whom(1)], "inputs": {"name": "somebody new"}});
    trail
        .record(Draft::new(id(50), context(again)))
        .await
        .unwrap();
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
    let trail = place.open().await;
    assert_eq!(findings(&trail).await, []);
    let read = trail.read(id(50)).await.unwrap().unwrap();
    assert!(read.withheld().is_empty());
    trail.close().await;
}

#[tokio::test]
async fn an_erasure_that_was_promised_is_done_when_the_trail_is_next_opened() {
    let place = Place::new();
    let trail = place.open().await;
    fill(&trail, 1..4).await;
    trail.close().await;
    place.save();
    let trail = place.open().await;
    let erased = trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    trail.close().await;
    // As if the process had died between the promise and the deed.
    place.restore(&["", ".heads"]);
    let trail = place.open().await;
    let again = trail.read(erased.receipt.id).await.unwrap().unwrap();
    let (Body::Erasure(then), Body::Erasure(now)) = (&erased.record.body, &again.record().body)
    else {
        panic!("{again:?}");
    };
    assert_eq!(then, now);
    assert_eq!(
        trail
            .read(id(2))
            .await
            .unwrap()
            .unwrap()
            .why_withheld("/inputs/name"),
        "erased"
    );
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

#[tokio::test]
async fn whoever_was_erased_is_not_read_from_a_restored_database() {
    let place = Place::new();
    let trail = place.open().await;
    fill(&trail, 1..4).await;
    trail.close().await;
    place.save();
    let trail = place.open().await;
    trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    trail.close().await;
    place.restore(&[""]);
    // The older copy is frozen, and read without those who were erased since.
    let trail = place.open().await;
    assert!(trail.notary().frozen().is_some());
    let shown = trail.read(id(2)).await.unwrap().unwrap();
    assert!(
        !serde_json::to_string(shown.record())
            .unwrap()
            .contains("canary")
    );
    let other = trail.read(id(3)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(other.record())
            .unwrap()
            .contains(&canary(3))
    );
    trail.succeed("restored", approvers()).await.unwrap();
    trail.close().await;
    let trail = place.open().await;
    assert_eq!(
        trail
            .read(id(2))
            .await
            .unwrap()
            .unwrap()
            .why_withheld("/inputs/name"),
        "erased"
    );
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

async fn what_is_recorded_during_an_erasure_is_erased_or_is_there(place: Place) {
    let trail = place.open().await;
    trail.record(about(1)).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let trail = trail.clone();
        writers.spawn(async move {
            for number in 0..25 {
                let mut draft = about(1);
                draft.id = id(1_000 + 100 * writer + number);
                trail.record(draft).await.unwrap();
            }
        });
    }
    for _ in 0..3 {
        match trail.erase(&whom(1), "on request", approvers()).await {
            // With writers that never pause it is finished when the trail is next opened.
            Ok(_) | Err(TrailError::Erased { .. } | TrailError::Incomplete(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    writers.join_all().await;
    let last = trail.erase(&whom(1), "on request", approvers()).await;
    assert!(matches!(last, Ok(_) | Err(TrailError::Erased { .. })));
    let mut afterwards = about(1);
    afterwards.id = id(900);
    trail.record(afterwards).await.unwrap();
    let stored = trail.read(id(900)).await.unwrap().unwrap();
    let text = serde_json::to_string(stored.record()).unwrap();
    assert!(text.contains(&canary(1)), "{text}");
    for number in 0..8 {
        for at in 0..25 {
            let stored = trail.read(id(1_000 + 100 * number + at)).await.unwrap();
            let stored = stored.unwrap();
            let text = serde_json::to_string(stored.record()).unwrap();
            assert!(
                text.contains(&canary(1)) || stored.why_withheld("/inputs/name") == "erased",
                "{text}"
            );
        }
    }
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

#[tokio::test]
async fn a_copy_from_before_the_key_was_replaced_is_not_read_either() {
    let place = Place::new();
    let trail = place.open().await;
    fill(&trail, 1..4).await;
    let mut undecided = about(2);
    undecided.id = id(7_001);
    trail.record(undecided).await.unwrap();
    trail.close().await;
    place.save();
    let trail = place.open().await;
    // Twice: what the first leaves is held, and lies under another key that the copy does not have.
    let hold = trail
        .place_hold(Hold {
            matter: "LIT-7".parse().unwrap(),
            target: HoldTarget::Decision(id(100_002).into()),
            placed_by: approver("carl"),
            reason: None,
            review_at: None,
            owner: None,
        })
        .await
        .unwrap();
    trail.rotate_entity_key(&whom(2), |_| {}).await.unwrap();
    trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    let before = trail.read(id(2)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(before.record())
            .unwrap()
            .contains("canary")
    );
    trail
        .release_hold(hold.id.into(), "settled", approvers())
        .await
        .unwrap();
    trail
        .erase(&whom(2), "the matter is closed", approvers())
        .await
        .unwrap();
    trail.close().await;
    let shown = async |trail: &Trail| {
        let stored = trail.read(id(2)).await.unwrap().unwrap();
        serde_json::to_string(stored.record()).unwrap()
    };
    place.restore(&["", ".heads"]);
    // Where nothing can be taken away, it is not opened.
    let trail = TrailOptions::new()
        .open_for_reading(&place.0.url())
        .await
        .unwrap();
    assert!(!shown(&trail).await.contains("canary"));
    trail.close().await;
    let trail = place.open().await;
    assert!(trail.notary().frozen().is_none());
    assert!(!shown(&trail).await.contains("canary"));
    let left = [canary(2)];
    assert_eq!(place.holding(&left), Vec::<String>::new());
    let other = trail.read(id(3)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(other.record())
            .unwrap()
            .contains(&canary(3))
    );
    // What is recorded afterwards stays.
    let mut again = about(2);
    again.id = id(7_002);
    trail.record(again).await.unwrap();
    trail.close().await;
    let trail = place.open().await;
    let later = trail.read(id(7_002)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(later.record())
            .unwrap()
            .contains(&canary(2))
    );
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
}

#[tokio::test]
async fn a_value_of_few_possible_ones_is_not_guessed_from_what_is_left() {
    let place = Place::new();
    let trail = place.open().await;
    let income = 41_234;
    let body = context(json!({
        "entities": [whom(1)],
        "features": [{"name": "income", "entity": whom(1).to_string(), "value": income,
                      "source": "compute", "status": "ok", "fetched_at": crate::sample::time(0)}],
    }));
    trail.record(Draft::new(id(1), body)).await.unwrap();
    let before = trail.read(id(1)).await.unwrap().unwrap();
    let secret: Vec<Seed> = before.seeds().values().copied().collect();
    trail
        .erase(&whom(1), "on request", approvers())
        .await
        .unwrap();
    let after = trail.read(id(1)).await.unwrap().unwrap();
    let left: Vec<Seed> = after.seeds().values().copied().collect();
    let known = everything(&trail, &place.0.base()).await;
    trail.close().await;
    assert!(left.len() < secret.len());
    // Whoever has the seed finds the value at once: the attack works.
    assert!(guesses(&known, &secret, 41_000..41_500) == [income]);
    assert!(guesses(&known, &left, 36_000..46_000).is_empty());
}

/// Every 32 bytes that stand anywhere: in the file, and in what is packed there.
async fn everything(trail: &Trail, path: &Path) -> HashSet<[u8; 32]> {
    trail.settle().await.unwrap();
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    let mut bytes = vec![fs::read(path).unwrap(), stored.entry().to_vec()];
    for field in trail.disclose(&stored).await.unwrap() {
        match field.content {
            contextrail::seal::Disclosure::Shown { value, .. } => bytes.push(value),
            contextrail::seal::Disclosure::Withheld { commitment } => {
                bytes.push(commitment.to_vec());
            }
        }
    }
    let windows = bytes.iter().flat_map(|bytes| bytes.windows(32));
    windows.map(|window| window.try_into().unwrap()).collect()
}

/// The incomes whose digest, keyed digest or commitment under one of `seeds` is known.
fn guesses(known: &HashSet<[u8; 32]>, seeds: &[Seed], incomes: std::ops::Range<u32>) -> Vec<u32> {
    let path = "/features/0/value";
    let fits = |income: &u32| {
        let value = income.to_string();
        let texts = [value.clone(), format!("income: {value}")];
        let bare = texts.iter().map(|text| Sha256::digest(text).into());
        let keyed = seeds.iter().flat_map(|seed| {
            texts
                .iter()
                .map(|text| *seed.digest(text.as_bytes()).as_bytes())
        });
        let salted = seeds.iter().map(|seed| {
            let salt =
                crate::seal::formula::hmac(seed.as_bytes(), format!("salt\0{path}").as_bytes());
            contextrail::seal::value_commitment(&salt.try_into().unwrap(), value.as_bytes())
        });
        let mut all = bare.chain(keyed).chain(salted);
        all.any(|digest: [u8; 32]| known.contains(&digest))
    };
    incomes.filter(fits).collect()
}

async fn a_hold_and_a_floor_beat_an_erasure_and_what_may_go_goes(place: Place) {
    let trail = place.open().await;
    fill(&trail, 1..4).await;
    let hold = trail
        .place_hold(Hold {
            matter: "LIT-7".parse().unwrap(),
            target: HoldTarget::Entity(whom(1)),
            placed_by: approver("carl"),
            reason: None,
            review_at: None,
            owner: Some("legal".parse().unwrap()),
        })
        .await
        .unwrap();
    let refused = trail.erase(&whom(1), "on request", approvers()).await;
    let Err(TrailError::Kept(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        why.to_string().contains("LIT-7") && why.to_string().contains("legal"),
        "{why}"
    );
    let plan = trail.erasure_plan(&whom(1)).await.unwrap();
    assert!(plan.records.iter().all(|it| it.kept.is_some()));
    trail
        .release_hold(hold.id.into(), "settled", approvers())
        .await
        .unwrap();

    // One record of theirs has a class with a floor.
    let kept = json!({"entities": [whom(1)], "inputs": {"name": canary(1)},
                      "retention": {"class": "high_risk"}});
    trail
        .record(Draft::new(id(50), context(kept)))
        .await
        .unwrap();
    let erased = trail
        .erase(&whom(1), "on request", approvers())
        .await
        .unwrap();
    let Body::Erasure(erasure) = &erased.record.body else {
        panic!("{erased:?}");
    };
    assert_eq!(erasure.kept.len(), 1);
    assert!(erasure.kept[0].why.contains("high_risk"), "{erasure:?}");
    let kept = trail.read(id(50)).await.unwrap().unwrap();
    assert!(kept.withheld().is_empty(), "it is under a new key");
    let gone = trail.read(id(1)).await.unwrap().unwrap();
    assert_eq!(gone.why_withheld("/inputs/name"), "erased");
    assert_eq!(findings(&trail).await, []);
    trail.close().await;
    let trail = place.open().await;
    assert!(
        trail
            .read(id(50))
            .await
            .unwrap()
            .unwrap()
            .withheld()
            .is_empty()
    );
    trail.close().await;
}

on_both! {[
    two_hundred_people_are_erased_and_are_in_no_file,
    proofs_made_before_hold_after,
    what_names_two_people_goes_with_either_and_what_is_of_one_stays,
    whoever_comes_back_after_an_erasure_is_read_when_the_trail_is_next_opened,
    what_is_recorded_during_an_erasure_is_erased_or_is_there,
    a_hold_and_a_floor_beat_an_erasure_and_what_may_go_goes,
]}
