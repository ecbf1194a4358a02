//! Every operation of a trail, given up at every place where it waits: what was begun ends or can be done
//! again, nothing is left locked, and nothing is lost.

use std::sync::Arc;

use contextrail::codec::read_yaml;
use contextrail::govern::read_artifact;
use contextrail::record::{
    Actor, ActorKind, ActorMethod, ContextId, DecisionId, Draft, Freeze, Hold, HoldId, HoldTarget,
    Kind, RecordId, RetentionPolicy, Tenant,
};
use contextrail::trail::{Answer, ContextFilter, Search, Trail, TrailError};
use serde_json::json;

use super::cut::{Cut, CutOff, cuts};
use super::disk::{Disk, SimStore};
use super::recording::{numbered, options};
use super::seed::{Chance, Named, on_simulated_time};
use crate::sample::{decision, entity, id};

/// What is given up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Act {
    Record,
    RecordOfSomebodyNew,
    Submit,
    RecordDecision,
    Decide,
    DecideUnderRules,
    Override,
    Outcome,
    PlaceHold,
    ReleaseHold,
    PutPolicy,
    Register,
    LookAtRules,
    Find,
    Erase,
    RotateEntityKey,
    RotateTenantKey,
    RotateSigningKey,
    Checkpoint,
    Close,
}

/// A trail with a little in it, on a disk that is slow.
struct World {
    store: Arc<SimStore>,
    trail: Trail,
    decided: DecisionId,
    hold: HoldId,
}

fn person(name: &str) -> Actor {
    Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

fn two() -> Vec<Actor> {
    ["anna", "ben"].map(person).into()
}

fn hold_on(number: u64) -> Hold {
    Hold {
        matter: "LIT-7".parse().unwrap(),
        target: HoldTarget::Entity(entity(&format!("person:{number}"))),
        placed_by: person("anna"),
        reason: None,
        review_at: None,
        owner: None,
    }
}

fn policy() -> RetentionPolicy {
    let members = json!({"name": "house", "version": "1",
        "classes": {"high_risk": {"floor_days": 30, "action": "erase"}}});
    serde_json::from_value(members).unwrap()
}

fn freeze() -> Freeze {
    serde_json::from_value(json!({"reason": "drift"})).unwrap()
}

fn artifact(number: u64) -> contextrail::record::Artifact {
    let yaml = format!("kind: model\nname: m\nversion: '{number}'\ncontent: {{weights: 1}}\n");
    let document = read_yaml(yaml.as_bytes()).unwrap();
    read_artifact(&document, None, &person("anna"))
        .unwrap()
        .artifact
}

fn deciding(number: u64) -> Draft {
    Draft::new(id(number), decision(json!({"contexts": [id(1)]})))
}

impl World {
    async fn ready() -> Self {
        let store = SimStore::new(Chance::new(11), Disk::default());
        let trail = options().open_on(Arc::clone(&store) as _, None).await;
        let trail = trail.unwrap();
        for number in 1..=3 {
            trail.record(numbered(number)).await.unwrap();
        }
        trail.register(artifact(1), None).await.unwrap();
        let decided = trail.decide("loan_application", 1).outcome("approved");
        let decided = decided.from_context_id(ContextId::from(id(1))).commit();
        let decided = decided.await.unwrap().id();
        let hold = trail.place_hold(hold_on(1)).await.unwrap().id.into();
        store.disk().slowest_ms = 5;
        Self {
            store,
            trail,
            decided,
            hold,
        }
    }

    async fn act(&self, act: Act) -> Result<(), TrailError> {
        let trail = &self.trail;
        let on_first = || ContextId::from(id(1));
        match act {
            Act::Record => trail.record(numbered(6)).await.map(drop),
            Act::RecordOfSomebodyNew => {
                let whom = json!({"entities": [{"type": "person", "id": "new"}]});
                let draft = Draft::new(id(6), crate::sample::context(whom));
                trail.record(draft).await.map(drop)
            }
            Act::Submit => {
                let pending = contextrail::capture::Sink::submit(trail, numbered(6));
                drop(pending.await.unwrap());
                Ok(())
            }
            Act::RecordDecision => trail.record(deciding(6)).await.map(drop),
            Act::Decide => {
                let decided = trail.decide("loan_application", 2).outcome("declined");
                let answer = Answer::new("gpt-4o", "no");
                let decided = decided.from_context_id(on_first()).generation(answer);
                decided.commit().await.map(drop)
            }
            Act::DecideUnderRules => {
                let decided = trail.decide("loan_application", 2).outcome("declined");
                let decided = decided.from_context_id(on_first());
                let decided = decided.governed_by("model", "m@1");
                decided.commit().await.map(drop)
            }
            Act::Override => {
                let review = trail.review(self.decided).by("officer_7");
                review.override_to("declined", "no").await.map(drop)
            }
            Act::Outcome => {
                let outcome = trail.outcome_of(self.decided, "appealed");
                outcome.commit().await.map(drop)
            }
            Act::PlaceHold => trail.place_hold(hold_on(2)).await.map(drop),
            Act::ReleaseHold => {
                let released = trail.release_hold(self.hold, "over", two());
                released.await.map(drop)
            }
            Act::PutPolicy => trail.put_retention_policy(policy()).await.map(drop),
            Act::Register => trail.register(artifact(2), None).await.map(drop),
            Act::LookAtRules => trail.registry().await.map(drop),
            Act::Find => {
                let filter = ContextFilter {
                    entity: Some(entity("person:1")),
                    ..ContextFilter::default()
                };
                let found = trail.contexts(filter).await?.all().await?;
                assert_eq!(found.len(), 1);
                Ok(())
            }
            Act::Erase => {
                let whom = entity("person:2");
                let erased = trail.erase(&whom, "asked", two());
                erased.await.map(drop)
            }
            Act::RotateEntityKey => {
                let whom = entity("person:2");
                let rotated = trail.rotate_entity_key(&whom, |_| {});
                rotated.await.map(drop)
            }
            Act::RotateTenantKey => trail.rotate_tenant_key(|_| {}).await.map(drop),
            Act::RotateSigningKey => trail.rotate_key().await.map(drop),
            Act::Checkpoint => trail.checkpoint().await.map(drop),
            Act::Close => {
                trail.close().await;
                Ok(())
            }
        }
    }

    /// What an act says that was done before, as far as it may be done once only.
    fn is_done(act: Act, error: &TrailError) -> bool {
        match act {
            Act::ReleaseHold => matches!(error, TrailError::AlreadyReleased(_)),
            Act::Erase => matches!(error, TrailError::Erased { .. }),
            _ => false,
        }
    }

    async fn count(&self, kind: Kind) -> usize {
        let search = Search {
            kind: Some(kind),
            ..Search::default()
        };
        let found = self.trail.search(search).await.unwrap().all().await;
        found.unwrap().len()
    }

    async fn is_stored(&self, id: RecordId) -> bool {
        let place = self.store.place_of(&Tenant::default(), id).await;
        place.is_some()
    }

    /// Everything goes on after an act was given up.
    async fn check(&self, act: Act, cut: Cut) {
        if act == Act::Close {
            return self.check_closed().await;
        }
        if let Err(error) = self.act(act).await {
            assert!(Self::is_done(act, &error), "{act:?} again: {error}");
        }
        self.trail.record(numbered(9)).await.unwrap();
        self.trail.close().await;
        if cut.polls > 0 && matches!(act, Act::Record | Act::RecordDecision | Act::Submit) {
            assert!(self.is_stored(id(6)).await, "it was handed over");
        }
        self.check_what_is_there(act).await;
    }

    async fn check_what_is_there(&self, act: Act) {
        self.store.disk().slowest_ms = 0;
        let stored = self.store.seen().stored.clone();
        assert!(stored.values().all(|times| *times == 1));
        let verified = self.trail.verify(0, Arc::new(|_| {})).await.unwrap();
        assert!(verified.ok, "{:?}", verified.verification.findings);
        match act {
            Act::Erase => {
                let left = self.trail.leftovers(&entity("person:2")).await.unwrap();
                assert!(left.is_empty(), "{left:?}");
                assert_eq!(self.count(Kind::Erasure).await, 1);
            }
            Act::ReleaseHold => assert!(self.trail.holds().await.unwrap().is_empty()),
            Act::PlaceHold => assert!(self.trail.holds().await.unwrap().len() > 1),
            Act::PutPolicy => assert_eq!(self.count(Kind::Policy).await, 1),
            Act::Register => {
                // One that was given up may still have been under way when the next was looked for.
                assert!(self.count(Kind::Artifact).await >= 2);
                let rules = self.trail.registry().await.unwrap();
                assert_eq!(rules.versions().count(), 2);
            }
            Act::LookAtRules => {
                let rules = self.trail.registry().await.unwrap();
                assert_eq!(rules.freezes().len(), 1, "the freeze is not seen");
            }
            // Each review names a decision that is there, since its entry has that of the decision.
            Act::Override => assert!(self.count(Kind::Review).await > 0),
            _ => {}
        }
    }

    /// A close that was given up is gone on with, and then nothing is under way.
    async fn check_closed(&self) {
        self.trail.close().await;
        let load = self.trail.load().unwrap();
        assert_eq!((load.queued, load.queue_bytes.1), (0, 0));
        let error = self.trail.record(numbered(9)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("closed"), "{text}");
        for number in 20..24 {
            assert!(self.is_stored(id(number)).await, "it was handed over");
        }
        self.check_what_is_there(Act::Close).await;
    }
}

/// Gives the act up after `polls`; whether it ended before that.
async fn give_up(act: Act, cut: Cut) -> bool {
    let world = World::ready().await;
    if act == Act::LookAtRules {
        // It was looked at a moment ago, and has changed since.
        world.trail.registry().await.unwrap();
        world.trail.freeze(freeze(), None).await.unwrap();
    }
    if act == Act::Close {
        // Writes that nobody waits for.
        for number in 20..24 {
            let once = Cut {
                polls: 1,
                is_late: false,
            };
            drop(CutOff::new(world.trail.record(numbered(number)), once).await);
        }
    }
    let ended = CutOff::new(world.act(act), cut).await;
    if let Some(Err(error)) = &ended {
        panic!("{act:?}: {error}");
    }
    world.check(act, cut).await;
    ended.is_some()
}

fn is_given_up_everywhere(act: Act) {
    for polls in 0..2_000 {
        let mut ended = true;
        for cut in cuts(polls) {
            let _named = Named(format!("{act:?} given up: {cut:?}"));
            ended &= on_simulated_time(give_up(act, cut));
        }
        if ended {
            return assert!(polls > 0, "{act:?} never waits");
        }
    }
    panic!("{act:?} never ends");
}

macro_rules! given_up_everywhere {
    ($($name:ident: $act:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                is_given_up_everywhere(Act::$act);
            }
        )+
    };
}

given_up_everywhere! {
    a_record: Record,
    a_record_under_a_new_key: RecordOfSomebodyNew,
    a_submitted_record: Submit,
    a_decision: RecordDecision,
    a_decision_with_an_answer: Decide,
    a_decision_under_rules: DecideUnderRules,
    an_override: Override,
    an_outcome: Outcome,
    a_hold: PlaceHold,
    a_release: ReleaseHold,
    a_policy: PutPolicy,
    a_version: Register,
    a_look_at_the_rules: LookAtRules,
    a_search: Find,
    an_erasure: Erase,
    a_new_key_of_an_entity: RotateEntityKey,
    a_new_key_of_the_tenant: RotateTenantKey,
    a_new_signing_key: RotateSigningKey,
    a_checkpoint: Checkpoint,
    a_close: Close,
}
