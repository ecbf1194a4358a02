//! Evidence bundles: any bytes get a report or are no bundle, in bounded time and memory.

#![no_main]

use contextrail::evidence::{PAGES, State, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let verifier = Verifier::new(Vec::new()).with_pages(PAGES);
    if let Ok(report) = verifier.verify(data) {
        assert_eq!(report.state, State::Failed, "no key is trusted");
    }
});
