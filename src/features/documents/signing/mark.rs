//! A signature as somebody made it: a name that was typed, or lines that were drawn.

use crate::features::documents::signing::store::MarkKind;
use crate::kernel::text::{self, TextError};

/// The longest typed signature, in characters.
pub const LONGEST: usize = 120;
/// The field that is drawn on, in its own units: a drawing keeps its shape on every screen.
pub const FIELD: (i32, i32) = (600, 200);
/// A drawing has so many points at least …
const FEWEST_POINTS: usize = 8;
/// … and its lines this length together: less is a dot or a slip of the finger.
const SHORTEST_LINE: f64 = 40.0;
/// Points that a drawing may have.
const MOST_POINTS: usize = 4_000;

/// Somebody's mark. Made by [`Mark::read`], so that it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A name.
    Typed(String),
    /// Lines, each a list of points in [`FIELD`].
    Drawn(Vec<Vec<(i32, i32)>>),
}

/// Why something is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMark {
    /// Nothing was typed and nothing drawn.
    #[error("nothing is there")]
    Missing,
    /// What was typed has no letter.
    #[error("there is no letter in it")]
    NoLetter,
    /// What was typed cannot be taken.
    #[error(transparent)]
    Text(#[from] TextError),
    /// What was drawn is a dot, a slip, or nothing that can be read.
    #[error("too little was drawn")]
    TooLittle,
}

impl Mark {
    /// What a form holds: a drawing counts before a name.
    pub fn read(typed: &str, drawn: &str) -> Result<Self, NoMark> {
        if !drawn.is_empty() {
            let lines: Vec<Vec<(i32, i32)>> = serde_json::from_str(drawn).map_err(|_| NoMark::TooLittle)?;
            return Self::of_lines(lines);
        }
        let name = text::line(typed, LONGEST)?;
        if name.is_empty() {
            Err(NoMark::Missing)
        } else if name.chars().any(char::is_alphabetic) {
            Ok(Self::Typed(name))
        } else {
            Err(NoMark::NoLetter)
        }
    }

    fn of_lines(lines: Vec<Vec<(i32, i32)>>) -> Result<Self, NoMark> {
        let points: usize = lines.iter().map(Vec::len).sum();
        let is_within = |(x, y): &(i32, i32)| (0..=FIELD.0).contains(x) && (0..=FIELD.1).contains(y);
        let length: f64 = lines
            .iter()
            .flat_map(|line| line.windows(2))
            .map(|step| f64::from(step[1].0 - step[0].0).hypot(f64::from(step[1].1 - step[0].1)))
            .sum();
        let is_signature = (FEWEST_POINTS..=MOST_POINTS).contains(&points)
            && lines.iter().flatten().all(is_within)
            && length >= SHORTEST_LINE;
        if is_signature { Ok(Self::Drawn(lines)) } else { Err(NoMark::TooLittle) }
    }

    /// How it was made.
    pub fn kind(&self) -> MarkKind {
        match self {
            Self::Typed(_) => MarkKind::Typed,
            Self::Drawn(_) => MarkKind::Drawn,
        }
    }

    /// As a column keeps it.
    pub fn write(&self) -> String {
        match self {
            Self::Typed(name) => name.clone(),
            Self::Drawn(lines) => serde_json::json!(lines).to_string(),
        }
    }

    /// As a column kept it.
    pub fn kept(kind: MarkKind, text: &str) -> Option<Self> {
        match kind {
            MarkKind::Typed => Some(Self::Typed(text.to_owned())),
            MarkKind::Drawn => Some(Self::Drawn(serde_json::from_str(text).ok()?)),
        }
    }
}

/// The lines of a drawing as the path of an SVG picture.
pub fn path(lines: &[Vec<(i32, i32)>]) -> String {
    let mut path = String::new();
    for line in lines {
        for (at, (x, y)) in line.iter().enumerate() {
            path.push_str(&format!("{}{x} {y}", if at == 0 { 'M' } else { 'L' }));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_34_blanks_dots_and_slips_are_no_signatures() {
        for (typed, why) in [
            ("", NoMark::Missing),
            (" \u{a0}\t", NoMark::Missing),
            ("\u{200b}\u{2060}", NoMark::Missing),
            (".", NoMark::NoLetter),
            ("- 12 -", NoMark::NoLetter),
            (&"a".repeat(LONGEST + 1), NoMark::Text(TextError::TooLong(LONGEST))),
            ("Ana\u{202e}", NoMark::Text(TextError::Unprintable)),
        ] {
            assert_eq!(Mark::read(typed, ""), Err(why), "{typed:?}");
        }
        let dot = "[[[300,100],[300,100],[300,100],[300,100],[300,100],[300,100],[300,100],[300,100]]]";
        let few = "[[[0,0],[600,200]]]";
        let outside = "[[[0,0],[601,0],[0,0],[9,0],[0,0],[9,0],[0,0],[9,0]]]";
        for drawn in ["[]", "[[]]", dot, few, outside, "nonsense", "[[[1,2,3]]]", "[[[1.5,2]]]"] {
            assert_eq!(Mark::read("Ana Duarte", drawn), Err(NoMark::TooLittle), "{drawn}");
        }
        let many = format!("[[{}]]", vec!["[0,0],[9,9]"; MOST_POINTS].join(","));
        assert_eq!(Mark::read("", &many), Err(NoMark::TooLittle));
    }

    #[test]
    fn case_43_a_name_of_any_script_is_kept_letter_by_letter() {
        for name in ["Żółć Müßig-O'Neill", "李小龍", "أمل", "X"] {
            let mark = Mark::read(&format!("  {name} "), "").unwrap();
            assert_eq!(mark, Mark::Typed(name.to_owned()));
            assert_eq!(Mark::kept(mark.kind(), &mark.write()), Some(mark));
        }
        let drawn = "[[[0,100],[20,80],[40,120],[60,90]],[[80,100],[90,100],[95,110],[99,90]]]";
        let mark = Mark::read("", drawn).unwrap();
        assert_eq!((mark.kind(), mark.write()), (MarkKind::Drawn, drawn.to_owned()));
        assert_eq!(Mark::kept(MarkKind::Drawn, drawn), Some(mark.clone()));
        let Mark::Drawn(lines) = mark else { unreachable!() };
        assert_eq!(path(&lines), "M0 100L20 80L40 120L60 90M80 100L90 100L95 110L99 90");
    }
}
