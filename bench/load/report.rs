//! What `bench/RESULTS.md` says of the load, and its pictures.

use std::fmt::Write as _;
use std::path::Path;

use super::Size;

/// Median, smallest and largest of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// Of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self { median: figures[figures.len() / 2], min: figures[0], max: figures[figures.len() - 1] }
    }

    /// With so many places behind the point.
    pub fn text(&self, places: usize) -> String {
        format!("{:.places$} ({:.places$}–{:.places$})", self.median, self.min, self.max)
    }
}

/// Whether a line holds what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Held,
    Missed,
    /// Nothing is asked of it.
    Shown,
    /// The limit moved too much between the beginning and the end of its rounds.
    MachineBusy,
    /// It cannot run here, and why.
    NotRun(String),
}

impl Verdict {
    /// Of a figure that must be at least so much.
    pub fn at_least(figure: f64, least: f64) -> Self {
        if figure >= least { Self::Held } else { Self::Missed }
    }

    /// Of a figure that must be at most so much.
    pub fn at_most(figure: f64, most: f64) -> Self {
        if figure <= most { Self::Held } else { Self::Missed }
    }

    fn text(&self) -> String {
        match self {
            Self::Held => "held".into(),
            Self::Missed => "**missed**".into(),
            Self::Shown => "–".into(),
            Self::MachineBusy => "machine busy".into(),
            Self::NotRun(why) => format!("not run: {why}"),
        }
    }
}

/// One line of the table.
pub struct Line {
    pub row: &'static str,
    pub what: String,
    pub figure: String,
    /// The ratio and to what.
    pub ratio: String,
    pub must: String,
    pub verdict: Verdict,
}

/// What is gathered while the rows run.
pub struct Report {
    pub size: Size,
    pub lines: Vec<Line>,
    /// Name, unit, and a bar for each contender.
    pub plots: Vec<(String, String, Vec<(String, Spread)>)>,
    /// How servers were started.
    pub commands: Vec<String>,
}

impl Report {
    /// An empty one.
    pub fn of(size: Size) -> Self {
        Self { size, lines: Vec::new(), plots: Vec::new(), commands: Vec::new() }
    }

    /// Adds a line, and shows it at once.
    pub fn add(&mut self, line: Line) {
        eprintln!(
            "{:<4} {}: {} {} {} {}",
            line.row,
            line.what,
            line.figure,
            line.ratio,
            line.must,
            line.verdict.text()
        );
        self.lines.push(line);
    }

    /// A row that cannot run here.
    pub fn not_run(&mut self, row: &'static str, what: &str, why: impl Into<String>) {
        self.add(Line {
            row,
            what: what.into(),
            figure: "–".into(),
            ratio: "–".into(),
            must: "–".into(),
            verdict: Verdict::NotRun(why.into()),
        });
    }

    /// The section of the results; writes the pictures beside it.
    pub fn write(&self, pictures: &Path) -> String {
        let mut text = String::from(
            "| row | what | median (min–max) | ratio (min–max) | must | |\n|---|---|---|---|---|---|\n",
        );
        for line in &self.lines {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                line.row,
                line.what,
                line.figure,
                line.ratio,
                line.must,
                line.verdict.text()
            );
        }
        text.push('\n');
        std::fs::create_dir_all(pictures).expect("the folder for pictures");
        for (name, unit, bars) in &self.plots {
            let file = format!("{}.svg", name.to_lowercase().replace([' ', ','], "-").replace("--", "-"));
            std::fs::write(pictures.join(&file), plot(name, unit, bars)).expect("write a picture");
            let _ = writeln!(text, "![{name}](plots/{file})\n");
        }
        text.push_str("Started as:\n\n");
        for command in &self.commands {
            let _ = writeln!(text, "- `{command}`");
        }
        text
    }
}

/// Bars with a line from the smallest to the largest.
fn plot(name: &str, unit: &str, bars: &[(String, Spread)]) -> String {
    let most = bars.iter().map(|(_, spread)| spread.max).fold(1.0, f64::max);
    let height = 50 + bars.len() * 30;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"sans-serif\" \
         font-size=\"14\" role=\"img\" aria-label=\"{name}\"><rect width=\"720\" height=\"{height}\" fill=\"#fff\"/>\
         <text x=\"10\" y=\"24\" font-weight=\"bold\">{name} ({unit})</text>\n"
    );
    let long = |value: f64| value / most * 400.0;
    for (at, (label, spread)) in bars.iter().enumerate() {
        let y = 40 + at * 30;
        let _ = writeln!(
            text,
            "<text x=\"10\" y=\"{}\">{label}</text><rect x=\"210\" y=\"{y}\" width=\"{:.0}\" height=\"20\" \
             fill=\"#2f6f62\"/><path d=\"M{:.0} {}H{:.0}\" stroke=\"#000\" stroke-width=\"2\"/>\
             <text x=\"{:.0}\" y=\"{}\">{:.0}</text>",
            y + 15,
            long(spread.median),
            210.0 + long(spread.min),
            y + 10,
            210.0 + long(spread.max),
            220.0 + long(spread.max),
            y + 15,
            spread.median
        );
    }
    text.push_str("</svg>\n");
    text
}
