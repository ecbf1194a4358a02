//! Records out of a trail, with what they are checked and imported with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Stored, Trail, TrailError};
use crate::codec::ExportedRecord;

impl Trail {
    /// What an export of `stored` holds: the record, and unless `with_text` is off its text, the
    /// texts of its items, and the seeds that its keyed digests are checked with.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when a text cannot be read or is not that of its digest.
    pub async fn export(
        &self,
        stored: &Stored,
        with_text: bool,
    ) -> Result<ExportedRecord, TrailError> {
        let mut exported = ExportedRecord::from(stored.record().clone());
        if !stored.withheld().is_empty() {
            let withheld = stored.withheld().iter();
            let withheld = withheld.map(|it| {
                let why = stored.why_withheld(&it.path).to_owned();
                (it.path.clone(), why)
            });
            exported.withheld = Some(withheld.collect());
        }
        if !with_text {
            return Ok(exported);
        }
        if stored.context().is_some() {
            let texts = self.texts(stored).await?;
            let texts = texts
                .iter()
                .map(|(digest, text)| (digest.to_string(), text.to_string()));
            exported.texts = Some(texts.collect());
            exported.text = self.text(stored).await?;
        }
        let seeds = stored.seeds().iter();
        let seeds = seeds.map(|(slot, seed)| (slot.to_string(), BASE64.encode(seed.as_bytes())));
        exported.seeds = Some(seeds.collect());
        Ok(exported)
    }
}
