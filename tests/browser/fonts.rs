//! Which fonts Chromium finds, whatever the machine has: a page must keep the size of its targets with any.

use std::path::{Path, PathBuf};

/// A set of fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fonts {
    /// What Debian installs with fontconfig itself.
    Bare,
    /// With the package fonts-noto-core beside it, whose lines are lower.
    Noto,
}

const DEJAVU: &str = "/usr/share/fonts/truetype/dejavu";
const NOTO: [&str; 2] = [
    "/usr/share/fonts/truetype/noto",
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/fonts/usr/share/fonts/truetype/noto"),
];

impl Fonts {
    /// `ANTEROOM_TEST_FONTS` is `bare` (the default) or `noto`. `cargo xtask test` runs the browser stories with
    /// the bare set, and those that measure sizes with Noto too; all of them where it was called with
    /// `ANTEROOM_TEST_FONTS=both`.
    pub fn chosen() -> Self {
        match std::env::var("ANTEROOM_TEST_FONTS").as_deref() {
            Err(_) | Ok("" | "bare") => Self::Bare,
            Ok("noto") => Self::Noto,
            Ok(other) => panic!("ANTEROOM_TEST_FONTS is bare or noto, not {other:?}"),
        }
    }

    fn folders(self) -> Vec<&'static str> {
        let noto = || {
            let found = NOTO.into_iter().find(|folder| Path::new(folder).is_dir());
            found.unwrap_or_else(|| {
                panic!("the Noto fonts are not here: cargo xtask test --only browser fetches them")
            })
        };
        match self {
            Self::Bare => vec![DEJAVU],
            Self::Noto => vec![DEJAVU, noto()],
        }
    }

    /// Writes a fontconfig file that finds these fonts alone into a folder.
    pub fn write(self, folder: &Path) -> PathBuf {
        let dirs: String = self.folders().iter().map(|dir| format!("<dir>{dir}</dir>")).collect();
        let alias = |generic: &str, family: &str| {
            format!("<alias><family>{generic}</family><prefer><family>{family}</family></prefer></alias>")
        };
        let named = match self {
            Self::Bare => ["DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono"],
            Self::Noto => ["Noto Sans", "Noto Serif", "Noto Sans Mono"],
        };
        let aliases: String = ["sans-serif", "serif", "monospace"]
            .iter()
            .zip(named)
            .map(|(generic, family)| alias(generic, family))
            .collect();
        let file = folder.join("fonts.conf");
        let cache = folder.join("cache");
        let text = format!(
            "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"urn:fontconfig:fonts.dtd\">\n\
             <fontconfig>{dirs}<cachedir>{}</cachedir>{aliases}</fontconfig>\n",
            cache.display()
        );
        std::fs::write(&file, text).expect("write the fonts' settings");
        file
    }
}
