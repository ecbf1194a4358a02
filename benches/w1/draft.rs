//! A record as it was before it was sealed, so that it can be sealed again.

use contextrail::record::{Class, Digest, Draft, ItemText, Texts};
use contextrail::seal::Sealed;
use contextrail::trail::{Stored, Trail};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The draft that a stored record was sealed from.
pub(crate) async fn draft(trail: &Trail, stored: &Stored) -> Result<Draft, BoxError> {
    let mut draft = Sealed::to_draft(stored.record(), stored.about().to_vec());
    let Some(context) = stored.context() else {
        return Ok(draft);
    };
    let items = context.assembly.iter().flat_map(|made| &made.items);
    let texts = trail.item_texts(stored).await?;
    draft.texts = Texts {
        items: items
            .zip(texts)
            .map(|(item, text)| {
                let (class, owner, sha256) = match item.digest {
                    Some(Digest::Sha256(sha256)) => (Class::Confidential, None, Some(sha256)),
                    _ => (Class::Personal, context.entities.first().cloned(), None),
                };
                ItemText {
                    text: text.unwrap_or_default(),
                    class,
                    owner,
                    sha256,
                }
            })
            .collect(),
        text: trail.text(stored).await?.map(Into::into),
        ..Texts::default()
    };
    Ok(draft)
}
