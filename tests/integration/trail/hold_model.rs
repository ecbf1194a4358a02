//! Holds, releases, policies and plans against the plainest model of them.

use std::collections::BTreeSet;

use contextrail::record::{HoldTarget, RecordId};
use contextrail::trail::{Kept, PlanState, Trail};
use proptest::prelude::*;
use serde_json::json;

use super::hold::{DAY, hold_on, kept, people, policy};
use super::record;
use crate::sample::{entity, id, time};

/// One thing that is done to a trail of `CONTEXTS` contexts.
#[derive(Clone, Debug)]
enum Step {
    /// Place a hold on the entity of this number.
    Place(u64),
    /// Release the hold of this place among all that were placed.
    Release(usize),
    /// Put a policy with this floor.
    Put(u32),
    /// Look at the plan on this day.
    Plan(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..=CONTEXTS).prop_map(Step::Place),
        (0..6_usize).prop_map(Step::Release),
        (0..20_u32).prop_map(Step::Put),
        (0..40_u32).prop_map(Step::Plan),
    ]
}

const CONTEXTS: u64 = 3;

/// What the trail should say, kept in the plainest way.
#[derive(Default)]
struct Model {
    placed: Vec<(RecordId, u64, bool)>,
    floor: Option<u32>,
    versions: u32,
}

async fn run(trail: &Trail, steps: Vec<Step>) {
    let mut model = Model::default();
    for number in 1..=CONTEXTS {
        let more = json!({"entities": [{"type": "applicant", "id": number.to_string()}],
            "retention": {"class": "high_risk"}});
        record(trail, number, more).await;
    }
    for step in steps {
        match step {
            Step::Place(number) => {
                let on = HoldTarget::Entity(entity(&format!("applicant:{number}")));
                let placed = trail.place_hold(hold_on(on)).await.unwrap().id;
                model.placed.push((placed, number, true));
            }
            Step::Release(at) => {
                let Some((hold, _, open)) = model.placed.get_mut(at) else {
                    continue;
                };
                let two = people(&["anna", "ben"]);
                let released = trail.release_hold((*hold).into(), "over", two).await;
                assert_eq!(released.is_ok(), *open);
                *open = false;
            }
            Step::Put(floor) => {
                model.versions += 1;
                let policy = policy(&model.versions.to_string(), floor);
                trail.put_retention_policy(policy).await.unwrap();
                model.floor = Some(floor);
            }
            Step::Plan(day) => check_plan(trail, &model, day).await,
        }
        let open: BTreeSet<RecordId> = trail
            .holds()
            .await
            .unwrap()
            .iter()
            .map(|it| it.id().into())
            .collect();
        let expected = model.placed.iter().filter(|(.., open)| *open);
        assert_eq!(open, expected.map(|(id, ..)| *id).collect());
    }
}

async fn check_plan(trail: &Trail, model: &Model, day: u32) {
    let now = time(i64::from(day) * DAY);
    let policy = trail.retention_policy().await.unwrap();
    let plan = trail.retention_plan(now, &policy).await.unwrap();
    let floor = model.floor.unwrap_or(3650);
    for number in 1..=CONTEXTS {
        let line = plan.lines.iter().find(|it| it.id == id(number)).unwrap();
        let held = model
            .placed
            .iter()
            .filter(|(_, of, open)| *of == number && *open);
        let held: Vec<RecordId> = held.map(|(id, ..)| *id).collect();
        let expected = match (held.is_empty(), day < floor) {
            (false, _) => PlanState::Restricted,
            (true, true) => PlanState::BeforeFloor,
            (true, false) => PlanState::Due,
        };
        assert_eq!(line.state, expected);
        let holds: Vec<RecordId> = line.holds.iter().map(|it| it.id.into()).collect();
        assert_eq!(holds, held);
        // What erasure will ask says the same.
        let kept = kept(trail, id(number), now).await;
        assert_eq!(kept.is_some(), expected != PlanState::Due);
        assert_eq!(matches!(kept, Some(Kept::Hold { .. })), !held.is_empty());
    }
    assert_eq!(plan.lines.len(), usize::try_from(CONTEXTS).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn holds_releases_and_plans_agree_with_the_plainest_model(
        steps in proptest::collection::vec(step(), 1..16)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let opened = super::in_memory().await;
            run(&opened.trail, steps).await;
            opened.trail.close().await;
        });
    }
}
