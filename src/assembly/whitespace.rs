//! White space too long for the regular expressions of the encodings.
//!
//! From about a million characters of white space in a row the expressions give up. How they cut
//! white space is simple, though, so such a run is cut here, and the pieces are merged here too.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tiktoken_rs::CoreBPE;

use super::boundary::{Pattern, is_line_end};

/// Cuts a text into stretches that can be encoded one by one.
pub(super) struct LongRuns<'a> {
    pattern: Pattern,
    rest: &'a str,
    pieces: Vec<&'a str>,
}

/// A part of a text that is encoded without regard to the parts around it.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Stretch<'a> {
    /// Text without a long run of white space.
    Ordinary(&'a str),
    /// One piece of nothing but white space.
    Whitespace(&'a str),
}

impl<'a> LongRuns<'a> {
    pub(super) const fn new(pattern: Pattern, text: &'a str) -> Self {
        Self {
            pattern,
            rest: text,
            pieces: Vec::new(),
        }
    }

    /// Takes everything before the next long run, and notes the pieces of the run.
    fn advance(&mut self) -> Result<&'a str, &'static str> {
        let text = self.rest;
        let Some((start, end)) = long_run(text) else {
            self.rest = "";
            return Ok(text);
        };
        let run = &text[start..end];
        let start = start + self.taken_by_punctuation(&text[..start], run)?;
        if start == end && text[end..].starts_with('/') {
            return Err("line ends without end between punctuation and `/`");
        }
        let (pieces, left_over) = self.cut(&text[start..end], end == text.len());
        self.pieces = pieces;
        self.pieces.reverse();
        self.rest = &text[end - left_over..];
        Ok(&text[..start])
    }

    /// How many bytes of line ends at the start of `run` belong to punctuation before it.
    fn taken_by_punctuation(&self, before: &str, run: &str) -> Result<usize, &'static str> {
        let line_ends = run.len() - run.trim_start_matches(is_line_end).len();
        let Some(last) = before.chars().next_back() else {
            return Ok(0);
        };
        if line_ends == 0 || self.pattern == Pattern::R50k || last.is_ascii_alphanumeric() {
            return Ok(0);
        }
        if last.is_ascii() {
            return Ok(line_ends);
        }
        Err("a long run of white space begins with a line end after a character outside ASCII")
    }

    /// The pieces of a run, and how many bytes at its end join the text after it.
    fn cut(&self, run: &'a str, at_end: bool) -> (Vec<&'a str>, usize) {
        let lines_end = match self.pattern {
            Pattern::R50k => 0,
            Pattern::Cl100k if at_end => 0,
            Pattern::Cl100k | Pattern::O200k => run.rfind(is_line_end).map_or(0, |at| at + 1),
        };
        let (lines, blanks) = run.split_at(lines_end);
        let left_over = match blanks.chars().next_back() {
            Some(last) if !at_end => last.len_utf8(),
            _ => 0,
        };
        let blanks = &blanks[..blanks.len() - left_over];
        let pieces = [lines, blanks]
            .into_iter()
            .filter(|piece| !piece.is_empty());
        (pieces.collect(), left_over)
    }
}

impl<'a> Iterator for LongRuns<'a> {
    type Item = Result<Stretch<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.pieces.pop() {
                return Some(Ok(Stretch::Whitespace(piece)));
            }
            if self.rest.is_empty() {
                return None;
            }
            match self.advance() {
                Ok("") => {}
                Ok(text) => return Some(Ok(Stretch::Ordinary(text))),
                Err(message) => {
                    self.rest = "";
                    return Some(Err(message));
                }
            }
        }
    }
}

/// The first run of white space of [`LONG_RUN_BYTES`] or more.
fn long_run(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(start) = text[from..].find(char::is_whitespace).map(|at| from + at) {
        let end = start + (text[start..].len() - text[start..].trim_start().len());
        if end - start >= LONG_RUN_BYTES {
            return Some((start, end));
        }
        from = end;
    }
    None
}

/// The part of a vocabulary that white space can be merged to.
pub(super) struct WhitespaceMerges {
    ranks: HashMap<Vec<u8>, u32>,
}

impl WhitespaceMerges {
    pub(super) fn of_vocabulary(bpe: &CoreBPE) -> Self {
        let mut buffer = [0; 4];
        let mut is_part = [false; 256];
        for c in (0..=LAST_WHITESPACE).filter_map(char::from_u32) {
            if c.is_whitespace() {
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    is_part[usize::from(byte)] = true;
                }
            }
        }
        let ranks = (0..MOST_TOKENS)
            .filter_map(|rank| Some((bpe.decode_bytes(&[rank]).ok()?, rank)))
            .filter(|(bytes, _)| bytes.iter().all(|byte| is_part[usize::from(*byte)]))
            .collect();
        Self { ranks }
    }

    /// Appends the lengths of the tokens of `piece`, which the pattern leaves in one.
    ///
    /// Of all neighbours that make a token, those of the lowest rank are merged first, and of
    /// those the leftmost, until none are left.
    pub(super) fn token_lengths(&self, piece: &str, lengths: &mut Vec<usize>) {
        let piece = piece.as_bytes();
        if self.ranks.contains_key(piece) {
            lengths.push(piece.len());
            return;
        }
        let mut merging = Merging::new(&self.ranks, piece);
        while let Some(start) = merging.next_pair() {
            merging.merge(start);
        }
        let mut start = 0;
        while start < piece.len() {
            lengths.push(merging.ends[start] - start);
            start = merging.ends[start];
        }
    }
}

/// The tokens of a piece while they are merged. Each is known by where it starts.
struct Merging<'a> {
    ranks: &'a HashMap<Vec<u8>, u32>,
    piece: &'a [u8],
    ends: Vec<usize>,
    previous: Vec<usize>,
    /// The rank of each token merged with the next; `None` where that is no token.
    pairs: Vec<Option<u32>>,
    /// Rank and start of pairs, the next to merge first; some are out of date.
    queue: BinaryHeap<Reverse<(u32, usize)>>,
}

impl<'a> Merging<'a> {
    fn new(ranks: &'a HashMap<Vec<u8>, u32>, piece: &'a [u8]) -> Self {
        let mut merging = Self {
            ranks,
            piece,
            ends: (1..=piece.len()).collect(),
            previous: (0..piece.len()).map(|at| at.saturating_sub(1)).collect(),
            pairs: vec![None; piece.len()],
            queue: BinaryHeap::with_capacity(piece.len()),
        };
        for start in 0..piece.len() {
            merging.pair_up(start);
        }
        merging
    }

    fn next_pair(&mut self) -> Option<usize> {
        while let Some(Reverse((rank, start))) = self.queue.pop() {
            if self.pairs[start] == Some(rank) {
                return Some(start);
            }
        }
        None
    }

    /// Merges the token at `start` with the next.
    fn merge(&mut self, start: usize) {
        let middle = self.ends[start];
        let end = self.ends[middle];
        self.ends[start] = end;
        self.pairs[middle] = None;
        if let Some(previous) = self.previous.get_mut(end) {
            *previous = start;
        }
        self.pair_up(start);
        if start > 0 {
            self.pair_up(self.previous[start]);
        }
    }

    /// Notes what the token at `start` would be together with the next.
    fn pair_up(&mut self, start: usize) {
        let rank = self
            .ends
            .get(self.ends[start])
            .and_then(|end| self.ranks.get(&self.piece[start..*end]))
            .copied();
        self.pairs[start] = rank;
        if let Some(rank) = rank {
            self.queue.push(Reverse((rank, start)));
        }
    }
}

/// Far below what the regular expressions can take.
const LONG_RUN_BYTES: usize = 16_384;
/// U+3000 is the last character with the property White_Space.
const LAST_WHITESPACE: u32 = 0x3000;
/// No encoding has more.
const MOST_TOKENS: u32 = 202_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_white_space_gives_the_tokens_of_the_engine() {
        for bpe in [
            tiktoken_rs::cl100k_base_singleton(),
            tiktoken_rs::o200k_base_singleton(),
            tiktoken_rs::r50k_base_singleton(),
        ] {
            let merges = WhitespaceMerges::of_vocabulary(bpe);
            for unit in [
                " ",
                "\n",
                "\t",
                "\u{3000}",
                " \n",
                "\r\n\t ",
                "\u{a0}\u{2003} ",
            ] {
                for times in (1..300).step_by(7) {
                    let mut piece = unit.repeat(times);
                    piece.push('\n');
                    let mut lengths = Vec::new();
                    merges.token_lengths(&piece, &mut lengths);
                    assert_eq!(lengths.len(), bpe.count_ordinary(&piece), "{piece:?}");
                    assert_eq!(lengths.iter().sum::<usize>(), piece.len());
                }
            }
        }
    }

    #[test]
    fn text_without_a_long_run_is_one_stretch() {
        let stretches: Vec<_> = LongRuns::new(Pattern::O200k, "a b  c").collect();
        assert_eq!(stretches, [Ok(Stretch::Ordinary("a b  c"))]);
    }

    #[test]
    fn the_last_blank_of_a_long_run_joins_the_word_after_it() {
        let text = format!("a\n{}b", " ".repeat(LONG_RUN_BYTES));
        let cut: Vec<usize> = LongRuns::new(Pattern::Cl100k, &text)
            .map(|stretch| match stretch.unwrap() {
                Stretch::Ordinary(text) | Stretch::Whitespace(text) => text.len(),
            })
            .collect();
        assert_eq!(cut, [1, 1, LONG_RUN_BYTES - 1, 2]);
    }
}
