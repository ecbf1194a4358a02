//! The month, day by day, and the questions that are asked afterwards.
//!
//! The example and a test of the crate mount this file by its path.

mod answers;
mod desk;
mod gap;
mod group;
mod versions;

// What the loan example reads and how it counts points, shared.
#[path = "../loan_decision/applicant.rs"]
mod applicant;
#[path = "../loan_decision/category.rs"]
mod category;
#[path = "../loan_decision/features.rs"]
mod features;
#[expect(dead_code, reason = "the loan example uses all of it")]
#[path = "../loan_decision/scorecard.rs"]
mod scorecard;

use std::error::Error;
use std::time::Duration;

use contextrail::capture::Sink as _;
use contextrail::record::{ManualClock, Timestamp};
use contextrail::trail::Trail;

use applicant::applicants;
use desk::{Case, Desk};
use gap::log_gaps;
use group::groups;

pub(crate) use answers::answers;

/// Anything that goes wrong.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// When the story begins: its trail is opened at this time.
pub(crate) const BEGIN: &str = "2025-03-01T09:00:00Z";

/// Plays the month on the first `count` applications, and gives the denial that is disputed.
///
/// # Errors
///
/// Whatever the trail refuses, and a trail that holds records already.
pub(crate) async fn tell(trail: &Trail, clock: &ManualClock, count: usize) -> Result<Case, Failed> {
    if trail.checkpoint().await.is_ok_and(|it| it.head().size > 2) {
        return Err("the trail holds records already: give the address of a new one".into());
    }
    let (people, groups) = (applicants()?, groups()?);
    let people: Vec<_> = people.into_iter().zip(groups).collect();
    // The data set is sorted by sex and marital status: applications come in as they would over a month.
    let people: Vec<_> = (0..count.min(people.len()))
        .filter_map(|at| people.get(at * STRIDE % people.len()))
        .collect();
    versions::first(trail).await?;
    let mut cases: Vec<Case> = Vec::new();
    for day in 1..=DAYS {
        go_to(trail, clock, &format!("2025-05-{day:02}T07:00:00Z"))?;
        morning(trail, day).await?;
        let share = |day: usize| people.len() * day / DAYS;
        let today = people.get(share(day - 1)..share(day)).unwrap_or_default();
        let applicants: Vec<_> = today.iter().map(|it| it.0.clone()).collect();
        let desk = Desk::of_day(trail, day, &applicants);
        for (applicant, group) in today {
            clock.advance(BETWEEN);
            cases.push(desk.decide(applicant, group).await?);
        }
        clock.advance(BETWEEN);
        log_gaps(trail, day, &cases).await?;
    }
    dispute(trail, clock, &cases).await
}

/// What changes before the decisions of a day.
async fn morning(trail: &Trail, day: usize) -> Result<(), Failed> {
    match day {
        8 => versions::second_model(trail).await,
        10 => versions::deploy_second_model(trail).await,
        12 => versions::lower_threshold(trail).await,
        15 => versions::deploy_lower_threshold(trail).await,
        21 => versions::take_back(trail).await,
        _ => Ok(()),
    }
}

/// An applicant disputes a denial that would be an approval a day later; it stands.
async fn dispute(trail: &Trail, clock: &ManualClock, cases: &[Case]) -> Result<Case, Failed> {
    let disputed = cases.iter().rev().find(|it| {
        it.objective == "OBJ.credit@1.2" && !it.approved && it.score >= versions::LOWER_THRESHOLD
    });
    let disputed = disputed.ok_or("no denial lies between the two thresholds")?;
    let shown = trail.clock().now();
    clock.advance(Duration::from_secs(600));
    trail
        .review(disputed.decision)
        .by("ursula")
        .role("underwriter".parse()?)
        .shown(shown, b"the decision and what it rests on")
        .approve("it was decided by the threshold that was in force")
        .await?;
    trail.checkpoint().await?;
    Ok(disputed.clone())
}

/// Moves the clock to a time that has not passed.
fn go_to(trail: &Trail, clock: &ManualClock, time: &str) -> Result<(), Failed> {
    let time: Timestamp = time.parse()?;
    let micros = time.as_micros() - trail.clock().now().as_micros();
    clock.advance(Duration::from_micros(u64::try_from(micros)?));
    Ok(())
}

/// Which application follows on which: without a factor in common with their number, so that each comes once.
const STRIDE: usize = 617;
const DAYS: usize = 30;
/// The time from one application to the next.
const BETWEEN: Duration = Duration::from_secs(600);
