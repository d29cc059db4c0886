//! Sets of cells of time: five minutes each, counted from a beginning. Every offset of a zone today is a multiple of
//! fifteen minutes, so no cell is ever split by one.

use std::ops::Range;

/// Seconds of a cell.
pub const CELL_SECONDS: i64 = 300;

/// Some of the first `len` cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    words: Vec<u64>,
    len: usize,
}

impl Cells {
    /// None of `len` cells.
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Every cell that is not in `self`.
    #[must_use]
    pub fn others(mut self) -> Self {
        for word in &mut self.words {
            *word = !*word;
        }
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.len % 64) {
            *last &= (1 << rest) - 1;
        }
        self
    }

    /// Calls `change` with each word that the range touches and the bits of the range in it.
    fn in_range(&mut self, range: Range<usize>, change: impl Fn(&mut u64, u64)) {
        let (from, until) = (range.start, range.end.min(self.len));
        if from >= until {
            return;
        }
        let (first, last) = (from / 64, (until - 1) / 64);
        for at in first..=last {
            let low = if at == first { u64::MAX << (from % 64) } else { u64::MAX };
            let high = if at == last { u64::MAX >> (63 - (until - 1) % 64) } else { u64::MAX };
            change(&mut self.words[at], low & high);
        }
    }

    /// Puts these in; what lies beyond the end is left out.
    pub fn add(&mut self, range: Range<usize>) {
        self.in_range(range, |word, bits| *word |= bits);
    }

    /// Takes these out.
    pub fn remove(&mut self, range: Range<usize>) {
        self.in_range(range, |word, bits| *word &= !bits);
    }

    /// The runs of cells that follow each other.
    pub fn to_runs(&self) -> Runs {
        let (mut bytes, mut end) = (Vec::new(), 0);
        while let Some(start) = self.next_from(end) {
            let free = self.next_free_from(start);
            put_number(&mut bytes, start - end);
            put_number(&mut bytes, free - start);
            end = free;
        }
        Runs(bytes)
    }

    /// Takes out the cells of `runs`, counted from cell `first`, which may lie before the beginning.
    pub fn remove_runs(&mut self, first: i64, runs: &Runs) {
        let cell = |at: i64| usize::try_from(at.max(0)).unwrap_or(usize::MAX);
        for run in runs.ranges() {
            self.remove(cell(first + run.start)..cell(first + run.end));
        }
    }

    /// Keeps what is in `other` too.
    pub fn keep(&mut self, other: &Self) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word &= other.words.get(at).copied().unwrap_or(0);
        }
    }

    /// Keeps a cell if the cell `by` later is in the set too.
    fn keep_with_later(&mut self, by: usize) {
        let (words, bits) = (by / 64, by % 64);
        for at in 0..self.words.len() {
            let word = |at: usize| self.words.get(at).copied().unwrap_or(0);
            let low = word(at + words) >> bits;
            let high = if bits == 0 { 0 } else { word(at + words + 1) << (64 - bits) };
            self.words[at] &= low | high;
        }
    }

    /// The cells from which on `length` cells are in the set, one behind the other.
    #[must_use]
    pub fn runs(mut self, length: usize) -> Self {
        let mut known = 1;
        while known < length {
            let step = known.min(length - known);
            self.keep_with_later(step);
            known += step;
        }
        self
    }

    /// Each cell moved `by` cells later.
    #[must_use]
    pub fn later(mut self, by: usize) -> Self {
        let (words, bits) = (by / 64, by % 64);
        for at in (0..self.words.len()).rev() {
            let word = |back: usize| at.checked_sub(back).map_or(0, |at| self.words[at]);
            let high = word(words) << bits;
            let low = if bits == 0 { 0 } else { word(words + 1) >> (64 - bits) };
            self.words[at] = high | low;
        }
        let end = self.words.len() * 64;
        let len = std::mem::replace(&mut self.len, end);
        self.remove(len..end);
        self.len = len;
        self
    }

    /// Is this one in?
    pub fn has(&self, cell: usize) -> bool {
        cell < self.len && self.words[cell / 64] >> (cell % 64) & 1 == 1
    }

    /// The first one at or behind `cell`.
    pub fn next_from(&self, cell: usize) -> Option<usize> {
        let first = cell / 64;
        let mut word = self.words.get(first)? & (u64::MAX << (cell % 64));
        let mut at = first;
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        Some(at * 64 + word.trailing_zeros() as usize)
    }

    /// The first cell at or behind `cell` that is not in, or how many cells there are.
    fn next_free_from(&self, cell: usize) -> usize {
        let mut at = cell / 64;
        let mut word = self.words.get(at).map_or(0, |word| !word & (u64::MAX << (cell % 64)));
        while word == 0 {
            at += 1;
            match self.words.get(at) {
                Some(next) => word = !next,
                None => return self.len,
            }
        }
        (at * 64 + word.trailing_zeros() as usize).min(self.len)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.next_from(0), |last| self.next_from(last + 1))
    }
}

/// Runs of cells in few bytes: for each how many cells lie between the one before and it, then how many it has, both as
/// LEB128 numbers. A month of visits takes some hundred bytes, where a bit for each cell takes 1,116.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs(Vec<u8>);

impl Runs {
    /// Reads stored bytes; `None` where they are no runs.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            take_number(&mut rest).zip(take_number(&mut rest))?;
        }
        Some(Self(bytes))
    }

    /// To be stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Each of them, counted from the first cell.
    pub fn ranges(&self) -> impl Iterator<Item = Range<i64>> + '_ {
        let (mut rest, mut end) = (self.0.as_slice(), 0);
        std::iter::from_fn(move || {
            let (between, length) = take_number(&mut rest).zip(take_number(&mut rest))?;
            let start = end + between;
            end = start + length;
            Some(start..end)
        })
    }
}

/// Writes a number as LEB128: seven bits a byte, the low ones first, the eighth set where more follow.
fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads one from the front; `None` where there is none, or a larger one than any calendar has.
fn take_number(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0;
    for shift in (0..28).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_operation_agrees_with_a_list_of_booleans(
            len in 1usize..300,
            ranges in proptest::collection::vec((0usize..300, 0usize..90), 0..6),
            holes in proptest::collection::vec((0usize..300, 0usize..40), 0..4),
            length in 1usize..80,
            by in 0usize..140,
        ) {
            let (mut cells, mut list) = (Cells::none(len), vec![false; len]);
            for (from, length) in ranges {
                cells.add(from..from + length);
                list.iter_mut().enumerate().filter(|(at, _)| (from..from + length).contains(at)).for_each(|(_, cell)| *cell = true);
            }
            for (from, length) in holes {
                cells.remove(from..from + length);
                list.iter_mut().enumerate().filter(|(at, _)| (from..from + length).contains(at)).for_each(|(_, cell)| *cell = false);
            }
            let of = |list: &[bool]| -> Vec<usize> { (0..list.len()).filter(|at| list[*at]).collect() };
            prop_assert_eq!(cells.iter().collect::<Vec<_>>(), of(&list));
            let others: Vec<bool> = list.iter().map(|cell| !cell).collect();
            prop_assert_eq!(cells.clone().others().iter().collect::<Vec<_>>(), of(&others));
            let runs: Vec<bool> = (0..len).map(|at| at + length <= len && list[at..at + length].iter().all(|cell| *cell)).collect();
            prop_assert_eq!(cells.clone().runs(length).iter().collect::<Vec<_>>(), of(&runs));
            let later: Vec<bool> = (0..len).map(|at| at >= by && list[at - by]).collect();
            prop_assert_eq!(cells.clone().later(by).iter().collect::<Vec<_>>(), of(&later));
            let both: Vec<bool> = (0..len).map(|at| list[at] && runs[at]).collect();
            let mut kept = cells.clone();
            kept.keep(&cells.clone().runs(length));
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), of(&both));
            prop_assert!((0..len).all(|at| cells.has(at) == list[at]));
            prop_assert_eq!(Runs::from_bytes(cells.to_runs().as_bytes().to_vec()), Some(cells.to_runs()));
            // Taken out of a range that begins before or behind, or in the middle of a word.
            for first in [-(by as i64), 0, by as i64] {
                let mut rest = Cells::none(200).others();
                rest.remove_runs(first, &cells.to_runs());
                let is_out = |at: usize| usize::try_from(at as i64 - first).is_ok_and(|at| at < len && list[at]);
                prop_assert!((0..200).all(|at| rest.has(at) != is_out(at)));
            }
        }
    }

    #[test]
    fn bytes_that_end_within_a_run_are_no_runs() {
        let runs = |bytes: &[u8]| Runs::from_bytes(bytes.to_vec());
        assert_eq!(runs(&[3]), None, "a gap without a run");
        assert_eq!(runs(&[3, 0x80]), None, "a number that goes on");
        assert_eq!(runs(&[0xff, 0xff, 0xff, 0xff, 1, 1]), None, "a number of more than 28 bits");
        assert_eq!(runs(&[]), Some(Runs::default()));
        let one: Vec<Range<i64>> = runs(&[3, 0x80, 1]).expect("a run").ranges().collect();
        assert_eq!(one, vec![3..131]);
    }
}
