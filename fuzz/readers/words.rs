//! What stands in addresses, arguments and members: references, filters, cursors, times. What is read is
//! written, and read again to the same.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use contextrail::evidence::{FileName, Selector};
use contextrail::log::{EntriesId, KeyName, TileId, VerifierKey};
use contextrail::privacy::keys::Token;
use contextrail::privacy::redaction::PathPattern;
use contextrail::record::{
    AccessRole, ArtifactName, ArtifactRef, Digest, EntityRef, Kind, Name, RecordId, Span, Tenant,
    Timestamp, UsedRef, Version, VersionedName,
};

use super::ground;

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    again::<EntityRef>(text);
    again::<UsedRef>(text);
    again::<VersionedName>(text);
    again::<ArtifactRef>(text);
    again::<ArtifactName>(text);
    again::<Name>(text);
    again::<Version>(text);
    again::<Tenant>(text);
    again::<Timestamp>(text);
    again::<Span>(text);
    again::<RecordId>(text);
    again::<Digest>(text);
    again::<Kind>(text);
    again::<AccessRole>(text);
    again::<TileId>(text);
    again::<EntriesId>(text);
    again::<KeyName>(text);
    again::<VerifierKey>(text);
    again::<FileName>(text);
    let _ = text.parse::<Selector>();
    let _ = text.parse::<PathPattern>();
    let _ = text.parse::<Token>();
    if text.len() <= 36 {
        ground::on_trail(ground::options(), |trail| async move {
            assert!(trail.resolve(text).await.is_err(), "there is no record");
        });
    }
}

fn again<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        let read = written.parse::<T>().ok();
        assert_eq!(read, Some(value), "{text:?} was written as {written:?}");
    }
}
