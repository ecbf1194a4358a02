//! Chance out of a number that is said, so that the same comes again.

use std::io::Write as _;
use std::time::Duration;

/// How many schedules each test goes through, in the place of its own number.
const SCHEDULES: &str = "CONTEXTRAIL_TEST_SCHEDULES";
/// The one schedule to go through.
const SEED: &str = "CONTEXTRAIL_TEST_SEED";

/// The generator `splitmix64`.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub(crate) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 for 0.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        match end {
            0 => 0,
            end => self.draw() % end,
        }
    }

    /// Whether something happens that happens one time in `times`; never for 0.
    pub(crate) const fn one_in(&mut self, times: u64) -> bool {
        times > 0 && self.below(times) == 0
    }

    pub(crate) const fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let end = u64::try_from(of.len()).unwrap();
        of.get(usize::try_from(self.below(end)).unwrap())
    }

    /// Another generator, which does not change with what is drawn of this one later.
    pub(crate) const fn fork(&mut self) -> Self {
        Self(self.draw())
    }
}

#[expect(clippy::disallowed_methods, reason = "how much is to be done is said")]
fn said(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The seeds to go through: `usual` many, unless the environment says otherwise.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    match said(SEED) {
        Some(seed) => seed..seed + 1,
        None => 0..said(SCHEDULES).unwrap_or(usual),
    }
}

/// Says which schedule it was that failed.
pub(crate) struct Named(pub(crate) String);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(name) = self;
            // A test fails all the same when nobody reads this.
            drop(writeln!(std::io::stderr(), "\nfailed: {name}"));
        }
    }
}

/// Goes through `schedule` with every seed, each on a runtime of its own with one thread and a clock
/// that goes on when everybody waits. Whatever has not ended by then never would.
pub(crate) fn each_seed<F: Future<Output = ()>>(usual: u64, schedule: impl Fn(Chance) -> F) {
    for seed in seeds(usual) {
        let _named = Named(format!("{SEED}={seed}"));
        on_simulated_time(schedule(Chance::new(seed)));
    }
}

/// Runs `work` on one thread and a simulated clock.
pub(crate) fn on_simulated_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let bound = async { tokio::time::timeout(FOR_EVER, work).await };
    runtime
        .block_on(bound)
        .expect("somebody waits for what never comes")
}

/// Longer, by far, than everything that is slow on purpose.
const FOR_EVER: Duration = Duration::from_secs(30 * 24 * 3_600);
