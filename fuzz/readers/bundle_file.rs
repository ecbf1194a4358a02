//! The files of a bundle in a container that is in order: what a zip's checksums keep random bytes
//! from reaching.
//!
//! The input is a list of files: a name, the byte 0xFE, the content, the byte 0xFF.

use std::collections::BTreeMap;

use contextrail::evidence::container::{Limits, Packing};
use contextrail::evidence::{PAGES, State, Verifier};

pub(super) fn run(data: &[u8]) {
    let mut files = BTreeMap::new();
    let mut manifest = Vec::new();
    for part in data.split(|byte| *byte == 0xFF) {
        let Some(at) = part.iter().position(|byte| *byte == 0xFE) else {
            continue;
        };
        let name = String::from_utf8_lossy(&part[..at]).into_owned();
        let content = part[at + 1..].to_vec();
        if name == "manifest.json" {
            manifest = content;
        } else {
            files.insert(name, content);
        }
    }
    let Ok(packing) = Packing::new(&files, Limits::default()) else {
        return;
    };
    let Ok(bundle) = packing.finish(&manifest) else {
        return;
    };
    let verifier = Verifier::new(Vec::new()).with_pages(PAGES);
    if let Ok(report) = verifier.verify(&bundle) {
        assert_eq!(report.state, State::Failed, "no key is trusted");
    }
}
