//! Segments that somebody made to do harm: read with bounded memory, and refused.

use std::fs;
use std::sync::Arc;

use contextrail::record::Tenant;
use contextrail::store::{ArchiveError, ObjectArchive, SegmentId, Segments};
use proptest::prelude::*;

use crate::sample::trail_id;

const MAGIC: &[u8] = b"ctxrseg\x01";

/// What comes of a file of these bytes, under a name that it need not have.
fn probed(bytes: &[u8]) -> Result<(), ArchiveError> {
    let folder = tempfile::tempdir().unwrap();
    let (name, tenant) = (SegmentId([7; 32]), Tenant::default());
    fs::create_dir(folder.path().join("default")).unwrap();
    fs::write(folder.path().join(format!("default/{name}.segment")), bytes).unwrap();
    let archive = Arc::new(ObjectArchive::folder(folder.path()));
    let segments = Segments::new(Some(archive));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(segments.probe(&tenant, name))
}

fn framed(form: u8, length: u32, body: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let check: [u8; 32] = Sha256::digest([&[form], body].concat()).into();
    [&[form], &length.to_be_bytes()[..], &check[..8], body].concat()
}

/// A segment of `blocks` with this index.
fn file(blocks: &[u8], index: &[u8]) -> Vec<u8> {
    let length = u32::try_from(index.len()).unwrap().to_be_bytes();
    [MAGIC, blocks, index, &length, MAGIC].concat()
}

fn plain(content: &[u8]) -> Vec<u8> {
    framed(0, u32::try_from(content.len()).unwrap(), content)
}

fn index_of(rest: &[u8]) -> Vec<u8> {
    [trail_id().uuid().as_bytes(), &b"\x07default"[..], rest].concat()
}

#[test]
fn a_segment_without_blocks_is_one_and_others_are_refused() {
    probed(&file(b"", &plain(&index_of(&[0])))).unwrap();
    let block = plain(b"abc");
    let stored = u8::try_from(block.len()).unwrap();
    let one = |slots: &[u8]| [&[1, stored], &[9; 32][..], slots].concat();
    probed(&file(&block, &plain(&index_of(&one(&[1, 5, 0, 3]))))).unwrap();
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("an end alone", [&[0, 0, 0, 0], MAGIC].concat()),
        ("no index", [MAGIC, &[0, 0, 0, 0], MAGIC].concat()),
        (
            "an index longer than the file",
            [MAGIC, &[0xff; 4], MAGIC].concat(),
        ),
        (
            "a byte behind the index",
            file(b"", &plain(&index_of(&[0, 0]))),
        ),
        (
            "blocks that no index names",
            file(&block, &plain(&index_of(&[0]))),
        ),
        (
            "an index of blocks that are not there",
            file(b"", &plain(&index_of(&one(&[0])))),
        ),
        (
            "another length",
            file(&block, &plain(&index_of(&one(&[2, 5, 0, 3])))),
        ),
        (
            "a slot twice",
            file(&block, &plain(&index_of(&one(&[2, 5, 0, 1, 0, 0, 2])))),
        ),
        (
            "a number in a longer form",
            file(&block, &plain(&index_of(&one(&[1, 0x85, 0, 0, 3])))),
        ),
        (
            "a number beyond all numbers",
            file(b"", &plain(&index_of(&[&[0xff; 9][..], &[0x7f]].concat()))),
        ),
        (
            "blocks larger than memory",
            file(
                &block,
                &plain(&index_of(&one(&[1, 5, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]))),
            ),
        ),
        (
            "an index that says it is huge",
            file(b"", &framed(1, u32::MAX, &[0; 64])),
        ),
        (
            "a count beyond what follows",
            file(b"", &plain(&index_of(&[0xff, 0xff, 0xff, 0x0f]))),
        ),
        ("the index of another tenant", {
            let other = [trail_id().uuid().as_bytes(), &b"\x05other\x00"[..]].concat();
            file(b"", &plain(&other))
        }),
    ] {
        let refused = probed(&bytes);
        assert!(
            matches!(refused, Err(ArchiveError::Damaged { .. })),
            "{what}: {refused:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_an_index_is_it_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(probed(&file(&[], &plain(&index_of(&bytes)))));
        drop(probed(&file(&bytes, &plain(&bytes))));
        drop(probed(&bytes));
    }
}
