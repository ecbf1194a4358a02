//! When something is killed, how often, and what came of it: for all tests that kill.

use std::io::Write as _;

/// How often a test kills: few times in the suite, as often as this says before a release.
const KILLS: &str = "CONTEXTRAIL_TEST_KILLS";
/// What decides when.
const SEED: &str = "CONTEXTRAIL_TEST_SEED";

#[expect(clippy::disallowed_methods, reason = "how much is to be done is said")]
pub(crate) fn said(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

pub(crate) fn kills(otherwise: u64) -> u64 {
    said(KILLS, otherwise)
}

pub(crate) fn seed() -> u64 {
    said(SEED, 5)
}

/// Moments drawn from a seed: the same seed draws the same.
pub(crate) struct Moments(u64);

impl Moments {
    /// From the seed that was said.
    pub(crate) fn new() -> Self {
        Self::of(seed())
    }

    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Says what a test has counted, for who runs it, and for `.ci/regime`, which adds up such lines.
pub(crate) fn counted(part: &str, counts: &[(&str, u64)], what: &str) {
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let line = format!(
        "\ncounted {part}: {}; {what}, seed {}\n",
        counts.join(", "),
        seed()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
