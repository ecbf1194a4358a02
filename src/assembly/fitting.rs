//! Finding how much of a candidate fits.

use crate::record::CutReason;

use super::cut::{Cut, Cuts};
use super::joined::{Block, Size};
use super::selection::{Fate, Selection};
use super::tokenizer::TokenizerError;

impl<'a> Selection<'a> {
    /// Takes as much of a candidate as fits, or says why none of it is taken.
    pub(super) fn take_part(
        &mut self,
        index: usize,
    ) -> Result<Result<(), CutReason>, TokenizerError> {
        let candidate = &self.candidates[index];
        let least = candidate.min_tokens.unwrap_or(1).max(1);
        let (cut, size) = match self.largest_part(index, least)? {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        if cut.kept_tokens < least {
            return Ok(Err(CutReason::MinTokens));
        }
        self.fates[index] = Fate::Cut {
            kept: cut.kept,
            tokens: cut.kept_tokens,
        };
        let block = Block::cut(cut.text, cut.tokens, candidate.role);
        self.joined.insert(self.places[index], block, size);
        Ok(Ok(()))
    }

    /// The largest cut found that fits: first down from what is free, since the marker and the
    /// joints take tokens too, then up again by what is still free.
    fn largest_part(
        &self,
        index: usize,
        least: u64,
    ) -> Result<Result<(Cut, Size), CutReason>, TokenizerError> {
        let mut cuts = Cuts::new(self.joined.counter(), &self.candidates[index]);
        let most = self.tokens[index].saturating_sub(1);
        let mut keep = self.free(self.joined.size()).min(most);
        let mut step = 1;
        while keep >= least {
            let Some((cut, size)) = self.part(&mut cuts, index, keep)? else {
                return Ok(Err(CutReason::Budget));
            };
            if self.room.fits(size) {
                return self.raised(&mut cuts, index, keep, (cut, size)).map(Ok);
            }
            let over = self.room.taken(size) - self.room.available;
            let next = keep.saturating_sub(over.max(step));
            keep = if keep > least { next.max(least) } else { 0 };
            step *= 2;
        }
        Ok(Err(match keep {
            0 => CutReason::Budget,
            _ => CutReason::MinTokens,
        }))
    }

    /// The largest cut found that keeps at least `keep` tokens, for which `found` fits.
    fn raised(
        &self,
        cuts: &mut Cuts<'a>,
        index: usize,
        mut keep: u64,
        mut found: (Cut, Size),
    ) -> Result<(Cut, Size), TokenizerError> {
        let most = self.tokens[index].saturating_sub(1);
        let mut more = self.free(found.1);
        for _ in 0..MOST_RAISES {
            let raised = keep.saturating_add(more).min(most);
            if raised <= keep {
                break;
            }
            match self.part(cuts, index, raised)? {
                Some((cut, size)) if self.room.fits(size) => {
                    more = self.free(size);
                    found = (cut, size);
                    keep = raised;
                }
                _ => more /= 2,
            }
        }
        Ok(found)
    }

    fn part(
        &self,
        cuts: &mut Cuts<'a>,
        index: usize,
        keep: u64,
    ) -> Result<Option<(Cut, Size)>, TokenizerError> {
        let Some(cut) = cuts.keeping(usize::try_from(keep).unwrap_or(usize::MAX))? else {
            return Ok(None);
        };
        let block = Block::cut(cut.text.clone(), cut.tokens, self.candidates[index].role);
        let size = self.joined.size_with(self.places[index], &block)?;
        Ok(Some((cut, size)))
    }

    const fn free(&self, size: Size) -> u64 {
        self.room.available.saturating_sub(self.room.taken(size))
    }
}

/// How often a cut that fits is tried a little larger.
const MOST_RAISES: usize = 6;
