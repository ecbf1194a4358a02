//! Deciding which candidates fit.

use crate::record::{CutReason, Order, Overflow};

use super::budget::{Budget, Layout};
use super::candidate::Candidate;
use super::compose::arrangement;
use super::counter::Counter;
use super::joined::{Block, Joined, Size};
use super::tokenizer::TokenizerError;

/// What becomes of a candidate.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Whole,
    Cut { kept: Vec<[u64; 2]>, tokens: u64 },
    Dropped(CutReason),
}

/// The candidates that have been chosen so far, and the text they make.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    pub(super) candidates: &'a [Candidate],
    /// The place of each candidate in the text.
    pub(super) places: Vec<usize>,
    pub(super) room: Room,
    pub(super) tokens: Vec<u64>,
    pub(super) fates: Vec<Fate>,
    pub(super) joined: Joined<'a>,
}

/// How large the text may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) available: u64,
    pub(super) per_message: u64,
}

impl Room {
    /// The tokens of a text with its framing.
    pub(super) const fn taken(&self, size: Size) -> u64 {
        size.tokens
            .saturating_add(size.messages.saturating_mul(self.per_message))
    }

    pub(super) const fn fits(&self, size: Size) -> bool {
        self.taken(size) <= self.available
    }
}

impl<'a> Selection<'a> {
    pub(super) fn new(
        candidates: &'a [Candidate],
        room: Room,
        layout: &'a Layout,
        counter: &'a Counter,
    ) -> Result<Self, TokenizerError> {
        let tokens = candidates
            .iter()
            .map(|candidate| counter.count(&candidate.text, &candidate.sha256))
            .collect::<Result<_, _>>()?;
        let fate =
            |candidate: &Candidate| Fate::Dropped(candidate.excluded.unwrap_or(CutReason::Budget));
        Ok(Self {
            candidates,
            places: places(layout.order, candidates),
            room,
            tokens,
            fates: candidates.iter().map(fate).collect(),
            joined: Joined::new(counter, &layout.separator)?,
        })
    }

    /// Takes the required candidates: whole if they fit, else cut where they can be cut, else
    /// whole beyond the room if `budget` allows that.
    ///
    /// Gives the tokens that all of them need uncut when they do not fit.
    pub(super) fn take_required(&mut self, budget: &Budget) -> Result<Option<u64>, TokenizerError> {
        let required = self.by_importance(|candidate| candidate.required);
        for index in &required {
            self.take_anyway(*index)?;
        }
        let needed = self.room.taken(self.joined.size());
        if needed <= self.room.available {
            return Ok(None);
        }
        let (soft, firm): (Vec<usize>, Vec<usize>) = required
            .iter()
            .copied()
            .partition(|index| can_be_cut(&self.candidates[*index]));
        let whole = self.joined.restart();
        for index in firm {
            self.take_anyway(index)?;
        }
        let mut fits = self.room.fits(self.joined.size());
        for index in soft {
            fits = fits && (self.take_whole(index)? || self.take_part(index)?.is_ok());
        }
        if fits {
            return Ok(None);
        }
        if !budget.overflow_allowed() {
            return Ok(Some(needed));
        }
        self.joined = whole;
        for index in required {
            self.fates[index] = Fate::Whole;
        }
        Ok(None)
    }

    /// Takes what still fits of the other candidates, the most important first.
    pub(super) fn take_optional(&mut self) -> Result<(), TokenizerError> {
        if !self.room.fits(self.joined.size()) {
            return Ok(());
        }
        let mut lists_taken = Vec::new();
        for index in self.by_importance(|candidate| !candidate.required) {
            let candidate = &self.candidates[index];
            if candidate.overflow == Overflow::DropOldest {
                if !lists_taken.contains(&candidate.priority) {
                    lists_taken.push(candidate.priority);
                    self.take_turns(candidate.priority)?;
                }
            } else if !self.take_whole(index)?
                && can_be_cut(candidate)
                && let Err(reason) = self.take_part(index)?
            {
                self.fates[index] = Fate::Dropped(reason);
            }
        }
        Ok(())
    }

    /// Takes the turns of one list, the newest first, up to the first that does not fit.
    ///
    /// When that is the newest of all, it is the budget that cut it, not its age.
    fn take_turns(&mut self, priority: u64) -> Result<(), TokenizerError> {
        let mut turns = self.by_importance(|candidate| {
            !candidate.required
                && candidate.overflow == Overflow::DropOldest
                && candidate.priority == priority
        });
        let mut kept = false;
        while let Some(newest) = turns.pop() {
            if self.take_whole(newest)? {
                kept = true;
                continue;
            }
            if kept {
                self.fates[newest] = Fate::Dropped(CutReason::OlderTurn);
            }
            for older in turns.drain(..) {
                self.fates[older] = Fate::Dropped(CutReason::OlderTurn);
            }
        }
        Ok(())
    }

    /// The candidates that are not out from the start and are `wanted`, the most important first.
    fn by_importance(&self, wanted: impl Fn(&Candidate) -> bool) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..self.candidates.len())
            .filter(|index| self.candidates[*index].excluded.is_none())
            .filter(|index| wanted(&self.candidates[*index]))
            .collect();
        indices.sort_by_key(|index| self.candidates[*index].priority);
        indices
    }

    fn take_anyway(&mut self, index: usize) -> Result<(), TokenizerError> {
        let block = self.whole(index);
        let size = self.joined.size_with(self.places[index], &block)?;
        self.joined.insert(self.places[index], block, size);
        self.fates[index] = Fate::Whole;
        Ok(())
    }

    fn take_whole(&mut self, index: usize) -> Result<bool, TokenizerError> {
        let block = self.whole(index);
        let size = self.joined.size_with(self.places[index], &block)?;
        if !self.room.fits(size) {
            return Ok(false);
        }
        self.joined.insert(self.places[index], block, size);
        self.fates[index] = Fate::Whole;
        Ok(true)
    }

    fn whole(&self, index: usize) -> Block<'a> {
        let candidate = &self.candidates[index];
        Block::whole(
            &candidate.text,
            &candidate.sha256,
            self.tokens[index],
            candidate.role,
        )
    }
}

const fn can_be_cut(candidate: &Candidate) -> bool {
    matches!(
        candidate.overflow,
        Overflow::KeepHead | Overflow::KeepTail | Overflow::KeepEnds
    )
}

fn places(order: Order, candidates: &[Candidate]) -> Vec<usize> {
    let priorities: Vec<u64> = candidates.iter().map(|c| c.priority).collect();
    let mut places = vec![0; candidates.len()];
    for (place, index) in arrangement(order, &priorities).into_iter().enumerate() {
        places[index] = place;
    }
    places
}
